"""The messages of a soak: two thirds honest, one third hostile, each with what may become of it.

The same seed gives the same messages. Every message has bytes of its own but those that are meant
to arrive twice.
"""

import base64
import datetime as dt
import io
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from functools import cached_property
from pathlib import Path

from rigs import packed
from rigs.answering import NIL, bounce
from rigs.whole import mail

from config.model import Commune
from intake.demo_documents import PLAIN, Sender, pdf, word, workbook
from intake.demo_scenario import DOCX, HOA_CU, PDF, XLSX

GOLDEN = Path(__file__).parent.parent / "golden"
MARK = "SOAK-MARK"
UNKNOWN = "application/octet-stream"
#: What an honest form may become. Communes whose earlier answer is newer, or who write again, are
#: held or replaced: that is the office's rule, not a loss.
FORM = frozenset({"submission", "correction", "duplicate", "copy"})
REFUSED = frozenset({"unreadable", "wrong-form", "blank-template", "letter-only", "dossier"})
NO_PERSON = frozenset({"own", "auto-reply", "automatic", "loop", "bounce"})
NOBODY = frozenset({"stranger"})
#: Words or a file that nobody understood: a person looks.
HELD = frozenset({"query"})
#: After registered points a "no need" is a correction that waits for a person.
NIL_RETURN = frozenset({"nil", "duplicate", "copy", "correction"})
ANY_ARRIVAL = FORM | REFUSED | {"nil", "query", "empty", "link", "secret"}


@dataclass(frozen=True, slots=True)
class Letter:
    """One message: its bytes, what it is, the verdicts that are right for it."""

    raw: bytes
    kind: str
    verdicts: frozenset[str]
    hostile: bool = False


Maker = Callable[["Writer"], bytes]


class Writer:
    """Writes messages of the communes on a roster, by chance but always the same ones."""

    def __init__(self, communes: Sequence[Commune], seed: int, on: dt.date) -> None:
        self.chance = random.Random(seed)  # noqa: S311  the same messages at every run
        self.communes = tuple(communes)
        self.on = on
        self.serial = 0
        self.earlier: list[bytes] = []

    def letters(self, count: int) -> Iterator[Letter]:
        """Yield so many messages, kinds drawn by their weight."""
        weights = [kind.weight for kind in KINDS]
        for kind in self.chance.choices(KINDS, weights, k=count):
            self.serial += 1
            raw = kind.make(self)
            if kind.name == "workbook":
                self.earlier = [*self.earlier[-200:], raw]
            yield Letter(raw, kind.name, kind.verdicts, kind.hostile)

    # --- what messages are made of ---

    def mail(self, commune: Commune | None = None, **parts: object) -> bytes:
        """A mail from a commune's address (or ``sender``), with a Message-ID of its own."""
        chosen = commune or self.chance.choice(self.communes)
        sender = parts.pop("sender", chosen.emails[0])
        given = {
            "subject": f"Đăng ký điểm OCOP {self.serial}",
            "Message_ID": f"<soak-{self.serial}@xa.example>",
            "Date": format_datetime(dt.datetime.combine(self.on, dt.time(2), dt.UTC)),
            **parts,
        }
        return mail(str(sender), **given)  # type: ignore[arg-type]

    def form_mail(self, name: str, kind: str, data: bytes, commune: Commune) -> bytes:
        return self.mail(commune, files=[(name, kind, data)])

    def a_commune(self) -> Commune:
        return self.chance.choice(self.communes)

    def sheet(self, commune: Commune, *, broken: bool = False) -> bytes:
        """A filled-in workbook with names that no other has."""
        return _renumbered(self._books[commune.code, broken], self.serial)

    @cached_property
    def _books(self) -> dict[tuple[str, bool], bytes]:
        return {
            (one.code, broken): workbook(PLAIN, self._author(one), _entries(broken=broken))
            for one in self.communes
            for broken in (False, True)
        }

    @cached_property
    def papers(self) -> dict[str, tuple[bytes, bytes]]:
        """A Word file and a PDF of each commune."""
        body = ("Kính gửi Ủy ban nhân dân huyện, xã gửi biểu đăng ký dưới đây.",)
        return {
            one.code: (
                word(self._author(one), body, PLAIN, _entries()),
                pdf(self._author(one), body, PLAIN, _entries()),
            )
            for one in self.communes
        }

    def _author(self, commune: Commune) -> Sender:
        return Sender(commune.name, "45/UBND-KT", self.on, class_word=commune.kind)


