"""Couriers and clerks for tests: letters one by one, each with an outcome of its own."""

from collections.abc import Callable, Collection, Sequence

from notifier.delivery import Clerk, Delivery, Letter

#: What a courier does with one letter: recipient, bytes, what must be called before the content.
Send = Callable[[str, bytes, Callable[[], None]], Delivery]


class NotHandedError(Exception):
    """The clerk did not let the content go."""


def one_by_one(clerk: Clerk, send: Send) -> None:
    """Carry as a courier with one connection does."""
    while (letter := clerk.take()) is not None:

        def before_data(letter: Letter = letter) -> None:
            if letter.mail_id not in clerk.write([letter]):
                raise NotHandedError

        try:
            outcome = send(letter.recipient, letter.raw, before_data)
        except NotHandedError:
            continue
        clerk.done(letter, outcome)
        clerk.write([])


class LoneClerk:
    """Has one letter; ``outcome`` is what became of it."""

    def __init__(self, letter: Letter, before_data: Callable[[], None]) -> None:
        self._letter: Letter | None = letter
        self._before_data = before_data
        self.outcome: Delivery | None = None

    @property
    def waiting(self) -> int:
        return int(self._letter is not None)

    def take(self) -> Letter | None:
        letter, self._letter = self._letter, None
        return letter

    def back(self, letter: Letter) -> None:
        self._letter = letter

    def done(self, letter: Letter, delivery: Delivery) -> None:  # noqa: ARG002  it has only one
        self.outcome = delivery

    def write(self, handing: Sequence[Letter]) -> Collection[int]:
        for _ in handing:
            self._before_data()
        return [letter.mail_id for letter in handing]
