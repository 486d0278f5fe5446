"""A mail's key says again what it was made from; what is not ours says nothing."""

import datetime as dt

import pytest
from rigs.cast import campaign, moment

from notifier.mail_key import MailKey, made_for, read_key
from notifier.mime import message_id
from notifier.schedule import newest_report, released_report
from registry.model import CampaignState, ReportRow, Snapshot

HOA_CU = ("06223", dt.date(2020, 1, 1))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("ack/0123456789abcdef0123/registered", MailKey("ack", identity="0123456789abcdef0123")),
        ("ack/0123456789abcdef0123/nil/2", MailKey("ack", identity="0123456789abcdef0123")),
        ("stranger/0123", MailKey("stranger", identity="0123")),
        ("held/0123/0", MailKey("held", identity="0123")),
        ("call/ocop-2024-2/06223@2020-01-01", MailKey("call", "ocop-2024-2", HOA_CU)),
        ("remind/ocop-2024-2/06223@2020-01-01/d2", MailKey("reminder", "ocop-2024-2", HOA_CU)),
        ("silence/ocop-2024-2/06223@2020-01-01", MailKey("silence", "ocop-2024-2", HOA_CU)),
        ("draft/ocop-2024-2/3", MailKey("draft", "ocop-2024-2", number=3)),
        ("report/ocop-2024-2/1", MailKey("report", "ocop-2024-2", number=1)),
        ("returned/ocop-2024-2/2", MailKey("returned", "ocop-2024-2", number=2)),
        ("department/0123", MailKey("department", identity="0123")),
        ("digest/2024-05-17", MailKey("digest")),
        ("alert/disk/2024-05-17", MailKey("alert")),
    ],
)
def test_every_kind_of_key_is_read(key, said):
    assert read_key(key) == said


@pytest.mark.parametrize(
    "key", ["", "ack", "ack/", "other/1", "call/x", "call/x/06223", "report/x/one", "report/x"]
)
def test_what_is_no_key_is_nothing(key):
    assert read_key(key) is None


def test_a_copy_is_ours_only_with_the_message_id_of_its_key():
    """An old mail of ours that somebody edited as new bears the marker, but another Message-ID."""
    key = "ack/0123/registered"
    assert made_for(key, message_id(key, "ocop@caoloc.example"))
    assert made_for(key, message_id(key, "ocop@older-domain.example"))
    assert not made_for(key, message_id("ack/4567/registered", "ocop@caoloc.example"))
    assert not made_for(key, "<1@webmail.example>")
    assert not made_for(key, "")


@pytest.mark.parametrize("approval", ["required", "none"])
def test_a_report_found_in_sent_is_the_newest_although_the_closing_came_later(approval):
    """Else another one would be frozen, and without approval sent to the Department by itself."""
    base = campaign()
    call = campaign(report={**base.report.model_dump(), "approval": approval})
    found = ReportRow(1, call.id, 1, moment(22, 9), "", (), moment(22, 9), "found in Sent")
    closed = CampaignState(call.id, None, moment(23, 8))
    snapshot = Snapshot(campaigns={call.id: closed}, reports=(found,))
    assert newest_report(snapshot, call) == found
    assert released_report(snapshot, call) == found
