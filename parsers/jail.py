"""Readers in child processes with limits: outside bytes are never parsed in the daemon itself.

A worker is ``python -m parsers.serve``. It confines itself, says hello, and then answers one framed
request at a time: JSON and the document in, JSON out. The parent keeps the wall clock and the cap
on output, kills the worker's whole process group when either is exceeded, and starts another.

A document that must go through LibreOffice first (``parsers.office``) is sent there by the parent,
because a worker can start no program; ``parsers.pipe`` says how it asks. The pages of a scan are
read by several workers (``parsers.shared_scan``), as long as no document waits for one.
"""

import json
import math
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Final, Self, TypeVar

from parsers.container import Opened, Room, wrapping
from parsers.death import ADVICE, ADVICE_LONG, ADVICE_PACKED, reason, refusal
from parsers.form import Form
from parsers.grid import Limits
from parsers.office import OfficeLimits, convert
from parsers.pipe import (
    MOST_PAGES,
    adapter,
    opened_of,
    pages_of,
    pages_seconds,
    question_of,
    reply,
    result_of,
)
from parsers.reading import Box, Reading, Refusal
from parsers.shared_scan import SharedScan
from parsers.sniff import needs_threads
from parsers.worker import (
    JailBrokenError,
    OutputTooLargeError,
    TooManyThreadsError,
    Worker,
    WorkerDiedError,
)

_COMMAND: Final = (sys.executable, "-P", "-s", "-m", "parsers.serve")

#: Who helps with a scan must open it too: not where that takes longer than to read a page.
_LONG_SECONDS: Final = 5.0

_Result = TypeVar("_Result")

__all__ = ["Jail", "JailBrokenError", "JailLimits"]


@dataclass(frozen=True, slots=True)
class JailLimits:
    """What one document may use.

    ``seconds`` is wall-clock time, and processor time as well; a scan of several pages has half of
    it again for each further page. ``jobs`` is how many documents one worker reads before a fresh
    one takes its place; ``roots`` are certificates (PEM) of signatures.

    A document may go through LibreOffice at most ``conversions`` times, each within the limits
    ``office``; that time, and the wait for its turn, comes on top of ``seconds``.
    """

    seconds: float = 30.0
    memory_bytes: int = 1_500_000_000
    output_bytes: int = 8_000_000
    start_seconds: float = 60.0
    jobs: int = 200
    roots: tuple[str, ...] = ()
    conversions: int = 2
    document: Limits = field(default_factory=Limits)
    office: OfficeLimits = field(default_factory=OfficeLimits)

    @property
    def longest_seconds(self) -> float:
        """The longest that one document may take once it is begun, its conversions included.

        A worker that must be started, and a turn at LibreOffice, come on top.
        """
        return pages_seconds(self.seconds, MOST_PAGES) + self.conversions * self.office.seconds


class _EndedByOthersError(Exception):
    """A worker was killed amid its job, by neither us nor the kernel."""


