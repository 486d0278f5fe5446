"""Every kind of mail in a real browser: at a phone's and a desk's width, in light and in dark.

And as text: lines that no mail program breaks again. What communes write stands in both as text.
"""

import dataclasses
import html
import re
from functools import cache
from typing import Any

import pytest
from rigs import office as rig
from rigs.browser import OpenPage, axe, scrolls_sideways

from notifier.compose import Context, Templates
from notifier.redirect import redirected
from notifier.sample import sample_dues
from notifier.templates import WIDTH, Rendered
from notifier.view import ALERTS, view
from parsers.reading import Finding

CONFIG = rig.office()
CAMPAIGN = CONFIG.campaigns[0]
HOA_CU = rig.commune(CONFIG, "Hòa Cư")
TEMPLATES = Templates(rig.FOLDER / "templates")
#: HTML as a commune may write it, and a word that no line can hold.
MARKUP = '<img src=x onerror=alert(1)><b>đậm</b>&amp;{{ 7*7 }}"'
ENDLESS = "Ô" * 90
PHONE, DESK = 390, 1024

#: A mail is shown inside the page of a mail program: that has the landmarks.
NOT_A_PAGE = {"region", "landmark-one-main"}


def findings() -> tuple[Finding, ...]:
    """One of each sort that a sender meets, and one kind in many cells."""
    label = {field.key: field.label for field in CAMPAIGN.form.fields}
    one_of = "Đề nghị ghi một trong: doanh nghiệp; hợp tác xã; tổ hợp tác; hộ kinh doanh."
    amount = "Đề nghị ghi một số kèm đơn vị, ví dụ “50 triệu đồng” hoặc “50.000.000 đồng”."
    found = [
        Finding("error", "missing-value", f"Thiếu “{label['address']}”; đề nghị bổ sung vào ô này.",
                "address", 1, "Biểu 1!C9"),
        Finding("error", "not-a-choice", f"Cột “{label['owner_kind']}”: “{MARKUP}” không có trong "
                f"danh mục. {one_of}", "owner_kind", 1, "Biểu 1!E9"),
        Finding("error", "bad-phone", f"Cột “{label['phone']}”: số điện thoại chưa đúng. Đề nghị "
                "ghi đủ 10 chữ số (di động).", "phone", 1, "Biểu 1!H9"),
        Finding("error", "unit-missing", f"Cột “{label['cost_requested']}”: “50” không rõ đơn vị "
                f"tiền. {amount}", "cost_requested", 1, "Biểu 1!P9"),
        Finding("warning", "unusual-value", f"Cột “{label['area_m2']}”: khác thường. Đề nghị kiểm "
                "tra lại.", "area_m2", 1, "Biểu 1!J9"),
        Finding("warning", "extra-column", f"Cột “{ENDLESS}” không có trong biểu nên không được "
                "ghi nhận.", None, None, f"{MARKUP}!Q1"),
        Finding("note", "date-order", f"Cột “{label['certified_on']}”: “3/4/22” được đọc là "
                "“03/04/2022”, ngày đứng trước tháng.",
                "certified_on", 1, "table 2, row 3, cell 4"),
    ]  # fmt: skip
    for row in range(10, 24):
        found.append(dataclasses.replace(found[3], row=row, place=f"Biểu 1!P{row}"))
    return tuple(found)


def point() -> Any:
    raw = {
        "owner_kind": MARKUP,
        "phone": "0912 000 1",
        "area_m2": "350.000",
        "cost_requested": "50",
    }
    columns = {"address": "C", "owner_kind": "E", "phone": "H", "area_m2": "J", "name": "B"}
    made = rig.point(name=f"Điểm chợ {MARKUP}")
    places = {key: f"Biểu 1!{column}9" for key, column in columns.items()}
    row = dataclasses.replace(made.row, places=dict(made.row.places) | places, raw=raw)
    return dataclasses.replace(made, row=row)


def hostile(context: Context) -> Context:
    """The same facts as a commune could have sent them: markup and endless words in all of it."""
    changes: dict[str, Any] = {}
    if context.message is not None:
        subject = f"{MARKUP} {ENDLESS}"
        changes["message"] = dataclasses.replace(
            context.message, subject=subject, sender=f"{'x' * 60}@xa.example"
        )
    changes["documents"] = tuple(
        dataclasses.replace(one, name=f"{MARKUP} {ENDLESS}.xlsx", refusal_message=MARKUP)
        for one in context.documents
    )
    if context.submission is not None and context.submission.state == "needs-fix":
        changes["submission"] = dataclasses.replace(
            context.submission, findings=findings(), points=(point(),)
        )
    changes["evidence"] = tuple(
        dataclasses.replace(one, response=f"250 2.0.0 {MARKUP} {ENDLESS}", server="mx." + "y" * 70)
        for one in context.evidence
    )
    return dataclasses.replace(context, **changes)


