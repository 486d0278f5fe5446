"""Captions → fields: which column of a table holds which field of the form.

A caption is first compared whole, then with its parent ("Người đại diện" over "Họ và tên"), then by
the words it begins with or contains, and last by likeness. The first ways are certain; the others
give a lower confidence and always a finding, so that no column is guessed in silence.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from parsers.caption_remarks import doubtful_remarks
from parsers.form import Field, Form
from parsers.paper_days import is_bare_day, is_of_other_paper, names_other_paper
from parsers.vietnamese import fold, folded_lines, key, one_line, squash

#: Confidence of a column taken by its caption's words, and by mere likeness.
_BY_WORDS, _BY_LIKENESS = 0.85, 0.8
#: rapidfuzz ratio from which a typing slip is believed, and how far the next field must be.
_LIKE, _LIKE_MARGIN = 90.0, 6.0
_LONGEST_CAPTION = 160
#: Two fields nearer than this for one column: ambiguous, so neither.
_MARGIN = 8.0

_PARTS = re.compile(r"[(),;/+&\n]|\bvà\b", re.IGNORECASE)
_PARENTHESES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_UNIT_TAIL = re.compile(
    r"\b(?:don vi tinh|dvt|don vi)\b.*$"
    r"|\b(?:(?:1 ?000|nghin|ngan|trieu|tr|ty|ti|1 000 000) )?(?:dong|vnd|d)$|\btrd$|\btrieu$"
    r"|\b(?:m2|m 2|met vuong)$"
)
_NUMBERING = re.compile(r"^(?:\d{1,2}|[ivx]{1,4}|[a-h]) (?=\D)")
#: Abbreviations of captions, spelt out on both sides of a comparison.
_SHORT = {
    "sp": "san pham",
    "kp": "kinh phi",
    "ht": "ho tro",
    "gcn": "giay chung nhan",
    "sdt": "so dien thoai",
    "dkkd": "dang ky kinh doanh",
}
#: Words of a folded text without which no unit is taken from behind it, no abbreviation spelt out
#: (``_UNIT_TAIL``, ``_SHORT``), and first words that may be its number (``_NUMBERING``).
_TELLING_WORDS = frozenset(
    {*_SHORT, "don", "dvt", "dong", "vnd", "d", "trd", "trieu", "m2", "m", "met"}
)
_NUMBERS = frozenset(
    {
        *map(str, range(100)),
        *(f"{number:02}" for number in range(10)),
        *"abcdefgh",
        *("".join(letters) for size in range(1, 5) for letters in product("ivx", repeat=size)),
    }
)
#: So many texts are remembered: of the largest workbook all.
_REMEMBERED = 100_000
_INDEX_CAPTIONS = {"stt", "tt", "sott", "sothutu", "thutu", "no"}
#: Captions that say nothing without their parent.
_GENERIC = {
    "hovaten", "hoten", "ten", "tengoi", "tencuthe", "noidung", "thongtin", "so", "giatri",
    "sotien", "danhsach", "chitiet", "hovatennguoidaidien", "tendaydu", "sao", "hang",
}  # fmt: skip


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Words that may follow a known caption without changing what it asks for.
_HARMLESS = _words(
    "cua cac cho ve la theo neu co ghi ro cu the du kien dang ky thuc te hien nay diem gioi thieu "
    "va ban hang san pham ocop tai tren dia nguoi dai dien co so tinh deu day chinh thuc thon xa "
    "khu pho xom duong so nha trong nam de nghi ho tro chu quan ly"
)
#: Words that make another question of a known caption: never matched by part.
_OTHER_QUESTION = _words("email e-mail mail fax website web facebook zalo cũ trước không chưa ứng")
#: Harmless words that change what a caption of this type asks: a rank hoped for is not one given.
_CHANGING = {"stars": _words("du kien de nghi dang ky"), "money": _words("de nghi dang ky ho tro")}
_SHARE = re.compile(r"\b(?:phan tram|t[yi] le)\b")
#: Parts of a sum: under a caption of money they say that there are several answers.
_PARTIAL = {
    "tong", "tongso", "tongcong", "cong", "nsnn", "nguonnsnn", "vonnsnn", "nguonvonnsnn",
    "ngansach", "ngansachnhanuoc", "nguonngansach", "nguonngansachnhanuoc",
}  # fmt: skip
_PAST = re.compile(r"\b(?:đã|trước|(?:đợt|lần) (?:1|i|một|đầu))\b")
_YEAR = re.compile(r"\b20\d\d\b")


@dataclass(frozen=True, slots=True)
class Match:
    """One possible reading of a caption; ``score`` orders, ``confidence`` is what values get."""

    key: str
    score: float
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a grid that holds a field. ``index`` counts the grid's columns from 0.

    ``unit_certain`` is false where caption, parent caption and unit row state different units.
    """

    field: Field
    index: int
    caption: str
    confidence: float = 1.0
    unit: str = ""
    unit_certain: bool = True


