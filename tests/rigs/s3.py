"""A real S3 server for tests: OpenStack Swift with its S3 protocol, private, gone at the end.

It keeps objects in files of its own folder, checks signatures and the clock of who asks, and knows
conditional PUTs, ranges and versions. Of two conditional PUTs that meet in the same moment it may
take both (its consistency is eventual), as some servers in the world do.
"""

import contextlib
import datetime as dt
import hashlib
import hmac
import itertools
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from rigs.ports import Ports
from rigs.server import Server

from registry.bucket import Access, Bucket

KEY, SECRET = "intake:office", "a-secret-of-the-tests"
REGION = "us-east-1"
_PROGRAM = Path(__file__).with_name("swift_server.py")
_serial = itertools.count(1)


class S3(Server):
    """The server under a folder of its own; started by ``with``, killed at the block's end."""

    def __init__(self) -> None:
        super().__init__("s3-")
        self._ports = Ports()  # ours also while it is away for a moment
        self.port = self._ports.numbers[0]
        self._process: subprocess.Popen[str] | None = None

    def begin(self) -> None:
        """Start it, without an object."""
        self.start()

    def end(self) -> None:
        """End it at once."""
        self.kill()
        self._ports.let_go()

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server, with what it held before, and wait until it answers."""
        log = (self.dir / "log").open("a")
        with log:
            self._process = subprocess.Popen(
                [sys.executable, str(_PROGRAM), str(self.dir), str(self.port), KEY, SECRET],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONWARNINGS": "ignore"},
            )
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "ready":
            raise RuntimeError(
                "the S3 server of the tests (pip install swift, of the extra [dev]) did not start: "
                + (self.dir / "log").read_text()[-2000:]
            )

    def kill(self) -> None:
        """Kill it; what it has said it has stays."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
            self._process.communicate()
            self._process = None

    def access(self, prefix: str = "vault", **others: object) -> Access:
        """Return the way into a new bucket; ``others`` are otherwise than they should be."""
        bucket = f"intake-{os.getpid()}-{next(_serial)}"
        self.ask("PUT", f"/{bucket}")
        facts = {"bucket": bucket, "endpoint": self.endpoint, "timeout_seconds": 60.0, **others}
        return Access(prefix=prefix, region=REGION, key=KEY, secret=SECRET, **facts)  # type: ignore[arg-type]

    def bucket(self, prefix: str = "vault") -> Bucket:
        """Return a new, empty place."""
        return Bucket(self.access(prefix))

    def ask(self, verb: str, path: str, body: bytes = b"", query: str = "") -> bytes:
        """Ask the server for something beside what is tested; return what it answers."""
        url = f"{self.endpoint}{urllib.parse.quote(path)}" + (f"?{query}" if query else "")
        request = urllib.request.Request(url, data=body or None, method=verb)  # noqa: S310  our own
        for name, value in _signed(verb, url, body).items():
            request.add_header(name, value)
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  our own
            return bytes(answer.read())

    def put(self, access: Access, name: str, data: bytes) -> None:
        """Overwrite an object behind the program's back."""
        self.ask("PUT", f"/{access.bucket}/{access.prefix}/{name}", data)

    def delete(self, access: Access, name: str) -> None:
        """Take an object away behind the program's back."""
        self.ask("DELETE", f"/{access.bucket}/{access.prefix}/{name}")

    def keep_versions(self, access: Access) -> None:
        """Turn versions on."""
        body = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        self.ask("PUT", f"/{access.bucket}", body, "versioning=")


def names_in(bucket: Bucket) -> list[str]:
    """Return the names of all objects."""
    return [name for name, _ in bucket.listed("")]


def _signed(verb: str, url: str, body: bytes) -> dict[str, str]:
    """Return the headers of AWS Signature Version 4."""
    parts, now = urllib.parse.urlsplit(url), dt.datetime.now(dt.UTC)
    stamp, day = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}"
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    asked = f"{verb}\n{parts.path}\n{parts.query}\n{lines}\n{names}\n{digest}"
    scope = f"{day}/{REGION}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
    key = f"AWS4{SECRET}".encode()
    for word in (day, REGION, "s3", "aws4_request"):
        key = hmac.digest(key, word.encode(), "sha256")
    sealed = hmac.new(key, text.encode(), "sha256").hexdigest()
    told = f"Credential={KEY}/{scope}, SignedHeaders={names}, Signature={sealed}"
    del headers["host"]
    return {**headers, "Authorization": f"AWS4-HMAC-SHA256 {told}"}
