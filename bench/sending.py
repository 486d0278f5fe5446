"""Sending acknowledgments, beside the scripts that an engineer would write.

2,000 acknowledgments (text and HTML) lie queued in a registry that survives a power loss; the
outbox sends them to a sink on loopback over 1, 2 and 4 connections. Beside it a script that opens a
connection for each mail (smtplib's and aiosmtplib's examples), and one that keeps a single
connection open; both keep nothing. Three servers: one that answers at once in clear text, where
only the processor counts; one that wants TLS and a login, as every provider does; and one that
answers after some milliseconds, as one at the end of a line does.

    python bench/sending.py [--mails 2000] [--runs 3] [--answer-ms 5] [--only clear|tls|far]
                            [--profile FILE]
"""

import argparse
import asyncio
import cProfile
import datetime as dt
import json
import os
import platform
import resource
import smtplib
import sqlite3
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from email.message import EmailMessage
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

NOW = dt.datetime.fromisoformat("2024-05-16T09:00:00+07:00")
FROM = "ocop@caoloc.example"
_COMMUNES = 500  # so that no cap of a recipient stands in the way
_SERVERS = {"clear": "answers at once", "tls": "TLS and a login", "far": "answers after {} ms"}


def letter(number: int) -> bytes:
    """Return an acknowledgment of usual size: 2 kB of text, 9 kB of HTML."""
    mail = EmailMessage()
    mail["From"], mail["To"] = FROM, f"xa{number % _COMMUNES:05d}@caoloc.example"
    mail["Subject"] = f"Đã nhận văn bản của UBND xã ({number})"
    mail["Message-ID"] = f"<ack-{number}@caoloc.example>"
    line = f"Điểm {number}: đã ghi nhận; đề nghị kiểm tra lại các ô nêu dưới đây trước thời hạn.\n"
    mail.set_content(line * 15)
    mail.add_alternative(f"<p>{line}</p>\n" * 60, subtype="html")
    return bytes(mail)


# --- the server -----------------------------------------------------------------------------------


class Sink(asyncio.Protocol):
    """Takes everything; says each thing ``seconds`` late."""

    taken = 0
    seconds = 0.0
    said_no_login = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport: Any = transport
        self._content, self._buffer = False, b""
        self._say(b"220 sink ESMTP")

    def _say(self, words: bytes) -> None:
        if Sink.seconds:
            loop = asyncio.get_running_loop()
            loop.call_later(Sink.seconds, self._transport.write, words + b"\r\n")
        else:
            self._transport.write(words + b"\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer each command, and each content after its dot."""
        self._buffer += data
        while self._buffer:
            if self._content:
                before, dot, rest = self._buffer.partition(b"\r\n.\r\n")
                if not dot:
                    self._buffer = before[-4:]
                    return
                Sink.taken += 1
                self._content, self._buffer = False, rest
                self._say(b"250 2.0.0 taken")
                continue
            line, end, rest = self._buffer.partition(b"\r\n")
            if not end:
                return
            self._buffer = rest
            verb = line[:4].upper()
            if verb == b"EHLO":
                self._say(b"250-sink\r\n250-8BITMIME\r\n250-AUTH PLAIN\r\n250 SIZE 50000000")
            elif verb == b"AUTH":
                self._say(b"235 2.7.0 ok")
            elif verb == b"DATA":
                self._content = True
                self._say(b"354 go on")
            elif verb == b"QUIT":
                self._say(b"221 2.0.0 bye")
            else:
                self._say(b"250 2.0.0 ok")


async def listen(cert: str, answer_ms: float) -> None:
    """Serve until the input ends; say the port first and what was taken last."""
    Sink.seconds = answer_ms / 1000
    context = None
    if cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0, ssl=context, backlog=200)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(Sink.taken, flush=True)


@contextmanager
def sink(folder: Path, kind: str, answer_ms: float) -> Iterator[int]:
    """Run a server in a process of its own; yield its port."""
    import trustme  # noqa: PLC0415  the children do without

    cert = ""
    if kind == "tls":
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
            folder / "server.pem"
        )
        cert = str(folder / "server.pem")
    words = ["sink", cert, str(answer_ms if kind == "far" else 0.0)]
    command = [sys.executable, __file__, "--child", *words]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101  a pipe was asked for
        try:
            yield int(process.stdout.readline())
        finally:
            process.communicate()


