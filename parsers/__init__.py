"""Documents → typed readings. ``read`` is the one door; nothing here knows mail or registry.

A format is one module with ``extract(data, limits, form) -> Extract | Refusal`` and one line in
``_READERS``. What follows is the same for all: letter, nil statement, form.
"""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Final

from parsers.form import Form
from parsers.grid import Convert, Extract, Limits
from parsers.reading import Finding, Reading, Refusal, Role, Row
from parsers.sniff import sniff, unsupported

if TYPE_CHECKING:
    from parsers.scan import Share

__all__ = ["Limits", "read", "warm"]

#: Kind (``sniff``) → the module that reads it, imported when first needed: each is heavy.
_READERS: Final = {
    "xlsx": "parsers.sheet",
    "xlsm": "parsers.sheet",
    "xls": "parsers.xls",
    "ods": "parsers.ods",
    "xml": "parsers.xml2003",
    "csv": "parsers.delimited",
    "html": "parsers.html",
    "text": "parsers.plain",
    "docx": "parsers.word",
    "pdf": "parsers.pdf",
    "jpeg": "parsers.scan",
    "png": "parsers.scan",
    "tiff": "parsers.scan",
    "heic": "parsers.scan",
    "bmp": "parsers.scan",
    "webp": "parsers.scan",
    "gif": "parsers.scan",
}
#: Readers of what may have several pages that are pictures.
_SHARED: Final = frozenset({"parsers.pdf", "parsers.scan"})
#: Kind → the kind that a program outside makes of it.
_CONVERTED: Final = {
    "doc": "docx",
    "odt": "docx",
    "fodt": "docx",
    "rtf": "docx",
    "xlsb": "xlsx",
    "fods": "xlsx",
}
#: Kinds that can bear a digital signature.
_SIGNED: Final = frozenset({"pdf", "xlsx", "xlsm", "docx", "odt", "ods"})
_TEXT_LENGTH: Final = 20_000
_MILLION: Final = 1_000_000
#: Of running text: some 150 pages. A letter has one or two; a decree with its annexes has fifty.
_MOST_LETTERS: Final = 500_000

#: What a document says of having no need, from least to most.
_NIL_ORDER: Final = ("no", "doubtful", "yes")
_NIL_BESIDE_ROWS: Final = Finding(
    "warning",
    "nil-beside-rows",
    "Văn bản vừa có câu báo không có nhu cầu, vừa có danh sách điểm; "
    "đề nghị xác nhận nội dung nào đúng.",
)
_NIL_DOUBTFUL: Final = Finding(
    "warning",
    "nil-doubtful",
    "Chưa chắc chắn văn bản có phải là báo không có nhu cầu hay không; đề nghị ghi rõ "
    "“không có nhu cầu đăng ký” hoặc gửi danh sách điểm theo biểu mẫu.",
)


def read(
    data: bytes,
    form: Form,
    *,
    name: str = "",
    limits: Limits | None = None,
    convert: Convert | None = None,
    roots: Sequence[str] = (),
    share: "Share | None" = None,
) -> Reading | Refusal:
    """Return what is understood of one document, or why it is refused.

    Args:
        data: the document's bytes, of any kind and in any state.
        form: what the campaign collects.
        name: the file's name as sent; never trusted, it only helps to tell csv from text.
        limits: how much is read at most; more is refused as ``too-large``.
        convert: the program outside that opens old kinds and calculates formulas; without one
            those kinds are refused and such formulas are errors.
        roots: certificates (PEM) under which digital signatures count as valid.
        share: whoever has the pages of a scan read; without one they are read one by one.

    Returns:
        A ``Reading`` with role ``form`` (rows of this form), ``letter`` (an official letter or a
        nil return) or ``unknown`` (text that is neither), else a ``Refusal`` that teaches.

    Outside bytes belong into the jail: a library may still raise, hang or abort here.
    """
    limits = limits or Limits()
    if len(data) > limits.document_bytes:
        return _too_large(len(data), limits)
    found = sniff(data, name)
    if found.refusal:
        return found.refusal
    extract = _extract(data, found.kind, limits, form, convert, share)
    if isinstance(extract, Refusal):
        return extract
    if convert is None:
        return _signed(understand(extract, form), data, found.kind, roots)
    from parsers.calculation import noted  # noqa: PLC0415  heavy: lxml

    extract, places = _calculated(extract, data, found.kind, limits, form, convert)
    return _signed(noted(understand(extract, form), places), data, found.kind, roots)


