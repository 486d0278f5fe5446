"""Which code reads here: two machines with one fingerprint read a document alike.

A reading made elsewhere (by a second daemon, by a worker of a cluster) counts only when this is
equal there and here, for another version may understand a document differently.
"""

import hashlib
import importlib.metadata
import platform
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from parsers import office, tessdata

_PACKAGE: Final = Path(__file__).resolve().parent
#: The libraries that parsers import: each may change a reading. (A test compares them.)
LIBRARIES: Final = (
    "asn1crypto",
    "libarchive-c",
    "lxml",
    "msoffcrypto-tool",
    "numpy",
    "olefile",
    "opencv-python-headless",
    "pdfminer.six",
    "pdfplumber",
    "pillow",
    "pillow-heif",
    "pydantic",
    "pyhanko",
    "pyhanko-certvalidator",
    "pypdfium2",
    "rapidfuzz",
    "tesserocr",
    "xlrd",
)


@cache
def code_fingerprint() -> str:
    """Return the sha256 (hex) of all that decides how this process reads documents.

    That is the package's source with its data files, the interpreter, the libraries (their
    versions, or that they are missing), Tesseract's letters and LibreOffice. Taken once per
    process: a daemon reads with the code that it was started with (`is_current`).
    """
    _looks_at_first()
    return fingerprint_of(_PACKAGE)


def is_current() -> bool:
    """Whether the package's files still look as they did when this process took its fingerprint.

    They do not after an upgrade under a running daemon: workers that it starts then run the new
    code, so that nobody can say whose readings are whose until the daemon is started again.
    """
    return _looks() == _looks_at_first()


def fingerprint_of(package: Path) -> str:
    """Return the fingerprint that this machine has with the source in ``package``."""
    found = hashlib.sha256()
    for name, content in _parts(package):
        for piece in (name.encode(), content):
            found.update(len(piece).to_bytes(8, "big") + piece)  # no two lists run together alike
    return found.hexdigest()


def _parts(package: Path) -> Iterator[tuple[str, bytes]]:
    yield "python", f"{sys.version} {platform.machine()}".encode()
    for path in _files(package):
        yield f"file {path.relative_to(package).as_posix()}", path.read_bytes()
    for library in LIBRARIES:
        yield f"library {library}", _version(library).encode()
    letters = tessdata.folder() / f"{tessdata.LANGUAGE}.traineddata"
    yield "letters", letters.read_bytes() if letters.is_file() else b""
    yield "office", _office().encode()


def _files(package: Path) -> list[Path]:
    """Return the source and data of the package; not what the interpreter or an editor leaves."""
    return sorted(path for path in package.rglob("*") if path.suffix in {".py", ".npz"})


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def _office() -> str:
    """Return which LibreOffice converts here; asking the program itself would take a second."""
    binary = office.program()
    if binary is None:
        return "missing"
    there = Path(binary)
    version, build = there.with_name("versionrc"), there.stat()
    words = version.read_text("utf-8", "replace") if version.is_file() else ""
    # A package's build gives its files one date, on every machine that has it.
    return f"{build.st_size} {int(build.st_mtime)} {words}"


def _looks() -> tuple[tuple[str, int, int], ...]:
    found = ((path, path.stat()) for path in _files(_PACKAGE))
    return tuple((path.name, there.st_size, there.st_mtime_ns) for path, there in found)


@cache
def _looks_at_first() -> tuple[tuple[str, int, int], ...]:
    return _looks()