# --- those that send ------------------------------------------------------------------------------


def _client(port: int, ca: str) -> smtplib.SMTP:
    """Connect as the examples do: a verified connection and a login where the server wants one."""
    if not ca:
        return smtplib.SMTP("localhost", port)
    client = smtplib.SMTP_SSL("localhost", port, context=ssl.create_default_context(cafile=ca))
    client.login(FROM, "made-up")
    return client


def each(port: int, ca: str, count: int) -> dict[str, float]:
    """Send with smtplib, a connection for each mail."""
    letters = [letter(number) for number in range(count)]
    with measured(count) as found:
        for raw in letters:
            with _client(port, ca) as client:
                client.sendmail(FROM, "xa@caoloc.example", raw)
    return found


def one(port: int, ca: str, count: int) -> dict[str, float]:
    """Send with smtplib over one connection."""
    letters = [letter(number) for number in range(count)]
    with measured(count) as found, _client(port, ca) as client:
        for raw in letters:
            client.sendmail(FROM, "xa@caoloc.example", raw)
    return found


def aio_each(port: int, ca: str, count: int) -> dict[str, float]:
    """Send with aiosmtplib.send, which opens a connection for each mail."""
    import aiosmtplib  # noqa: PLC0415

    letters = [letter(number) for number in range(count)]
    how: dict[str, Any] = {"hostname": "localhost", "port": port, "start_tls": False}
    if ca:
        context = ssl.create_default_context(cafile=ca)
        how |= {"use_tls": True, "tls_context": context, "username": FROM, "password": "made-up"}

    async def send_all() -> None:
        for raw in letters:
            await aiosmtplib.send(raw, sender=FROM, recipients=["xa@caoloc.example"], **how)

    with measured(count) as found:
        asyncio.run(send_all())
    return found


def ours(port: int, ca: str, count: int, connections: int) -> dict[str, float]:
    """Send what the outbox holds, from the first round to the last."""
    from rigs import world  # noqa: PLC0415  only this child needs the product

    from notifier.outbox import Pace, send_due  # noqa: PLC0415
    from notifier.smtp import Courier  # noqa: PLC0415
    from registry.model import NewMail  # noqa: PLC0415
    from registry.store import open_store  # noqa: PLC0415

    smtp = {
        "host": "localhost", "port": port, "security": "tls" if ca else "none", "ca_file": ca,
        "user": FROM if ca else "", "rate_per_minute": 1_000_000, "connections": connections,
    }  # fmt: skip
    config = world.config(smtp=smtp)
    moments = iter(range(10**9))

    def clock() -> dt.datetime:
        return NOW + dt.timedelta(milliseconds=next(moments))

    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("TMPDIR")) as folder,
        open_store("sqlite:///registry.db", Path(folder)) as store,
    ):
        mails = [
            NewMail(
                f"ack/{number}", f"xa{number % _COMMUNES:05d}@caoloc.example", "ack",
                "Đã nhận", f"<ack-{number}@caoloc.example>", letter(number), world.CAMPAIGN,
            )
            for number in range(count)
        ]  # fmt: skip
        for start in range(0, count, 50):
            store.queue(mails[start : start + 50], NOW)
        del mails
        pace, sent = Pace(), 0
        with measured(count) as found, Courier(config.settings.smtp, "made-up") as courier:
            while sent < count:
                sent += send_due(
                    store, courier, config, world.calendar(config), pace=pace,
                    clock=clock, jitter=lambda: 0.0,
                ).count("sent")  # fmt: skip
        states = {mail.state for mail in store.mails()}
        assert states == {"sent"}, states  # noqa: S101  else nothing was measured
        assert store.verify_journal() is None  # noqa: S101
    return found


