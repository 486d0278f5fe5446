"""A registry from yesterday, put back: nothing leaves twice, nothing is missing (FAULTS 91)."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from rigs.answering import (
    GIA_CAT_MAIL,
    HOA_CU_MAIL,
    NIL,
    OFFICER,
    form_of_gia_cat,
    form_of_hoa_cu,
    key_of,
    state,
)
from rigs.cast import moment
from rigs.whole import CAMPAIGN, Whole, mail, parsed, workbook_file

from intake.closing import release_report
from intake.demo_scenario import HOA_CU

pytestmark = pytest.mark.e2e

DONG_DANG_MAIL = "dongdang@caoloc.example"
STRANGER = "ai.do@thudientu.example"


def first_day(office: Whole) -> None:
    """The call, an answer, and a stranger's answer that an officer assigns."""
    office.store.launch(CAMPAIGN, "officer", moment(13, 8))
    office.tick(moment(13, 9))
    office.deliver(
        mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu()), Message_ID="<a@xa.example>")
    )
    office.deliver(
        mail(STRANGER, files=workbook_file(form_of_gia_cat()), Message_ID="<b@xa.example>")
    )
    office.tick(moment(14, 9))
    office.store.assign(
        office.store.held()[0].id, key_of(office, "06235"), CAMPAIGN, "officer", office.now
    )
    office.tick(moment(14, 10))


def later_days(office: Whole) -> None:
    """A correction, a nil return, a question, reminders, closing, the report and its release."""
    fixed = ({**HOA_CU[0], "stars": "3"},)
    office.deliver(
        mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu(fixed)), Message_ID="<c@xa.example>"),
        moment(15, 8),
    )
    office.deliver(mail(DONG_DANG_MAIL, body=NIL, Message_ID="<d@xa.example>"), moment(15, 8, 30))
    question = "Phòng cho hỏi mẫu biểu lấy ở đâu?"
    office.deliver(mail(GIA_CAT_MAIL, body=question, Message_ID="<e@xa.example>"), moment(15, 9))
    for day in (15, 16, 17, 20):
        office.tick(moment(day, 10))
    office.tick(moment(22, 8, 30))
    release_report(office.store, office.desk.vault, CAMPAIGN, "chủ tịch", office.now, 1)
    office.tick(moment(22, 9))


def go_on(office: Whole) -> None:
    """Some hours more, and the next day."""
    for hour in (10, 11, 12):
        office.tick(moment(22, hour))
    office.tick(moment(23, 9))


def answers(office: Whole) -> list[tuple[object, ...]]:
    """Every version on record with its values: the same with and without a restore."""
    return [
        (
            one.receipt, one.version, one.current, one.state, one.received_at, one.late,
            [dict(point.row.values) for point in one.points],
        )
        for one in office.store.submissions(CAMPAIGN)
    ]  # fmt: skip


def twice(office: Whole) -> list[tuple[str, str]]:
    """Which (Message-ID, recipient) left more than once."""
    left = Counter(
        (str(parsed(one.raw)["Message-ID"]), recipient)
        for one in office.smtp.accepted
        for recipient in one.recipients
    )
    return [place for place, count in left.items() if count > 1]


def copy_of(office: Whole, folder: Path) -> Path:
    office.store.copy_to(folder / "old.db")
    return folder / "old.db"


def put_back(office: Whole, old: Path) -> None:
    """Lay an old copy over the registry's file, as somebody does by hand."""
    office._desk.close()
    data = office.folder / "data"
    for path in data.glob("registry.db*"):
        path.unlink()
    shutil.copyfile(old, data / "registry.db")


def messages_by_id(office: Whole) -> dict[str, str]:
    return {one.rfc_message_id: one.state for one in office.store.messages()}


def test_fault_091_a_registry_copied_back_from_yesterday_sends_nothing_twice(office, tmp_path):
    """FAULTS 91: no second acknowledgment, reminder, silence notice or report; the same answers."""
    first_day(office)
    old = copy_of(office, tmp_path)
    later_days(office)
    before, mails, sent = answers(office), len(office.smtp.accepted), messages_by_id(office)
    put_back(office, old)
    office._open()
    go_on(office)
    assert twice(office) == []
    assert answers(office) == before
    assert messages_by_id(office) == sent
    assert state(office, "06184") == "nil"
    # What left since: the alert that tells of it, to the officer, and nothing else.
    new = [str(parsed(one.raw)["X-Commune-Intake"]) for one in office.smtp.accepted[mails:]]
    assert {key.split("/")[0] for key in new} <= {"alert", "digest"}
    assert any("phục hồi" in subject for subject in office.subjects(OFFICER))
    assert office.store.behind() is None
    assert office.store.verify_journal() is None
    (report,) = office.store.reports(CAMPAIGN)
    assert (report.number, report.approved_by) == (1, "found in Sent")
    silent = office.store.campaign_state(CAMPAIGN).silent
    assert {key[0] for key in silent} == {one.code for one in office.config.communes} - {
        "06223",
        "06235",
        "06184",
    }
