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
    key_of,
    marks,
    newest,
)
from rigs.replaying import comes_out_equal
from rigs.replies import reply
from rigs.whole import CAMPAIGN, Whole, mail, parsed, words, workbook_file

from intake import closing
from intake.closing import release_report
from intake.demo_scenario import HOA_CU
from intake.post import frozen_inputs
from notifier.report_inputs import counted_receipts, told_states
from registry.errors import NotPossible
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
    path = office.desk.vault.place.folder / sha256[:2] / sha256
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
    assert marks(office, GIA_CAT_MAIL)[-1] == "Không có nhu cầu – đã ghi"
    assert office.subjects(department) == []
    assert len(office.subjects(OFFICER)) == before + 1
    told = [words(one.raw) for one in office.sent if OFFICER in one.recipients]
    assert f"report/{CAMPAIGN}/1" in told[-1]
    path.write_bytes(whole)
    office.tick(office.now + MINUTE)
    assert len(office.subjects(department)) == 1


# --- supplements ---------------------------------------------------------------------------------


def counted(office: Whole) -> set[str]:
    """The codes of the communes whose answers the newest report counts."""
    row = office.store.reports(CAMPAIGN)[-1]
    receipts = counted_receipts(office.desk.vault.get(row.inputs_sha256))
    return {receipt.split("-")[1] for receipt in receipts}


def test_an_answer_between_closing_and_the_report_gets_into_a_supplement(office):
    """The first report leaves it out; its acknowledgment promised a supplement."""
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick()
    close(office)
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.tick()
    assert freeze(office) == [1]
    assert counted(office) == {"06235"}
    assert freeze(office, days=1) == [1]  # nothing is released yet: it would count the same
    office.store.approve(CAMPAIGN, "boss", office.now)
    assert freeze(office, days=2) == [1, 2]
    assert counted(office) == {"06223", "06235"}
    office.store.approve(CAMPAIGN, "boss", office.now)
    assert freeze(office, days=9) == [1, 2]


def test_the_mails_of_a_report_say_what_its_files_say(office):
    """An answer after closing is not in the first report, nor in the words that go with it."""
    (department,) = office.config.campaign(CAMPAIGN).report.to
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick()
    close(office)
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.tick()
    freeze(office)
    office.store.approve(CAMPAIGN, "boss", office.now)
    office.tick()
    row = office.store.reports(CAMPAIGN)[0]
    inputs = frozen_inputs(office.desk.vault, row.inputs_sha256)
    asked = next(one for one in office.sent if "[Trình duyệt]" in subject_of(one.raw))
    reported = next(one for one in office.sent if department in one.recipients)
    for one in (asked, reported):
        told = " ".join(words(one.raw).split())
        assert "Có đăng ký: không có đơn vị nào" in told
        assert f"Không gửi văn bản: {len(inputs.in_state('silent'))} đơn vị" in told
        assert "Gửi sau thời hạn" not in told
        assert "kinh phí:" not in told.casefold()


def test_an_answer_older_than_a_draft_that_left_it_out_gets_into_a_supplement(office):
    """Draft 2 was frozen after the late answer, but before anything was released."""
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.deliver(mail("canhan@khac.example", files=workbook_file(form_of_hoa_cu())))
    office.tick()
    close(office)
    freeze(office)
    office.deliver(mail("haiyen@caoloc.example", body=NIL))
    (stranger,) = office.store.held()
    office.store.assign(stranger.id, key_of(office, "06223"), CAMPAIGN, "officer", office.now)
    office.tick()
    late = {one.commune[0] for one in office.store.submissions(CAMPAIGN) if one.after_close}
    assert late
    assert freeze(office, days=1) == [1, 2]
    assert counted(office) == {"06223", "06235"}
    office.store.approve(CAMPAIGN, "boss", office.now)
    assert freeze(office, days=2) == [1, 2, 3]
    assert counted(office) == {"06223", "06235"} | late


def test_a_release_while_another_draft_is_built_makes_a_supplement_of_it(office, monkeypatch):
    """`intake approve` is another process; else the Department would get two full reports."""
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.deliver(mail("canhan@khac.example", files=workbook_file(form_of_hoa_cu())))
    office.tick()
    close(office)
    freeze(office)
    (stranger,) = office.store.held()
    office.store.assign(stranger.id, key_of(office, "06223"), CAMPAIGN, "officer", office.now)
    built = closing.build_report

    def meanwhile(*facts):
        made = built(*facts)
        office.store.approve(CAMPAIGN, "boss", office.now, 1)
        return made

    monkeypatch.setattr(closing, "build_report", meanwhile)
    freeze(office, days=1)
    assert [row.supplement for row in office.store.reports(CAMPAIGN)] == [0, 1]


