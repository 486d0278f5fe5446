"""Properties that must hold for any input at all: nothing raises, nothing is certain and wrong.

The same examples every time in the suite; ``./dev fuzz`` looks for new ones.
"""

# ruff: noqa: E501  samples stand on one line

import base64
import datetime as dt
import os
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rigs.office import office
from rigs.shipped import shipped_form

import parsers
from intake.case import _ACKS
from intake.message import parse
from intake.parsed import Parsed
from intake.triage import TriageFacts, triage
from intake.unpack import unpack
from parsers.form import Field
from parsers.grid import Cell, Extract, Grid
from parsers.letter import cited_numbers, heading_lines, nil_statement, read_letter, secrecy_mark
from parsers.mending import mended
from parsers.outcome import Context, Value
from parsers.reading import CERTAIN, Reading, Refusal
from parsers.sniff import has_pages, is_mail, sniff
from parsers.values import parse as parse_value
from parsers.vietnamese import fold, one_line, repair

_CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
#: Set by ``./dev fuzz``: so many new examples of each instead of the same few.
_MANY = int(os.environ.get("FUZZ_EXAMPLES", "0"))
any_input = settings(
    derandomize=not _MANY,
    deadline=None,
    max_examples=_MANY or 80,
    suppress_health_check=_CHECKS,
    database=None,
)


_LIMITS = office().settings.limits

# --- mails ----------------------------------------------------------------------------------------

_ODD = st.sampled_from(
    [
        "", " ", "a", "=?utf-8?q?=?=", "=?x?b?////?=", '"', "\\", "(", "((((", ";", "\t", "\x00", "\u202e",
        "../../x", "<", ">", "@", "<a@b>", "xã", "a" * 300, "=?utf-8?b?xqDDgA==?=", "*0*=utf-8''%",
    ]
)  # fmt: skip
_HEADER_VALUES = st.lists(_ODD | st.text(max_size=20), max_size=5).map("".join)
_NAMES = st.sampled_from(
    [
        "From", "To", "Subject", "Date", "Message-ID", "References", "Content-Type", "X-Y", "Received",
        "Content-Disposition", "Content-Transfer-Encoding", "Auto-Submitted", "Return-Path", "Precedence",
    ]
)  # fmt: skip
_HEADERS = st.lists(st.tuples(_NAMES, _HEADER_VALUES), max_size=6)
_TYPES = st.sampled_from(
    [
        "text/plain", "text/html; charset=x-unknown", "application/octet-stream", "message/rfc822",
        "multipart/mixed; boundary=b", "multipart/report; boundary=b", "multipart/alternative",
        "application/ms-tnef", "text/plain; charset=utf-16", "image/png; name*0=a; name*2=b", "a/", "/",
    ]
)  # fmt: skip
_ENCODINGS = st.sampled_from(["7bit", "8bit", "base64", "quoted-printable", "x-uuencode", "?", ""])


