"""Values: canonical where they are certain, flagged or refused where they are not."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.form import Choice, Field, FieldType
from parsers.grid import Cell, CellValue
from parsers.money import UNREADABLE, unit_line
from parsers.number_words import spelt_number
from parsers.reading import CERTAIN
from parsers.values import Context, Value, is_ditto, money_unit, parse

TRIEU = Context("triệu đồng")
NGHIN = Context("nghìn đồng")
DONG = Context("đồng")
NONE = Context()
KINDS = (
    Choice("doanh nghiệp", ("DN", "công ty")),
    Choice("hợp tác xã", ("HTX",)),
    Choice("tổ hợp tác", ("THT",)),
    Choice("hộ kinh doanh", ("hộ KD", "HKD")),
)


def field(kind: FieldType, **more: object) -> Field:
    return Field("k", "Cột thử", kind, **more)  # type: ignore[arg-type]


def read(kind: FieldType, written: CellValue, context: Context = NONE, **more: object) -> Value:
    number_format = str(more.pop("number_format", ""))
    place = str(more.pop("place", "Biểu 1!B9"))
    shown = written if isinstance(written, str) else str(written)
    value = parse(field(kind, **more), Cell(shown, written, place, number_format), context)
    sound(value)
    return value


def sound(value: Value) -> None:
    """Hold the promise of every value: doubt never comes without its reason."""
    assert value.confidence >= CERTAIN or value.problem is not None
    assert value.text != ""
    if value.problem is not None:
        assert "Cột thử" in value.problem.message


def code(value: Value) -> str:
    return value.problem.code if value.problem else ""


MONEY = [
    ("50", TRIEU, "50000000"),
    ("'50", TRIEU, "50000000"),
    ("2,5", TRIEU, "2500000"),
    ("80.5", TRIEU, "80500000"),
    ("80,5", TRIEU, "80500000"),
    ("1.234,5", TRIEU, "1234500000"),
    ("1,234.5", TRIEU, "1234500000"),
    ("50 triệu", NONE, "50000000"),
    ("50tr", NONE, "50000000"),
    ("50 tr.đ", NONE, "50000000"),
    ("50 triệu đồng", TRIEU, "50000000"),
    ("1,5 tỷ", NONE, "1500000000"),
    ("1,5 tỷ", TRIEU, "1500000000"),
    ("1 tỷ 200 triệu", NONE, "1200000000"),
    ("1 tỷ 200 triệu", TRIEU, "1200000000"),
    ("50.000.000", DONG, "50000000"),
    ("50,000,000", DONG, "50000000"),
    ("50 000 000", DONG, "50000000"),
    ("50\u00a0000\u00a0000 đ", NONE, "50000000"),
    ("50.000.000 đồng", TRIEU, "50000000"),
    ("50.000.000đ", NONE, "50000000"),
    ("50.000.000", NONE, "50000000"),
    ("50.000", NGHIN, "50000000"),
    ("50,000", NGHIN, "50000000"),
    (150, TRIEU, "150000000"),
    (80.5, TRIEU, "80500000"),
    (50000000, DONG, "50000000"),
]


@pytest.mark.parametrize(("written", "context", "vnd"), MONEY)
def test_certain_amounts(written: CellValue, context: Context, vnd: str) -> None:
    value = read("money", written, context)
    assert value == Value(vnd, value.confidence)
    assert value.confidence >= CERTAIN


@pytest.mark.parametrize(
    ("written", "context", "vnd", "why"),
    [
        ("1.500", TRIEU, "1500000000", "ambiguous-number"),
        ("1,500", TRIEU, "1500000", "ambiguous-number"),
        ("khoảng 50 triệu", NONE, "50000000", "not-exact"),
        ("~50", TRIEU, "50000000", "not-exact"),
        ("150.000.\n000", DONG, "150000000", "not-exact"),
        ("50", Context("triệu đồng", certain=False), "50000000", "unit-doubtful"),
        ("150.000", DONG, "150000", "unit-doubtful"),
        ("8.000.000", NGHIN, "8000000000", "unit-doubtful"),
        ("1E+05", DONG, "100000", "not-exact"),
        ("1.234.567,89", DONG, "1234568", "not-exact"),
    ],
)
def test_doubtful_amounts_are_flagged(
    written: CellValue, context: Context, vnd: str, why: str
) -> None:
    value = read("money", written, context)
    assert (value.text, code(value)) == (vnd, why)
    assert value.confidence < CERTAIN


@pytest.mark.parametrize(
    ("written", "context", "why"),
    [
        ("150.000.000", TRIEU, "unit-conflict"),
        (150000000, TRIEU, "unit-conflict"),
        ("150.000", TRIEU, "unit-conflict"),
        ("50", DONG, "unit-conflict"),
        ("50đ", TRIEU, "unit-conflict"),
        ("500.000 đồng", TRIEU, "unit-conflict"),
        ("50", NONE, "unit-missing"),
        ("1.500", NONE, "unit-missing"),
        ("50-60 triệu", TRIEU, "range"),
        ("từ 50 đến 60", TRIEU, "range"),
        ("(5)", TRIEU, "negative"),
        ("-5", TRIEU, "negative"),
        (-5, TRIEU, "negative"),
        ("50%", TRIEU, "percent"),
        ("1 tỷ 200", TRIEU, "several-values"),
        ("200 triệu 1 tỷ", TRIEU, "several-values"),
        ("50; 60", TRIEU, "not-a-number"),
        ("1tr5", TRIEU, "not-a-number"),
        ("30+20", TRIEU, "not-a-number"),
        ("=30+20", TRIEU, "not-a-number"),
        ("50 triệu/điểm", TRIEU, "not-a-number"),
        ("50 USD", TRIEU, "not-a-number"),
        ("năm mươi triệu", TRIEU, "not-a-number"),
        ("1,2.3", TRIEU, "not-a-number"),
        ("1.23.456", TRIEU, "not-a-number"),
        (True, TRIEU, "not-text"),
        (dt.datetime(2024, 5, 1), TRIEU, "turned-into-date"),  # noqa: DTZ001  Excel has no zone
        (float("nan"), TRIEU, "formula-error"),
    ],
)
def test_amounts_that_give_no_value(written: CellValue, context: Context, why: str) -> None:
    value = read("money", written, context)
    assert value.text is None
    assert code(value) == why


@pytest.mark.parametrize(
    ("number", "number_format", "context", "vnd"),
    [
        (150000000, "#,##0,,", TRIEU, "150000000"),
        (150000, "#,##0,", TRIEU, "150000000"),
        (150, '#,##0" triệu"', NONE, "150000000"),
        (50000000, "#,##0 [$₫-42A]", TRIEU, "50000000"),
        (150, r"_-* #,##0\ _₫_-", TRIEU, "150000000"),
        (50, "#,##0 [$₫-42A]", TRIEU, None),
        (50, "[$$-409]#,##0", TRIEU, None),
        (1_500_000, "$#,##0", NONE, None),
        (1_500_000, r"\$#,##0", NONE, None),
        (1_500_000, "#,##0 €", NONE, None),
        (50_000, r"#,##0\k", NONE, "50000000"),
        (50, r"#,##0\ \t\r", NONE, "50000000"),
        (1_500_000, "#,##0 ₫", NONE, "1500000"),
        (1_500_000, 'General" đ"', NONE, "1500000"),
        (50, "[Red]General", TRIEU, "50000000"),
        (50, "* (#,##0.00)", TRIEU, "50000000"),
        (0.5, "0%", TRIEU, None),
    ],
)
def test_what_a_number_format_shows_counts(
    number: float, number_format: str, context: Context, vnd: str | None
) -> None:
    assert read("money", number, context, number_format=number_format).text == vnd


def test_the_campaigns_default_unit_yields_to_what_is_plainly_dong() -> None:
    assert read("money", "50", NONE, unit="triệu đồng").text == "50000000"
    value = read("money", "50.000.000", NONE, unit="triệu đồng")
    assert (value.text, code(value)) == ("50000000", "unit-doubtful")


def test_an_unusual_amount_is_a_warning_and_never_certain() -> None:
    value = read("money", "5000", TRIEU, low=Decimal(10**6), high=Decimal(10**9))
    assert (value.text, code(value)) == ("5000000000", "unusual-value")
    assert value.confidence < CERTAIN


def test_a_column_that_proves_its_decimal_sign_settles_the_two_readings() -> None:
    assert read("money", "1.500", Context("triệu đồng", decimal_sign=".")) == Value("1500000")
    assert read("money", "1.500", Context("triệu đồng", decimal_sign=",")) == Value("1500000000")


@given(st.integers(10, 999), st.sampled_from(["{} triệu", "{}tr", "{} triệu đồng", "{} trđ"]))
def test_millions_survive_every_writing(millions: int, writing: str) -> None:
    dotted = f"{millions * 10**6:,}"
    vnd = str(millions * 10**6)
    for context in (NONE, TRIEU, NGHIN, DONG):
        assert read("money", writing.format(millions), context).text == vnd
    for shown in (dotted, dotted.replace(",", "."), dotted.replace(",", " ")):
        assert read("money", f"{shown} đồng", TRIEU).text == vnd
        assert read("money", shown, DONG).text == vnd
        assert read("money", shown, NONE).text == vnd
        assert read("money", shown, TRIEU).text is None
    assert read("money", millions, TRIEU).text == vnd


@given(st.text(alphabet="0123456789., -+()%triệuđồngtỷk~–\n", max_size=14))
def test_fault_063_no_writing_of_a_number_is_certain_and_wrong(text: str) -> None:
    """Whatever is written: doubt has a reason, and a certain amount is spelt by its digits."""
    for context in (NONE, TRIEU, DONG):
        value = read("money", text, context)
        if value.text is not None and value.confidence >= CERTAIN:
            digits = "".join(letter for letter in text if letter.isdigit()).lstrip("0")
            kept = value.text.rstrip("0")
            assert digits.rstrip("0") in kept or "tỷ" in text or " " in text


@pytest.mark.parametrize("text", ["#REF!", "#N/A", "#DIV/0!", "#VALUE!", "#####"])
@pytest.mark.parametrize("kind", ["text", "money", "decimal", "phone", "date", "stars", "code"])
def test_fault_063_error_cells_are_never_values(text: str, kind: FieldType) -> None:
    """#REF! and its kin are errors in every column."""
    assert code(read(kind, text)) == "formula-error"


