"""Ask both mail servers what they can do, as `intake check --connect` shows it."""

from collections.abc import Mapping

from config.model import Config
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
    settings = config.settings.mailbox
    mailbox = Mailbox(settings, secret(settings, env))
    try:
        mailbox.open()
        known = set(mailbox.capabilities())
        answers.append(f"IMAP {settings.host}:{settings.port}: {len(known)} capabilities")
        answers += [
            f"  no {name}: {effect}" for name, effect in _WISHES.items() if name not in known
        ]
        waiting = len(mailbox.listed(set()))
        answers.append(f"  {waiting} messages in {settings.inbox}")
    except (Unreachable, LoginRefused) as error:
        problems.append(f"settings.toml [mailbox]: {error}")
    finally:
        mailbox.close()
    smtp = config.settings.smtp
    with Courier(smtp, secret(smtp, env)) as courier:
        offered = courier.check()
    if isinstance(offered, tuple):
        answers.append(f"SMTP {smtp.host}:{smtp.port}: {', '.join(offered) or 'no extensions'}")
    else:
        problems.append(f"settings.toml [smtp]: {offered.reason}")
    return answers, problems
