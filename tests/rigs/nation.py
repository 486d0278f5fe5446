"""A nation that answers: who writes what and when, what comes of our mails, and the truth of it.

Everything is drawn by a seed, for each commune and campaign apart, so that the order in which the
office works changes nothing. ``expected`` says how each commune must stand at the end, ``letters``
what every single mail may be taken for.
"""

import datetime as dt
import email
import email.policy
import hashlib
import heapq
import itertools
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from rigs import nation_files as files
from rigs.answering import bounce
from rigs.memory_courier import Taken
from rigs.nation_roster import Unit
from rigs.replies import reply
from rigs.whole import mail

from config.model import Campaign
from intake.demo_scenario import DOCX, PDF, XLSX
from registry.model import CommuneState, Message
from registry.store import Store

OFFICER, LEADER, OFFICE = "to.ocop@bo.example", "lanhdao@bo.example", "ocop@bo.example"
ZIP, ANY = "application/zip", "application/octet-stream"
_DAY, _HOUR, _MINUTE = (dt.timedelta(**{unit: 1}) for unit in ("days", "hours", "minutes"))
Place = tuple[str, str]

FORM = frozenset({"submission", "correction"})
DOUBTFUL = FORM | {"letter-only", "unreadable", "query", "wrong-form"}
#: What each kind of mail may be taken for.
VERDICTS: dict[str, frozenset[str]] = {
    "official workbook": FORM,
    "own workbook": FORM,
    "workbook to correct": FORM,
    "corrected workbook": FORM,
    "Word file": FORM,
    "PDF with text": FORM,
    "scan": DOUBTFUL,
    "zip": FORM,
    "forwarded as attachment": FORM,
    "second version": FORM,
    "from a private address": FORM,
    "nil in one line": frozenset({"nil"}),
    "nil by letter": frozenset({"nil"}),
    "letter first": frozenset({"letter-only"}),
    "dossier": frozenset({"dossier", "letter-only"}),
    "files sent again": frozenset({"duplicate"}),
    "the same mail by two roads": frozenset({"copy"}),
    "query": frozenset({"query"}),
    "empty": frozenset({"empty"}),
    "link": frozenset({"link"}),
    "out of office": frozenset({"auto-reply"}),
    "bounce": frozenset({"bounce"}),
    "newsletter": frozenset({"automatic"}),
    "other office": frozenset({"stranger"}),
    "hostile": frozenset({"unreadable", "stranger"}),
    "decision by reply": frozenset({"decision"}),
}
#: How a commune answers a campaign: (way, weight, how it then stands). What is assumed, and why,
#: says docs/scale.md.
WAYS: tuple[tuple[str, float, frozenset[CommuneState]], ...] = (
    ("official workbook", 20, frozenset({"registered"})),
    ("own workbook", 18, frozenset({"registered"})),
    ("workbook corrected", 6, frozenset({"registered"})),
    ("workbook to correct", 1.5, frozenset({"needs-fix"})),
    ("Word file", 5, frozenset({"registered"})),
    ("PDF with text", 3, frozenset({"registered"})),
    ("scan", 1, frozenset({"registered", "needs-fix", "in-review"})),
    ("zip", 1.5, frozenset({"registered"})),
    ("forwarded as attachment", 1.5, frozenset({"registered"})),
    ("from a private address", 1, frozenset({"registered"})),
    ("nil in one line", 18, frozenset({"nil"})),
    ("nil by letter", 12, frozenset({"nil"})),
    ("query", 0.5, frozenset({"in-review"})),
    ("silent", 11, frozenset({"silent"})),
)
_WITH_FORM = frozenset(way for way, _, states in WAYS if states == frozenset({"registered"}))
_POINTS = (1, 1, 2, 2, 3, 3, 5, 5, 8, 13, 20)
_PAPERS = ("Đơn đề nghị hỗ trợ", "Hợp đồng thuê mặt bằng", "Bản cam kết duy trì hoạt động")


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to the office: when the server took it, what it is, about whose answer."""

    at: dt.datetime
    raw: bytes
    kind: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a delivered mail; its bytes are not."""

    kind: str
    place: Place | None
    #: A person leaves it as it is.
    left: bool = False


