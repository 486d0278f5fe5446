"""The official letter (công văn): who wrote it, number, date, subject, signer, secrecy.

The layout is that of Nghị định 30/2020/NĐ-CP (DOMAIN §2): a letterhead of two columns, which a PDF
may give as one line, then "Kính gửi", the body, "Nơi nhận" and the signature. Blanks left for the
clerk ("Số:    /UBND") are normal in electronic copies and read as ``None``.
"""

import datetime as dt
import re
from collections.abc import Sequence

from parsers.nil import nil_statement
from parsers.reading import Letter
from parsers.vietnamese import fold, key, one_line, settled

__all__ = [
    "annex_letter",
    "cited_numbers",
    "heading_lines",
    "nil_statement",
    "place_date",
    "read_letter",
    "secrecy_mark",
]

_GROUP = r"[A-ZĐÂÊÔƠƯ][A-Za-zĐđÂâÊêÔôƠơƯư&0-9.]*"
#: Word turns the hyphen into a dash; some write "KT & HT".
_SIGN = rf"{_GROUP}(?:\s?[-–—]\s?{_GROUP}|\s?&\s?[A-ZĐ]{{1,8}}\b){{0,5}}"
_NUMBER = re.compile(
    rf"(?<![\d/.,])(?P<number>\d{{1,5}}[a-z]?)\s*/\s*(?:(?P<year>(?:19|20)\d\d)\s*/\s*)?"
    rf"(?P<sign>{_SIGN})(?![\w–—-])"
)
_OWN = re.compile(
    # Possessive, here and below: three runs of white space in a row were tried in every division.
    rf"(?<!\w)(?:Số|SỐ|So|số)\s*+:?\s*+(?P<number>\d{{1,5}}[a-z]?)?[\s.…_]*+/\s*+"
    rf"(?:(?P<year>20\d\d)\s*/\s*)?(?:(?P<sign>{_SIGN})(?![\w–—-]))?"
)
_DATE = re.compile(
    r"(?<!\w)ngày[\s.…_]{0,40}(?P<day>\d{1,2})?[\s.…_]{0,40}(?:tháng|/)[\s.…_]{0,40}"
    r"(?P<month>\d{1,2})?[\s.…_]{0,40}"
    r"(?:năm|/)[\s.…_]{0,40}(?P<year>\d{4})?",
    re.IGNORECASE,
)
_PLACE = r"[^\W\d_a-zđ][^\W\d_]*(?:\s[^\W\d_a-zđ][^\W\d_]*){0,4}"
#: The comma may be missing where nothing stands before the place.
_PLACE_DATE = re.compile(rf"(?:^|\s){_PLACE},\s*ngày\b|^{_PLACE}\s+ngày\b")
_MOTTO = re.compile(
    r"c[ộô]ng\s*h(?:òa|oà|oa)\s*x[ãa]\s*h[ộo]i\s*ch[ủu]\s*ngh[ĩi]a\s*vi[ệe]t\s*nam"
    r"|đ[ộo]c\s*l[ậa]p\s*+[-–—]?\s*+t[ựu]\s*do\s*+[-–—]?\s*+h[ạa]nh\s*ph[úu]c",
    re.IGNORECASE,
)
_BODY = re.compile(
    r"^(?:kính gửi|kính thưa|căn cứ|thực hiện|thi hành|theo|xét|qua rà soát|qua kiểm tra"
    r"|nhằm|tiếp theo|sau khi|để|phúc đáp|trả lời|ngày \d|nơi nhận|i\.|1[.)]"
    r"|ghi chú|chú thích|lưu ý|tổng số|danh sách gồm|người lập|tm\.|kt\.|chủ tịch|trân trọng)(?!\w)"
)
#: The writer begins to speak: "UBND xã Hòa Cư báo cáo …".
_SPEAKS = re.compile(
    r"^(?:ubnd|ủy ban nhân dân|xã|thị trấn)\b.*"
    r"\b(?:báo cáo|gửi|đăng ký|đề nghị|không|có|đã|tổng hợp|xin|nhận được)\b"
)
_SENTENCE_WORDS = 14
_TYPES = frozenset(
    {"báo cáo", "công văn", "tờ trình", "thông báo", "đăng ký", "kế hoạch", "biên bản"}
)
_SUBJECT = re.compile(r"(?<!\w)(?:v\s*/\s*v|về việc)\s*+[:.]?\s*+", re.IGNORECASE)
_UNIT = re.compile(r"^(?:xã|thị trấn|tt\.?|phường|huyện|tỉnh|thành phố|thị xã)(?!\w)")
_COUNCIL = re.compile(
    r"^(?:ủy ban nhân dân|ubnd|hội đồng nhân dân|hđnd|phòng|ban|đảng ủy|trung tâm|sở)(?!\w)"
)
_OFFICE = re.compile(
    r"(?:phó )?chủ tịch|phó trưởng phòng|trưởng phòng|(?:phó )?giám đốc|chánh văn phòng"
    r"|(?:phó )?bí thư|tm\.|kt\.|tl\.|tuq\.|thủ trưởng"
)
_NAME = re.compile(r"(?:^|[.;:)]\s*+|(?<!\s)\s{2,}+)(?P<name>[^\W\d_]+(?: [^\W\d_]+){1,4})$")
_MAT = re.compile(r"m[aạăặâậáắấàằầảẳẩãẵẫ]t", re.IGNORECASE)
_SECRET_WORDS = frozenset(
    [
        "tài",
        "liệu",
        "văn",
        "bản",
        "độ",
        "mật",
        "tối",
        "tuyệt",
        "khẩn",
        "hỏa",
        "hoả",
        "tốc",
        "thượng",
    ]
)
#: The stamp as a recogniser of letters may give it, whose weak spot are the marks.
_SECRET_STAMPS = frozenset({"mat", "toi mat", "tuyet mat"})
_SECRET_GRADE = re.compile(r"độ mật\s*+:?\s*+(?:mật|tối mật|tuyệt mật)(?!\w)")
_COUNT_WORDS = {"một": 1, "hai": 2, "ba": 3, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7, "tám": 8}
_POINTS = re.compile(
    r"(?P<lead>tổng số|tổng cộng|đăng ký|đề nghị|đề xuất|gồm|tổng hợp|lựa chọn|nhu cầu"
    r"|danh sách|có)"
    r"(?P<gap>[^.;?]{0,80}?)(?<![\d.,])"
    rf"(?P<count>\d{{1,3}}|{'|'.join(_COUNT_WORDS)})\s*(?:\([^)]*\)\s*)?điểm(?! cầu| %| số|\w)"
)
_HEAD_LINES = 30
_LONGEST_TITLE = 300
_SUBJECT_LINES = 5
_SHORTEST_NAME, _LONGEST_NAME = 2, 40


