"""A real PostgreSQL for tests: private, rootless, gone when the block ends.

It listens on a Unix socket in its own folder and, for tests that cut a network, on one address.
"""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
from rigs.server import Server

_SETTINGS = """\
listen_addresses = '{address}'
port = {port}
unix_socket_directories = '{dir}'
max_connections = {connections}
fsync = {sync}
full_page_writes = {sync}
shared_buffers = 32MB
log_min_messages = warning
"""
_ACCESS = "local all all trust\nhost all all all trust\n"
_USER = "intake"
_PATIENCE_SECONDS = 60.0


def programs() -> Path:
    """Return the folder of initdb and postgres; Debian keeps it off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if found:
        return found[-1].parent
    other = shutil.which("initdb")
    if other is None:
        raise FileNotFoundError("tests of the server registry: apt-get install postgresql")
    return Path(other).parent


def _version(path: Path) -> int:
    name = path.parts[-3]
    return int(name) if name.isdecimal() else 0


class Postgres(Server):
    """PostgreSQL under a directory of its own; started by ``with``, killed at the block's end.

    Started by root it runs as nobody (it refuses root), else as the current user. `url` makes a new
    empty database at each call. Unless it is ``durable`` nothing is synced to disk: it survives
    `kill`, not a power loss.
    """

    def __init__(
        self, *, address: str = "", port: int = 5432, connections: int = 60, durable: bool = False
    ) -> None:
        super().__init__("pg-", "/tmp")  # noqa: S108  not in memory: many databases are large
        self._account = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.port = port
        self._connections = connections
        self._facts = {
            "address": address,
            "port": port,
            "connections": connections,
            "sync": "on" if durable else "off",
        }
        self._serial = itertools.count(1)

    def begin(self) -> None:
        """Make the cluster and start the server."""
        owner = pwd.getpwnam(self._account)
        os.chown(self.dir, owner.pw_uid, owner.pw_gid)
        self._run(
            "initdb", "-D", "data", "-U", _USER, "-A", "trust", "--no-sync", "--locale=C.UTF-8"
        )
        settings = _SETTINGS.format(dir=self.dir, **self._facts)
        for name, text in (("postgresql.conf", settings), ("pg_hba.conf", _ACCESS)):
            (self.dir / "data" / name).write_text(text)
        self.start()

    def end(self) -> None:
        """End it as a crash would."""
        self.stop("immediate")

    @property
    def running(self) -> bool:
        """Whether the server was started and not stopped."""
        return (self.dir / "data" / "postmaster.pid").exists()

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        self._run("pg_ctl", "-D", "data", "-l", "log", "-w", "-s", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it: ``smart``, ``fast`` (connections are ended) or ``immediate`` (as a crash)."""
        if self.running:
            with contextlib.suppress(subprocess.CalledProcessError):
                self._run("pg_ctl", "-D", "data", "-w", "-s", "-m", mode, "stop")

    def kill(self) -> None:
        """Kill the server's parent process as an OOM killer would; `start` recovers."""
        pid = int((self.dir / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)

    def url(self, name: str = "", *, host: str = "", template: str = "template1") -> str:
        """Make a database and return its SQLAlchemy URL, over the socket or to ``host``."""
        name = name or f"db{os.getpid()}x{next(self._serial)}"
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        place = host or str(self.dir)
        return f"postgresql+psycopg://{_USER}@/{name}?host={place}&port={self.port}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement beside whatever the tests do; return the first value it gives, as text.

        In this process and not by psql: a run on PostgreSQL makes and drops a database a test.
        """
        with self._connect(database) as beside:
            asked = beside.execute(statement)  # type: ignore[call-overload]  a text made here
            row = asked.fetchone() if asked.description else None
        return str(row[0]) if row else ""

    @contextlib.contextmanager
    def crowd(self, beside: int = 0) -> Iterator[list[psycopg.Connection]]:
        """Take all connections that it gives, but for those ``beside`` that others have and keep.

        Not just until it refuses one: whoever closed a connection a moment ago may still have its
        place, and give it to the next comer then.
        """
        taken: list[psycopg.Connection] = []
        ends_at = time.monotonic() + _PATIENCE_SECONDS
        try:
            while len(taken) < self._connections - beside:
                assert time.monotonic() < ends_at, f"only {len(taken)} are to be had"
                with contextlib.suppress(psycopg.OperationalError):
                    taken.append(self._connect())
            yield taken
        finally:
            self.dismiss(taken)

    def dismiss(self, taken: list[psycopg.Connection]) -> None:
        """Close connections, and wait until their places are free."""
        processes = [Path(f"/proc/{one.info.backend_pid}") for one in taken if not one.closed]
        for one in taken:
            one.close()
        ends_at = time.monotonic() + _PATIENCE_SECONDS
        while any(one.exists() for one in processes):
            assert time.monotonic() < ends_at, "a connection does not end"
            time.sleep(0.01)

    def _connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.dir), port=self.port, user=_USER, dbname=database, autocommit=True
        )

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(programs() / program), *arguments],
            cwd=self.dir,
            user=self._account if os.geteuid() == 0 else None,
            group=pwd.getpwnam(self._account).pw_gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
        )
