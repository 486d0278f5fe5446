"""`intake reread`: what would earlier messages be read as, now that the form knows more captions?

Shown first, on a copy of the registry: nothing is changed and nothing sent. To apply it, the
captions go into the campaign's file, and the messages that get better are sent back to be
understood by the daemon, as any others. An answer whose wording stays the same is not sent again.
"""

import datetime as dt
import shutil
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from config.files import files_of
from config.model import Campaign, Config
from config.settings import campaign_names, load
from intake.desk import Desk, reading_desk
from intake.opening import holder_of
from intake.proposals import read_answers, with_aliases, write_proposals
from intake.told import told_by
from intake.understand import understand_again
from parsers.columns import captions_of
from registry.errors import NotPossible
from registry.model import CommuneKey, Message, Submission
from registry.store import Store, open_store
from registry.vault import Overlay, Vault

#: How long a running daemon may take to notice an edited file.
_TAKEN_OVER_SECONDS = 60.0
View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says: verdict, state, findings, and the values of its points."""

    verdict: str
    state: str
    errors: int
    warnings: int = 0
    points: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One message that would be read otherwise. ``applies``: it is sent back with ``--apply``."""

    message_id: int
    commune: CommuneKey | None
    before: Said
    after: Said
    applies: bool

    def values(self) -> Iterator[tuple[int, str, str, str]]:
        """Yield (point from 1, field, value before, value after) of each value that differs."""
        for at in range(max(len(self.before.points), len(self.after.points))):
            old = self.before.points[at] if at < len(self.before.points) else {}
            new = self.after.points[at] if at < len(self.after.points) else {}
            for name in dict.fromkeys((*old, *new)):
                if old.get(name, "") != new.get(name, ""):
                    yield at + 1, name, old.get(name, ""), new.get(name, "")


@dataclass(frozen=True, slots=True)
class Preview:
    """The captions that the admin accepted, the campaign's file with them, what would change."""

    campaign: Campaign
    answers: Mapping[str, str]
    file: Path
    text: str
    looked_at: int
    changes: tuple[Change, ...]

    @property
    def is_edited(self) -> bool:
        """Whether the campaign's file lacks any of the captions yet."""
        return self.file.read_text("utf-8") != self.text


# --- looking ------------------------------------------------------------------------------------


def preview(
    config: Config, campaign: Campaign, store: Store, vault: Vault, now: dt.datetime
) -> Preview:
    """Return what would change with the captions that the admin accepted.

    Those are the answers in the file of proposals, and what the campaign's file already has.

    Raises:
        ConfigProblems: an answer, or the campaign's file with the answers, is not sound.
        RegistryProblem: the registry is on a server and cannot be copied.
        JailBrokenError: no document can be read here.
    """
    answers = read_answers(config, campaign)
    file = _file_of(config, campaign)
    text = with_aliases(file.read_text("utf-8"), answers) if answers else file.read_text("utf-8")
    with tempfile.TemporaryDirectory(prefix="intake-reread-") as passing:
        room = Path(passing)
        wiser = _config_with(config, file, text, room / "config")
        concerned = _concerned(store, wiser.campaign(campaign.id))
        store.copy_to(room / "registry.db")
        with (
            open_store("sqlite:///registry.db", room, durable=False) as copy,
            reading_desk(wiser, copy, Overlay(room / "vault", vault), lambda: now) as (desk, _),
        ):
            found = [_again(desk, message) for message in concerned]
    changes = tuple(one for one in found if one.before != one.after)
    return Preview(campaign, answers, file, text, len(concerned), changes)


def _file_of(config: Config, campaign: Campaign) -> Path:
    """Return the file in which a campaign is written, whatever it is called."""
    for name in campaign_names(config.folder):
        path = config.folder / name
        if tomllib.loads(path.read_text("utf-8-sig")).get("id") == campaign.id:
            return path
    raise NotPossible(f"no file below {config.folder} is that of {campaign.id}")


def _config_with(config: Config, file: Path, text: str, room: Path) -> Config:
    """Return the config as it would be with another text of one file."""
    for name, data in files_of(config).items():
        path = room / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (room / file.relative_to(config.folder)).write_text(text, "utf-8")
    return replace(config, campaigns=load(room, env={}).campaigns)


def _concerned(store: Store, campaign: Campaign) -> list[Message]:
    """Return the messages with a caption that the form knows by now, and which still count."""
    known = captions_of(campaign.form)
    ids = dict.fromkeys(
        one.message_id
        for one in store.unknown_columns(campaign.id)
        if known.exact(one.column.caption) is not None
    )
    messages = (store.message(one) for one in ids)
    return [one for one in messages if one.sha256 and _counts(store, one)]


