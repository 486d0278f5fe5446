"""Whether the registry is as far as its vault: asked before the daemon does anything."""

import datetime as dt

import structlog

from registry.errors import RegistryBehind
from registry.journal_copy import CopyDamaged, JournalCopy
from registry.store import Store

_log = structlog.get_logger("standing")


def notice_behind(copy: JournalCopy, store: Store, now: dt.datetime) -> None:
    """Mark a registry that lacks what its vault knows: it catches up before it speaks.

    An older copy was put in its place: it does not know which mails have left. An empty one beside
    a vault that has a journal was deleted, and the vault tells more than the mailbox: refused.

    Raises:
        RegistryBehind: the text says how to bring it back.
    """
    try:
        if copy.standing(store) != "registry-behind":
            return
        has, knows = store.journal_head().serial, copy.head().serial
    except CopyDamaged as error:  # it is set aside at the first tick; `intake verify` says more
        _log.error("journal_copy_damaged", reason=str(error))
        return
    told = f"has {has} events and the journal's copy in the vault {knows}"
    if has == 0:
        raise RegistryBehind(
            f"{store.path_of_database()} {told} ({copy.path}): it was deleted or moved away. "
            "Move the new file away and run `intake replay --in-place`"
        )
    store.fall_behind(f"the registry {told}: an older copy was put in its place", now)
