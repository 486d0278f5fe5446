"""What the files of a report are called; a supplement is known by them when only they are left."""

import re
from collections.abc import Iterable

_SUPPLEMENT = re.compile(r"Bao cao bo sung ([1-9]\d{0,3}) ")


def file_names(campaign: str, supplement: int = 0) -> tuple[str, str]:
    """Return the names of the workbook and of the drafted letter; 0 is a full report."""
    if not supplement:
        return f"Bao cao {campaign}.xlsx", f"Du thao cong van {campaign}.docx"
    return (
        f"Bao cao bo sung {supplement} {campaign}.xlsx",
        f"Du thao cong van bo sung {supplement} {campaign}.docx",
    )


def supplement_of(names: Iterable[str]) -> int:
    """Return which supplement has files of these names; 0 for a full report's."""
    found = filter(None, map(_SUPPLEMENT.match, names))
    return next((int(match[1]) for match in found), 0)
