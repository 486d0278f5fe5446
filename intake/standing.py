"""Whether the registry is as far as its vault: asked before the daemon does anything."""

import structlog

from registry.errors import RegistryBehind
from registry.journal_copy import CopyDamaged, JournalCopy
from registry.store import Store

_log = structlog.get_logger("standing")


def refuse_behind(copy: JournalCopy, store: Store) -> None:
    """Refuse to go on with a registry that lacks what its vault knows.

    It was deleted, or an older copy was put in its place: it does not know which mails have left.

    Raises:
        RegistryBehind: the text says how to bring it up to date.
    """
    try:
        if copy.standing(store) != "registry-behind":
            return
        has, knows = store.journal_head().serial, copy.head().serial
    except CopyDamaged as error:  # it is set aside at the first tick; `intake verify` says more
        _log.error("journal_copy_damaged", reason=str(error))
        return
    raise RegistryBehind(
        f"{store.path_of_database()} has {has} events and the journal's copy in the vault has "
        f"{knows} ({copy.path}): an older copy was put in its place, or it is new. Going on would "
        "answer and remind again. Move the file away and run `intake replay --in-place`"
    )
