"""A form: which columns it has and what they hold; Grid → rows and findings."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from parsers.grid import Extract
    from parsers.interpretation import Interpretation

FieldType = Literal["text", "code", "phone", "choice", "decimal", "list", "stars", "date", "money"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One allowed value of a choice field and the other ways it is written."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    value: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a form (DESIGN §6).

    ``aliases`` are other headers for the same column. ``unit`` is what money without any stated
    unit means (``đồng``, ``nghìn đồng``, ``triệu đồng``, ``tỷ đồng``; empty = a finding asks).
    ``low`` and ``high`` bound what is usual, in the canonical unit; outside is a warning, never a
    refusal. ``personal`` values are never quoted in mails or logs.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    key: str
    label: str
    type: FieldType
    required: bool = False
    aliases: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    unit: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    personal: bool = False
    #: For a date: how many months what was issued then is good for.
    valid_months: int | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """The definition of what a campaign collects: its fields, in the order they are printed.

    ``nil_phrases`` and ``topic_phrases`` help ``letter.py`` to tell a nil return of this campaign
    from a letter that only mentions the words. ``words`` are likely in this campaign (names in
    earlier submissions, communes): a reader of pictures prefers them among look-alikes.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    title: str
    fields: tuple[Field, ...]
    titles: tuple[str, ...] = ()
    nil_phrases: tuple[str, ...] = ()
    topic_phrases: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def name_key(self) -> str:
        """The key of the field that names a point: the first required one; empty if none is."""
        return next((field.key for field in self.fields if field.required), "")

    def field(self, key: str) -> Field:
        """Return the field of this key; KeyError if the form has none."""
        for candidate in self.fields:
            if candidate.key == key:
                return candidate
        raise KeyError(key)


def interpret(extract: "Extract", form: Form) -> "Interpretation":
    """Return the form's rows in an extract; see ``interpretation.interpret``.

    Stands here because a form knows how to read itself, and is imported late because config, which
    only needs the types, shall start quickly.
    """
    from parsers import interpretation  # noqa: PLC0415  see above

    return interpretation.interpret(extract, form)