def _signed(
    result: Reading | Refusal, data: bytes, kind: str, roots: Sequence[str]
) -> Reading | Refusal:
    """Add what the digital signatures of the document as it was sent are worth."""
    if isinstance(result, Refusal) or kind not in _SIGNED:
        return result
    from parsers.signature import signatures  # noqa: PLC0415  only some kinds can be signed

    return replace(result, signatures=signatures(data, roots))


def warm() -> None:
    """Import every reader now, so that the first document need not wait for it."""
    for module in {*_READERS.values(), "parsers.form", "parsers.letter"}:
        import_module(module)


def _extract(
    data: bytes,
    kind: str,
    limits: Limits,
    form: Form,
    convert: Convert | None,
    share: "Share | None" = None,
) -> Extract | Refusal:
    if kind in _CONVERTED and convert is not None:
        return _converted(data, kind, limits, form, convert)
    module = _READERS.get(kind)
    if module is None:
        return unsupported(kind)
    more = (share,) if module in _SHARED else ()
    result: Extract | Refusal = import_module(module).extract(data, limits, form, *more)
    return result


def _converted(
    data: bytes, kind: str, limits: Limits, form: Form, convert: Convert
) -> Extract | Refusal:
    """Return what stands in a document of an old kind, by way of the kind made of it."""
    from parsers.calculation import repeatable  # noqa: PLC0415  heavy: lxml
    from parsers.package import oversized  # noqa: PLC0415  same

    refusal = oversized(data, limits)
    if refusal:
        return replace(refusal, kind=kind)
    target = _CONVERTED[kind]
    turned = convert(data, kind, target)
    if isinstance(turned, Refusal):
        return replace(turned, kind=kind)
    if target == "xlsx" and not repeatable(turned, limits):
        # They were calculated on the way: TODAY() is not the sender's day any more.
        return replace(unsupported(kind), detail="formulas whose results may differ from the saved")
    return replace(_extract(turned, target, limits, form, None), kind=kind)


def _calculated(
    extract: Extract, data: bytes, kind: str, limits: Limits, form: Form, convert: Convert
) -> tuple[Extract, frozenset[str]]:
    """Return the extract with the results of its formulas, and the places that got one.

    Where nobody can calculate them for certain they stay what they are: errors of their cells.
    """
    from parsers.calculation import (  # noqa: PLC0415  heavy: lxml
        CALCULATED,
        fill,
        repeatable,
        uncalculated,
    )

    if kind not in CALCULATED or not uncalculated(extract) or not repeatable(data, limits):
        return extract, frozenset()
    source, target = CALCULATED[kind]
    turned = convert(data, source, target)
    copy = turned if isinstance(turned, Refusal) else _extract(turned, target, limits, form, None)
    return (extract, frozenset()) if isinstance(copy, Refusal) else fill(extract, copy)


def _too_large(size: int, limits: Limits) -> Refusal:
    return Refusal(
        "too-large",
        f"Tệp nặng {size / _MILLION:.0f} MB, quá mức {limits.document_bytes / _MILLION:.0f} MB. "
        "Đề nghị chỉ gửi biểu mẫu, bỏ bớt ảnh trong tệp hoặc chia thành nhiều tệp.",
        f"{size} bytes",
    )


def _too_long(kind: str, letters: int) -> Refusal:
    return Refusal(
        "too-large",
        "Tệp quá nhiều chữ so với một công văn và biểu đăng ký. "
        "Đề nghị tách riêng công văn và biểu mẫu rồi gửi lại.",
        f"{letters} letters of running text",
        kind,
    )


