"""Runs of base64 set aside change nothing of what the standard parser makes of a message."""

import base64
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from random import Random
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs import letters

from config.model import Limits
from intake import base64_lines
from intake.base64_lines import restored, set_aside
from intake.message import parse

LIMITS = Limits()
ENDS = (b"\r\n", b"\n", b"\r")
#: Lines that decide something in the parser, well and badly formed, and some that nearly do.
DECIDING = (
    b"", b" ", b"--b", b"--b--", b"--b  ", b"--c", b"--c--", b"-", b"From somebody", b"From",
    b"From: a@xa.example", b"Subject: SetAside", b" continued", b":", b"words", b"AAAA=", b"AAAA",
    b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: multipart/digest; boundary=c",
    b"Content-Type: multipart/mixed", b"Content-Type: message/rfc822", b"Content-Type: text/html",
    b"Content-Type: message/delivery-status", b"Content-Type: text/rfc822-headers",
    b"Content-Type: application/pdf; name=a.pdf", b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: quoted-printable", b"Status: 5.1.1", b"begin 644 a", b"end",
    "Điểm".encode(), b"\xff\xfe", b"SetAsideUntilParse", b"SetAsideUntilParsed0",
)  # fmt: skip


def run(seed: int, lines: int, end: bytes) -> bytes:
    chance = Random(seed)  # noqa: S311  a file's bytes
    width = chance.choice((4, 60, 76, 500))
    text = base64.b64encode(chance.randbytes(lines * width))
    return b"".join(text[at * width : (at + 1) * width] + end for at in range(lines))


LINES = st.builds(bytes.__add__, st.sampled_from(DECIDING), st.sampled_from((*ENDS[:2], b"")))
#: The beginning of a part as programs write it.
OPENINGS = st.builds(
    lambda boundary, headers, end: end.join((boundary, *headers, b"", b"")),
    st.sampled_from((b"--b", b"--c")),
    st.lists(st.sampled_from([line for line in DECIDING if b": " in line]), max_size=2),
    st.sampled_from(ENDS[:2]),
)
RUNS = st.builds(run, st.integers(0, 5), st.integers(14, 60), st.sampled_from(ENDS))
#: A message as lines, parts and runs, whatever that gives.
PIECES = st.one_of(LINES, OPENINGS, RUNS)
HEAD = b"From: a@xa.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
MESSAGES = st.builds(
    bytes.__add__, st.sampled_from((b"", HEAD)), st.lists(PIECES, max_size=15).map(b"".join)
)


def told(node: Message, runs: tuple[bytes, ...]) -> Iterator[object]:
    """All that a node and those below it say, with its runs in their places."""
    yield node.raw_items() and list(node.raw_items()), node.get_unixfrom(), node.get_content_type()
    yield [type(defect) for defect in node.defects]
    yield [
        words if words is None else whole(words, runs) for words in (node.preamble, node.epilogue)
    ]
    payload = node._payload  # type: ignore[attr-defined]  # as it stood in the message
    if isinstance(payload, list):
        for child in payload:
            yield from told(child, runs)
    else:
        yield payload if payload is None else whole(payload, runs)


def whole(text: str, runs: tuple[bytes, ...]) -> bytes:
    return restored(text.encode("ascii", "surrogateescape"), runs)


@settings(max_examples=300, deadline=None)
@given(MESSAGES)
def test_the_standard_parser_says_the_same_of_what_is_left(raw: bytes) -> None:
    parser = BytesParser(policy=compat32)
    short, runs = set_aside(raw)
    assert restored(short, runs) == raw
    try:
        plain = list(told(parser.parsebytes(raw), ()))
    except Exception as problem:  # noqa: BLE001  it raises many things on such mail
        with pytest.raises(type(problem)):
            parser.parsebytes(short)
    else:
        assert list(told(parser.parsebytes(short), runs)) == plain


@settings(max_examples=150, deadline=None)
@given(MESSAGES)
def test_a_message_is_understood_alike(raw: bytes) -> None:
    with patch.object(base64_lines, "set_aside", lambda raw: (raw, ())):
        plain = parse(raw, LIMITS)
    assert parse(raw, LIMITS) == plain


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_of_a_file_hardly_a_line_is_left_to_the_parser(end: bytes) -> None:
    data = Random(1).randbytes(60_000)  # noqa: S311  a file's bytes
    raw = letters.multipart([letters.words("Kính gửi"), letters.file("biểu.xlsx", data)])
    raw = raw.replace(b"\r\n", end)
    short, runs = set_aside(raw)
    assert len(runs) == 1
    assert len(short) < 2_000
    (part,) = parse(raw, LIMITS).parts
    assert (part.data, part.defects) == (data, ())


def test_who_writes_our_mark_is_read_as_it_stands() -> None:
    raw = HEAD + b"\r\nSetAsideUntilParsed0\r\n" + run(1, 40, b"\r\n") + b"--b--\r\n"
    assert set_aside(raw) == (raw, ())
    assert "SetAsideUntilParsed0" in parse(raw, LIMITS).text
