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
        with psycopg.connect(
            host=str(self.dir), port=self.port, user=_USER, dbname=database, autocommit=True
        ) as beside:
            asked = beside.execute(statement)  # type: ignore[call-overload]  a text made here
            row = asked.fetchone() if asked.description else None
        return str(row[0]) if row else ""

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
