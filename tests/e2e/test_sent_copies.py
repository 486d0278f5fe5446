"""Copies in Sent when the process dies in the middle of making one."""

import pytest
from rigs.answering import HOA_CU_MAIL
from rigs.whole import mail, parsed


def test_a_death_between_the_copy_and_its_record_leaves_one_copy(office, monkeypatch):
    """The next process asks the server for what its predecessor left open, and for that only."""
    office.deliver(mail(HOA_CU_MAIL))

    def dies(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(office.store, "saved_all", dies)
    with pytest.raises(KeyboardInterrupt):
        office.tick()
    assert len(office.inbox("Sent")) == len(office.smtp.copies())  # one command put them all there
    office.restart()
    office.tick()
    copies = [parsed(copy)["Message-ID"] for copy in office.inbox("Sent")]
    assert sorted(copies) == sorted(office.smtp.copies())
    assert office.store.unsaved_mails() == []
