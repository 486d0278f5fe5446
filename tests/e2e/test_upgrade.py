"""An old program stopped in mid-work; this one goes on with its registry and its vault."""

import contextlib
import datetime as dt
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rigs.answering import GIA_CAT_MAIL, HOA_CU_MAIL, OFFICER, state
from rigs.cast import moment
from rigs.whole import CAMPAIGN, Whole, parsed

from intake.rebuild import rebuild
from intake.replay_acts import ReplayImpossible
from intake.verify import verify

pytestmark = [pytest.mark.e2e, pytest.mark.sqlite_file]  # files that older programs wrote

OLD = Path(__file__).parents[1] / "registry" / "old"
SCHEMAS = sorted(path.name.removesuffix(".tar.xz") for path in OLD.glob("*.tar.xz"))
MINUTE = dt.timedelta(minutes=1)


class Upgraded(Whole):
    """An office whose data folder an older program left."""

    revision = ""

    def _configure(self) -> None:
        super()._configure()
        with tarfile.open(OLD / f"{self.revision}.tar.xz") as packed:
            packed.extractall(self.folder, filter="data")


@pytest.fixture(params=SCHEMAS)
def upgraded(request, tmp_path, dovecot) -> Iterator[Whole]:
    """The morning of 16 May, half an hour after the old program died."""
    office = Upgraded(tmp_path / "config", dovecot, next(dovecot.unused), moment(16, 9))
    office.revision = request.param
    with office:
        yield office


def no_bar(_what: str, _total: int) -> contextlib.AbstractContextManager[Callable[[], None]]:
    return contextlib.nullcontext(lambda: None)


def sent_keys(office: Whole) -> Counter[tuple[str, str]]:
    """How often each mail left to each recipient, by its key."""
    return Counter(
        (str(parsed(one.raw)["X-Commune-Intake"]), recipient)
        for one in office.sent
        for recipient in one.recipients
    )


def test_fault_130_an_upgrade_in_mid_queue_is_drained_once(upgraded):
    """FAULTS 130: kept messages are read, open mails leave once, sent ones never again."""
    office = upgraded
    old = {(one.key, one.recipient): one.state for one in office.store.mails()}
    assert Counter(old.values())["held"] > 5
    (interrupted,) = [one for one in office.store.mails() if one.recipient == HOA_CU_MAIL][:1]
    assert interrupted.state == "unknown"  # it was being handed over
    office.tick()
    assert office.store.kept() == []
    assert [state(office, code) for code in ("06190", "06184", "06223", "06235")] == [
        *("nil", "registered", "registered", "needs-fix")
    ]
    for minutes in (30, 60, 90):
        office.tick(moment(16, 9) + minutes * MINUTE)
    keys = sent_keys(office)
    assert set(keys.values()) == {1}
    assert {recipient for _, recipient in keys} == {
        *(HOA_CU_MAIL, GIA_CAT_MAIL, "baolam@caoloc.example", "dongdang@caoloc.example"),
        OFFICER,
    }
    office.store.release_brake("officer", office.now)
    office.store.release_mails(office.now)
    for minutes in (1, 30):
        office.tick(office.now + minutes * MINUTE)
    keys = sent_keys(office)
    assert set(keys.values()) == {1}
    # of those who answered meanwhile nobody is reminded; the others are, from the old queue
    reminded = {key for key, _ in keys if key.startswith("remind/")}
    assert len(reminded) == 22 - 4  # all but who is registered or nil by now
    assert {key for key in keys if old.get(key) == "sent"} == set()
    verified_and_copied(office)


def verified_and_copied(office: Whole) -> None:
    """Its journal and vault are whole; what the old program did not tell is not played again.

    The first ones told too little. Of the others' journals all is played. Only what the fixture
    has not from a daemon comes out otherwise: a report that was frozen without its letter, and
    digests of a config that it does not tell (this office's digest has another hour). Its wordings
    it does not tell either: answers and reminders say today's words, and notices of held messages
    have a token.
    """
    assert verify(office.config, office.store, office.desk.vault) == []
    assert office.desk.journal_copy.standing(office.store) == "equal"
    assert office.store.reports(CAMPAIGN)[0].number == 1
    if office.revision in {"0001", "0002"}:
        with pytest.raises(ReplayImpossible, match="restore a backup"):
            rebuild(office.config, office.folder / "new", no_bar)
        return
    differences = rebuild(office.config, office.folder / "new", no_bar).played.differences
    changed = {one.of.partition("/")[0] or one.kind for one in differences if one.then}
    assert changed == {"report-frozen", "digest", "remind", "ack", "held"}