@pytest.mark.parametrize("text", ["", "—", "-", "không", "Không có", "0", "…", "ko", " . "])
@pytest.mark.parametrize("kind", ["text", "money", "decimal", "phone", "date", "list", "choice"])
def test_fault_063_the_ways_of_writing_nothing(text: str, kind: FieldType) -> None:
    """A dash, "không" or 0 is an empty cell."""
    assert read(kind, text, TRIEU if kind == "money" else NONE, choices=KINDS) == Value(None)


@pytest.mark.parametrize(
    ("written", "area"),
    [
        ("45,5", "45.5"),
        ("45.5", "45.5"),
        ("24,75 m2", "24.75"),
        ("24,75m\v²", "24.75"),
        ("50m2", "50"),
        ("50 m²", "50"),
        ("50 mét vuông", "50"),
        ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("0,5 ha", "5000"),
        ("0.500", "0.5"),
        (35.5, "35.5"),
        (36, "36"),
        (36.0, "36"),
    ],
)
def test_certain_areas(written: CellValue, area: str) -> None:
    assert read("decimal", written) == Value(area)


@pytest.mark.parametrize(
    ("written", "area", "why"),
    [
        ("1.500", "1500", "ambiguous-number"),
        ("1,500", "1.5", "ambiguous-number"),
        ("~50", "50", "not-exact"),
        ("1E+05", "100000", "not-exact"),
        ("1.500 x 2", None, "not-a-number"),
        ("50-60", None, "range"),
        ("0,5 sào", None, "not-a-number"),
        ("50 m2, trong đó 20 m2", None, "not-a-number"),
        ("-3", None, "not-a-number"),
        ("1" * 30, None, "not-a-number"),
        (1e300, None, "not-a-number"),
        (-3, None, "not-a-number"),
    ],
)
def test_doubtful_areas(written: CellValue, area: str | None, why: str) -> None:
    value = read("decimal", written)
    assert (value.text, code(value)) == (area, why)
    assert value.confidence < CERTAIN


