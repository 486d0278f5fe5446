"""Catch up: a registry that is older than the mailbox takes over what it has forgotten.

It was restored from a backup, put back by hand, or made anew. Before anything else is done – above
all before anything is sent – what happened since is found again: in Processed and Held the messages
that were read, in Sent the mails that left. Then nobody gets a second answer, reminder or report.
What people decided in the meantime stands nowhere in the mailbox: they are told to look again.
Every step commits, may be repeated, and takes a few messages at a time.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import structlog

from intake.collect import collect
from intake.desk import Desk
from intake.folders import Fetched, Listed, Survey
from intake.mailbox import CommandRefused
from intake.message import parse
from intake.parsed import Parsed
from intake.post import alert
from intake.sent_copies import key_of, our_headers, recipients_of, sent_place
from notifier.mail_key import MailKey, read_key
from notifier.report_names import supplement_of
from registry.filing_rows import Target
from registry.model import Arrival, Behind, FoundMail, FoundReport, ReportFile, Slot

_log = structlog.get_logger("catch_up")
#: So many of the last mails in Sent are looked at when the daemon starts.
_NEWEST = 200


@dataclass
class Found:
    """What was taken over: messages, mails, reports; and messages whose bytes could not be had."""

    messages: int = 0
    mails: int = 0
    reports: int = 0
    missed: int = 0
    #: Why nobody can tell which mails have left; empty when Sent was read.
    unsure: str = ""

    def counts(self) -> dict[str, int]:
        """Return the numbers, for the journal and the log."""
        numbers = asdict(self)
        del numbers["unsure"]
        return numbers


def catch_up(desk: Desk, beat: Callable[[], None] = lambda: None) -> Found | None:
    """Take over what the mailbox knows and the registry does not; None when it lacks nothing.

    ``beat`` is called after every few messages: it may take long. Killed at any point and called
    again it goes on.

    Raises:
        Unreachable: the server; call again later, and send nothing until then.
        LoginRefused: the server does not take the password.
    """
    desk.mailbox.open()
    behind = desk.store.behind()
    if behind is None:
        reason = why_needed(desk)
        if not reason:
            return None
        desk.store.fall_behind(reason, desk.clock())
        behind = desk.store.behind()
    if behind is None:  # another process has caught up meanwhile
        return None
    _log.warning("catching_up", reason=behind.reason)
    found = Found()
    while collect(desk).more:
        beat()
    for target in _TARGETS:
        _take_over_messages(desk, target, found, beat)
    found.unsure = _take_over_sent(desk, found, beat)
    if found.unsure:
        held = desk.store.hold_all(found.unsure, desk.clock())
        _log.error("brake_pulled", reason=found.unsure, held=held)
    _tell(desk, behind, found)
    desk.store.caught_up(found.counts(), desk.clock())
    _log.warning("caught_up", **found.counts())
    return found


def why_needed(desk: Desk) -> str:
    """Return how the mailbox shows that the registry is older than it is; "" when it does not.

    A cheap look at the newest of each folder, at every start. (A copy of the journal that is ahead
    of the registry would be a further reason: it is to be asked here.)

    Raises:
        Unreachable: the server.
    """
    place, _ = sent_place(desk.config, desk.mailbox)
    if place is not None and _forgotten_mail(desk, place):
        return f"{place.folder} holds a mail that the registry does not know to have left"
    for target in _TARGETS:
        folder = _folder(desk, target)
        shown = desk.mailbox.survey(folder)
        if shown is not None and _newest_unknown(desk, shown):
            return f"the newest message of {folder} is not in the registry"
    return ""


# --- messages ---

_TARGETS: tuple[Target, ...] = ("processed", "held")


def _folder(desk: Desk, target: Target) -> str:
    settings = desk.config.settings.mailbox
    return settings.processed if target == "processed" else settings.held


def _newest_unknown(desk: Desk, shown: Survey) -> bool:
    """Whether the message that came last into a folder of ours is unknown.

    One whose move was made and not written down is known by its size and date.
    """
    account, go_live_at = desk.mailbox.account, desk.config.settings.office.go_live_at
    known = desk.store.lying_in(account, shown.folder, shown.uidvalidity)
    if not shown.uids or shown.uids[-1] in known:
        return False
    return any(
        one.received_at >= go_live_at
        and not desk.store.knows_arrival(one.size_bytes, one.received_at)
        for one in desk.mailbox.describe(shown, shown.uids[-1:])
    )


def _take_over_messages(desk: Desk, target: Target, found: Found, beat: Callable[[], None]) -> None:
    """Keep every message of a folder of ours, since go-live, that the registry does not know."""
    shown = desk.mailbox.survey(_folder(desk, target))
    if shown is None:
        return
    limits, go_live_at = desk.config.settings.limits, desk.config.settings.office.go_live_at
    known = desk.store.lying_in(desk.mailbox.account, shown.folder, shown.uidvalidity)
    listed = desk.mailbox.describe(shown, [uid for uid in shown.uids if uid not in known])
    wanted = [one for one in listed if one.received_at >= go_live_at]
    small = [one for one in wanted if one.size_bytes <= limits.message_bytes]
    kept = 0
    for batch in desk.mailbox.bodies(shown, small):
        kept += _keep(desk, shown, small, batch, target)
        beat()
    found.messages += kept
    found.missed += len(wanted) - kept
    if len(wanted) > kept:
        _log.warning("not_taken_over", folder=shown.folder, messages=len(wanted) - kept)


def _keep(
    desk: Desk, shown: Survey, listed: Sequence[Listed], batch: Sequence[Fetched], target: Target
) -> int:
    dates = {one.uid: one.received_at for one in listed}
    arrivals = [
        Arrival(
            Slot(desk.mailbox.account, shown.folder, shown.uidvalidity, one.uid),
            desk.vault.put(one.raw),
            len(one.raw),
            dates[one.uid],
        )
        for one in batch
    ]
    for arrival, kept in zip(
        arrivals, desk.store.keep_found(arrivals, target, desk.clock()), strict=True
    ):
        _log.info("found", message=kept.message_id, uid=arrival.slot.uid, new=kept.new)
    return len(arrivals)


# --- mails ---


def _forgotten_mail(desk: Desk, place: Survey) -> bool:
    low = place.uids[-_NEWEST:][0] if place.uids else 1
    return any(
        not desk.store.may_have_left(key)
        for _, header in our_headers(desk.config, desk.mailbox, place, low)
        if (key := key_of(header))
    )


def _take_over_sent(desk: Desk, found: Found, beat: Callable[[], None]) -> str:
    """Put into the outbox what lies in Sent; return why that was not possible, or ""."""
    place, trouble = sent_place(desk.config, desk.mailbox)
    if place is None:
        return trouble
    try:
        headers = [
            (uid, key, recipients_of(header))
            for uid, header in our_headers(desk.config, desk.mailbox, place)
            if (key := key_of(header))
        ]
    except CommandRefused as error:
        return f"{place.folder} cannot be searched for the mails that have left: {error}"
    lacking = desk.store.lacking((key, recipients) for _, key, recipients in headers)
    wanted = [uid for uid, key, _ in headers if key in lacking]
    listed = desk.mailbox.describe(place, wanted)
    dates = {one.uid: one.received_at for one in listed}
    got = 0
    for batch in desk.mailbox.bodies(place, listed):
        mails = [_found_mail(desk, one, dates[one.uid]) for one in batch]
        for one in batch:  # as of each mail that we queue: the vault alone can rebuild the registry
            desk.vault.put(one.raw)
        for mail, parsed in mails:  # first: a mail that was taken over is not looked at again
            found.reports += _take_over_report(desk, mail, parsed)
        found.mails += desk.store.take_over([mail for mail, _ in mails], desk.clock())
        got += len(batch)
        beat()
    missed = len(wanted) - got
    return f"{missed} copies in {place.folder} could not be read" if missed else ""


def _found_mail(desk: Desk, fetched: Fetched, sent_at: dt.datetime) -> tuple[FoundMail, Parsed]:
    parsed = parse(fetched.raw, desk.config.settings.limits)
    key = key_of(parsed)
    said = read_key(key) or MailKey("alert")
    mail = FoundMail(
        key=key,
        kind=said.kind,
        recipients=recipients_of(parsed),
        subject=parsed.subject,
        rfc_message_id=parsed.rfc_message_id,
        raw=fetched.raw,
        sent_at=sent_at,
        campaign=said.campaign,
        commune=said.commune,
        identity=said.identity,
    )
    return mail, parsed


def _take_over_report(desk: Desk, mail: FoundMail, parsed: Parsed) -> bool:
    """A draft or a report that had been sent is the frozen report of its number."""
    said = read_key(mail.key)
    if said is None or said.kind not in {"draft", "report"} or said.campaign is None:
        return False
    files = [
        ReportFile(part.name, desk.vault.put(part.data), len(part.data)) for part in parsed.parts
    ]
    report = FoundReport(
        said.campaign,
        said.number,
        mail.sent_at,
        tuple(files),
        mail.sent_at if said.kind == "report" else None,
        supplement_of(file.name for file in files),
    )
    return desk.store.take_over_report(report, desk.clock())


# --- telling people ---


def _tell(desk: Desk, behind: Behind, found: Found) -> None:
    """Say from when to when decisions may be lost, and what to look at."""
    zone = desk.config.settings.office.zone

    def local(moment: dt.datetime) -> str:
        return moment.astimezone(zone).strftime("%H:%M ngày %d/%m/%Y")

    known = (
        f"Sổ đăng ký đang dùng chỉ có dữ liệu đến {local(behind.known_until)}."
        if behind.known_until
        else "Sổ đăng ký đang dùng là sổ mới, chưa có dữ liệu."
    )
    lines = [
        known,
        f"Phần từ đó đến {local(behind.at)} đã được tìm lại trong hộp thư:",
        f"{found.messages} thư đến, {found.mails} thư đã gửi, {found.reports} báo cáo.",
        "Các quyết định của cán bộ, lãnh đạo trong thời gian này không tìm lại được:",
        "đề nghị xem `intake held` và quyết định lại.",
    ]
    if found.missed:
        lines.append(f"{found.missed} thư không lấy lại được: đề nghị xem `intake reconcile`.")
    if found.unsure:
        lines.append(
            f"Không biết thư nào đã gửi ({found.unsure}). Mọi thư đi đang được giữ lại: đề nghị xem"
            " `intake status`, rồi `intake release` để gửi hoặc `intake release --cancel` để bỏ."
        )
    else:
        lines.append("Thư đã gửi không bị gửi lần thứ hai.")
    about = behind.at.astimezone(dt.UTC).strftime("%H%M%S")
    alert(desk, "behind", " ".join(lines), about=about)
