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
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

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


class Postgres:
    """PostgreSQL under a directory of its own; started by ``with``, killed at the block's end.

    Started by root it runs as nobody (it refuses root), else as the current user. `url` makes a new
    empty database at each call. Unless it is ``durable`` nothing is synced to disk: it survives
    `kill`, not a power loss.
    """

    def __init__(
        self, *, address: str = "", port: int = 5432, connections: int = 60, durable: bool = False
    ) -> None:
        self._account = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        # Not pytest's tmp_path: unix socket paths must stay below 108 bytes.
        self.dir = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self.port = port
        self._facts = {
            "address": address,
            "port": port,
            "connections": connections,
            "sync": "on" if durable else "off",
        }
        self._serial = itertools.count(1)

    def __enter__(self) -> Self:
        try:
            owner = pwd.getpwnam(self._account)
            os.chown(self.dir, owner.pw_uid, owner.pw_gid)
            self._run(
                "initdb", "-D", "data", "-U", _USER, "-A", "trust", "--no-sync", "--locale=C.UTF-8"
            )
            settings = _SETTINGS.format(dir=self.dir, **self._facts)
            for name, text in (("postgresql.conf", settings), ("pg_hba.conf", _ACCESS)):
                (self.dir / "data" / name).write_text(text)
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop("immediate")
        shutil.rmtree(self.dir, ignore_errors=True)

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
        """Run a statement beside whatever the tests do, and return what psql prints."""
        return self._run(
            "psql", "-h", str(self.dir), "-p", str(self.port), "-U", _USER, "-d", database,
            "-v", "ON_ERROR_STOP=1", "-qAt", "-c", statement,
        )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [str(programs() / program), *arguments],
            cwd=self.dir,
            user=self._account if os.geteuid() == 0 else None,
            group=pwd.getpwnam(self._account).pw_gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program == "psql" else subprocess.DEVNULL,
            check=True,
        )
        return (done.stdout or b"").decode().strip()
