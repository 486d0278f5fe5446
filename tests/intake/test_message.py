"""Mail taken apart: hostile, broken and merely odd wrappings (FAULTS B)."""

import base64
import datetime as dt
import email.message
import quopri
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs import letters

from config.model import Limits
from intake import body, unpack
from intake.message import Parsed
from intake.signed import read_mail
from parsers import smime
from parsers.container import Opened, Room, open_container
from parsers.names import display_name
from parsers.reading import Refusal

LIMITS = Limits()


def opened(data: bytes, name: str, room: Room) -> Opened | Refusal | None:
    """What a worker of the jail does, without one."""
    return open_container(data, name, room)


def read(raw: bytes) -> Parsed:
    return read_mail(raw, LIMITS, opened)


def nested_multiparts(depth: int) -> bytes:
    inner = b"Content-Type: text/plain\r\n\r\nx\r\n"
    for level in range(depth):
        inner = letters.pieces([inner], boundary=f"b{level}")
    return letters.head().encode() + inner


# --- structure ---


def test_an_ordinary_mail() -> None:
    parsed = read(letters.multipart([letters.words("Kính gửi Phòng"), letters.file("biểu.xlsx")]))
    assert (parsed.sender, parsed.sender_name) == (letters.SENDER, "UBND xa Hoa Cu")
    assert (parsed.text, parsed.quoted) == ("Kính gửi Phòng", "")
    assert parsed.date == dt.datetime(2024, 5, 17, 1, tzinfo=dt.UTC)
    assert [(part.name, part.data) for part in parsed.parts] == [("biểu.xlsx", letters.BIG)]
    assert parsed.defects == ()


@pytest.mark.parametrize("depth", [21, 100, 1_000])
def test_fault_026_nested_multiparts(depth: int) -> None:
    """1,000 multiparts in each other: too deep, and the headers are still known."""
    parsed = read(nested_multiparts(depth))
    assert parsed.fatal
    assert parsed.sender == letters.SENDER


def test_fault_026_depth_within_the_budget_is_read() -> None:
    """What is only unusual is read."""
    assert read(nested_multiparts(15)).text == "x"


def test_fault_027_nested_messages() -> None:
    """1,000 message/rfc822 in each other: too deep."""
    parsed = read(letters.head().encode() + b"Content-Type: message/rfc822\r\n\r\n" * 1_000)
    assert parsed.fatal
    assert parsed.sender == letters.SENDER


@pytest.mark.parametrize("name", ["To", "From", "Cc", "Subject", "Date", "Message-ID", "Reply-To"])
def test_fault_028_five_thousand_parentheses(name: str) -> None:
    """A header that makes parsers recurse is as good as absent."""
    parsed = read(f"{name}: {'(' * 5_000}\r\nX-Y: z\r\n\r\nwords\r\n".encode())
    assert (parsed.text, parsed.sender) == ("words", "")
    assert not parsed.fatal


def test_fault_029_huge_subject_and_many_parts() -> None:
    """Budgets hold: bounded text out of 270 kB of encoded words, no tree of 20,000 parts."""
    subject = "=?utf-8?q?a?= " * 20_000
    parsed = read(letters.plain("words", subject=subject))
    assert len(parsed.subject) <= 500
    assert "header-bytes" in parsed.defects
    many = read(letters.multipart([b"Content-Type: text/plain\r\n\r\nx"] * 20_000))
    assert "too-many-parts" in many.defects
    assert many.sender == letters.SENDER


def test_fault_029_millions_of_empty_lines() -> None:
    """Time and memory go by the line: a budget holds here too, and a large file stays below it."""
    assert "too-many-lines" in read(letters.plain("\n" * 2_100_000)).defects
    large = read(letters.multipart([letters.words("x"), letters.file(data=b"x" * 3_000_000)]))
    assert [len(part.data) for part in large.parts] == [3_000_000]


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 17 May 99999 08:00:00 +0700",
        "Fri, 31 Dec 9999 23:59:59 -1200",
        "Fri, 17 May 2024 08:00:00 +9999",
        "hôm qua",
        "",
        "1" * 5_000,
    ],
)
def test_fault_030_date_out_of_range_or_junk(date: str) -> None:
    """No date and a defect; never an exception, never the year 1900."""
    raw = letters.plain().replace(b"Fri, 17 May 2024 08:00:00 +0700", date.encode())
    parsed = read(raw)
    assert parsed.date is None
    assert "date" in parsed.defects


