"""config/cao-loc is what DESIGN §6 and the letter say, to the last field."""

import datetime as dt
from pathlib import Path

import pytest
from rigs.config_folder import EXAMPLE

from config.init import write_example
from config.model import CalendarFile, Campaign, Config, OAuth, Settings
from config.settings import ConfigProblems, load, warnings
from config.toml_file import TomlFile, keys_at, parse
from parsers.columns import Captions
from parsers.letter import nil_statement
from parsers.vietnamese import fold, key

ICT = dt.timezone(dt.timedelta(hours=7))

FIELDS = """
name             | Tên điểm                    | text    | yes
address          | Địa chỉ                     | text    | yes
owner            | Chủ thể quản lý             | text    | yes
owner_kind       | Loại hình                   | choice  |
registration_no  | Số ĐKKD/MST                 | code    |
representative   | Người đại diện              | text    | yes
phone            | Điện thoại                  | phone   | yes
location_kind    | Vị trí theo QĐ 950/QĐ-BCT   | choice  |
area_m2          | Diện tích (m²)              | decimal | yes
products         | Sản phẩm OCOP               | list    | yes
stars            | Hạng sao                    | stars   | yes
certified_on     | Ngày cấp giấy chứng nhận    | date    |
needs            | Nội dung đề nghị hỗ trợ     | text    |
cost_total       | Tổng kinh phí               | money   |
cost_requested   | Kinh phí đề nghị hỗ trợ     | money   | yes
note             | Ghi chú                     | text    |
"""

COMMUNES = {
    "06184": "Thị trấn Đồng Đăng",
    "06187": "Thị trấn Cao Lộc",
    "06190": "Xã Bảo Lâm",
    "06193": "Xã Thanh Lòa",
    "06196": "Xã Cao Lâu",
    "06199": "Xã Thạch Đạn",
    "06202": "Xã Xuất Lễ",
    "06205": "Xã Hồng Phong",
    "06208": "Xã Thụy Hùng",
    "06211": "Xã Lộc Yên",
    "06214": "Xã Phú Xá",
    "06217": "Xã Bình Trung",
    "06220": "Xã Hải Yến",
    "06223": "Xã Hòa Cư",
    "06226": "Xã Hợp Thành",
    "06232": "Xã Công Sơn",
    "06235": "Xã Gia Cát",
    "06238": "Xã Mẫu Sơn",
    "06241": "Xã Xuân Long",
    "06244": "Xã Tân Liên",
    "06247": "Xã Yên Trạch",
    "06250": "Xã Tân Thành",
}


@pytest.fixture(scope="module")
def config() -> Config:
    return load(EXAMPLE, env={})


@pytest.fixture(scope="module")
def campaign(config: Config) -> Campaign:
    return config.campaign("ocop-2024-2")


def test_the_form_is_the_table_of_the_design(campaign: Campaign) -> None:
    lines = [line for line in FIELDS.splitlines() if line]
    expected = [tuple(cell.strip() for cell in line.split("|")) for line in lines]
    assert expected == [
        (field.key, field.label, field.type, "yes" if field.required else "")
        for field in campaign.form.fields
    ]


def test_the_choices(campaign: Campaign) -> None:
    kinds = [choice.value for choice in campaign.form.field("owner_kind").choices]
    assert kinds == ["doanh nghiệp", "hợp tác xã", "tổ hợp tác", "hộ kinh doanh"]
    places = campaign.form.field("location_kind").choices
    assert len(places) == 8
    location = next(found for found in campaign.criterion if found.key == "location")
    assert location.any_of == tuple(choice.value for choice in places)


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Tên cơ sở", "owner"),
        ("CHỦ THỂ", "owner"),
        ("Đơn vị quản lý", "owner"),
        ("SĐT", "phone"),
        ("ĐT", "phone"),
        ("Số điện thoại", "phone"),
        ("DT", "area_m2"),
        ("Diện tích mặt bằng", "area_m2"),
        ("Sản phẩm", "products"),
        ("Tên sản phẩm", "products"),
        ("Họ và tên", "representative"),
        ("Địa điểm", "address"),
        ("MST", "registration_no"),
        ("NSNN hỗ trợ", "cost_requested"),
        ("Tổng mức đầu tư", "cost_total"),
    ],
)
def test_headings_that_communes_write(campaign: Campaign, heading: str, field: str) -> None:
    found = [
        entry.key
        for entry in campaign.form.fields
        if key(heading) in {key(name) for name in (entry.label, *entry.aliases)}
    ]
    assert found == [field]


def test_only_phone_and_area_share_a_heading_without_diacritics(campaign: Campaign) -> None:
    owners: dict[str, set[str]] = {}
    for field in campaign.form.fields:
        for name in (field.label, *field.aliases):
            owners.setdefault(fold(name), set()).add(field.key)
    shared = {name: keys for name, keys in owners.items() if len(keys) > 1}
    assert shared == {"dt": {"phone", "area_m2"}}  # ĐT and DT: told apart by the đ alone


def test_persons_are_personal_and_money_has_no_silent_unit(campaign: Campaign) -> None:
    personal = {field.key for field in campaign.form.fields if field.personal}
    assert personal == {"representative", "phone"}
    assert {field.unit for field in campaign.form.fields} == {""}


