"""What a server's reply, or its silence, means for a mail. Pure."""

import ssl

import aiosmtplib

from notifier.delivery import AuthFailed, Delivery, Later, Never

#: Replies that mean "not you": nothing will go before the admin acts (RFC 4954).
_AUTH_CODES = frozenset({530, 534, 535, 538})


def judge(verb: str, reply: aiosmtplib.SMTPResponse) -> Delivery:
    """Return what a refusal means: 5yz is for good, the rest may be tried again (RFC 5321)."""
    reason = f"{verb}: {said(reply)}"
    if reply.code in _AUTH_CODES:
        return AuthFailed(reason)
    return Never(reason) if 500 <= reply.code < 600 else Later(reason)  # noqa: PLR2004  5yz


def connection_trouble(error: Exception) -> Later | AuthFailed:
    """Sort what happened before MAIL: it concerns every mail, never only this one."""
    causes = (error, error.__cause__)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return AuthFailed(f"the server's certificate does not verify: {words(error)}")
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= 500:  # noqa: PLR2004  5yz
        return AuthFailed(f"login refused: {words(error)}")
    return Later(f"no usable connection: {words(error)}", everybody=True)


def unsendable(recipient: str, sender: str) -> Delivery | None:
    """Return why these addresses must not be put into a dialogue, or None."""
    for address, outcome in ((recipient, Never), (sender, AuthFailed)):
        bad = not address.isascii() or any(c in "<>\\" or not c.isprintable() for c in address)
        if bad or " " in address or "@" not in address:
            return outcome(f"not an address that SMTP can carry: {address!r}")
    return None


def positive(reply: aiosmtplib.SMTPResponse) -> bool:
    """Whether the server agreed."""
    return 200 <= reply.code < 300  # noqa: PLR2004  2yz, RFC 5321 4.2.1


def said(reply: aiosmtplib.SMTPResponse) -> str:
    """Return the server's own words on one line, at most 500 characters."""
    text = " ".join(reply.message.encode("utf-8", "replace").decode().split())
    return f"{reply.code} {text}"[:500]


def words(error: BaseException) -> str:
    """Return an error on one line, at most 500 characters."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]