@pytest.mark.parametrize(
    ("number", "number_format", "context", "area"),
    [
        (5.5, '0.0" ha"', NONE, "55000"),
        (20, '0"ha"', NONE, "200000"),
        (20, r"0\ \h\a", NONE, "200000"),
        (50, '0" m²"', NONE, "50"),
        (50, '0" m2"', Context("ha"), "50"),
        (50, '0.0"m"²', NONE, "50"),
        (2, '0" ha"', Context("m2"), "20000"),
        (2, "0.00_);(0.00)", Context("ha"), "20000"),
        (50, '#,##0" "', NONE, "50"),
        (50000, "0,", NONE, "50"),
        (1500, r"#\.##0", NONE, "1500"),
        (50, r"_-* #,##0\ _₫_-", NONE, "50"),
    ],
)
def test_what_the_format_of_an_area_shows_counts(
    number: float, number_format: str, context: Context, area: str
) -> None:
    assert read("decimal", number, context, number_format=number_format) == Value(area)


@pytest.mark.parametrize("number_format", ['0" sào"', '0" lô"', '0.0" mẫu"', '0" x 10"'])
def test_an_area_whose_format_shows_something_unknown_is_asked_about(number_format: str) -> None:
    assert read("decimal", 5, NONE, number_format=number_format).confidence < CERTAIN


@pytest.mark.parametrize("written", ["5x10m", "5 x 10", "5m x 10m", "5×10 m"])
def test_sides_are_multiplied_with_a_note(written: str) -> None:
    value = read("decimal", written)
    assert (value.text, code(value)) == ("50", "multiplied")


@given(st.decimals(min_value="0.1", max_value=99999, places=2))
def test_decimals_survive_both_conventions(number: Decimal) -> None:
    canonical = format(number.normalize(), "f")
    english = f"{number:,}"
    vietnamese = english.translate(str.maketrans(",.", ".,"))
    assert read("decimal", vietnamese).text == canonical
    assert read("decimal", english).text == canonical
    assert read("decimal", float(number)).text == canonical
    assert read("decimal", f"{vietnamese} m²").text == canonical


@pytest.mark.parametrize(
    "written",
    ["3", "3 sao", "3*", "***", "★★★", "3 ★", "OCOP 3", "ba sao", "Ba", "3 sao OCOP",
     "Hạng 3 sao", 3, 3.0, "★★★☆☆", "☆☆☆",
     "3 sao; 3 sao", "3*; 3*", "3 sao và 3", "3 ***", "3 sao ***", "3 ★★★☆☆", "* * *",
     "02 sản phẩm 3 sao", "02 sản phẩm ***", "3 sao, năm 2023", "3 sao; 45 điểm", "Sản phẩm OCOP 3",
     "3 sao\n(QĐ số 45 năm 2023)", "3 sao (QĐ 123 ngày 5/4/2023)", "3 sao từ năm 2022",
     "3 sao từ 5/2023", "3 sao từ tháng 5 năm 2023", "02 SP 3 sao", "3 sao (2 SP)", "3 sao, đợt 2",
     "3 sao (QĐ số 5)", "3 sao theo Kế hoạch số 5", "3 sao (1)", "1. Mật ong 3 sao 2. Chè 3 sao",
     "1) Mật ong 3 sao; 2) Chè 3 sao", "Hội đồng xét công nhận 3 sao", "3 sao trên 75 điểm",
     "+ Mật ong: 3 sao", "Mật ong: 3 sao, Chè: 3"],
)  # fmt: skip
def test_three_stars_once_or_twice_or_beside_something_else(written: CellValue) -> None:
    assert read("stars", written) == Value("3")


def test_hollow_stars_beside_full_ones_do_not_count() -> None:
    assert read("stars", "★★★★☆") == Value("4")


@pytest.mark.parametrize(
    "written",
    ["0", "6", "4.5", "4,5 sao", "3-4 sao", "3 sao, 4 sao", "3\n4", "đang đề nghị", "chưa xếp hạng",
     "phấn đấu 4 sao", "******", "tốt", 0.5, 4.5, 6],
)  # fmt: skip
def test_no_stars(written: CellValue) -> None:
    value = read("stars", written)
    assert value.text is None
    assert value.problem is not None


@pytest.mark.parametrize(
    "written", ["03 sản phẩm", "3 sản phẩm OCOP", "03 sản phẩm đạt", "3 SP", "Khách sạn 3 sao"]
)
def test_a_count_of_products_or_the_stars_of_a_hotel_are_no_rating(written: str) -> None:
    assert code(read("stars", written)) == "not-stars"


@pytest.mark.parametrize(
    "written",
    ["3 và 4 sao", "3; 4 sao", "3\n4 sao", "3 & 4 sao", "3 + 4 sao", "3 hoặc 4 sao", "3 hay 4 sao",
     "4 sao; 3", "3 sao/4", "3 sao\n4", "03 và 04 sao", "ba và bốn sao", "ba sao, bốn", "3 4 sao",
     "3 ****", "**** 3", "4 sao ***", "3 ★★★★☆", "OCOP 3; 4 sao"],
)  # fmt: skip
def test_two_ratings_in_one_cell_are_none(written: str) -> None:
    assert code(read("stars", written)) == "several-values"


