"""The courier: mails over SMTP, several at a time, and what became of each.

One loop is all the concurrency there is: lines bring letters, and between two of its turns what
they have to tell is written down together. Nothing waits for company: what is ready shares a
transaction, what comes while it is written has the next one.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Self

from config.model import Smtp
from notifier.delivery import AuthFailed, Clerk, Delivery, Later, Letter
from notifier.smtp_line import Line, NotHanded

#: A further connection costs about as much as that many mails save by it.
_WORTH_A_LINE = 8


class Courier:
    """One SMTP account with a few reused connections. Not thread-safe; close it after use."""

    def __init__(
        self,
        settings: Smtp,
        secret: str | Callable[[], str] = "",
        *,
        probe_after_seconds: float = 5.0,
        max_idle_seconds: float = 240.0,
    ) -> None:
        self._lines = [
            Line(settings, secret, probe_after_seconds, max_idle_seconds)
            for _ in range(settings.connections)
        ]
        self._runner, self._writer = asyncio.Runner(), _writer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def carry(self, clerk: Clerk) -> None:
        """Bring what the clerk gives until it gives no more and all is written down.

        One letter to one recipient in one transaction of SMTP. The clerk is told of each one after
        the server said "go on" and before the first byte of content leaves, and of its outcome.
        What the clerk raises passes through, when the letters whose content was leaving have their
        outcome and the clerk was told. Never raises for anything that server or network do.
        """
        self._runner.run(_Round(clerk, self._lines, self._writer).walk())

    def check(self) -> tuple[str, ...] | Later | AuthFailed:
        """Log in and say what the server can do (EHLO keywords); for `intake check --connect`."""
        return self._runner.run(self._lines[0].look())

    @property
    def certificate_ends_at(self) -> dt.datetime | None:
        """The end of the server's certificate as of the last connection; None without TLS."""
        ends = [one.certificate_ends_at for one in self._lines if one.certificate_ends_at]
        return min(ends, default=None)

    def close(self) -> None:
        """Say QUIT on what connections there are, and end the loop. Idempotent."""
        self._runner.run(_part(self._lines))
        self._runner.close()
        self._writer.shutdown()
        self._runner, self._writer = asyncio.Runner(), _writer()


def _writer() -> ThreadPoolExecutor:
    """The one thread in which a clerk writes: there is never more than one transaction at a time.

    It begins with its first work. The loop's own threads would be as many as the machine allows.
    """
    return ThreadPoolExecutor(1, thread_name_prefix="outbox-writer")


async def _part(lines: Sequence[Line]) -> None:
    await asyncio.gather(*(line.quit() for line in lines))


class _Round:
    """One `Courier.carry`: which line has which letter, and what waits to be written down."""

    def __init__(self, clerk: Clerk, lines: Sequence[Line], writer: Executor) -> None:
        self._clerk, self._writer = clerk, writer
        self._free, self._proven, self._several = list(reversed(lines)), False, False
        self._busy: dict[asyncio.Task[Delivery], tuple[Line, Letter]] = {}
        self._handing: dict[Letter, asyncio.Future[bool]] = {}
        self._handed: set[Letter] = set()
        self._news = asyncio.Event()
        self._error: Exception | None = None
        self._over = False

    async def walk(self) -> None:
        try:
            while True:
                heard = self._finished()
                if not self._is_alone():
                    self._give_out()  # a line does not wait until its last outcome is written
                if heard or self._handing:
                    await self._write()
                self._give_out()
                if not self._busy:
                    break
                await self._news.wait()
                await asyncio.sleep(0)  # who is ready at the same time shares the transaction
                await asyncio.sleep(0)
                self._news.clear()
        finally:  # whatever ends it: no content leaves behind our back
            self._over = True
            for task in self._busy:
                task.cancel()
            await asyncio.gather(*self._busy, return_exceptions=True)
            for line, _ in self._busy.values():
                line.drop()
        if self._error is not None:
            raise self._error

    def _is_alone(self) -> bool:
        """Whether one line works alone: then everything happens one after another."""
        return len(self._free) + len(self._busy) == 1 or not self._several

    def _give_out(self) -> None:
        """Give letters to free lines, as many lines as there is work for."""
        while self._error is None and self._free and self._is_worth_it():
            try:
                letter = self._clerk.take()
            except Exception as error:  # noqa: BLE001  raised at the end, when outcomes are known
                self._error = error
                return
            if letter is None:
                return
            line = self._free.pop()
            task = asyncio.ensure_future(line.bring(letter, partial(self._ask, letter)))
            task.add_done_callback(lambda _: self._news.set())
            self._busy[task] = line, letter
            self._several = self._several or len(self._busy) > 1

    def _is_worth_it(self) -> bool:
        """Whether one more line may be used: the first proves that the server lets us in."""
        if not self._busy:
            return True
        enough = 1 if self._free[-1].is_open else _WORTH_A_LINE * len(self._busy)
        return self._proven and self._clerk.waiting >= enough

    async def _ask(self, letter: Letter) -> bool:
        """Wait until it is written down that this letter is handed over."""
        if self._over or self._error is not None:
            return False
        answer = asyncio.get_running_loop().create_future()
        self._handing[letter] = answer
        self._news.set()
        return bool(await answer)

    async def _write(self) -> None:
        """Let the clerk write down what became known, and let go what may."""
        handing, self._handing = self._handing, {}
        wanted = [] if self._error else list(handing)
        allowed: Collection[int] = ()
        try:
            if self._is_alone():
                allowed = self._clerk.write(wanted)
            else:  # in a thread, while the others go on with their dialogues
                loop = asyncio.get_running_loop()
                allowed = await loop.run_in_executor(self._writer, self._clerk.write, wanted)
        except Exception as error:  # noqa: BLE001  raised at the end, when outcomes are known
            self._error = self._error or error
        for letter, answer in handing.items():
            if letter.mail_id in allowed:
                self._handed.add(letter)
            if not answer.done():
                answer.set_result(letter.mail_id in allowed)

    def _finished(self) -> bool:
        """Take in the lines that are done; return whether there is anything to write down."""
        heard = False
        for task in [task for task in self._busy if task.done()]:
            line, letter = self._busy.pop(task)
            self._free.append(line)
            try:
                outcome = task.result()
            except NotHanded:
                continue
            trouble = isinstance(outcome, AuthFailed | Later) and _is_everybodys(outcome)
            if trouble and letter not in self._handed and self._others_work(line):
                # The server has enough of us, or the last line will run into it too.
                self._free.remove(line)
                self._clerk.back(letter)
                continue
            self._proven = self._proven or not trouble
            self._handed.discard(letter)
            self._clerk.done(letter, outcome)
            heard = True
        return heard

    def _others_work(self, line: Line) -> bool:
        """Whether another line has a letter, or is free because it is just done with one."""
        return bool(self._busy) or any(one.is_open for one in self._free if one is not line)


def _is_everybodys(outcome: AuthFailed | Later) -> bool:
    return isinstance(outcome, AuthFailed) or outcome.everybody