def test_date_without_a_zone_is_aware_all_the_same() -> None:
    raw = letters.plain().replace(b"08:00:00 +0700", b"08:00:00 -0000")
    assert read(raw).date == dt.datetime(2024, 5, 17, 8, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "Xã Hòa Cư",
        "a@x.example, b@x.example",
        "Xã: a@x.example;",
        "undisclosed-recipients:;",
        "hoacu@commune.example <evil@x.example>",
        "hoacu@commune.example(evil@x.example)",
        "<hoacu@commune.example>, x",
        '"hoacu@commune.example',
        "hoacu@commune.example)evil@x.example",
        "hoa\x00cu@commune.example",
        "hoacu@commune.example\r\nFrom: evil@x.example",
    ],
)
def test_fault_031_no_single_sender(sender: str) -> None:
    """Absent, several, groups and tricks: no sender at all, for nobody to trust."""
    parsed = read(letters.plain(sender=sender))
    assert parsed.sender == ""
    assert "no-single-sender" in parsed.defects


def test_a_display_name_that_looks_like_an_address_is_only_a_name() -> None:
    quoted = read(letters.plain(sender='"hoacu@commune.example" <Evil@X.example>'))
    coded = "=?utf-8?b?" + base64.b64encode(b"hoacu@commune.example").decode() + "?="
    encoded = read(letters.plain(sender=f"{coded} <evil@x.example>"))
    assert quoted.sender == encoded.sender == "evil@x.example"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", ""),
        ("Message-ID: <a@b>\r\nMessage-ID: <c@d>\r\n", ""),
        ("Message-ID: <a@b>\r\nMessage-ID: <a@b>\r\n", "<a@b>"),
        ("Message-ID: <script>alert(1)</script>\r\n", ""),
        ("Message-ID: <a b@c>\r\n", ""),
        (f"Message-ID: <{'x' * 2_000}@c>\r\n", ""),
        ("Message-ID: <a@b> extra\r\n", ""),
    ],
)
def test_fault_032_message_id(lines: str, expected: str) -> None:
    """Only one well-formed Message-ID counts; else none and a defect."""
    raw = letters.plain().replace(b"Message-ID: <1@commune.example>\r\n", lines.encode())
    parsed = read(raw)
    assert parsed.rfc_message_id == expected
    assert ("message-id" in parsed.defects) == (expected == "")


@pytest.mark.parametrize(
    "charset", ["x-unknown", "utf-8-broken", "a\0b", "punycode", "undefined", '"', "base64"]
)
def test_fault_033_unknown_charset(charset: str) -> None:
    """Decoded as UTF-8 all the same."""
    raw = letters.plain("Kính gửi").replace(b"charset=utf-8", f"charset={charset}".encode())
    assert read(raw).text == "Kính gửi"


def test_fault_033_windows_1258_without_a_word() -> None:
    """An undeclared legacy charset that reads Vietnamese is Vietnamese."""
    legacy = "Kính gửi".encode().decode()
    coded = "Ki\u0301nh g\u01b0\u0309i".encode("windows-1258")
    raw = letters.plain("@@").replace(b"; charset=utf-8", b"").replace(b"@@", coded)
    assert read(raw).text == legacy


@pytest.mark.parametrize(
    "leaf",
    [
        b"Content-Type: multipart/mixed\r\n\r\nwords",
        b"Content-Type: multipart/mixed; boundary=never\r\n\r\nwords",
        b"Content-Type: nonsense\r\n\r\nwords",
        b"Content-Type:\r\n\r\nwords",
    ],
)
def test_fault_034_leaf_with_a_wrong_label(leaf: bytes) -> None:
    """Where get_content raises KeyError, the payload's bytes are read."""
    assert read(letters.head().encode() + leaf).text == "words"


