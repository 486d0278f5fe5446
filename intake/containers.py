"""Files that hold files: archives, saved and forwarded mails, winmail.dat → a tree of documents.

Archives, Outlook's mails and envelopes, and what is signed are opened by whoever is passed as
``Open`` (the jail); mails in the internet's own format are read like every mail that arrives. One
budget of depth, members and bytes holds for the whole message.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from config.model import Limits
from intake import outlook
from intake.parsed import Parsed, Part
from intake.signed import Open, read_mail
from parsers.container import LeftOutCode, Room, may_hold_files, refused, wrapping
from parsers.reading import Refusal, RefusalCode
from parsers.sniff import is_mail, may_be_mail

__all__ = ["Node", "Note", "Open", "Opening"]

NoteCode = LeftOutCode | RefusalCode | Literal["picture"]


@dataclass(frozen=True, slots=True)
class Note:
    """Why a file is not among the documents. ``message`` is Vietnamese, for the sender.

    ``sha256`` and ``size_bytes`` are those of the file where it was seen as a whole.
    """

    code: NoteCode
    name: str
    message: str = ""
    kind: str = "unknown"
    sha256: str = ""
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """One file. ``kind`` is empty for a document, else what holds the ``children``.

    ``mails`` are the words of the mail that it is, with those forwarded inside it; ``notes`` say
    what was left out of it, or why it could not be opened at all (then ``refusal``).
    """

    part: Part
    kind: str = ""
    children: tuple["Node", ...] = ()
    mails: tuple[Parsed, ...] = ()
    notes: tuple[Note, ...] = ()
    refusal: Refusal | None = None

    def walk(self) -> Iterator["Node"]:
        """Yield this node and all below it, in the order of the files."""
        yield self
        for child in self.children:
            yield from child.walk()


class Opening:
    """The budget of one message while its files are opened."""

    def __init__(self, open_: Open, limits: Limits) -> None:
        self._open = open_
        self._limits = limits
        self._members = limits.archive_members
        self._bytes = int(limits.archive_bytes)
        self._opened: set[str] = set()

    def node(self, part: Part, depth: int = 0) -> Node:
        """Return a file with all that stands inside; the same archive once more is only named."""
        name = part.name.casefold()
        if wrapping(part.data, part.name):
            return self._wrapped(part, depth)
        if is_mail(part.data) or (name.endswith(".eml") and may_be_mail(part.data)):
            return self._mail(part, depth)
        if may_hold_files(part.data):
            return self._packed(part, depth)
        return Node(part)

    def _packed(self, part: Part, depth: int) -> Node:
        sha256 = hashlib.sha256(part.data).hexdigest()
        if sha256 in self._opened:
            return Node(part, "archive", notes=(Note("same-file", part.name),))
        deep = depth >= self._limits.archive_depth
        room = Room(
            0 if deep else self._members,
            min(int(self._limits.document_bytes), self._bytes),
            0 if deep else self._bytes,
            self._limits.archive_ratio,
        )
        opened = self._open(part.data, part.name, room)
        if opened is None:
            return Node(part)
        self._opened.add(sha256)
        if isinstance(opened, Refusal):
            return _refused(part, _too_deep(opened, depth) if deep else opened)
        inside = [
            replace(
                part,
                name=f"{part.name}/{member.name}",
                content_type="image/*" if member.inline else "application/octet-stream",
                data=member.data,
                inline=member.inline,
            )
            for member in opened.members
        ]
        self._members -= len(opened.members) + len(opened.left_out)
        self._bytes -= sum(len(one.data) for one in inside)
        notes = (Note(one.code, f"{part.name}/{one.name}", one.message) for one in opened.left_out)
        mails = () if opened.cover is None else (outlook.parsed(opened.cover),)
        return self._node(part, opened.kind, inside, depth, mails, tuple(notes))

    def _node(
        self,
        part: Part,
        kind: str,
        inside: list[Part],
        depth: int,
        mails: tuple[Parsed, ...] = (),
        notes: tuple[Note, ...] = (),
    ) -> Node:
        children = tuple(self.node(each, depth + 1) for each in inside)
        return Node(part, kind, children, mails, notes)

    def _wrapped(self, part: Part, depth: int) -> Node:
        """Open winmail.dat or a signature's envelope: what is inside keeps its own name.

        It is never larger than what holds it, so only the files of a winmail.dat are counted.
        """
        deep = depth >= self._limits.archive_depth
        counted = wrapping(part.data, part.name) == "tnef"
        size = len(part.data)
        most = self._members if counted else 1
        opened = self._open(part.data, part.name, Room(0 if deep else most, size, size))
        if opened is None:
            return Node(part)  # nothing in it, or damaged: reading it says that it is no document
        if isinstance(opened, Refusal):
            return _refused(part, _too_deep(opened, depth) if deep else opened)
        self._members -= len(opened.members) if counted else 0
        kind = "application/octet-stream"
        inside = [
            replace(part, name=one.name, content_type=kind, data=one.data, inline=False)
            for one in opened.members
        ]
        return self._node(part, opened.kind, inside, depth)

    def _mail(self, part: Part, depth: int) -> Node:
        if depth >= self._limits.archive_depth:
            return _refused(part, refused("too-deep", f"inside {depth} others", "eml"))
        parsed = read_mail(part.data, self._limits, self._open)
        if parsed.fatal or not parsed.headers:
            detail = ", ".join(parsed.defects)
            return _refused(part, refused("damaged", detail, "eml"))
        mails = (parsed, *parsed.nested)
        inside = [
            replace(each, name=f"{part.name}/{each.name}") for mail in mails for each in mail.parts
        ]
        return self._node(part, "eml", inside, depth, mails)


def _too_deep(refusal: Refusal, depth: int) -> Refusal:
    """Say of what got no room at all, for it stands too deep, that this is why."""
    if refusal.code != "too-large":
        return refusal
    return refused("too-deep", f"inside {depth} others", refusal.kind)


def _refused(part: Part, refusal: Refusal) -> Node:
    kind = "archive" if refusal.kind == "unknown" else refusal.kind
    note = Note(
        refusal.code,
        part.name,
        refusal.message,
        kind,
        hashlib.sha256(part.data).hexdigest(),
        len(part.data),
    )
    return Node(part, kind, notes=(note,), refusal=refusal)
