"""The nouns of a received mail that was taken apart: frozen values, made by `intake.message`."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from parsers.names import decode_words

#: Defects after which nothing inside the message was looked at.
FATAL = frozenset({"too-deep", "too-many-parts", "too-many-lines", "unparsable"})


@dataclass(frozen=True, slots=True)
class Part:
    """One attached file, decoded. ``name`` is fit for display and never a path.

    ``content_type`` is what the sender claims. ``inline`` = shown inside the body (by disposition
    or by a Content-ID that the HTML names). ``defects`` says what was wrong with its wrapping.
    """

    name: str
    content_type: str
    data: bytes
    defects: tuple[str, ...] = ()
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """One recipient of a delivery status notification (RFC 3464); ``action`` in lower case."""

    address: str
    action: str
    status: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """One message, understood as far as its wrapping goes.

    ``sender`` is the one address in From, lower case, or empty when there are none, several or an
    odd one (``senders`` holds what could be read). ``text`` are the sender's own words, ``quoted``
    what they answer or forward. ``headers`` maps lower-case names to raw values in order, topmost
    first. ``nested`` are mails that were forwarded as attachments, opened one level down. ``about``
    are Message-IDs of mails quoted inside a report. ``sealed`` are envelopes of signatures that
    nobody opened: each is among the ``parts`` as well. ``defects`` are short codes.
    """

    sender: str = ""
    senders: tuple[str, ...] = ()
    sender_name: str = ""
    subject: str = ""
    rfc_message_id: str = ""
    references: tuple[str, ...] = ()
    date: dt.datetime | None = None
    content_type: str = "text/plain"
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    text: str = ""
    quoted: str = ""
    html: str = ""
    has_table: bool = False
    links: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    nested: tuple["Parsed", ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    about: tuple[str, ...] = ()
    received_count: int = 0
    sealed: tuple[bytes, ...] = ()
    defects: tuple[str, ...] = ()

    def value(self, name: str) -> str:
        """Return the topmost header of this name as one readable line, "" if there is none."""
        values = self.headers.get(name.lower(), ())
        return decode_words(values[0])[0] if values else ""

    @property
    def fatal(self) -> bool:
        """Whether the message was too hostile or broken to look inside."""
        return not FATAL.isdisjoint(self.defects)
