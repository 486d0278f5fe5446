"""Ask both mail servers what they can do, as `intake check --connect` shows it."""

from collections.abc import Mapping

from config.model import Config
from config.problem import ConfigProblems
from config.settings import secret
from intake.mailbox import LoginRefused, Mailbox, Unreachable
from notifier.smtp import Courier

#: What the daemon makes use of, and what it does without it.
_WISHES = {
    "MOVE": "messages are copied, then removed one by one",
    "UIDPLUS": "copied originals stay in the inbox, flagged as deleted",
    "IDLE": "new mail is noticed at the next poll only",
}


def connections(config: Config, env: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Log in to both servers; return what they can do, and what went wrong."""
    answers: list[str] = []
    problems: list[str] = []
    for look in (_imap, _smtp):
        try:
            answers += look(config, env)
        except ConfigProblems as error:
            problems += map(str, error.problems)
        except _Refused as error:
            problems.append(str(error))
    return answers, problems


class _Refused(Exception):  # noqa: N818  an answer, not a fault
    """The server is away or does not let us in."""


def _imap(config: Config, env: Mapping[str, str]) -> list[str]:
    settings = config.settings.mailbox
    mailbox = Mailbox(settings, secret(settings, env))
    try:
        mailbox.open()
        known = set(mailbox.capabilities())
        return [
            f"IMAP {settings.host}:{settings.port}: logged in as {settings.user}",
            *(f"  no {name}: {effect}" for name, effect in _WISHES.items() if name not in known),
            f"  {len(mailbox.listed(set()))} message(s) in {settings.inbox}",
        ]
    except (Unreachable, LoginRefused) as error:
        raise _Refused(f"settings.toml [mailbox]: {error}") from error
    finally:
        mailbox.close()


def _smtp(config: Config, env: Mapping[str, str]) -> list[str]:
    settings = config.settings.smtp
    with Courier(settings, secret(settings, env)) as courier:
        offered = courier.check()
    if isinstance(offered, tuple):
        who = f"logged in as {settings.user}" if settings.user else "no login wanted"
        able = ", ".join(offered) or "no extensions"
        return [f"SMTP {settings.host}:{settings.port}: {who}", f"  {able}"]
    raise _Refused(f"settings.toml [smtp]: {offered.reason}")