class Jail:
    """A small pool of workers, each reading one document at a time; safe to use from threads.

    Use it as a context manager: leaving it ends every worker. Workers start when first needed.
    ``command`` is for tests. Workers without a document help with the pages of a scan, as long as
    no more than ``at_once`` are busy or waited for.
    """

    def __init__(
        self,
        limits: JailLimits | None = None,
        workers: int = 1,
        *,
        command: Sequence[str] = _COMMAND,
    ) -> None:
        self.limits = limits or JailLimits()
        self._command = tuple(command)
        self._slots: queue.LifoQueue[Worker | None] = queue.LifoQueue()
        self._form: tuple[Form | None, str] = (None, "")
        self._workers = max(1, workers)
        self._closed = False
        self.at_once = min(self._workers, len(os.sched_getaffinity(0)))
        self._busy, self._counting = 0, threading.Lock()
        for _ in range(self._workers):
            self._slots.put(None)
        # A worker dies with the *thread* that started it (PR_SET_PDEATHSIG): this one outlives all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="jail-starter")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def width(self) -> int:
        """How many documents it reads at the same time."""
        return self._workers

    @property
    def trouble(self) -> str:
        """What is wrong with where documents are read: nothing, for they are read here."""
        return ""

    def close(self) -> None:
        """End every worker, waiting for those that still read. Idempotent."""
        if self._closed:
            return
        self._closed = True
        for _ in range(self._workers):
            worker = self._slots.get()
            if worker is not None:
                worker.kill()
        self._starter.shutdown()
        for _ in range(self._workers):
            self._slots.put(None)

    def read(self, data: bytes, form: Form, name: str = "") -> Reading | Refusal:
        """Read one document in a worker, waiting for a free one.

        Whatever the document does to the worker is a ``Refusal``: ``timeout``, ``too-large`` or
        ``unreadable``.

        Raises:
            JailBrokenError: no worker could be started.
        """
        if len(data) > self.limits.document.document_bytes:
            return refusal("too-large", f"{len(data)} bytes")
        threads = needs_threads(data)
        request = _request(
            name,
            self.limits,
            form=self._written(form),
            roots=self.limits.roots,
            threads=threads,
        )
        return self._served(
            lambda worker: result_of(self._converse(worker, request, data)), fresh=threads
        )

    def open(
        self, data: bytes, name: str = "", room: Room | None = None
    ) -> Opened | Refusal | None:
        """Take a container apart in a worker: its members, or why not; None for other documents.

        Like ``read`` in all else. The members together are never over ``room.total_bytes``. What
        only wraps may be larger than a document: a whole mail stands in it.
        """
        if len(data) > self.limits.document.document_bytes and not wrapping(data, name):
            return refusal("too-large", f"{len(data)} bytes", ADVICE_PACKED)
        room = room or Room()
        request = _request(name, self.limits, open=asdict(room))

        def job(worker: Worker) -> tuple[Opened | Refusal | None, bool]:
            deadline = time.monotonic() + self.limits.seconds
            return opened_of(*worker.ask(request, data, deadline, room.total_bytes))

        return self._served(job, ADVICE_PACKED)

    def cut(self, data: bytes, boxes: Mapping[str, Box]) -> dict[str, bytes] | Refusal:
        """Cut the pictures of values out of a document's pages, in a worker (``parsers.cut``)."""
        threads = needs_threads(data)
        request = _request("", self.limits, cut=dict(boxes), threads=threads)

        def job(worker: Worker) -> tuple[Opened | Refusal | None, bool]:
            deadline = time.monotonic() + self.limits.seconds
            return opened_of(*worker.ask(request, data, deadline, self.limits.output_bytes))

        found = self._served(job, fresh=threads)
        if isinstance(found, Opened):
            return {member.name: member.data for member in found.members}
        return found or {}

    def _served(
        self,
        job: Callable[[Worker], tuple[_Result, bool]],
        advice: str = ADVICE,
        *,
        fresh: bool = False,
    ) -> _Result | Refusal:
        """Have one worker do a job: ask it, and return (result, whether to use it again).

        ``fresh``: a worker that has done nothing yet, for it may have promised to start no thread.
        """
        self._count(1)  # already while it waits: who only helps with pages makes room for it
        try:
            return self._lent(job, advice, fresh=fresh)
        finally:
            self._count(-1)

    def _count(self, more: int, below: float = math.inf) -> bool:
        """Count so many more that are being read or wait, if there are fewer than ``below``."""
        with self._counting:
            if self._busy >= below:
                return False
            self._busy += more
            return True

    def _lent(
        self,
        job: Callable[[Worker], tuple[_Result, bool]],
        advice: str = ADVICE,
        *,
        fresh: bool = False,
        wait: bool = True,
    ) -> _Result | Refusal:
        worker = self._slots.get(wait)
        try:
            if fresh and worker is not None and worker.jobs:
                worker.kill()
            worker = self._ready(worker)
            try:
                result = self._ask(worker, job, advice)
            except (BrokenPipeError, _EndedByOthersError):
                # No document's fault: it died before it had the request, or by another's hand.
                worker.kill()
                worker = self._ready(None)
                result = self._ask(worker, job, advice, last=True)
            worker = None if worker.finished else worker
        except BaseException:
            if worker is not None:
                worker.kill()
                worker = None
            raise
        finally:
            self._slots.put(worker)
        return result

    def _written(self, form: Form) -> str:
        """Return the form as JSON; the one asked for last is kept, for it is asked for again."""
        known, written = self._form
        if form is not known:
            written = json.dumps(adapter(Form).dump_python(form, mode="json"))
            self._form = form, written
        return written

    def ready(self) -> tuple[str, ...]:
        """Have a worker at hand; return the layers that confine it (``parsers.confine``).

        Raises:
            JailBrokenError: no worker could be started.
        """
        worker = self._slots.get()
        try:
            worker = self._ready(worker)
        finally:
            self._slots.put(worker)
        return worker.layers

    def _ready(self, worker: Worker | None) -> Worker:
        """Return a worker that has said hello; one that died while idle is replaced."""
        if worker is not None and worker.alive:
            return worker
        if worker is not None:
            worker.kill()
        return self._starter.submit(self._start).result()

    def _start(self) -> Worker:
        limits = self.limits
        return Worker(
            self._command,
            limits.memory_bytes,
            limits.output_bytes,
            limits.document.document_bytes,
            limits.start_seconds,
        )

    def _ask(
        self,
        worker: Worker,
        job: Callable[[Worker], tuple[_Result, bool]],
        advice: str,
        *,
        last: bool = False,
    ) -> _Result | Refusal:
        try:
            result, again = job(worker)
        except TimeoutError:
            worker.kill()
            return refusal("timeout", f"not done in its time ({self.limits.seconds:g} s)", advice)
        except OutputTooLargeError as error:
            worker.kill()
            advice = ADVICE_LONG if advice == ADVICE else advice
            return refusal("too-large", f"answer of {error} bytes", advice)
        except TooManyThreadsError:
            worker.kill()
            return refusal("unreadable", "the reader started threads without end", advice)
        except (ValueError, RecursionError) as error:
            worker.kill()
            detail = f"the reader said what is no answer: {type(error).__name__}"
            return refusal("unreadable", detail, advice)
        except BrokenPipeError:
            if not last:
                raise
            return refusal(*reason(worker.bury()), advice)
        except (WorkerDiedError, OSError) as error:
            death = worker.bury()
            if death.from_outside and not last:
                raise _EndedByOthersError from error
            return refusal(*reason(death), advice)
        worker.jobs += 1
        worker.last_words()
        if not again or worker.jobs >= self.limits.jobs:
            worker.kill()
        return result

    def _converse(self, worker: Worker, request: bytes, data: bytes) -> bytes:
        """Return the worker's answer, after the conversions and pages that it asks for."""
        deadline = time.monotonic() + self.limits.seconds
        answer, document = worker.ask(request, data, deadline)
        for _ in range(self.limits.conversions):
            wanted = question_of(answer)
            if wanted is None:
                break
            began = time.monotonic()
            made = convert(document, *wanted, limits=self.limits.office)
            deadline += time.monotonic() - began
            try:
                answer, document = worker.ask(*reply(made), deadline)
            except BrokenPipeError as error:
                raise WorkerDiedError("it did not wait for its document") from error
        pages = pages_of(answer)
        if pages is None:
            return answer
        took_long = deadline - time.monotonic() < self.limits.seconds - _LONG_SECONDS
        deadline += pages_seconds(self.limits.seconds, len(pages[0])) - self.limits.seconds
        scan = SharedScan(request, data, deadline, *pages)
        scan.alone = took_long
        return self._together(worker, scan)

    def _together(self, worker: Worker, scan: SharedScan) -> bytes:
        """Have a scan's worker read its pages, and others while they are free."""
        helpers: list[threading.Thread] = []

        def call() -> None:
            helping = sum(helper.is_alive() for helper in helpers)
            for _ in range(helping, scan.spare()):
                if not self._count(1, self.at_once):
                    break
                helpers.append(threading.Thread(target=self._help, args=(scan,), name="jail-pages"))
                helpers[-1].start()

        return scan.lead(worker, call)

    def _help(self, scan: SharedScan) -> None:
        """Have a free worker read pages until a document waits for one."""

        def is_quiet() -> bool:
            return self._busy <= self.at_once

        try:
            if not scan.spare():
                return  # it was read while this thread was started
            if self._lent(lambda worker: scan.help(worker, is_quiet), wait=False):
                scan.alone = True
        except JailBrokenError:
            scan.alone = True
        except queue.Empty:
            pass  # a document was quicker
        finally:
            self._count(-1)


def _request(name: str, limits: JailLimits, **asked: object) -> bytes:
    common = {"name": name, "limits": asdict(limits.document), "seconds": limits.seconds}
    return json.dumps({**common, **asked}).encode()
