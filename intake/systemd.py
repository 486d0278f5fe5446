"""What systemd is told (sd_notify), what it expects, and the unit by which it starts a daemon.

What it expects is a sign of life within WatchdogSec, given by the loop itself: at each turn and
between two pieces of work, never by a thread of its own, which would go on while the loop hangs.
"""

import contextlib
import os
import socket
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from config.model import Config, Smtp

ALIVE = "WATCHDOG=1"
#: The template unit: what stands between @ and the dot is the office's folder below /etc/intake.
UNIT = "intake@.service"
#: Folders that `ProtectHome=` of the unit hides from it.
_HIDDEN = (Path("/home"), Path("/root"), Path("/run/user"))
#: Commands of an SMTP dialogue before the content: connect, two EHLO, STARTTLS, login in two steps,
#: MAIL, RCPT, DATA. Each may take ``timeout``.
_COMMANDS = 9


def notify(*states: str) -> None:
    """Tell systemd; does nothing where there is none or it does not listen."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel,
    ):
        channel.setblocking(False)  # a listener that has stopped listening must not stop us
        channel.sendto("\n".join(states).encode(), address)


def watchdog_seconds(env: Mapping[str, str]) -> float | None:
    """Return how long systemd waits for a sign of life (``WATCHDOG_USEC``), None if it does not."""
    value = env.get("WATCHDOG_USEC", "")
    return int(value) / 1_000_000 if value.isdigit() and int(value) else None


def longest_silence(config: Config) -> float:
    """Return how many seconds a sound loop may give no sign: the longest that one server may keep
    it waiting before its own timeouts end the step, or the pause between two polls.
    """  # noqa: D205  one sentence
    mailbox, smtp = config.settings.mailbox, config.settings.smtp
    # Two commands of IMAP come between two signs: the folder is selected, then asked.
    found = (mailbox.poll_seconds, 2 * mailbox.command_seconds, _one_mail(smtp))
    return max(*found, _one_document(config))


def _one_document(config: Config) -> float:
    """A cluster that takes a document and never answers: then it is read here."""
    if not config.settings.scale.readers:
        return 0.0
    from intake.opening import jail_limits  # noqa: PLC0415  most offices have no cluster
    from intake.readers import patience_seconds  # noqa: PLC0415

    limits = jail_limits(config)
    return patience_seconds(limits) + limits.longest_seconds


def _one_mail(smtp: Smtp) -> float:
    """The dialogue, the content on its way, and the answer to its last dot."""
    return _COMMANDS * smtp.timeout_seconds + 2 * smtp.after_data_seconds


def misfit(config: Config, env: Mapping[str, str]) -> str | None:
    """Return why systemd would restart a daemon that is well, or None."""
    seconds, silence = watchdog_seconds(env), longest_silence(config)
    if seconds is None or silence < seconds:
        return None
    return (
        f"WatchdogSec is {seconds:g} s, but with [mailbox] poll and command_timeout, [smtp] "
        f"timeout and after_data_timeout and the [limits] of reading the daemon may be silent for "
        f"{silence:g} s although it is well: systemd would restart it; write "
        f"WatchdogSec={int(silence) + 60}s in the unit (systemctl edit {UNIT}), or shorten those "
        f"times"
    )


def unit(program: Path) -> str:
    """Return the template unit, starting this program (an absolute path)."""
    text = (resources.files("intake") / UNIT).read_text(encoding="utf-8")
    start = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    arguments = start.partition(" ")[2]
    return text.replace(start, f"ExecStart={program} {arguments}")


def out_of_reach(program: Path) -> str | None:
    """Return why the unit could not start this program, or None."""
    home = next((folder for folder in _HIDDEN if program.is_relative_to(folder)), None)
    if home is None:
        return None
    return (
        f"{program} lies below {home}, which the unit hides from the daemon: install the program "
        "for the machine (PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin pipx install …), then "
        "print the unit again"
    )