def _written(headers: list[tuple[str, str]], body: bytes) -> bytes:
    lines = [f"{name}: {value}".replace("\n", " ").replace("\r", " ") for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


def _leaf(headers: list[tuple[str, str]], kind: str, encoding: str, body: bytes) -> bytes:
    mine = [("Content-Type", kind), ("Content-Transfer-Encoding", encoding), *headers]
    return _written(mine, base64.encodebytes(body) if encoding == "base64" else body)


def _whole(headers: list[tuple[str, str]], kind: str, parts: list[bytes], end: bytes) -> bytes:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return _written([*headers, ("Content-Type", f"{kind}; boundary=b")], body + end)


_LEAVES = st.builds(_leaf, _HEADERS, _TYPES, _ENCODINGS, st.binary(max_size=60))
MAILS = st.recursive(
    _LEAVES,
    lambda inner: st.builds(
        _whole, _HEADERS, st.sampled_from(["multipart/mixed", "multipart/digest", "message/rfc822"]),
        st.lists(inner, max_size=3), st.sampled_from([b"--b--\r\n", b"", b"--b", b"--c--"]),
    ),
    max_leaves=6,
)  # fmt: skip


_SENDER = "xahoacu@caoloc.example"
_FACTS = TriageFacts(
    own_addresses=frozenset({"ocop@caoloc.example"}),
    is_our_mail=False,
    roster={_SENDER: "commune"},
    received_at=dt.datetime(2024, 5, 16, tzinfo=dt.UTC),
    go_live_at=dt.datetime(2024, 5, 13, tzinfo=dt.UTC),
)


@any_input
@given(MAILS | st.binary(max_size=400))
def test_any_mail_is_taken_apart_within_its_budgets(raw: bytes) -> None:
    parsed = parse(bytes(raw), _LIMITS)
    assert isinstance(parsed, Parsed)
    unpacked = unpack(parsed, _LIMITS, lambda *_: None)
    assert len(unpacked.files) <= _LIMITS.documents
    # What stands in a mail cannot become more by taking it apart: base64 and such only shrink.
    assert sum(len(part.data) for part in unpacked.files) <= 2 * len(raw) + 4_000
    for part in unpacked.files:
        assert not set(part.name.rpartition("/")[2]) & set("\\\0\r\n\u202e")


@any_input
@given(MAILS | st.binary(max_size=400))
def test_any_mail_has_a_verdict(raw: bytes) -> None:
    answer = triage(parse(bytes(raw), _LIMITS), _FACTS)
    assert answer.verdict is None or answer.reason


#: A line that says that a machine wrote the mail, or that it is about a mail of ours.
_MACHINES = st.sampled_from(
    [
        "Auto-Submitted: auto-replied", "auto-submitted: AUTO-GENERATED; x", "X-Autoreply: yes",
        "Precedence: auto_reply", "X-Vacation: on", "X-Failed-Recipients: a@b.example",
        "From: MAILER-DAEMON@caoloc.example",
    ]
)  # fmt: skip
_QUIET = {"bounce", "auto-reply", "own", "automatic", "loop", "old", "stranger"}


@any_input
@given(_MACHINES, _LEAVES | st.binary(max_size=60), st.booleans())
def test_what_a_machine_wrote_is_never_answered(line: str, rest: bytes, first: bool) -> None:
    """Whatever else its header and body say; only lines before the blank one are a header."""
    head = f"From: {_SENDER}\r\nSubject: Gui bieu\r\n" if not line.startswith("From") else ""
    sign = f"{line}\r\n"
    raw = ((sign + head) if first else (head + sign)).encode() + b"MIME-Version: 1.0\r\n" + rest
    verdict = triage(parse(raw, _LIMITS), _FACTS).verdict
    assert verdict in _QUIET
    assert verdict not in _ACKS


# --- values ---------------------------------------------------------------------------------------

_SHAPES = {
    "money": r"\d+",
    "decimal": r"\d+(?:\.\d*[1-9])?",
    "date": r"\d{4}-\d{2}-\d{2}",
    "phone": r"0\d{9,10}(?:; 0\d{9,10})*|1[89]00\d{4,6}(?:; .*)?",
    "stars": r"[1-5]",
}
_FIELDS = {field.key: field for field in shipped_form().fields}
_TEXTS = st.text(
    alphabet="0123456789.,;/-+ ()%\n\v~xaăđôồtriệunghỷmkEo²★☆'\"", max_size=24
) | st.text(max_size=24)


def _read(field: Field, text: str, context: Context) -> Value:
    text = repair(text)  # as every reader of documents gives it
    return parse_value(field, Cell(text, text, "Biểu 1!B9"), context)


@any_input
@given(
    st.sampled_from(sorted(_FIELDS)),
    _TEXTS,
    st.sampled_from(
        [Context(), Context("triệu đồng"), Context("đồng"), Context("m2", certain=False)]
    ),
)
def test_every_value_is_canonical_and_every_doubt_is_told(
    key: str, text: str, context: Context
) -> None:
    value = _read(_FIELDS[key], text, context)
    assert value.confidence >= CERTAIN or value.problem is not None
    if value.text is None:
        return
    shape = _SHAPES.get(_FIELDS[key].type)
    assert shape is None or re.fullmatch(shape, value.text), value.text
    assert value.text == unicodedata.normalize("NFC", value.text) == value.text.strip() != ""


@any_input
@given(st.sampled_from(["money", "decimal", "date", "stars"]), _TEXTS)
def test_what_we_write_reads_back_as_it_is(kind: str, text: str) -> None:
    """A canonical value is read as itself, for certain: what the report says can be sent again."""
    field = next(field for field in _FIELDS.values() if field.type == kind)
    dong = Context("đồng" if kind == "money" else "")
    first = _read(field, text, dong)
    if first.text is None or (kind == "decimal" and re.fullmatch(r"\d{1,3}\.\d{3}", first.text)):
        return  # 1.234 may be meant as 1234: asked about, as it must be
    again = _read(field, first.text, dong)
    told = again.problem.code if again.problem else ""
    assert again.text == first.text
    assert again.confidence >= CERTAIN or told in {"unusual-value", "ambiguous-number"}, told


_UNITS = {"đồng": 1, "đ": 1, "nghìn": 10**3, "nghìn đồng": 10**3, "triệu": 10**6, "triệu đồng": 10**6,
          "tr": 10**6, "tỷ": 10**9, "tỷ đồng": 10**9}  # fmt: skip


def _amounts(text: str) -> set[Decimal]:
    """Return every amount that digits with these signs can mean: worked out apart from the reader.

    Each dot and comma may group thousands (only before three digits) or begin the decimals (once,
    the last one).
    """
    found = set()
    signs = [at for at, letter in enumerate(text) if letter in ".,"]
    for point in (None, *signs[-1:]):
        whole, decimals = (text, "") if point is None else (text[:point], text[point + 1 :])
        groups = re.split("[.,]", whole)
        if all(len(group) == 3 for group in groups[1:]) and groups[0]:
            found.add(Decimal("".join(groups) + (f".{decimals}" if decimals else "")))
    return found


@any_input
@given(
    st.from_regex(r"[1-9][0-9]{0,3}(?:[.,][0-9]{1,3}){0,3}", fullmatch=True),
    st.sampled_from(sorted(_UNITS)),
)
@example("1.500", "triệu")
@example("1,5", "tỷ")
@example("50.000.000", "đồng")
def test_fault_063_a_certain_amount_is_the_only_one_that_the_digits_can_mean(
    digits: str, unit: str
) -> None:
    field = _FIELDS["cost_requested"]
    value = _read(field, f"{digits} {unit}", Context())
    possible = {amount * _UNITS[unit] for amount in _amounts(digits)}
    if value.text is None:
        return
    assert Decimal(value.text) in {
        amount.quantize(Decimal(1), ROUND_HALF_UP) for amount in possible
    }
    whole = {amount for amount in possible if amount == amount.to_integral_value()}
    if value.confidence >= CERTAIN and value.problem is None and unit in {"đồng", "đ"}:
        assert Decimal(value.text) in whole


# --- words ----------------------------------------------------------------------------------------

_LINES = st.lists(
    st.sampled_from(
        [
            "UBND XÃ HÒA CƯ", "Số: 45/UBND-KT", "Hòa Cư, ngày 17 tháng 5 năm 2024", "Kính gửi: UBND huyện",
            "V/v đăng ký điểm OCOP", "xã không có nhu cầu đăng ký", "không có nhu cầu", "TM. ỦY BAN NHÂN DÂN",
            "CHỦ TỊCH", "MẬT", "Hoàng Văn Thử", "Số:    /", "ngày … tháng … năm", "gồm 03 điểm",
        ]
    )
    | st.text(max_size=30),
    max_size=12,
)  # fmt: skip


@any_input
@given(_LINES)
def test_any_lines_can_be_looked_at_as_a_letter(lines: list[str]) -> None:
    letter = read_letter(lines)
    if letter and letter.issued_on:
        dt.date.fromisoformat(letter.issued_on)
    assert nil_statement(lines, shipped_form()) in {"yes", "doubtful", "no"}
    heading_lines(lines)
    secrecy_mark(lines)
    cited_numbers("\n".join(lines))


@any_input
@given(_LINES)
def test_a_nil_statement_is_a_sentence_somebody_wrote(lines: list[str]) -> None:
    """No "no need" comes out of lines in which nobody says "no"."""
    if nil_statement(lines, shipped_form()) == "yes":
        assert any("khong" in fold(line) or "chua" in fold(line) for line in lines)


@any_input
@given(_LINES)
def test_mending_twice_is_mending_once(lines: list[str]) -> None:
    lines = list(map(repair, lines))  # as every reader of documents gives them
    cells = tuple(Cell(line, line, f"B!A{n}") for n, line in enumerate(lines, 1))
    once = mended(Extract("text", (Grid("B", (cells,)),) if cells else (), tuple(lines)))
    again = mended(once)
    assert again.lines == once.lines
    assert [c and c.text for g in again.grids for r in g.rows for c in r] == [
        c and c.text for g in once.grids for r in g.rows for c in r
    ]


@any_input
@given(st.text(max_size=60))
def test_folding_and_repairing_settle_at_once(text: str) -> None:
    for change in (repair, fold, one_line):
        assert change(change(text)) == change(text)


# --- documents ------------------------------------------------------------------------------------

_STARTS = st.sampled_from(
    [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF-1.4", b"{\\rtf1", b"<html>",
     b"\xff\xfe", b"\xef\xbb\xbf", b"\xff\xd8\xff", b"From: a\r\nTo: b\r\n", b"\x09\x08", b"Rar!\x1a\x07",
     b"II*\0", b"BM", b"<?xml version='1.0'?>", b"sep=;\r\n", b"\x78\x9f\x3e\x22", b"7z\xbc\xaf\x27\x1c"]
)  # fmt: skip
_DATA = st.builds(bytes.__add__, _STARTS, st.binary(max_size=300))


@any_input
@given(_DATA, st.sampled_from(["", "a.csv", "a.tsv", "a.xlsx", "a.eml", "x" * 300, "\0"]))
def test_any_bytes_have_a_kind(data: bytes, name: str) -> None:
    found = sniff(data, name)
    assert found.kind
    assert found.refusal is None or found.refusal.message
    is_mail(data)
    has_pages(data)


@any_input
@given(_DATA, st.sampled_from(["csv", "html", "text", "xml"]))
def test_any_text_is_read_or_refused(data: bytes, kind: str) -> None:
    """Through the reader itself: here not even the jail stands between."""
    result = parsers.read(data, shipped_form(), name=f"a.{kind}")
    assert isinstance(result, Reading | Refusal)
