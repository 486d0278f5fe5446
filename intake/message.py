"""Raw bytes of a received mail → headers, words, parts, defects. Pure; never raises.

Parsed with the stdlib under policy compat32: twice as fast as policy.default and free of its
recursion on crafted headers (measured). Nothing here asks for `get_content` or re-serialises a
received message: both fail on real mail.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from types import MappingProxyType

from config.model import Limits
from intake import base64_lines, body, header, transfer
from intake.parsed import FATAL, Delivery, Parsed, Part
from parsers.names import decode_bytes, decode_words, extension, file_name
from parsers.sniff import may_be_mail

__all__ = ["FATAL", "Delivery", "Parsed", "Part", "parse", "parse_header"]

#: The stdlib's parser takes time and memory by line; 50 MB of base64 have 1.3 million line ends.
_MAX_LINE_ENDS = 4_000_000
_NESTED_LEVELS = 1  # a mail forwarded as an attachment is opened; one inside that is named only
_EXTENSIONS = {
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.ms-excel": ".xls",
    "application/msword": ".doc",
    "application/zip": ".zip",
    "text/csv": ".csv",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "message/rfc822": ".eml",
}
#: A whole mail; with headers in UTF-8 (RFC 6532); under the name that it had on Usenet (RFC 5537).
_MAILS = frozenset({"message/rfc822", "message/global", "message/news"})
_ENCODED = frozenset({"base64", "quoted-printable"})
#: How a mail begins, which no base64 does.
_FIELD = re.compile(rb"\s*(?:From |[!-9;-~]+[ \t]*:)")
#: An equal sign that no quoted-printable text has.
_UNQUOTED = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*(?:\r?\n|\Z))")
#: Envelopes of signatures by their bytes → what is signed; None when they are encrypted.
Unsealed = Mapping[bytes, bytes | None]
_NOTHING_UNSEALED: Unsealed = MappingProxyType({})


class _TooMuch(Exception):  # noqa: N818  named for what it says
    """A budget of the MIME structure is used up; carries the defect."""


class _Counted(Message):
    """A message that stops its parser when the tree grows beyond the budgets."""

    limits: Limits
    depth = 0
    aside: tuple[bytes, ...] = ()

    def attach(self, payload: Message) -> None:  # type: ignore[override]
        """Attach a child (called by the parser as soon as the child begins)."""
        if isinstance(payload, _Counted):
            payload.depth = self.depth + 1
            if payload.depth > self.limits.mime_depth:
                raise _TooMuch("too-deep")
        super().attach(payload)

    def get_content_maintype(self) -> str:
        """Return the main type; that of an encoded mail is none that the parser looks into.

        RFC 2045 (§6.4) forbids to encode a mail within a mail; mailers do it all the same.
        """
        encoded = self.get_content_type() in _MAILS and _encoding(self) in _ENCODED
        return "application" if encoded else super().get_content_maintype()

    def content(self) -> bytes:
        """Return a leaf's bytes as they stood in the message.

        `get_payload` would decode 8-bit text by the declared charset, or undo the transfer
        encoding in the stdlib's way.
        """
        payload = self._payload  # type: ignore[attr-defined]  # typeshed hides it
        if not isinstance(payload, str):
            return b""
        return base64_lines.restored(payload.encode("ascii", "surrogateescape"), self.aside)


def parse(raw: bytes, limits: Limits, unsealed: Unsealed = _NOTHING_UNSEALED) -> Parsed:
    """Return what the message's wrapping says, within ``limits``; never raises.

    An opaquely signed part is no text: it is opened elsewhere (`intake.signed`). What is in
    ``unsealed`` stands for it; without that it is a file, and named in ``sealed``.

    When the structure is over a budget only the headers are read and ``defects`` says why.
    """
    try:
        return _Walk(limits, _NESTED_LEVELS, unsealed).parsed(_tree(raw, limits))
    except _TooMuch as limit:
        return _headers_only(raw, limits, str(limit))
    except RecursionError:
        return _headers_only(raw, limits, "too-deep")
    except Exception:  # noqa: BLE001  the stdlib raises many things on hostile mail; the daemon must go on
        return _headers_only(raw, limits, "unparsable")


def parse_header(raw: bytes, limits: Limits) -> Parsed:
    """Return what only the header says: nothing below it is looked at; never raises."""
    return _headers_only(raw, limits)


def _tree(raw: bytes, limits: Limits) -> Message:
    if raw.count(b"\n") + raw.count(b"\r") > _MAX_LINE_ENDS:
        raise _TooMuch("too-many-lines")
    short, aside = base64_lines.set_aside(raw)
    count = 0

    def new(**_policy: object) -> _Counted:
        nonlocal count
        count += 1
        if count > limits.mime_parts:
            raise _TooMuch("too-many-parts")
        message = _Counted(compat32)
        message.limits, message.aside = limits, aside
        return message

    return BytesParser(new).parsebytes(short)


def _headers_only(raw: bytes, limits: Limits, *defect: str) -> Parsed:
    try:
        tree = BytesHeaderParser(policy=compat32).parsebytes(raw[: limits.header_bytes])
        found = _from_headers(tree, limits)
    except Exception:  # noqa: BLE001  as in parse
        return Parsed(defects=defect)
    return replace(found, defects=(*found.defects, *defect))


# --- headers ---


def _from_headers(tree: Message, limits: Limits) -> Parsed:
    defects: list[str] = []
    headers = _header_map(tree, limits, defects)
    senders = header.addresses(list(headers.get("from", ())))
    if len(senders) != 1:
        defects.append("no-single-sender")
    ids = dict.fromkeys(
        found[0] if (found := header.message_ids(value)) and value.strip() == found[0] else ""
        for value in headers.get("message-id", ())
    )
    if len(ids) != 1 or "" in ids:
        defects.append("message-id")
    date = header.sent_at(headers["date"][0]) if "date" in headers else None
    if date is None:
        defects.append("date")
    subject = decode_words(headers.get("subject", ("",))[0])[0]
    related = [*headers.get("in-reply-to", ()), *headers.get("references", ())]
    return Parsed(
        sender=senders[0][0] if len(senders) == 1 else "",
        senders=tuple(address for address, _ in senders),
        sender_name=senders[0][1] if len(senders) == 1 else "",
        subject=subject[:500],
        rfc_message_id=next(iter(ids)) if len(ids) == 1 else "",
        references=tuple(
            dict.fromkeys(each for value in related for each in header.message_ids(value))
        ),
        date=date,
        content_type=tree.get_content_type(),
        headers=headers,
        received_count=len(headers.get("received", ())),
        defects=tuple(defects),
    )


def _header_map(tree: Message, limits: Limits, defects: list[str]) -> dict[str, tuple[str, ...]]:
    """Collect raw unfolded values within ``header_bytes``; what does not fit is cut or left out."""
    left = int(limits.header_bytes)
    found: dict[str, list[str]] = {}
    for name, value in tree.raw_items():
        text = re.sub(r"[\r\n]+[ \t]?", " ", str(value)[:left]).strip()
        if len(str(value)) > left:
            defects.append("header-bytes")
        left -= len(text) + len(name)
        found.setdefault(str(name).lower(), []).append(text)
        if left <= 0:
            break
    return {name: tuple(values) for name, values in found.items()}


# --- the tree ---


class _Walk:
    """Collects bodies, files and forwarded mails while going through a message once."""

    def __init__(self, limits: Limits, levels: int, unsealed: Unsealed) -> None:
        self._limits = limits
        self._levels = levels
        self._unsealed = unsealed
        self._sealed: list[bytes] = []
        self._plain: list[str] = []
        self._html: list[str] = []
        self._parts: list[tuple[Part, str]] = []
        self._nested: list[Parsed] = []
        self._deliveries: list[Delivery] = []
        self._about: list[str] = []
        self._defects: list[str] = []

    def parsed(self, tree: Message) -> Parsed:
        """Return all that a message says; a walk is for one message."""
        self.visit(tree)
        return self.result(_from_headers(tree, self._limits))

    def _inner(self, tree: Message) -> Parsed:
        return _Walk(self._limits, self._levels - 1, self._unsealed).parsed(tree)

    def visit(self, node: Message) -> None:
        """Sort one node and everything below it."""
        kind = node.get_content_type()
        # get_payload of a leaf would decode it by its declared charset, and fail on some.
        payload = node.get_payload() if node.is_multipart() else None
        if kind == "message/delivery-status" and isinstance(payload, list):
            self._deliveries += _deliveries(payload)
        elif node.get_content_maintype() == "message" and isinstance(payload, list):
            self._visit_message(node, payload)
        elif isinstance(payload, list):
            if kind == "multipart/encrypted":
                self._defects.append("encrypted")
                return  # its parts are a version number and ciphertext
            for child in payload:
                if isinstance(child, Message):
                    self.visit(child)
        else:
            self._visit_leaf(node, kind)

    def _visit_message(self, node: Message, payload: Sequence[object]) -> None:
        """Sort a mail inside the mail; a whole one is opened while levels are left."""
        inner = payload[0] if payload and isinstance(payload[0], Message) else None
        if inner is None:
            return
        if node.get_content_type() == "message/partial":
            self._defects.append("partial")  # RFC 2046: a piece of a mail, the others came apart
        elif node.get_content_type() not in _MAILS:
            self._about += _ids_of(inner)  # disposition-notification and the like
        elif self._levels > 0:
            self._nested.append(self._inner(inner))
        else:
            self._defects.append("nested-deeper")

    def _open_mail(self, data: bytes) -> None:
        if self._levels > 0:
            try:
                tree = _tree(data, self._limits)
            except _TooMuch as limit:
                self._defects.append(str(limit))
            else:
                self._nested.append(self._inner(tree))
        else:
            self._defects.append("nested-deeper")

    def _visit_leaf(self, node: Message, kind: str) -> None:
        raw = {str(name).lower(): str(value) for name, value in reversed(list(node.raw_items()))}
        disposition = raw.get("content-disposition", "").strip()
        parameters = header.parameters(raw.get("content-type", ""))
        given = (header.parameters(disposition).get("filename"), parameters.get("name"))
        names = [each for each in given if each is not None]
        data, defects = transfer.decode(_content(node), _encoding(node))
        if kind in _MAILS and _is_plain(_content(node), _encoding(node)):
            data, defects = _content(node), ()
        is_body = not names and not disposition.lower().startswith("attachment")
        if kind == "text/rfc822-headers":
            headers = BytesHeaderParser(policy=compat32).parsebytes(data[:64_000])
            self._about += _ids_of(headers)
        elif is_body and (kind in {"text/plain", "text/html"} or kind.startswith("multipart/")):
            charset = parameters.get("charset", (b"", ""))[0].decode("ascii", "replace")
            text, sure = decode_bytes(data[: body.HTML_CHARS], charset)
            self._defects += [*defects, *([] if sure else ["charset"])]
            (self._html if kind == "text/html" else self._plain).append(text)
        elif not kind.endswith("pkcs7-mime"):
            self._add_file(names, kind, data, defects, raw)
        elif data not in self._unsealed:
            self._sealed.append(data)
            if extension(names) != ".p7m":  # by this name it is known as what it is
                names = [(b"smime.p7m", "")]
            self._add_file(names, kind, data, defects, raw)
        elif (inside := self._unsealed[data]) is None:
            self._defects.append("encrypted")
        else:
            self.visit(_tree(inside, self._limits))

    def _add_file(
        self,
        names: list[tuple[bytes, str]],
        kind: str,
        data: bytes,
        defects: tuple[str, ...],
        raw: Mapping[str, str],
    ) -> None:
        suffix = extension(names) or _EXTENSIONS.get(kind, "")
        if (suffix == ".eml" or kind in _MAILS) and may_be_mail(data):
            self._open_mail(data)
            return
        # A neutral name is better than mojibake in a mail to the sender.
        name = file_name(names) or f"tệp {len(self._parts) + 1}{suffix}"
        inline = raw.get("content-disposition", "").strip().lower().startswith("inline")
        part = Part(name, kind, data, defects, inline)
        self._parts.append((part, raw.get("content-id", "").strip(" <>\r\n\t")))

    def result(self, found: Parsed) -> Parsed:
        """Return ``found`` (the headers) completed with everything that was collected."""
        source = "\n".join(self._html)[: body.HTML_CHARS]
        page = body.read_html(source)
        page_own, _ = body.split_quoted(page.text)
        plain = "\n".join(self._plain)
        if "begin " in plain:
            plain = self._take_uuencoded(plain)
        plain = body.tidy(plain)
        own, quoted = body.split_quoted(plain if plain.strip() else body.tidy(page.text))
        if "-----BEGIN PGP MESSAGE-----" in own:
            self._defects.append("encrypted")
        return replace(
            found,
            text=own,
            quoted=quoted,
            html=source,
            has_table=page_own.count(body.ROW_MARK) > 1,
            links=body.share_links([own], page.links),
            parts=tuple(
                replace(part, inline=part.inline or bool(cid and f"cid:{cid}" in source))
                for part, cid in self._parts
            ),
            nested=tuple(self._nested),
            deliveries=tuple(self._deliveries),
            about=tuple(dict.fromkeys(self._about)),
            sealed=tuple(self._sealed),
            defects=tuple(dict.fromkeys((*found.defects, *self._defects))),
        )

    def _take_uuencoded(self, text: str) -> str:
        """Turn ``begin 644 name … end`` blocks of the body into parts; return the rest."""
        rest: list[str] = []
        block: list[str] | None = None
        name = b""
        for line in text.splitlines():
            if block is None:
                match = transfer.UU_BEGIN.fullmatch(line)
                if match:
                    name, block = match[1].encode(), []
                else:
                    rest.append(line)
            elif line.strip() == "end":
                data, defects = transfer.uudecode(block)
                self._add_file([(name, "")], "application/octet-stream", data, defects, {})
                block = None
            else:
                block.append(line)
        return "\n".join(rest + (block or []))


def _is_plain(mail: bytes, encoding: str) -> bool:
    """Tell a mail within a mail of which only the header says that it is encoded."""
    plain = encoding == "base64" or _UNQUOTED.search(mail) is not None
    return encoding in _ENCODED and _FIELD.match(mail) is not None and plain


def _content(node: Message) -> bytes:
    return node.content() if isinstance(node, _Counted) else b""


def _encoding(node: Message) -> str:
    for name, value in node.raw_items():
        if str(name).lower() == "content-transfer-encoding":
            return str(value).strip().split(";")[0].strip().lower()
    return ""


# --- reports ---


def _deliveries(blocks: Sequence[object]) -> list[Delivery]:
    """Read the recipient blocks of a delivery status (RFC 3464)."""
    found = []
    for block in blocks:
        if not isinstance(block, Message):
            continue
        values = {
            str(name).lower(): " ".join(str(value).split()) for name, value in block.raw_items()
        }
        recipient = values.get("original-recipient") or values.get("final-recipient", "")
        address = recipient.partition(";")[2].strip().strip("<>").lower()
        if address or "action" in values:
            found.append(
                Delivery(address, values.get("action", "").lower(), values.get("status", ""))
            )
    return found


def _ids_of(node: Message) -> list[str]:
    """Return the Message-IDs by which a report names the mail that it is about."""
    wanted = {"message-id", "original-message-id"}
    values = [str(value) for name, value in node.raw_items() if str(name).lower() in wanted]
    if not values:
        text = _content(node)[:64_000].decode("latin-1")
        values = re.findall(r"(?im)^(?:original-)?message-id:([^\r\n]*)", text)
    return [each for value in values for each in header.message_ids(value)]
