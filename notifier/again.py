"""Debts that reached nobody are sent again, and people are told at once of what came back. Pure.

A mail that a server took is no proof that it arrived: some servers take everything and send it back
later. Then the commune's next living address gets it, under a key of its own, and the officers hear
which address is dead and whether another is left.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace

from config.model import Campaign, Commune
from notifier.debt import Due, World
from notifier.schedule import Addresses, begins_at, live, reach
from registry.model import Bounce, CommuneKey, Lost, Snapshot, address_mark, again_key
from registry.snapshot import commune_state, silent_communes

_DAY = dt.timedelta(days=1)
_MEND = "sửa danh bạ communes.csv khi có địa chỉ mới"
_MEND_OFFICER = "Sửa địa chỉ cán bộ trong tệp settings.toml."


def again(world: World, due: Due, lost: Lost) -> Due | None:
    """Return the debt for the addresses that were not tried yet; None when none is left.

    First those that the debt itself names now (an admin may have corrected the roster), then
    whoever else of the commune has a living address.
    """
    to = live((*due.to, *due.cc), world.snapshot.bounced | lost.tried)
    commune = _commune(world, lost.commune)
    if not to and commune is not None:
        to = reach(commune, "commune", (), world.snapshot.bounced | lost.tried)[0]
    return replace(due, key=again_key(due.key, to), to=to, cc=()) if to else None


def bounce_notices(world: World) -> Iterator[Due]:
    """To the officers at once: whose address is dead, and who gets the mail instead.

    Of an officer's own address only those hear whose address lives: a notice to a dead one would
    come back, and make the next notice.
    """
    officers = world.config.settings.officers
    ours = (*officers.addresses, *officers.admin)
    for bounce in world.snapshot.bounces:
        units = _units_at(world, bounce.address)
        if units:
            yield _told(world, bounce, _who_and_what_next(world, units), world.officers())
        elif bounce.address in map(str.casefold, ours):
            facts = {"commune": "Cán bộ phụ trách", "next": _MEND_OFFICER}
            yield _told(world, bounce, facts, live(ours, world.snapshot.bounced))


def _who_and_what_next(world: World, units: tuple[Commune, ...]) -> dict[str, str]:
    others = {
        unit: live((*unit.emails, *unit.chair_emails), world.snapshot.bounced) for unit in units
    }
    left = [f"{unit.title}: {', '.join(found)}" for unit, found in others.items() if found]
    none = [unit.title for unit, found in others.items() if not found]
    lines = []
    if left:
        lines.append(f"Thư từ nay gửi đến địa chỉ còn lại ({'; '.join(left)}); {_MEND}.")
    if none:
        lines.append(
            f"{', '.join(none)} KHÔNG CÒN ĐỊA CHỈ NÀO DÙNG ĐƯỢC: đề nghị gọi điện thoại, {_MEND}."
        )
    facts = {
        "commune": ", ".join(f"{unit.title} (mã {unit.code})" for unit in units),
        "next": " ".join(lines),
    }
    silent = [unit.title for unit in units if _was_silent(world, unit.key)]
    if silent:
        facts["note"] = (
            f"{', '.join(silent)} đã được ghi nhận là không gửi văn bản; thư báo trả lại đến sau "
            "đó. Đề nghị xác minh đơn vị có biết đợt này hay không trước khi báo cáo."
        )
    return facts


def _told(world: World, bounce: Bounce, facts: dict[str, str], to: Addresses) -> Due:
    return Due(
        kind="alert",
        key=f"alert/bounced/{bounce.identity[:20]}/{address_mark([bounce.address])}",
        to=to,
        template="alert",
        not_before=min(bounce.at, world.now),
        facts={"what": "bounced", "address": bounce.address, **facts},
    )


def unreached_notice(world: World, campaign: Campaign) -> Iterator[Due]:
    """To the officers before closing, once: who was asked in vain, or cannot be asked at all.

    Silence would be held against a commune that perhaps never heard of the campaign. The moment is
    the last working morning before the deadline's last day, so that a person can still telephone;
    a day after the begin at the earliest, when the call had time to arrive.
    """
    if world.state(campaign).closed_at is not None:
        return
    not_before = unreached_at(world, campaign)
    if world.now < not_before or world.now >= campaign.closes_at:
        return  # nothing to foresee: by then they may have been reached
    communes = unreached(world, campaign)
    if not communes:
        return
    yield Due(
        kind="alert",
        key=f"alert/unreached/{campaign.id}",
        to=world.officers(),
        template="alert",
        not_before=not_before,
        facts={
            "what": "unreached",
            "campaign": campaign.title,
            "commune": ", ".join(one.title for one in communes),
            "next": "Chưa có thư nào của hệ thống đến được các đơn vị này. Đề nghị liên hệ trực "
            f"tiếp trước khi chốt số liệu, {_MEND}.",
        },
    )


def unreached_at(world: World, campaign: Campaign) -> dt.datetime:
    """Return the moment of `unreached_notice`."""
    begin = begins_at(campaign, world.state(campaign), world.config.settings)
    last_on = (campaign.deadline_at - dt.timedelta(microseconds=1)).astimezone(world.calendar.zone)
    day = world.calendar.previous_working(last_on.date() - _DAY)
    morning = world.calendar.at(day, world.config.settings.hours.starts)
    return max(morning, begin + _DAY)


def unreached(world: World, campaign: Campaign) -> tuple[Commune, ...]:
    """Return the members that never wrote and whom no call or reminder reached or will reach."""
    return unreached_of(world.snapshot, campaign, world.config.members(campaign))


def unreached_of(
    snapshot: Snapshot, campaign: Campaign, members: Iterable[Commune]
) -> tuple[Commune, ...]:
    """Return those of the members, as `unreached`."""
    return tuple(
        one
        for one in silent_communes(snapshot, campaign, members)
        if snapshot.asked.get((campaign.id, one.key)) == "in-vain"
        or not live((*one.emails, *one.chair_emails), snapshot.bounced)
    )


def _units_at(world: World, address: str) -> tuple[Commune, ...]:
    today = world.now.astimezone(world.calendar.zone).date()
    return world.config.communes_on(today).by_address.get(address.casefold(), ())


def _was_silent(world: World, key: CommuneKey) -> bool:
    return any(
        commune_state(world.snapshot, campaign.id, key) == "silent"
        for campaign in world.config.campaigns
    )


def _commune(world: World, key: CommuneKey) -> Commune | None:
    return world.config.commune(key)
