"""Files that are made to hurt whoever opens them, by a few lines each: ``FILES[name]()``.

Small where they lie, written by repeating a compressed block where they are large, so that making
one costs next to nothing. Nothing here is taken from real attacks; the shapes are known ones.
"""

import bz2
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping

from rigs.biff import record
from rigs.packed import Lie, gz, odd_zip, plain_zip, tar, zeros
from rigs.papers import cell, docx, paragraph, row, table

DATA = "tests/parsers/data"
_MEGABYTE = 1_000_000


#: A deflate stream, the size that it unpacks to, and the checksum of that.
Packed = tuple[bytes, int, int]


def blocks(block: bytes, times: int, head: bytes = b"", tail: bytes = b"") -> Packed:
    """Return head, a block so many times, and tail, packed as a member of a zip is.

    What is over 100 MB gets no true checksum: nobody is to come so far.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    last = packer.compress(tail) + packer.flush()
    size = len(head) + len(block) * times + len(tail)
    crc = zlib.crc32(head)
    for _ in range(times if size < 100 * _MEGABYTE else 0):
        crc = zlib.crc32(block, crc)
    return first + packed * times + last, size, zlib.crc32(tail, crc)


# --- packages: xlsx, docx, ods --------------------------------------------------------------------

_SHEET_HEAD = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    b' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
)
_TYPES = (
    b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-'
    b'officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_RELATIONS = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s'
    b"</Relationships>"
)
_OFFICE = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_BOOK = (
    b'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    b' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    b'<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
)

Part = bytes | Packed


def xlsx(
    sheet: Part, strings: Part | None = None, more: Mapping[bytes, Part] | None = None
) -> bytes:
    """A workbook of one sheet (the whole part), with shared strings if given."""

    def relation(number: int, kind: bytes, target: bytes) -> bytes:
        return b'<Relationship Id="r%d" Type="%s/%s" Target="%s"/>' % (
            number,
            _OFFICE,
            kind,
            target,
        )

    related = relation(1, b"worksheet", b"worksheets/sheet1.xml")
    related += relation(2, b"sharedStrings", b"sharedStrings.xml") if strings else b""
    parts: dict[bytes, Part] = {
        b"[Content_Types].xml": _TYPES,
        b"_rels/.rels": _RELATIONS % relation(1, b"officeDocument", b"xl/workbook.xml"),
        b"xl/workbook.xml": _BOOK,
        b"xl/_rels/workbook.xml.rels": _RELATIONS % related,
        b"xl/worksheets/sheet1.xml": sheet,
        **({b"xl/sharedStrings.xml": strings} if strings else {}),
        **(more or {}),
    }
    return package(parts)


def package(parts: Mapping[bytes, Part]) -> bytes:
    """A zip of these parts."""
    return odd_zip([_entry(name, part) for name, part in parts.items()])


def _entry(name: bytes, part: Part) -> Lie:
    if isinstance(part, bytes):
        return Lie(name, part)
    packed, size, crc = part
    return Lie(name, packed, method=8, size=size, crc=crc)


def sheet(rows: bytes = b"", after: bytes = b"", head: bytes = b"") -> bytes:
    """The XML of a sheet."""
    return head + _SHEET_HEAD + b"<sheetData>" + rows + b"</sheetData>" + after + b"</worksheet>"


def _number(reference: bytes) -> bytes:
    digits = reference.lstrip(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return b'<row r="%s"><c r="%s"><v>1</v></c></row>' % (digits, reference)


def _many_merges() -> bytes:
    merges = b"".join(b'<mergeCell ref="A%d:B%d"/>' % (n, n) for n in range(1, 50_001))
    return xlsx(sheet(_number(b"A1"), b"<mergeCells>" + merges + b"</mergeCells>"))


_ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a0 "haha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]>"
)
_EXTERNAL = b'<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
_STRINGS = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
_TEXT_CELL = b'<row r="1"><c r="A1" t="s"><v>0</v></c></row>'


def _strings_bomb() -> bytes:
    """One string of 49 MB, shown by 100,000 cells."""
    shared = blocks(b"A" * _MEGABYTE, 49, _STRINGS + b"<si><t>", b"</t></si></sst>")
    cells = b"".join(
        b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (n, n) for n in range(1, 20_001)
    )
    return xlsx(sheet(cells), shared)


def _huge_cell(megabytes: int) -> bytes:
    head = _SHEET_HEAD + b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>'
    return xlsx(
        blocks(b"A" * _MEGABYTE, megabytes, head, b"</t></is></c></row></sheetData></worksheet>")
    )


def _many_rows() -> bytes:
    """49 MB of rows of which each says no number."""
    line = b'<row><c><v>1</v></c><c t="inlineStr"><is><t>aaaaaaaaaaaaaaa</t></is></c></row>' * 1_000
    return xlsx(
        blocks(
            line, 49_000_000 // len(line), _SHEET_HEAD + b"<sheetData>", b"</sheetData></worksheet>"
        )
    )


def _word(body: Part) -> bytes:
    """A Word file of this document part."""
    made = zipfile.ZipFile(io.BytesIO(docx("")))
    parts: dict[bytes, Part] = {name.encode(): made.read(name) for name in made.namelist()}
    return package({**parts, b"word/document.xml": body})


_WORD_HEAD = (
    b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
)
_WORD_TAIL = b"</w:body></w:document>"


def _many_word_cells() -> bytes:
    block = b"<w:tr>" + b"<w:tc><w:p/></w:tc>" * 50 + b"</w:tr>"
    return _word(blocks(block * 100, 200, _WORD_HEAD + b"<w:tbl>", b"</w:tbl>" + _WORD_TAIL))


def _nested_word(depth: int) -> bytes:
    inner = b"<w:tbl><w:tr><w:tc>" * depth + b"<w:p/>" + b"</w:tc></w:tr></w:tbl>" * depth
    return _word(_WORD_HEAD + inner + _WORD_TAIL)


def _ods(content: Part) -> bytes:
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return package({b"mimetype": kind, b"content.xml": content})


_ODS = (
    b'<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    b'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    b'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>'
    b'<office:spreadsheet><table:table table:name="S"><table:table-row %s>'
    b"<table:table-cell %s><text:p>%s</text:p></table:table-cell></table:table-row></table:table>"
    b"</office:spreadsheet></office:body></office:document-content>"
)
_ROWS, _COLUMNS = b'table:number-rows-repeated="1000000"', b'table:number-columns-repeated="16000"'

# --- PDF ------------------------------------------------------------------------------------------

_BOX = b"/MediaBox[0 0 595 842]"


def pdf(*objects: bytes) -> bytes:
    """A PDF of these objects; the first is the catalogue."""
    out, starts = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        starts.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    count = len(objects) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (count, table, count, len(out))
    )


def stream(data: bytes, words: bytes = b"", times: int = 1) -> bytes:
    """A compressed stream of the data so many times."""
    raw, *_ = blocks(data, times)
    check = zlib.adler32(data) if times == 1 else 0  # of gigabytes nobody gets that far
    packed = b"\x78\xda" + raw + check.to_bytes(4)
    head = b"<</Length %d/Filter/FlateDecode%s>>stream\n" % (len(packed), words)
    return head + packed + b"\nendstream"


def page(content: bytes, words: bytes = b"", *more: bytes, box: bytes = _BOX) -> bytes:
    """A PDF of one page with this content stream."""
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R%s/Contents 4 0 R%s>>" % (box, words),
        content,
        *more,
    )


def _pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % (number + 4) for number in range(count))
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids),
        stream(b"0 0 m 9 9 l S"),
        *[b"<</Type/Page/Parent 2 0 R%s/Contents 3 0 R>>" % _BOX] * count,
    )


def _forms() -> bytes:
    """Nine forms of which each draws the next ten times."""

    def form(number: int) -> bytes:
        words = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>"
        return stream(b"/X Do " * 10 if number < 8 else b"0 0 1 1 re f", words % (number + 6))

    use = b"/Resources<</XObject<</X 5 0 R>>>>"
    return page(stream(b"/X Do " * 10), use, *map(form, range(9)))


def _grid(lines: int) -> bytes:
    across = b"".join(
        b"0 %.2f m 595 %.2f l S " % (n * 842 / lines, n * 842 / lines) for n in range(lines)
    )
    down = b"".join(
        b"%.2f 0 m %.2f 842 l S " % (n * 595 / lines, n * 595 / lines) for n in range(lines)
    )
    return page(stream(across + down))


def _pdf_picture(side: int, bits: int) -> bytes:
    words = (
        b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent %d/ColorSpace/DeviceGray"
    )
    image = stream(bytes(side // 8 * bits), words % (side, side, bits), side)
    use = b"/Resources<</XObject<</I 5 0 R>>>>"
    return page(stream(b"595 0 0 842 0 0 cm /I Do"), use, image)


def _self_form() -> bytes:
    words = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>"
    return page(stream(b"/X Do"), b"/Resources<</XObject<</X 5 0 R>>>>", stream(b"/X Do", words))


# --- pictures -------------------------------------------------------------------------------------


def png(side: int, packed: bytes = b"") -> bytes:
    """A PNG that claims so many pixels each way."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = packed or zlib.compress(bytes(1_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    """A JPEG that claims so many pixels; what it has is a little one's data."""
    from PIL import Image  # noqa: PLC0415  only for pictures

    out = io.BytesIO()
    Image.new("L", (64, 64), 200).save(out, "JPEG")
    data = bytearray(out.getvalue())
    at = data.index(b"\xff\xc0") + 5
    struct.pack_into(">HH", data, at, height, width)
    return bytes(data)