def read_letter(lines: Sequence[str]) -> Letter | None:
    """Return what the lines of a document say about themselves as a letter; None if they are none.

    A letter shows at least two of: own number, "V/v", "Kính gửi", "Nơi nhận", place and date.
    """
    text = _flowing(lines)
    head = _head(text)
    marks = (
        any(_own_number(line) for line in head),
        any(_SUBJECT.match(line) for line in head),
        any(key(line).startswith("kính gửi") for line in text),
        any(key(line).startswith("nơi nhận") for line in text),
        any(_PLACE_DATE.search(line) for line in head),
    )
    if sum(marks) < 2:  # noqa: PLR2004  one mark alone stands on many forms
        return None
    return Letter(
        number=_number(head),
        issued_on=_issued_on(head),
        subject=_subject(head),
        signer=_signer(text),
        organ=_organ(head),
        points_stated=_points(text),
    )


def annex_letter(lines: Sequence[str]) -> Letter | None:
    """Return the letter that an annex names: ``(Kèm theo Công văn số 37/UBND-KT ngày … của …)``.

    Only for the annex of a commune's own letter; blanks and the district's call give None.
    """
    flowing = " ".join(_flowing(lines))
    for match in re.finditer(r"\(\s*kèm theo ([^()]+)\)", flowing, re.IGNORECASE):
        number = _NUMBER.search(match[1])
        sender = re.search(
            r"của ((?:ủy ban nhân dân|ubnd) (?:xã|thị trấn|phường) .+)", key(match[1])
        )
        if number and sender:
            organ = one_line(match[1])[-len(sender[1]) :]
            return Letter(number=_joined(number), issued_on=_first_date(match[1]), organ=organ)
    return None


