"""The pages of the board: their HTML, as files on a disk, and as people see them in Chromium."""

import dataclasses
import os
import re
import stat
from pathlib import Path

import pypdfium2
import pytest
from lxml import html
from rigs import world
from rigs.board import CAMPAIGN, PRIVATE, many, put, rendered, sample, text_of, with_names
from rigs.browser import OpenPage, axe, scrolls_sideways
from rigs.office import at, office

from notifier.board import FILES, INDEX, PLAN, POLICY, write
from notifier.board_facts import Facts
from registry.board_rows import Tallies
from registry.model import Snapshot

HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "</title></style></td></table><h1>owned",
    "' onmouseover='document.title=1",
    "&lt;b&gt; {{ 7 * 7 }} {% raw %}",
    "\u202egnội dung đảo\u202c \x00\x07 \ud800",
    "\x01stamp\x01 \x01mark\x01",
    "javascript:alert(1)",
)
PHONE, DESK = 390, 1280


def hostile() -> Facts:
    facts = sample(with_names(office(), HOSTILE, title="".join(HOSTILE[:3])))
    current = {
        place: dataclasses.replace(one, receipt=HOSTILE[number % len(HOSTILE)])
        for number, (place, one) in enumerate(facts.snapshot.current.items())
    }
    snapshot = dataclasses.replace(facts.snapshot, current=current)
    return dataclasses.replace(facts, snapshot=snapshot)


# --- the HTML -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_html_in_names_titles_and_receipts_stays_text(name: str) -> None:
    text = rendered(hostile())[name].stamped("<b>LÚC NÀY").decode()
    page = html.document_fromstring(text.encode())
    assert page.xpath("//script | //img | //iframe | //object | //form") == []
    assert page.xpath("//@*[starts-with(name(), 'on')] | //@style") == []
    assert len(page.xpath("//h1")) == 1
    assert set(page.xpath("//@href")) <= {*FILES, "#noi-dung", "data:,"}
    assert "49" not in re.findall(r"\{\{ 7 \* 7 \}\}|\b49\b", text_of(hostile(), INDEX))
    assert "\x00" not in text
    assert "\u202e" not in text
    assert text.count("LÚC NÀY") == 1
    assert "<b>LÚC" not in text


def test_hostile_names_are_shown_as_they_are_written() -> None:
    page = html.document_fromstring(text_of(hostile(), INDEX).encode())
    names = {one.text_content() for one in page.xpath("//tbody/tr/th")}
    assert f"Xã {HOSTILE[0]}" in names
    assert any(HOSTILE[1] in one for one in names)


@pytest.mark.parametrize("name", FILES)
def test_nothing_personal_stands_on_a_page(name: str) -> None:
    text = text_of(sample(), name)
    assert [word for word in PRIVATE if word in text] == []
    addresses = {one for unit in office().communes for one in (*unit.emails, *unit.chair_emails)}
    assert [one for one in addresses if one in text] == []
    assert re.findall(r"[\w.]+@\w[\w-]*\.\w+", text) == []


@pytest.mark.parametrize("name", FILES)
def test_a_page_needs_nothing_besides_itself_and_no_script(name: str) -> None:
    page = html.document_fromstring(text_of(sample(), name).encode())
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy == [POLICY]
    assert "script" not in POLICY
    assert "default-src 'none'" in POLICY
    assert page.xpath("//@src") == []
    assert page.xpath("//html/@lang") == ["vi"]
    assert len(page.xpath("//*[@id]/@id")) == len(set(page.xpath("//*[@id]/@id")))


def test_the_page_of_22_communes_is_small() -> None:
    sizes = {
        name: len(page.stamped("17/05/2024 14:20")) for name, page in rendered(sample()).items()
    }
    assert max(sizes.values()) < 300_000
    assert sizes[INDEX] < 80_000, "what grows so much should be looked at"


def test_an_office_before_its_first_mail_has_a_page() -> None:
    facts = sample()
    empty = Facts(Snapshot(), type(facts.tallies)(), facts.config, facts.calendar, facts.now)
    text = text_of(empty, INDEX)
    assert "Không có thư nào chờ xử lý" in text
    assert "Chưa gửi thư nào" in text
    assert "Đã nhận 0 = 0 đã ghi sổ + 0 không có biểu + 0 chờ xử lý; 0 chưa giải thích được" in text


def test_what_is_unexplained_is_an_alarm() -> None:
    facts = sample()
    assert "Cần kiểm tra" not in text_of(facts, INDEX)
    worse = dataclasses.replace(facts, tallies=dataclasses.replace(facts.tallies, received=22))
    assert "Cần kiểm tra" in text_of(worse, INDEX)
    assert "1 chưa giải thích được" in text_of(worse, INDEX)