def test_fault_034_message_types_without_a_message() -> None:
    """message/* leaves of any kind never raise."""
    for kind in (
        "partial",
        "external-body",
        "global",
        "feedback-report",
        "rfc822",
        "delivery-status",
    ):
        part = f"Content-Type: message/{kind}\r\n\r\n".encode()
        assert not read(letters.multipart([letters.words("lời"), part])).fatal


def test_fault_035_received_mail_is_never_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """as_bytes, as_string and get_content are not called on what came in."""

    def never(*_given: object, **_named: object) -> None:
        raise AssertionError("a received message was re-serialised")

    for name in ("as_bytes", "as_string", "__bytes__", "__str__"):
        monkeypatch.setattr(email.message.Message, name, never)
    inner = letters.multipart([letters.words("trong"), letters.file()])
    raw = letters.multipart([letters.words("ngoài"), letters.file(), letters.forwarded(inner)])
    assert not read(raw).fatal
    source = Path(body.__file__).parent
    for module in ("message.py", "triage.py", "unpack.py", "header.py"):
        text = (source / module).read_text()
        assert ".as_bytes(" not in text
        assert ".get_content(" not in text


# --- file names ---


def name_of(lines: bytes) -> str:
    return read(letters.multipart([letters.words("x"), letters.named(lines)])).parts[0].name


def test_fault_036_unquoted_file_name_with_spaces() -> None:
    """The whole name, with its extension."""
    lines = b"Content-Type: a/b\r\nContent-Disposition: attachment; filename=Bieu mau 1.xlsx"
    assert name_of(lines) == "Bieu mau 1.xlsx"


NAME = "Biểu đăng ký số 1.xlsx"
PERCENT = NAME.encode().hex("%").join(["%", ""]).encode()
QP = quopri.encodestring(NAME.encode(), header=True).replace(b"\n", b"")
HALVES = [base64.b64encode(half) for half in (NAME.encode()[:4], NAME.encode()[4:])]
SPLIT = (
    b"filename*0*=UTF-8''Bi%E1%BB%83u%20%C4%91%C4%83ng;\r\n"
    b' filename*1*=%20k%C3%BD%20s%E1%BB%91%201;\r\n filename*2=".xlsx"'
)
FILE_NAMES = {
    "2047-b": b'filename="=?utf-8?b?' + base64.b64encode(NAME.encode()) + b'?="',
    "2047-q": b'filename="=?utf-8?q?' + QP + b'?="',
    "2047-cut": b'filename="=?utf-8?b?' + b"?=\r\n =?utf-8?b?".join(HALVES) + b'?="',
    "2047-1258": b'filename="=?windows-1258?q?Bi=EA=D2u_=F0=E3ng_ky=EC_s=F4=EC_1.xlsx?="',
    "2231": b"filename*=UTF-8''" + PERCENT,
    "2231-split": SPLIT,
    "2231-1258": b"filename*=windows-1258''Bi%EA%D2u%20%F0%E3ng%20ky%EC%20s%F4%EC%201.xlsx",
    "utf-8": b'filename="' + NAME.encode() + b'"',
    "utf-8-bare": b"filename=" + NAME.encode(),
    "1258": b'filename="Bi\xea\xd2u \xf0\xe3ng ky\xec s\xf4\xec 1.xlsx"',
    "both": b"filename=Bieu.xlsx; filename*=UTF-8''" + PERCENT,
}
UNNAMED = b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; "


@pytest.mark.parametrize("value", FILE_NAMES.values(), ids=FILE_NAMES)
def test_fault_037_vietnamese_file_name(value: bytes) -> None:
    """Each way that mailers write it gives the readable name."""
    assert name_of(UNNAMED + value) == NAME


@pytest.mark.parametrize(
    "name", [b"Bi\xd3u \xae\xa8ng k\xfd.xlsx", b"\xff\xfe\x80.xlsx"], ids=["tcvn3", "junk"]
)
def test_fault_037_unreadable_file_name_becomes_neutral(name: bytes) -> None:
    """Never mojibake: a neutral name that keeps the extension."""
    lines = (
        b'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="'
        + name
        + b'"'
    )
    assert name_of(lines) == "tệp 1.xlsx"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\bieu.xlsx", "bieu.xlsx"),
        ("bieu\u202excod.exe", "bieuxcod.exe"),
        ("a\tb\x07.xlsx", "a b.xlsx"),
        ("..", "tệp 1"),
        ("/", "tệp 1"),
        ("CON.xlsx", "CON.xlsx"),
        ("x\u200b.xlsx", "x.xlsx"),
    ],
)
def test_fault_038_hostile_file_name(name: str, expected: str) -> None:
    """Only a display name remains: no path, no control, no override of direction."""
    coded = b"=?utf-8?b?" + base64.b64encode(name.encode()) + b"?="
    lines = (
        b'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="'
        + coded
        + b'"'
    )
    shown = name_of(lines)
    assert shown == expected


