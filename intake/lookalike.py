"""Whom does a stranger try to look like? Pure.

Only asked of addresses that are nobody's: a true one cannot be a look-alike. A hit does not say
that somebody cheats (a clerk's private address under the commune's name is one too); it says that
a person who only glances at the mail would take it for another's.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from parsers.vietnamese import fold, unmarked

#: Letters of other scripts that are drawn like Latin ones; what NFKD and marks do not cover.
_DRAWN_ALIKE = str.maketrans(
    "аеорсухіјѕԁһӏԛԝвкмнтгпьзбαορτνυικηωγßæœıɡłđðøʋӕ⁄∕",
    "aeopcyxijsdhlqwbkmhtrnb3baoptvuiknwybaolgldoova//",
)
#: And those that are told apart only by who looks closely; digits for letters.
_TAKEN_FOR = str.maketrans("01i5", "olls")
_PAIRS = (("rn", "m"), ("vv", "w"))
_EDITS, _EDITS_SHORT, _SHORT = 2, 1, 5
#: A local part as long as this is no accident; shorter ones are words such as "ubnd" or "info".
_TELLING = 6
_LABEL = 4
_NO_OWNERS = frozenset({"mail", "email", "gmail", "yahoo", "outlook", "hotmail", "icloud"})
_ADDRESS = re.compile(r"[^\s<>()\"',;:@]{1,64}@[^\s<>()\"',;:@]{1,255}")


def resembles(
    sender: str, name: str, addresses: Collection[str], titles: Sequence[str] = ()
) -> str:
    """Return the known address or commune that a stranger's address or name looks like; "" if none.

    ``addresses`` and ``sender`` are lower case, and ``sender`` is not among them. ``titles`` are
    names of communes with their class word ("Xã Hòa Cư") and aliases.
    """
    models = _models(frozenset(addresses))
    for written in _ADDRESS.findall(name):
        known = models.by_skeleton.get(_skeleton(written))
        if known:
            return known
    drawn = _skeleton(sender)
    like = [models.addresses[place] for place in sorted(models.like(drawn))]
    if like:
        return min(like, key=lambda known: OSA.distance(drawn, _skeleton(known)))
    return _named(name, tuple(titles))


@dataclass(frozen=True, slots=True)
class _Models:
    """Known addresses in order, with what is compared of them: a nation has ten thousand."""

    addresses: tuple[str, ...]
    skeletons: tuple[str, ...]
    squashed: tuple[str, ...]
    by_skeleton: Mapping[str, str]
    by_local: Mapping[str, Sequence[int]]
    by_domain: Mapping[str, Sequence[int]]

    def like(self, stranger: str) -> set[int]:
        """Return the places of the addresses whose skeleton is near this one.

        A few edits, one in the other, or one's name elsewhere.
        """
        local, _, domain = stranger.rpartition("@")
        near = process.extract_iter(
            stranger, self.skeletons, scorer=OSA.distance, processor=None, score_cutoff=_EDITS
        )
        found = {place for _, edits, place in near if edits <= self._edits(place)}
        bare = _squashed(local)
        found |= {place for place, known in enumerate(self.squashed) if known in bare}
        for known, places in self.by_domain.items():
            if _poses_as(domain, known):
                found |= set(places)
        for place in self.by_local.get(local, ()):
            known = self.skeletons[place].rpartition("@")[2]
            if len(local) >= _TELLING or _shares_label(domain, known):
                found.add(place)
        return found

    def _edits(self, place: int) -> int:
        local = self.skeletons[place].rpartition("@")[0]
        return _EDITS if len(local) >= _SHORT else _EDITS_SHORT


@lru_cache(maxsize=2)
def _models(addresses: frozenset[str]) -> _Models:
    ordered = tuple(sorted(addresses))
    skeletons = tuple(map(_skeleton, ordered))
    by_local: dict[str, list[int]] = defaultdict(list)
    by_domain: dict[str, list[int]] = defaultdict(list)
    for place, skeleton in enumerate(skeletons):
        local, _, domain = skeleton.rpartition("@")
        by_local[local].append(place)
        by_domain[domain].append(place)
    first = dict(zip(reversed(skeletons), reversed(ordered), strict=True))
    squashed = tuple(map(_squashed, skeletons))
    return _Models(ordered, skeletons, squashed, first, by_local, by_domain)


def _named(name: str, titles: tuple[str, ...]) -> str:
    words = f" {_spelt(name)} "
    for title, spelt, bare in _spelt_titles(titles):
        if spelt and (f" {spelt} " in words or words.strip() == bare):
            return title
    return ""


@lru_cache(maxsize=2)
def _spelt_titles(titles: tuple[str, ...]) -> tuple[tuple[str, str, str], ...]:
    """Return each title, spelt, and its bare name.

    A bare name may be a person's (Gia Cát, Bảo Lâm): only as all that stands there.
    """
    found = []
    for title in titles:
        spelt = _spelt(title)
        bare = spelt.removeprefix("xa ").removeprefix("thi tran ").removeprefix("phuong ")
        found.append((title, spelt, bare))
    return tuple(found)


def _spelt(text: str) -> str:
    latin = unicodedata.normalize("NFKC", text).casefold().translate(_DRAWN_ALIKE)
    return " ".join(re.findall(r"\w+", fold(latin)))


@lru_cache(maxsize=4096)
def _skeleton(address: str) -> str:
    """Return what is equal for addresses that look alike."""
    local, _, domain = address.casefold().rpartition("@")
    shown = f"{local}@{'.'.join(map(_decoded, domain.split('.')))}"
    latin = unmarked(unicodedata.normalize("NFKD", shown).casefold())
    latin = latin.translate(_DRAWN_ALIKE).translate(_TAKEN_FOR)
    for pair, single in _PAIRS:
        latin = latin.replace(pair, single)
    return latin


def _decoded(label: str) -> str:
    """Return an internationalised label as a mail program shows it."""
    if not label.startswith("xn--") or len(label) > 63:  # noqa: PLR2004  RFC 1035
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except ValueError:
        return label


def _poses_as(domain: str, known: str) -> bool:
    """Whether a domain has the known one in it: caoloc.example.evil.example, caoloc-example.evil.

    Below the known one only its owner makes names.
    """
    own = domain == known or domain.endswith(f".{known}")
    return not own and len(known) >= _TELLING and _squashed(known) in _squashed(domain)


def _squashed(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text)


def _shares_label(domain: str, known: str) -> bool:
    """Whether two domains have a name in common that somebody owns, as caoloc.vn and caoloc.com."""
    common = set(domain.split(".")[:-1]) & set(known.split(".")[:-1])
    return any(len(label) >= _LABEL and label not in _NO_OWNERS for label in common)