def test_the_moments_of_the_letter(campaign: Campaign) -> None:
    assert campaign.opens_at == dt.datetime(2024, 5, 13, tzinfo=ICT)
    assert campaign.deadline_at == dt.datetime(2024, 5, 21, tzinfo=ICT)
    assert campaign.closes_at == dt.datetime(2024, 5, 22, tzinfo=ICT)
    assert campaign.report.at == dt.datetime(2024, 5, 22, 8, tzinfo=ICT)
    assert (campaign.round, campaign.silence, campaign.late) == (2, "no-need", "list-separately")


def test_the_documents_cited(campaign: Campaign) -> None:
    assert [(cited.number, cited.on, cited.identifies) for cited in campaign.basis] == [
        ("689/SCT-QLTM", dt.date(2024, 5, 10), True),
        ("1144/UBND-KT&HT", dt.date(2024, 4, 26), False),
        ("42/HDLN-SCT-SNNPTNT-SVHTTDL-STC", dt.date(2024, 4, 12), False),
    ]


def test_the_reminders_and_the_report(campaign: Campaign) -> None:
    steps = [(step.id, step.days_before, step.to, step.cc) for step in campaign.remind]
    assert steps == [
        ("d-5", 5, "commune", ()),
        ("d-2", 2, "commune", ()),
        ("d-1", 1, "commune", ("chair",)),
    ]
    assert campaign.report.to == ("qltm@soct-langson.example",)
    assert campaign.report.approval == "required"
    assert campaign.report.approvers


def test_the_22_communes(config: Config, campaign: Campaign) -> None:
    members = config.members(campaign)
    assert {commune.code: commune.title for commune in members} == COMMUNES
    assert {commune.valid_from for commune in members} == {dt.date(2020, 1, 1)}
    assert {commune.valid_to for commune in members} == {dt.date(2025, 7, 1)}
    assert all(commune.emails and commune.chair_emails for commune in members)
    boxes = [box for commune in members for box in (*commune.emails, *commune.chair_emails)]
    assert len(set(boxes)) == len(boxes) == 44
    assert all(box.endswith(".example") for box in boxes)


def test_the_swapped_days_of_2024(config: Config) -> None:
    assert dt.date(2024, 4, 29) in {day.date for day in config.calendar.off}
    (worked,) = config.calendar.worked
    assert worked.date == dt.date(2024, 5, 4)
    assert "2450/VPCP-KGVX" in worked.notice


def test_only_the_passwords_are_left_to_warn_of(config: Config) -> None:
    told = [found.what for found in warnings(config)]
    assert len(told) == 2
    assert all("PASSWORD" in what for what in told)


FILES = {
    "settings.toml": Settings,
    "calendar.toml": CalendarFile,
    "campaigns/ocop-2024-2.toml": Campaign,
}


@pytest.mark.parametrize("name", FILES)
def test_every_key_that_exists_stands_in_the_example(name: str) -> None:
    file = parse(name, (EXAMPLE / name).read_bytes())
    assert isinstance(file, TomlFile)
    written = {tuple(step for step in path if isinstance(step, str)) for path in file.lines}
    tables = {(), *(path[:-1] for path in written)}
    missing = {
        (*path, known)
        for path in tables
        for known in keys_at(FILES[name], path)
        if (*path, known) not in written
    }
    assert missing == set()


def test_what_the_example_calls_default_is_the_default(config: Config) -> None:
    told = set()
    for name in Settings.model_fields:
        section = getattr(config.settings, name)
        for key_name, info in type(section).model_fields.items():
            if not info.is_required() and getattr(section, key_name) != info.get_default():
                told.add(f"{name}.{key_name}")
    # A path is made absolute: it starts at the config folder.
    assert told == {"mailbox.password_env", "smtp.password_env", "smtp.user", "oauth.token_file"}
    assert config.settings.oauth.token_file == str(EXAMPLE.absolute() / OAuth().token_file)


@pytest.mark.parametrize("name", [*FILES, "communes.csv"])
def test_fault_127_no_first_part_of_a_shipped_file_is_taken_for_the_whole(
    name: str, tmp_path: Path
) -> None:
    """What is required stands last in every file, so half of one is refused."""
    folder = tmp_path / "config"
    write_example(folder)
    lines = (EXAMPLE / name).read_bytes().splitlines(keepends=True)
    for count in range(0, len(lines), max(1, len(lines) // 40)):
        (folder / name).write_bytes(b"".join(lines[:count]))
        with pytest.raises(ConfigProblems):
            load(folder, env={})
    (folder / name).write_bytes(b"".join(lines[:-1]))
    with pytest.raises(ConfigProblems):
        load(folder, env={})


@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("Qua rà soát, xã không có nhu cầu hỗ trợ Điểm giới thiệu và bán sản phẩm OCOP.", "yes"),
        ("Trên địa bàn không có tổ chức, cá nhân nào đăng ký điểm.", "yes"),
        ("Xã không có nhu cầu vay vốn.", "no"),
        ("Cơ sở không đăng ký kinh doanh.", "no"),
        ("Xã không có nhu cầu quảng bá thêm sản phẩm OCOP.", "no"),
    ],
)
def test_the_shipped_phrases_widen_no_nil_return(
    campaign: Campaign, sentence: str, answer: str
) -> None:
    found = nil_statement([sentence], campaign.form)
    assert (found == "yes") == (answer == "yes")


def test_a_place_alone_is_no_kind_of_place(campaign: Campaign) -> None:
    captions = Captions(campaign.form)
    assert captions.exact("Vị trí") is None
    assert captions.exact("Vị trí (theo QĐ 950/QĐ-BCT)") == "location_kind"