def test_fault_038_long_name_keeps_its_extension_and_nul_goes() -> None:
    """300 letters are shortened in the middle; NUL is dropped."""
    assert name_of(b'Content-Type: a/b; name="' + b"x" * 300 + b'.xlsx"').endswith(
        "…\u200b.xlsx".replace("\u200b", "")
    )
    assert len(name_of(b'Content-Type: a/b; name="' + b"x" * 300 + b'.xlsx"')) <= 150
    assert name_of(b'Content-Type: a/b; name="a\0b.xlsx"') == "ab.xlsx"


# --- where files hide ---


def test_fault_039_content_type_lies() -> None:
    """text/plain with a name is a file, byte for byte; the claimed type decides nothing."""
    for kind in ("text/plain", "application/octet-stream", "image/pjpeg", "text/html"):
        part = read(letters.multipart([letters.words("x"), letters.file(kind=kind)])).parts[0]
        assert part.data == letters.BIG


@pytest.mark.parametrize("kind", ["mixed", "related", "alternative", "signed", "unheard-of"])
@pytest.mark.parametrize("disposition", ["inline", "attachment", "", "nonsense"])
def test_fault_040_file_in_any_container(kind: str, disposition: str) -> None:
    """Found inline, without disposition, in related, in alternative."""
    parts = [letters.words("x"), letters.file(disposition=disposition or "inline")]
    parsed = read(letters.multipart([letters.pieces(parts, kind=kind, boundary="b1")]))
    assert [part.data for part in parsed.parts] == [letters.BIG]


def test_file_without_a_name_or_disposition_is_found() -> None:
    part = letters.named(b"Content-Type: application/pdf", b"%PDF-1.7")
    parsed = read(letters.multipart([letters.words("x"), part]))
    assert [(each.name, each.data) for each in parsed.parts] == [("tệp 1.pdf", b"%PDF-1.7")]


def encoded(encoding: str, content: bytes) -> Parsed:
    part = (
        f'Content-Type: a/b; name="x.bin"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'.encode()
    )
    return read(letters.multipart([letters.words("x"), part + content]))


def test_fault_041_base64_with_spaces_junk_or_a_missing_end() -> None:
    """As much as came through, and a defect that says what was wrong."""
    coded = base64.b64encode(letters.BIG)
    spaced = b" ".join(coded[at : at + 7] for at in range(0, len(coded), 7))
    assert encoded("base64", spaced).parts[0].data == letters.BIG
    assert encoded("BASE64 ", coded).parts[0].data == letters.BIG
    assert encoded("base64", coded.rstrip(b"=")).parts[0].data == letters.BIG
    junk = encoded("base64", b"!!" + coded + b"\r\n-- \r\nvirus free")
    assert "base64-junk" in junk.parts[0].defects
    for cut in range(1, 12):
        part = encoded("base64", coded[:-cut]).parts[0]
        assert letters.BIG.startswith(part.data)
        assert part.defects or (len(coded) - cut) % 4 == 0
    assert encoded("base64", b"").parts[0].data == b""


def test_fault_041_uuencode_and_binary() -> None:
    """uuencode as a transfer encoding and in the body; binary as it is."""
    lines = [
        base64.binascii.b2a_uu(letters.BIG[at : at + 45]) for at in range(0, len(letters.BIG), 45)
    ]  # type: ignore[attr-defined]
    block = b"begin 644 bieu.xlsx\n" + b"".join(lines) + b"`\nend\n"
    assert encoded("x-uuencode", block).parts[0].data == letters.BIG
    parsed = read(
        letters.head().encode()
        + b"Content-Type: text/plain\r\n\r\nGui phong\n"
        + block
        + b"Tran trong\n"
    )
    assert [(part.name, part.data) for part in parsed.parts] == [("bieu.xlsx", letters.BIG)]
    assert parsed.text == "Gui phong\nTran trong"
    raw = b"\x00\x01\xff\r\n\r\nPK\x80"
    assert encoded("binary", raw).parts[0].data == raw


