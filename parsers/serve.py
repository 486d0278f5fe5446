"""A worker's own side: confine itself, then read one document after another for its parent.

``python -m parsers.serve MEMORY_BYTES``. What is said over the two pipes: ``parsers.pipe``.
"""

import faulthandler
import gc
import os
import select
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from parsers.confine import allow_seconds, confine, stay_alone
from parsers.container import Member, Opened, Room, open_container
from parsers.death import ADVICE, ADVICE_PACKED, refusal
from parsers.form import Form
from parsers.grid import Limits
from parsers.pipe import EnoughError, Parent, adapter, pages_seconds, written
from parsers.reading import Reading, Refusal

if TYPE_CHECKING:
    from parsers.scan import PageRead

#: A worker that gets no request this soon is being kept ready: it imports every reader at once.
_PATIENCE_SECONDS: Final = 0.05
#: All readers together take up 0.15 GB: with little more, a document needs what they would take.
_ROOMY_BYTES: Final = 400_000_000
#: Python's own 700 make it search through every document again and again.
_OBJECTS_BETWEEN_LOOKS: Final = 50_000


def main(arguments: Sequence[str]) -> int:
    """Serve requests from standard input until it closes."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Whatever a library prints must not get between the answers; where it crashed is of interest.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    faulthandler.enable(2, all_threads=False)
    memory_bytes = int(arguments[0])
    layers = confine(memory_bytes)
    parent = Parent(requests, answers)
    parent.say({"layers": layers})
    roomy = memory_bytes >= _ROOMY_BYTES
    if roomy and not select.select([requests], [], [], _PATIENCE_SECONDS)[0]:
        from parsers import warm  # noqa: PLC0415  nobody waits yet: import now what reading needs

        warm()
    # A document's cells all live until its end: looking for cycles among them finds nothing.
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS)
    while request := parent.hear():
        parent.say(*_serve(*request, parent))
    return 0


def _serve(request: dict[str, Any], data: bytes, parent: Parent) -> tuple[dict[str, Any], bytes]:
    """Do one job; whatever is raised becomes a refusal and ends this worker."""
    allow_seconds(request["seconds"])
    if not request.get("threads"):
        stay_alone()
    advice = ADVICE_PACKED if "open" in request else ADVICE
    do = _open if "open" in request else _cut if "cut" in request else _read
    try:
        answer, content = do(request, data, parent)
    except EnoughError:
        return {"enough": True, "again": True}, b""
    except MemoryError:
        failed = refusal("too-large", "out of memory", advice)
    except BaseException as error:  # noqa: BLE001  pyo3's PanicException is no Exception
        failed = refusal("unreadable", _where(error), advice)
    else:
        return {**answer, "again": True}, content
    return {"refusal": asdict(failed), "again": False}, b""


def _read(request: dict[str, Any], data: bytes, parent: Parent) -> tuple[dict[str, Any], bytes]:
    from parsers import read  # noqa: PLC0415

    def share(
        numbers: Sequence[int], most: int, read_page: "Callable[[int], PageRead]"
    ) -> "dict[int, PageRead]":
        allow_seconds(pages_seconds(request["seconds"], len(numbers)))
        return parent.share(numbers, most, read_page)

    form = _form(request["form"])
    limits = Limits(**request["limits"])
    result = read(
        data,
        form,
        name=request["name"],
        limits=limits,
        convert=parent.convert,
        roots=request["roots"],
        share=share,
    )
    kind = "reading" if isinstance(result, Reading) else "refusal"
    return {kind: adapter(type(result)).dump_python(result, mode="json")}, b""


def _open(request: dict[str, Any], data: bytes, _parent: Parent) -> tuple[dict[str, Any], bytes]:
    opened = open_container(data, request["name"], Room(**request["open"]))
    if isinstance(opened, Opened):
        return written(opened)
    return ({"refusal": asdict(opened)} if opened else {"opened": None}), b""


def _cut(request: dict[str, Any], data: bytes, _parent: Parent) -> tuple[dict[str, Any], bytes]:
    from parsers.cut import cut  # noqa: PLC0415

    boxes = {name: tuple(box) for name, box in request["cut"].items()}
    cuttings = cut(data, boxes, Limits(**request["limits"]))
    if isinstance(cuttings, Refusal):
        return {"refusal": asdict(cuttings)}, b""
    return written(Opened("cut", tuple(Member(name, png) for name, png in cuttings.items())))


@lru_cache(maxsize=8)
def _form(written: str) -> Form:
    """Return the form of its JSON; a worker sees the few forms of one office."""
    form: Form = adapter(Form).validate_json(written)
    return form


def _where(error: BaseException) -> str:
    """Name the exception and the lines that raised it, not its text: that may quote people."""
    places, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return f"{type(error).__name__} at {' < '.join(reversed(places[-4:]))}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
