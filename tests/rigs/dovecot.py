"""A real Dovecot on loopback for tests: rootless, on free ports, gone when the block ends."""

import contextlib
import datetime as dt
import grp
import imaplib
import itertools
import os
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import trustme
from rigs.ports import Ports
from rigs.server import Server

USER = "intake"
PASSWORD = "secret-on-loopback"
_PATIENCE_SECONDS = 60

_COMMON = """\
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/dovecot.log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 1
protocols = imap
listen = 127.0.0.1
auth_mechanisms = plain login
ssl = yes
mail_max_userip_connections = {connections}
mail_fsync = never
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""

_SYNTAX_2_3 = """\
disable_plaintext_auth = no
auth_failure_delay = 0 secs
auth_username_format = %Ln
ssl_cert = <{dir}/cert.pem
ssl_key = <{dir}/key.pem
mail_location = maildir:{dir}/mail/%n
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {dir}/users
}}
{tokens}userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/mail/%n
}}
"""

#: Tokens are asked about at an endpoint, as Dovecot 2.3 writes it.
_TOKENS_2_3 = """\
auth_mechanisms = plain login xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {dir}/tokens.conf
}}
"""
_TOKENS_CONF = """\
introspection_mode = get
introspection_url = {url}?token=
tokeninfo_url = {url}?token=
username_attribute = sub
username_format = %n
force_introspection = yes
"""

_SYNTAX_2_4 = """\
auth_allow_cleartext = yes
auth_failure_delay = 0s
auth_username_format = %{{user | username | lower}}
ssl_server_cert_file = {dir}/cert.pem
ssl_server_key_file = {dir}/key.pem
mail_driver = maildir
mail_home = {dir}/mail/%{{user | username}}
mail_path = %{{home}}
passdb passwd-file {{
  passwd_file_path = {dir}/users
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
  }}
}}
"""


@dataclass(frozen=True)
class Stored:
    """One message as the server holds it."""

    uid: int
    raw: bytes
    flags: frozenset[str]


def program() -> str:
    """Return the path of dovecot; Debian keeps it in /usr/sbin, which is not on every PATH."""
    found = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError("tests of the mailbox need Dovecot: apt-get install dovecot-imapd")
    return found


class Dovecot(Server):
    """Dovecot under a directory of its own; started by ``with``, killed at the block's end.

    Started by root it runs as nobody, else as the current user. Ports: ``port`` (plain and
    STARTTLS), ``tls_port`` (implicit TLS). ``ca_file`` verifies its certificate, which is for
    ``localhost`` and ``127.0.0.1``.
    """

    def __init__(
        self,
        users: dict[str, str] | None = None,
        *,
        prefix: str = "",
        separator: str = "/",
        connections: int = 100,
        certificate_ends_at: dt.datetime | None = None,
        introspection_url: str = "",
    ) -> None:
        super().__init__("dc-")
        self._introspection_url = introspection_url
        self.users = users or {USER: PASSWORD}
        self._options = {"prefix": prefix, "separator": separator, "connections": connections}
        self._certificate_ends_at = certificate_ends_at
        self._account = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._ports = Ports(2)  # ours also while it is away for a moment
        self.port, self.tls_port = self._ports.numbers
        self.ca_file = self.dir / "ca.pem"
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Make its folders and start the server."""
        self._write()
        self.start()

    def end(self) -> None:
        """End it at once."""
        self.kill()
        self._ports.let_go()

    def _write(self) -> None:
        owner = pwd.getpwnam(self._account)
        authority = trustme.CA()
        certificate = authority.issue_cert(
            "localhost",
            "127.0.0.1",
            not_before=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
            not_after=self._certificate_ends_at,
        )
        authority.cert_pem.write_to_path(self.ca_file)
        certificate.private_key_pem.write_to_path(self.dir / "key.pem")
        certificate.cert_chain_pems[0].write_to_path(self.dir / "cert.pem")
        (self.dir / "users").write_text(
            "".join(f"{user}:{{PLAIN}}{password}\n" for user, password in self.users.items())
        )
        version = subprocess.run([program(), "--version"], capture_output=True, check=True)
        new = not version.stdout.startswith(b"2.3.")
        header = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n" if new else ""
        facts = {
            "dir": self.dir,
            "user": self._account,
            "group": grp.getgrgid(owner.pw_gid).gr_name,
            "uid": owner.pw_uid,
            "gid": owner.pw_gid,
            "port": self.port,
            "tls_port": self.tls_port,
            "tokens": _TOKENS_2_3.format(dir=self.dir) if self._introspection_url else "",
            **self._options,
        }
        (self.dir / "tokens.conf").write_text(_TOKENS_CONF.format(url=self._introspection_url))
        body = (_COMMON + (_SYNTAX_2_4 if new else _SYNTAX_2_3)).format(**facts)
        (self.dir / "dovecot.conf").write_text(header + body)
        for name in ("run", "state", "mail", *(f"mail/{user}" for user in self.users)):
            (self.dir / name).mkdir()
        self._own(self.dir, *self.dir.rglob("*"))

    def _own(self, *paths: Path) -> None:
        if os.geteuid() == 0:
            owner = pwd.getpwnam(self._account)
            for path in paths:
                os.chown(path, owner.pw_uid, owner.pw_gid)

    def _as_account(self, *command: str) -> list[str]:
        if os.geteuid() != 0:
            return list(command)
        owner = pwd.getpwnam(self._account)
        ids = [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        return ["setpriv", *ids, *command]

    def start(self) -> None:
        """Start the server and wait for its greeting."""
        (self.dir / "run" / "master.pid").unlink(missing_ok=True)
        self._process = subprocess.Popen(
            self._as_account(program(), "-F", "-c", str(self.dir / "dovecot.conf")),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                imaplib.IMAP4("127.0.0.1", self.port, 5).logout()
                return
            time.sleep(0.01)  # a fixture waits for a process; no test does
        log = self.dir / "dovecot.log"
        raise RuntimeError(log.read_text() if log.exists() else "dovecot did not start")

    def kill(self) -> None:
        """Kill the server and all its children; SIGTERM would take three seconds."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
            # Its children listen as well, and may outlive it for a moment: until they are gone the
            # next server cannot.
            end = time.monotonic() + _PATIENCE_SECONDS
            while any(map(_listened_on, (self.port, self.tls_port))):
                if time.monotonic() > end:
                    raise RuntimeError("a child of dovecot does not end")
                time.sleep(0.01)  # waits for processes, as the start does

    # --- what a test does behind the client's back ---

    @contextlib.contextmanager
    def session(self, user: str = USER, folder: str | None = None) -> Iterator[imaplib.IMAP4]:
        """A second client of the same mailbox: plain imaplib, none of the code under test."""
        client = imaplib.IMAP4("127.0.0.1", self.port, _PATIENCE_SECONDS)
        try:
            client.login(user, self.users[user])
            if folder is not None:
                status, data = client.select(f'"{_utf7(folder)}"')
                assert status == "OK", data
            yield client
        finally:
            with contextlib.suppress(imaplib.IMAP4.error, OSError):
                client.logout()

    def deliver(
        self,
        raw: bytes,
        at: dt.datetime | None = None,
        folder: str = "INBOX",
        user: str = USER,
    ) -> None:
        """Put one message into a folder with ``at`` as its INTERNALDATE (default: now)."""
        with self.session(user) as client:
            status, data = client.append(
                f'"{_utf7(folder)}"', "", at or dt.datetime.now(dt.UTC), raw
            )
            assert status == "OK", data

    def fill(self, raws: Iterable[bytes], user: str = USER, *, first: int = 0) -> None:
        """Put many messages straight into the inbox's Maildir, faster than any protocol.

        ``first`` is the serial of the first one: no two may have the same.
        """
        new = self.dir / "mail" / user / "new"
        for part in ("cur", "new", "tmp"):
            path = new.parent / part
            path.mkdir(exist_ok=True)
            self._own(path)
        for serial, raw in enumerate(raws, first):
            name = f"17{serial:08d}.M{serial}.rig"
            path = new.parent / "tmp" / name  # only whole files appear in new/: the server looks
            path.write_bytes(raw)
            self._own(path)
            path.rename(new / name)

    def contents(self, folder: str = "INBOX", user: str = USER) -> list[Stored]:
        """Return the messages of a folder by UID; [] when there is no such folder."""
        if folder not in self.folders(user):
            return []
        with self.session(user, folder) as client:
            uids = client.uid("SEARCH", "ALL")[1][0].split()
            stored = []
            for uid in uids:
                answer = client.uid("FETCH", uid.decode(), "(FLAGS BODY.PEEK[])")[1]
                head, raw = next(piece for piece in answer if isinstance(piece, tuple))
                flags = frozenset(flag.decode() for flag in imaplib.ParseFlags(head))
                stored.append(Stored(int(uid), raw, flags))
            return stored

    def folders(self, user: str = USER) -> list[str]:
        """Return the names of all folders, decoded."""
        with self.session(user) as client:
            lines = client.list()[1]
        found = [re.fullmatch(rb'\([^)]*\) \S+ "?(.*?)"?', line) for line in lines]
        return [_from_utf7(match[1]) for match in found if match]

    def expunge(self, uid: int, folder: str = "INBOX", user: str = USER) -> None:
        """Delete one message as a human in webmail would."""
        with self.session(user, folder) as client:
            client.uid("STORE", str(uid), "+FLAGS", r"(\Deleted)")
            client.uid("EXPUNGE", str(uid))

    def flag(self, uid: int, flags: str, folder: str = "INBOX", user: str = USER) -> None:
        """Add flags, for instance ``\\Seen``."""
        with self.session(user, folder) as client:
            client.uid("STORE", str(uid), "+FLAGS", f"({flags})")

    def doveadm(self, *words: str) -> bytes:
        """Run doveadm on this server."""
        command = self._as_account("doveadm", "-c", str(self.dir / "dovecot.conf"), *words)
        return subprocess.run(command, capture_output=True, check=True).stdout

    def set_uidvalidity(self, value: int, folder: str = "INBOX", user: str = USER) -> None:
        """Give a folder another UIDVALIDITY; its UIDs stay."""
        self.doveadm("mailbox", "update", "-u", user, "--uid-validity", str(value), folder)

    def recreate_inbox(self, user: str = USER) -> None:
        """Forget all of Dovecot's indexes of the inbox: UIDs start again at 1."""
        self.kill()
        for path in (self.dir / "mail" / user).glob("dovecot*"):
            path.unlink()
        self.start()

    def imap_processes(self) -> list[int]:
        """Return the pids of the processes that serve logged-in sessions."""
        assert self._process is not None
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                name, rest = (entry / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
                if name == "imap" and int(rest.split()[2]) == self._process.pid:
                    found.append(int(entry.name))
        return found

    def signal_sessions(self, number: signal.Signals) -> None:
        """Send SIGSTOP, SIGCONT or SIGKILL to every session process."""
        for pid in self.imap_processes():
            os.kill(pid, number)

    def tls_context(self) -> ssl.SSLContext:
        """Return a context that trusts this server only."""
        return ssl.create_default_context(cafile=str(self.ca_file))


def _listened_on(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), _PATIENCE_SECONDS).close()
    except ConnectionRefusedError:
        return False
    except ConnectionResetError:  # it ended in between
        return True
    return True


def _utf7(name: str) -> str:
    """Write a folder name in IMAP's modified UTF-7 (RFC 3501 section 5.1.3)."""
    out = []
    for plain, chars in itertools.groupby(name, lambda char: " " <= char <= "~"):
        run = "".join(chars)
        coded = run.encode("utf-7").decode()[1:].removesuffix("-").replace("/", ",")
        out.append(run.replace("&", "&-") if plain else f"&{coded}-")
    return "".join(out)


def _from_utf7(name: bytes) -> str:
    """Read modified UTF-7."""
    out = []
    for index, piece in enumerate(name.decode("ascii").split("&")):
        if index == 0:
            out.append(piece)
            continue
        coded, _, rest = piece.partition("-")
        out.append(f"+{coded.replace(',', '/')}-".encode().decode("utf-7") if coded else "&")
        out.append(rest)
    return "".join(out)
