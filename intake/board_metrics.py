"""/metrics: the numbers of the last look, in the formats that Prometheus reads."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from intake.board_pulse import Pulse
from notifier.health import Trouble


def exposition(pulse: Pulse, health: tuple[Trouble, ...], accept: str) -> tuple[bytes, str]:
    """Return the text and its content type, as the asker accepts it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(pulse, health))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Numbers(Collector):
    """A registry of its own for each answer: no number outlives what it counted."""

    def __init__(self, pulse: Pulse, health: tuple[Trouble, ...]) -> None:
        self._pulse, self._health = pulse, health

    def collect(self) -> Iterator[Metric]:
        """Yield every family; one without a sample is there all the same."""
        numbers = self._pulse.numbers
        families = (
            ("messages", "Received messages", ("state", "verdict"), numbers.messages),
            ("mails", "Outgoing mails", ("state", "kind"), numbers.mails),
            ("communes", "Communes that must answer", ("campaign", "state"), numbers.communes),
        )
        for name, words, labels, counts in families:
            family = GaugeMetricFamily(f"intake_{name}", words, labels=labels)
            for key, count in sorted(counts.items()):
                family.add_metric(key, count)
            yield family
        yield GaugeMetricFamily(
            "intake_unexplained_messages",
            "Received messages that are in no class of the account",
            value=numbers.unexplained,
        )
        family = GaugeMetricFamily(
            "intake_troubles", "What is not well now", labels=("code", "severity")
        )
        found = Counter((one.code, one.severity) for one in self._health)
        for labels, count in sorted(found.items()):
            family.add_metric(labels, count)
        yield family
        yield GaugeMetricFamily(
            "intake_last_tick_timestamp_seconds",
            "When the loop last turned",
            value=self._pulse.at.timestamp(),
        )
        if self._pulse.read_at is not None:
            yield GaugeMetricFamily(
                "intake_last_poll_timestamp_seconds",
                "Until when the inbox counts as read",
                value=self._pulse.read_at.timestamp(),
            )
