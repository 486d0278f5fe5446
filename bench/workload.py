"""The messages of the benches: 22 communes by turns, a workbook each, no two of them the same.

Of about 60 kB each: a form of five points and beside it a catalogue of products that the office
left in (``catalogue``, 44 kB packed), or a form of five points alone and a photograph (``small``).
"""

import datetime as dt
import io
import os
import platform
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from importlib.metadata import version
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from rigs.dovecot import PASSWORD, Dovecot  # noqa: E402  the path comes first

NOW = dt.datetime.fromisoformat("2024-05-16T09:00:00+07:00")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WORKLOADS = ("catalogue", "small")
_MESSAGE_BYTES = 60_000
_POINTS = 5
#: Workbooks with different catalogues, taken by turns; what makes 44 kB of one, packed.
_BOOKS = 100
_CATALOGUE_ROWS = 830
_MARK = "BENCH-MARK"
ENV = {"INTAKE_BENCH_PASSWORD": PASSWORD}


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


def fill(dovecot: Dovecot, user: str, workload: str, count: int, folder: Path) -> int:
    """Put so many messages into an inbox; return the mean of their bytes.

    They are made in a child: other children inherit the peak of this process's memory.
    """
    start = NOW.timestamp() - 3600
    with tempfile.TemporaryDirectory(dir=folder) as raws:
        command = [sys.executable, __file__, raws, workload, str(count)]
        subprocess.run(command, check=True)
        files = sorted(Path(raws).iterdir())
        dovecot.fill((file.read_bytes() for file in files), user=user)
        size = sum(file.stat().st_size for file in files) // count
    for serial, path in enumerate(sorted((dovecot.dir / "mail" / user / "new").iterdir())):
        os.utime(path, (start + serial, start + serial))  # the Maildir's INTERNALDATE
    return size


def configure(folder: Path, imap_port: int, smtp_port: int, user: str) -> None:
    """The shipped example, pointed at loopback; what would hold or pace a flood is raised."""
    from config.init import write_example  # noqa: PLC0415  only the children
    from intake.demo import _with_values  # noqa: PLC0415

    write_example(folder)
    server = {"host": '"127.0.0.1"', "security": '"none"'}
    sections = {
        "mailbox": {
            **server, "port": f"{imap_port}", "user": f'"{user}"',
            "password_env": '"INTAKE_BENCH_PASSWORD"',
        },
        "smtp": {
            **server, "port": f"{smtp_port}", "user": '""', "password_env": '""',
            "rate_per_minute": "1000000",
        },
        "limits": {
            "brake_acks": "1000000", "per_recipient_hour": "1000000", "per_recipient_day": "1000000"
        },
    }  # fmt: skip
    path = folder / "settings.toml"
    text = path.read_text(encoding="utf-8")
    for section, values in sections.items():
        text = _with_values(text, section, values)
    path.write_text(text, encoding="utf-8")


def machine(*packages: str) -> str:
    """Say what the figures belong to."""
    names = [f"{package} {version(package)}" for package in packages]
    cores = len(os.sched_getaffinity(0))
    python = f"Python {platform.python_version()}"
    return f"{platform.machine()}, {cores} cores, {platform.system()}; {python}, {', '.join(names)}"


if __name__ == "__main__" and sys.argv[1:]:
    _folder, _workload, _count = sys.argv[1:4]
    for _serial, _raw in enumerate(make(_workload, int(_count))):
        Path(_folder, f"{_serial:06d}").write_bytes(_raw)
