"""Receipt numbers: short enough for the telephone, with a digit that catches slips."""

import re

_SHAPE = re.compile(r"(?P<body>.+-[0-9A-Z]+-\d{2,})-(?P<check>\d)", re.ASCII)

# The totally anti-symmetric quasigroup of H. Michael Damm, "Total anti-symmetrische
# Quasigruppen" (Marburg 2004): it catches every wrong digit and every swap of neighbours.
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def check_digit(text: str) -> str:
    """Return the check digit of a text: Damm's, over its digits and its letters' numbers.

    A letter counts as its two-digit place after 9 (A = 10 … Z = 35); hyphens, spaces and case do
    not count. Every single wrong digit and every swap of two neighbouring digits is caught.
    """
    state = 0
    for digit in _digits(text):
        state = int(_DAMM[state][int(digit)])
    return str(state)


def receipt_number(prefix: str, code: str, serial: int) -> str:
    """Return ``<prefix>-<code>-<serial, two digits>-<check digit>``.

    Raises:
        ValueError: the serial is not positive.
    """
    if serial < 1:
        raise ValueError(f"serials start at 1, this is {serial}")
    body = f"{prefix}-{code}-{serial:02d}"
    return f"{body}-{check_digit(body)}"


def valid_receipt(text: str) -> bool:
    """Whether the text has a receipt number's shape and its check digit is right."""
    match = _SHAPE.fullmatch(text.strip().upper())
    return match is not None and check_digit(match["body"]) == match["check"]


def _digits(text: str) -> str:
    return "".join(
        char if char.isdigit() and char.isascii() else str(_place(char))
        for char in text.upper()
        if char.isalnum()
    )


def _place(char: str) -> int:
    return ord(char) - ord("A") + 10 if char.isascii() else ord(char)
