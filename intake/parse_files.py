"""`intake parse`: what the parsers understand of files on disk, in the JSON shape of DESIGN §7."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from config.model import Campaign, Commune, Config
from intake.containers import Node, Opening
from intake.matching import named_communes
from intake.message import Part
from intake.opening import open_jail
from intake.unpack import is_document
from intake.views import finding
from parsers.jail import Jail
from parsers.letter import nil_statement
from parsers.reading import Finding, Reading, Refusal, Role

View = dict[str, Any]

_MAILS = frozenset({"eml", "msg", "tnef", "p7m"})


def parse_files(
    config: Config,
    campaign: Campaign,
    paths: Sequence[Path],
    done: Callable[[], object] = lambda: None,
) -> list[View]:
    """Read each file in the jail; of archives and mails the files inside are the children.

    ``done`` is called after each file.
    """
    with open_jail(config) as jail:
        views = []
        for path in paths:
            views.append(_file(config, campaign, jail, path.name, path.read_bytes()))
            done()
        return views


def clean(view: View) -> bool:
    """Whether a form was read without errors, in the file itself or in one of its children."""
    wrong = any(one["severity"] == "error" for one in view["findings"])
    return (view["role"] == "form" and not wrong) or any(map(clean, view["children"]))


def _file(config: Config, campaign: Campaign, jail: Jail, name: str, data: bytes) -> View:
    opening = Opening(jail.open, config.settings.limits)
    part = Part(name, "application/octet-stream", data)
    return _node(config, campaign, jail, opening.node(part), "")


def _node(config: Config, campaign: Campaign, jail: Jail, node: Node, holder: str) -> View:
    """Return a file with all that stands in it; what was left out of it are its findings.

    ``holder`` is the name of what it stands in: within it the file has the rest of its name.
    """
    name, data = node.part.name.removeprefix(f"{holder}/"), node.part.data
    if not node.kind:
        return _document(config, name, data, jail.read(data, campaign.form, name))
    role: Role = "message" if node.kind in _MAILS else "archive"
    if node.refusal:
        return {**_document(config, name, data, node.refusal), "role": role}
    lines = [line for mail in node.mails for line in (mail.subject, "", *mail.text.splitlines())]
    left_out = (
        Finding("warning" if note.message else "note", note.code, note.message, place=note.name)
        for note in node.notes
    )
    shell = Reading(
        node.kind,
        role,
        findings=tuple(left_out),
        nil=bool(lines) and nil_statement(lines, campaign.form) == "yes",
        text="\n".join(lines),
    )
    children = [
        _node(config, campaign, jail, child, node.part.name)
        for child in node.children
        if is_document(child.part)
    ]
    return {**_document(config, name, data, shell), "children": children}


def _document(config: Config, name: str, data: bytes, result: Reading | Refusal) -> View:
    read = result if isinstance(result, Reading) else Reading(result.kind, "unknown")
    refusal = result if isinstance(result, Refusal) else None
    return {
        "file": name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "kind": read.kind,
        "role": read.role,
        "commune": _commune(config.communes, read.heading),
        "letter": {
            "number": read.letter.number,
            "issued_on": read.letter.issued_on,
            "subject": read.letter.subject,
            "signer": read.letter.signer,
        }
        if read.letter
        else None,
        "official": {
            "campaign": read.official.campaign,
            "commune": read.official.commune,
            "form": read.official.form,
            "issue": read.official.issue,
            "exact": read.official.exact,
        }
        if read.official
        else None,
        "nil": read.nil,
        "rows": [
            {
                "values": dict(row.values),
                "places": dict(row.places),
                "confidence": dict(row.confidence),
            }
            for row in read.rows
        ],
        "findings": [finding(one) for one in read.findings],
        "refusal": {"code": refusal.code, "message": refusal.message} if refusal else None,
        "children": [],
    }


def _commune(communes: Sequence[Commune], heading: Sequence[str]) -> View | None:
    """The commune that the letterhead names, if it names exactly one."""
    named = named_communes(heading, communes)
    if len(named) != 1:
        return None
    return {"code": named[0].code, "name": named[0].title, "how": "heading"}
