"""The Authentication-Results of one server → what it found, by RFC 8601 section 2.2. Pure.

Strict on purpose: a value that the grammar does not allow proves nothing, for it may have been
written to be read in two ways.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

#: Longer values are not looked at: a server's verdicts on one mail take some hundred characters.
_CHARS = 8_000
_WORD = re.compile(r'[^\s()";=\\]+')
#: What follows an "=" may hold further ones: pieces of signatures are quoted in Base64.
_VALUE = re.compile(r'[^\s()";\\]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_MARKS = "=;"


@dataclass(frozen=True, slots=True)
class Result:
    """One method's result, both in lower case: ``dmarc``, ``pass``.

    ``properties`` are ``header.from`` and the like (names and values in lower case).
    """

    method: str
    value: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Results:
    """What one server says. ``server`` is its authserv-id in lower case."""

    server: str
    results: tuple[Result, ...]

    def of(self, method: str) -> tuple[Result, ...]:
        """Return the results of a method; a server may have several."""
        return tuple(one for one in self.results if one.method == method)


def read_results(value: str) -> Results | None:
    """Return what an unfolded header value says, or None when it is not well-formed."""
    tokens = _tokens(value) if len(value) <= _CHARS else None
    if not tokens:
        return None
    head, *groups = _split(tokens)
    # authserv-id, then perhaps the version of the format, of which there is only 1
    words = [text for kind, text in head if kind == "word"]
    if len(words) != len(head) or not words or words[1:] not in ([], ["1"]) or not groups:
        return None
    found = []
    for group in groups:
        if [text for _, text in group] == ["none"] and len(groups) == 1:
            break
        result = _result(group)
        if result is None:
            return None
        found.append(result)
    return Results(words[0], tuple(found))


_Token = tuple[str, str]


def _tokens(value: str) -> list[_Token] | None:
    """Return words, quoted strings (as words too) and marks; None when something is not closed."""
    found: list[_Token] = []
    at = 0
    while at < len(value):
        char = value[at]
        if char.isspace():
            at += 1
        elif char == "(":
            at = _after_comment(value, at)
            if not at:
                return None
        elif char in _MARKS and not (char == "=" and found[-1:] == [("mark", "=")]):
            found.append(("mark", char))
            at += 1
        else:
            plain = _VALUE if found[-1:] == [("mark", "=")] else _WORD
            match = (_QUOTED if char == '"' else plain).match(value, at)
            if match is None:
                return None
            text = re.sub(r"\\(.)", r"\1", match[1]) if char == '"' else match[0]
            found.append(("word", text.lower()))
            at = match.end()
    return found


def _after_comment(value: str, at: int) -> int:
    """Return where a comment (they nest, and may escape characters) ends; 0 if it never does."""
    depth = 0
    while at < len(value):
        char = value[at]
        depth += (char == "(") - (char == ")")
        at += 2 if char == "\\" else 1
        if depth == 0:
            return at
    return 0


def _split(tokens: list[_Token]) -> list[list[_Token]]:
    groups: list[list[_Token]] = [[]]
    for token in tokens:
        if token == ("mark", ";"):
            groups.append([])
        else:
            groups[-1].append(token)
    if len(groups) > 1 and not groups[-1]:
        groups.pop()  # many servers end with a semicolon
    return groups


def _result(group: list[_Token]) -> Result | None:
    """Return ``method[/version]=result reason=… ptype.property=value …``."""
    if len(group) % 3:
        return None
    pairs: list[tuple[str, str]] = []
    for name, mark, value in zip(group[::3], group[1::3], group[2::3], strict=True):
        if (name[0], mark, value[0]) != ("word", ("mark", "="), "word"):
            return None
        pairs.append((name[1], value[1]))
    if not pairs:
        return None
    (method, outcome), *properties = pairs
    if len(dict(properties)) != len(properties):
        return None  # the same property twice: which one would count?
    return Result(method.partition("/")[0], outcome, dict(properties))