@pytest.mark.parametrize(
    ("written", "stars", "why"),
    [
        ("Mật ong: 4 sao, Chè: 3", "4", "several-values"),
        ("4 sao (mật ong), 3 (chè)", "4", "several-values"),
        ("4 sao: mật ong; 3: chè", "4", "several-values"),
        ("Mật ong 4 sao\nChè 3", "4", "several-values"),
        ("02 SP 4 sao, 01 SP 3", "4", "several-values"),
        ("≥3 sao", "3", "not-exact"),
        ("3+", "3", "not-exact"),
        ("từ 3 sao trở lên", "3", "not-exact"),
        ("từ ba sao", "3", "not-exact"),
        ("trên 3*", "3", "not-exact"),
        ("dưới 3 sao", "3", "not-exact"),
        ("mục tiêu 4 sao", "4", "stars-pending"),
        ("kế hoạch năm 2025: 4 sao", "4", "stars-pending"),
        ("đề xuất 4 sao", "4", "stars-pending"),
        ("tự chấm 4 sao", "4", "stars-pending"),
        ("xét 4 sao", "4", "stars-pending"),
        ("3 lên 4 sao", "4", "stars-pending"),
        ("thu hồi 3 sao", "3", "stars-pending"),
        ("3 sao, hết hiệu lực", "3", "stars-pending"),
    ],
)
def test_a_rating_that_may_not_be_the_one_given_is_asked_about(
    written: str, stars: str, why: str
) -> None:
    """Bounds, hopes, what was taken back, and a second product's rating without the word."""
    value = read("stars", written)
    assert (value.text, code(value)) == (stars, why)
    assert value.confidence < CERTAIN


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("15/05/2024", "2024-05-15"),
        ("15-5-24", "2024-05-15"),
        ("15.5.2024", "2024-05-15"),
        ("ngày 3 tháng 4 năm 2026", "2026-04-03"),
        ("Ngày 05 tháng 5 năm 2024", "2024-05-05"),
        ("2024-05-15", "2024-05-15"),
        ("05/05/2024", "2024-05-05"),
        ("QĐ 12/QĐ-UBND ngày 15/5/2023", "2023-05-15"),
        ("cấp vào15/05/2023", "2023-05-15"),
        ("QĐ số 12/QĐ-UBND ngày 15/5/2024", "2024-05-15"),
        ("QĐ 12/QĐ-UBND ngày 15/5/2024 theo đề nghị của Hội đồng", "2024-05-15"),
        ("cấp lại 15/5/2024", "2024-05-15"),
        ("cấp ngày 15/5/2024", "2024-05-15"),
        ("ngày cấp: 15/5/2024", "2024-05-15"),
        ("15/5/2024 (gia hạn)", "2024-05-15"),
        ("GCN 36 tháng từ 15/5/2024", "2024-05-15"),
        ("Thời hạn 36 tháng kể từ ngày 15/5/2024", "2024-05-15"),
        (dt.datetime(2024, 5, 1), "2024-05-01"),  # noqa: DTZ001  Excel has no zone
        (dt.date(2024, 5, 1), "2024-05-01"),
    ],
)
def test_certain_dates(written: CellValue, iso: str) -> None:
    assert read("date", written) == Value(iso)


@pytest.mark.parametrize(
    ("written", "iso", "why"),
    [
        ("03/04/2026", "2026-04-03", "date-order"),
        ("04/25/2024", "2024-04-25", "date-order"),
        (45427, "2024-05-15", "date-serial"),
        ("15/5/98", "1998-05-15", "date-year"),
        ("31/02/2024", None, "impossible-date"),
        ("29/2/2023", None, "impossible-date"),
        ("ngày    /5/2024", None, "not-a-date"),
        ("tháng 5/2024", None, "not-a-date"),
        ("5/2024", None, "not-a-date"),
        ("2024", None, "not-a-date"),
        (2024, None, "not-a-date"),
        ("15/5/2024 - 15/5/2027", None, "several-values"),
        ("Hết hạn 15/12/2026", None, "expiry-date"),
        ("có giá trị đến 15/12/2026", None, "expiry-date"),
        ("HSD: 15/12/2026", None, "expiry-date"),
        ("hạn dùng 15/12/2026", None, "expiry-date"),
        ("hiệu lực tới 15/12/2026", None, "expiry-date"),
        ("đến 15/12/2026", None, "expiry-date"),
        ("đến ngày 15/12/2026", None, "expiry-date"),
        ("gia hạn đến 15/12/2026", None, "expiry-date"),
        ("thời hạn: 15/12/2026", None, "expiry-date"),
        ("hạn ngày 15 tháng 12 năm 2026", None, "expiry-date"),
        ("dự kiến 15/12/2026", None, "not-issued"),
        ("15/12/2026 (dự kiến)", None, "not-issued"),
        ("sẽ cấp 15/12/2026", None, "not-issued"),
        ("chưa cấp, nộp hồ sơ 15/5/2024", None, "not-issued"),
        ("thu hồi ngày 15/5/2023", None, "not-issued"),
        ("hồ sơ nộp 15/5/2024", "2024-05-15", "not-issued"),
        ("đề nghị cấp ngày 15/5/2024", "2024-05-15", "not-issued"),
        ("Đăng ký kinh doanh ngày 15 tháng 5 năm 2024", "2024-05-15", "not-issued"),
        ("nộp 3/4/2024", "2024-04-03", "not-issued"),
        ("l5/05/2023", None, "not-a-date"),
        ("I5-05-2023", None, "not-a-date"),
        ("O5/05/2023", None, "not-a-date"),
        ("15/05/20l3", None, "not-a-date"),
        ("ngày l5 tháng 5 năm 2023", None, "not-a-date"),
        (dt.datetime(1900, 1, 5), None, "impossible-date"),  # noqa: DTZ001  Excel has no zone
    ],
)
def test_fault_064_dates_are_day_first_or_flagged(
    written: CellValue, iso: str | None, why: str
) -> None:
    """Two readings, serials and impossible days are never silently certain."""
    value = read("date", written)
    assert (value.text, code(value)) == (iso, why)
    assert value.confidence < CERTAIN