def two_campaigns() -> Facts:
    """A campaign that runs beside one that is over, and has a report that was released."""
    second = world.campaign(
        "dot-3", opens_at=world.at(23, 0), deadline_at=world.at(28, 0), closes_at=world.at(29, 0),
        report={**_REPORT, "at": world.at(29, 8)},
    )  # fmt: skip
    config = world.config(campaigns=[world.campaign(), second])
    rows = (
        world.report(1, created_at=world.at(22, 8)),
        world.report(2, approved_at=world.at(22, 9)),
    )
    snapshot = Snapshot(campaigns=world.closed(), reports=rows)
    return Facts(snapshot, Tallies(), config, world.calendar(config), world.at(24))


_REPORT = {"to": [world.DEPARTMENT], "recipient": "Sở Công Thương", "approvers": [world.APPROVER]}


def test_a_campaign_that_is_over_is_folded_below_the_one_that_runs() -> None:
    page = html.document_fromstring(text_of(two_campaigns(), INDEX).encode())
    assert len(page.xpath("//section//h2[contains(., 'Đợt 2')]")) == 1
    (folded,) = page.xpath("//details[@class='campaign']")
    assert "đã xong" in folded.xpath("./summary")[0].text_content()
    assert "được duyệt lúc 22/05/2024 09:00" in folded.text_content()
    assert "chưa được duyệt" in folded.text_content()
    ids = page.xpath("//*[@id]/@id")
    assert len(ids) == len(set(ids))


# --- the files ------------------------------------------------------------------------------------


def test_a_page_is_written_once_for_the_same_content(tmp_path: Path) -> None:
    page = rendered(sample())[INDEX]
    assert write(tmp_path / "deep" / "board", page, "17/05/2024 14:20")
    path = tmp_path / "deep" / "board" / INDEX
    before = path.stat().st_mtime_ns, path.read_bytes()
    assert not write(path.parent, rendered(sample())[INDEX], "17/05/2024 14:21")
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    assert write(path.parent, rendered(sample(day=18))[INDEX], "18/05/2024 14:20")
    assert "lúc 18/05/2024 14:20" in path.read_text("utf-8")
    assert [one.name for one in path.parent.iterdir()] == [INDEX]


def test_a_page_that_somebody_spoilt_is_written_again(tmp_path: Path) -> None:
    page = rendered(sample())[PLAN]
    write(tmp_path, page, "17/05/2024 14:20")
    (tmp_path / PLAN).write_bytes(b"")
    assert write(tmp_path, page, "17/05/2024 14:21")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_keeps_the_old_page(tmp_path: Path) -> None:
    write(tmp_path, rendered(sample())[INDEX], "17/05/2024 14:20")
    before = (tmp_path / INDEX).read_bytes()
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(OSError, match="denied"):
            write(tmp_path, rendered(sample(day=18))[INDEX], "18/05/2024 14:20")
    finally:
        tmp_path.chmod(stat.S_IRWXU)
    assert (tmp_path / INDEX).read_bytes() == before


