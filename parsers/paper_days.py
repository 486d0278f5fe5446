"""A caption "Ngày cấp": of the certificate, or of a paper of another kind that stands beside it."""

import re
from collections.abc import Collection, Mapping

from parsers.vietnamese import fold, squash

#: Papers that have a day of issue as well, and words of the one by which products are certified.
_OTHER = re.compile(
    r"\b(?:dkkd|dkdn|dkhtx|gpkd|(?:giay phep|dang ky) (?:kinh doanh|doanh nghiep|hop tac xa)"
    r"|dang ky thue|ma so thue|mst|cccd|cmnd|cmt|can cuoc|chung minh|attp|vsattp"
    r"|an toan thuc pham)\b"
)
_OWN = re.compile(r"\b(?:ocop|cong nhan|san pham|sao)\b")
#: Captions of a day of issue that do not say of what, and what may stand between it and its paper.
_BARE = {"ngaycap", "thoigiancap", "ngaythangnamcap", "ngaythangcap"}
_BETWEEN = {"so", "noicap", "coquancap"}


def is_bare_day(caption: str) -> bool:
    """Tell a caption of a day of issue that does not say of what."""
    return squash(caption) in _BARE


def names_other_paper(text: str) -> bool:
    """Tell a text that names a registration, an identity card or a food safety certificate."""
    return bool(_OTHER.search(fold(text)))


def is_of_other_paper(
    column: int, paths: Mapping[int, tuple[str, ...]], papers: Collection[int]
) -> bool:
    """Tell by what stands over a bare day, else before it, that it may be another paper's.

    ``papers`` are the columns that are known to hold another paper's number.
    """
    parents = paths[column][:-1]
    if names_other_paper(" ".join(parents)):
        return True
    before = column - 1
    while before in paths and squash(paths[before][-1]) in _BETWEEN and before not in papers:
        before -= 1
    path = paths.get(before, ())
    if parents != path[:-1] and _OWN.search(fold(" ".join(parents))):
        return False  # what stands over both may be the table's title
    return before in papers or names_other_paper(" ".join(path))