class Captions:
    """The captions that a form knows: its labels and aliases, prepared for comparing."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self._spelt: dict[str, str] = {}
        self._whole: dict[str, str] = {}
        self._exact: dict[str, str] = {}
        self._type = {entry.key: entry.type for entry in form.fields}
        self._personal = {entry.key for entry in form.fields if entry.personal}
        self._required = [entry.key for entry in form.fields if entry.required]
        self._first = next(iter(self._required), "")
        shared: set[str] = set()
        self._words: dict[str, list[tuple[int, tuple[str, ...], str]]] = {}
        self._cache: dict[tuple[str, ...], tuple[Match, ...]] = {}
        for entry in form.fields:
            for name in (entry.label, *entry.aliases):
                self._spelt.setdefault(_spelling(name), entry.key)
                self._whole.setdefault(fold(name), entry.key)
                for variant in variants(name):
                    bare = variant.replace(" ", "")
                    if self._exact.setdefault(bare, entry.key) != entry.key:
                        shared.add(bare)
                    words = tuple(variant.split())
                    same = self._words.setdefault(words[0], [])
                    same.append((sum(map(len, self._words.values())), words, entry.key))
        # ĐT is a phone and DT an area: what only diacritics tell apart needs them.
        for bare in shared:
            del self._exact[bare]
        self._bare = frozenset({*self._exact, *map(squash, self._spelt), *_INDEX_CAPTIONS})
        self._strange: set[str] = set()
        self._judged: dict[str, str | None] = {}

    def learn(self, texts: Iterable[str]) -> None:
        """Tell many texts that are surely no captions at once, for ``is_strange``.

        A document's cells are mostly values: asked one by one, each would be spelt in every way in
        which a caption may be. In one line without parentheses only a unit behind, a number in
        front or an abbreviation can make a caption of a text that is none as it stands.
        """
        if len(self._strange) > _REMEMBERED:
            self._strange.clear()
        new = list(filter(_is_simple, set(texts).difference(self._strange)))
        if not new:
            return
        folded = folded_lines(new)
        bare = "\n".join(folded).replace(" ", "").split("\n")
        self._strange.update(
            text
            for text, line, letters in zip(new, folded, bare, strict=True)
            if self._is_none(line, letters)
        )

    def _is_none(self, line: str, letters: str) -> bool:
        """Tell a folded text, with its spaces and without, that is surely no caption."""
        return (
            letters not in self._bare
            and (letters == line or line.partition(" ")[0] not in _NUMBERS)
            and _TELLING_WORDS.isdisjoint(line.split())
        )

    def is_strange(self, text: str) -> bool:
        """Tell a text that is known to be neither a caption nor that of the running number."""
        return text in self._strange

    def familiar(self, texts: set[str]) -> set[str]:
        """Return those of many texts that may be a caption: all that ``is_strange`` is false of."""
        return texts - self._strange

    def exact(self, text: str) -> str | None:
        """Return the field whose label or alias this text is, however it is written."""
        if text in self._strange or len(text) > _LONGEST_CAPTION:
            return None
        if text not in self._judged:
            if len(self._judged) > _REMEMBERED:
                self._judged.clear()
            line = fold(text) if _is_simple(text) else None
            none = line is not None and self._is_none(line, line.replace(" ", ""))
            self._judged[text] = None if none else self._exactly(text)
        return self._judged[text]

    def _exactly(self, text: str) -> str | None:
        spelt = self._spelt.get(_spelling(text))
        if spelt is not None:
            return spelt
        for variant in variants(text):
            field = self._exact.get(variant.replace(" ", ""))
            if field is not None:
                return field
        return None

    def matches(self, path: tuple[str, ...]) -> tuple[Match, ...]:
        """Return the fields that a caption may mean, best first; ``path`` runs from top to leaf."""
        if path not in self._cache:
            found = self._matches(path)
            if found and (
                _is_past(path[:-1])
                or self._asks_more(path[-1], found[0].key)
                or self._is_remarked(path, found[0].key)
            ):
                found = list(_doubted(found))
            self._cache[path] = tuple(found)
        return self._cache[path]

    def _asks_more(self, caption: str, key: str) -> bool:
        """Tell a caption that asks for a second field too: "Chủ thể (người đại diện)"."""
        if fold(caption) in self._whole:
            return False
        parts = (part for part in _PARTS.split(caption) if part.strip())
        return any(named not in {None, key} for named in map(self.exact, parts))

    def _is_remarked(self, path: tuple[str, ...], key: str) -> bool:
        """Tell a field's captions of which a remark may make another question: "(đối ứng)"."""
        return any(
            self.exact(remark) != key
            for caption in path
            if self._whole.get(fold(caption)) != key
            and (caption == path[-1] or self.exact(caption) == key)
            for remark in doubtful_remarks(self.form.field(key), caption)
        )

    def _matches(self, path: tuple[str, ...]) -> list[Match]:
        said = tuple(caption for caption in path if not _is_unit(caption)) or path
        leaf, parents = said[-1], said[:-1]
        found = self._meant(leaf, parents)
        if any("%" in caption or _SHARE.search(fold(caption)) for caption in (leaf, path[-1])):
            return [match for match in found if self._type[match.key] != "money"]
        return found

    def _meant(self, leaf: str, parents: tuple[str, ...]) -> list[Match]:
        above = next((name for name in map(self.exact, reversed(parents)) if name), None)
        if above and self._type[above] == "money" and squash(leaf) in _PARTIAL:
            return [Match(self.exact(leaf) or above, 40, _BY_LIKENESS)]
        for parent in parents:
            for joined in (f"{parent} {leaf}", f"{leaf} {parent}"):
                whole = self.exact(joined)
                if whole is not None:
                    return [Match(whole, 100)]
        alone = self.exact(leaf)
        if alone and above and self._is_of_somebody(alone, above):
            return [Match(alone, 60, _BY_LIKENESS)]
        if alone is not None:
            return [Match(alone, 90 if above not in {None, alone} else 100)]
        if above is not None and squash(leaf) in _GENERIC:
            return [Match(above, 95)]
        found = self._by_words(leaf) or self._by_likeness(leaf)
        if above is not None and not found and not _asks_other(leaf):
            found = [Match(above, 40, _BY_LIKENESS)]
        return sorted(found, key=lambda match: -match.score)

    def _is_of_somebody(self, field: str, above: str) -> bool:
        """Tell the address of the person or owner that the parent names: not the point's."""
        if field == above or field in self._personal or above == self._first:
            return False
        return above in self._personal or (
            above in self._required and self._type[field] == self._type[above] == "text"
        )

    def _by_words(self, caption: str) -> list[Match]:
        best: dict[str, Match] = {}
        if _asks_other(caption):
            return []
        for variant in variants(caption):
            words = tuple(variant.split())
            names = [named for word in {*words} for named in self._words.get(word, ())]
            for _, name, field in sorted(names):
                changing = _CHANGING.get(self._type[field], frozenset())
                match = _contains(words, name, field, _HARMLESS - changing)
                if match and (field not in best or match.score > best[field].score):
                    best[field] = match
        return list(best.values())

    def _by_likeness(self, caption: str) -> list[Match]:
        from rapidfuzz import fuzz, process  # noqa: PLC0415  only for captions that nothing else explains

        plain = squash(caption)
        if len(plain) < 6 or len(caption) > _LONGEST_CAPTION:  # noqa: PLR2004  too short to tell
            return []
        # What is less like it than by the margin cannot be its rival.
        least = _LIKE - _LIKE_MARGIN
        alike = process.extract(
            plain, self._exact.keys(), scorer=fuzz.ratio, score_cutoff=least, limit=None
        )
        best: dict[str, float] = {}
        for name, likeness, _ in alike:
            field = self._exact[name]
            best[field] = max(best.get(field, 0.0), likeness)
        ranked = sorted(best.items(), key=lambda item: -item[1])
        if not ranked or ranked[0][1] < _LIKE:
            return []
        if len(ranked) > 1 and ranked[0][1] - ranked[1][1] < _LIKE_MARGIN:
            return []
        return [Match(ranked[0][0], 50, _BY_LIKENESS)]


