"""Facts of documents, communes and points, in words that mails and reports share."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from config.model import Cited, Commune
from notifier import wording
from parsers.form import Field, Form
from registry.model import Point

#: What a point says, by the fields' keys.
Values = Mapping[str, str]


def cited(document: Cited) -> str:
    """Return ``Công văn số 689/SCT-QLTM ngày 10/5/2024 của Sở Công Thương về việc …``."""
    kind = wording.document_kind(document.number)
    parts = [f"{kind} số {document.number}"]
    if document.on:
        parts.append(f"ngày {wording.day(document.on)}")
    if document.organ:
        parts.append(f"của {document.organ}")
    subject = document.subject.strip()
    if subject.casefold().startswith(kind.casefold()):
        subject = subject[len(kind) :].strip()
    if subject:
        parts.append(f"về việc {wording.lower_first(subject)}")
    return wording.clean(" ".join(parts), 600)


def addressee(commune: Commune) -> str:
    """Return the body that is addressed: ``UBND xã Hòa Cư``."""
    return wording.clean(f"UBND {commune.kind.lower()} {commune.name}", 120)


def title_field(form: Form) -> Field | None:
    """Return the field that names a point: the first required text that is not personal."""
    texts = [field for field in form.fields if field.type == "text" and not field.personal]
    return next((field for field in texts if field.required), texts[0] if texts else None)


def point_names(points: Sequence[Point], form: Form) -> list[str]:
    """Return what each point is called, for people."""
    field = title_field(form)
    names = [point.row.values.get(field.key, "") if field else "" for point in points]
    return [
        wording.discreet(name, 160) or f"(điểm thứ {index}, chưa ghi tên)"
        for index, name in enumerate(names, start=1)
    ]


def total(points: Iterable[Values], key: str) -> Decimal:
    """Return the sum of a numeric field; values that are no numbers count nothing."""
    result = Decimal(0)
    for point in points:
        try:
            result += Decimal(point.get(key, "0"))
        except InvalidOperation:
            continue
    return result


def sums(points: Sequence[Values], form: Form) -> list[list[str]]:
    """Return label and text of every sum of money or area that the points' values hold."""
    found = []
    for field in form.fields:
        if field.type not in {"money", "decimal"} or field.personal:
            continue
        if not any(point.get(field.key) for point in points):
            continue
        text = wording.number(format(total(points, field.key), "f"))
        label, _, unit = wording.clean(field.label, 100).partition("(")
        suffix = " đồng" if field.type == "money" else f" {unit.rstrip(') ')}".rstrip()
        found.append([label.strip(), f"{text}{suffix}"])
    return found
