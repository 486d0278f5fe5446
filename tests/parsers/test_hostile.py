"""Files that are made to hurt: each comes back as a refusal, within its budget, by its true reason.

The quick ones always run; ``./dev hostile`` (INTAKE_HOSTILE=all) adds those that take seconds.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs.hostile import ARCHIVES, FILES
from rigs.ocop_form import FORM

from parsers.container import Opened
from parsers.jail import Jail, JailLimits
from parsers.reading import Reading, Refusal

DATA = Path(__file__).parent / "data"
LIMITS = JailLimits(seconds=60)
#: Of the worker's limit of 1.5 GB; only those named here come near it.
_ORDINARY_KB = 700_000
_GREEDY = {"forms in forms.pdf", "content of 512 MB.pdf"}

#: File → code, and how the reason begins.
REFUSED = {
    "far cell.xlsx": ("too-large", "a cell as far as XFD1048576"),
    "far row.xlsx": ("too-large", "a cell as far as K1000000"),
    "claimed dimension.xlsx": ("empty", "no sheet has a cell"),
    "large merge.xlsx": ("wrong-form", "1 tables"),
    "50,000 merges.xlsx": ("too-large", "over 20000 merged ranges"),
    "shared strings.xlsx": ("too-large", "XML nested too deeply, or with a text of over 10 MB"),
    "cell of 1.2 GB.xlsx": ("too-large", "a member of 12"),
    "cell of 49 MB.xlsx": ("too-large", "XML nested too deeply, or with a text of over 10 MB"),
    "rows without end.xlsx": ("too-large", "a cell as far as A20001"),
    "entities.xlsx": ("damaged", "an XML part has a DTD"),
    "outer entity.xlsx": ("damaged", "an XML part has a DTD"),
    "nested XML.xlsx": ("too-large", "XML nested too deeply"),
    "2,000 parts.xlsx": ("too-large", "2005 members"),
    "repeated.ods": ("too-large", "a cell as far as"),
    "entities.ods": ("damaged", "an XML part has a DTD"),
    "record loop.xls": ("damaged", "XLRDError"),
    "far cells.xls": ("too-large", "a cell as far as IV1"),
    "entities.docx": ("damaged", "an XML part has a DTD"),
    "outer entity.docx": ("damaged", "an XML part has a DTD"),
    "a million cells.docx": ("too-large", "over 400000 cells"),
    "3,000 nested tables.docx": ("too-large", "XML nested too deeply"),
    "span of 50 million.docx": ("too-large", "table 1 is too wide"),
    "text of 1 GB.docx": ("too-large", "a member of 10"),
    "text of 8 MB.docx": ("too-large", "8000000 letters"),
    "nested.html": ("too-large", "nested too deeply"),
    "span.html": ("too-large", "over 200 columns"),
    "one line.csv": ("too-large", "over 10000000 letters"),
    "many cells.csv": ("too-large", "5000045 letters"),
    "nested.rtf": ("damaged", "soffice gave no output"),
    "10,000 pages.pdf": ("too-large", "10000 pages"),
    "pages of themselves.pdf": ("damaged", "PdfiumError"),
    "forms in forms.pdf": ("too-large", "with "),
    "form of itself.pdf": ("empty", "no text"),
    "content of 512 MB.pdf": ("too-large", "with "),
    "a million lines.pdf": ("too-large", "page 1: too many objects"),
    "1000 x 1000 grid.pdf": ("unreadable", "too dark"),
    "300 x 300 grid.pdf": ("unreadable", "no letters found"),
    "page of 200 km.pdf": ("empty", "no text"),
    "picture of 1.6 gigapixels.pdf": ("unreadable", "too dark"),
    "gray picture of 1.6 GB.pdf": ("unreadable", "too dark"),
    "deep array.pdf": ("empty", "no text"),
    "60,000 x 60,000.png": ("too-large", "60000 x 60000 pixels"),
    "gigabytes of zeros.png": ("unreadable", "too dark"),
    "600 megapixels.jpg": ("too-large", "30000 x 20000 pixels"),
    "lying size.jpg": ("unreadable", "too dark"),
    "lying size.tiff": ("damaged", "OSError"),
    "gigapixels.tiff": ("too-large", "4000000000 x 4000000000 pixels"),
    "directory loop.tiff": ("damaged", "OSError"),
    "lying boxes.heic": ("damaged", "UnidentifiedImageError"),
    "no boxes.heic": ("damaged", "UnidentifiedImageError"),
    "cyclic chain.xls": ("damaged", "a stream of 2000000000 bytes in a file of 2048"),
    "cyclic chain.doc": ("damaged", "a stream of 2000000000 bytes in a file of 2048"),
    "cyclic directory.xls": ("unsupported", "no reader for ole"),
}
ARCHIVE_REFUSED = {
    "42 kB to gigabytes.zip": ("too-large", "no member could be taken"),
    "65,000 members.zip": ("too-large", "over 500 entries"),
    "overlapping.zip": ("damaged", "zip members overlap"),
    "dictionary of 4 GB.zip": ("too-large", "out of memory"),
    "dictionary of 4 GB.xz": ("too-large", "out of memory"),
    "zeros.gz": ("too-large", "100 times its packed size"),
    "zeros.bz2": ("too-large", "10231 times its packed size"),
    "zeros.xz": ("too-large", "316 times its packed size"),
    "tar of zeros.tar.gz": ("too-large", "100 times its packed size"),
    "sparse.tar": ("too-large", "no member could be taken"),
    "header of 8 GB.tar": ("damaged", "broken tar"),
    "files without end.dat": ("too-large", "5000 files"),
    "in shreds.p7m": ("encrypted", "CMS that is not only signed"),
    "nested.p7m": ("encrypted", "CMS that is not only signed"),
}
#: What takes its worker more than two seconds.
SLOW = {
    "record loop.xls",
    "a million cells.docx",
    "nested.rtf",
    "forms in forms.pdf",
    "content of 512 MB.pdf",
    "a million lines.pdf",
    "1000 x 1000 grid.pdf",
    "300 x 300 grid.pdf",
    "picture of 1.6 gigapixels.pdf",
    "gray picture of 1.6 GB.pdf",
    "deep array.pdf",
    "gigabytes of zeros.png",
}
_WANTED = [one for one in FILES if os.environ.get("INTAKE_HOSTILE") == "all" or one not in SLOW]


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    """One jail for all of them; afterwards the next document is read."""
    with Jail(LIMITS) as jail:
        assert isinstance(jail.read((DATA / "form.xlsx").read_bytes(), FORM), Reading)
        yield jail
        assert isinstance(jail.read((DATA / "form.xlsx").read_bytes(), FORM), Reading)


def _own_kb() -> int:
    return int(_status("self", "VmRSS"))


def _status(process: object, field: str) -> str:
    found = re.search(rf"{field}:\s*(\d+)", Path(f"/proc/{process}/status").read_text("utf-8"))
    return found[1] if found else "0"


def _worker_kb(jail: Jail) -> int:
    """Return the most memory that the worker ever had; 0 if it is gone."""
    worker = jail._slots.queue[-1]
    return int(_status(worker._process.pid, "VmHWM")) if worker else 0


def test_every_file_has_its_expectation() -> None:
    assert REFUSED.keys() == FILES.keys()
    assert {*ARCHIVE_REFUSED, "zips in zips.zip", "cyclic chain.msg"} == ARCHIVES.keys()
    assert FILES.keys() >= SLOW


@pytest.mark.parametrize("name", _WANTED)
def test_fault_055_058_a_hostile_file_is_refused_within_its_budget(jail: Jail, name: str) -> None:
    data = FILES[name]()
    assert len(data) <= LIMITS.document.document_bytes
    before = _own_kb()
    told = jail.read(data, FORM, name)
    assert isinstance(told, Refusal)
    code, detail = REFUSED[name]
    assert (told.code, told.detail[: len(detail)]) == (code, detail)
    assert told.message
    assert "Đề nghị" in told.message or "đề nghị" in told.message
    assert _worker_kb(jail) < _ORDINARY_KB or name in _GREEDY
    assert _own_kb() - before < len(data) // 1_000 + 30_000


@pytest.mark.parametrize("name", ARCHIVE_REFUSED)
def test_fault_055_a_hostile_archive_is_refused_within_its_budget(jail: Jail, name: str) -> None:
    data = ARCHIVES[name]()
    before = _own_kb()
    told = jail.open(data, name)
    assert isinstance(told, Refusal)
    code, detail = ARCHIVE_REFUSED[name]
    assert (told.code, told.detail[: len(detail)]) == (code, detail)
    assert _worker_kb(jail) < _ORDINARY_KB
    assert _own_kb() - before < len(data) // 1_000 + 30_000


def test_fault_055_zips_in_zips_are_opened_one_level_at_a_time(jail: Jail) -> None:
    """10,000 files of a megabyte in five levels: what counts them all is the message's budget."""
    opened = jail.open(ARCHIVES["zips in zips.zip"](), "a.zip")
    assert isinstance(opened, Opened)
    assert len(opened.members) == 10
    assert sum(len(member.data) for member in opened.members) < 100_000


def test_fault_055_a_circle_in_a_saved_mail_is_damage(jail: Jail) -> None:
    """No container at all by its first look; reading it says why."""
    data = ARCHIVES["cyclic chain.msg"]()
    assert jail.open(data, "a.msg") is None
    told = jail.read(data, FORM, "a.msg")
    assert isinstance(told, Refusal)
    assert (told.code, told.detail[:11]) == ("damaged", "a stream of")
