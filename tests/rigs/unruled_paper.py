"""Forms on paper without borders, drawn in every manner that a seed chooses, and what they say."""

import random
from dataclasses import dataclass
from io import BytesIO

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

_FONTS = {
    "Sans": "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "Serif": "/usr/share/fonts/truetype/liberation2/LiberationSerif-Regular.ttf",
}
_TEXT = (
    "Bản Ngà Nà Lìn Khuổi Mạ Hòa Cư Pò Lạn Đồng Đăng nông sản hợp tác xã cửa hàng chợ "
    "trung tâm bến xe thôn xóm mật ong bạc hà chè dây vịt quay măng ớt hồi khô na dai "
    "rượu men lá quốc lộ Tổng Quan Cộng Hòa "
)
_WORDS = _TEXT.split()
_NAMES = ("Hoàng Thị Mẫu", "Lý Văn Thử", "Nông Văn Ví", "Vi Thị Lập", "Triệu Văn Bình Minh")
HEAD = (
    "STT", "Tên điểm", "Địa chỉ", "Chủ thể quản lý", "Người đại diện", "Điện thoại",
    "Diện tích (m2)", "Sản phẩm OCOP", "Hạng sao", "Kinh phí đề nghị hỗ trợ (triệu đồng)",
    "Ghi chú",
)  # fmt: skip
KEYS = (
    "", "name", "address", "owner", "representative", "phone", "area_m2", "products", "stars",
    "cost_requested", "note",
)  # fmt: skip
_WIDTHS = (30, 95, 85, 95, 75, 72, 50, 85, 38, 62, 80)
_COLUMNS = tuple(range(11))
_PAGE = (842, 595)
_TOP, _BOTTOM, _LEFT = 560, 30, 20


@dataclass(frozen=True, slots=True)
class Manner:
    """How the table is drawn. ``rules``: none, under each row, round the header, top and bottom."""

    font: str
    size: float
    leading: float
    margin: float
    padding: float
    vertical: str
    rules: str
    counted: bool
    total: bool


def manner(chance: random.Random) -> Manner:
    """Choose a manner."""
    size = chance.choice((8, 9, 10))
    return Manner(
        chance.choice(tuple(_FONTS)),
        size,
        size * chance.choice((1.15, 1.2, 1.3)),
        chance.choice((1.5, 2.8, 5.4)),
        chance.choice((0, 0, 1, 3, 8)),
        chance.choice(("top", "middle", "bottom")),
        chance.choice(("none", "none", "each", "head", "ends")),
        chance.random() < 0.4,
        chance.random() < 0.4,
    )


def _some(chance: random.Random, least: int, most: int) -> str:
    return " ".join(chance.choice(_WORDS) for _ in range(chance.randint(least, most)))


def row(chance: random.Random, number: int) -> tuple[str, ...]:
    """Invent a row of the form."""
    return (
        str(number),
        "Điểm " + _some(chance, 2, 7),
        "Thôn " + _some(chance, 1, 6),
        "HTX " + _some(chance, 2, 8),
        chance.choice(_NAMES),
        f"09{chance.randrange(10**8):08d}",
        f"{chance.choice((12, 20, 35))}{chance.choice(('', ',5'))}",
        _some(chance, 2, 6),
        str(chance.randint(3, 5)),
        str(chance.randint(20, 300)),
        chance.choice(("", _some(chance, 1, 5))),
    )


def values(cells: tuple[str, ...]) -> dict[str, str]:
    """Return what a row says, by field, in canonical writing."""
    found = dict(zip(KEYS, cells, strict=True))
    found["area_m2"] = found["area_m2"].replace(",", ".")
    found["cost_requested"] += "000000"
    return {key: value for key, value in found.items() if key and value}


