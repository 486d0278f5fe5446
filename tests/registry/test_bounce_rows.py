"""What arrived and what did not: bounces, debts that reached nobody, who was asked."""

import pytest
from rigs.answers import CAMPAIGN, HOA_CU, ack, answer, arrive, at, hash_of, reminder

from registry.model import Asked, Mail, MailState, NewMail, Outcome, Snapshot, again_key, debt_key
from registry.store import Store

ONE, TWO = "hoacu@xa.example", "vp.hoacu@xa.example"


def sent(store: Store, *mails: NewMail, state: MailState = "sent") -> list[Mail]:
    """Queue mails and settle them."""
    store.queue(list(mails), at(0))
    new = [one for one in store.mails() if one.state == "queued"]
    for one in new:
        store.settle(one.id, state, at(1))
    return [store.mail(one.id) for one in new]


def come_back(store: Store, *lost: Mail, received: int = 5, text: str = "bounce") -> None:
    returned = tuple((one.key, one.recipient) for one in lost)
    outcome = Outcome("recorded", "bounce", "550", returned=returned)
    store.record(arrive(store, text, received), outcome, at(9))


def look(store: Store) -> Snapshot:
    return store.snapshot([CAMPAIGN])


def test_a_bounce_is_tied_to_the_mail_that_it_cites_and_to_its_arrival(store: Store) -> None:
    first, second = sent(store, reminder("d5"), reminder("d2"))
    come_back(store, first)
    assert store.mail(first.id).bounced_at == at(5)
    assert not store.mail(first.id).delivered
    assert store.mail(second.id).delivered
    assert [(one.address, one.identity, one.at) for one in look(store).bounces] == [
        (ONE, hash_of("bounce"), at(5))
    ]
    come_back(store, first, received=7, text="bounce again")
    assert store.mail(first.id).bounced_at == at(5), "the first one counts"


@pytest.mark.parametrize(
    ("states", "bounced", "asked"),
    [
        (["sent", "sent"], [], "reached"),
        (["sent", "sent"], [0], "reached"),
        (["sent", "sent"], [0, 1], "in-vain"),
        (["queued", "refused"], [], "open"),
        (["sent", "queued"], [0], "open"),
        (["refused", "cancelled"], [], "in-vain"),
        (["unknown", "unknown"], [], "in-vain"),
        ([], [], None),
    ],
)
def test_who_was_asked(
    store: Store, states: list[MailState], bounced: list[int], asked: Asked | None
) -> None:
    """Of mails in these states, those of these numbers came back."""
    mails = []
    for number, state in enumerate(states):
        store.queue([reminder(f"d{number}")], at(0))
        mail = store.mails()[-1]
        if state != "queued":
            store.settle(mail.id, state, at(1))
        mails.append(mail)
    if bounced:
        come_back(store, *(mails[number] for number in bounced))
    assert look(store).asked.get((CAMPAIGN, HOA_CU)) == asked


def test_a_debt_is_lost_when_all_its_mails_are(store: Store) -> None:
    one, two = sent(store, reminder(recipient=ONE), reminder(recipient=TWO))
    come_back(store, one)
    assert look(store).lost == ()
    come_back(store, two, text="another")
    (lost,) = look(store).lost
    assert (lost.key, lost.campaign, lost.commune) == (one.key, CAMPAIGN, HOA_CU)
    assert lost.tried == {ONE, TWO}


def test_a_debt_that_was_sent_again_is_not_lost_until_that_is_lost_too(store: Store) -> None:
    (first,) = sent(store, reminder(recipient=ONE), state="refused")
    assert [one.tried for one in look(store).lost] == [{ONE}]
    second = reminder(recipient=TWO)
    again = NewMail(
        again_key(second.key, [TWO]), TWO, "reminder", "Nhắc", "<2@caoloc.example>", b"raw",
        campaign=CAMPAIGN, commune=HOA_CU,
    )  # fmt: skip
    (again_sent,) = sent(store, again)
    assert look(store).lost == ()
    come_back(store, again_sent)
    (lost,) = look(store).lost
    assert (lost.key, lost.tried) == (first.key, {ONE, TWO})


def test_a_lost_acknowledgment_comes_with_its_message(store: Store) -> None:
    message_id = arrive(store, "letter")
    message = store.record(message_id, answer(), at(1))
    mail = NewMail(
        message.ack_key, ONE, "ack", "Đã nhận", "<1@caoloc.example>", b"raw",
        campaign=CAMPAIGN, commune=HOA_CU, message_id=message_id,
    )  # fmt: skip
    (acked,) = sent(store, mail)
    come_back(store, acked)
    (lost,) = look(store).lost
    assert lost.message is not None
    assert lost.message.id == message_id
    assert lost.message.ack_key == lost.key


def test_what_is_no_debt_to_a_commune_is_not_lost(store: Store) -> None:
    (told,) = sent(store, ack(hash_of("x")), state="refused")
    assert told.commune is None
    assert look(store).lost == ()


def test_the_key_of_a_debt_survives_being_sent_again() -> None:
    key = f"remind/{CAMPAIGN}/06223@2020-01-01/d-5"
    assert debt_key(key) == key
    once = again_key(key, [" HoaCu@xa.example", TWO])
    assert once == again_key(once, [TWO, ONE])
    assert once != again_key(key, [TWO])
    assert debt_key(once) == key
    assert ONE not in once


def test_a_mail_not_sent_because_its_address_is_dead_is_lost_too(store: Store) -> None:
    """Else a roster that is mended meanwhile would not help the commune."""
    (first,) = sent(store, reminder("d5"))
    store.queue([reminder("d2")], at(2))
    come_back(store, first)
    second = store.mails()[-1]
    store.settle(second.id, "cancelled", at(6), "a bounce has called the address dead")
    assert {one.key for one in look(store).lost} == {first.key, second.key}
    store.record(arrive(store, "alive"), answer(), at(9))
    assert {one.key for one in look(store).lost} == {first.key}