def test_what_a_command_releases_is_what_it_looked_at(office, monkeypatch):
    """Without a number it is the last report; the daemon freezes another one meanwhile."""
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick()
    close(office)
    freeze(office)
    office.store.ask_again(CAMPAIGN, "officer", office.now)
    looked_at = closing.untrue

    def meanwhile(*facts):
        found = looked_at(*facts)
        office.tick(office.now + MINUTE)
        return found

    boss = lambda: release_report(  # noqa: E731
        office.store, office.desk.vault, office.config, CAMPAIGN, "boss", office.now
    )
    with pytest.raises(NotPossible, match="another draft was asked for"):
        boss()
    with monkeypatch.context() as patch:
        patch.setattr(closing, "untrue", meanwhile)
        with pytest.raises(NotPossible, match=r"report 1 of .* is not the last one: that is 2"):
            boss()
    assert boss().number == 2


def edit_approval(office: Whole, approval: str) -> None:
    path = office.folder / "campaigns" / f"{CAMPAIGN}.toml"
    text = path.read_text(encoding="utf-8")
    for was in ("required", "none"):
        text = text.replace(f'approval = "{was}"', f'approval = "{approval}"')
    path.write_text(text, encoding="utf-8")
    office.restart()


def test_a_report_that_left_without_approval_is_not_asked_about_after_an_edit(office, tmp_path):
    """What follows it is a supplement, and only that waits for the approver. A replay agrees."""
    (department,) = office.config.campaign(CAMPAIGN).report.to
    edit_approval(office, "none")
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick()
    close(office)
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.tick()
    assert freeze(office) == [1]
    assert len(office.subjects(department)) == 1
    edit_approval(office, "required")
    assert freeze(office, days=1) == [1, 2]
    assert [row.supplement for row in office.store.reports(CAMPAIGN)] == [0, 1]
    drafts = [one for one in office.sent if "[Trình duyệt]" in subject_of(one.raw)]
    assert ["bổ sung" in subject_of(one.raw) for one in drafts] == [True]
    assert len(office.subjects(department)) == 1
    comes_out_equal(office, tmp_path / "new")


def test_what_was_returned_or_waits_does_not_leave_by_an_edit(office):
    """Without approval the next report goes out; not those that were drafted to be approved."""
    (department,) = office.config.campaign(CAMPAIGN).report.to
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick()
    close(office)
    freeze(office)
    office.store.return_report(CAMPAIGN, 1, "kinh phí", "boss", office.now)
    office.store.ask_again(CAMPAIGN, "officer", office.now)
    office.tick(office.now + MINUTE)
    assert len(office.store.reports(CAMPAIGN)) == 2
    edit_approval(office, "none")
    office.tick(office.now + MINUTE)
    assert freeze(office, days=1) == [1, 2]
    assert office.subjects(department) == []
    release_report(office.store, office.desk.vault, office.config, CAMPAIGN, "boss", office.now, 2)
    office.tick(office.now + MINUTE)
    assert len(office.subjects(department)) == 1


def test_without_an_approver_a_late_answer_gets_into_a_supplement_too(office):
    """A report that needs no approval is released as it is frozen."""
    edit_approval(office, "none")
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick()
    close(office)
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.tick()
    assert freeze(office) == [1]
    assert freeze(office, days=1) == [1, 2]
    assert counted(office) == {"06223", "06235"}


def test_an_answer_that_is_taken_back_leaves_the_draft_at_once(office):
    """The old draft cannot be released, not even before the new one is there."""
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick()
    close(office)
    freeze(office)
    sent = next(one for one in office.sent if "Trình duyệt" in str(parsed(one.raw)["Subject"]))
    assert f"intake approve {CAMPAIGN} --number 1" in " ".join(words(sent.raw).split())
    answer = next(one for one in office.store.messages() if one.sender == HOA_CU_MAIL)
    office.store.reject(answer.id, "wrong", "officer", office.now)
    with pytest.raises(NotPossible, match="taken back"):
        release_report(
            office.store, office.desk.vault, office.config, CAMPAIGN, "boss", office.now, 1
        )
    office.tick(office.now + MINUTE)
    assert [row.number for row in office.store.reports(CAMPAIGN)] == [1, 2]
    assert counted(office) == {"06235"}
    with pytest.raises(NotPossible, match="not the last"):
        release_report(
            office.store, office.desk.vault, office.config, CAMPAIGN, "boss", office.now, 1
        )
    release_report(office.store, office.desk.vault, office.config, CAMPAIGN, "boss", office.now, 2)
    assert freeze(office, days=1) == [1, 2]


def told_states_of(office: Whole) -> dict[str, str]:
    """Where the newest report says that each commune stands, by its code."""
    row = office.store.reports(CAMPAIGN)[-1]
    told = told_states(office.desk.vault.get(row.inputs_sha256))
    return {key[0]: state for key, state in told}


