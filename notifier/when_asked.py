"""A list that is made when somebody looks at it: most wordings never look at all communes. Pure."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeVar, overload

_Item = TypeVar("_Item")


class WhenAsked(Sequence[_Item]):
    """What ``made`` returns, made once, when it is first looked at. Equal to a list of the same."""

    def __init__(self, made: Callable[[], list[_Item]]) -> None:
        self._made = made

    @cached_property
    def _items(self) -> list[_Item]:
        return self._made()

    @overload
    def __getitem__(self, place: int) -> _Item: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[_Item]: ...
    def __getitem__(self, place: int | slice) -> _Item | Sequence[_Item]:
        return self._items[place]

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return self._items == (other._items if isinstance(other, WhenAsked) else other)

    def __hash__(self) -> int:
        raise TypeError("unhashable, as a list is")

    def __repr__(self) -> str:
        return repr(self._items)