def _is_simple(text: str) -> bool:
    """Tell a short text of one line without parentheses: it can be judged when it is folded."""
    return (
        len(text) <= _LONGEST_CAPTION and "\n" not in text and "(" not in text and "[" not in text
    )


@lru_cache(maxsize=4096)
def variants(caption: str) -> tuple[str, ...]:
    """Return the folded ways to read a caption: whole, without parentheses, unit, numbering."""
    whole = fold(caption)
    bare = whole if _is_simple(caption) else fold(_PARENTHESES.sub(" ", caption))
    short = _UNIT_TAIL.sub("", bare).strip()
    unnumbered = _NUMBERING.sub("", short)
    spelt = " ".join(_SHORT.get(word, word) for word in unnumbered.split())
    return tuple(dict.fromkeys(text for text in (whole, bare, short, unnumbered, spelt) if text))


def _asks_other(caption: str) -> bool:
    return not _OTHER_QUESTION.isdisjoint(key(caption).split())


def _is_past(parents: tuple[str, ...]) -> bool:
    """Tell captions under "Đã được hỗ trợ đợt 1": what was given is not what is asked for."""
    return any(_PAST.search(key(parent)) for parent in parents)


def _spelling(caption: str) -> str:
    """Return the caption with its diacritics, without parentheses and punctuation round it."""
    return key(_PARENTHESES.sub(" ", caption)).strip(" .:;,*-")


