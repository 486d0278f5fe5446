"""What a killed run may differ in from the uninterrupted one, each with its reason."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

from crash.state import Row, State
from intake.demo_scenario import ZONE
from notifier.wording import moment

#: Columns of a mail that was handed over twice: the outcome of the first time stayed open, so it
#: left again a quarter of an hour later (FAULTS §1 rule 4), and its first time counts against its
#: recipient's cap (``doubted_at``). Only of that mail, and only once more.
AGAIN = ("attempts", "handed_at", "sent_at", "appended_at", "doubted_at")
#: Events that a cut-off attempt, to read or to send, adds to the journal.
ADDED = frozenset({"attempt", "handed", "mail-unknown"})


@dataclass(frozen=True)
class Verdict:
    """How a killed run ended: differences in words (none: equal), and second copies of mails."""

    differences: tuple[str, ...]
    duplicates: int


def compare(wanted: State, got: State, vaults: tuple[Path, Path]) -> Verdict:
    """Hold a killed run against the uninterrupted one. ``vaults`` are theirs, in this order."""
    again = _again(wanted, got)
    told = _told(wanted, got, vaults, again)
    once = Counter(dict.fromkeys(_copies(got), 1))  # a mail that only this run made is no copy
    duplicates = _copies(got) - (_copies(wanted) | once)
    found = [
        *([f"the journal's chain breaks at {got.chain}"] if got.chain is not None else []),
        *([f"the journal's copy: {got.copied}"] if got.copied != "equal" else []),
        *_rows(wanted, got, again, told),
        *_events(wanted, got, told),
        *_files(wanted, got, told),
        *_folders(wanted, got, again),
        *_taken(wanted, got, told),
    ]
    return Verdict(tuple(found), duplicates.total())


def _copies(state: State) -> Counter[tuple[str, str]]:
    return Counter((one, to) for (one, to, _), times in state.taken.items() for _ in range(times))


# --- the mail that left again ---------------------------------------------------------------------


def _again(wanted: State, got: State) -> frozenset[int]:
    """The ids of mails that were handed over once more than in the uninterrupted run."""
    tries = {row["id"]: row["attempts"] for row in wanted.tables["mails"]}
    return frozenset(
        row["id"]
        for row in got.tables["mails"]
        if row["attempts"] == tries.get(row["id"], 0) + 1 and row["id"] in tries
    )


# --- what tells the moment of its second time ----------------------------------------------------


@dataclass(frozen=True)
class Told:
    """Reports and notices of silence tell communes' mails as evidence, with the moment of each.

    ``names`` stand for the hashes of files of reports that differ in such a moment only;
    ``moments`` are those as people read them, and what they would be without the kill; ``same``
    are the hashes of mails that both runs made.
    """

    names: Mapping[str, str]
    moments: Mapping[str, str]
    same: frozenset[str]

    def mail(self, raw: bytes) -> str:
        """Name a mail: by its hash, or by all that is in it but for those moments and files."""
        sha256 = _hash(raw)
        if sha256 in self.same or not self.moments:
            return sha256
        told = []
        for part in message_from_bytes(raw).walk():
            content = part.get_payload(decode=True)
            content = content if isinstance(content, bytes) else b""
            words = content.decode("utf-8") if part.get_content_maintype() == "text" else ""
            for second, first in self.moments.items():
                words = words.replace(second, first)
            file = _hash(content)
            told.append([sorted(map(str, part.items())), words or self.names.get(file, file)])
        return json.dumps(told)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _told(wanted: State, got: State, vaults: tuple[Path, Path], again: frozenset[int]) -> Told:
    mails = [{row["id"]: row for row in side.tables["mails"]} for side in (wanted, got)]
    moved = {mails[1][number]["recipient"] for number in again}
    moments = {
        moment(mails[1][number]["sent_at"], ZONE): moment(mails[0][number]["sent_at"], ZONE)
        for number in again
        if mails[0][number]["sent_at"] and mails[1][number]["sent_at"]
    }
    same = _raws(wanted) & _raws(got)
    return Told(dict(_reports(wanted, got, vaults, moved)), moments, frozenset(same))


def _raws(state: State) -> set[str]:
    return {row["sha256"] for row in state.tables["bodies"]} | {
        _hash(raw) for _, _, raw in state.taken
    }


def _reports(
    wanted: State, got: State, vaults: tuple[Path, Path], moved: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Name the files of reports by their inputs without the moments of mails that left again."""
    pairs = zip(wanted.tables["reports"], got.tables["reports"], strict=False)
    for row in (row for pair in pairs if pair[0] != pair[1] for row in pair):
        inputs = next(filter(None, (_inputs(one, row["inputs_sha256"], moved) for one in vaults)))
        digest = _hash(inputs.encode())
        yield row["inputs_sha256"], f"inputs of report {row['number']} {digest}"
        for file in row["files"]:
            yield file["sha256"], f"{file['name']} of {digest}"


def _inputs(vault: Path, sha256: str, moved: Iterable[str]) -> str | None:
    path = vault / sha256[:2] / sha256
    if not path.is_file():
        return None
    inputs = json.loads(path.read_bytes())
    for commune in inputs["communes"]:
        for mail in commune["mails"]:
            mail["at"] = "" if mail["recipient"] in moved else mail["at"]
        commune["mails"].sort(key=lambda mail: (mail["kind"], mail["recipient"]))
    return json.dumps(inputs, sort_keys=True)


