"""A mail's bytes: MIME that every server and mail program of the field can carry.

All 7-bit ASCII on the wire (no SMTPUTF8 or 8BITMIME needed), lines of at most 998 octets, CRLF,
and the same bytes for the same values: the boundary comes from the mail's key.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.encoders import encode_base64
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, parseaddr
from pathlib import PurePosixPath

from notifier.wording import clean

# No second folding: headers are folded where they are made.
_POLICY = policy.compat32.clone(linesep="\r\n", max_line_length=0)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")
_NAME_LIMIT = 80
_NAME_BYTES = 280
_ID_LIMIT = 900


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file that goes with a mail. ``type`` is its MIME type."""

    name: str
    data: bytes
    type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Envelope:
    """All headers of a mail as values; addresses are plain ``user@host``."""

    key: str
    message_id: str
    date: dt.datetime
    sender_name: str
    sender: str
    reply_to: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    auto_submitted: str
    in_reply_to: str = ""


def message_id(key: str, address: str, recipient: str = "") -> str:
    """Return the Message-ID of a debt: the same key has the same id after any restart.

    A mail made for one ``recipient`` alone has an id of its own.
    """
    domain = ascii_address(f"x@{parseaddr(address)[1].rpartition('@')[2]}").partition("@")[2]
    named = f"{key}\n{recipient.casefold()}" if recipient else key
    return f"<{hashlib.sha256(named.encode('utf-8', 'replace')).hexdigest()[:40]}@{domain}>"


def ascii_address(address: str) -> str:
    """Return an address that ASCII headers can carry, or empty when there is none.

    A domain with diacritics becomes its IDNA form; a local part with them needs SMTPUTF8, which
    the field's servers lack.
    """
    local, _, domain = clean(address, 320).replace(" ", "").rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            return ""
    sound = local.isascii() and local and domain and not set('<>,;:"()[]') & set(local + domain)
    return f"{local}@{domain}" if sound else ""


def build(
    envelope: Envelope, text: str, html: str, attachments: Sequence[Attachment] = ()
) -> bytes:
    """Return the mail's bytes: text and HTML as alternatives, then the attachments."""
    token = hashlib.sha256(envelope.key.encode("utf-8", "replace")).hexdigest()[:24]
    body = MIMEMultipart("alternative", boundary=f"=_a_{token}")
    for content, subtype in ((text, "plain"), (html, "html")):
        body.attach(MIMEText(content.encode("utf-8", "replace").decode(), subtype, "utf-8"))
    top: MIMEMultipart = body
    if attachments:
        top = MIMEMultipart("mixed", boundary=f"=_m_{token}")
        top.attach(body)
        for attachment in attachments:
            top.attach(_part(attachment))
    _address_headers(top, envelope)
    for name, value in _other_headers(envelope):
        top[name] = value
    return top.as_bytes(policy=_POLICY)


def _address_headers(top: MIMEMultipart, envelope: Envelope) -> None:
    sender = ascii_address(envelope.sender)
    header = Header(clean(envelope.sender_name, 120), "utf-8", header_name="From")
    header.append(f"<{sender}>", "us-ascii")
    top["From"] = header.encode()
    reply_to = ascii_address(envelope.reply_to)
    if reply_to and reply_to != sender:
        top["Reply-To"] = reply_to
    for name, addresses in (("To", envelope.to), ("Cc", envelope.cc)):
        sound = [plain for address in addresses if (plain := ascii_address(address))]
        if sound:
            top[name] = ",\n ".join(sound)


def _other_headers(envelope: Envelope) -> list[tuple[str, str]]:
    headers = [
        ("Subject", Header(clean(envelope.subject, 200), "utf-8", header_name="Subject").encode()),
        ("Date", format_datetime(envelope.date)),
        ("Message-ID", envelope.message_id),
    ]
    answered = envelope.in_reply_to.strip()
    if _MESSAGE_ID.fullmatch(answered) and len(answered) <= _ID_LIMIT:
        headers += [("In-Reply-To", answered), ("References", answered)]
    key = clean(envelope.key, 300).encode("ascii", "replace").decode()
    return [
        *headers,
        ("Auto-Submitted", envelope.auto_submitted),
        # Not "All": a bounce (NDR) is evidence that we want.
        ("X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply"),
        ("X-Commune-Intake", key),
        ("Content-Language", "vi"),
    ]


def _part(attachment: Attachment) -> MIMEBase:
    name = _short_name(attachment.name)
    main, _, subtype = clean(attachment.type, 100).partition("/")
    part = MIMEBase(main, subtype) if main and subtype else MIMEBase("application", "octet-stream")
    part.set_payload(attachment.data)
    encode_base64(part)
    if name.isascii():
        part.set_param("name", name)
        part.add_header("Content-Disposition", "attachment", filename=name)
        return part
    # RFC 2231 for programs that follow the rules, RFC 2047 in name= for old ones that do not.
    words = Header(name, "utf-8", header_name="Content-Type").encode(linesep="").replace("\n", "")
    part.set_param("name", words)
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "vi", name))
    return part


def _short_name(name: str) -> str:
    """Return a file's name that fits one parameter, and that no program decodes once more."""
    cleaned = clean(name, 400).replace("/", "-").replace("\\", "-").replace('"', "'") or "tep"
    cleaned = cleaned.replace("=?", "=-")
    ending = PurePosixPath(cleaned).suffix[:10]
    if len(cleaned) > _NAME_LIMIT:
        cleaned = cleaned[: _NAME_LIMIT - len(ending)] + ending
    if len(cleaned.encode()) > _NAME_BYTES:  # each byte takes three in a header's line
        kept = cleaned.encode()[: _NAME_BYTES - len(ending.encode())].decode(errors="ignore")
        cleaned = kept + ending
    return cleaned
