"""Everything a report is made of, frozen: the same inputs give the same files, byte for byte.

No row ids and no times of our own processing are in it, so that replaying the vault into an empty
registry gives the same inputs again (DESIGN §5, promise 8).
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from parsers.reading import Finding, Letter
from registry.model import CommuneKey, CommuneState, SubmissionState

_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file that a commune sent."""

    name: str
    sha256: str
    role: str


@dataclass(frozen=True, slots=True)
class CriterionFacts:
    """What a point's row says about one criterion of the campaign, and why."""

    label: str
    answer: str
    reason: str


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """One item of the dossier: the files that came, with their point (0 = open), what lacks it."""

    label: str
    required: bool
    files: tuple[tuple[str, int], ...]
    missing: tuple[int, ...]
    expired: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PointFacts:
    """One point with the place of each value; ``raw`` is the text as written."""

    values: Mapping[str, str]
    raw: Mapping[str, str]
    places: Mapping[str, str]
    confidence: Mapping[str, float]
    file: str
    sha256: str
    criteria: tuple[CriterionFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """One version of a commune's answer."""

    version: int
    receipt: str
    state: SubmissionState
    received_at: dt.datetime
    late: bool
    after_close: bool
    message_sha256: str
    letter: Letter | None
    files: tuple[FileFacts, ...]
    points: tuple[PointFacts, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity == "error" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class MailFacts:
    """One of our mails to a commune: the evidence that it was asked, unless it came back."""

    kind: str
    recipient: str
    state: str
    at: dt.datetime
    server: str
    response: str
    bounced_at: dt.datetime | None = None

    @property
    def delivered(self) -> bool:
        """Whether it counts as delivered: a server took it, and it did not come back."""
        return self.state == "sent" and self.bounced_at is None


@dataclass(frozen=True, slots=True)
class CommuneFacts:
    """One commune: its state, the version that counts (if any), all versions, our mails to it."""

    code: str
    valid_from: dt.date
    title: str
    addressee: str
    state: CommuneState
    counted: VersionFacts | None
    versions: tuple[VersionFacts, ...]
    heard: int
    first_heard_at: dt.datetime | None
    mails: tuple[MailFacts, ...]
    dossier: tuple[ItemFacts, ...] = ()

    @property
    def points(self) -> tuple[PointFacts, ...]:
        """The points that count."""
        return self.counted.points if self.counted else ()

    @property
    def reached(self) -> bool:
        """Whether a call or reminder was delivered to it."""
        return any(mail.delivered for mail in self.mails if mail.kind in {"call", "reminder"})


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One column of the form."""

    key: str
    label: str
    type: str
    required: bool
    title: bool


@dataclass(frozen=True, slots=True)
class BaseFacts:
    """What a supplement adds to: the report released last, and the supplement's own number.

    ``inputs_sha256`` names the inputs of that report in the vault; empty when they are not known
    (the report was found in Sent). ``base_supplement`` is 0 when it was a full report. The letter
    is that which was signed for it, as far as it is known.
    """

    supplement: int
    number: int
    base_supplement: int
    inputs_sha256: str
    letter_number: str = ""
    letter_issued_on: str = ""


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """One report. ``made_at`` is its only clock; ``supplement`` = answers after closing count.

    ``basis`` are the documents of others that the campaign rests on, ``calls`` our own before it.
    A supplement holds all that one would report now, and its ``base``: what differs follows from
    both (`notifier.changes`).
    """

    made_at: dt.datetime
    timezone: str
    office_name: str
    office_unit: str
    office_place: str
    office_parent: str
    campaign: str
    title: str
    round: int
    number: str
    basis: tuple[str, ...]
    calls: tuple[str, ...]
    deadline_at: dt.datetime
    closes_at: dt.datetime
    closed: bool
    silence: str
    late: str
    recipient: str
    report_title: str
    notation: str
    signer_authority: str
    signer_title: str
    supplement: bool
    fields: tuple[FieldFacts, ...]
    communes: tuple[CommuneFacts, ...]
    base: BaseFacts | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The office's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def counted_until(self) -> dt.datetime:
        """Until when answers count: a full report leaves out what came after closing."""
        return self.made_at if self.supplement else min(self.made_at, self.closes_at)

    def in_state(self, *states: CommuneState) -> tuple[CommuneFacts, ...]:
        """Return the communes in one of these states, in roster order."""
        return tuple(commune for commune in self.communes if commune.state in states)

    @property
    def registering(self) -> tuple[CommuneFacts, ...]:
        """The communes whose answer holds points."""
        return tuple(commune for commune in self.communes if commune.points)

    @property
    def receipts(self) -> frozenset[str]:
        """The receipt numbers of the versions that count."""
        return frozenset(commune.counted.receipt for commune in self.communes if commune.counted)

    @property
    def unreached(self) -> frozenset[str]:
        """The codes of communes that are silent though no call or reminder was delivered."""
        silent = (one for one in self.communes if one.state == "silent")
        return frozenset(commune.code for commune in silent if not commune.reached)

    @property
    def states(self) -> frozenset[tuple[CommuneKey, CommuneState]]:
        """Where each commune stands."""
        return frozenset(((one.code, one.valid_from), one.state) for one in self.communes)

    @property
    def points(self) -> tuple[PointFacts, ...]:
        """All points that count."""
        return tuple(point for commune in self.communes for point in commune.points)


def total(points: Sequence[PointFacts], key: str) -> Decimal | None:
    """Return the sum of a numeric column; None when no point states a number there."""
    stated = [_number(point.values.get(key, "")) for point in points]
    numbers = [value for value in stated if value is not None]
    return sum(numbers, Decimal(0)) if numbers else None


@lru_cache(5_000)
def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def inputs_json(inputs: ReportInputs) -> bytes:
    """Return the canonical JSON of a report's inputs; its sha256 freezes the report."""
    return b"".join(inputs_pieces(inputs))


def inputs_pieces(inputs: ReportInputs) -> Iterator[bytes]:
    """Yield the same piece by piece: of a country it is 150 MB.

    Each commune is a line of its own, so that it can be read so as well.
    """
    whole = _fields(dataclasses.replace(inputs, communes=()))
    if inputs.base is None:  # a full report's inputs are written as they always were
        del whole["base"]
    head, tail = _json(whole).split(_NO_COMMUNES)
    yield head + _NO_COMMUNES[:-1] + b"\n"
    for number, commune in enumerate(inputs.communes):
        yield b",\n" * bool(number) + _commune(commune)
    yield b"\n" * bool(inputs.communes) + _NO_COMMUNES[-1:] + tail


# Within a text its quotes would be escaped: each stands in its JSON once.
_NO_COMMUNES, _NONE_COUNTED, _NO_VERSIONS = b'"communes":[]', b'"counted":null', b'"versions":[]'


def _commune(commune: CommuneFacts) -> bytes:
    """Return a commune's JSON. The version that counts stands in it twice: it is made once."""
    bare = _json(dataclasses.replace(commune, counted=None, versions=()))
    head, rest = bare.split(_NONE_COUNTED)
    middle, tail = rest.split(_NO_VERSIONS)
    versions = [_json(version) for version in commune.versions]
    same = (made for made, one in zip(versions, commune.versions, strict=True)
            if one is commune.counted)  # fmt: skip
    counted = next(same, None) or _json(commune.counted)
    parts = (head, b'"counted":', counted, middle, b'"versions":[', b",".join(versions), b"]", tail)
    return b"".join(parts)


def _json(value: object) -> bytes:
    return _AS_JSON(value).encode("utf-8", "backslashreplace")


def _fields(value: Any) -> dict[str, object]:
    """Return a dataclass as a mapping, one level deep."""
    return {name: getattr(value, name) for name in _names(value.__class__)}


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(one.name for one in dataclasses.fields(kind))


def read_inputs(written: bytes) -> ReportInputs:
    """Return the inputs that `inputs_json` wrote, also an older version of the program's.

    Raises:
        ValueError: these are not the inputs of a report.
    """
    from pydantic import TypeAdapter  # noqa: PLC0415  only a supplement reads inputs again

    def checked(kind: type[_Kind], text: bytes) -> _Kind:
        adapter = adapters[kind]
        try:
            value: _Kind = adapter.validate_json(text)
        except ValueError:
            # Half of a surrogate pair is JSON for Python alone.
            value = adapter.validate_python(json.loads(text))
        return value

    adapters: dict[type, TypeAdapter[Any]] = {
        kind: TypeAdapter(kind) for kind in (ReportInputs, CommuneFacts)
    }
    frame, lines = _by_lines(written)
    communes = tuple(_counted_once(checked(CommuneFacts, line)) for line in lines)
    inputs = checked(ReportInputs, frame)
    return dataclasses.replace(inputs, communes=inputs.communes + communes)


def _by_lines(written: bytes) -> tuple[bytes, Iterator[bytes]]:
    """Return the JSON of a report without its communes, and of each commune.

    As they once were written, in one line, all are in the former.
    """
    first, last = written.find(b"\n"), written.rfind(b"\n")

    def lines() -> Iterator[bytes]:
        at = first + 1
        while at <= last:
            end = written.index(b"\n", at)
            yield written[at:end].removesuffix(b",")
            at = end + 1

    return (written[:first] + written[last + 1 :], lines()) if last >= 0 else (written, iter(()))


def _counted_once(commune: CommuneFacts) -> CommuneFacts:
    """The same commune, in which the version that counts and the same among all are one object."""
    same = (version for version in commune.versions if version == commune.counted)
    return dataclasses.replace(commune, counted=next(same, commune.counted))


def _each_commune(written: bytes) -> Iterator[Mapping[str, Any]]:
    frame, lines = _by_lines(written)
    yield from json.loads(frame)["communes"]
    yield from map(json.loads, lines)


def counted_receipts(written: bytes) -> frozenset[str]:
    """Return the receipt numbers of the versions that count, out of `inputs_json`.

    Raises:
        ValueError: these are not the inputs of a report.
    """
    try:
        counted = (commune["counted"] for commune in _each_commune(written))
        return frozenset(version["receipt"] for version in counted if version)
    except (KeyError, TypeError) as error:
        raise ValueError("these are not the inputs of a report") from error


def unreached_silent(written: bytes) -> frozenset[str]:
    """Return the codes of communes that are silent but were never reached, out of `inputs_json`.

    Raises:
        ValueError: these are not the inputs of a report.
    """
    try:
        return frozenset(
            commune["code"]
            for commune in _each_commune(written)
            if commune["state"] == "silent" and not any(map(_asked, commune["mails"]))
        )
    except (KeyError, TypeError) as error:
        raise ValueError("these are not the inputs of a report") from error


def told_states(written: bytes) -> frozenset[tuple[CommuneKey, CommuneState]]:
    """Return where each commune stands, out of `inputs_json`.

    Raises:
        ValueError: these are not the inputs of a report.
    """
    try:
        return frozenset(
            ((one["code"], dt.date.fromisoformat(one["valid_from"])), one["state"])
            for one in _each_commune(written)
        )
    except (KeyError, TypeError) as error:
        raise ValueError("these are not the inputs of a report") from error


def _asked(mail: Mapping[str, object]) -> bool:
    return (
        mail["kind"] in {"call", "reminder"}
        and mail["state"] == "sent"
        and mail.get("bounced_at") is None
    )


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value):
        return _fields(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)


_AS_JSON = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain
).encode