# --- one by one -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Allowed:
    """Rows without what may differ. ``cut_off`` are messages with one attempt more to read them."""

    again: frozenset[int]
    cut_off: frozenset[int]
    bodies: Mapping[str, bytes]
    told: Told

    def messages(self, row: dict[str, Any]) -> None:
        if row["id"] in self.cut_off:
            del row["tries"]  # an attempt is counted before it is made (FAULTS 96)

    def mails(self, row: dict[str, Any]) -> None:
        row["body_sha256"] = self.told.mail(self.bodies[row["body_sha256"]])
        for column in AGAIN if row["id"] in self.again else ():
            del row[column]

    def reports(self, row: dict[str, Any]) -> None:
        names = self.told.names
        row["inputs_sha256"] = names.get(row["inputs_sha256"], row["inputs_sha256"])
        row["files"] = [
            [file["name"], names.get(file["sha256"], file["sha256"])] for file in row["files"]
        ]

    def rows(self, state: State, name: str) -> list[Row]:
        """Return the rows of a table, all else as it is."""
        rows = [dict(row) for row in state.tables[name]]
        without = {"messages": self.messages, "mails": self.mails, "reports": self.reports}
        for row in rows if name in without else ():
            without[name](row)
        return list(rows)


def _rows(wanted: State, got: State, again: frozenset[int], told: Told) -> Iterator[str]:
    both = zip(got.tables["messages"], wanted.tables["messages"], strict=False)
    cut_off = frozenset(row["id"] for row, other in both if row["tries"] == other["tries"] + 1)
    bodies = {row["sha256"]: row["raw"] for side in (wanted, got) for row in side.tables["bodies"]}
    allowed = _Allowed(again, cut_off, bodies, told)
    for name in sorted(wanted.tables.keys() - {"bodies"}):
        mine, theirs = allowed.rows(wanted, name), allowed.rows(got, name)
        if len(mine) != len(theirs):
            yield f"{name}: {len(theirs)} rows instead of {len(mine)}"
        for one, other in zip(mine, theirs, strict=False):
            yield from _columns(name, one, other)


def _columns(name: str, wanted: Row, got: Row) -> Iterator[str]:
    for column in sorted(wanted.keys() | got.keys()):
        one, other = wanted.get(column), got.get(column)
        if one != other:
            yield f"{name} {wanted.get('id', '')} {column}: {other!r:.200} instead of {one!r:.200}"


def _events(wanted: State, got: State, told: Told) -> Iterator[str]:
    def plain(state: State) -> Counter[tuple[str, str, str]]:
        mails = {row["id"]: f"{row['key']} to {row['recipient']}" for row in state.tables["mails"]}

        def plain_data(kind: str, data: str) -> str:
            if kind == "refusals-told":  # by number; one more mail before shifts the numbers
                data = json.dumps([mails[number] for number in json.loads(data)["mails"]])
            for sha256, name in told.names.items():
                data = data.replace(sha256, name)
            return data

        return Counter(
            (kind, subject, plain_data(kind, data)) for kind, subject, data in state.journal
        )

    mine, theirs = plain(wanted), plain(got)
    yield from (f"not in the journal: {event}" for event in mine - theirs)
    yield from (f"more in the journal: {event}" for event in theirs - mine if event[0] not in ADDED)


def _files(wanted: State, got: State, told: Told) -> Iterator[str]:
    def plain(state: State) -> set[str]:
        def place(path: str, sha256: str) -> str:
            return told.names.get(sha256, f"{path} {sha256}")

        return {place(path, sha256) for path, sha256 in state.files.items()}

    mine, theirs = plain(wanted), plain(got)
    yield from (f"no such file: {one}" for one in sorted(mine - theirs))
    yield from (f"one file more: {one}" for one in sorted(theirs - mine))


def _folders(wanted: State, got: State, again: frozenset[int]) -> Iterator[str]:
    if wanted.folders == got.folders:
        return
    for folder in sorted(wanted.folders.keys() | got.folders.keys()):
        mine = wanted.folders.get(folder, Counter())
        theirs = got.folders.get(folder, Counter())
        if again and folder == ".Sent":  # copies of the mails that `_taken` compares
            mine, theirs = Counter({("", "S"): mine.total()}), Counter({("", "S"): theirs.total()})
        yield from (f"not in {folder}: {one}" for one in (mine - theirs).elements())
        yield from (f"more in {folder}: {one}" for one in (theirs - mine).elements())


def _taken(wanted: State, got: State, told: Told) -> Iterator[str]:
    """No mail is missing, none is new, and a second copy has the bytes of the first."""

    def plain(state: State) -> set[tuple[str, str, str]]:
        return {(one, to, told.mail(raw)) for one, to, raw in state.taken}

    mine, theirs = plain(wanted), plain(got)
    yield from (f"never sent: {one[:2]}" for one in sorted(mine - theirs))
    yield from (f"sent, and should not be: {one[:2]}" for one in sorted(theirs - mine))
