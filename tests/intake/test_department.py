"""Which report a mail of the Department is about."""

import datetime as dt

import pytest
from rigs.office import office

from intake.department import answered_report
from notifier.answered_report import answer_reason, answered_by_department
from registry.model import Mail, Message, ReportRow

CONFIG = office()
(CAMPAIGN,) = CONFIG.campaigns
SCT = CAMPAIGN.report.to[0]
NOW = dt.datetime(2024, 5, 22, tzinfo=dt.UTC)
REPORTS = {
    CAMPAIGN.id: [
        ReportRow(1, CAMPAIGN.id, 1, NOW, "", (), NOW),
        ReportRow(2, CAMPAIGN.id, 2, NOW, "", (), NOW, supplement=1, base=1),
        ReportRow(3, CAMPAIGN.id, 3, NOW, "", (), supplement=2, base=2),
    ]
}


def cited(key: str, kind: str = "report") -> Mail:
    return Mail(1, key, SCT, kind, "", "<a@b>", "sent", NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mails", "subject", "expected"),
    [
        ([cited(f"report/{CAMPAIGN.id}/1")], "Re: báo cáo bổ sung số 1", 1),
        ([], "V/v báo cáo bổ sung số 1", 2),
        ([], "V/v báo cáo kết quả", 2),
        ([cited("alert/x", "alert")], "", 2),
    ],
)
def test_it_is_the_cited_report_else_the_named_or_the_last_one(
    mails: list[Mail], subject: str, expected: int
) -> None:
    found = answered_report(mails, subject, SCT.upper(), CONFIG.campaigns, REPORTS)
    assert found == (CAMPAIGN.id, f"report/{CAMPAIGN.id}/{expected}")


def test_of_two_campaigns_the_address_alone_tells_nothing() -> None:
    other = CAMPAIGN.model_copy(update={"id": "other"})
    assert answered_report([], "", SCT, (CAMPAIGN, other), REPORTS) == (None, "")
    assert answered_report([], "", SCT, CONFIG.campaigns, {}) == (CAMPAIGN.id, "")


@pytest.mark.parametrize("key", ["", f"report/{CAMPAIGN.id}/2"])
def test_what_is_recorded_can_be_read_again(key: str) -> None:
    message = Message(1, "", 1, NOW, "recorded", verdict="department", reason=answer_reason(key))
    found = answered_by_department(message)
    assert (found.number if found else 0) == (2 if key else 0)
