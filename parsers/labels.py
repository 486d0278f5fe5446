"""Labels with their values in running text: ``Tên điểm: … - Địa chỉ: …``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from parsers.columns import Captions
from parsers.vietnamese import fold

#: Before a label: a bullet, "1.", "2.1)", "a)", "IV.".
LEAD: Final = re.compile(
    r"^\s*(?:[-–—•*+▪●]\s*|\(?\d{1,2}(?:\.\d{1,2})*\s*[.)]\s*|\(?[a-hđA-H]\s*[.)]\s*|[IVX]{1,4}\s*[.)]\s*)"
)
#: Dots, underscores to write on.
LEADERS: Final = re.compile(r"(?:[.…_]\s?){3,}|…")
_COLON: Final = re.compile(r"[:：](?!//)")
#: What parts two labels on one line, and is no part of the value before it.
_PARTING: Final = " \t-–—;,|"
_STRANGE: Final = re.compile(
    r"(?:\s[-–—]\s|[;|,]\s*)(?P<label>[^\W\d_]\w*(?: \w+){0,4}(?: ?\([^()]*\))?)\s*$"
)
_NUMBERED_POINT: Final = re.compile(
    r"(?:điểm|diem|cơ sở|cửa hàng)\s*+(?:số|thứ|so)?\s*+\d{1,2}", re.IGNORECASE
)
#: A word that a caption's comparison takes for its number: "Lý Văn Ví" before "Điện thoại".
_ORDINAL: Final = re.compile(r"[a-h]|[ivx]+")
_POINT: Final = "Điểm 1"
_LONGEST_LABEL: Final = 100
#: Beyond this a line is no list of labels.
_MOST_LABELS: Final = 40
_WORDS_OF_A_LABEL: Final = 12


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label and the value behind it; ``known`` = the label is a caption of the form.

    ``numbered`` = the label only counts points ("Điểm 1: …"): what follows is a point's name;
    ``assumed`` = not even that, a number stood there ("1. Cửa hàng A - Địa chỉ: …").
    """

    label: str
    value: str
    known: bool
    numbered: bool = False
    assumed: bool = False


def labelled(line: str, captions: Captions) -> tuple[Labelled, ...]:
    """Return the labels of a line with their values, none if it does not begin with a label.

    A label within the line begins with a capital, or in the list of a point's facts ("Điểm 1: A,
    địa chỉ: B") stands behind a comma, dash or semicolon; a strange one ("Email: …") also ends the
    value before it if one of these parts the two. A strange label at the beginning takes the whole
    line: what stands there is about something else. Dots to write on are no value.
    """
    text, lead = line.strip(), LEAD.match(line.strip())
    assumed = lead is not None and _lists_facts(text[lead.end() :], lead.group(), captions)
    if lead:
        text = f"{_POINT}: {text[lead.end() :]}" if assumed else text[lead.end() :]
    leaders = LEADERS.search(text)
    if leaders and ":" not in text[: leaders.start()]:
        text = f"{text[: leaders.start()]}:{text[leaders.start() :]}"
    starts = list(_starts(text, captions))
    if not starts:
        return ()
    ends = [start for start, *_ in starts[1:]] + [len(text)]
    found: list[Labelled] = []
    for (start, colon, known), end in zip(starts, ends, strict=True):
        label = text[start:colon].strip()
        value = text[colon + 1 : end]
        parted = value.rstrip(_PARTING) if end < len(text) else value
        numbered = not known and _NUMBERED_POINT.fullmatch(label) is not None
        if not found and not known and not numbered:
            return (Labelled(label, bare(text[colon + 1 :]), known=False),)
        found.append(Labelled(label, bare(parted), known, numbered, numbered and assumed))
    return tuple(found)


def _lists_facts(text: str, lead: str, captions: Captions) -> bool:
    """Tell "1. Cửa hàng A - Địa chỉ: …": a number, a name, and then a label."""
    window = text.partition(":")[0]
    if not any(map(str.isdecimal, lead)) or captions.exact(window) is not None:
        return False
    at = _label_within(window, captions, listed=True)
    return bool(at) and window[:at].rstrip().endswith(tuple(_PARTING.strip()))


def is_point_number(text: str) -> bool:
    """Tell a line that only counts: "Điểm số 2"."""
    return _NUMBERED_POINT.fullmatch(text.strip(" .:-")) is not None


def bare(text: str) -> str:
    """Return a value without the dots that it was written on."""
    line = LEADERS.sub("…", text).strip(" …\t")
    return text.strip() if "…" in line else line


def _starts(text: str, captions: Captions) -> Iterator[tuple[int, int, bool]]:
    """Yield where labels begin, where their colons stand, and whether they are known."""
    before, latest = 0, ""
    listed = _NUMBERED_POINT.match(text) is not None
    for number, match in enumerate(islice(_COLON.finditer(text), _MOST_LABELS)):
        colon = match.start()
        window = text[before:colon]
        if number == 0:
            label = window.strip()
            known = captions.exact(label) is not None
            if not known and not _looks_like_label(label):
                return
            yield 0, colon, known
            latest = label
        else:
            at = _label_within(window, captions, listed=listed)
            strange = _STRANGE.search(window) if at is None else None
            if at is not None:
                label = window[at:]
                if not window[:at].strip() and captions.exact(label) == captions.exact(latest):
                    continue  # "Địa chỉ: Thôn: Nà Lìn"
                yield before + at, colon, True
                latest = label
            elif strange and strange["label"][0].isupper():
                yield before + strange.start("label"), colon, False
        before = colon + 1


def _looks_like_label(text: str) -> bool:
    return (
        0 < len(text) <= _LONGEST_LABEL // 2
        and text[0].isupper()
        and len(text.split()) <= _WORDS_OF_A_LABEL // 2
    )


def _label_within(window: str, captions: Captions, *, listed: bool) -> int | None:
    """Return where the longest known caption at the end of a text begins.

    It begins with a capital; in a ``listed`` line a parting sign before it does as well.
    """
    words = list(re.finditer(r"\S+", window[-_LONGEST_LABEL * 2 :]))[-_WORDS_OF_A_LABEL:]
    skipped = max(0, len(window) - _LONGEST_LABEL * 2)
    for word in words:
        start, end = word.start() + skipped, word.end() + skipped
        parted = listed and window[:start].rstrip().endswith(tuple(_PARTING.strip()))
        if not (window[start].isupper() or parted) or captions.exact(window[start:]) is None:
            continue
        rest = window[end:]
        if _ORDINAL.fullmatch(fold(word.group())) and captions.exact(rest) is not None:
            return end + len(rest) - len(rest.lstrip(_PARTING))
        return start
    return None
