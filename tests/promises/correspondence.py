"""What communes and others write to the office: bytes that are the same every time."""

import base64
from collections.abc import Sequence
from functools import cache

from rigs.answering import NIL
from rigs.cast import moment
from rigs.memory_office import OFFICE
from rigs.whole import parsed

from intake.demo_documents import PLAIN, Entry, workbook
from intake.demo_scenario import GIA_CAT, HOA_CU, _sender
from notifier.fixed_zip import repack

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: What a letter can be, by what it says; the first three are read and recorded.
KINDS = (
    "form",
    "faulty",
    "nil",
    "garbage",
    "cut",
    "query",
    "empty",
    "link",
)


@cache
def form(unit: str, serial: int) -> bytes:
    """The filled-in workbook of a unit; another serial, another letter number and other points."""
    entries = (HOA_CU + GIA_CAT)[serial % 3 : serial % 3 + 1 + serial % 2]
    return _book(unit, serial, entries)


@cache
def faulty_form(unit: str, serial: int) -> bytes:
    """The same without a telephone number: an error that the commune must mend."""
    entries = tuple({**entry, "phone": ""} for entry in HOA_CU[: 1 + serial % 2])
    return _book(unit, serial, entries)


def _book(unit: str, serial: int, entries: Sequence[Entry]) -> bytes:
    """The present moment in it would be chance: mails of one second are read by their hashes."""
    data = workbook(PLAIN, _sender(unit, 10 + serial, 15), tuple(entries))
    return repack(data, moment(15))


def letter(kind: str, unit: str, sender: str, serial: int, version: int, **headers: str) -> bytes:
    """One mail of a sender about a unit; ``version`` tells files apart, ``serial`` mails."""
    body, files = f"Kính gửi UBND huyện, thư của xã {unit}.", []
    subject = f"Đăng ký điểm OCOP – xã {unit}"
    match kind:
        case "form":
            files = [("Biểu đăng ký.xlsx", form(unit, version))]
        case "faulty":
            files = [("Biểu đăng ký.xlsx", faulty_form(unit, version))]
        case "garbage":
            files = [("Biểu đăng ký.xlsx", b"PK\x03\x04" + bytes(range(256)) * (8 + version))]
        case "cut":
            files = [("Biểu đăng ký.xlsx", form(unit, version)[: 3000 + version])]
        case "nil":
            body = NIL
        case "query":
            body = f"Đề nghị huyện hướng dẫn thêm cho xã {unit} cách ghi cột {version}."
        case "link":
            body = f"Tài liệu: https://drive.google.com/file/d/{unit.encode().hex()}{version}/view"
        case _:
            body, subject = "", ""
    return mail(sender, subject, body, files, serial, **headers)


def mail(
    sender: str,
    subject: str,
    body: str,
    files: list[tuple[str, bytes]],
    serial: int,
    **headers: str,
) -> bytes:
    """The bytes of a mail; header names with underscores for hyphens."""
    lines = [f"From: {sender}", f"To: {OFFICE}", f"Subject: {_word(subject)}"]
    if "Message_ID" not in headers:
        lines.append(f"Message-ID: <{serial}@outside.example>")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += ["MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="=_b"', ""]
    parts = [("Content-Type: text/plain; charset=utf-8", body.encode())]
    for name, data in files:
        head = f"Content-Type: {XLSX}\r\nContent-Disposition: attachment"
        parts.append((f'{head}; filename="{_word(name)}"', data))
    for head, data in parts:
        encoded = base64.encodebytes(data).decode().replace("\n", "\r\n")
        lines += ["--=_b", head, "Content-Transfer-Encoding: base64", "", encoded]
    lines += ["--=_b--", ""]
    return "\r\n".join(lines).encode()


def again(raw: bytes, serial: int) -> bytes:
    """The same mail by another road: only what servers write on top is new."""
    return (
        f"Received: from relay{serial}.example by mx.example; Wed, 15 May 2024\r\n".encode() + raw
    )


def without_marks(raw: bytes, serial: int) -> bytes:
    """A mail of ours as a peer that strips every protective header would send its words."""
    old = parsed(raw)
    text = old.get_body(("plain",))
    assert text is not None
    return mail(str(old["From"]), str(old["Subject"]), str(text.get_content()), [], serial)


def _word(text: str) -> str:
    if text.isascii():
        return text
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="
