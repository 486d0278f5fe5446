"""The answers that a held message's notice offers, as the officers read them. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from config.model import Campaign, Commune
from notifier.choices import WORDS, choices
from registry.model import Choice, Message

_MEANINGS: Mapping[Choice, str] = MappingProxyType(
    {
        "accept": "đồng ý với điều hệ thống nhận ra; hệ thống ghi nhận và trả lời đơn vị",
        "assign": "thư này là của đơn vị đó; hệ thống đọc lại, ghi nhận và trả lời đơn vị",
        "return": "không ghi nhận; hệ thống báo đơn vị gửi lại, kèm đúng lý do cán bộ ghi",
        "drop": "không ghi nhận, không trả lời người gửi; thư gốc vẫn được lưu",
    }
)


def options(
    message: Message,
    communes: tuple[Commune, ...],
    commune: Commune | None,
    campaigns: tuple[Campaign, ...] = (),
) -> list[list[str]]:
    """Return rows of (what to write, what it does) for a message that waits.

    ``commune`` is the one that was recognised, ``campaigns`` those of which one must be named.
    """
    return [
        [_words(choice, commune, campaigns), _MEANINGS[choice]]
        for choice in choices(message, communes)
    ]


def _words(choice: Choice, commune: Commune | None, campaigns: tuple[Campaign, ...]) -> str:
    if choice == "return":
        return f"{WORDS[choice]} lý do"
    if choice != "assign":
        return WORDS[choice]
    whose = commune.title[:1].lower() + commune.title[1:] if commune else "tên đơn vị"
    call = f" {campaigns[0].id}" if campaigns else ""
    return f"{WORDS[choice]} {whose}{call}"