@dataclass
class Nation:
    """The communes of a roster, the office's people, and everybody else who writes.

    ``make`` calls a function of `rigs.nation_files`, perhaps in another process.
    """

    units: Sequence[Unit]
    campaigns: Sequence[Campaign]
    mails: int
    seed: int = 2026
    make: Callable[..., bytes] = lambda made, *values, **more: made(*values, **more)
    #: The official workbook of a campaign's call to a commune.
    blank: Callable[[Campaign, Unit], bytes] = lambda _campaign, _unit: b""
    expected: dict[Place, frozenset[CommuneState]] = field(default_factory=dict)
    #: Of whom nothing comes before the campaign is closed.
    silent: set[Place] = field(default_factory=set)
    letters: dict[str, Known] = field(default_factory=dict)
    delivered: Counter[str] = field(default_factory=Counter)
    _events: list[tuple[dt.datetime, int, Callable[[], Letter]]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _serial: Iterator[int] = field(default_factory=lambda: itertools.count(1_000))
    #: By the address that gets the call: what its commune does with it.
    _on_call: dict[tuple[str, str], Callable[[bytes, dt.datetime], None]] = field(
        default_factory=dict
    )
    #: By the beginning of a letter's hash: what its sender does with the answer.
    _on_answer: dict[str, Callable[[bytes, dt.datetime], None]] = field(default_factory=dict)
    _bounced: set[str] = field(default_factory=set)
    _by_reply: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._chance = random.Random(f"{self.seed}/others")  # noqa: S311  always the same
        self._units = {unit.code: unit for unit in self.units}
        later = 0
        for campaign in self.campaigns:
            for unit in self.units:
                later += self._plan(unit, campaign)
        self._fill(self.mails - len(self._events) - later)

    # --- what happens when ---

    def moments(self) -> Iterator[dt.datetime]:
        """Yield when the next mail arrives, as long as there is one."""
        while self._events:
            yield self._events[0][0]

    def until(self, moment: dt.datetime) -> Iterator[Letter]:
        """Yield what arrives up to this moment, in order."""
        while self._events and self._events[0][0] <= moment:
            _, _, written = heapq.heappop(self._events)
            letter = written()
            self.note(letter)
            yield letter

    def note(self, letter: Letter) -> None:
        """Remember that this mail is delivered."""
        left = letter.kind == "query" and self._stands_so(letter.place)
        self.letters.setdefault(_digest(letter.raw), Known(letter.kind, letter.place, left))
        self.delivered[letter.kind] += 1

    def _stands_so(self, place: Place | None) -> bool:
        return place is not None and "in-review" in self.expected.get(place, ())

    def _at(self, moment: dt.datetime, written: Callable[[], Letter]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), written))

    # --- a commune in a campaign ---

    def _plan(self, unit: Unit, campaign: Campaign) -> int:
        """Put what the commune sends into the calendar; return how many mails come of ours."""
        chance = random.Random(f"{self.seed}/{campaign.id}/{unit.code}")  # noqa: S311
        place = campaign.id, unit.code
        way, _, states = chance.choices(WAYS, [weight for _, weight, _ in WAYS])[0]
        self.expected[place] = states
        later = 0
        if chance.random() < 0.08 and not unit.dead:
            self._on_call[campaign.id, unit.emails[0]] = lambda raw, at: self._away(unit, raw, at)
            later += 1
        if way == "silent":
            self.silent.add(place)
            return later
        at = self._answered_at(chance, campaign, early=way in {"from a private address", "query"})
        if at >= campaign.closes_at:
            self.silent.add(place)
        answer = _Answer(self, chance, unit, campaign, way, at)
        return later + answer.plan()

    def _answered_at(
        self, chance: random.Random, campaign: Campaign, *, early: bool
    ) -> dt.datetime:
        """When it comes: most in the last days, some after the deadline, few after the end."""
        first, last = campaign.opens_at, campaign.deadline_at
        fate = chance.random()
        if early:
            return first + (2 + 3 * chance.random()) * _DAY
        if fate < 0.01:
            return campaign.closes_at + (0.3 + 2 * chance.random()) * _DAY
        if fate < 0.03:
            return last + chance.random() * 0.9 * (campaign.closes_at - last)
        days = [
            first + number * _DAY
            for number in range((last - first).days)
            if (first + number * _DAY).weekday() < 5
        ]
        day = chance.choices(days, [3 + 0.6 * n**2 for n in range(len(days))])[0]
        if day == days[-1] and chance.random() < 0.15:
            return day + (18 + 5.9 * chance.random()) * _HOUR
        return day + max(8.5, min(17.0, chance.gauss(13.5, 2.5))) * _HOUR

    def _away(self, unit: Unit, _raw: bytes, at: dt.datetime) -> None:
        number = next(self._serial)
        self._at(
            at + _MINUTE,
            lambda: Letter(
                at + _MINUTE,
                self._written(unit.emails[0], at, "Trả lời tự động: vắng mặt", number,
                    body="Tôi đi công tác.", Auto_Submitted="auto-replied"),
                "out of office",
            ),
        )  # fmt: skip

    def _written(
        self, sender: str, at: dt.datetime, subject: str, number: int, **parts: object
    ) -> bytes:
        return mail(
            sender, subject, date=at, Message_ID=f"<n{number}@nation.example>", **parts  # type: ignore[arg-type]
        )  # fmt: skip

    # --- everybody else ---

    def _fill(self, count: int) -> None:
        """Newsletters, other offices, hostile mail: what else an office's address gets."""
        begin = min(one.opens_at for one in self.campaigns)
        end = max(one.closes_at for one in self.campaigns) + 2 * _DAY
        for _ in range(max(count, 0)):
            at = begin + (0.4 + self._chance.random() * ((end - begin) / _DAY - 0.5)) * _DAY
            kind = self._chance.choices(("newsletter", "other office", "hostile"), (70, 27, 3))[0]
            number = next(self._serial)
            self._at(at, lambda at=at, kind=kind, number=number: self._noise(kind, at, number))  # type: ignore[misc]

    def _noise(self, kind: str, at: dt.datetime, number: int) -> Letter:
        sender = f"n{number}@tintuc{number % 50}.example"
        if kind == "newsletter":
            raw = self._written(sender, at, f"Bản tin số {number}", number,
                body="Tin trong tuần. " * 60, List_Unsubscribe="<https://tintuc.example/x>")  # fmt: skip  # noqa: E501
        elif kind == "other office":
            raw = self._written(f"vanthu{number % 400}@coquan.example", at, f"Giấy mời số {number}",
                number, body=f"Kính mời dự họp, giấy mời số {number}.")  # fmt: skip
        else:
            data = b"PK\x03\x04" + random.Random(number).randbytes(3_000)  # noqa: S311
            raw = self._written(sender, at, "Hóa đơn", number, files=[("hoadon.zip", ANY, data)])
        return Letter(at, raw, kind)

    # --- what comes of our mails ---

    def brought(self, taken: Taken) -> None:
        """Let a recipient do what he does with a mail of ours."""
        found = _KEY.search(taken.raw)
        kind, *rest = found[1].decode().split("/") if found else ("",)
        unit = self._units.get(rest[1].partition("@")[0]) if len(rest) > 1 else None
        if unit and unit.dead and taken.recipient == unit.emails[0]:
            self._returned(unit, taken)
        elif kind == "call" and unit:
            act = self._on_call.pop((rest[0], taken.recipient), None)
            if act:
                act(taken.raw, taken.at)
        elif kind in {"ack", "held"}:
            self._answered(kind, rest[0], taken)
        elif kind == "draft" and taken.recipient == LEADER:
            at = _morning_after(taken.at)
            self._people_reply(taken.raw, "DUYỆT", LEADER, at)

    def _returned(self, unit: Unit, taken: Taken) -> None:
        if unit.code in self._bounced:
            return
        self._bounced.add(unit.code)
        at = taken.at + _MINUTE
        self._at(at, lambda: Letter(at, bounce(taken.raw, unit.emails[0]), "bounce"))

    def _answered(self, kind: str, digest: str, taken: Taken) -> None:
        act = self._on_answer.pop(digest, None)
        if kind == "ack" and act:
            act(taken.raw, taken.at)
        known = self.letters.get(digest)
        # One in eight of the notices is answered by mail, the others are decided at a screen.
        asked = kind == "held" and taken.recipient == OFFICER and digest[0] in "01"
        if asked and known and known.kind in {"query", "other office"} and not known.left:
            self._by_reply.add(digest)
            self._people_reply(taken.raw, "BỎ", OFFICER, _working_hour_after(taken.at))

    def _people_reply(self, raw: bytes, words: str, sender: str, at: dt.datetime) -> None:
        number = next(self._serial)
        self._at(
            at,
            lambda: Letter(
                at,
                reply("gmail", raw, words, sender=sender, date=at, Message_ID=f"<p{number}@bo.example>"),  # noqa: E501
                "decision by reply",
            ),
        )  # fmt: skip

    def verdicts(self, known: Known) -> frozenset[str]:
        """What a mail may be taken for, in the end."""
        return VERDICTS[known.kind]

    # --- people at the office ---

    def officers_work(self, store: Store, now: dt.datetime, most: int = 400) -> Counter[str]:
        """Decide on what waits, as many as a team does in half a day; return what was decided."""
        done: Counter[str] = Counter()
        for message in store.held():
            if done.total() >= most:
                break
            digest = message.sha256[:_SHOWN]
            known = self.letters.get(digest)
            if known is None or known.left or digest in self._by_reply:
                continue
            done[self._decided(store, message, known, now)] += 1
        return done

    def _decided(self, store: Store, message: Message, known: Known, now: dt.datetime) -> str:
        answer = known.kind in FORMS and known.place is not None
        if answer and known.place:
            campaign, code = known.place
            store.assign(message.id, (code, dt.date(2020, 1, 1)), campaign, "to.ocop", now)
            return f"assigned: {known.kind}"
        store.reject(message.id, "không phải văn bản đăng ký", "to.ocop", now)
        return f"rejected: {known.kind}"


