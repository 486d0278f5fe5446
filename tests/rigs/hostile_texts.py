"""Texts that do harm where they are shown carelessly, and ways to put them everywhere."""

import dataclasses
import itertools
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

#: What each would do: obey a terminal, forge a line, a header, a tag, a formula, break XML or JSON.
TEXTS: Mapping[str, str] = {
    "ansi": "x\x1b[2J\x1b[31mFORGED\x1b[0m",
    "osc": "x\x1b]0;title\x07\x1b]8;;http://evil.example\x1b\\link",
    "csi of one byte": "x\x9b31mred\x9d0;t\x9c",
    "lines": "x\nFORGED: line\r\nBcc: thu@evil.example\r\n\r\nFORGED body",
    "odd lines": "x\x0bFORGED\x0cFORGED\x85FORGED\u2028FORGED\u2029FORGED",
    "carriage return": "x\rFORGED",
    "bell, backspace, nul": "x\x07\x08\x7f\x00y",
    "direction": "x\u202excod.exe\u202c\u2066y\u2069\u200f",
    "invisible": "x\u200b\u2060\ufeff\u00ad\U000e0041y",
    "lone surrogates": "x\ud800y\udcff",
    "no characters": "x\ufffe\uffff\ufdd0y",
    "markup": "[bold red]x[/bold red][/][link=http://evil.example]y[/link]\\",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;<!--",
    "jinja": "{{ 7 * 7 }}{% raw %}{# x #}",
    "xml": "]]></t><t>x&#10;&evil;<?x?>_x000A__x001B_",
    "equals": '=HYPERLINK("http://evil.example";"x")',
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-1+1",
    "at": "@SUM(A1:A9)",
    "tab": "\t=1+1",
    "return": "\r=1+1",
    "encoded words": "=?utf-8?q?x=0D=0ABcc:_thu=40evil.example?=",
    "parameter": 'x"; filename="evil.exe"; y="',
    "path": "../../../etc/passwd",
    "percent": "%s%n%(x)s{0}{x}$x`id`",
    "long": "x" * 10_000,
    "long, wide": "\U0001f4c4" * 3_000,
    "quotes of logs": 'x" event=forged level=info y="',
}  # fmt: skip

#: Fields of ours that hold words of ours: ids, codes, names of rules.
_OURS = frozenset({
    "id", "campaign", "key", "code", "sha256", "kind", "role", "item", "receipt", "content_key",
    "ack", "identity", "template", "type", "severity", "state", "verdict", "message_sha256",
    "about", "timezone", "unit",
})  # fmt: skip


def each_in_turn(first: int = 0) -> Callable[[], str]:
    """Return a source of the hostile texts, one after the other, without end."""
    texts = list(TEXTS.values())
    return itertools.cycle([*texts[first:], *texts[:first]]).__next__


def poisoned(value: Any, text: str | Callable[[], str]) -> Any:
    """Return a value of dataclasses, tuples and mappings with the text in every free string."""
    if isinstance(value, str):
        return text if isinstance(text, str) else text()
    if isinstance(value, Mapping):
        return {key: poisoned(one, text) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(poisoned(one, text) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        hints = typing.get_type_hints(type(value))
        changed = {
            one.name: poisoned(getattr(value, one.name), text)
            for one in dataclasses.fields(value)
            if one.init and one.name not in _OURS and not _is_literal(hints[one.name])
        }
        return dataclasses.replace(value, **changed)
    return value


def _is_literal(hint: Any) -> bool:
    parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return any(typing.get_origin(part) is typing.Literal for part in parts)


def poisoned_view(view: Any, text: str, key: str = "") -> Any:
    """Return plain data with the text in every string but instants, states and kinds."""
    if isinstance(view, str):
        ours = key in _OURS or key.endswith(("_at", "at")) or "T" in view[8:12]
        return view if ours else text
    if isinstance(view, Mapping):
        return {name: poisoned_view(one, text, name) for name, one in view.items()}
    if isinstance(view, list | tuple):
        return [poisoned_view(one, text, key) for one in view]
    return view