@cache
def mails() -> dict[str, Rendered]:
    """Return each kind once, with hostile facts; every alert; and one of a trial."""
    last = {one.template: (one, context) for one, context in sample_dues(CONFIG)}
    made = {
        name: TEMPLATES.render(name, view(one, hostile(context)))
        for name, (one, context) in last.items()
    }
    one, context = last["alert"]
    for what in ALERTS:
        facts = {
            "what": what,
            "severity": "broken",
            "since": "15/05/2024 09:00",
            "reason": f"{MARKUP} {ENDLESS}",
            "commune": "Xã Hòa Cư (mã 06223), Thị trấn Cao Lộc (mã 06187)",
            "address": "hoacu@caoloc.example",
            "next": "Đề nghị gọi điện thoại, sửa danh bạ communes.csv khi có địa chỉ mới.",
        }
        told = dataclasses.replace(one, facts=facts)
        made[f"alert-{what}"] = TEMPLATES.render("alert", view(told, context))
    settings = CONFIG.settings
    smtp = settings.smtp.model_copy(update={"redirect_all_to": "thu@caoloc.example"})
    call, context = last["call"]
    trial = redirected(call, settings.model_copy(update={"smtp": smtp}))
    made["call-of-a-trial"] = TEMPLATES.render("call", view(trial, context))
    return made


def names() -> list[str]:
    return sorted({one.template for one, _ in sample_dues(CONFIG)})


# --- in the browser -------------------------------------------------------------------------------

