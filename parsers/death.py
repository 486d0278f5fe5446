"""How a reader ended, and what that says of the document: the true reason, never a guess. Pure."""

import re
import signal
from dataclasses import dataclass
from typing import Final

from parsers.reading import Refusal, RefusalCode

#: What the sender can do about a document, and about one that holds others.
ADVICE_PACKED: Final = (
    "Đề nghị nén lại thành một tệp .zip chỉ gồm công văn, biểu mẫu và hồ sơ, hoặc đính kèm trực "
    "tiếp từng tệp vào thư."
)
ADVICE: Final = "Đề nghị lưu lại thành tệp Excel (.xlsx) hoặc Word (.docx) mới và gửi lại."
#: The same about a document in which there was too much to tell.
ADVICE_LONG: Final = "Đề nghị chỉ giữ các dòng cần gửi, xóa các dòng, trang tính thừa rồi gửi lại."
#: What is written last by a program that asked for memory and got none: Python, Rust, C++, C.
#: The one place where a message's words count: such a program ends by a signal like any crash.
_NO_MEMORY: Final = re.compile(
    rb"MemoryError|memory allocation of \d+ bytes failed|bad_alloc|[Oo]ut of memory"
    rb"|[Cc]annot allocate memory"
)
#: A line of Python's own report on a crash (``faulthandler``), innermost first.
_FRAME: Final = re.compile(rb'File "(?:[^"\n]*/)?([\w.<>-]{1,60})", line (\d{1,6}) in')
_FRAMES_SHOWN: Final = 3
_NEARLY_ALL: Final = 0.8


@dataclass(frozen=True, slots=True)
class Death:
    """An end: ``code`` as ``subprocess`` has it (negative: a signal), None if we had to end it.

    ``last_words`` is what it wrote to standard error; ``memory_ran_out`` whether the kernel ended
    some process for want of memory in its lifetime; ``memory_used`` the share of its own limit that
    it was last seen with, for some libraries abort without a word when they get no more.
    """

    code: int | None
    last_words: bytes = b""
    memory_ran_out: bool = False
    memory_used: float = 0.0

    @property
    def from_outside(self) -> bool:
        """Whether another program or a person ended it: no document's fault."""
        return self.code == -signal.SIGKILL and not self.memory_ran_out


def reason(death: Death) -> tuple[RefusalCode, str]:
    """Return what the sender and what the operator are told; never a word of the document."""
    if death.code is None:
        return "unreadable", "the reader closed its pipe and went on: ended"
    if death.code == -signal.SIGXCPU:
        return "timeout", "out of processor time"
    if death.from_outside:
        return "unreadable", "the reader was killed from outside, and once more on a second try"
    if death.code == -signal.SIGKILL:
        return "too-large", "out of memory: killed by the kernel"
    ended = _name(death.code) + _place(death.last_words)
    if _NO_MEMORY.search(death.last_words):
        return "too-large", f"out of memory: the reader {ended}"
    if death.code < 0 and death.memory_used > _NEARLY_ALL:
        return "too-large", f"with {death.memory_used:.0%} of its memory used, the reader {ended}"
    return "unreadable", f"the reader {ended}"


def _name(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"crashed: {signal.Signals(-code).name}"
    except ValueError:
        return f"crashed: signal {-code}"


def _place(last_words: bytes) -> str:
    """Return the lines of our code, or of a library's, in which it crashed."""
    found = _FRAME.findall(last_words)[:_FRAMES_SHOWN]
    shown = " < ".join(f"{name.decode('ascii', 'replace')}:{line.decode()}" for name, line in found)
    return f" at {shown}" if shown else ""


def refusal(code: RefusalCode, detail: str, advice: str = ADVICE) -> Refusal:
    """Return the refusal of a document whose reader failed: ``detail`` is for the operator."""
    what = {
        "timeout": "Tệp mất quá nhiều thời gian để đọc.",
        "too-large": "Tệp quá lớn so với một biểu đăng ký.",
    }.get(code, "Chương trình không đọc được tệp này.")
    return Refusal(code, f"{what} {advice}", detail)
