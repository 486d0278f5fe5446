"""The communes of a day, and what every message asks about them, worked out once.

A nation has thousands: nothing that is asked for each message may walk them all.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from parsers.vietnamese import fold

_CLASS_WORDS = {
    "xa": "xa",
    "x": "xa",
    "thi tran": "thi tran",
    "tt": "thi tran",
    "phuong": "phuong",
}


@dataclass(frozen=True, slots=True)
class Commune:
    """A unit that must answer. Codes were reused with another meaning: the key is a pair."""

    code: str
    valid_from: dt.date
    valid_to: dt.date | None
    kind: str
    name: str
    emails: tuple[str, ...]
    chair_emails: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, dt.date]:
        """(code, valid_from)."""
        return self.code, self.valid_from

    @property
    def title(self) -> str:
        """Class word and name as officials write it: ``Xã Hòa Cư``."""
        return f"{self.kind[:1].upper()}{self.kind[1:]} {self.name}"

    def valid_on(self, day: dt.date) -> bool:
        """Whether the unit exists on that day (``valid_to`` exclusive)."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class Communes(tuple[Commune, ...]):  # noqa: SLOT001  what is worked out is kept in it
    """A roster, with its questions. Compares as the tuple that it is."""

    @classmethod
    def of(cls, given: Sequence[Commune]) -> "Communes":
        """Return these communes with their questions; the same object if they have them."""
        return given if isinstance(given, cls) else cls(given)

    @cached_property
    def by_address(self) -> Mapping[str, tuple[Commune, ...]]:
        """Whose an address (case-folded) is, in roster order; a commune's own or its chairman's."""
        found: dict[str, list[Commune]] = defaultdict(list)
        for commune in self:
            owned = map(str.casefold, (*commune.emails, *commune.chair_emails))
            for address in dict.fromkeys(owned):
                found[address].append(commune)
        return MappingProxyType({address: tuple(owners) for address, owners in found.items()})

    @cached_property
    def speakers(self) -> Mapping[str, str]:
        """Address (case-folded) → ``commune``, or ``chair`` where it is only a chairman's."""
        found = {one.casefold(): "chair" for commune in self for one in commune.chair_emails}
        found |= {one.casefold(): "commune" for commune in self for one in commune.emails}
        return MappingProxyType(found)

    @cached_property
    def by_key(self) -> Mapping[tuple[str, str], Commune]:
        """By code and the day of ``valid_from`` as ISO has it."""
        return MappingProxyType({(one.code, one.valid_from.isoformat()): one for one in self})

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """Their names with the class word, and their aliases."""
        return tuple(title for one in self for title in (one.title, *one.aliases))

    @cached_property
    def by_bare_name(self) -> Mapping[str, tuple[Commune, ...]]:
        """By the folded name without its class word."""
        found: dict[str, tuple[Commune, ...]] = {}
        for one in self:
            found[fold(one.name)] = (*found.get(fold(one.name), ()), one)
        return MappingProxyType(found)

    def named_in(self, folded_lines: Iterable[str]) -> tuple[Commune, ...]:
        """Return who is named with class word or by a whole alias, in roster order.

        Of names that begin at the same word the longest is meant: "xã Tân Thành Đông" does not
        name xã Tân Thành.
        """
        found = {place for line in folded_lines for place in self._named_in(line)}
        return tuple(self[place] for place in sorted(found))

    def _named_in(self, line: str) -> Iterator[int]:
        words = line.split()
        for at, word in enumerate(words):
            for length in self._lengths.get(word, ()):
                places = self._phrases.get(" ".join(words[at : at + length]))
                if places and at + length <= len(words):
                    yield from places
                    break

    @cached_property
    def _phrases(self) -> Mapping[str, tuple[int, ...]]:
        """What names a commune, folded → its places in the roster."""
        found: dict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(self):
            kind, name = fold(one.kind), fold(one.name)
            words = [word for word, meaning in _CLASS_WORDS.items() if meaning == kind] or [kind]
            for phrase in (*(f"{word} {name}" for word in words), *map(fold, one.aliases)):
                if phrase.strip():
                    found[phrase].append(place)
        return {phrase: tuple(places) for phrase, places in found.items()}

    @cached_property
    def _lengths(self) -> Mapping[str, tuple[int, ...]]:
        """First word → how many words the names have that begin with it, longest first."""
        found: dict[str, set[int]] = defaultdict(set)
        for phrase in self._phrases:
            first, *rest = phrase.split()
            found[first].add(1 + len(rest))
        return {word: tuple(sorted(lengths, reverse=True)) for word, lengths in found.items()}