#: Texts that lie over each other, and texts whose box hides a part of them.
_FLAWS = """() => {
  const rects = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, range = document.createRange();
    if (!node.data.trim()) continue;
    range.selectNodeContents(node);
    for (const box of range.getClientRects())
      if (box.width > 1 && box.height > 1) rects.push([box, node]);
  }
  const flaws = [];
  for (let i = 0; i < rects.length; i++) {
    const [a, one] = rects[i];
    if (a.left < -1 || a.right > innerWidth + 1) flaws.push('outside: ' + one.data.slice(0, 60));
    for (let j = i + 1; j < rects.length; j++) {
      const [b, other] = rects[j];
      if (one === other) continue;
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 2 && high > 6) flaws.push(one.data.slice(0, 40) + ' / ' + other.data.slice(0, 40));
    }
  }
  for (const box of document.body.querySelectorAll('*'))
    if (getComputedStyle(box).overflowX !== 'visible' && box.scrollWidth > box.clientWidth + 1)
      flaws.push('cut: ' + box.textContent.slice(0, 60));
  return flaws;
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK], ids=["phone", "desk"])
def test_every_mail_is_whole_on_a_screen(page: OpenPage, width: int, dark: bool) -> None:
    shown = page("<!doctype html><html lang=vi><title>.</title>", width, dark)
    troubles: dict[str, object] = {}
    for name, mail in mails().items():
        shown.set_content(mail.html, wait_until="load")
        if scrolls_sideways(shown):
            troubles[f"{name}: scrolls sideways"] = shown.evaluate("document.body.scrollWidth")
        if flaws := shown.evaluate(_FLAWS):
            troubles[f"{name}: texts"] = flaws
        if (width, dark) in {(PHONE, False), (DESK, True)} and not name.startswith("alert-"):
            found = [one for one in axe(shown) if one["id"] not in NOT_A_PAGE]
            if found:
                told = [(one["id"], one["nodes"][0]["html"][:200]) for one in found]
                troubles[f"{name}: axe"] = told
    assert troubles == {}


def test_the_browser_sees_what_is_wrong(page: OpenPage) -> None:
    """The looks above can fail: a wide table, texts over each other, pale letters."""
    wide = page('<html lang="vi"><table><tr><td style="min-width:600px">a</table>', PHONE)
    assert scrolls_sideways(wide)
    over = page('<html><p style="margin:0">trên trên<p style="margin:-18px 0 0">dưới dưới', PHONE)
    assert over.evaluate(_FLAWS)
    cut = page('<html><p style="overflow:hidden;width:30px;white-space:nowrap">một dòng dài', PHONE)
    assert cut.evaluate(_FLAWS)
    pale = page('<html lang="vi"><title>t</title><p style="color:#ddd">nhạt</p>', PHONE)
    assert "color-contrast" in {one["id"] for one in axe(pale)}


def test_a_table_of_findings_stands_on_a_desk_and_stacks_on_a_phone(page: OpenPage) -> None:
    needs_fix = mails()["ack-needs-fix"].html
    boxes = "() => [...document.querySelectorAll('.stack tr:nth-child(2) td')].slice(0, 3)"
    where = boxes + ".map(td => [td.getBoundingClientRect().left, td.getBoundingClientRect().top])"
    desk = page(needs_fix, DESK).evaluate(where)
    assert len({top for _, top in desk}) == 1
    assert desk == sorted(desk)
    assert len({left for left, _ in desk}) == 3
    phone = page(needs_fix, PHONE)
    below = phone.evaluate(where)
    assert len({left for left, _ in below}) == 1
    assert [top for _, top in below] == sorted({top for _, top in below})
    assert phone.locator(".stack .name").first.is_visible()


# --- markup in what communes write ----------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_markup_of_a_commune_is_text_in_both_forms(name: str) -> None:
    mail = mails()[name]
    assert "<img" not in mail.html
    assert "<b>" not in mail.html
    assert "{{ 7*7 }}" in mail.text or MARKUP not in mail.text
    assert "49" not in mail.subject
    if MARKUP[:20] in mail.text.replace("\n", " "):
        assert html.escape(MARKUP[:20]) in mail.html.replace("&#34;", "&quot;")


def test_markup_of_a_cell_is_seen_as_it_was_written(page: OpenPage) -> None:
    needs_fix = mails()["ack-needs-fix"]
    seen = page(needs_fix.html, DESK)
    assert MARKUP in " ".join(seen.inner_text("body").split())
    assert seen.evaluate("document.images.length") == 0
    assert MARKUP in " ".join(needs_fix.text.split())


# --- as text --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_no_line_of_text_is_longer_than_mail_programs_keep(name: str) -> None:
    """But where one word is longer: that is never broken."""
    mail = mails()[name]
    long = [
        line
        for line in mail.text.splitlines()
        if len(line) > WIDTH and not re.search(rf"\S{{{WIDTH - 30},}}|sha256|intake ", line)
    ]
    assert long == []


def test_findings_stand_in_aligned_lines_with_what_was_found_and_what_to_write() -> None:
    text = mails()["ack-needs-fix"].text
    block = text[text.index("CÁC CHỖ CẦN SỬA") : text.index("VIỆC TIẾP THEO")]
    assert " 1. Lỗi – Địa chỉ – ô C9 (trang tính “Biểu 1”)\n" in block
    assert "    Đã thấy: Ô để trống\n    Cần ghi: Ghi bằng chữ, đầy đủ.\n" in block
    flat = " ".join(block.split())
    assert "Điện thoại – ô H9 (trang tính “Biểu 1”) Đã thấy: Số có 8 chữ số: số điện thoại" in flat
    assert "0912 000 1" not in text
    assert "Đã thấy: “350.000”: khác thường Cần ghi: Kiểm tra lại." in flat
    assert "Đã thấy: “50” không rõ đơn vị tiền Cần ghi: Ghi một số kèm đơn vị, ví dụ" in flat
    many = next(line for line in re.split(r"\n(?= ?\d+\. )", block) if "15 chỗ" in line)
    assert "ô P9, P10, P11, P12, P13, P14, P15, P16 (trang tính “Biểu 1”) và 7 chỗ khác" in (
        " ".join(many.split())
    )
    assert block.count("Đã thấy:") == block.count("Cần ghi:") == 7


# --- subjects -------------------------------------------------------------------------------------

_OUTCOME = re.compile(r"\[[^\]]{4,60}\] \S.{3,}")


@pytest.mark.parametrize("name", names())
def test_every_subject_tells_the_outcome_first(name: str) -> None:
    for one, context in sample_dues(CONFIG):
        if one.template == name:
            subject = TEMPLATES.render(name, view(one, context)).subject
            assert _OUTCOME.fullmatch(subject), subject
            assert "None" not in subject


def test_subjects_of_answers_say_what_became_of_the_mail() -> None:
    told = {name: mails()[name].subject.partition("]")[0] + "]" for name in names()}
    assert told["ack-needs-fix"] == f"[Cần sửa {4 + 14} chỗ]"
    assert told["ack-nil"] == "[Không có nhu cầu – đã ghi]"
    assert told["ack-registered"].startswith("[Đã nhận")
    again = {told[f"ack-{kind}"] for kind in ("wrong-form", "unreadable", "link", "too-large")}
    assert all(subject.startswith("[Cần gửi lại: ") for subject in again)
    assert len(again) == 4