def _is_unit(caption: str) -> bool:
    """Tell a caption that is nothing but a unit or a remark: "(triệu đồng)", "m2"."""
    return not _UNIT_TAIL.sub("", fold(_PARENTHESES.sub(" ", caption))).strip()


@lru_cache(maxsize=4096)
def is_index(caption: str) -> bool:
    """Tell whether a caption is that of the running number: STT, TT."""
    return len(caption) <= _LONGEST_CAPTION and any(
        variant.replace(" ", "") in _INDEX_CAPTIONS for variant in variants(caption)
    )


def is_generic(caption: str) -> bool:
    """Tell a caption that says nothing without its parent: "Họ và tên", "Nội dung"."""
    return len(caption) <= _LONGEST_CAPTION and squash(caption) in _GENERIC


@lru_cache(maxsize=8)
def captions_of(form: Form) -> Captions:
    """Return the form's captions, prepared once for all documents of a campaign."""
    return Captions(form)


def _contains(
    words: tuple[str, ...], name: tuple[str, ...], field: str, harmless: frozenset[str]
) -> Match | None:
    size = len(name)
    if size < 2 or size >= len(words):  # noqa: PLR2004  one word alone proves nothing
        return None
    for start in range(len(words) - size + 1):
        if words[start : start + size] == name:
            if start == 0 and harmless.issuperset(words[size:]):
                return Match(field, 85 + size / 10, 1.0)
            return Match(field, 60 + 25 * size / len(words) + (5 if start == 0 else 0), _BY_WORDS)
    return None


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which columns hold which fields; ``ambiguous`` are captions that could be several."""

    columns: tuple[Column, ...]
    extras: tuple[tuple[int, str], ...]
    ambiguous: tuple[tuple[int, str], ...]
    doubled: tuple[tuple[int, str], ...]
    index: int | None


@lru_cache(maxsize=1024)
def assigned(paths: tuple[tuple[int, tuple[str, ...]], ...], captions: Captions) -> Assignment:
    """Return ``assign`` of these columns: the captions of one form come again and again."""
    return assign(dict(paths), captions)


def assign(paths: Mapping[int, tuple[str, ...]], captions: Captions) -> Assignment:
    """Give each field at most one column, the surest caption first, then the leftmost."""
    index = next((c for c in sorted(paths) if is_index(paths[c][-1])), None)
    years = {c: _year(path) for c, path in paths.items()}
    latest = max(years.values(), default=0)
    open_columns = {
        c: _doubted(captions.matches(path)) if 0 < years[c] < latest else captions.matches(path)
        for c, path in paths.items()
        if c != index
    }
    taken: dict[str, tuple[int, Match]] = {}
    doubled = _take_certain(open_columns, taken)
    rivals = _rivals(paths, open_columns, doubled, taken, captions.form)
    ambiguous = _take_doubtful(open_columns, taken) | rivals
    doubled -= rivals
    _doubt_days(paths, taken, captions.form)
    by_column = dict(taken.values())
    columns = tuple(
        Column(
            captions.form.field(by_column[c].key),
            c,
            one_line(paths[c][-1]),
            by_column[c].confidence,
        )
        for c in sorted(by_column)
    )
    loose = set(paths) - set(by_column) - {index} - ambiguous - doubled

    def named(chosen: Iterable[int]) -> tuple[tuple[int, str], ...]:
        return tuple((c, one_line(" – ".join(paths[c]))) for c in sorted(chosen))

    return Assignment(columns, named(loose), named(ambiguous), named(doubled), index)


def _doubt_days(
    paths: Mapping[int, tuple[str, ...]], taken: dict[str, tuple[int, Match]], form: Form
) -> None:
    """Doubt a bare "Ngày cấp" under or behind another paper: it may be the day of that one."""
    papers = {
        column
        for name, (column, _) in taken.items()
        if form.field(name).type == "code" and names_other_paper(form.field(name).label)
    }
    for name, (column, match) in taken.items():
        bare = any(is_bare_day(variant) for variant in variants(paths[column][-1]))
        if form.field(name).type == "date" and bare and is_of_other_paper(column, paths, papers):
            confidence = min(match.confidence, _BY_LIKENESS)
            taken[name] = column, replace(match, confidence=confidence)


def _year(path: tuple[str, ...]) -> int:
    """Return the latest year that the captions over a column's own state, 0 if none."""
    return max((int(year) for parent in path[:-1] for year in _YEAR.findall(parent)), default=0)