def test_fault_043_forwarded_as_an_attachment() -> None:
    """The form inside is found one level down; the sender stays the forwarder."""
    inner = letters.multipart(
        [letters.words("lời trong"), letters.file()], sender="xa@other.example"
    )
    for part in (
        letters.forwarded(inner),
        letters.file("thu.eml", inner, "application/octet-stream"),
        letters.file("thu.eml", inner, "message/rfc822"),
    ):
        parsed = read(letters.multipart([letters.words("Chuyển tiếp"), part]))
        assert (parsed.sender, parsed.text, parsed.parts) == (letters.SENDER, "Chuyển tiếp", ())
        (mail,) = parsed.nested
        assert (mail.sender, mail.text) == ("xa@other.example", "lời trong")
        assert [each.data for each in mail.parts] == [letters.BIG]
    deeper = letters.multipart([letters.forwarded(letters.multipart([letters.forwarded(inner)]))])
    assert "nested-deeper" in read(deeper).nested[0].defects


@pytest.mark.parametrize("kind", ["message/global", "message/news"])
def test_a_mail_under_another_name_is_a_mail(kind: str) -> None:
    inner = letters.multipart([letters.words("lời trong"), letters.file()])
    plain = f"Content-Type: {kind}\r\n\r\n".encode() + inner
    encoded = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode()
    for part in (plain, encoded + base64.encodebytes(inner), letters.file("t.eml", inner, kind)):
        (mail,) = read(letters.multipart([letters.words("Chuyển tiếp"), part])).nested
        assert (mail.text, [each.data for each in mail.parts]) == ("lời trong", [letters.BIG])


def test_a_piece_of_a_mail_is_told_by_its_name() -> None:
    part = b'Content-Type: message/partial; id="a@x"; number=1; total=2\r\n\r\nSubject: x\r\n\r\n'
    for raw in (part, letters.multipart([letters.words("lời"), part])):
        parsed = read(raw)
        assert "partial" in parsed.defects
        assert not parsed.fatal
        found = unpack.unpack(parsed, LIMITS, lambda *_: None)
        assert [(note.code, note.name) for note in found.notes] == [
            ("unsupported", "message/partial")
        ]


@pytest.mark.parametrize("kind", ["message/rfc822", "application/octet-stream"])
@pytest.mark.parametrize("data", [b"PK\x03\x04" + b"x" * 99, b"%PDF-1.7\n" + b"x" * 99])
def test_a_document_that_is_called_a_mail_is_a_document(kind: str, data: bytes) -> None:
    """Its content says what it is: opened as a mail nothing of it was read."""
    for name in ("biểu.eml", "biểu.xlsx"):
        part = letters.file(name, data, kind)
        parsed = read(letters.multipart([letters.words("Kính gửi"), part]))
        assert (parsed.nested, [(one.name, one.data) for one in parsed.parts]) == (
            (),
            [(name, data)],
        )
        assert unpack.unpack(parsed, LIMITS, lambda *_: None).files == parsed.parts


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
@pytest.mark.parametrize("encoded", [True, False])
@pytest.mark.parametrize(
    "disposition", ["", 'Content-Disposition: attachment; filename="t.eml"\r\n']
)
def test_fault_043_a_mail_within_a_mail_may_be_encoded(
    encoding: str, disposition: str, *, encoded: bool
) -> None:
    """RFC 2045 forbids it; mailers do it, or only say so: both are read."""
    inner = letters.multipart(
        [letters.words("lời trong"), letters.file()], sender="xa@other.example"
    )
    encode = base64.encodebytes if encoding == "base64" else quopri.encodestring
    header = f"Content-Type: message/rfc822\r\n{disposition}Content-Transfer-Encoding: {encoding}"
    part = header.encode() + b"\r\n\r\n" + (encode(inner) if encoded else inner)
    parsed = read(letters.multipart([letters.words("Chuyển tiếp"), part]))
    assert (parsed.sender, parsed.text, parsed.parts) == (letters.SENDER, "Chuyển tiếp", ())
    (mail,) = parsed.nested
    assert (mail.sender, mail.text) == ("xa@other.example", "lời trong")
    assert [each.data for each in mail.parts] == [letters.BIG]


