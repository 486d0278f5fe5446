"""An office in memory as a desk at which mails arrive one after another."""

import datetime as dt

from rigs.memory_office import MemoryOffice

from registry.model import Message

HOUR = dt.timedelta(hours=1)


class ArrivalDesk:
    """An office, and what it makes of each mail."""

    def __init__(self, office: MemoryOffice) -> None:
        self.office, self.store = office, office.store

    def gets(self, raw: bytes) -> Message:
        """A mail comes, an hour later, and is worked off; what the office made of it."""
        self.office.pass_time(HOUR)
        self.office.server.deliver(raw, self.office.now)
        self.office.daemon.until_idle()
        return max(self.store.messages(), key=lambda one: one.id)