def test_typed_dates_of_a_spreadsheet_that_puts_the_month_first_are_remarked_upon() -> None:
    exchanged = Context(day_first=True, exchanged=True)
    for day in (dt.date(2023, 5, 6), dt.datetime(2023, 5, 6)):  # noqa: DTZ001  Excel has no zone
        value = read("date", day, exchanged)
        assert (value.text, code(value)) == ("2023-05-06", "date-order")
        assert value.confidence < CERTAIN
    assert read("date", dt.date(2023, 5, 5), exchanged) == Value("2023-05-05")
    assert read("date", "06/05/2023", exchanged) == Value("2023-05-06")


@given(st.dates(dt.date(1990, 1, 1), dt.date(2099, 12, 31)))
def test_fault_064_dates_survive_every_writing(day: dt.date) -> None:
    """Day, month, year in any usual writing is that day."""
    for shown in (
        f"{day:%d/%m/%Y}",
        f"{day.day}/{day.month}/{day.year}",
        f"{day:%d-%m-%Y}",
        f"{day.day}.{day.month}.{day.year}",
        f"ngày {day:%d} tháng {day.month} năm {day.year}",
        day.isoformat(),
    ):
        assert read("date", shown).text == day.isoformat()
        assert read("date", shown, Context(day_first=True)) == Value(day.isoformat())


@pytest.mark.parametrize(
    ("written", "phones"),
    [
        ("0912345678", "0912345678"),
        ("0912.345.678", "0912345678"),
        ("０９１２３４５６７８", "0912345678"),
        ("0912 345 678", "0912345678"),
        ("0912-345-678", "0912345678"),
        ("912345678", "0912345678"),
        (912345678, "0912345678"),
        (912345678.0, "0912345678"),
        ("+84 912 345 678", "0912345678"),
        ("(+84) 0912 345 678", "0912345678"),
        ("84912345678", "0912345678"),
        ("0842345678", "0842345678"),
        (842345678, "0842345678"),
        ("091234567\n8", "0912345678"),
        ("01234567890", "0834567890"),
        (1234567890, "0834567890"),
        ("0162 345 6789", "0323456789"),
        ("0199.345.6789", "0593456789"),
        ("02053811234", "02053811234"),
        ("(0205) 3811 234", "02053811234"),
        (2053811234, "02053811234"),
        ("Ông Thử: 0912345678 (Zalo)", "0912345678"),
        ("0912345678/0987654321", "0912345678; 0987654321"),
        ("0912345678 0987654321", "0912345678; 0987654321"),
        ("0912 345 678 - 0987 654 321", "0912345678; 0987654321"),
        ("0912345678-0987654321", "0912345678; 0987654321"),
        ("0912345678–0987654321", "0912345678; 0987654321"),
        ("0912.345.678-02053811234", "0912345678; 02053811234"),
        ("0912345678-0987654321, 0363112233", "0912345678; 0987654321; 0363112233"),
        ("0205-3811-234", "02053811234"),
        ("0912345678\n02053811234", "0912345678; 02053811234"),
        ("0912345678\n0363112233", "0912345678; 0363112233"),
        ("0912 345 678, 036\n3112233", "0912345678; 0363112233"),
        ("0912/345/678", "0912345678"),
        ("0912 - 345 - 678", "0912345678"),
        ("0912-34-56-78", "0912345678"),
        ("0912,345,678", "0912345678"),
        ("0912345-678", "0912345678"),
        ("912 345 678", "0912345678"),
        ("+84 (0) 912345678", "0912345678"),
        ("+84-912345678", "0912345678"),
        ("0084 912 345 678", "0912345678"),
        ("0205/3861.111", "02053861111"),
        ("205 3861111", "02053861111"),
        ("1800 54 54 78", "1800545478"),
    ],
)
def test_phones(written: CellValue, phones: str) -> None:
    value = read("phone", written)
    assert value == Value(phones, value.confidence)
    assert value.confidence >= CERTAIN


@pytest.mark.parametrize("written", ["091234567", "3811234", "09123456789", "01601234567", "abc"])
def test_what_is_no_phone(written: str) -> None:
    assert code(read("phone", written)) == "bad-phone"
    assert read("phone", written).text is None


@pytest.mark.parametrize(
    "written",
    ["3.861.111/12", "3861111 - 12", "3861111-12", "3861.111 (12)", "3861111(12)", "3.861.111 12",
     "3 861 111 12", "386 1111/12", "861111; 123", "861.111/861", "3861111\n12",
     "3861111-12 / 3861112"],
)  # fmt: skip
def test_short_numbers_and_extensions_make_no_number_that_nobody_wrote(written: str) -> None:
    assert code(read("phone", written)) == "bad-phone"
    assert read("phone", written).text is None


@pytest.mark.parametrize("written", ["0205 386111/2", "0205 386111 (2)", "0205386111-2"])
def test_an_extension_does_not_fill_up_a_short_landline(written: str) -> None:
    value = read("phone", written)
    assert (value.text, code(value)) == ("0205386111", "bad-phone")
    assert value.confidence < CERTAIN


def test_a_phone_that_is_only_partly_read_is_not_certain() -> None:
    for written in ("0912345678/79", "0912345678-79", "O912345678"):
        value = read("phone", written)
        assert (value.text, code(value)) == ("0912345678", "bad-phone")
        assert value.confidence < CERTAIN


@pytest.mark.parametrize("written", ["091234567", "0912345678/79", 91234567])
def test_personal_values_are_never_quoted(written: CellValue) -> None:
    value = read("phone", written, personal=True)
    assert value.problem is not None
    assert not any(letter.isdigit() and letter not in "01" for letter in value.problem.message)
    date = read("date", "31/02/1984", personal=True)
    assert date.problem is not None
    assert "1984" not in date.problem.message


@given(st.from_regex(r"0[35789][0-9]{8}", fullmatch=True))
def test_mobiles_survive_every_writing(phone: str) -> None:
    dotted = f"{phone[:4]}.{phone[4:7]}.{phone[7:]}"
    for shown in (
        phone,
        dotted,
        dotted.replace(".", " "),
        dotted.replace(".", "-"),
        f"+84{phone[1:]}",
    ):
        assert read("phone", shown).text == phone
    assert read("phone", int(phone)).text == phone


