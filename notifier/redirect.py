"""A first run: while ``smtp.redirect_all_to`` is set every mail goes to that address only. Pure.

What was redirected was shown, not sent: it has a key of its own, so that the debt's own key stays
free. Nobody counts as asked, answered or informed by it, and what is still owed when the address
is taken out leaves then.
"""

from dataclasses import replace

from config.model import Settings
from notifier.debt import Due
from registry.model import Mail, redirected_key


def redirected(due: Due, settings: Settings) -> Due:
    """Return the debt as it leaves: itself, or one mail to the address that gets everything.

    A mail that goes to nobody but that address is what it is, and counts.
    """
    target = settings.smtp.redirect_all_to
    meant_for = tuple(dict.fromkeys((*due.to, *due.cc)))
    if not target or not due.to or {one.casefold() for one in meant_for} == {target.casefold()}:
        return due
    key = redirected_key(due.key, target, meant_for)
    return replace(due, key=key, to=(target,), cc=(), meant_for=meant_for)


def stray(mail: Mail, settings: Settings) -> str:
    """Return why a queued mail must not leave as things are redirected now, or "" (English)."""
    target = settings.smtp.redirect_all_to
    if target and mail.recipient.casefold() == target.casefold():
        return ""
    if target:
        return f"smtp.redirect_all_to is set{', to another address' if mail.redirected else ''}"
    return "smtp.redirect_all_to is not set any more" if mail.redirected else ""
