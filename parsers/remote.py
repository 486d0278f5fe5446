"""A document read in another process: what is asked, what is answered, and the worker's own side.

``perform`` is made for any ``concurrent.futures`` executor whose workers have this package: bytes
go in and bytes come out, so that nothing of ours is ever pickled but the function's name. What it
answers is the jail's JSON (``parsers.pipe``) and the fingerprint of the code that read; another
code's answer is worth nothing (``OtherCodeError``), and a worker that notices does not read at all.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache, lru_cache
from typing import Any, Final

from parsers.fingerprint import code_fingerprint, is_current
from parsers.form import Form
from parsers.jail import Jail, JailBrokenError, JailLimits
from parsers.pipe import adapter, result_of
from parsers.reading import Reading, Refusal

#: More than any executor has threads: a jail starts a worker only when one more is needed.
_MOST_AT_ONCE: Final = 256
#: Jails that are kept although nobody reads in them: limits change when an office edits its config.
_IDLE_JAILS: Final = 2

#: (fingerprint of the code that answers, what the jail said as JSON): see ``reading_in``.
Answer = tuple[str, bytes]


class OtherCodeError(Exception):
    """What answered reads with another version of this package, its libraries or programs."""


class NoJailError(Exception):
    """What answered can start no reader: its machine's fault, never the document's."""


# --- whoever asks ---------------------------------------------------------------------------------


def reading_task(limits: JailLimits, form: Form, name: str, at_once: int = 1) -> bytes:
    """Return the task "read the document that goes with this" for ``perform``.

    ``at_once`` is how many documents and pages of scans its process is to read (``Jail.at_once``).
    """
    return _task(limits, form=_written(form), name=name, at_once=at_once)


def greeting_task(limits: JailLimits) -> bytes:
    """Return the task "have a reader ready and say what confines it" for ``perform``."""
    return _task(limits)


def reading_in(answer: object) -> Reading | Refusal:
    """Return what an answer to ``reading_task`` says.

    Raises:
        OtherCodeError: the code there is another one.
        NoJailError: no reader could be started there.
        ValueError: it is no such answer.
    """
    return result_of(_said(answer))[0]


def layers_in(answer: object) -> tuple[str, ...]:
    """Return what an answer to ``greeting_task`` says: the layers that confine readers there.

    Raises:
        OtherCodeError, NoJailError, ValueError: as ``reading_in``.
    """
    parts = json.loads(_said(answer))
    return tuple(map(str, parts["layers"])) if isinstance(parts, dict) else ()


def _task(limits: JailLimits, **asked: str | int) -> bytes:
    task = {"code": code_fingerprint(), "limits": json.dumps(asdict(limits)), **asked}
    return json.dumps(task).encode()


@lru_cache(maxsize=8)
def _written(form: Form) -> str:
    return json.dumps(adapter(Form).dump_python(form, mode="json"))


def _said(answer: object) -> bytes:
    """Return the JSON of an answer that our own code made, on a machine that can read."""
    match answer:
        case (str(code), bytes(said)):
            if code != code_fingerprint():
                raise OtherCodeError(code)
            if said.startswith(b'{"broken"'):
                raise NoJailError(json.loads(said)["broken"])
            return said
        case _:
            raise OtherCodeError("it answers in other words")


# --- the worker -----------------------------------------------------------------------------------


def perform(task: bytes, data: bytes) -> Answer:
    """Do one task in a jail of this process. Pure but for the jail; never raises for a document."""
    asked = json.loads(task)
    # After an upgrade under this process its jail would run the new code: nobody could say whose.
    code = code_fingerprint() if is_current() else "changed since the worker was started"
    if asked.get("code") != code:
        return code, b""
    try:
        with _jail(asked["limits"]) as jail:
            said = _done(jail, asked, data)
    except JailBrokenError as error:
        said = {"broken": str(error)}
    return code, json.dumps(said).encode()


def _done(jail: Jail, asked: dict[str, Any], data: bytes) -> dict[str, Any]:
    if "form" not in asked:
        return {"layers": jail.ready()}
    jail.at_once = asked["at_once"]
    result = jail.read(data, _form(asked["form"]), asked["name"])
    kind = "reading" if isinstance(result, Reading) else "refusal"
    return {kind: adapter(type(result)).dump_python(result, mode="json")}


@lru_cache(maxsize=8)
def _form(written: str) -> Form:
    form: Form = adapter(Form).validate_json(written)
    return form


@dataclass
class _Jails:
    """This process's jails by their limits, and how many documents each is reading."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    users: dict[str, int] = field(default_factory=dict)
    jails: dict[str, Jail] = field(default_factory=dict)


@cache
def _jails() -> _Jails:
    return _Jails()


@contextmanager
def _jail(limits: str) -> Iterator[Jail]:
    """Lend the jail of these limits, made at its first use; it ends with the process at the latest.

    (A jail's readers die with the thread that started them: ``parsers.confine``.)
    """
    known, idle = _jails(), []
    with known.lock:
        jail = known.jails.pop(limits, None) or Jail(_limits(limits), workers=_MOST_AT_ONCE)
        known.jails[limits] = jail  # the one used last stands last
        known.users[limits] = known.users.get(limits, 0) + 1
    try:
        yield jail
    finally:
        with known.lock:
            known.users[limits] -= 1
            unused = [one for one in known.jails if not known.users[one]]
            for one in unused[:-_IDLE_JAILS]:
                del known.users[one]
                idle.append(known.jails.pop(one))
        for one_idle in idle:
            one_idle.close()


def _limits(written: str) -> JailLimits:
    limits: JailLimits = adapter(JailLimits).validate_json(written)
    return limits