@pytest.mark.parametrize(
    ("written", "number_format", "text", "why"),
    [
        ("14A8 001 234", "", "14A8001234", ""),
        ("00123", "", "00123", ""),
        ("'00123", "", "00123", ""),
        ("14E8000123", "", "14E8000123", ""),
        (123, "00000", "00123", ""),
        (4900123456, "", "4900123456", ""),
        (123, "", "123", "lost-zero"),
        (490012345, "General", "490012345", "lost-zero"),
        (1200012345, "", "1200012345", "lost-zero"),
        (100109106001, "", "100109106001", "lost-zero"),
        (100109106, "", "100109106", "lost-zero"),
        (2300102253, "", "2300102253", ""),
        (4900123456001, "", "4900123456001", ""),
        (1200012345, "000000000000", "001200012345", ""),
        ("001200012345", "", "001200012345", ""),
        ("1.23457E+11", "", None, "shortened"),
        (1.23457e17, "", None, "shortened"),
        ("4900 123 456", "", "4900123456", ""),
        ("49001234\n56", "", "4900123456", ""),
        ("14A8001234 / 4900123456", "", "14A8001234/4900123456", ""),
        ("Giấy phép số 14A8001234", "", "Giấyphépsố14A8001234", ""),
        ("4900123456\n14A8001234", "", "4900123456; 14A8001234", "several-values"),
        ("4900123456 14A8001234", "", "4900123456; 14A8001234", "several-values"),
        ("Số 4900123456 14A8001234", "", "Số4900123456; 14A8001234", "several-values"),
        ("4900 123 456 4900 123 457", "", "4900 123 456 4900 123 457", "several-values"),
        ("4900 123 456 - 4900 123 457", "", "4900 123 456 - 4900 123 457", "several-values"),
        ("4900123 456\n14D8 001234", "", "4900123 456 14D8 001234", "several-values"),
        ("4900 123 456/4900 123 457", "", "4900123456/4900123457", ""),
        ("4900123456 - 001", "", "4900123456-001", ""),
    ],
)
def test_fault_065_codes_keep_their_zeros_or_are_flagged(
    written: CellValue, number_format: str, text: str | None, why: str
) -> None:
    """Zeros come back only where the cell declares its width; shortened codes are refused.

    A space within a code goes; two codes with nothing else between them are not one.
    """
    value = read("code", written, number_format=number_format)
    assert (value.text, code(value)) == (text, why)
    assert (value.confidence >= CERTAIN) is (why == "")


@pytest.mark.parametrize(
    ("written", "items"),
    [
        ("Mật ong; Chè", "Mật ong; Chè"),
        ("Mật ong\nChè", "Mật ong; Chè"),
        ("Mật ong + Chè", "Mật ong; Chè"),
        ("1. Mật ong 2. Chè Shan", "Mật ong; Chè Shan"),
        ("Mật ong / Chè", "Mật ong; Chè"),
        ("1. Mật ong\n2. Chè 3. Gạo", "Mật ong; Chè; Gạo"),
        ("a) Mật ong\nb) Chè", "Mật ong; Chè"),
        ("(1) Mật ong; (2) Chè", "Mật ong; Chè"),
        ("Mật ong,\nChè", "Mật ong; Chè"),
        ("1) Mật ong\n2) Chè", "Mật ong; Chè"),
        ("- Mật ong\n- Chè", "Mật ong; Chè"),
        ("• Mật ong\n• Chè", "Mật ong; Chè"),
        ("Mật ong, Chè", "Mật ong; Chè"),
        ("Thịt lợn, gà gác bếp", "Thịt lợn, gà gác bếp"),
        ("Chè (gói; hộp); Gạo", "Chè (gói; hộp); Gạo"),
        ("Mật ong hoa\nnhãn", "Mật ong hoa nhãn"),
        ("Gạo 2,5kg", "Gạo 2,5kg"),
        ("Na", "Na"),
        ("Mật ong;\n", "Mật ong"),
    ],
)
def test_lists(written: str, items: str) -> None:
    assert read("list", written).text == items


def test_lines_that_the_width_may_have_broken_stay_together_and_are_asked_about() -> None:
    value = read("list", "Dưa lưới\vHương Sen\nChè")
    assert (value.text, code(value)) == ("Dưa lưới Hương Sen; Chè", "list-lines")
    assert read("list", "Mật ong hoa\vnhãn; Chè\vShan") == Value("Mật ong hoa nhãn; Chè Shan", 0.95)
    assert read("list", "- Mật ong\v- Chè Shan") == Value("Mật ong; Chè Shan", 0.95)
    assert read("list", "Mật ong +\vChè") == Value("Mật ong; Chè", 0.95)


@pytest.mark.parametrize(
    "written",
    ["Mật ong, chè Shan", "Mật ong và Chè", "Mật ong+Chè", "Mật ong/Chè", "Vịt; Mật ong & chè"],
)
def test_signs_that_may_part_items_are_asked_about(written: str) -> None:
    value = read("list", written)
    assert (value.text, code(value)) == (written, "list-items")
    assert value.confidence < CERTAIN


@given(
    st.lists(
        st.from_regex(r"[A-Z][a-z]{2,6}( [a-z]{2,5})?", fullmatch=True), min_size=1, max_size=4
    )
)
def test_lists_survive_every_separator(items: list[str]) -> None:
    canonical = "; ".join(items)
    for separator in ("; ", ";", "\n", " + ", ", "):
        assert read("list", separator.join(items)).text == canonical
    numbered = "\n".join(f"{number}. {item}" for number, item in enumerate(items, 1))
    assert read("list", numbered).text == canonical
    assert read("list", canonical).text == canonical


