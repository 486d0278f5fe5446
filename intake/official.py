"""Official workbooks among the files of a message: for whom they were made, and what follows. Pure.

Whether a mark is genuine was found out with the vault's secret before (`ReadDocument.genuine`). A
genuine one says its commune and campaign better than any letterhead; it never makes a stranger
speak for a commune, for anybody can forward a file.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from config.communes import Commune, Communes
from config.model import Campaign
from parsers.official import form_version
from parsers.reading import Finding, OfficialMark, Reading, Refusal


class Marked(Protocol):
    """A file that was read; ``genuine`` is ``None`` where it bears no mark."""

    @property
    def name(self) -> str:
        """Its name as sent."""

    @property
    def result(self) -> Reading | Refusal:
        """What was read."""

    @property
    def genuine(self) -> bool | None:
        """Whether its mark is ours."""


@dataclass(frozen=True, slots=True)
class Workbooks:
    """Whom the genuine official workbooks of a message were made for, and in which campaigns.

    ``unknown`` are the codes of those whose commune is not on the roster of that day.
    """

    communes: tuple[Commune, ...] = ()
    unknown: tuple[str, ...] = ()
    campaigns: frozenset[str] = field(default=frozenset())


def workbooks_of(documents: Iterable[Marked], communes: Sequence[Commune]) -> Workbooks:
    """Return what the genuine marks among the files say."""
    marks = [mark for _, mark, genuine in _marks(documents) if genuine]
    roster = Communes.of(communes).by_key if marks else {}
    owners = dict.fromkeys((mark.commune, mark.valid_from) for mark in marks)
    return Workbooks(
        tuple(roster[owner] for owner in owners if owner in roster),
        tuple(code for code, since in owners if (code, since) not in roster),
        frozenset(mark.campaign for mark in marks),
    )


def is_forged(documents: Iterable[Marked]) -> bool:
    """Whether a file bears a mark that this office did not make, or that was changed since."""
    return any(genuine is False for _, _, genuine in _marks(documents))


def foreign_campaign(documents: Iterable[Marked], campaign: Campaign) -> str:
    """Return the other campaign that a genuine workbook was made for, empty if there is none."""
    others = (
        mark.campaign
        for _, mark, genuine in _marks(documents)
        if genuine and mark.campaign != campaign.id
    )
    return next(others, "")


def workbook_findings(documents: Iterable[Marked], campaign: Campaign) -> Iterator[Finding]:
    """Yield what is to be said of workbooks that are ours and could not be read by their keys.

    Also of one with another's mark, which a person nevertheless accepted.
    """
    for name, mark, genuine in _marks(documents):
        if not genuine:
            yield Finding("warning", "workbook-seal", _SEAL, place=name)
        elif mark.campaign != campaign.id:
            message = _OTHER_CAMPAIGN.format(mark.campaign)
            yield Finding("warning", "workbook-campaign", message, place=name)
        elif mark.form != form_version(campaign.form):
            yield Finding("note", "workbook-older", _OLDER, place=name)
        elif not mark.exact:
            yield Finding("note", "workbook-changed", _CHANGED, place=name)


_SEAL = (
    "Dấu kiểm tra của biểu mẫu chính thức không khớp; biểu được ghi nhận theo quyết định của cán "
    "bộ, đề nghị đối chiếu số liệu với đơn vị."
)
_OTHER_CAMPAIGN = (
    "Biểu mẫu chính thức này được cấp cho đợt {}; biểu được ghi nhận theo quyết định của cán bộ."
)
_OLDER = (
    "Biểu mẫu chính thức này được cấp trước khi biểu của đợt được sửa đổi nên đã đọc theo tên cột; "
    "đề nghị dùng biểu mẫu mới nhất cho lần gửi sau."
)
_CHANGED = (
    "Tiêu đề cột của biểu mẫu chính thức đã bị sửa nên được đọc theo tên cột như biểu thông "
    "thường; đề nghị không sửa tiêu đề cột."
)


def _marks(documents: Iterable[Marked]) -> Iterator[tuple[str, OfficialMark, bool]]:
    for document in documents:
        read = document.result
        if isinstance(read, Reading) and read.official:
            yield document.name, read.official, document.genuine is True
