"""Launch, closing, reports and their release happen once each."""

import pytest
from rigs.answers import CAMPAIGN, HOA_CU, TAN_LIEN, at, hash_of

from registry.campaign_rows import BY_CONFIG
from registry.errors import NotPossible
from registry.model import CampaignState, NewMail, ReportFile, SignedLetter
from registry.store import Store

FILES = (ReportFile("tổng hợp.xlsx", hash_of("xlsx"), 9000),)


def test_an_unknown_campaign_has_an_empty_state(store: Store) -> None:
    assert store.campaign_state(CAMPAIGN) == CampaignState(CAMPAIGN)
    assert store.snapshot([CAMPAIGN]).campaigns == {CAMPAIGN: CampaignState(CAMPAIGN)}


def test_the_first_launch_and_the_first_closing_stand(store: Store) -> None:
    store.launch(CAMPAIGN, "officer", at(1))
    store.launch(CAMPAIGN, "officer", at(2))
    store.close_campaign(CAMPAIGN, [HOA_CU, TAN_LIEN], at(3))
    state = store.close_campaign(CAMPAIGN, [], at(4))
    assert state == CampaignState(CAMPAIGN, at(1), at(3), (HOA_CU, TAN_LIEN))
    assert [event.kind for event in store.journal()] == ["closed", "launched"]


def test_the_same_report_is_frozen_once(store: Store) -> None:
    first = store.freeze_report(CAMPAIGN, hash_of("inputs"), FILES, at(1))
    assert (first.number, first.files, first.approved_at) == (1, FILES, None)
    assert store.freeze_report(CAMPAIGN, hash_of("inputs"), FILES, at(2)) == first
    second = store.freeze_report(CAMPAIGN, hash_of("other inputs"), FILES, at(3))
    assert second.number == 2
    assert store.reports(CAMPAIGN) == [first, second]
    assert store.snapshot([CAMPAIGN]).reports == (first, second)
    assert store.snapshot(["other"]).reports == ()


def test_approving_releases_the_last_report_once(store: Store) -> None:
    store.freeze_report(CAMPAIGN, hash_of("inputs"), FILES, at(1))
    approved = store.approve(CAMPAIGN, "leader@caoloc.example", at(2))
    assert (approved.approved_at, approved.approved_by) == (at(2), "leader@caoloc.example")
    assert store.approve(CAMPAIGN, "other", at(3)) == approved
    store.freeze_report(CAMPAIGN, hash_of("supplement"), FILES, at(4))
    assert [row.approved_at for row in store.reports(CAMPAIGN)] == [at(2), None]


def test_a_report_that_needs_no_approval_is_released_as_it_is_frozen(store: Store) -> None:
    row = store.freeze_report(CAMPAIGN, hash_of("one"), FILES, at(1), released_by=BY_CONFIG)
    assert (row.approved_at, row.approved_by) == (at(1), "config")
    assert store.snapshot([CAMPAIGN]).reports == (row,)
    assert store.journal()[0].data["released_by"] == "config"
    with pytest.raises(NotPossible, match="released already"):
        store.return_report(CAMPAIGN, 1, "wrong", "leader", at(2))


def test_a_mail_to_the_department_is_the_proof_that_an_old_report_was_released(
    store: Store,
) -> None:
    """Before releases without approval were written down, only the config of the day said so."""
    for number, name in enumerate(("one", "two"), 1):
        store.freeze_report(CAMPAIGN, hash_of(name), FILES, at(number))
    key = f"report/{CAMPAIGN}/1"
    store.queue([NewMail(key, "so@so.example", "report", "Báo cáo", "<1@x>", b"raw")], at(3))
    assert [row.approved_at for row in store.reports(CAMPAIGN)] == [None, None]  # not yet left
    (mail,) = store.mails()
    store.settle(mail.id, "sent", at(4))
    released, draft = store.reports(CAMPAIGN)
    assert (released.approved_at, released.approved_by) == (at(3), "config")
    assert draft.approved_at is None
    assert store.snapshot([CAMPAIGN]).reports == (released, draft)


def test_a_report_is_not_frozen_beside_a_decision_that_it_does_not_know(store: Store) -> None:
    seen = [store.freeze_report(CAMPAIGN, hash_of("one"), FILES, at(1), seen=[])]
    store.approve(CAMPAIGN, "leader", at(2))
    with pytest.raises(NotPossible, match="decided on while one was built"):
        store.freeze_report(CAMPAIGN, hash_of("two"), FILES, at(3), seen=seen)
    (one,) = store.reports(CAMPAIGN)
    assert store.freeze_report(CAMPAIGN, hash_of("one"), FILES, at(4), seen=seen) == one
    assert store.freeze_report(CAMPAIGN, hash_of("two"), FILES, at(5), seen=[one]).number == 2