class UnruledPaper:
    """A page with a title, the table and the signatures."""

    def __init__(self, how: Manner) -> None:
        for name, path in _FONTS.items():
            pdfmetrics.registerFont(TTFont(name, path))
        self._how = how
        self._buffer = BytesIO()
        self._canvas = Canvas(self._buffer, pagesize=_PAGE, invariant=1)
        self._y = self._started = float(_TOP)
        self._canvas.setFont(how.font, how.size + 2)
        self._canvas.drawCentredString(421, _TOP, "DANH SÁCH ĐĂNG KÝ ĐIỂM GIỚI THIỆU SẢN PHẨM OCOP")
        self._y -= 24

    def table(self, rows: list[tuple[str, ...]]) -> None:
        """Draw the header and the rows."""
        how = self._how
        self._started = self._y
        if how.rules != "none":
            self._rule()
        self._row(HEAD, "middle", "c" * 11)
        if how.rules in {"each", "head"}:
            self._rule()
        if how.counted:
            self._row(tuple(f"({n})" for n in range(1, 12)), how.vertical, "c" * 11)
        for cells in rows:
            self._row(cells, how.vertical, "clllllrlcrl")
            if how.rules == "each":
                self._rule()
        if how.total:
            total = f"{sum(float(cells[9].replace(',', '.')) for cells in rows):g}".replace(
                ".", ","
            )
            self._row(("", "Tổng cộng", *[""] * 7, total, ""), how.vertical, "clllllrlcrl")
        if how.rules in {"head", "ends"}:
            self._rule()

    def done(self) -> bytes:
        """Write the signatures and return the file."""
        self._canvas.setFont(self._how.font, self._how.size)
        for down, left, right in ((30, "NGƯỜI LẬP BIỂU", "CHỦ TỊCH"), (70, "Vi Lập", "Hoàng Ký")):
            self._canvas.drawString(60, self._y - down, left)
            self._canvas.drawString(600, self._y - down, right)
        self._canvas.save()
        return self._buffer.getvalue()

    def verticals(self) -> None:
        """Draw the lines between the columns of a table that stands on one page."""
        x = float(_LEFT)
        for width in (0, *_WIDTHS):
            x += width
            self._canvas.line(x, self._started, x, self._y)

    def turn(self, degrees: int) -> None:
        """Lie on its side, to be turned upright by the reader."""
        self._canvas.setPageRotation(degrees)

    def _rule(self) -> None:
        self._canvas.line(_LEFT, self._y, _LEFT + sum(_WIDTHS), self._y)

    def _row(self, texts: tuple[str, ...], vertical: str, align: str) -> None:
        how = self._how
        cells = [self._wrapped(texts[at], _WIDTHS[at] - 2 * how.margin) for at in _COLUMNS]
        height = max(map(len, cells)) * how.leading + 2 * how.padding
        if self._y - height < _BOTTOM:
            self._canvas.showPage()
            self._y = _TOP
        self._canvas.setFont(how.font, how.size)
        x = float(_LEFT)
        for at, lines in enumerate(cells):
            room = height - 2 * how.padding - len(lines) * how.leading
            down = {"top": 0.0, "middle": room / 2, "bottom": room}[vertical]
            y = self._y - how.padding - down - how.size * 0.9
            for line in lines:
                self._line(line, x, _WIDTHS[at], y, align[at])
                y -= how.leading
            x += _WIDTHS[at]
        self._y -= height

    def _line(self, text: str, x: float, width: float, y: float, align: str) -> None:
        if align == "c":
            self._canvas.drawCentredString(x + width / 2, y, text)
        elif align == "r":
            self._canvas.drawRightString(x + width - self._how.margin, y, text)
        else:
            self._canvas.drawString(x + self._how.margin, y, text)

    def _wrapped(self, text: str, width: float) -> list[str]:
        lines: list[str] = []
        for word in text.split():
            longer = f"{lines[-1]} {word}" if lines else word
            fits = pdfmetrics.stringWidth(longer, self._how.font, self._how.size) <= width
            if lines and fits:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines
