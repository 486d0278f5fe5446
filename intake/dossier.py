"""Which item of the dossier a file is: by its name, by its text, by its look. Pure.

A name that tells wins over a text that tells; without either, a picture that bears no text is the
item for pictures. What nothing tells stays an ordinary file that a person looks at.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from config.model import DossierItem
from parsers.letter import place_date
from parsers.reading import Reading, Refusal
from parsers.vietnamese import fold, key

#: What a file says about itself stands in its first lines.
_HEAD_LINES = 15
_HEAD_LETTERS = 1_500
#: A picture with fewer letters shows a place, not a paper.
_FEW_LETTERS = 40
PICTURES = frozenset({"jpeg", "png", "heic", "tiff", "bmp", "webp"})
#: "GCN_OCOP-2.signed.pdf" → "GCN OCOP 2 signed pdf"
_NAME_SIGNS = re.compile(r"[_\W]+")


@dataclass(frozen=True, slots=True)
class DossierFile:
    """What a file is to the dossier.

    ``item`` is the key of its item, ``about`` the folded words that may name its point,
    ``issued_on`` its day (ISO, empty if it says none or it does not matter).
    """

    item: str
    about: str
    issued_on: str = ""


def dossier_file(
    name: str, result: Reading | Refusal, items: Sequence[DossierItem]
) -> DossierFile | None:
    """Return what a file is to the dossier; None for a form, and for what nothing tells.

    ``name`` is the file's name with the folders of its archive. A commune's official letter is no
    dossier; the decision or certificate of another organ is one, though it looks like a letter.
    """
    if isinstance(result, Reading) and (result.rows or result.nil):
        return None
    text = result.text[:_HEAD_LETTERS] if isinstance(result, Reading) else ""
    item = _named(_NAME_SIGNS.sub(" ", name), items)
    if item is None and not _own_letter(result):
        item = _named("\n".join(text.splitlines()[:_HEAD_LINES]), items) or _by_look(result, items)
    if item is None:
        return None
    about = fold(f"{_NAME_SIGNS.sub(' ', name)} {text}")
    return DossierFile(item.key, about, _issued_on(result) if item.valid_months else "")


def _own_letter(result: Reading | Refusal) -> bool:
    letter = result.letter if isinstance(result, Reading) else None
    organ = fold(letter.organ or "") if letter else ""
    return re.search(r"\b(?:xa|thi tran|phuong)\b", organ) is not None


def _named(text: str, items: Sequence[DossierItem]) -> DossierItem | None:
    """Return the item with the longest alias in the text, if no other has one as long."""
    exact, folded = f" {_NAME_SIGNS.sub(' ', key(text))} ", f" {fold(text)} "
    found = sorted(
        ((len(alias), item.key) for item in items for alias in _found(exact, folded, item)),
        reverse=True,
    )
    if not found or (len(found) > 1 and found[0][0] == found[1][0] and found[0][1] != found[1][1]):
        return None
    return next(item for item in items if item.key == found[0][1])


def _found(exact: str, folded: str, item: DossierItem) -> Iterator[str]:
    """Yield the aliases that stand in a text as whole words.

    "ảnh" must not be found in "anh": an alias of one word needs its diacritics.
    """
    for alias, spelt, bare in _spelt((item.label, *item.aliases)):
        if spelt in exact or (bare and bare in folded):
            yield alias


@lru_cache(maxsize=256)
def _spelt(aliases: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Return each alias, as it stands in a text, and without diacritics; "" for one word alone."""
    return tuple(
        (
            alias,
            f" {_NAME_SIGNS.sub(' ', key(alias))} ",
            f" {fold(alias)} " if len(alias.split()) > 1 else "",
        )
        for alias in aliases
    )


def _by_look(result: Reading | Refusal, items: Sequence[DossierItem]) -> DossierItem | None:
    picture = next((item for item in items if item.picture), None)
    if picture is None or result.kind not in PICTURES or isinstance(result, Refusal):
        return None
    letters = sum(letter.isalpha() for letter in result.text)
    return picture if letters < _FEW_LETTERS else None


def _issued_on(result: Reading | Refusal) -> str:
    if isinstance(result, Refusal):
        return ""
    return place_date(result.text.splitlines()) or ""