def test_a_draft_in_whose_place_another_was_asked_for_is_not_released(store: Store) -> None:
    store.freeze_report(CAMPAIGN, hash_of("one"), FILES, at(1))
    store.ask_again(CAMPAIGN, "officer", at(2))
    with pytest.raises(NotPossible, match="another draft was asked for"):
        store.approve(CAMPAIGN, "leader", at(3), number=1)
    assert store.approve(CAMPAIGN, "leader", at(3), number=1, replayed=True).approved_at == at(3)
    assert store.approve(CAMPAIGN, "leader", at(4)).approved_at == at(3)


def test_nothing_is_approved_unseen(store: Store) -> None:
    with pytest.raises(NotPossible, match="no report yet"):
        store.approve(CAMPAIGN, "leader", at(1))
    store.freeze_report(CAMPAIGN, hash_of("one"), FILES, at(1))
    store.freeze_report(CAMPAIGN, hash_of("two"), FILES, at(2))
    with pytest.raises(NotPossible, match="not the last one"):
        store.approve(CAMPAIGN, "leader", at(3), number=1)
    assert store.approve(CAMPAIGN, "leader", at(3), number=2).approved_at == at(3)


LETTER = SignedLetter("cv.pdf", hash_of("pdf"), 80, "valid", "145/UBND-KT&HT", "2024-05-22")


def test_a_release_keeps_the_signed_letter_that_goes_out(store: Store) -> None:
    files = (*FILES, ReportFile("du thao.docx", hash_of("docx"), 700))
    store.freeze_report(CAMPAIGN, hash_of("one"), files, at(1))
    row = store.approve(CAMPAIGN, "leader", at(2), letter=LETTER)
    assert store.reports(CAMPAIGN) == [row]
    assert row.letter == LETTER
    assert [one.name for one in row.outgoing] == ["tổng hợp.xlsx", "cv.pdf"]
    assert [one.name for one in row.all_files] == ["tổng hợp.xlsx", "du thao.docx", "cv.pdf"]
    assert hash_of("pdf") in store.named_files()
    assert store.journal()[0].data["letter"]["number"] == "145/UBND-KT&HT"  # type: ignore[index]


def test_a_returned_draft_is_never_released_and_returned_once(store: Store) -> None:
    store.freeze_report(CAMPAIGN, hash_of("one"), FILES, at(1))
    row = store.return_report(CAMPAIGN, 1, "kinh phí sai", "leader", at(2))
    assert (row.returned_at, row.returned_reason) == (at(2), "kinh phí sai")
    assert store.return_report(CAMPAIGN, 1, "khác", "other", at(3)) == row
    with pytest.raises(NotPossible, match="was returned"):
        store.approve(CAMPAIGN, "leader", at(3))
    assert store.ask_again(CAMPAIGN, "officer", at(4)).again_at == at(4)
    assert store.ask_again(CAMPAIGN, "officer", at(5)).again_at == at(4)
    kinds = [event.kind for event in store.journal()]
    assert kinds == ["report-again", "report-returned", "report-frozen"]


def test_a_released_report_is_not_returned_and_not_made_again(store: Store) -> None:
    store.freeze_report(CAMPAIGN, hash_of("one"), FILES, at(1))
    store.approve(CAMPAIGN, "leader", at(2))
    with pytest.raises(NotPossible, match="released already"):
        store.return_report(CAMPAIGN, 1, "muộn", "leader", at(3))
    with pytest.raises(NotPossible, match="supplement"):
        store.ask_again(CAMPAIGN, "officer", at(3))
    with pytest.raises(NotPossible, match="not the last one"):
        store.return_report(CAMPAIGN, 2, "x", "leader", at(3))


def test_a_supplement_has_its_own_number_and_knows_its_base(store: Store) -> None:
    store.freeze_report(CAMPAIGN, hash_of("one"), FILES, at(1))
    store.approve(CAMPAIGN, "leader", at(2))
    row = store.freeze_report(CAMPAIGN, hash_of("two"), FILES, at(3), supplement=1, base=1)
    assert (row.number, row.supplement, row.base) == (2, 1, 1)
    assert store.journal()[0].data["supplement"] == 1
