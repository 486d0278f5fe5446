"""The messages of the benches: 22 communes by turns, a workbook each, no two of them the same.

Of about 60 kB each: a form of five points and beside it a catalogue of products that the office
left in (``catalogue``, 44 kB packed), or a form of five points alone and a photograph (``small``).
"""

import datetime as dt
import io
import os
import platform
import random
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from importlib.metadata import version

NOW = dt.datetime.fromisoformat("2024-05-16T09:00:00+07:00")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WORKLOADS = ("catalogue", "small")
_MESSAGE_BYTES = 60_000
_POINTS = 5
#: Workbooks with different catalogues, taken by turns; what makes 44 kB of one, packed.
_BOOKS = 100
_CATALOGUE_ROWS = 830
_MARK = "BENCH-MARK"


def make(workload: str, count: int) -> Iterator[bytes]:
    """Yield messages of 22 communes by turns; no two workbooks are the same."""
    from rigs.office import office  # noqa: PLC0415  only the child that makes them

    communes = office().communes
    chance = random.Random(2024)  # noqa: S311  the same messages at every run
    small = workload == "small"
    chosen = [communes[number % len(communes)] for number in range(min(count, _BOOKS))]
    books = [_book(commune.kind, commune.name) for commune in chosen]
    if not small:
        books = [_with_catalogue(book, chance) for book in books]
    for serial in range(count):
        number = serial % len(books)
        book = _varied(books[number], serial, chance if small else None)
        yield _mail(chosen[number].emails[0], serial, book)


def _book(kind: str, name: str) -> bytes:
    from intake.demo_documents import PLAIN, Sender, workbook  # noqa: PLC0415  as above
    from intake.demo_scenario import HOA_CU  # noqa: PLC0415

    who = Sender(name, "45/UBND-KT", dt.date(2024, 5, 15), class_word=kind)
    points = [
        {**HOA_CU[number % len(HOA_CU)], "name": f"Điểm OCOP {name} {number} {_MARK}"}
        for number in range(1, _POINTS + 1)
    ]
    return workbook(PLAIN, who, tuple(points))


def _with_catalogue(book: bytes, chance: random.Random) -> bytes:
    """Return the workbook with a second sheet as offices leave it in: hundreds of products."""
    from openpyxl import load_workbook  # noqa: PLC0415  as above

    opened = load_workbook(io.BytesIO(book))
    sheet = opened.create_sheet("Sản phẩm")
    sheet.append(["TT", "Mã", "Tên sản phẩm", "Chủ thể", "Địa chỉ", "Hạng sao", "Ghi chú", "Năm"])
    for number in range(1, _CATALOGUE_ROWS + 1):
        sheet.append(
            [
                number,
                f"SP{chance.randrange(10**6)}",
                f"Sản phẩm {chance.randrange(10**5)}",
                f"HTX số {chance.randrange(1000)}",
                f"Thôn {chance.randrange(300)}",
                chance.randrange(3, 6),
                None,
                chance.randrange(2019, 2025),
            ]
        )
    made = io.BytesIO()
    opened.save(made)
    return made.getvalue()


def _varied(book: bytes, serial: int, chance: random.Random | None) -> bytes:
    """Return the workbook with names of its own, perhaps a photograph that fills the message."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(made, "w", 8) as new:
        for item in old.infolist():
            content = old.read(item).replace(_MARK.encode(), str(serial).encode())
            new.writestr(item.filename, content)
        if chance is not None:
            photo = chance.randbytes(_MESSAGE_BYTES * 3 // 4 - 1_500 - len(book))
            new.writestr("xl/media/image1.jpeg", photo)
    return made.getvalue()


def _mail(sender: str, serial: int, book: bytes) -> bytes:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = "ocop@caoloc.example"
    mail["Subject"] = "Đăng ký điểm OCOP"
    mail["Message-ID"] = f"<bench-{serial}@xa.example>"
    mail["Date"] = NOW - dt.timedelta(hours=1)
    mail.set_content("Kính gửi UBND huyện Cao Lộc.\n\nUBND xã gửi biểu đăng ký kèm theo.\n")
    main, sub = XLSX.split("/")
    mail.add_attachment(book, maintype=main, subtype=sub, filename="Biểu đăng ký.xlsx")
    return mail.as_bytes()


def machine(*packages: str) -> str:
    """Say what the figures belong to."""
    names = [f"{package} {version(package)}" for package in packages]
    cores = len(os.sched_getaffinity(0))
    python = f"Python {platform.python_version()}"
    return f"{platform.machine()}, {cores} cores, {platform.system()}; {python}, {', '.join(names)}"