def test_fault_034_an_encoded_mail_that_is_none_or_deep_never_raises() -> None:
    for encoding in ("base64", "quoted-printable"):
        header = f"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        for content in (b"", b"=", b"=3D=ZZ\r\n", b"khong phai thu"):
            assert not read(letters.multipart([header.encode() + content])).fatal
        for _ in range(40):
            content = header.encode() + base64.encodebytes(content)
        assert not read(letters.multipart([content])).fatal


def der(tag: int, *values: bytes) -> bytes:
    content = b"".join(values)
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + struct.pack(">H", size)
    return bytes([tag]) + length + content


def signed(inner: bytes, *, indefinite: bool = False) -> bytes:
    oid = bytes.fromhex("2a864886f70d0107")
    octets = der(4, inner)
    if indefinite:
        octets = b"\x24\x80" + der(4, inner[:9]) + der(4, inner[9:]) + b"\0\0"
    content = der(0x30, der(6, oid + b"\x01"), der(0xA0, octets))
    return der(0x30, der(6, oid + b"\x02"), der(0xA0, der(0x30, der(2, b"\1"), der(0x31), content)))


@pytest.mark.parametrize("indefinite", [False, True])
def test_fault_044_opaque_signature_is_unwrapped(indefinite: bool) -> None:
    """What a signed p7m holds is read like the mail itself."""
    inner = letters.pieces([letters.words("lời ký"), letters.file(data=b"PK" * 100)])
    p7m = letters.file(
        "smime.p7m",
        signed(inner, indefinite=indefinite),
        "application/pkcs7-mime; smime-type=signed-data",
    )
    parsed = read(letters.head().encode() + p7m)
    assert parsed.text == "lời ký"
    assert [part.data for part in parsed.parts] == [b"PK" * 100]


def test_fault_044_encrypted_is_said() -> None:
    """S/MIME and PGP encryption are a defect of their own, however the envelope is broken."""
    enveloped = der(0x30, der(6, bytes.fromhex("2a864886f70d010703")), der(0xA0, b""))
    whole = signed(b"Content-Type: text/plain\r\n\r\nx")
    for data in (enveloped, b"", b"\x30", b"\x30\x80" * 400, whole[:-9]):
        raw = letters.head().encode() + letters.file("smime.p7m", data, "application/pkcs7-mime")
        assert "encrypted" in read(raw).defects
    pgp = letters.pieces(
        [letters.words("Version: 1", "application/pgp-encrypted")], kind="encrypted"
    )
    assert "encrypted" in read(letters.head().encode() + pgp).defects
    assert "encrypted" in read(letters.plain("-----BEGIN PGP MESSAGE-----\nabc")).defects
    assert smime.signed_content(b"\x30\x03\x02\x01") is None


@pytest.mark.parametrize("indefinite", [False, True])
def test_fault_044_a_signature_in_millions_of_pieces_is_not_walked(indefinite: bool) -> None:
    """What an envelope may cost its worker is bounded."""

    def tag(kind: int, value: bytes) -> bytes:
        if indefinite and kind & 0x20:
            return bytes([kind, 0x80]) + value + b"\0\0"
        return bytes([kind, 0x84]) + struct.pack(">I", len(value)) + value

    def envelope(pieces: int) -> bytes:
        oid = bytes.fromhex("2a864886f70d0107")
        inner = der(6, oid + b"\x01") + tag(0xA0, tag(0x24, b"\x04\x01x" * pieces))
        wrapped = tag(0x30, der(2, b"\1") + tag(0x31, b"") + tag(0x30, inner))
        return tag(0x30, der(6, oid + b"\x02") + tag(0xA0, wrapped))

    assert smime.signed_content(envelope(50_000)) == b"x" * 50_000
    assert smime.signed_content(envelope(600_000)) is None