def _entries(*, broken: bool = False) -> tuple[dict[str, str], ...]:
    points = [{**entry, "name": f"Điểm OCOP {MARK} {n}"} for n, entry in enumerate(HOA_CU, 1)]
    if broken:
        points[0]["phone"] = ""
    return tuple(points)


def _renumbered(book: bytes, serial: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(made, "w", 8) as new:
        for item in old.infolist():
            content = old.read(item).replace(MARK.encode(), str(serial).encode())
            new.writestr(item.filename, content)
    return made.getvalue()


# --- honest ---------------------------------------------------------------------------------------


def _workbook(by: Writer) -> bytes:
    commune = by.a_commune()
    return by.form_mail("Biểu đăng ký.xlsx", XLSX, by.sheet(commune), commune)


def _workbook_to_correct(by: Writer) -> bytes:
    commune = by.a_commune()
    return by.form_mail("Bieu.xlsx", XLSX, by.sheet(commune, broken=True), commune)


def _docx(by: Writer) -> bytes:
    commune = by.a_commune()
    return by.form_mail(
        "Bieu.docx", DOCX, _renumbered(by.papers[commune.code][0], by.serial), commune
    )


def _pdf(by: Writer) -> bytes:
    commune = by.a_commune()
    data = by.papers[commune.code][1] + b"\n%% %d\n" % by.serial
    return by.form_mail("Bieu.pdf", PDF, data, commune)


def _packed(by: Writer) -> bytes:
    commune = by.a_commune()
    name, pack = by.chance.choice(sorted(packed.PACKERS.items()))
    files = [("Bieu.xlsx", by.sheet(commune))]
    return by.form_mail(f"ho so.{name}", UNKNOWN, pack(files), commune)


def _drawn(*endings: str) -> Maker:
    """Golden documents of these kinds, whose layout and commune are their own affair."""
    paths = sorted(path for ending in endings for path in GOLDEN.glob(f"*/input-*{ending}"))

    def make(by: Writer) -> bytes:
        path = by.chance.choice(paths)
        return by.form_mail(f"Bieu{path.suffix}", UNKNOWN, path.read_bytes(), by.a_commune())

    return make


def _nil(by: Writer) -> bytes:
    return by.mail(body=f"{NIL}\nSố {by.serial}.")


def _query(by: Writer) -> bytes:
    return by.mail(body=f"Đề nghị cho biết biểu nộp bản nào, thư số {by.serial}?")


def _empty(by: Writer) -> bytes:
    return by.mail(body="\n", subject="")


def _link(by: Writer) -> bytes:
    return by.mail(body=f"Xã gửi hồ sơ: https://drive.google.com/file/d/{by.serial:033d}/view")


def _again(by: Writer) -> bytes:
    """The very bytes of an earlier message (an alias, a mailer that sends twice)."""
    return by.chance.choice(by.earlier) if by.earlier else _workbook(by)


def _out_of_office(by: Writer) -> bytes:
    return by.mail(Auto_Submitted="auto-replied", subject="Trả lời tự động", body="Đi vắng.")


def _bounce(by: Writer) -> bytes:
    returned = by.mail(sender="ocop@caoloc.example", body="Nhắc")
    return bounce(returned, by.a_commune().emails[0]) + b"\r\n%d\r\n" % by.serial


# --- hostile --------------------------------------------------------------------------------------


def _stranger(by: Writer) -> bytes:
    data = by.sheet(by.a_commune())
    return by.mail(sender=f"nguoila{by.serial}@thudientu.example", files=[("b.xlsx", XLSX, data)])


def _borrowed_name(by: Writer) -> bytes:
    """A roster address as the display name of a stranger's."""
    claimed = by.a_commune().emails[0]
    return by.mail(sender=f'"{claimed}" <x{by.serial}@thudientu.example>', body=NIL)


def _two_senders(by: Writer) -> bytes:
    raw = by.mail(body=NIL)
    return b"From: khac@thudientu.example\r\n" + raw


def _deep(by: Writer) -> bytes:
    depth = by.chance.randrange(50, 1_000)
    head = by.mail(body="x").partition(b"\n\n")[0].replace(b"\r\n", b"\n")
    lines = [
        line for line in head.split(b"\n") if not line.lower().startswith((b"content-", b"mime-"))
    ]
    body = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (level, level)
        for level in range(depth)
    )
    return b"\n".join(lines) + b"\nMIME-Version: 1.0\n" + body + b"\nx"