@contextmanager
def measured(count: int) -> Iterator[dict[str, float]]:
    """Fill in seconds, processor time and peak memory."""
    found: dict[str, float] = {"mails": count}
    profile = cProfile.Profile() if os.environ.get("BENCH_PROFILE") else None
    began, cpu = time.perf_counter(), time.process_time()
    with profile or nullcontext():
        yield found
    if profile:
        profile.dump_stats(os.environ["BENCH_PROFILE"])
    found["seconds"] = time.perf_counter() - began
    found["cpu"] = time.process_time() - cpu
    found["peak_kb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


# --- the run --------------------------------------------------------------------------------------

_SENDERS: Sequence[tuple[str, Sequence[str]]] = (
    ("smtplib, a connection for each mail", ["each"]),
    ("aiosmtplib.send, a connection for each mail", ["aio_each"]),
    ("smtplib, one connection", ["one"]),
    ("the outbox, 1 connection", ["ours", "1"]),
    ("the outbox, 2 connections", ["ours", "2"]),
    ("the outbox, 4 connections", ["ours", "4"]),
)


def child(words: list[str]) -> None:
    """Do one measured thing and print it as JSON."""
    match words:
        case ["sink", cert, answer_ms]:
            asyncio.run(listen(cert, float(answer_ms)))
        case [who, port, ca, count, *more]:
            send = {"each": each, "aio_each": aio_each, "one": one, "ours": ours}[who]
            print(json.dumps(send(int(port), ca, int(count), *map(int, more))))  # type: ignore[operator]


def run(folder: Path, port: int, kind: str, count: int, *words: str, profile: str = "") -> Any:
    """Run one sender in a child."""
    ca = str(folder / "ca.pem") if kind == "tls" else ""
    who, *more = words
    command = [sys.executable, __file__, "--child", who, str(port), ca, str(count), *more]
    env = os.environ | {"BENCH_PROFILE": profile}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=env)
    return json.loads(done.stdout)


def table(kind: str, count: int, answer_ms: float, found: dict[str, list[Any]]) -> None:
    """Print one server's table: medians, and ratios to one connection per mail."""
    seconds = {name: statistics.median(one["seconds"] for one in runs)
               for name, runs in found.items()}  # fmt: skip
    naive = seconds[_SENDERS[0][0]]
    print(f"\n**{count} mails; the server {_SERVERS[kind].format(answer_ms)}**\n")
    print(
        "| sender | seconds | mails/s | ms/mail | processor ms/mail | × one connection per mail |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    for name, runs in found.items():
        took = seconds[name]
        cpu = statistics.median(one["cpu"] for one in runs) / count * 1000
        print(
            f"| {name} | {took:.2f} | {count / took:.0f} | {took / count * 1000:.2f} "
            f"| {cpu:.2f} | {naive / took:.1f} |"
        )


def machine() -> str:
    """Say what the figures belong to."""
    names = [f"{one} {version(one)}" for one in ("aiosmtplib", "SQLAlchemy")]
    cores = len(os.sched_getaffinity(0))
    return (
        f"{platform.machine()}, {cores} cores, {platform.system()}; Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}, {', '.join(names)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3, help="of each, by turns")
    parser.add_argument("--answer-ms", type=float, default=5.0, help="of the far server")
    parser.add_argument("--only", choices=list(_SERVERS), default="")
    parser.add_argument("--profile", default="", help="write a cProfile of one run and stop")
    parser.add_argument("--connections", default="4", help="of the profiled run")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    wanted, _ = parser.parse_known_args()
    if wanted.child:
        child(wanted.child)
        return
    print(f"sending: median of {wanted.runs} runs by turns\n{machine()}")
    for kind in [wanted.only] if wanted.only else list(_SERVERS):
        count = max(wanted.mails // 10, 1) if kind == "far" else wanted.mails
        found: dict[str, list[Any]] = {name: [] for name, _ in _SENDERS}
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            folder = Path(name)
            with sink(folder, kind, wanted.answer_ms) as port:
                if wanted.profile:
                    run(folder, port, kind, count, "ours", wanted.connections,
                        profile=wanted.profile)  # fmt: skip
                    return
                for _ in range(wanted.runs):
                    for sender, words in _SENDERS:
                        found[sender].append(run(folder, port, kind, count, *words))
        table(kind, count, wanted.answer_ms, found)


if __name__ == "__main__":
    main()
