"""Which report a mail of the Department is about: written into its reason, and read again. Pure."""

from notifier.mail_key import MailKey, read_key
from registry.model import Message

_ANSWERS = "answers "


def report_key(campaign: str, number: int) -> str:
    """Return the key of the mail that took a report to the Department."""
    return f"report/{campaign}/{number}"


def answer_reason(key: str) -> str:
    """Return the reason under which an answer to this report is recorded; ``key`` may be empty."""
    return f"{_ANSWERS}{key}" if key else "the Department wrote, to which report is not known"


def answered_by_department(message: Message) -> MailKey | None:
    """Return campaign and number of the report that a recorded answer is about, if known."""
    if message.verdict != "department" or not message.reason.startswith(_ANSWERS):
        return None
    return read_key(message.reason.removeprefix(_ANSWERS))
