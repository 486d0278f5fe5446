"""Export a campaign as a dossier for the archive: originals, registry, journal, manifest.

What is written can be read without this program: mails as ``.eml``, documents as they came, JSON
and a workbook, and `sha256sum -c SHA256SUMS` checks all of it. The folder gets its name when it is
whole. Nothing is taken out of the registry or the vault.
"""

import datetime as dt
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from config.model import Campaign, Config
from intake.export_sheets import registry_workbook
from intake.export_view import Material, View, event_view, registry_view
from intake.export_words import readme
from intake.opening import jail_limits
from intake.parsed import Part
from intake.signed import Open, read_mail
from parsers.jail import Jail, JailBrokenError
from parsers.vietnamese import unmarked
from registry.errors import NotPossible
from registry.model import Message
from registry.store import Store
from registry.vault import Vault, VaultDamaged

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 60
NOBODY = "khong ro don vi"
#: Nobody who opens the dossier shall open what the scanner knows, or has not passed.
_UNOPENED = frozenset({"infected", "unchecked"})


@dataclass
class _Dossier:
    """The folder being written: what stands in it, what was left out, what could not be had."""

    folder: Path
    redact: bool
    files: list[View] = field(default_factory=list)
    left_out: list[View] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, path: str, data: bytes, kind: str) -> None:
        """Write a file that holds no personal data, or anything when persons may be in it."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.touch(mode=0o600)
        target.write_bytes(data)
        entry = {"path": path, **_entry(data, kind)}
        self.files.append(entry)

    def add_original(self, path: str, data: bytes, kind: str) -> None:
        """Write what people sent or were sent; without persons only its hash is kept."""
        if self.redact:
            self.left_out.append(_entry(data, kind))
        else:
            self.add(path, data, kind)

    def leave_out(self, message: Message) -> None:
        """Name a message that must not be opened by its hash, and say why it is not here."""
        entry = {"sha256": message.sha256, "size_bytes": message.size_bytes, "kind": "message"}
        why = "" if self.redact else f": {message.reason}"
        self.left_out.append({**entry, "why": f"{message.verdict}{why}"})


@dataclass(frozen=True, slots=True)
class Exported:
    """The dossier's folder and how many files are in it; ``problems`` is what is missing."""

    folder: Path
    files: int
    problems: tuple[str, ...]