#: Kinds that an officer assigns to their commune when they wait.
FORMS = frozenset(kind for kind, verdicts in VERDICTS.items() if verdicts & {"submission", "nil"})
_SHOWN = 20
_KEY = re.compile(rb"(?im)^X-Commune-Intake: *(\S+)")


@dataclass
class _Answer:
    """One commune's answer, and what else it sends about it."""

    nation: Nation
    chance: random.Random
    unit: Unit
    campaign: Campaign
    way: str
    at: dt.datetime

    def __post_init__(self) -> None:
        self.place = self.campaign.id, self.unit.code
        self.number = next(self.nation._serial)
        self.points = self.chance.choice(_POINTS)
        # Whose first address is dead writes from its chairman's.
        self.sender = self.unit.chair if self.unit.dead else self.unit.emails[-1]
        others = [one for one in self.nation.campaigns if one.id != self.campaign.id]
        self.cites = any(one.opens_at <= self.at for one in others) or self.chance.random() < 0.5

    def plan(self) -> int:
        """Put it into the calendar; return how many mails answer mails of ours."""
        after_end = self.at >= self.campaign.closes_at
        if after_end and self.way == "query":
            self.way = "nil in one line"
        later = 0
        if self.way == "workbook corrected":
            later += 1
        self._send(self.at, self._first_kind(), self._answer)
        if self.way in _WITH_FORM and not after_end:
            self._around()
        if self.way != "query" and not after_end:
            self._words()
        return later

    def _first_kind(self) -> str:
        return "workbook to correct" if self.way == "workbook corrected" else self.way

    def _send(
        self, at: dt.datetime, kind: str, written: Callable[[str, dt.datetime], bytes]
    ) -> None:
        def letter() -> Letter:
            raw = written(kind, at)
            if kind == "workbook to correct" and self.way == "workbook corrected":
                self.nation._on_answer[_digest(raw)] = self._correct
            return Letter(at, raw, kind, self.place)

        self.nation._at(at, letter)

    def _around(self) -> None:
        """The letter before, papers after, the same again, and a second version."""
        chance = self.chance
        if chance.random() < 0.1:
            self._send(self.at - 0.3 * _HOUR, "letter first", self._letter_alone)
        if chance.random() < 0.5 and self.way != "workbook corrected":
            self._send(self.at + 0.2 * _HOUR, "dossier", self._papers)
        again = chance.random()
        if self.way == "own workbook" and again < 0.25:
            kind = "the same mail by two roads" if again < 0.06 else "files sent again"
            self._send(self.at + 0.1 * _HOUR, kind, self._again)
        elif self.way == "own workbook" and again < 0.6:
            self._send(self.at + 0.4 * _HOUR, "second version", self._second)

    def _words(self) -> None:
        """A question before or after, a mail without words or files, a link."""
        fate = self.chance.random()
        at = self.at - (0.5 + 5 * self.chance.random()) * _HOUR
        if fate < 0.18:
            self._send(at, "query", self._query)
        elif fate < 0.19:
            self._send(at, "empty", lambda _kind, at: self._mail(at, [], body="\n"))
        elif fate < 0.21:
            link = f"https://drive.google.com/file/d/{self.number:033d}/view"
            self._send(at, "link", lambda _kind, at: self._mail(at, [], body=f"Hồ sơ: {link}"))

    # --- the mails ---

    def _make(self, made: Callable[..., bytes], *values: object, **more: object) -> bytes:
        return self.nation.make(made, self.unit, self.number, *values, **more)

    def _mail(
        self, at: dt.datetime, attached: list[tuple[str, str, bytes]], *, sender: str = "",
        body: str = "Kính gửi cơ quan chủ trì, đơn vị gửi văn bản kèm theo.", number: int = 0,
    ) -> bytes:  # fmt: skip
        subject = f"Đăng ký điểm OCOP – {self.unit.kind} {self.unit.name}"
        if self.cites or any(
            one.opens_at <= at for one in self.nation.campaigns if one.id != self.campaign.id
        ):
            subject += f" ({self.campaign.id})"
        number = number or next(self.nation._serial)
        return self.nation._written(
            sender or self.sender, at, subject, number, files=attached, body=body
        )

    def _answer(self, kind: str, at: dt.datetime) -> bytes:  # noqa: C901, PLR0911  one a way
        points = self.points
        match kind:
            case "nil in one line":
                return self._mail(
                    at, [], body=f"Qua rà soát, {self.unit.kind} {files.NO_NEED}. Số {self.number}."
                )
            case "nil by letter":
                return self._mail(at, [("CV.docx", DOCX, self._make(files.a_nil_letter))])
            case "query":
                return self._query(kind, at)
            case "official workbook":
                return self._official(at)
            case "Word file":
                return self._mail(at, [("Bieu.docx", DOCX, self._make(files.a_word_file, points))])
            case "PDF with text":
                return self._mail(at, [("Bieu.pdf", PDF, self._make(files.a_pdf, min(points, 8)))])
            case "scan":
                return self._mail(at, [("scan.pdf", PDF, self._make(files.a_scan, min(points, 5)))])
            case "zip":
                packed = self.nation.make(files.a_zip, [("Bieu.xlsx", self._workbook())])
                return self._mail(at, [("ho so.zip", ZIP, packed)])
            case "forwarded as attachment":
                return self._forwarded(at)
            case "from a private address":
                sender = f"canbo{self.number}@thudientu.example"
                return self._mail(at, [("Bieu.xlsx", XLSX, self._workbook())], sender=sender)
            case "workbook to correct":
                data = self._make(
                    files.a_workbook, points, rough=bool(self.number % 2), broken=True
                )
                return self._mail(at, [("Bieu.xlsx", XLSX, data)])
        return self._mail(at, [("Biểu đăng ký.xlsx", XLSX, self._workbook())], number=self.number)

    def _workbook(self) -> bytes:
        return self._make(files.a_workbook, self.points, rough=bool(self.number % 2))

    def _official(self, at: dt.datetime) -> bytes:
        """The workbook that the call brought, filled in."""
        keys = [one.key for one in self.campaign.form.fields]
        blank = self.nation.blank(self.campaign, self.unit)
        data = self.nation.make(files.filled_in, blank, self.number, self.points, keys)
        return self._mail(at, [("Bieu dang ky.xlsx", XLSX, data)])

    def _forwarded(self, at: dt.datetime) -> bytes:
        inner = self._mail(
            at, [("Bieu.xlsx", XLSX, self._workbook())], sender="canbo@thudientu.example"
        )
        made = email.message_from_bytes(self._mail(at, []), policy=email.policy.default)
        made.make_mixed()
        made.attach(_as_part(inner))
        return made.as_bytes()

    def _papers(self, _kind: str, at: dt.datetime) -> bytes:
        titles = _PAPERS[: 1 + self.number % 3]
        papers = [(f"{title}.pdf", PDF, self._make(files.a_paper, title)) for title in titles]
        return self._mail(at, papers)

    def _letter_alone(self, _kind: str, at: dt.datetime) -> bytes:
        return self._mail(at, [("CV.pdf", PDF, self._make(files.a_letter, self.points))])

    def _query(self, _kind: str, at: dt.datetime) -> bytes:
        body = f"Đề nghị hướng dẫn thêm cách ghi cột {self.number % 9}, thư {next(self.nation._serial)}?"  # noqa: E501
        return self._mail(at, [], body=body)

    def _again(self, kind: str, at: dt.datetime) -> bytes:
        if kind == "files sent again":
            return self._mail(at, [("Biểu đăng ký.xlsx", XLSX, self._workbook())])
        raw = self._answer("own workbook", self.at)
        return (
            b"Received: from relay.example by mx.example; Wed, 15 May 2024 08:00:00 +0700\n" + raw
        )

    def _second(self, _kind: str, at: dt.datetime) -> bytes:
        data = self._make(files.a_workbook, self.points + 1, rough=bool(self.number % 2))
        return self._mail(at, [("Bieu (ban dung).xlsx", XLSX, data)])

    def _correct(self, raw: bytes, at: dt.datetime) -> None:
        """The answer named what is wrong: an hour or a day later comes the corrected workbook."""
        then = min(
            at + (1 + 20 * self.chance.random()) * _HOUR,
            max(at + 5 * _MINUTE, self.campaign.closes_at - _HOUR),
        )

        def written() -> Letter:
            attached = [("Bieu da sua.xlsx", XLSX, self._workbook())]
            number = f"<n{next(self.nation._serial)}@nation.example>"
            words = reply(
                "outlook",
                raw,
                "Gửi lại biểu đã sửa.",
                sender=self.sender,
                files=attached,
                date=then,
                Message_ID=number,
            )
            return Letter(then, words, "corrected workbook", self.place)

        self.nation._at(then, written)


def _digest(raw: bytes) -> str:
    """What the keys of our mails show of a letter's hash."""
    return hashlib.sha256(raw).hexdigest()[:_SHOWN]


def _as_part(raw: bytes) -> email.message.Message:
    part = email.message.EmailMessage()
    part.set_content(email.message_from_bytes(raw, policy=email.policy.default))
    return part


def _morning_after(at: dt.datetime) -> dt.datetime:
    day = (at + _DAY).replace(hour=9, minute=30, second=0, microsecond=0)
    while day.weekday() > 4:
        day += _DAY
    return day


def _working_hour_after(at: dt.datetime) -> dt.datetime:
    then = at + 2 * _HOUR
    if then.weekday() < 5 and 8 <= then.hour < 17:
        return then
    return _morning_after(at)
