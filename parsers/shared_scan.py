"""The pages of one scan, read by several workers at once: who reads which, and what was read.

One worker leads: the document is its job, it reads pages like the others, and it alone joins and
understands them. Whoever else is free helps, a page at a time. A helper that fails costs time only:
the leader reads that page and all that is left, and whatever the document does to the leader is
what it would have done to a single reader.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from parsers.pipe import ENOUGH, all_pages, is_free, one_page, page_of, pages_of
from parsers.worker import Worker, WorkerDiedError


class SharedScan:
    """Gives out pages in their order, none that a single reader would not have read.

    That one stops after ``most`` pages that count (have a table): no page is given out while those
    before it, read or under way, may be so many. Safe to use from threads.

    ``request`` and ``data`` are what the leader was asked; helpers have its ``deadline`` as well.
    Once it is ``alone`` nobody helps any more.
    """

    def __init__(
        self, request: bytes, data: bytes, deadline: float, numbers: tuple[int, ...], most: int
    ) -> None:
        self.alone = False
        self._asked, self._deadline = (request, data, deadline), deadline
        self._wanted = numbers, most
        self._left, self._under_way, self._may_count = deque(numbers), 0, most
        self._read: dict[int, Any] = {}
        self._changed = threading.Condition()

    def spare(self) -> int:
        """Return how many helpers would find a page to begin now."""
        return 0 if self.alone else self._open()

    def lead(self, worker: Worker, call: Callable[[], None]) -> bytes:
        """Read pages until all are read; return what the worker makes of them.

        ``call`` may call helpers, whenever a page is begun.

        Raises:
            TimeoutError: pages that helpers had begun did not come in time.
        """
        while (number := self._begun(leads=True)) is not None:
            call()
            answer, is_page = self._page(worker, number)
            if not is_page:
                return answer  # a refusal: something was raised
        return self._answer(worker, all_pages(self._read))

    def help(self, worker: Worker, goes_on: Callable[[], bool]) -> tuple[None, bool]:
        """Read pages while there are some; return (nothing, whether to use the worker again)."""
        answer, _ = worker.ask(*self._asked)
        if pages_of(answer) != self._wanted:
            raise ValueError("not the pages that the leader wants read")
        while goes_on() and (number := self._begun(leads=False)) is not None:
            _, is_page = self._page(worker, number)
            if not is_page:
                return None, False
        return None, is_free(self._answer(worker, ENOUGH))

    def _open(self) -> int:
        return min(len(self._left), self._may_count - self._under_way)

    def _begun(self, *, leads: bool) -> int | None:
        """Return a page to read; who leads waits for one until all are read."""

        def settled() -> bool:
            return self._open() > 0 or not self._under_way

        with self._changed:
            if leads and not self._changed.wait_for(settled, self._deadline - time.monotonic()):
                raise TimeoutError
            if not (self._open() if leads else self.spare()):
                return None
            self._under_way += 1
            return self._left.popleft()

    def _page(self, worker: Worker, number: int) -> tuple[bytes, bool]:
        """Have a page read; return the answer, and whether it is one."""
        page = None
        try:
            answer = self._answer(worker, one_page(number))
            page = page_of(answer)
        finally:
            with self._changed:
                self._under_way -= 1
                if page is None:
                    self._left.appendleft(number)
                    self.alone = True
                else:
                    self._read[number] = page["page"]
                    self._may_count -= page.get("counts") is True
                self._changed.notify_all()
        return answer, page is not None

    def _answer(self, worker: Worker, message: bytes) -> bytes:
        try:
            return worker.ask(message, b"", self._deadline)[0]
        except BrokenPipeError as error:
            raise WorkerDiedError("it did not wait for its pages") from error
