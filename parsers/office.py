"""LibreOffice, the program outside: the one place that knows how to call soffice.

Each conversion is a cold start with a profile of its own in a private folder that is always
removed; nothing is shared between documents. The program runs under ``parsers.launch``: no network,
no children, no secret in its environment, one folder to write into, limits of memory, processor
time and bytes. What it says counts for nothing (it ends with 0 where it could not open a file, and
takes a broken workbook for text): the import filter is named, and its output is looked at.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parsers.launch import UNGUARDED
from parsers.reading import Refusal, RefusalCode
from parsers.sniff import sniff

#: Kind of document → LibreOffice's import filter: named, so that nothing is taken for another.
_IMPORT: Final = {
    "doc": "MS Word 97",
    "rtf": "Rich Text Format",
    "odt": "writer8",
    "fodt": "OpenDocument Text Flat XML",
    "xlsx": "Calc MS Excel 2007 XML",
    "xlsb": "Calc MS Excel 2007 Binary",
    "ods": "calc8",
    "fods": "OpenDocument Spreadsheet Flat XML",
}
#: What is asked for → export filter.
_EXPORT: Final = {"docx": "MS Word 2007 XML", "xlsx": "Calc MS Excel 2007 XML"}
#: Kinds that are sent here for nothing but the results of their formulas.
_CALCULATED: Final = frozenset({"xlsx", "ods"})
#: soffice.bin ends with this when it has filled a new profile and wants to be started again.
_START_AGAIN: Final = 81
_STARTS: Final = 3
_LAUNCHER: Final = (sys.executable, "-P", "-s", "-S", "-m", "parsers.launch")
#: Two at once: each takes 0.2 GB and a processor.
_SEATS: Final = threading.BoundedSemaphore(2)
_ADVICE: Final = (
    "Đề nghị mở tệp trên máy, chọn Lưu thành (Save As) dạng Excel (.xlsx) hoặc Word (.docx) "
    "rồi gửi lại."
)
_MESSAGES: Final[dict[RefusalCode, str]] = {
    "unsupported": "Chương trình chưa đọc được định dạng này.",
    "damaged": "Tệp bị hỏng hoặc gửi chưa trọn vẹn, không mở được.",
    "timeout": "Tệp mất quá nhiều thời gian để mở.",
    "too-large": "Tệp quá lớn so với một biểu đăng ký.",
    "unreadable": "Chương trình không mở được tệp này.",
}


@dataclass(frozen=True, slots=True)
class OfficeLimits:
    """What one conversion may use: wall-clock (and processor) time, address space, output."""

    seconds: float = 20.0
    memory_bytes: int = 2_000_000_000
    output_bytes: int = 25_000_000


def program() -> str | None:
    """Return the path of LibreOffice's own binary, ``None`` where it is not installed.

    Not the script ``soffice`` beside it, which is a shell with six more programs: this one is to
    start none.
    """
    script = shutil.which("soffice") or shutil.which("libreoffice")
    if script is None:
        return None
    binary = Path(script).resolve().with_name("soffice.bin")
    return str(binary) if os.access(binary, os.X_OK) else None


def convert(
    data: bytes, source: str, target: str, *, limits: OfficeLimits | None = None
) -> bytes | Refusal:
    """Return a document of one kind as one of another (``docx``, ``xlsx``), or why not.

    From ``xlsx`` and ``ods`` every formula is calculated anew; from other kinds, where LibreOffice
    does not trust the results that were saved.
    No macro runs, no link is followed, nothing is fetched. At most two run at a time; the wait for
    that is not counted.

    Returns:
        The bytes, proved to be of that kind, else a ``Refusal``: ``unsupported`` (no LibreOffice
        here, or no filter), ``damaged`` (it gave nothing), ``timeout``, ``too-large`` or
        ``unreadable`` (it died, or gave something else).
    """
    binary = program()
    if binary is None or source not in _IMPORT or target not in _EXPORT:
        missing = "LibreOffice (soffice) is not installed" if binary is None else "no filter"
        return _refusal("unsupported", f"{missing}: {source} to {target}", source)
    limits = limits or OfficeLimits()
    with _SEATS, tempfile.TemporaryDirectory(prefix="intake-office-") as folder:
        job = _Job(Path(folder), binary, source, target, limits)
        return job.run(data)


def _refusal(code: RefusalCode, detail: str, kind: str) -> Refusal:
    return Refusal(code, f"{_MESSAGES[code]} {_ADVICE}", detail, kind)


@dataclass(frozen=True, slots=True)
class _Job:
    """One conversion in its own folder."""

    folder: Path
    binary: str
    source: str
    target: str
    limits: OfficeLimits

    def run(self, data: bytes) -> bytes | Refusal:
        (self.folder / f"document.{self.source}").write_bytes(data)
        (self.folder / "out").mkdir()
        profile = self.folder / "profile" / "user"
        profile.mkdir(parents=True)
        settings = _settings(calculate=self.source in _CALCULATED)
        (profile / "registrymodifications.xcu").write_text(settings, "utf-8")
        deadline = time.monotonic() + self.limits.seconds
        status: int | None = _START_AGAIN
        for _ in range(_STARTS):
            status = self._start(deadline)
            if status != _START_AGAIN:
                break
        return self._failure(status) or self._output()

    def _start(self, deadline: float) -> int | None:
        """Run the program once; return how it ended, ``None`` if it had to be ended."""
        process = subprocess.Popen(  # noqa: S603  our launcher; no shell, no word from outside
            [*_LAUNCHER, *self._arguments()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            env=self._environment(),
            start_new_session=True,
        )
        in_time = False
        try:
            in_time = _ended(process.pid, deadline)
        finally:
            # Before the wait: until then nobody else can have got this process group's number.
            os.killpg(process.pid, signal.SIGKILL)
            status = process.wait()
        return status if in_time else None

    def _arguments(self) -> Sequence[str]:
        # Paths are relative to the folder: the name of a local socket has room for 107 bytes only.
        return (
            str(self.limits.memory_bytes),
            str(int(self.limits.seconds) + 1),
            str(self.folder),
            self.binary,
            f"-env:UserInstallation={(self.folder / 'profile').as_uri()}",
            "--headless",
            "--norestore",
            "--nologo",
            f"--infilter={_IMPORT[self.source]}",
            "--convert-to",
            f"{self.target}:{_EXPORT[self.target]}",
            "--outdir",
            "out",
            f"document.{self.source}",
        )

    def _environment(self) -> dict[str, str]:
        """Return the whole environment: no secret of the daemon's is in it."""
        return {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "OSL_SOCKET_PATH": ".",
            "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _failure(self, status: int | None) -> Refusal | None:
        """Return the refusal that an exit status stands for; 0 stands for nothing yet."""
        if status is None or status == -signal.SIGXCPU:
            return self._refuse("timeout", f"soffice over {self.limits.seconds:g} s")
        if status in {-signal.SIGXFSZ, -signal.SIGKILL}:
            return self._refuse("too-large", f"soffice ended by signal {-status}")
        if status == UNGUARDED:
            return self._refuse("unsupported", "soffice cannot be kept off the network here")
        return self._refuse("unreadable", f"soffice ended with {status}") if status else None

    def _output(self) -> bytes | Refusal:
        made = self.folder / "out" / f"document.{self.target}"
        if made.is_symlink() or not made.is_file() or made.stat().st_size == 0:
            return self._refuse("damaged", "soffice gave no output")
        if made.stat().st_size > self.limits.output_bytes:
            return self._refuse("too-large", f"soffice gave {made.stat().st_size} bytes")
        output = made.read_bytes()
        found = sniff(output)
        if found.refusal or found.kind != self.target:
            return self._refuse("unreadable", f"soffice gave {found.kind}, not {self.target}")
        if self.target == "xlsx":
            return output
        from parsers.fields import blank_fields  # noqa: PLC0415  heavy: lxml

        return blank_fields(output)

    def _refuse(self, code: RefusalCode, detail: str) -> Refusal:
        return _refusal(code, detail, self.source)


def _ended(pid: int, deadline: float) -> bool:
    """Wait until the process ends (it is not reaped); false if the deadline comes first."""
    handle = os.pidfd_open(pid)
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))
    finally:
        os.close(handle)


#: Settings of a profile: (path, name, value). No macro, no link, no picture from elsewhere.
_CLOSED: Final = (
    ("Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Writer/Content/Update", "Link", "2"),
    ("Writer/Content/Update", "Field", "false"),
    ("Writer/Content/Update", "Chart", "false"),
    ("Calc/Content/Update", "Link", "2"),
    # Text that stands where a number should is an error, not a number in some country's writing.
    ("Calc/Formula/Syntax", "StringConversion", "0"),
)
_ALWAYS, _NEVER = "0", "1"


def _settings(*, calculate: bool) -> str:
    mode = _ALWAYS if calculate else _NEVER
    loads = ("OOXMLRecalcMode", "ODFRecalcMode")
    items = (*_CLOSED, *(("Calc/Formula/Load", name, mode) for name in loads))
    lines = (
        f'<item oor:path="/org.openoffice.Office.{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>\n"
        for path, name, value in items
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<oor:items xmlns:oor="http://openoffice.org/2001/registry">\n'
        f"{''.join(lines)}</oor:items>\n"
    )
