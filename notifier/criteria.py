"""The campaign's criteria, answered for one point by what its row says. Pure.

Three answers: đạt, không đạt, chưa đủ thông tin. None of them accepts or rejects anything: they
save an officer the looking up (DOMAIN §1.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from config.model import Criterion
from notifier.printed import number
from parsers.form import Field, Form
from parsers.reading import CERTAIN

Answer = Literal["met", "not-met", "unknown"]

ANSWERS: Mapping[Answer, str] = {
    "met": "Đạt",
    "not-met": "Không đạt",
    "unknown": "Chưa đủ thông tin",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer to one criterion and its reason, in Vietnamese."""

    answer: Answer
    reason: str


def judge(
    criterion: Criterion, values: Mapping[str, str], confidence: Mapping[str, float], form: Form
) -> Judgement:
    """Return what a row says about a criterion; a value that is not certain says nothing."""
    field = next((one for one in form.fields if one.key == criterion.field), None)
    if field is None:
        return Judgement("unknown", "Biểu không có cột trả lời; cán bộ xem hồ sơ.")
    text = values.get(field.key, "")
    if not text:
        return Judgement("unknown", f"Chưa ghi “{field.label}”.")
    if confidence.get(field.key, 1.0) < CERTAIN:
        return Judgement("unknown", f"“{field.label}” đọc chưa chắc chắn: {text}.")
    if criterion.at_least is not None:
        value = number(text)
        if value is None:
            return Judgement("unknown", f"“{field.label}” không phải một số: {text}.")
        if value < criterion.at_least:
            return _below(criterion, field, text)
    return Judgement("met", f"{field.label}: {text}.")


def _below(criterion: Criterion, field: Field, text: str) -> Judgement:
    found = f"{field.label}: {text}, dưới {criterion.at_least}"
    if criterion.below == "not-met":
        return Judgement("not-met", f"{found}.")
    return Judgement("unknown", f"{found}; cán bộ xem có thuộc trường hợp khác không.")