def heading_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the lines of letterhead and titles, top down, without the national motto.

    Never "Kính gửi", never the body: a commune that is named there need not be the sender.
    """
    return tuple(_head(_flowing(lines)))


def cited_numbers(text: str) -> tuple[str, ...]:
    """Return the document numbers in a text without inner spaces, each once, in order.

    ``42/HDLN-SCT-SNNPTNT-SVHTTDL-STC`` is found although a line break tore it.
    """
    flowing = "\n".join(_flowing(text.splitlines()))
    return tuple(dict.fromkeys(_joined(match) for match in _NUMBER.finditer(flowing)))


def secrecy_mark(lines: Sequence[str]) -> bool:
    """Tell the stamp MẬT, TỐI MẬT, TUYỆT MẬT, or "Độ mật: …", standing alone on a line.

    Words that only contain it (bảo mật, mật ong, mật độ) are no mark.
    """
    if not _MAT.search(settled("\n".join(lines))):  # most documents: nothing to take apart
        return False
    return any(_is_secret(line) for line in _flowing(lines) if _MAT.search(line))


def _is_secret(line: str) -> bool:
    bare = re.sub(r"[^\w\s]", " ", _MOTTO.sub("", line)).strip()
    words = key(bare).split()
    capitals = bare == bare.upper()
    stamped = capitals and (
        ("mật" in words and set(words) <= _SECRET_WORDS) or fold(bare) in _SECRET_STAMPS
    )
    return stamped or _SECRET_GRADE.match(key(line)) is not None


def _flowing(lines: Sequence[str]) -> list[str]:
    """Return the lines without blank ones, numbers that a line break tore joined again."""
    text = "\n".join(line for raw in lines for part in raw.splitlines() if (line := one_line(part)))
    text = re.sub(rf"(?<=[A-ZĐ&])-\n(?={_GROUP})", "-", text)
    text = re.sub(rf"(?<=[A-ZĐ&])\n-(?={_GROUP}\b)", "-", text)
    text = re.sub(r"(?<=\d/)\n(?=[A-ZĐ]{2})", "", text)
    return text.splitlines()


def _head(lines: list[str]) -> list[str]:
    head = []
    for line in lines[:_HEAD_LINES]:
        if _BODY.match(key(line)) or _is_prose(line):
            break
        bare = one_line(_MOTTO.sub(" ", line)).strip(" -–—_")
        if bare:
            head.append(bare)
    return head


def _is_prose(line: str) -> bool:
    """Tell a sentence of the body from a title or a subject line."""
    if line.isupper() or line.startswith("(") or _SUBJECT.match(line):
        return len(line) > _LONGEST_TITLE
    small = [word for word in line.split() if word[:1].islower()]
    long = len(small) >= _SENTENCE_WORDS and not _PLACE_DATE.search(line)
    return long or len(line) > _LONGEST_TITLE or _SPEAKS.match(key(line)) is not None


def _own_number(line: str) -> re.Match[str] | None:
    match = None if "kèm theo" in key(line) else _OWN.search(line)
    return match if match and (match["number"] or match["sign"]) else None


def _number(head: list[str]) -> str | None:
    own = next(filter(None, map(_own_number, head)), None)
    return _joined(own) if own and own["number"] and own["sign"] else None


def _joined(match: re.Match[str]) -> str:
    year = f"{match['year']}/" if match["year"] else ""
    sign = re.sub(r"[–—]", "-", re.sub(r"\s", "", match["sign"])).rstrip(".")
    return f"{match['number']}/{year}{sign}"


def place_date(lines: Sequence[str]) -> str | None:
    """Return the day (ISO) of the first line "Lạng Sơn, ngày … tháng … năm …", None without one.

    Other dates of a text are those of the laws and letters that it cites.
    """
    dated = (line for line in _flowing(lines) if _PLACE_DATE.search(line))
    return next(filter(None, map(_first_date, dated)), None)


def _issued_on(head: list[str]) -> str | None:
    """Return the date of the letterhead; a blank there is a blank, whatever stands elsewhere."""
    for number, line in enumerate(head):
        if _PLACE_DATE.search(line):
            return _first_date(" ".join(head[number : number + 2]))
    dated = (line for line in head if key(line).startswith("ngày"))
    return next((found for line in dated if (found := _first_date(line))), None)


def _first_date(text: str) -> str | None:
    match = _DATE.search(text)
    if match is None or not (match["day"] and match["month"] and match["year"]):
        return None
    try:
        return dt.date(int(match["year"]), int(match["month"]), int(match["day"])).isoformat()
    except ValueError:
        return None


def _subject(head: list[str]) -> str | None:
    for number, line in enumerate(head):
        match = _SUBJECT.match(line)
        if match:
            return _continued([line[match.end() :], *head[number + 1 :]])
    for number, line in enumerate(head):
        if key(line).strip(" :") in _TYPES:
            return _continued(head[number + 1 :])
    return None


def _continued(lines: list[str]) -> str | None:
    kept: list[str] = []
    for line in lines[:_SUBJECT_LINES]:
        place = _PLACE_DATE.search(line)
        own = _OWN.match(line)
        if own or (
            kept and (line.startswith("(") or key(line) in _TYPES or _COUNCIL.match(key(line)))
        ):
            break
        kept.append(line[: place.start()] if place else line)
    return one_line(" ".join(kept)).strip(" .-_") or None


def _organ(head: list[str]) -> str | None:
    """Return the issuing organ: the last one of the letterhead, its two lines joined."""
    organ = ""
    for line in head:
        low = key(line)
        if _SUBJECT.match(line) or low in _TYPES:
            break
        if _OWN.search(line):
            continue
        if _COUNCIL.match(low):
            organ = line
        elif _UNIT.match(low) and not _PLACE_DATE.search(line):
            alone = re.fullmatch(r"(?:ủy ban nhân dân|ubnd|hội đồng nhân dân|hđnd)", key(organ))
            organ = f"{organ} {line}" if alone else line
    return organ or None


def _signer(lines: list[str]) -> str | None:
    """Return the first name below the last office in the signature block, None if left blank."""
    titles = [at for at, line in enumerate(lines) if _is_office(line)]
    if not titles:
        return None
    for line in lines[titles[-1] + 1 : titles[-1] + 8]:
        match = _NAME.search(line)
        if match and _is_name(match["name"]):
            return match["name"]
    return None


def _is_office(line: str) -> bool:
    """Tell a title as it stands above a signature: in capitals, perhaps right of "Nơi nhận"."""
    return any(
        line[match.start() : match.end()].isupper() for match in _OFFICE.finditer(line.lower())
    ) and not _is_sentence(line)


def _is_sentence(line: str) -> bool:
    small = [word for word in line.split() if word[:1].islower()]
    return len(small) > 3  # noqa: PLR2004  "- Như trên; CHỦ TỊCH" has few, a sentence many


def _is_name(text: str) -> bool:
    words = text.split()
    low = key(text)
    return (
        len(words) >= _SHORTEST_NAME
        and len(text) <= _LONGEST_NAME
        and all(word[0].isupper() for word in words)
        and not _OFFICE.search(low)
        and not _UNIT.match(low)
        and not _COUNCIL.match(low)
        and not fold(text).startswith(("nhu tren", "luu", "da ky", "phu luc", "bieu", "danh sach"))
    )


def _points(lines: list[str]) -> int | None:
    text = key(" ".join(lines))
    found = [
        match for match in _POINTS.finditer(text) if not re.search(r"trong đó|đạt", match["gap"])
    ]
    total = [match for match in found if match["lead"].startswith("tổng")]
    chosen = (total or found)[:1]
    if not chosen:
        return None
    count = chosen[0]["count"]
    return _COUNT_WORDS.get(count) or int(count)