def export(
    config: Config,
    store: Store,
    vault: Vault,
    campaign: Campaign,
    out: Path,
    now: dt.datetime,
    *,
    redact: bool = False,
) -> Exported:
    """Write the dossier of a campaign into ``out``, which is made or must be empty.

    Raises:
        NotPossible: ``out`` holds something.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise NotPossible(f"{out} is not empty: name a new folder for the dossier")
    part = out.resolve().with_name(f".{out.resolve().name}.part")
    shutil.rmtree(part, ignore_errors=True)  # half of an export that was killed
    part.mkdir(parents=True, mode=0o700)
    dossier = _Dossier(part, redact)
    material = _material(config, store, campaign)
    with Jail(jail_limits(config)) as jail:  # nothing starts before a signed mail is met
        for message in material.messages:
            _write_message(dossier, config, vault, material, message, jail.open)
    _write_mails(dossier, store, material)
    _write_reports(dossier, vault, material)
    _write_registry(dossier, material, now)
    _write_lists(dossier, campaign, now)
    part.rename(out)
    return Exported(out, len(dossier.files), tuple(dossier.problems))


def _material(config: Config, store: Store, campaign: Campaign) -> Material:
    messages = sorted(
        (*store.messages(campaign=campaign.id), *_of_no_campaign(store, campaign)),
        key=lambda one: (one.received_at, one.id),
    )
    ids = {one.id for one in messages}
    mails = {one.id: one for one in store.mails(campaign=campaign.id)}
    for number in ids:
        mails |= {one.id: one for one in store.mails(message_id=number)}
    subjects = {f"campaign {campaign.id}"}
    subjects |= {f"message {number}" for number in ids} | {f"mail {number}" for number in mails}
    return Material(
        campaign=campaign,
        members=config.members(campaign),
        state=store.campaign_state(campaign.id),
        messages=tuple(messages),
        documents={number: store.documents(number) for number in ids},
        submissions=tuple(store.submissions(campaign.id)),
        mails=tuple(mails[number] for number in sorted(mails)),
        reports=tuple(store.reports(campaign.id)),
        events=tuple(store.events_about(subjects)),
    )


def _of_no_campaign(store: Store, campaign: Campaign) -> Iterator[Message]:
    """What arrived while the campaign ran and was told to belong to none: it may be about it."""
    for one in store.messages():
        if one.campaign is None and campaign.open_at(one.received_at) and one.verdict != "own":
            yield one


# --- originals ---


def _write_message(
    dossier: _Dossier,
    config: Config,
    vault: Vault,
    material: Material,
    message: Message,
    open_: Open,
) -> None:
    zone = config.settings.office.zone
    day = message.received_at.astimezone(zone).strftime("%Y-%m-%d")
    name = f"{message.id:05d} {day} {message.verdict or message.state}"
    place = f"{_home(material, message)}/thu den/{name}"
    if message.verdict in _UNOPENED and message.sha256:
        dossier.leave_out(message)
        return
    raw = _bytes(dossier, vault, message.sha256, f"message {message.id}")
    if raw is None:
        return
    dossier.add_original(f"{place}/thu goc.eml", raw, "message")
    try:
        parts = _parts(raw, config, open_)
    except JailBrokenError as error:
        dossier.problems.append(f"message {message.id}: its signed part cannot be opened: {error}")
        return
    for ordinal, part in enumerate(parts, start=1):
        path = f"{place}/{ordinal:02d} {safe_name(part.name)}"
        dossier.add_original(path, part.data, "document")


def _parts(raw: bytes, config: Config, open_: Open) -> list[Part]:
    """Return the files of a mail and of those forwarded in it; archives stay packed."""
    parsed = read_mail(raw, config.settings.limits, open_)
    return [part for one in (parsed, *parsed.nested) for part in one.parts if part.data]


def _home(material: Material, message: Message) -> str:
    return _commune_folder(material, message.commune[0] if message.commune else None)


def _commune_folder(material: Material, code: str | None) -> str:
    title = next((one.name for one in material.members if one.code == code), "")
    return f"don vi/{safe_name(f'{code} {title}'.strip())}" if code else NOBODY


def _write_mails(dossier: _Dossier, store: Store, material: Material) -> None:
    """Receipts, calls, reminders, notices: each mail once, however many recipients it had."""
    written: set[str] = set()
    for mail in material.mails:
        if mail.key in written or mail.kind in {"alert", "digest"}:
            continue
        written.add(mail.key)
        place = _commune_folder(material, mail.commune[0] if mail.commune else None)
        path = f"{place}/thu di/{mail.id:05d} {mail.kind}.eml"
        dossier.add_original(path, store.mail_raw(mail.id), "mail")


def _write_reports(dossier: _Dossier, vault: Vault, material: Material) -> None:
    for report in material.reports:
        place = f"bao cao/{report.number:02d}"
        named = [(file.name, file.sha256) for file in report.all_files]
        named += [("dau vao.json", report.inputs_sha256)] if report.inputs_sha256 else []
        for name, sha256 in named:
            data = _bytes(dossier, vault, sha256, f"report {report.number}")
            if data is not None:
                dossier.add_original(f"{place}/{safe_name(name)}", data, "report")


def _bytes(dossier: _Dossier, vault: Vault, sha256: str, whose: str) -> bytes | None:
    """Return a file of the vault; what is gone is said, and the rest is exported all the same."""
    if not sha256:
        return None  # never fetched
    try:
        return vault.get(sha256)
    except (KeyError, VaultDamaged, OSError) as error:
        dossier.problems.append(f"{whose}: its bytes cannot be had: {error}")
        return None


# --- what the registry says ---


def _write_registry(dossier: _Dossier, material: Material, now: dt.datetime) -> None:
    view = registry_view(material, redact=dossier.redact)
    events = [event_view(one, redact=dossier.redact) for one in material.events]
    dossier.add("registry.json", _json(view), "registry")
    dossier.add("registry.xlsx", registry_workbook(view, now), "registry")
    dossier.add("journal.json", _json(events), "journal")


def _write_lists(dossier: _Dossier, campaign: Campaign, now: dt.datetime) -> None:
    """README, manifest and the sums of all files, the sums last."""
    dossier.add("README.txt", readme(campaign, redact=dossier.redact).encode(), "readme")
    manifest = {
        "campaign": campaign.id,
        "made_at": now.astimezone(dt.UTC).isoformat(),
        "redacted": dossier.redact,
        "files": dossier.files,
        "left_out": dossier.left_out,
        "missing": len(dossier.problems),
    }
    dossier.add("manifest.json", _json(manifest), "manifest")
    sums = "".join(f"{one['sha256']}  {one['path']}\n" for one in dossier.files)
    target = dossier.folder / "SHA256SUMS"
    target.write_text(sums, encoding="ascii")
    descriptor = os.open(target, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _entry(data: bytes, kind: str) -> View:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data), "kind": kind}


def _json(view: object) -> bytes:
    text = json.dumps(view, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "backslashreplace")


def safe_name(name: str) -> str:
    """Return a name that every file system and archive takes: ASCII letters, short, no path."""
    words = (_UNSAFE.sub("-", word).strip("-.") for word in unmarked(name).split())
    tidy = " ".join(word for word in words if word) or "tep"
    if len(tidy) <= _LONGEST:
        return tidy
    stem, dot, ending = tidy.rpartition(".")
    short = dot and len(ending) <= 8  # noqa: PLR2004  longer ones are no type of file
    return f"{stem[:50].rstrip()}.{ending}" if short else tidy[:_LONGEST].rstrip()
