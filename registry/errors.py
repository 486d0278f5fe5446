"""What can go wrong with the registry, sorted by who can do something about it."""


class RegistryProblem(Exception):  # noqa: N818  a problem to be fixed, as ConfigProblem is
    """The admin can fix it; the text says what was found and what to do. Nothing was changed."""


class RegistryDamaged(RegistryProblem):
    """The database file is not a sound database."""


class RegistryTooNew(RegistryProblem):
    """The database was written by a newer version of this program."""


class RegistryBehind(RegistryProblem):
    """The registry lacks events that the journal's copy in the vault has."""


class RegistryWentBack(RegistryProblem):
    """The registry lacks an event that this process wrote or read: an older state is in its place.

    What the process remembers is not true any more: it must end. A start takes over what was lost.
    """

    def __init__(self, serial: int) -> None:
        super().__init__(
            f"the registry went back: event {serial} of its journal, which this process knows, is "
            "not there any more. The database server failed over to a replica that lacked it, or "
            "an older state was put in its place. Stopping: the next start plays onto it what the "
            "vault's copy of the journal knows, and asks the mailbox for the rest; starting again "
            "is safe"
        )


class RegistryBusy(Exception):  # noqa: N818  it passes by itself
    """Somebody else holds the database, or the disk is full: try the same call again later."""


class NotPossible(Exception):  # noqa: N818  an answer to a caller, not a fault
    """The registry's state does not allow this: recorded twice, nothing to approve."""


class VaultAway(OSError):  # noqa: N818  named for what happened, as RegistryBusy is
    """The bucket of the vault does not answer or refuses us; what was asked for can be repeated."""
