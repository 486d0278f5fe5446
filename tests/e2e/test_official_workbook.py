"""The official workbook on its way: sent with the call, filled in, returned – or misused."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rigs import office as rig
from rigs.cast import moment
from rigs.dovecot import PASSWORD, Dovecot
from rigs.official import fill, opened, saved
from rigs.whole import CAMPAIGN, Whole, mail, parsed, workbook_file

from notifier.fill_in import fill_in_workbook
from parsers.official import MARK_SHEET
from registry.model import Submission

pytestmark = pytest.mark.e2e

HOA_CU, GIA_CAT, OFFICER = (
    "hoacu@caoloc.example",
    "giacat@caoloc.example",
    "canbo.ktht@caoloc.example",
)
USERS = {f"sheet{number}": PASSWORD for number in range(20)}
_free = iter(USERS)


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot(USERS) as server:
        yield server


@pytest.fixture
def whole(tmp_path: Path, dovecot: Dovecot) -> Iterator[Whole]:
    with Whole(tmp_path / "config", dovecot, next(_free), moment(15)) as office:
        office.store.launch(CAMPAIGN, "officer", office.now)
        office.tick()
        yield office


def sent_to(whole: Whole, address: str) -> bytes:
    """The workbook that came with the call."""
    call = next(one for one in whole.sent if address in one.recipients)
    data = next(parsed(call.raw).iter_attachments()).get_content()
    assert isinstance(data, bytes)
    return data


def returned(whole: Whole, sender: str, data: bytes, subject: str = "Đăng ký điểm OCOP") -> None:
    whole.deliver(mail(sender, subject, files=workbook_file(data)))
    whole.tick()


def recorded(whole: Whole) -> list[Submission]:
    return whole.store.submissions(CAMPAIGN)


def held(whole: Whole) -> list[str]:
    return [message.reason for message in whole.store.held()]


def test_filled_in_and_returned_it_is_registered_exactly(whole: Whole) -> None:
    returned(whole, HOA_CU, fill(sent_to(whole, HOA_CU), [rig.POINT]))
    (answer,) = recorded(whole)
    assert (answer.commune[0], answer.state, answer.findings) == ("06223", "registered", ())
    (point,) = answer.points
    assert dict(point.row.values) == rig.POINT
    assert set(point.row.confidence.values()) == {1.0}
    assert whole.subjects(HOA_CU)[-1].startswith("[Đã nhận]")


def test_copied_by_another_commune_it_is_held_whatever_its_heading_says(whole: Whole) -> None:
    book = opened(fill(sent_to(whole, HOA_CU), [rig.POINT]))
    book.worksheets[0]["A1"].value = "UBND XÃ GIA CÁT"
    book.worksheets[0]["A2"].value = "Mã đơn vị: 06235"
    returned(whole, GIA_CAT, saved(book))
    assert held(whole) == ["copied-workbook: Xã Gia Cát; Xã Hòa Cư"]
    assert recorded(whole) == []
    assert len(whole.inbox("Chờ xử lý")) == 1
    assert len(whole.subjects(OFFICER)) == 1
    message, key = whole.store.held()[0], _key(whole, "06235")
    whole.store.assign(message.id, key, CAMPAIGN, "officer", whole.now)
    whole.tick()
    assert [answer.commune for answer in recorded(whole)] == [key]


def _key(whole: Whole, code: str) -> tuple[str, object]:
    return next(one.key for one in whole.config.communes if one.code == code)


def test_a_mark_that_does_not_fit_is_held_and_recorded_with_a_warning_when_accepted(
    whole: Whole,
) -> None:
    book = opened(fill(sent_to(whole, HOA_CU), [rig.POINT]))
    cell = book[MARK_SHEET]["A1"]
    cell.value = str(cell.value).replace("06223", "06235")
    returned(whole, HOA_CU, saved(book))
    assert held(whole) == ["workbook-seal"]
    assert recorded(whole) == []
    whole.store.accept(whole.store.held()[0].id, "officer", whole.now)
    whole.tick()
    (answer,) = recorded(whole)
    assert [(one.severity, one.code) for one in answer.findings] == [("warning", "workbook-seal")]
    assert dict(answer.points[0].row.values) == rig.POINT


@pytest.mark.parametrize("claimed", ["06235", "06223"])
def test_a_forged_one_is_held(whole: Whole, claimed: str) -> None:
    """A workbook of an office with another secret, whichever commune it claims to be for."""
    campaign, office = whole.config.campaign(CAMPAIGN), whole.config.settings.office
    commune = next(one for one in whole.config.communes if one.code == claimed)
    forged = fill_in_workbook(campaign, commune, office, b"not this office's secret")
    book = opened(fill(forged, [rig.POINT]))
    book.worksheets[0]["A1"].value = "UBND XÃ HÒA CƯ"
    book.worksheets[0]["A4"].value = None
    returned(whole, HOA_CU, saved(book))
    assert held(whole) == ["workbook-seal"]


def test_a_workbook_of_another_round_is_held(whole: Whole) -> None:
    campaign, office = whole.config.campaign(CAMPAIGN), whole.config.settings.office
    earlier = campaign.model_copy(update={"id": "ocop-2024-1"})
    commune = next(one for one in whole.config.communes if one.code == "06223")
    book = fill_in_workbook(earlier, commune, office, whole.desk.vault.secret())
    returned(whole, HOA_CU, fill(book, [rig.POINT]))
    assert held(whole) == ["workbook-campaign: ocop-2024-1"]
    assert recorded(whole) == []


def test_an_older_version_of_the_form_is_read_by_its_captions(whole: Whole) -> None:
    campaign, office = whole.config.campaign(CAMPAIGN), whole.config.settings.office
    fields = tuple(
        replace(field, label="Ghi chú của xã") if field.key == "note" else field
        for field in campaign.form.fields
    )
    section = campaign.form_section.model_copy(update={"field": fields})
    older = campaign.model_copy(update={"form_section": section})
    commune = next(one for one in whole.config.communes if one.code == "06223")
    book = fill_in_workbook(older, commune, office, whole.desk.vault.secret())
    returned(whole, HOA_CU, fill(book, [rig.POINT]))
    (answer,) = recorded(whole)
    assert answer.state == "registered"
    assert [(one.severity, one.code) for one in answer.findings] == [("note", "workbook-older")]
    assert dict(answer.points[0].row.values) == rig.POINT


def test_an_officers_forward_needs_no_name_beside_the_workbooks_own(whole: Whole) -> None:
    book = opened(fill(sent_to(whole, HOA_CU), [rig.POINT]))
    for line in range(1, 5):
        book.worksheets[0].cell(line, 1).value = None
    returned(whole, OFFICER, saved(book), "Fwd: gửi giúp")
    assert [answer.commune[0] for answer in recorded(whole)] == ["06223"]


def test_a_strangers_mail_with_it_is_held(whole: Whole) -> None:
    returned(whole, "la@thudientu.example", fill(sent_to(whole, HOA_CU), [rig.POINT]))
    assert held(whole) == ["unknown-sender"]
    assert recorded(whole) == []
    assert "la@thudientu.example" not in {to for one in whole.sent for to in one.recipients}
