"""What the copies in Sent tell: which mails of ours have left, and to whom."""

from collections.abc import Iterator

from config.model import Config
from intake.folders import Survey
from intake.mailbox import CommandRefused, Mailbox
from intake.message import parse
from intake.parsed import Parsed
from notifier.mail_key import MARKER, made_for, read_key


def sent_place(config: Config, mailbox: Mailbox) -> tuple[Survey | None, str]:
    """Return Sent, or why it cannot tell what has left."""
    folder = config.settings.smtp.save_sent_to
    if not folder:
        return None, "smtp.save_sent_to is empty: no copies tell which mails have left"
    try:
        place = mailbox.survey(folder)
    except CommandRefused as error:
        return None, f"{folder} cannot be read, nobody can tell which mails have left: {error}"
    if place is None:
        return None, f"there is no folder {folder}: no copies tell which mails have left"
    return place, ""


def our_headers(
    config: Config, mailbox: Mailbox, place: Survey, low: int = 1
) -> Iterator[tuple[int, Parsed]]:
    """Yield the headers of the mails since go-live that bear our marker, from UID ``low`` on."""
    limits, since = config.settings.limits, config.settings.office.go_live_at
    uids = mailbox.with_header(place, MARKER, since, low)
    for uid, block in mailbox.headers(place, uids):
        yield uid, parse(block, limits)


def key_of(header: Parsed) -> str:
    """Return the key that a copy bears; "" when it is not the mail that we made for it."""
    key = header.value(MARKER.lower()).strip()
    ours = made_for(key, header.rfc_message_id, recipients_of(header))
    return key if read_key(key) and ours else ""


def recipients_of(header: Parsed) -> tuple[str, ...]:
    """The addresses as we wrote them: plain, with commas between (`notifier.mime`)."""
    values = (*header.headers.get("to", ()), *header.headers.get("cc", ()))
    addresses = (address.strip() for value in values for address in value.split(","))
    return tuple(dict.fromkeys(address for address in addresses if address))
