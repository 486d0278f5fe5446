"""One answer beside what it was read from: each value with the picture of its cell.

`intake show ID --pictures DIR` writes one page that an officer opens in a browser. The pages of the
documents are drawn in the jail; the folder holds personal data and belongs to whoever asked.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

from config.model import Config
from intake.message import Part
from intake.opening import jail_limits
from intake.signed import read_mail
from intake.unpack import unpack
from notifier import wording
from parsers.jail import Jail
from parsers.reading import CERTAIN, Refusal
from registry.model import Point, Submission

if TYPE_CHECKING:
    from registry.store import Store
    from registry.vault import Vault

_PAGE = """<!DOCTYPE html>
<html lang="vi"><head><meta charset="utf-8"><title>{{ receipt }}</title><style>
body { font: 15px/1.5 "Liberation Sans", Arial, sans-serif; margin: 2em; max-width: 70em }
table { border-collapse: collapse; width: 100%; margin-bottom: 2em }
th, td { border: 1px solid #999; padding: 6px 8px; text-align: left; vertical-align: top }
td.doubt { background: #fff3c4 } small { color: #555 } img { max-width: 26em; display: block }
</style></head><body>
<h1>{{ commune }} – {{ receipt }}</h1>
{% for point in points %}
<h2>Điểm {{ point.ordinal }} <small>{{ point.file }}</small></h2>
<table><tr><th>Cột</th><th>Đọc được</th><th>Ghi trong tệp</th><th>Vị trí, ảnh ô gốc</th></tr>
{% for value in point.cells %}
<tr><td>{{ value.label }}</td>
<td{% if value.doubt %} class="doubt"{% endif %}>{{ value.text }}{% if value.doubt %}
<br><small>độ chắc chắn {{ value.sure }} %</small>{% endif %}</td>
<td>{{ value.raw }}</td>
<td>{{ value.place }}{% if value.picture %}
<img src="{{ value.picture }}" alt="Ảnh ô {{ value.label }}">{% endif %}</td></tr>
{% endfor %}</table>
{% endfor %}</body></html>
"""


def write_cuttings(
    config: Config, store: "Store", vault: "Vault", answer: Submission, out: Path
) -> Path:
    """Write the page and its pictures into ``out``; return the page's path.

    Raises:
        VaultDamaged: the message's bytes are not what they were.
        OSError: the folder cannot be written to.
    """
    out.mkdir(parents=True, exist_ok=True)
    pictures = {
        name: _put(out, f"{answer.receipt}-{name}.png", png)
        for name, png in _pictures(config, store, vault, answer)
    }
    page = out / f"{answer.receipt}.html"
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    page.write_text(
        environment.from_string(_PAGE).render(_facts(config, store, answer, pictures)), "utf-8"
    )
    return page


def _put(out: Path, name: str, png: bytes) -> str:
    (out / name).write_bytes(png)
    return name


def _pictures(
    config: Config, store: "Store", vault: "Vault", answer: Submission
) -> Iterator[tuple[str, bytes]]:
    """Yield the picture of each value that has a box, as ``point.field``."""
    hashes = {one.ordinal: one.sha256 for one in store.documents(answer.source_id)}
    raw = vault.get(store.message(answer.source_id).sha256)
    limits = config.settings.limits
    with Jail(jail_limits(config)) as jail:
        parsed = read_mail(raw, limits, jail.open)
        parts = {_hash(part): part for part in unpack(parsed, limits, jail.open).files}
        for ordinal, sha256 in hashes.items():
            boxes = {
                f"{point.ordinal}.{key}": box
                for point in answer.points
                if point.document_ordinal == ordinal
                for key, box in point.row.boxes.items()
            }
            part = parts.get(sha256)
            cuttings = jail.cut(part.data, boxes) if part and boxes else {}
            if not isinstance(cuttings, Refusal):
                yield from cuttings.items()


def _hash(part: Part) -> str:
    return hashlib.sha256(part.data).hexdigest()


def _facts(
    config: Config, store: "Store", answer: Submission, pictures: Mapping[str, str]
) -> dict[str, object]:
    names = {one.ordinal: one.name for one in store.documents(answer.source_id)}
    titles = {commune.key: commune.title for commune in config.communes}
    labels = {
        field.key: field.label
        for campaign in config.campaigns
        if campaign.id == answer.campaign
        for field in campaign.form.fields
    }
    return {
        "receipt": answer.receipt,
        "commune": titles.get(answer.commune, answer.commune[0]),
        "points": [
            {
                "ordinal": point.ordinal,
                "file": names.get(point.document_ordinal, ""),
                "cells": [_value(point, key, labels, pictures) for key in point.row.places],
            }
            for point in answer.points
        ],
    }


def _value(
    point: Point, key: str, labels: Mapping[str, str], pictures: Mapping[str, str]
) -> dict[str, object]:
    row = point.row
    sure = row.confidence.get(key, 0.0)
    return {
        "label": labels.get(key, key),
        "text": row.values.get(key, ""),
        "raw": row.raw.get(key, ""),
        "place": wording.place(row.places[key]),
        "doubt": sure < CERTAIN,
        "sure": round(sure * 100),
        "picture": pictures.get(f"{point.ordinal}.{key}", ""),
    }