def test_fault_045_share_link() -> None:
    """Links to file shares are named; ordinary ones, look-alikes and quoted ones are not."""
    text = "Hồ sơ: https://drive.google.com/file/d/1?x=1 và http://www.fshare.vn/file/A"
    assert read(letters.plain(text)).links == (
        "https://drive.google.com/file/d/1?x=1",
        "http://www.fshare.vn/file/A",
    )
    assert (
        read(letters.plain("https://caoloc.example/ https://drive.google.com.evil.example/x")).links
        == ()
    )
    assert read(letters.plain("> https://zalo.me/g/abc")).links == ()
    page = '<p>Hồ sơ <a href="https://1drv.ms/x/s!A?e=1&amp;b=2">đây</a></p>'
    assert read(letters.multipart([letters.words(page, "text/html")])).links == (
        "https://1drv.ms/x/s!A?e=1&b=2",
    )


ROW = "<tr><td><p>1</p></td><td>Chợ Hòa Cư</td><td>50</td></tr>"


def test_fault_046_table_in_the_html_body() -> None:
    """A table among the sender's own words is seen; a layout and a quoted table are not."""

    def page(text: str) -> Parsed:
        return read(
            letters.multipart(
                [letters.words("x"), letters.words(text, "text/html")], kind="alternative"
            )
        )

    assert page(f"<p>Kính gửi</p><table>{ROW * 3}</table>").has_table
    assert not page("<table><tr><td>logo</td><td>Xã</td></tr></table>" * 3).has_table
    assert not page(f"<p>Vâng</p><blockquote><table>{ROW * 3}</table></blockquote>").has_table
    assert not page(
        f"<p>Vâng</p><p>-----Original Message-----</p><table>{ROW * 3}</table>"
    ).has_table


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b"\r\n", b"\n"),
        lambda raw: raw.replace(b"\r\n", b"\r"),
        lambda raw: re.sub(rb"--b\d+--\r\n", b"", raw),
        lambda raw: b"From someone Fri May 17\r\n" + raw,
        lambda raw: raw.replace(b"MIME-Version: 1.0\r\n", b""),
        lambda raw: raw.replace(b"MIME-Version: 1.0", b"X-Y: \xe1\xff\xfe"),
    ],
    ids=["lf", "cr", "no-final-boundary", "mbox", "no-mime-version", "8-bit"],
)
def test_fault_047_broken_line_ends_and_boundaries(change: object) -> None:
    """Words and file are found all the same."""
    assert callable(change)
    raw = change(letters.multipart([letters.words("Kính gửi"), letters.file()]))
    parsed = read(raw)
    assert (parsed.sender, parsed.text) == (letters.SENDER, "Kính gửi")
    assert [part.data for part in parsed.parts] == [letters.BIG]


def test_fault_047_no_blank_line_before_the_body() -> None:
    """Headers end where something begins that is none."""
    assert read(b"From: a@x.example\r\nSubject: x\r\nKinh gui phong\r\n").text == "Kinh gui phong"


def test_fault_048_empty_letter() -> None:
    """Nothing at all is a message too."""
    assert read(b"").text == ""
    subject_only = read(letters.plain("", subject="Báo cáo"))
    assert (subject_only.subject, subject_only.text, subject_only.parts) == ("Báo cáo", "", ())


def test_fault_049_fifty_attachments() -> None:
    """Each is there, in order, under its own name."""
    files = [letters.file(f"b{n}.xlsx", letters.BIG + bytes([n])) for n in range(50)]
    parsed = read(letters.multipart([letters.words("x"), *files]))
    assert [part.name for part in parsed.parts] == [f"b{n}.xlsx" for n in range(50)]
    assert len({part.data for part in parsed.parts}) == 50


# --- words ---


