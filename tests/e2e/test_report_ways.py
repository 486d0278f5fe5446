"""The report on its way: it bounces, its file is lost, answers come late or are taken back."""

import datetime as dt

import pytest
from rigs.answering import (
    GIA_CAT_MAIL,
    HOA_CU_MAIL,
    NIL,
    OFFICER,
    bounce,
    form_of_hoa_cu,
    marks,
    newest,
)
from rigs.whole import CAMPAIGN, Whole, mail, words, workbook_file

from registry.snapshot import windows

pytestmark = pytest.mark.e2e

MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)


def report_moment(office: Whole) -> dt.datetime:
    return office.config.campaign(CAMPAIGN).report.at


def close(office: Whole) -> None:
    """Past ``closes_at``, before the first report."""
    office.tick(office.config.campaign(CAMPAIGN).closes_at + 5 * MINUTE)


def freeze(office: Whole, days: int = 0) -> list[int]:
    """Tick at the time of a report; return the numbers of those there are."""
    office.tick(report_moment(office) + days * DAY + MINUTE)
    return [row.number for row in office.store.reports(CAMPAIGN)]


def dead(office: Whole) -> frozenset[str]:
    return office.store.snapshot(windows(office.config.campaigns)).bounced


# --- bounces -------------------------------------------------------------------------------------


def test_a_report_that_bounces_is_told_once_and_the_next_one_goes_out(office):
    """The Department's address stays: a bounce of its mail box must not end all reports."""
    (department,) = office.config.campaign(CAMPAIGN).report.to
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.tick()
    close(office)
    freeze(office)
    office.store.approve(CAMPAIGN, "boss", office.now)
    office.tick()
    first = next(one for one in office.sent if department in one.recipients)
    before = len(office.subjects(OFFICER))
    office.deliver(bounce(first.raw, department))
    office.tick(office.now + MINUTE)
    office.tick(office.now + MINUTE)
    (held,) = office.store.held()
    assert held.reason == f"report-bounced: report/{CAMPAIGN}/1; {department}"
    assert len(office.subjects(OFFICER)) == before + 1
    assert "Báo cáo không đến được người nhận" in words(office.sent[-1].raw)
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick()
    assert freeze(office, days=1) == [1, 2]
    office.store.approve(CAMPAIGN, "boss", office.now)
    office.tick()
    assert sum(department in one.recipients for one in office.sent) == 2


def test_a_bounce_speaks_only_of_those_who_got_the_mail_that_it_cites(office):
    """Any commune can write a bounce of its own acknowledgment that names the Department."""
    (department,) = office.config.campaign(CAMPAIGN).report.to
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.tick()
    for failed in (department, HOA_CU_MAIL):
        office.deliver(bounce(office.sent[0].raw, failed))
        office.tick()
    assert newest(office).verdict == "bounce"
    assert dead(office) == {HOA_CU_MAIL}
    assert office.store.held() == []


# --- the vault -----------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_a_lost_file_of_the_report_keeps_back_the_report_only(office, damage):
    """Told to the admin once; acknowledgments leave; the file restored, the report leaves."""
    (department,) = office.config.campaign(CAMPAIGN).report.to
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.tick()
    close(office)
    freeze(office)
    sha256 = office.store.reports(CAMPAIGN)[0].files[0].sha256
    path = office.desk.vault.folder / sha256[:2] / sha256
    whole = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(whole[:-1])
    office.store.approve(CAMPAIGN, "boss", office.now)
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    before = len(office.subjects(OFFICER))
    office.tick()
    office.tick(office.now + MINUTE)
    assert marks(office, GIA_CAT_MAIL)[-1] == "Không có nhu cầu – đã ghi nhận"
    assert office.subjects(department) == []
    assert len(office.subjects(OFFICER)) == before + 1
    told = [words(one.raw) for one in office.sent if OFFICER in one.recipients]
    assert f"report/{CAMPAIGN}/1" in told[-1]
    path.write_bytes(whole)
    office.tick(office.now + MINUTE)
    assert len(office.subjects(department)) == 1