def tiff(width: int, height: int, *, loop: bool = False, strip: int = 0xFFFFFF) -> bytes:
    """A TIFF with lying sizes; ``loop`` = its directory is followed by itself."""
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    tags += [(273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, strip)]
    body = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<I", 8) + body + struct.pack("<I", 8 if loop else 0)


def heic(size: int) -> bytes:
    """An iPhone's picture whose boxes claim to be of this size."""
    brand = struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic"
    return brand + struct.pack(">I", size & 0xFFFFFFFF) + b"meta" + bytes(4) + bytes(range(200)) * 5


# --- old containers -------------------------------------------------------------------------------


def ole(fat: bytes, first_directory: int = 1, directory: bytes = b"") -> bytes:
    """An OLE container of one FAT sector, as given, and one directory sector ([MS-CFB])."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIII", 0, 1, first_directory, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    head += struct.pack("<I", 0) + b"\xff" * (108 * 4)
    return head + fat.ljust(512, b"\xff") + directory.ljust(512, b"\0")


def entry(name: str, kind: int, start: int, size: int, child: int = 0xFFFFFFFF) -> bytes:
    """A directory entry; siblings are left out."""
    raw = name.encode("utf-16-le") + b"\0\0"
    none = 0xFFFFFFFF
    return (
        raw.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(raw), kind, 1, none, none, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def _cyclic_fat(stream_name: str = "Workbook") -> bytes:
    """A stream of 2 GB whose one sector is followed by itself."""
    fat = struct.pack("<III", 0xFFFFFFFD, 0xFFFFFFFE, 2)
    root = entry("Root Entry", 5, 0xFFFFFFFE, 0, 1)
    return ole(fat, 1, root + entry(stream_name, 2, 2, 2_000_000_000)) + bytes(512)


def _cyclic_directory() -> bytes:
    """A directory that is followed by itself."""
    return ole(struct.pack("<II", 0xFFFFFFFD, 1), 1, entry("Root Entry", 5, 0xFFFFFFFE, 0, 1))


def _xls_loop() -> bytes:
    """A sheet whose position is that of the workbook itself."""
    bof = record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0x0DBB, 0x07CC, 0, 0))
    sheet = record(0x0085, struct.pack("<IBB", 0, 0, 0) + bytes([1, 0]) + b"S")
    return bof + sheet * 2_000 + record(0x000A)


def _xls_far() -> bytes:
    """A sheet of 65,536 rows, each with one cell in its last column."""
    bof = record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0x0DBB, 0x07CC, 0, 0))
    end = record(0x000A)
    start = len(bof) + 4 + 9 + len(end)
    place = record(0x0085, struct.pack("<IBB", start, 0, 0) + bytes([1, 0]) + b"S")
    cells = b"".join(record(0x0203, struct.pack("<HHHd", at, 255, 0, 1.0)) for at in range(65_536))
    page = record(0x0809, struct.pack("<HHHHII", 0x0600, 16, 0x0DBB, 0x07CC, 0, 0))
    return bof + place + end + page + cells + end


# --- archives -------------------------------------------------------------------------------------


def _nested_zips(depth: int) -> bytes:
    data = plain_zip([("a.txt", bytes(_MEGABYTE))])
    for _ in range(depth):
        data = plain_zip([(f"{number}.zip", data) for number in range(10)])
    return data


def _overlapping() -> bytes:
    """400 entries that share one block of data."""
    data = zeros(10)
    entries = (Lie(b"%03d" % n, data, method=8, size=10_000_000, at=0) for n in range(1, 400))
    return odd_zip([Lie(b"000", data, method=8, size=10_000_000), *entries])


def _sparse_tar() -> bytes:
    """A sparse member of the old GNU kind that claims 8 GB and has nothing."""
    info = tarfile.TarInfo("a.bin")
    info.type = tarfile.GNUTYPE_SPARSE
    head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    struct.pack_into("12s12s", head, 386, b"%011o" % 0, b"%011o" % 0)
    struct.pack_into("12s", head, 483, b"%011o" % (8 << 30))
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + bytes(1024)


def _pax_tar() -> bytes:
    """A header of extensions that claims 8 GB."""
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 0o77777777777
    return info.tobuf(tarfile.USTAR_FORMAT) + bytes(1024)


def _greedy_xz() -> bytes:
    """A stream whose header asks for a dictionary of 4 GB."""
    data = bytearray(lzma.compress(b"x" * 1_000, preset=0))
    at = 12  # after the stream's header: size, flags, filter 0x21, one byte of properties
    data[at + 4] = 40
    end = at + (data[at] + 1) * 4
    struct.pack_into("<I", data, end - 4, zlib.crc32(bytes(data[at : end - 4])))
    return bytes(data)


def _greedy_zip() -> bytes:
    """A zip member by LZMA whose properties ask for a dictionary of 4 GB."""
    return odd_zip(
        [Lie(b"a.bin", b"\x09\x04\x05\0\x5d\xff\xff\xff\xff" + bytes(100), method=14, size=1_000)]
    )


def _endless_winmail() -> bytes:
    """A file for every eleven bytes of attributes, 300,000 times."""
    rendering = b"\x02" + struct.pack("<II", 0x00069002, 0) + b"\0\0"
    content = b"\x02" + struct.pack("<II", 0x0006800F, 1) + b"x\0\0"
    return struct.pack("<IH", 0x223E9F78, 1) + (rendering + content) * 300_000


def _shredded_signature() -> bytes:
    """A signed content of 600,000 pieces, each of one letter, all in values of untold length."""
    pieces = b"\x24\x80" + b"\x04\x01x" * 600_000 + b"\0\0"
    inner = bytes.fromhex("308006092a864886f70d010701a080") + pieces + b"\0\0" * 2
    signed = b"\x30\x80\x02\x01\x01\x31\x00" + inner + b"\0\0"
    return bytes.fromhex("308006092a864886f70d010702a080") + signed + b"\0\0" * 2


FILES: dict[str, Callable[[], bytes]] = {
    # sheets
    "far cell.xlsx": lambda: xlsx(sheet(_number(b"XFD1048576"))),
    "far row.xlsx": lambda: xlsx(sheet(_number(b"K1000000"))),
    "claimed dimension.xlsx": lambda: xlsx(
        _SHEET_HEAD + b'<dimension ref="A1:XFD1048576"/><sheetData/></worksheet>'
    ),
    "large merge.xlsx": lambda: xlsx(
        sheet(_number(b"A1"), b'<mergeCells><mergeCell ref="A100:XFD20000"/></mergeCells>')
    ),
    "50,000 merges.xlsx": _many_merges,
    "shared strings.xlsx": _strings_bomb,
    "cell of 1.2 GB.xlsx": lambda: _huge_cell(1_200),
    "cell of 49 MB.xlsx": lambda: _huge_cell(49),
    "rows without end.xlsx": _many_rows,
    "entities.xlsx": lambda: xlsx(
        sheet(_TEXT_CELL), _ENTITIES + _STRINGS + b"<si><t>&a9;</t></si></sst>"
    ),
    "outer entity.xlsx": lambda: xlsx(
        sheet(_TEXT_CELL), _EXTERNAL + _STRINGS + b"<si><t>&x;</t></si></sst>"
    ),
    "nested XML.xlsx": lambda: xlsx(sheet(b"<a>" * 500_000)),
    "2,000 parts.xlsx": lambda: xlsx(
        sheet(_number(b"A1")), more={b"x%d" % number: b"" for number in range(2_000)}
    ),
    "repeated.ods": lambda: _ods(_ODS % (_ROWS, _COLUMNS, b"a")),
    "entities.ods": lambda: _ods(_ENTITIES + _ODS % (b"", b"", b"&a9;")),
    "record loop.xls": _xls_loop,
    "far cells.xls": _xls_far,
    # texts
    "entities.docx": lambda: _word(
        _ENTITIES + _WORD_HEAD + b"<w:p><w:r><w:t>&a9;</w:t></w:r></w:p>" + _WORD_TAIL
    ),
    "outer entity.docx": lambda: _word(
        _EXTERNAL + _WORD_HEAD + b"<w:p><w:r><w:t>&x;</w:t></w:r></w:p>" + _WORD_TAIL
    ),
    "a million cells.docx": _many_word_cells,
    "3,000 nested tables.docx": lambda: _nested_word(3_000),
    "span of 50 million.docx": lambda: docx(
        table(row(cell("a", '<w:gridSpan w:val="50000000"/>'), cell("b")))
    ),
    "text of 1 GB.docx": lambda: _word(
        blocks(
            b"A" * _MEGABYTE,
            1_000,
            _WORD_HEAD + b"<w:p><w:r><w:t>",
            b"</w:t></w:r></w:p>" + _WORD_TAIL,
        )
    ),
    "text of 8 MB.docx": lambda: docx(paragraph("x" * 8_000_000)),
    "nested.html": lambda: b"<html><body>" + b"<div><table><tr><td>" * 100_000,
    "span.html": lambda: (
        b"<table border=1><tr><td colspan=9999999 rowspan=9999999>a<td>b</table>" * 50
    ),
    "one line.csv": lambda: b"a;b;c\n" * 3 + b"a" * 24_000_000,
    "many cells.csv": lambda: b";" * 5_000_000 + b"\n" + b"a;b;c\n" * 9,
    "nested.rtf": lambda: b"{\\rtf1 " + b"{" * 500_000,
    # PDF
    "10,000 pages.pdf": lambda: _pages(10_000),
    "pages of themselves.pdf": lambda: pdf(
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 9/Kids[2 0 R 2 0 R]/Parent 2 0 R>>"
    ),
    "forms in forms.pdf": _forms,
    "form of itself.pdf": _self_form,
    "content of 512 MB.pdf": lambda: page(stream(b"0 0 m 9 9 l S " * 70_000, times=512)),
    "a million lines.pdf": lambda: page(stream(b"0 0 m 9 9 l S " * 70_000, times=15)),
    "1000 x 1000 grid.pdf": lambda: _grid(1_000),
    "300 x 300 grid.pdf": lambda: _grid(300),
    "page of 200 km.pdf": lambda: page(
        stream(b"0 0 m 9 9 l S"), b"/UserUnit 100", box=b"/MediaBox[0 0 200000 200000]"
    ),
    "picture of 1.6 gigapixels.pdf": lambda: _pdf_picture(40_000, 1),
    "gray picture of 1.6 GB.pdf": lambda: _pdf_picture(40_000, 8),
    "deep array.pdf": lambda: pdf(
        b"<</Type/Catalog/Pages 2 0 R/X " + b"[" * 200_000 + b"]" * 200_000 + b">>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R%s>>" % _BOX,
    ),
    # pictures
    "60,000 x 60,000.png": lambda: png(60_000),
    "gigabytes of zeros.png": lambda: png(7_000, b"\x78\xda" + zeros(2_000)),
    "600 megapixels.jpg": lambda: jpeg(30_000, 20_000),
    "lying size.jpg": lambda: jpeg(7_000, 7_000),
    "lying size.tiff": lambda: tiff(7_000, 7_000),
    "gigapixels.tiff": lambda: tiff(4_000_000_000, 4_000_000_000),
    "directory loop.tiff": lambda: tiff(1_000, 1_000, loop=True),
    "lying boxes.heic": lambda: heic(0xFFFFFFF0),
    "no boxes.heic": lambda: heic(0),
    # containers
    "cyclic chain.xls": _cyclic_fat,
    "cyclic chain.doc": lambda: _cyclic_fat("WordDocument"),
    "cyclic directory.xls": _cyclic_directory,
}

#: Archives, for ``Jail.open``.
ARCHIVES: dict[str, Callable[[], bytes]] = {
    "42 kB to gigabytes.zip": lambda: odd_zip(
        [Lie(data=zeros(4_000), method=8, size=4_000_000_000)]
    ),
    "zips in zips.zip": lambda: _nested_zips(4),
    "65,000 members.zip": lambda: odd_zip([Lie(b"%d" % number) for number in range(65_000)]),
    "overlapping.zip": _overlapping,
    "dictionary of 4 GB.zip": _greedy_zip,
    "dictionary of 4 GB.xz": _greedy_xz,
    "zeros.gz": lambda: gz_of_zeros(2_000),
    "zeros.bz2": lambda: bz2.compress(bytes(10 * _MEGABYTE)) * 20,
    "zeros.xz": lambda: lzma.compress(bytes(10 * _MEGABYTE)) * 20,
    "tar of zeros.tar.gz": lambda: gz(tar([("a.bin", bytes(150 * _MEGABYTE))])),
    "sparse.tar": _sparse_tar,
    "header of 8 GB.tar": _pax_tar,
    "files without end.dat": _endless_winmail,
    "in shreds.p7m": _shredded_signature,
    "nested.p7m": lambda: b"\x30\x80" * 5_000_000,
    "cyclic chain.msg": lambda: _cyclic_fat("__properties_version1.0"),
}


def gz_of_zeros(megabytes: int) -> bytes:
    """A gzip of so many megabytes of zeros."""
    return b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + zeros(megabytes) + bytes(8)
