"""The scripted SMTP server as the killer: it counts what the client asks and kills it there."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterable

from rigs.effects import Death, When
from rigs.smtp import Action, Drop, Reply, ScriptedSmtp, Verb

#: Two replies that would name a changing number otherwise.
TAKEN = Reply("250 2.0.0 taken", accept=True)
#: What the client says that changes something at the server; else it is the same whether the server
#: had begun to act or not.
_ACTS: frozenset[Verb] = frozenset({"DOT"})


class KillingSmtp(ScriptedSmtp):
    """A server that takes everything, and kills its client at one point.

    ``effects`` are the verbs so far, since `watch`. Before: the words arrived, nothing was done
    about them. After: it was done (the mail was taken), the answer never leaves.
    """

    def __init__(self) -> None:
        super().__init__()
        self.effects: list[str] = []
        self._death: Death | None = None
        self._victim = 0
        self._known = threading.Event()

    def watch(self, death: Death | None) -> None:
        """Count from now on; the client of `client` dies at this point."""
        self.effects = []
        self._death = death
        self._known.clear()

    def client(self, pid: int) -> None:
        """Say which process to kill."""
        self._victim = pid
        self._known.set()

    def action(self, verb: Verb, recipients: Iterable[str]) -> Action | None:
        """Count, kill, or do as scripted."""
        self.effects.append(f"smtp {verb}")
        number = len(self.effects)
        if self._death == Death(number, "before"):
            self._kill()
            return Drop()
        if self._death == Death(number, "after"):
            self._kill()
            return Drop(accept=verb == "DOT")
        scripted = super().action(verb, recipients)
        return TAKEN if scripted is None and verb == "DOT" else scripted

    def _kill(self) -> None:
        # The client waits for our answer: it dies without having done anything else.
        self._known.wait()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._victim, signal.SIGKILL)


def moments_of(kind: str) -> tuple[When, ...]:
    """When to kill at an effect of this kind."""
    verb = kind.removeprefix("smtp ")
    return ("before",) if kind != verb and verb not in _ACTS else ("before", "after")