def _letters_in_letters(by: Writer) -> bytes:
    raw = by.mail(body="x")
    for _ in range(by.chance.randrange(30, 300)):
        raw = b"Content-Type: message/rfc822\n\n" + raw
    return b"From: a%d@thudientu.example\n" % by.serial + raw


def _many_parts(by: Writer) -> bytes:
    head = by.mail(body="x").partition(b"Content-Type")[0]
    part = b"--b\nContent-Type: text/plain\n\nx\n"
    count = by.chance.randrange(1_000, 20_000)
    return head + b'Content-Type: multipart/mixed; boundary="b"\n\n' + part * count + b"--b--\n"


def _huge_subject(by: Writer) -> bytes:
    word_ = b"=?utf-8?b?" + base64.b64encode("đăng ký ".encode() * 4) + b"?= "
    raw = by.mail(body=NIL).replace(b"Subject: ", b"X-Subject: ", 1)
    return b"Subject: " + word_ * by.chance.randrange(500, 4_000) + b"\n" + raw


def _parentheses(by: Writer) -> bytes:
    return b"To: " + b"(" * 5_000 + b"\n" + by.mail(body=NIL)


def _bomb(by: Writer) -> bytes:
    """A zip that says little and holds gigabytes, or lies about its size."""
    size = by.chance.choice((2_000_000_000, 100))
    data = packed.odd_zip([packed.Lie(data=packed.zeros(300), method=8, size=size)])
    return by.mail(files=[("ho so.zip", UNKNOWN, data + b"%d" % by.serial)])


def _many_members(by: Writer) -> bytes:
    count = by.chance.randrange(5_000, 60_000)
    data = packed.odd_zip([packed.Lie(b"%d" % number, b"") for number in range(count)])
    return by.mail(files=[("ho so.zip", UNKNOWN, data)])


def _zip_in_zip(by: Writer) -> bytes:
    data = by.sheet(by.a_commune())
    for level in range(by.chance.randrange(4, 30)):
        data = packed.plain_zip([(f"{level}.zip", data)])
    return by.mail(files=[("ho so.zip", UNKNOWN, data)])


def _entities(by: Writer) -> bytes:
    """A workbook whose sheet is an entity bomb, or asks for a file of this machine."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    outside = '<!ENTITY l9 SYSTEM "file:///etc/passwd">'
    dtd = f'<!DOCTYPE worksheet [<!ENTITY l0 "lol">{by.chance.choice((laughs, outside))}]>'
    commune = by.a_commune()
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(by.sheet(commune))) as old,
        zipfile.ZipFile(made, "w", 8) as new,
    ):
        for item in old.infolist():
            content = old.read(item)
            if item.filename.endswith("sheet1.xml"):
                at = content.index(b"<worksheet")
                content = dtd.encode() + content[at:].replace(b"</t>", b"&l9;</t>", 1)
            new.writestr(item.filename, content)
    return by.form_mail("Bieu.xlsx", XLSX, made.getvalue(), commune)


def _cut(by: Writer) -> bytes:
    commune = by.a_commune()
    data = by.sheet(commune)
    return by.form_mail("Bieu.xlsx", XLSX, data[: by.chance.randrange(1, len(data) - 30)], commune)


def _flipped(by: Writer) -> bytes:
    """Bits that turned over on the way; where nothing reads them, the form is still sound."""
    commune = by.a_commune()
    data = bytearray(by.chance.choice((by.sheet(commune), by.papers[commune.code][1])))
    for _ in range(by.chance.randrange(1, 20)):
        data[by.chance.randrange(len(data))] ^= 1 << by.chance.randrange(8)
    return by.form_mail("Bieu.xlsx", XLSX, bytes(data), commune)


def _noise(by: Writer) -> bytes:
    head = by.chance.choice(
        (b"PK\x03\x04", b"%PDF-1.7\n", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"")
    )
    data = head + by.chance.randbytes(by.chance.randrange(1, 60_000))
    return by.mail(files=[("Bieu.xls", UNKNOWN, data)])


def _path_name(by: Writer) -> bytes:
    name = by.chance.choice(
        ("../../etc/passwd", "C:\\Windows\\x.xlsx", "a\u202exslx.exe", "CON.xlsx")
    )
    commune = by.a_commune()
    return by.form_mail(name, XLSX, by.sheet(commune), commune)


def _from_ourselves(by: Writer) -> bytes:
    return by.mail(sender="ocop@caoloc.example", body=NIL)


def _loop(by: Writer) -> bytes:
    lines = b"".join(b"Received: from a by b; x%d\n" % number for number in range(60))
    return lines + by.mail(body=NIL)


def _html_flood(by: Writer) -> bytes:
    raw = by.mail(body="x").replace(b"text/plain", b"text/html")
    return raw + by.chance.choice((b"<div>", b"<!--", b"<a href=", b"<table><tr>")) * 40_000


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message: how often it comes (of 1,000 or so), what it may become."""

    name: str
    weight: float
    make: Maker
    verdicts: frozenset[str]
    hostile: bool = False