def test_half_a_page_never_has_the_pages_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, rendered(sample())[INDEX], "17/05/2024 14:20")
    before = (tmp_path / INDEX).read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("registry.files.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path, rendered(sample(day=18))[INDEX], "18/05/2024 14:20")
    assert (tmp_path / INDEX).read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [INDEX]


# --- in Chromium ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return put(tmp_path_factory.mktemp("board"), sample())


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", FILES)
def test_people_can_read_it_and_axe_finds_nothing(
    page: OpenPage, site: dict[str, str], tmp_path: Path, name: str, width: int, dark: bool
) -> None:
    shown = page(site[name], width, dark=dark)
    picture = tmp_path / f"{name}.png"
    shown.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 20_000
    assert not scrolls_sideways(shown)
    for part in shown.locator("details").all():
        part.evaluate("one => one.open = true")
    found = axe(shown)
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    background = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", background)[:3])) / 3
    assert (brightness < 60) is dark


@pytest.mark.parametrize("width", [320, PHONE, 700, 1000])
def test_no_width_makes_the_board_scroll_sideways(
    page: OpenPage, site: dict[str, str], width: int
) -> None:
    assert not scrolls_sideways(page(site[INDEX], width))
    assert not scrolls_sideways(page(site[PLAN], width))


def test_long_names_without_a_space_fit_on_a_telephone(page: OpenPage, tmp_path: Path) -> None:
    facts = sample(with_names(office(), ["Nghiêng" * 16], title="Đăngký" * 40))
    assert not scrolls_sideways(page(put(tmp_path, facts)[INDEX], 320))


def test_one_timeline_is_shown_at_a_time_and_its_words_are_large_enough(
    page: OpenPage, site: dict[str, str]
) -> None:
    for width, size in ((PHONE, "narrow"), (DESK, "wide")):
        shown = page(site[INDEX], width)
        visible = [one for one in shown.locator("svg.time").all() if one.is_visible()]
        assert len(visible) == 1
        assert size in (visible[0].get_attribute("class") or "")
        height = shown.evaluate(
            "s => document.querySelector(s).getBoundingClientRect().height", f"svg.{size} text"
        )
        assert height >= 10


def test_a_hostile_name_does_nothing_in_a_browser(page: OpenPage, tmp_path: Path) -> None:
    shown = page(put(tmp_path, hostile())[INDEX], PHONE)
    assert shown.title().startswith("Bảng theo dõi")
    assert shown.locator("img, script").count() == 0
    assert not scrolls_sideways(shown)
    assert axe(shown) == []


def test_two_campaigns_can_be_told_apart_by_everybody(page: OpenPage, tmp_path: Path) -> None:
    shown = page(put(tmp_path, two_campaigns())[INDEX], PHONE)
    shown.locator("details.campaign").evaluate("one => one.open = true")
    assert axe(shown) == []
    assert not scrolls_sideways(shown)


def test_a_reader_hears_rows_and_headings_also_on_a_telephone(
    page: OpenPage, site: dict[str, str]
) -> None:
    shown = page(site[INDEX], PHONE)
    table = shown.get_by_role("table", name="Từng đơn vị")
    assert table.get_by_role("row").count() == 23
    assert table.get_by_role("columnheader").count() == 7
    assert table.get_by_role("rowheader", name="Xã Hòa Cư", exact=True).count() == 1
    assert shown.get_by_role("img", name=re.compile("đơn vị đã trả lời")).count() == 1


def test_the_keyboard_reaches_content_links_and_details(
    page: OpenPage, site: dict[str, str]
) -> None:
    shown = page(site[INDEX], DESK)
    reached = []
    for _ in range(5):
        shown.keyboard.press("Tab")
        reached.append(shown.evaluate("document.activeElement.textContent.trim().slice(0, 24)"))
    assert reached[:4] == [
        "Chuyển đến nội dung", "Tình hình", "Lịch thư sắp gửi", "Số liệu từng ngày",
    ]  # fmt: skip
    shown.get_by_role("link", name="Lịch thư sắp gửi").click()
    assert shown.get_by_role("heading", level=1).inner_text() == "Lịch thư sắp gửi"


def test_the_plan_shows_days_off_and_mails_on_its_calendar(
    page: OpenPage, site: dict[str, str]
) -> None:
    shown = page(site[PLAN], DESK)
    cells = shown.locator("table.month td")
    weekend = cells.filter(has_text=re.compile(r"^18\b"))
    weekday = cells.filter(has_text=re.compile(r"^16\b"))
    look = "one => getComputedStyle(one).backgroundImage"
    assert weekend.evaluate(look) != weekday.evaluate(look)
    assert "thư nhắc" in cells.filter(has_text=re.compile(r"^20")).inner_text()


@pytest.mark.parametrize("name", FILES)
def test_it_is_printed_on_a4_whatever_the_screen_was(
    page: OpenPage, site: dict[str, str], tmp_path: Path, name: str
) -> None:
    for width, dark in ((PHONE, True), (DESK, False)):
        path = tmp_path / f"{width}.pdf"
        page(site[name], width, dark=dark).pdf(path=path, prefer_css_page_size=True)
        with pypdfium2.PdfDocument(path) as printed:
            assert 1 <= len(printed) <= 4
            for sheet in printed:
                assert [round(side) for side in sheet.get_size()] == [595, 842]
            words = "".join(sheet.get_textpage().get_text_range() for sheet in printed)
            picture = printed[0].render(scale=0.2).to_pil().convert("L")
        assert picture.getpixel((2, 2)) > 250, "paper is white"
        if name == INDEX:
            assert "Xã Tân Thành" in words
            assert "chưa giải thích được" in words


def test_a_province_of_3321_communes_is_still_one_page(page: OpenPage, tmp_path: Path) -> None:
    shown = page(put(tmp_path, sample(many(3321)))[INDEX], DESK)
    assert shown.get_by_role("table", name="Từng đơn vị").locator("tbody tr").count() == 3321
    assert not scrolls_sideways(shown)


def test_the_sample_shows_some_of_everything() -> None:
    text = text_of(sample(), INDEX)
    for words in ("Đã đăng ký", "Không có nhu cầu", "Cần sửa", "Đang xử lý", "muộn", "bị từ chối",
                  "Sự cố", "Lưu ý", "3 lỗi", "(bản 2)"):  # fmt: skip
        assert words in text, words
    assert at(17).isoformat() not in text
    assert CAMPAIGN in text