def _doubted(matches: Iterable[Match]) -> tuple[Match, ...]:
    return tuple(replace(match, confidence=_BY_LIKENESS) for match in matches)


def _rivals(
    paths: Mapping[int, tuple[str, ...]],
    options: Mapping[int, Sequence[Match]],
    doubled: Iterable[int],
    taken: dict[str, tuple[int, Match]],
    form: Form,
) -> set[int]:
    """Return the columns of another caption that name a taken money field as well; doubt both."""
    rivals = set()
    for column in doubled:
        name = options[column][0].key
        winner, match = taken[name]
        same = list(map(squash, paths[column])) == list(map(squash, paths[winner]))
        if form.field(name).type == "money" and not same:
            taken[name] = winner, replace(match, confidence=_BY_LIKENESS)
            rivals.add(column)
    return rivals


def _take_certain(
    options: Mapping[int, Sequence[Match]], taken: dict[str, tuple[int, Match]]
) -> set[int]:
    """Take the certain matches; return columns whose caption an equal column already took."""
    doubled = set()
    certain = [
        (-match.score, column, match)
        for column, matches in options.items()
        for match in matches[:1]
        if match.confidence == 1.0
    ]
    for score, column, match in sorted(certain, key=lambda item: item[:2]):
        if match.key not in taken:
            taken[match.key] = column, match
        elif taken[match.key][1].score == -score:
            doubled.add(column)
    return doubled


def _take_doubtful(
    options: Mapping[int, Sequence[Match]], taken: dict[str, tuple[int, Match]]
) -> set[int]:
    """Take doubtful matches that have no rival; return the columns that stay ambiguous."""
    ambiguous = set()
    used = {column for column, _ in taken.values()}
    wanted: dict[str, list[tuple[int, Match]]] = {}
    for column, matches in options.items():
        free = [match for match in matches if match.key not in taken and match.confidence < 1]
        if column in used or not free:
            continue
        if len(free) > 1 and free[0].score - free[1].score < _MARGIN:
            ambiguous.add(column)
            continue
        wanted.setdefault(free[0].key, []).append((column, free[0]))
    for field, claims in wanted.items():
        claims.sort(key=lambda claim: -claim[1].score)
        if len(claims) > 1 and claims[0][1].score - claims[1][1].score < _MARGIN:
            ambiguous.update(column for column, _ in claims)
            continue
        taken[field] = claims[0]
    return ambiguous
