"""Plain text → lines: letters and nil statements that somebody typed into a .txt."""

from parsers.charset import decoded
from parsers.form import Form
from parsers.grid import Extract, Limits
from parsers.package import RefusedError, refusal_of
from parsers.reading import Refusal
from parsers.sparse import Budget
from parsers.vietnamese import repair


def extract(
    data: bytes, limits: Limits | None = None, _form: Form | None = None
) -> Extract | Refusal:
    """Read the lines of a text; it has no tables.

    Returns:
        An ``Extract``, or a ``Refusal`` with code ``damaged``, ``too-large`` or ``empty``.
    """
    try:
        text = decoded(data)
        Budget(limits or Limits()).spell(len(text))
        lines = tuple(line.strip() for line in repair(text).split("\n") if line.strip())
        if not lines:
            raise RefusedError("empty", "no text")  # noqa: TRY301  as every reader refuses
    except RefusedError as error:
        return refusal_of(error, "text")
    return Extract("text", (), lines)
