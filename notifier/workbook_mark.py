"""The mark of an official workbook: whom it was made for, sealed, where other programs keep it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from config.model import Campaign, Commune
from notifier.seal import fits, seal
from parsers.grid import MARK_PROPERTY
from parsers.official import MARK_SHEET, form_version, mark_text
from parsers.reading import OfficialMark

if TYPE_CHECKING:
    from openpyxl import Workbook

_PURPOSE = "workbook"


def sealed_mark(
    campaign: Campaign, commune: Commune, secret: bytes, issue: str = ""
) -> OfficialMark:
    """Return the mark of a workbook for this commune; ``issue`` = the receipt that it corrects."""
    bare = OfficialMark(
        campaign=campaign.id,
        commune=commune.code,
        valid_from=commune.valid_from.isoformat(),
        form=form_version(campaign.form),
        issue=issue,
        seal="",
    )
    return replace(bare, seal=seal(secret, _PURPOSE, *bare.sealed))


def is_genuine(mark: OfficialMark, secret: bytes) -> bool:
    """Whether this office made the mark, with all that it says."""
    return fits(mark.seal, secret, _PURPOSE, *mark.sealed)


def write_mark(book: "Workbook", mark: OfficialMark) -> None:
    """Put the mark on a sheet that no menu shows, and into a property of the document.

    LibreOffice and WPS keep both, Google the sheet, a program that drops hidden sheets the other.
    """
    from openpyxl.packaging.custom import StringProperty  # noqa: PLC0415  checking does without

    sheet = book.create_sheet(MARK_SHEET)
    sheet["A1"].value = mark_text(mark)
    sheet.sheet_state = "veryHidden"
    properties: Any = book
    properties.custom_doc_props.append(StringProperty(name=MARK_PROPERTY, value=mark_text(mark)))
