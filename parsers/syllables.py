"""Which written syllables Vietnamese can have: initial, rhyme and tone, by the rules of spelling.

Stricter than ``legible.syllable``, which only tells text from gibberish: here a wrong accent shall
be noticed ("tât", "hểt"). Names of other peoples and foreign words are not syllables; nothing may
be refused for that, it is only a little less likely.
"""

import unicodedata
from functools import lru_cache
from typing import Final

_STOPPED_TONES: Final = frozenset("\u0301\u0323")
_TONES: Final = frozenset("\u0300\u0301\u0309\u0303\u0323")
_SPELLED_INITIALS: Final = "b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x"
_SPELLED_RHYMES: Final = (
    "a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây "
    "e ec em en eng eo ep et ê êch êm ên ênh êp êt êu i ia ich iêc iêm iên iêng iêp iêt iêu "
    "im in inh ip it iu o oa oac oach oai oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt "
    "oe oen oeo oet oi om on ong ooc oong op ot oc ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt "
    "u ua uân uâng uât uây uê uêch uênh ui uy uya uych uyên uyêt uynh uyt uyu um un ung uc up "
    "ut uôc uôi uôm uôn uông uôt uơ ư ưa ưc ưi ưng ưm ưn ưt ưu ươc ươi ươm ươn ương ươp ươt "
    "ươu y yên yêm yêu yêt yêng"
)
_SPELLED_AFTER_QU: Final = (
    "a ac ach ai an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt ân âng ât ây âu e en eo et ê "
    "êch ên êt i ich it y yên yêt ynh yt yu ơ ơi ơn o ôc"
)
_INITIALS: Final = frozenset(("", *_SPELLED_INITIALS.split()))
_RHYMES: Final = frozenset(_SPELLED_RHYMES.split())
_AFTER_QU: Final = frozenset(_SPELLED_AFTER_QU.split())
_FRONT: Final = frozenset("ieêy")
_LONGEST_INITIAL: Final = 3


@lru_cache(maxsize=16384)
def possible(word: str) -> bool:
    """Tell whether Vietnamese can spell a word so, with its accents: ``Thượng`` yes, ``tât`` no.

    Only the case patterns that are written count: lower, Capital, UPPER.
    """
    if not (word.islower() or word.isupper() or word.istitle()):
        return False
    apart = unicodedata.normalize("NFD", word.lower())
    tones = [sign for sign in apart if sign in _TONES]
    bare = unicodedata.normalize("NFC", "".join(sign for sign in apart if sign not in _TONES))
    stopped = bare.endswith(("c", "ch", "p", "t"))
    if len(tones) > 1 or (stopped and not _STOPPED_TONES.intersection(tones)):
        return False
    return any(_fits(bare[:n], bare[n:]) for n in range(_LONGEST_INITIAL + 1))


def _fits(initial: str, rhyme: str) -> bool:
    if initial not in _INITIALS or not rhyme:
        return False
    if initial == "qu":
        return rhyme in _AFTER_QU
    if initial == "gi" and rhyme[0] in "iê":
        return rhyme in {"êng", "êt", "êc", "ên", "ê"}
    return rhyme in _RHYMES and _spelled_together(initial, rhyme)


def _spelled_together(initial: str, rhyme: str) -> bool:
    """Tell whether an initial is written so before a rhyme: k, gh, ngh before i, e, ê, y."""
    front = rhyme[0] in _FRONT
    if initial in {"k", "gh", "ngh"}:
        return front
    if initial in {"c", "ng"}:
        return not front
    if initial == "g":
        return not front or rhyme in {"i", "in"}
    if rhyme[0] == "y":
        return initial == "" or rhyme == "y"
    return not (initial == "" and rhyme.startswith("iê"))
