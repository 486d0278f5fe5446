"""Seals: short codes that only this office can make, bound to all that they are made for. Pure."""

import hashlib
import hmac

#: Crockford's base 32: no I, L, O or U, so that a code can be read out and typed.
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("ILO", "110")
#: 80 bits: nobody guesses them by sending mails.
_LENGTH = 16


def seal(secret: bytes, purpose: str, *parts: str) -> str:
    """Return the code of these parts for this purpose: 16 letters and digits (HMAC-SHA256).

    The parts are told apart, and a code made for one purpose is worth nothing for another.
    """
    message = b"".join(_framed(part) for part in (purpose, *parts))
    number = int.from_bytes(hmac.digest(secret, message, hashlib.sha256)[:10])
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))


def fits(code: str, secret: bytes, purpose: str, *parts: str) -> bool:
    """Whether a code, as somebody copied or typed it, is the seal of these parts."""
    typed = "".join(letter for letter in code.upper() if letter.isalnum()).translate(_MISREAD)
    return hmac.compare_digest(typed.encode(), seal(secret, purpose, *parts).encode())


def _framed(part: str) -> bytes:
    """Return a part with its length before it: "ab", "c" is not "a", "bc"."""
    data = part.encode("utf-8", "surrogatepass")
    return len(data).to_bytes(4) + data