def understand(extract: Extract, form: Form) -> Reading | Refusal:
    """Return the reading of an extract: its letter, its nil statement, its rows.

    Rows win over everything; a nil statement beside them is a finding. A document with unread
    pages is never certainly nil. A letter that carries a foreign table stays a letter; a foreign
    table by itself is refused, and so is our own form that nobody filled in.
    """
    from parsers.form import interpret  # noqa: PLC0415  heavy: rapidfuzz
    from parsers.legible import PartialExtract, illegible  # noqa: PLC0415
    from parsers.letter import (  # noqa: PLC0415
        annex_letter,
        heading_lines,
        nil_statement,
        read_letter,
    )
    from parsers.mending import mended, notes  # noqa: PLC0415
    from parsers.official import claimed  # noqa: PLC0415

    letters = sum(map(len, extract.lines))
    if letters > _MOST_LETTERS:
        return _too_long(extract.kind, letters)
    official, extract = claimed(extract, form)
    extract = mended(extract)
    garbled = illegible(extract)
    if garbled:
        return garbled
    understood = interpret(extract, form)
    letter = read_letter(extract.lines) or (
        annex_letter(extract.lines) if understood.rows else None
    )
    nil = nil_statement((*extract.lines, *understood.asides), form)
    if official and nil != "yes":  # typed into our table it has our guidance round it
        nil = max(nil, nil_statement(understood.asides, form), key=_NIL_ORDER.index)
    noticed = extract.findings if isinstance(extract, PartialExtract) else ()
    unread = isinstance(extract, PartialExtract) and extract.unread
    if nil == "yes" and unread:
        nil = "doubtful"
    refusal = None if understood.rows else understood.refusal
    if refusal and nil == "no" and not (letter and refusal.code == "wrong-form"):
        if unread:
            return _unread(extract.kind, noticed)
        if extract.grids:
            return replace(refusal, kind=extract.kind)
    doubts = _doubts(nil, understood.rows, extract, refusal)
    findings = (*understood.findings, *noticed, *notes(extract.repairs), *doubts)
    role: Role = "form" if understood.rows else "letter" if letter or nil != "no" else "unknown"
    return Reading(
        kind=extract.kind,
        role=role,
        rows=understood.rows,
        findings=findings,
        letter=letter,
        nil=nil == "yes" and not understood.rows,
        heading=_heading(heading_lines(extract.lines), understood.heading, extract.lines),
        text=_text(extract),
        repairs=extract.repairs,
        unknown=understood.unknown or (refusal.unknown if refusal else ()),
        official=official,
    )


def _doubts(
    nil: str, rows: tuple[Row, ...], extract: Extract, refusal: Refusal | None
) -> tuple[Finding, ...]:
    if rows:
        return () if nil == "no" else (_NIL_BESIDE_ROWS,)
    doubts = [_NIL_DOUBTFUL] if nil == "doubtful" else []
    if refusal and nil == "no" and extract.grids:
        doubts.append(Finding("warning", refusal.code, refusal.message))
    return tuple(doubts)


def _heading(
    letterhead: tuple[str, ...], titles: tuple[str, ...], lines: tuple[str, ...]
) -> tuple[str, ...]:
    """Join letterhead and the table's titles, unless a letter's body stands between the two."""
    from parsers.vietnamese import fold  # noqa: PLC0415  `intake status` does without

    has_body = any(fold(line).startswith("kinh gui") for line in lines)
    return letterhead if has_body else tuple(dict.fromkeys((*letterhead, *titles)))


def _unread(kind: str, noticed: tuple[Finding, ...]) -> Refusal:
    message = " ".join(finding.message for finding in noticed)
    return Refusal("unreadable", message, "pages without text, and no table of ours", kind)


def _text(extract: Extract) -> str:
    """Lines first, then the tables' rows: what a search for numbers and stamps needs."""
    rows = (
        " | ".join(" ".join(cell.text.split()) for cell in row if cell and cell.text)
        for grid in extract.grids
        if not grid.hidden
        for row in grid.rows
    )
    pieces, letters = [], 0
    for piece in chain(extract.lines, filter(None, rows)):
        pieces.append(piece)
        letters += len(piece) + 1
        if letters > _TEXT_LENGTH:
            break
    return "\n".join(pieces)[:_TEXT_LENGTH]
