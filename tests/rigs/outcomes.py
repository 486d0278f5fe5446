"""What a reader returned, as the outcome that a test expects."""

from parsers.grid import Extract
from parsers.reading import Refusal


def extracted(result: Extract | Refusal) -> Extract:
    """Return what was read; fail with the refusal."""
    assert isinstance(result, Extract), result
    return result


def refusal(result: Extract | Refusal, kind: str) -> Refusal:
    """Return the refusal of a document of this kind: words for people, a detail for the log."""
    assert isinstance(result, Refusal), result
    assert result.message
    assert result.detail.isascii()
    assert result.kind == kind
    return result
