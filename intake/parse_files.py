"""`intake parse`: what the parsers understand of files on disk, in the JSON shape of DESIGN §7."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from config.model import Campaign, Commune, Config
from intake.matching import named_communes
from intake.message import parse
from intake.opening import jail_limits
from intake.unpack import unpack
from intake.views import finding
from parsers.jail import Jail
from parsers.letter import nil_statement
from parsers.reading import Reading, Refusal

View = dict[str, Any]


def parse_files(
    config: Config,
    campaign: Campaign,
    paths: Sequence[Path],
    done: Callable[[], object] = lambda: None,
) -> list[View]:
    """Read each file in the jail; a mail (.eml) is opened and its files are its children.

    ``done`` is called after each file.
    """
    with Jail(jail_limits(config)) as jail:
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
    if name.lower().endswith(".eml"):
        return _mail(config, campaign, jail, name, data)
    return _document(config, name, data, jail.read(data, campaign.form, name))


def _mail(config: Config, campaign: Campaign, jail: Jail, name: str, data: bytes) -> View:
    parsed = parse(data, config.settings.limits)
    children = [
        _file(config, campaign, jail, part.name, part.data)
        for part in unpack(parsed, config.settings.limits).files
    ]
    words = [parsed.subject, "", *parsed.text.splitlines()]
    nil = nil_statement(words, campaign.form) == "yes"
    shell = Reading("eml", "message", nil=nil, text=parsed.text)
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
