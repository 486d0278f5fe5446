"""A daemon that stands by reads for the one that works: what waits there, from the other end.

It looks at the registry and the vault, and at nothing else: no mailbox, no SMTP, and what it cannot
do is logged and dropped. The one that works asks for what it left (`intake.readings`), or not.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Final

import structlog

from config.model import Config
from intake.opening import is_file, jail_limits, open_registry_beside, open_vault
from intake.readings import Keeping
from parsers.fingerprint import code_fingerprint, is_current
from registry.errors import RegistryBusy, RegistryProblem
from registry.lease import DAEMON, this_process

_log = structlog.get_logger("beside")
_LOOK_SECONDS: Final = 1.0
#: After trouble of its own: it must not be in anybody's way.
_PAUSE_SECONDS: Final = 10.0
#: A claim ends by itself: long enough for a mail with many scans.
_CLAIM_SECONDS: Final = 300.0


@contextmanager
def reading_beside(config: Config) -> Iterator[Callable[[], None]]:
    """Yield what a waiting daemon calls at each look; from the first call on, a thread reads.

    At the block's end it is told to stop and not waited for: taking over must not wait for it.
    """
    if is_file(config):
        yield lambda: None
        return
    beside = Beside(config)
    try:
        yield beside.begin
    finally:
        beside.ended.set()


class Beside:
    """The thread, its registry, and its jail."""

    def __init__(self, config: Config) -> None:
        self.ended = threading.Event()
        self._config = config
        self._thread: threading.Thread | None = None
        self._told = ""
        me = this_process()
        self._me = f"{me.host} {me.pid}"

    def begin(self) -> None:
        """Start the thread, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="beside", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self.ended.is_set():
            try:
                self._read_on()
            except (RegistryBusy, RegistryProblem, OSError) as error:
                self._tell(str(error))
            except Exception:  # noqa: BLE001  whatever it is: the other daemon does without us
                _log.exception("beside_failed")
            self.ended.wait(_PAUSE_SECONDS)

    def _read_on(self) -> None:
        """Read whatever waits, until told to stop."""
        from intake.desk import reading_desk, utc_now  # noqa: PLC0415  who works needs none of it
        from intake.understand import read_for_another  # noqa: PLC0415

        config = self._config
        store = open_registry_beside(config)
        if store is None:
            self._tell("the registry has another version's schema")
            return
        vault = open_vault(config)
        with closing(store), reading_desk(config, store, vault, utc_now) as (desk, _):
            desk.told = None  # scanner and DNS are asked, as by who works
            while not self.ended.is_set():
                why_not = self._of_no_use(
                    [one.code for one in store.tenures() if one.name == DAEMON]
                )
                message = None if why_not else store.claim_reading(self._me, _CLAIM_SECONDS)
                if message is None:
                    self._tell(why_not)
                    self.ended.wait(_LOOK_SECONDS)
                    continue
                keeping = Keeping(desk.reader, jail_limits(config))
                try:
                    read_for_another(replace(desk, reader=keeping), message)
                finally:  # also when it failed: it is not tried again here
                    if is_current():
                        store.put_readings(message.id, self._me, keeping.answers)
                _log.info("read_ahead", message=message.id, documents=len(keeping.answers))

    def _of_no_use(self, codes: list[str]) -> str:
        """Return why nothing that is read here would be used; "" if it may be."""
        if not is_current():
            return "the program's files were changed since it started: start it again"
        if codes and codes[0] != code_fingerprint():
            return "the daemon that works runs another version of the program"
        return ""

    def _tell(self, reason: str) -> None:
        """Say once why nothing is read here."""
        if reason and reason != self._told:
            _log.warning("not_reading", reason=reason)
        self._told = reason