def a_draft_that_leaves_a_strangers_letter_out(office: Whole) -> int:
    """Hòa Cư wrote in time from an address of its own, and nothing can be read of its file."""
    files = [("bieu.pdf", "application/pdf", b"%PDF-1.4 broken")]
    office.deliver(mail("canhan@khac.example", files=files))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick()
    close(office)
    assert freeze(office) == [1]
    assert told_states_of(office)["06223"] == "silent"
    (stranger,) = office.store.held()
    return stranger.id


def test_a_draft_that_calls_silent_who_has_written_is_replaced_at_once(office):
    """The chairman would answer for it; nor can it be released before the new one is there."""
    stranger = a_draft_that_leaves_a_strangers_letter_out(office)
    office.store.assign(stranger, key_of(office, "06223"), CAMPAIGN, "officer", office.now)
    with pytest.raises(NotPossible, match="calls a commune silent"):
        release_report(office.store, office.desk.vault, office.config, CAMPAIGN, "boss", office.now)
    office.tick(office.now + MINUTE)
    assert [row.number for row in office.store.reports(CAMPAIGN)] == [1, 2]
    assert told_states_of(office)["06223"] == "needs-fix"
    release_report(office.store, office.desk.vault, office.config, CAMPAIGN, "boss", office.now)
    assert freeze(office, days=1) == [1, 2]


def test_an_approvers_reply_does_not_release_the_silence_of_who_has_written(office):
    """It came with the same poll as the decision; it is told why, and the new draft comes."""
    stranger = a_draft_that_leaves_a_strangers_letter_out(office)
    asked = next(one for one in office.sent if "Trình duyệt" in str(parsed(one.raw)["Subject"]))
    office.store.assign(stranger, key_of(office, "06223"), CAMPAIGN, "officer", office.now)
    office.deliver(reply("gmail", asked.raw, "DUYỆT", sender=asked.recipients[0]))
    office.tick()
    assert newest(office).reason.startswith(("answer-heard-since: B1", "answer-older-draft"))
    assert [row.approved_at for row in office.store.reports(CAMPAIGN)] == [None, None]


def test_other_states_than_a_draft_tells_make_another_one_the_next_day(office):
    """What was held for a commune is rejected: it does not stand in review any more."""
    office.deliver(mail(HOA_CU_MAIL, subject="bc", body="Đề nghị hướng dẫn thêm về biểu mẫu?"))
    office.deliver(mail(GIA_CAT_MAIL, body=NIL))
    office.tick()
    close(office)
    assert freeze(office) == [1]
    assert told_states_of(office)["06223"] == "in-review"
    (held,) = office.store.held()
    office.store.reject(held.id, "answered by phone", "officer", office.now)
    office.tick(office.now + MINUTE)
    assert [row.number for row in office.store.reports(CAMPAIGN)] == [1]
    assert freeze(office, days=1) == [1, 2]
    assert told_states_of(office)["06223"] != "in-review"
    assert freeze(office, days=2) == [1, 2]


def test_a_supplement_that_has_come_to_nothing_is_not_released(office):
    """The commune added a point and took it back; what it would tell next makes another draft."""
    one, both = (workbook_file(form_of_hoa_cu(points)) for points in (HOA_CU[:1], HOA_CU))
    office.deliver(mail(HOA_CU_MAIL, files=one))
    office.tick()
    close(office)
    freeze(office)
    boss = lambda: release_report(  # noqa: E731
        office.store, office.desk.vault, office.config, CAMPAIGN, "boss", office.now
    )
    boss()
    office.deliver(mail(HOA_CU_MAIL, "bổ sung", files=both))
    assert freeze(office, days=1) == [1, 2]
    asked = next(each for each in reversed(office.sent) if "[Trình duyệt]" in subject_of(each.raw))
    office.deliver(mail(HOA_CU_MAIL, "Đính chính: giữ như cũ", files=one))
    later = office.now + MINUTE  # of the same second, the hashes would say which came first
    office.deliver(reply("gmail", asked.raw, "DUYỆT", sender=asked.recipients[0]), later)
    office.tick(later)
    assert newest(office).reason.startswith("answer-nothing-new: B2")
    assert "trở lại như báo cáo đã gửi" in " ".join(words(office.sent[-1].raw).split())
    with pytest.raises(NotPossible, match="adds nothing any more"):
        boss()
    assert freeze(office, days=2) == [1, 2]
    office.deliver(mail(HOA_CU_MAIL, "bổ sung lại", files=both))
    assert freeze(office, days=3) == [1, 2, 3]
    assert boss().number == 3


def subject_of(raw: bytes) -> str:
    return str(parsed(raw)["Subject"])