def _counts(store: Store, message: Message) -> bool:
    """Whether a message brought the current version, or none although it may have meant to."""
    return message.submission_id is None or store.submission(message.submission_id).current


def _again(desk: Desk, message: Message) -> Change:
    """Read a message again, on the copy."""
    store, now = desk.store, desk.clock()
    before = _said(message, _submission(store, message))
    store.reread(message.id, "preview", now)
    store.begin_attempt(message.id, now)
    told = told_by(message.verdict or "", message.reason)
    outcome = understand_again(replace(desk, told=told), store.message(message.id), now)
    after = store.record(message.id, outcome, now)
    said = _said(after, _submission(store, after))
    worse = after.state == "held" and message.state != "held"
    return Change(message.id, after.commune, before, said, applies=said != before and not worse)


def _submission(store: Store, message: Message) -> Submission | None:
    return None if message.submission_id is None else store.submission(message.submission_id)


def _said(message: Message, submission: Submission | None) -> Said:
    if submission is None:
        return Said(message.verdict or "", message.state, 0)
    points = tuple(dict(point.row.values) for point in submission.points)
    # "submission" or "correction" only says whether another version was there before.
    warnings = sum(one.severity == "warning" for one in submission.findings)
    return Said("submission", submission.state, submission.errors, warnings, points)


def view_of(found: Preview, config: Config) -> View:
    """Return a preview as plain data."""
    names = {one.key: one.title for one in config.communes}
    return {
        "campaign": found.campaign.id,
        "accepted": [{"caption": one, "field": key} for one, key in found.answers.items()],
        "looked_at": found.looked_at,
        "changes": [
            {
                "message": one.message_id,
                "commune": names.get(one.commune) if one.commune else None,
                "applies": one.applies,
                "before": _told(one.before),
                "after": _told(one.after),
                "values": [
                    {"point": point, "field": name, "before": old, "after": new}
                    for point, name, old, new in one.values()
                ],
            }
            for one in found.changes
        ],
    }


def _told(said: Said) -> View:
    return {
        "verdict": said.verdict,
        "state": said.state,
        "points": len(said.points),
        "errors": said.errors,
        "warnings": said.warnings,
    }


# --- applying -----------------------------------------------------------------------------------


def apply(
    config: Config,
    found: Preview,
    store: Store,
    by: str,
    now: Callable[[], dt.datetime],
    sleep: Callable[[float], None] = time.sleep,
) -> list[int]:
    """Write the captions into the campaign's file, and send back what gets better by them.

    The file as it was lies beside it (``….toml.before``). A running daemon is waited for until it
    has taken the edit over: else it would read everything as before.

    Raises:
        NotPossible: the daemon did not take the edit over; nothing was sent back.
        OSError: the file cannot be written.
    """
    if found.is_edited:
        _replace(found.file, found.text)
    _wait_for_daemon(config, found, store, sleep)
    sent_back = []
    for one in found.changes:
        if one.applies:
            try:
                store.reread(one.message_id, by, now())
            except NotPossible:  # a person or the daemon was faster
                continue
            sent_back.append(one.message_id)
    wiser = load(config.folder, env={}).campaign(found.campaign.id)
    write_proposals(config, wiser, store.unknown_columns(wiser.id))
    return sent_back


def _replace(file: Path, text: str) -> None:
    shutil.copy2(file, file.with_name(f"{file.name}.before"))
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_text(text, "utf-8")
    shutil.copymode(file, fresh)
    fresh.replace(file)


def _wait_for_daemon(
    config: Config, found: Preview, store: Store, sleep: Callable[[float], None]
) -> None:
    name = str(found.file.relative_to(config.folder))
    wanted = sha256(found.file.read_bytes()).hexdigest()
    waited = 0.0
    while holder_of(config, store) is not None:
        if _in_use(store, name) == wanted:
            return
        if waited >= _TAKEN_OVER_SECONDS:
            raise NotPossible(
                f"the captions stand in {name}, but the running daemon has not taken the edit "
                "over within a minute: see its log (config_refused), then repeat this"
            )
        sleep(1.0)
        waited += 1.0


def _in_use(store: Store, name: str) -> str:
    """Return the hash of a config file as the daemon last noted it."""
    events: Sequence[Any] = store.journal(1, subject="config")
    return str(events[0].data["files"].get(name, "")) if events else ""
