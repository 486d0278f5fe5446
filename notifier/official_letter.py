"""The covering công văn as a draft: no number, no day, no signature (Nghị định 30/2020/NĐ-CP).

The program never issues a letter: văn thư gives number and date, a person signs. The template is a
Word file with docxtpl tags that an admin can edit; ``WORDS`` lists what it may speak of.
"""

import io
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifier import change_words, wording
from notifier.changes import Changes
from notifier.fixed_zip import repack
from notifier.report_inputs import CommuneFacts, ReportInputs, total
from notifier.templates import WordingProblem

_TABLE_ROWS = 200  # LibreOffice needs minutes for tables of thousands of rows


@dataclass(frozen=True, slots=True)
class Addition:
    """What a supplement's letter is about: the report that it adds to, and what differs."""

    was: ReportInputs
    changes: Changes


def draft(inputs: ReportInputs, template: bytes, addition: Addition | None = None) -> bytes:
    """Return the letter as ``.docx``; the same inputs and template give the same bytes.

    With ``addition`` it is a supplement's, which tells only the differences.

    Raises:
        WordingProblem: the template is no Word file, is broken, or asks for what is not there.
    """
    from docxtpl import DocxTemplate  # noqa: PLC0415  heavy; only a report needs it

    env = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
    target = io.BytesIO()
    try:
        document = DocxTemplate(io.BytesIO(template))
        document.render(words(inputs, addition), jinja_env=env, autoescape=True)
        document.save(target)
    except (TemplateError, zipfile.BadZipFile, KeyError, ValueError, TypeError) as problem:
        why = wording.clean(f"{type(problem).__name__}: {problem}", 300)
        raise WordingProblem("official-letter.docx", None, why) from problem
    return repack(target.getvalue(), inputs.made_at)


def words(inputs: ReportInputs, addition: Addition | None = None) -> dict[str, Any]:
    """Return what the template may speak of: text, counts and lists, never objects of ours."""
    when = inputs.made_at.astimezone(inputs.zone)
    listed = inputs.registering
    kind = "báo cáo bổ sung" if inputs.base else "báo cáo"
    return {
        "parent": _text(inputs.office_parent).upper(),
        "issuer": _issuer(inputs)[0],
        "issuer_place": _issuer(inputs)[1],
        "office": _text(inputs.office_name),
        "unit": _text(inputs.office_unit),
        "place": _text(inputs.office_place),
        "month": wording.month(when),
        "year": when.year,
        "notation": _text(inputs.notation),
        "drafted_by": _text(inputs.notation).rpartition("-")[2],
        "recipient": _text(inputs.recipient),
        "subject": f"{kind} kết quả {wording.lower_first(_text(inputs.title))}",
        "topic": wording.lower_first(_text(inputs.title)),
        "round": inputs.round,
        "basis": "; ".join(_text(item, 500) for item in inputs.basis),
        "calls": "; ".join(_text(item, 500) for item in inputs.calls),
        "call": f"Công văn số {_text(inputs.number)}" if inputs.number else "văn bản đề nghị",
        "deadline": wording.before(inputs.deadline_at, inputs.zone),
        "counted_until": wording.moment(inputs.counted_until, inputs.zone),
        "supplement": inputs.supplement,
        "supplement_number": inputs.base.supplement if inputs.base else 0,
        **_added(inputs, addition),
        "silence_rule": inputs.silence == "no-need",
        "signer_authority": _text(inputs.signer_authority),
        "signer_title": _text(inputs.signer_title),
        **_counts(inputs),
        "rows": [_row(index, one, inputs) for index, one in enumerate(listed[:_TABLE_ROWS], 1)],
        "rows_left": max(0, len(listed) - _TABLE_ROWS),
        "sums": _sums(inputs),
        "headings": [label for label, _ in _money(inputs)],
        "totals": [amount for _, amount in _money(inputs)],
    }


def _added(inputs: ReportInputs, addition: Addition | None) -> dict[str, Any]:
    """Of a supplement: what it adds to, and what differs; of other letters nothing."""
    if addition is None:
        return {"addition": False, "earlier": "", "changes": [], "changes_left": 0}
    told = change_words.told(addition.changes, values=False)
    lines = [f"{wording.lower_first(title)}: {text}" for title, text in told]
    return {
        "addition": True,
        "earlier": change_words.earlier(inputs, addition.was),
        "changes": lines[:_TABLE_ROWS],
        "changes_left": max(0, len(lines) - _TABLE_ROWS),
    }


def _text(text: str, limit: int = 300) -> str:
    return wording.clean(text, limit)


def _issuer(inputs: ReportInputs) -> tuple[str, str]:
    """The issuing organ as letterheads have it: ỦY BAN NHÂN DÂN / HUYỆN CAO LỘC."""
    name = _text(inputs.office_name)
    if name.startswith("UBND "):
        return "ỦY BAN NHÂN DÂN", name.removeprefix("UBND ").upper()
    return name.upper(), ""


def _counts(inputs: ReportInputs) -> dict[str, Any]:
    silent = inputs.in_state("silent")
    late = [one for one in inputs.registering if one.counted and one.counted.late]
    unfinished = inputs.in_state("waiting", "in-review")
    unread = [one for one in inputs.in_state("needs-fix") if one.counted is None]
    wrong = [one for one in inputs.registering if one.counted and one.counted.errors]
    return {
        "members": len(inputs.communes),
        "registering": len(inputs.registering),
        "points": len(inputs.points),
        "nil": len(inputs.in_state("nil")),
        "nil_names": _names(inputs.in_state("nil")),
        "silent": len(silent),
        "silent_names": _names(silent),
        "late": len(late),
        "late_names": _names(tuple(late)),
        "unfinished": len(unfinished) + len(unread),
        "unfinished_names": _names((*unfinished, *unread)),
        "wrong": len(wrong),
        "wrong_names": _names(tuple(wrong)),
    }


def _names(communes: tuple[CommuneFacts, ...]) -> str:
    """``xã Hòa Cư, thị trấn Đồng Đăng``, as names stand inside a sentence."""
    return ", ".join(wording.lower_first(_text(one.title)) for one in communes)


def _money(inputs: ReportInputs) -> list[tuple[str, str]]:
    return [
        (_text(field.label), _amount(total(inputs.points, field.key)))
        for field in inputs.fields
        if field.type == "money"
    ]


def _amount(value: Decimal | None) -> str:
    return "–" if value is None else wording.number(format(value, "f"))


def _sums(inputs: ReportInputs) -> str:
    """``tổng kinh phí 240.000.000 đồng; kinh phí đề nghị hỗ trợ 125.000.000 đồng``."""
    return "; ".join(
        f"{wording.lower_first(label)} {amount} đồng"
        for label, amount in _money(inputs)
        if amount != "–"
    )


def _row(index: int, commune: CommuneFacts, inputs: ReportInputs) -> dict[str, Any]:
    keys = [field.key for field in inputs.fields if field.type == "money"]
    late = " (gửi muộn)" if commune.counted and commune.counted.late else ""
    return {
        "index": index,
        "name": _text(commune.title) + late,
        "points": len(commune.points),
        "amounts": [_amount(total(commune.points, key)) for key in keys],
    }