@pytest.mark.parametrize(
    ("written", "choice", "why"),
    [
        ("Hợp tác xã", "hợp tác xã", ""),
        ("HTX", "hợp tác xã", ""),
        ("Ho kinh doanh", "hộ kinh doanh", ""),
        ("HỘ KINH\nDOANH", "hộ kinh doanh", ""),
        ("Tổ hợp tác", "tổ hợp tác", ""),
        ("doanh", "doanh nghiệp", "near-choice"),
        ("HTX Nông nghiệp", "hợp tác xã", "near-choice"),
        ("DN; HTX", None, "not-a-choice"),
        ("trường học", None, "not-a-choice"),
    ],
)
def test_choices(written: str, choice: str | None, why: str) -> None:
    value = read("choice", written, choices=KINDS)
    assert (value.text, code(value)) == (choice, why)
    if why == "not-a-choice" and value.problem:
        assert "doanh nghiệp; hợp tác xã; tổ hợp tác; hộ kinh doanh" in value.problem.message


@pytest.mark.parametrize(
    "mark", ["nt", "-nt-", "NT", "//", "-//-", '"', "”", "như trên", "Nhu tren"]
)
@pytest.mark.parametrize("kind", ["text", "money", "date", "stars", "choice"])
def test_ditto_marks_wait_for_the_row_above(mark: str, kind: FieldType) -> None:
    assert is_ditto(mark)
    assert code(read(kind, mark, choices=KINDS)) == "ditto"


def test_text_is_kept_as_written_on_one_line() -> None:
    assert read("text", "  Xã  Hoà\nCư ") == Value("Xã Hoà Cư")
    assert read("text", 12.0) == Value("12")


def test_a_choice_of_two_equal_names_is_not_guessed() -> None:
    twins = (Choice("chợ", ("Khu A",)), Choice("siêu thị", ("khu a",)))
    assert read("choice", "KHU A", choices=twins).text is None


def test_values_outside_the_usual_are_warned_about() -> None:
    for kind, written, text in (("decimal", "600", "600"), ("stars", "2", "2")):
        value = read(kind, written, low=Decimal(3), high=Decimal(500))  # type: ignore[arg-type]
        assert (value.text, code(value)) == (text, "unusual-value")
    assert code(read("decimal", "36", low=Decimal(3), high=Decimal(500))) == ""


def test_a_text_that_excel_turned_into_a_date_is_flagged() -> None:
    value = read("text", dt.datetime(2024, 2, 1))  # noqa: DTZ001  Excel has no zone
    assert code(value) == "turned-into-date"
    assert value.confidence < CERTAIN


def test_uncalculated_formula_is_neither_empty_nor_zero() -> None:
    for value in (None, 0):
        cell = Cell("", value, "Biểu 1!B9", uncalculated=True)
        assert code(parse(field("money"), cell, TRIEU)) == "uncalculated"


def test_fault_067_legacy_text_is_refused() -> None:
    """Text of .VnTime or VNI fonts gives no value, and the remedy."""
    value = read("text", "thÞ trÊn §ång §¨ng")
    assert (value.text, code(value)) == (None, "legacy-font")


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("Kinh phí (triệu đồng)", "triệu đồng"),
        ("Kinh phí\n(triệu\nđồng)", "triệu đồng"),
        ("Đơn vị tính: Triệu đồng", "triệu đồng"),
        ("ĐVT: 1.000 đ", "nghìn đồng"),
        ("(Đơn vị tính: 1000 đồng)", "nghìn đồng"),
        ("ĐVT: 1.000.000 đồng", "triệu đồng"),
        ("tr.đ", "triệu đồng"),
        ("Tổng kinh phí (Trđ)", "triệu đồng"),
        ("DVT: trieu dong", "triệu đồng"),
        ("ĐVT: tỷ đồng", "tỷ đồng"),
        ("(đồng)", "đồng"),
        ("ĐVT: VNĐ", "đồng"),
        ("Thị trấn Đồng Đăng", None),
        ("Hợp đồng", None),
        ("Hỗ trợ không quá 100 triệu đồng", None),
        ("Đơn vị: UBND xã Hòa Cư", None),
        ("Tổng kinh phí (x 1.000 đồng)", "nghìn đồng"),
        ("Tổng kinh phí (x1000đ)", "nghìn đồng"),
        ("Tổng kinh phí ('000 đồng)", "nghìn đồng"),
        ("Tổng kinh phí (’000đ)", "nghìn đồng"),
        ("Tổng kinh phí (000đ)", "nghìn đồng"),
        ("Tổng kinh phí (ngđ)", "nghìn đồng"),
        ("Tổng kinh phí (Nghđ)", "nghìn đồng"),
        ("ĐVT: ng.đ", "nghìn đồng"),
        ("Tổng kinh phí (đồng x 1000)", "nghìn đồng"),
        ("Tổng kinh phí (10^3 đồng)", "nghìn đồng"),
        ("Tổng kinh phí (x 1.000.000 đồng)", "triệu đồng"),
        ("Tổng kinh phí (10^6 đồng)", "triệu đồng"),
        ("Tổng kinh phí (10⁶ đồng)", "triệu đồng"),
        ("Tổng kinh phí (000.000đ)", "triệu đồng"),
        ("Tổng kinh phí x 1.000 đồng", "nghìn đồng"),
        ("Tổng kinh phí ngđ", "nghìn đồng"),
        ("Tổng kinh phí tr.đ", "triệu đồng"),
        ("Kinh phí (triệu đồng/điểm)", "triệu đồng"),
        ("Kinh phí (triệu đồng / 01 cơ sở)", "triệu đồng"),
        ("Hỗ trợ 100 trđ", None),
        ("Kinh phí (theo hợp đồng)", None),
        ("Kinh phí (đối ứng của cộng đồng)", None),
        ("Kinh phí (tối đa 1.000.000 đồng)", None),
        ("Kinh phí (50.000.000đ/điểm)", None),
        ("Kinh phí (theo QĐ 2000/QĐ-UBND)", None),
        ("Hỗ trợ không quá 1.000.000 đồng", None),
        ("Đơn vị: HTX Đại Đồng", None),
        ("(k)", None),
        ("", None),
    ],
)
def test_money_unit(header: str, unit: str | None) -> None:
    assert money_unit(header) == unit


