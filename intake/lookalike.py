"""Whom does a stranger try to look like? Pure.

Only asked of addresses that are nobody's: a true one cannot be a look-alike. A hit does not say
that somebody cheats (a clerk's private address under the commune's name is one too); it says that
a person who only glances at the mail would take it for another's.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache

from rapidfuzz.distance import OSA

from parsers.vietnamese import fold

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
    for written in _ADDRESS.findall(name):
        for known in addresses:
            if _skeleton(written) == _skeleton(known):
                return known
    drawn = _skeleton(sender)
    like = [known for known in sorted(addresses) if _like(drawn, _skeleton(known))]
    if like:
        return min(like, key=lambda known: OSA.distance(drawn, _skeleton(known)))
    return _named(name, titles)


def _named(name: str, titles: Sequence[str]) -> str:
    words = f" {_spelt(name)} "
    for title in titles:
        spelt = _spelt(title)
        # A bare name may be a person's (Gia Cát, Bảo Lâm): only as all that stands there.
        bare = spelt.removeprefix("xa ").removeprefix("thi tran ").removeprefix("phuong ")
        if spelt and (f" {spelt} " in words or words.strip() == bare):
            return title
    return ""


def _spelt(text: str) -> str:
    latin = unicodedata.normalize("NFKC", text).casefold().translate(_DRAWN_ALIKE)
    return " ".join(re.findall(r"\w+", fold(latin)))


@lru_cache(maxsize=4096)
def _skeleton(address: str) -> str:
    """Return what is equal for addresses that look alike."""
    local, _, domain = address.casefold().rpartition("@")
    shown = f"{local}@{'.'.join(map(_decoded, domain.split('.')))}"
    plain = unicodedata.normalize("NFKD", shown).casefold()
    latin = "".join(char for char in plain if not unicodedata.combining(char))
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


def _like(stranger: str, known: str) -> bool:
    """Whether two skeletons are near: a few edits, one in the other, or one's name elsewhere."""
    local, _, domain = stranger.rpartition("@")
    known_local, _, known_domain = known.rpartition("@")
    edits = _EDITS if len(known_local) >= _SHORT else _EDITS_SHORT
    telling = len(local) >= _TELLING or _shares_label(domain, known_domain)
    return (
        OSA.distance(stranger, known, score_cutoff=edits) <= edits
        or _poses_as(domain, known_domain)
        or _squashed(known) in _squashed(local)
        or (local == known_local and telling)
    )


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