KINDS = (
    Kind("workbook", 250, _workbook, FORM),
    Kind("workbook to correct", 60, _workbook_to_correct, FORM),
    Kind("Word file", 70, _docx, FORM),
    Kind("PDF", 60, _pdf, FORM),
    Kind("archive", 40, _packed, FORM),
    Kind("other workbooks", 50, _drawn(".xlsx", ".ods", ".xls"), ANY_ARRIVAL),
    Kind("text tables", 20, _drawn(".csv", ".tsv", ".html"), ANY_ARRIVAL),
    Kind("old Word files", 3, _drawn(".doc", ".rtf", ".odt"), ANY_ARRIVAL),
    Kind("scans and photos", 1.5, _drawn(".jpg", "scan-200.pdf", ".tiff"), ANY_ARRIVAL),
    Kind("no need", 60, _nil, NIL_RETURN),
    Kind("question", 25, _query, frozenset({"query"})),
    Kind("empty", 5, _empty, frozenset({"empty"})),
    Kind("share link", 5, _link, frozenset({"link"})),
    Kind("sent twice", 30, _again, FORM),
    Kind("out of office", 15, _out_of_office, NO_PERSON),
    Kind("bounce", 10, _bounce, NO_PERSON),
    Kind("stranger's form", 40, _stranger, NOBODY, hostile=True),
    Kind("borrowed display name", 30, _borrowed_name, NOBODY, hostile=True),
    Kind("two senders", 20, _two_senders, NOBODY, hostile=True),
    Kind("nested parts", 20, _deep, REFUSED | NOBODY | HELD | {"empty"}, hostile=True),
    Kind("letters in letters", 20, _letters_in_letters, REFUSED | NOBODY, hostile=True),
    Kind("thousands of parts", 8, _many_parts, REFUSED | HELD, hostile=True),
    Kind("huge subject", 15, _huge_subject, ANY_ARRIVAL | NOBODY, hostile=True),
    Kind("parentheses", 15, _parentheses, NIL_RETURN, hostile=True),
    Kind("bomb", 10, _bomb, REFUSED, hostile=True),
    Kind("thousands of members", 4, _many_members, REFUSED, hostile=True),
    Kind("zip in zip", 15, _zip_in_zip, REFUSED, hostile=True),
    Kind("entities", 20, _entities, REFUSED | HELD, hostile=True),
    Kind("cut workbook", 30, _cut, REFUSED, hostile=True),
    Kind("flipped bits", 40, _flipped, REFUSED | FORM, hostile=True),
    Kind("noise", 30, _noise, REFUSED, hostile=True),
    Kind("file names", 20, _path_name, FORM, hostile=True),
    Kind("from ourselves", 15, _from_ourselves, frozenset({"own"}), hostile=True),
    Kind("loop", 15, _loop, frozenset({"loop"}), hostile=True),
    Kind("HTML flood", 15, _html_flood, REFUSED | HELD | {"empty"}, hostile=True),
)
