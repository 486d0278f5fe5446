"""Which commune a message speaks for, and in which campaign – or why that is not certain.

Pure. A commune is found by the sender's registered address, then by the letterhead, then by the
subject of an officer's forward. Names are compared folded, whole words only and with their class
word in front (xã, thị trấn): "Cao Lộc" alone is a district, a town and, since 2025, a commune
elsewhere.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from config.communes import Commune, Communes
from config.model import Campaign
from intake.official import Workbooks
from parsers.vietnamese import fold
from registry.model import HeldReason

#: A folded letterhead line that names its issuer: "UBND XÃ …", "XÃ …", "ỦY BAN NHÂN DÂN XÃ …".
_ISSUER = re.compile(
    r"^(?:(?:ubnd|uy ban nhan dan) x|(?:(?:ubnd|uy ban nhan dan) )?(?:xa|thi tran|tt|phuong))"
    r" (?!hoi )(\S+(?: \S+){0,3})$"
)
_NO_WORKBOOKS = Workbooks()
_BROKEN_ISSUER = re.compile(r"(?:ubnd|uy ban nhan dan) (?:xa|thi tran|phuong)")


@dataclass(frozen=True, slots=True)
class CommuneMatch:
    """The commune, and how: ``sender``, ``workbook``, ``heading``, ``subject``, ``decision``."""

    commune: Commune
    how: str


@dataclass(frozen=True, slots=True)
class CampaignMatch:
    """The campaign, and how: by ``thread``, ``subject``, ``cited``, ``workbook``, ``only-open``.

    ``decision`` = a person said so.
    """

    campaign: Campaign
    how: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """Why no single answer stands; ``candidates`` are the titles or ids that could be meant."""

    reason: HeldReason
    candidates: tuple[str, ...] = ()


def named_communes(lines: Iterable[str], communes: Sequence[Commune]) -> tuple[Commune, ...]:
    """Return the communes that the lines name with their class word, in roster order."""
    return Communes.of(communes).named_in(_whole_lines(lines))


def unknown_issuers(lines: Iterable[str], communes: Sequence[Commune]) -> tuple[str, ...]:
    """Return letterhead lines that name a commune which is not on the roster."""
    return tuple(
        line
        for line in _whole_lines(lines)
        if _ISSUER.match(line) and not named_communes([line], communes)
    )


def match_commune(
    sender: Sequence[Commune],
    heading: Sequence[str],
    subject: str,
    communes: Sequence[Commune],
    *,
    on_behalf: bool,
    workbooks: Workbooks = _NO_WORKBOOKS,
) -> CommuneMatch | Unsure:
    """Decide which commune the message speaks for.

    Args:
        sender: Communes that have the sender's address (none for officers).
        heading: Letterhead and title lines of the documents, never their bodies.
        subject: The message's subject; it counts only for an officer's forward.
        communes: The roster on the day of receipt.
        on_behalf: Whether an officer sent it, who may speak for any commune.
        workbooks: For whom the genuine official workbooks in it were made.
    """
    owners = (*(commune.title for commune in workbooks.communes), *workbooks.unknown)
    if not sender and not on_behalf:
        return Unsure("unknown-sender", owners)
    named = named_communes(heading, communes)
    if on_behalf:
        if workbooks.unknown:
            return Unsure("copied-workbook", owners)
        in_subject = named_communes([subject], communes)
        return _for_an_officer(named, in_subject, workbooks.communes)
    if workbooks.unknown or not set(workbooks.communes) <= set(sender):
        return Unsure("copied-workbook", (*(commune.title for commune in sender), *owners))
    if len(workbooks.communes) > 1:
        return Unsure("several-communes", owners)
    return _for_a_commune(sender, named, unknown_issuers(heading, communes), workbooks.communes)


def _for_a_commune(
    sender: Sequence[Commune],
    named: tuple[Commune, ...],
    strangers: tuple[str, ...],
    made_for: tuple[Commune, ...],
) -> CommuneMatch | Unsure:
    """A commune's own mail: its letterhead must not name another, nor its workbook's letterhead."""
    titles = tuple(commune.title for commune in dict.fromkeys((*sender, *named)))
    if len(named) > 1:
        return Unsure("several-communes", titles)
    if strangers and not named:
        return Unsure("unknown-unit", (*titles, strangers[0]))
    if named:
        if named[0] not in sender or (made_for and named != made_for):
            return Unsure("other-commune", titles)
        return CommuneMatch(named[0], "heading" if len(sender) > 1 else "sender")
    if len(sender) > 1 and not made_for:
        return Unsure("shared-address", titles)
    return CommuneMatch(made_for[0], "workbook") if made_for else CommuneMatch(sender[0], "sender")


def match_campaign(
    thread: str | None,
    subject: str,
    cited: Iterable[str],
    campaigns: Sequence[Campaign],
    received_at: dt.datetime,
    workbooks: Workbooks = _NO_WORKBOOKS,
) -> CampaignMatch | Unsure:
    """Decide which campaign the message answers.

    Args:
        thread: The campaign of the mail of ours that it replies to, if it does; its file may
            have been taken away since.
        subject: Its subject; a receipt number or campaign id in it decides, unless the thread
            says otherwise. Neither decides for a round that is not open while another one is.
        cited: Document numbers cited in the mail and its letters.
        campaigns: All configured campaigns.
        received_at: When the server received it; the sender's date decides nothing.
        workbooks: For which campaigns the genuine official workbooks in it were made.
    """
    in_subject = [campaign for campaign in campaigns if _cites(subject, campaign)]
    by_thread = [campaign for campaign in campaigns if campaign.id == thread]
    if by_thread and in_subject and by_thread[0] not in in_subject:
        # An old mail of ours that was answered because it lay at hand: nobody can tell.
        both = (*by_thread, *in_subject)
        return Unsure("several-campaigns", tuple(campaign.id for campaign in both))
    numbers = {_number(number) for number in cited}
    by_number = [campaign for campaign in campaigns if numbers & _own_numbers(campaign)]
    made_for = [one for one in campaigns if one.id in workbooks.campaigns]
    answered = by_thread or (in_subject if len(in_subject) == 1 else [])
    if answered:
        # So it is with a mail of a closed round while another runs, unless the answer says itself
        # that it is about that round.
        running = [one for one in campaigns if one.open_at(received_at)]
        says_so = [one for one in campaigns if one in by_number or one in made_for]
        if running and answered[0] not in running and says_so != answered:
            ids = dict.fromkeys(one.id for one in (*answered, *running))
            return Unsure("several-campaigns", tuple(ids))
        return CampaignMatch(answered[0], "thread" if by_thread else "subject")
    still_open = [one for one in made_for if one.open_at(received_at)]
    if len(by_number) == 1:
        if still_open and by_number != made_for:
            ids = dict.fromkeys(one.id for one in (*by_number, *made_for))
            return Unsure("several-campaigns", tuple(ids))
        return CampaignMatch(by_number[0], "cited")
    if len(made_for) == len(still_open) == 1:
        return CampaignMatch(made_for[0], "workbook")
    if thread is not None and not by_thread and not by_number:
        # It answers a round whose file was taken away, and says nothing of another itself.
        open_now = [one.id for one in campaigns if one.open_at(received_at)]
        return Unsure("several-campaigns", (thread, *open_now))
    return _by_time(by_number or campaigns, received_at)


def _for_an_officer(
    named: tuple[Commune, ...], in_subject: tuple[Commune, ...], made_for: tuple[Commune, ...]
) -> CommuneMatch | Unsure:
    """An officer's forward: the workbook's mark decides, then letterhead, then subject."""
    everyone = tuple(commune.title for commune in dict.fromkeys((*made_for, *named, *in_subject)))
    if len(made_for) == 1 and len(everyone) == 1:
        return CommuneMatch(made_for[0], "workbook")
    if made_for:
        return Unsure("several-communes" if len(made_for) > 1 else "forward-disagrees", everyone)
    if len(named) == 1 and (not in_subject or named[0] in in_subject):
        return CommuneMatch(named[0], "heading")
    if not named and len(in_subject) == 1:
        return CommuneMatch(in_subject[0], "subject")
    if everyone:
        return Unsure("forward-disagrees", everyone)
    return Unsure("forward-unnamed")


def _by_time(campaigns: Sequence[Campaign], received_at: dt.datetime) -> CampaignMatch | Unsure:
    """The only campaign that is open; else the only one that was ever opened (a late answer)."""
    opened = [campaign for campaign in campaigns if campaign.opens_at <= received_at]
    still_open = [campaign for campaign in opened if campaign.open_at(received_at)]
    choice = still_open or opened
    if len(choice) == 1:
        return CampaignMatch(choice[0], "only-open")
    if not choice:
        return Unsure("no-campaign")
    return Unsure("several-campaigns", tuple(campaign.id for campaign in choice))


def _whole_lines(lines: Iterable[str]) -> list[str]:
    """Fold the lines; an issuer broken after its class word ("UBND XÃ" / "HÒA CƯ") is one line."""
    whole: list[str] = []
    for line in map(fold, lines):
        if whole and _BROKEN_ISSUER.fullmatch(whole[-1]):
            whole[-1] += f" {line}"
        else:
            whole.append(line)
    return whole


def _cites(subject: str, campaign: Campaign) -> bool:
    """Whether the campaign's id or a receipt number of its stands in a subject, as written.

    Folded they would be words that people write themselves: "OCOP 2024 (2)" is not ocop-2024-2.
    """
    receipt = rf"{re.escape(campaign.receipt_prefix)}-[0-9A-Z]{{1,12}}-\d"
    ours = rf"(?<![\w-])(?:{re.escape(campaign.id)}(?![\w-])|{receipt})"
    return re.search(ours, subject, re.IGNORECASE) is not None


def _own_numbers(campaign: Campaign) -> set[str]:
    numbers = {_number(cited.number) for cited in campaign.basis if cited.identifies}
    if campaign.number:
        numbers.add(_number(campaign.number))
    return numbers


def _number(text: str) -> str:
    """A document number as a key: no spaces, one case."""
    return re.sub(r"\s", "", text).casefold()