@pytest.mark.parametrize(
    ("line", "unit"),
    [
        ("Đơn vị tính: Triệu đồng", "triệu đồng"),
        ("(Đơn vị: 1.000 đồng)", "nghìn đồng"),
        ("Đ/v tính: triệu đồng", "triệu đồng"),
        ("ĐV: triệu đồng", "triệu đồng"),
        ("Đ/V: nghìn đồng", "nghìn đồng"),
        ("Số tiền tính bằng triệu đồng", "triệu đồng"),
        ("(Số tiền tính bằng đồng)", "đồng"),
        ("Số liệu kinh phí tính theo đơn vị triệu đồng", "triệu đồng"),
        ("Kinh phí: triệu đồng", "triệu đồng"),
        ("Kinh phí đề nghị hỗ trợ: 1.000 đ", "nghìn đồng"),
        ("Số liệu đơn vị tính: triệu đồng; m2", "triệu đồng"),
        ("ĐVT: ngìn đồng", UNREADABLE),
        ("Đơn vị: UBND xã Hòa Cư", None),
        ("Đơn vị: HTX Đại Đồng", None),
        ("Kinh phí: 500 triệu đồng", None),
        ("Kinh phí: theo hợp đồng", None),
        ("Tổng kinh phí 1,5 tỷ đồng, tính bằng ngân sách huyện", None),
        ("Kính gửi: Hội đồng", None),
        ("Triệu đồng", None),
        ("", None),
    ],
)
def test_a_line_over_a_table_states_its_unit(line: str, unit: str | None) -> None:
    assert unit_line(line) == unit


UNREADABLE_UNITS = [
    "Tổng kinh phí (USD)",
    "Tổng kinh phí ($)",
    "Tổng kinh phí USD",
    "Tổng kinh phí (triệu đồng)\n(đồng)",
    "Tổng kinh phí (triệu đồng) (nghìn đồng)",
    "Tổng kinh phí (trăm nghìn đồng)",
    "Tổng kinh phí (x 100 đồng)",
    "Tổng kinh phí (106 đồng)",
    "Tổng kinh phí ('000)",
    "Tổng kinh phí (đồng/m2)",
    "Tổng kinh phí (nghìn đồng/m2)",
    "Tổng kinh phí (triệu đồng/tháng)",
    "Tổng kinh phí (triệu đồng/năm)",
    "Tổng kinh phí (triệu đồng/điểm/năm)",
    "ĐVT: triệu đồng/năm",
    "Tổng kinh phí (ngìn đồng)",
    "Tổng kinh phí 1.000 đồng",
    "ĐVT: ngìn đồng",
]


@pytest.mark.parametrize("header", UNREADABLE_UNITS)
def test_a_unit_that_is_stated_and_cannot_be_read_makes_no_amount_certain(header: str) -> None:
    context = Context(money_unit(header) or "")
    for written in (1_200_000, "1.200.000"):
        value = read("money", written, context)
        assert (value.text, code(value)) == ("1200000", "unit-doubtful")
        assert value.confidence < CERTAIN
    assert code(read("money", 50, context)) == "unit-missing"
    assert code(read("money", 50, context, unit="triệu đồng")) == "unit-doubtful"
    assert read("money", "50 triệu", context) == Value("50000000")


@given(
    st.sampled_from(
        ["text", "code", "phone", "choice", "decimal", "list", "stars", "date", "money"]
    ),
    st.text(max_size=30)
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.datetimes()
    | st.booleans(),
)
def test_every_cell_gets_an_answer(kind: FieldType, written: CellValue) -> None:
    read(kind, written, TRIEU, choices=KINDS)


@pytest.mark.parametrize(
    ("written", "text", "severity", "code_"),
    [
        ("(5)", None, "error", "negative"),
        (-5, None, "error", "negative"),
        (5_000, "5000000000", "warning", "unusual-value"),
        (50, "50000000", None, ""),
    ],
)
def test_fault_083_a_negative_amount_is_refused_and_a_hundredfold_one_remarked_upon(
    written: CellValue, text: str | None, severity: str | None, code_: str
) -> None:
    """FAULTS 83: in triệu đồng, where 10 to 500 are usual: no guess, and no silent acceptance."""
    value = read("money", written, TRIEU, low=Decimal(10_000_000), high=Decimal(500_000_000))
    assert (value.text, code(value)) == (text, code_)
    assert (value.problem.severity if value.problem else None) == severity


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("năm mươi triệu đồng", 50_000_000),
        ("Bằng chữ: Một trăm hai mươi lăm triệu năm trăm nghìn đồng chẵn./.", 125_500_000),
        ("một tỷ hai trăm triệu đồng", 1_200_000_000),
        ("hai mươi tư triệu", 24_000_000),
        ("một trăm linh năm nghìn", 105_000),
        ("trong đó NSNN", None),
        ("năm mươi triệu rưỡi", None),
        ("nam muoi trieu dong", None),
        ("hai ba", None),
    ],
)
def test_numbers_in_words(words: str, number: int | None) -> None:
    assert spelt_number(words) == number


def test_an_amount_in_words_confirms_or_contradicts_its_figures() -> None:
    same = read("money", "50.000.000đ (năm mươi triệu đồng)")
    assert (same.text, same.confidence) == ("50000000", 1.0)
    assert read("money", "50 (năm mươi)", TRIEU).confidence == 1.0
    assert code(read("money", "50.000.000đ (năm triệu đồng)")) == "words-differ"


@pytest.mark.parametrize("kind", ["money", "decimal", "phone", "date", "stars", "code"])
def test_what_is_far_too_long_is_no_number(kind: FieldType) -> None:
    """Looking at it closely took seconds: white space round a line end, by the square."""
    value = read(kind, "\xa0" * 30_000 + "5", TRIEU)
    assert (value.text, code(value)) == (None, "too-long")