@pytest.mark.parametrize(
    "quoted",
    [
        "Vào Th 6, 17 thg 5, 2024 vào lúc 08:00 UBND huyện <ocop@caoloc.example> đã viết:\n\n> cũ",
        "Vào Th 6, 17 thg 5, 2024 vào lúc 08:00 UBND huyện <ocop@caoloc.example>\nđã viết:\n> cũ",
        "On Fri, May 17, 2024 at 8:00 AM UBND <ocop@caoloc.example> wrote:\n> cũ\n> cũ",
        "-----Original Message-----\nFrom: a\ncũ",
        "----- Thư gốc -----\ncũ",
        "---------- Forwarded message ---------\ncũ",
        "____________\nTừ: UBND huyện\nNgày gửi: thứ sáu\nĐến: xã\nChủ đề: Gọi\n\ncũ",
        "From: UBND\nSent: Friday\nTo: xa\nSubject: Goi\n\ncũ",
        "Từ: UBND\nĐến: Xã\nĐã gửi: Thứ sáu\nChủ đề: Gọi\ncũ",
        "> cũ",
    ],
)
def test_own_words_stand_apart_from_what_they_answer(quoted: str) -> None:
    parsed = read(letters.plain(f"Xã không có nhu cầu.\n\n{quoted}"))
    assert parsed.text.rstrip("_ \n") == "Xã không có nhu cầu."
    assert "cũ" in parsed.quoted


def test_answers_below_and_between_quotes_are_own_words() -> None:
    text = "On Friday, UBND <o@c.example> wrote:\n> câu hỏi\nXã không có nhu cầu.\n> cũ\nTrân trọng"
    assert read(letters.plain(text)).text == "Xã không có nhu cầu.\nTrân trọng"


def test_a_letter_that_starts_with_tu_is_no_quote() -> None:
    text = "Từ: ngày 17/5 xã đã họp.\nXã có 02 điểm đăng ký."
    assert read(letters.plain(text)).text == text


def test_html_alone_is_read_as_text() -> None:
    page = (
        "<html><head><style>p{}</style><title>t</title></head><body><p>Kính&nbsp;gửi</p>"
        "<!-- x > --><div>Xã <b>không</b> có<br>nhu cầu</div><script>evil()</script>"
        "<blockquote>cũ</blockquote></body>"
    )
    parsed = read(letters.multipart([letters.words(page, "text/html")]))
    assert parsed.text == "Kính gửi\nXã không có\nnhu cầu"
    assert parsed.quoted == "> cũ"


@pytest.mark.parametrize(
    "bomb",
    [
        "<" * 300_000,
        "<a" * 150_000,
        "<script" * 40_000,
        "<!--" * 70_000,
        "<a href=" * 40_000,
        "&" * 300_000,
    ],
)
def test_html_that_wants_quadratic_time(bomb: str) -> None:
    """Linear work, bounded words: with backtracking each of these would take hours."""
    assert len(body.read_html(bomb).text) <= body.TEXT_CHARS


def test_headers_of_the_wire_are_kept_raw_and_topmost_first() -> None:
    parsed = read(letters.plain(extra="Received: one\r\nReceived: two\r\nAuto-Submitted: no\r\n"))
    assert parsed.headers["received"] == ("one", "two")
    assert (parsed.received_count, parsed.value("auto-submitted"), parsed.value("x-none")) == (
        2,
        "no",
        "",
    )


# --- anything ---


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2_000))
def test_any_bytes_have_an_outcome(raw: bytes) -> None:
    assert isinstance(read(raw), Parsed)


SEEDS = [
    letters.multipart([letters.words("Kính gửi"), letters.file("biểu.xlsx", b"PK" * 40)]),
    letters.multipart([letters.forwarded(letters.plain())]),
    letters.multipart([letters.words("<table><tr><td>1", "text/html")], kind="alternative"),
    letters.head().encode()
    + letters.file("smime.p7m", signed(b"\r\n\r\nx"), "application/pkcs7-mime"),
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6), st.integers(0, 40)), max_size=8),
)
def test_any_mutation_has_an_outcome(raw: bytes, edits: list[tuple[float, bytes, int]]) -> None:
    changed = bytearray(raw)
    for place, new, cut in edits:
        at = int(place * len(changed))
        changed[at : at + cut] = new
    parsed = read(bytes(changed))
    assert "unparsable" not in parsed.defects


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_display_names_are_never_paths(text: str) -> None:
    shown = display_name(text)
    assert not set(shown) & set("/\\\0\r\n\u202e")
    assert shown not in {".", ".."}
    assert len(shown) <= 150
