"""For whom official workbooks were made, and what a message with them speaks for."""

from dataclasses import dataclass

import pytest
from rigs.cast import CAO_LOC, COMMUNES, GIA_CAT, HOA_CU, campaign, moment

from intake.matching import CampaignMatch, CommuneMatch, Unsure, match_campaign, match_commune
from intake.official import (
    Workbooks,
    foreign_campaign,
    is_forged,
    workbook_findings,
    workbooks_of,
)
from parsers.official import form_version
from parsers.reading import OfficialMark, Reading, Refusal

OCOP = campaign()
FORM = form_version(OCOP.form)
HEADING = ("UBND XÃ HÒA CƯ",)


@dataclass(frozen=True)
class File:
    result: Reading | Refusal
    genuine: bool | None
    name: str = "bieu.xlsx"


def marked(commune=HOA_CU, call="ocop-2024-2", form=FORM, *, genuine=True, exact=True):
    mark = OfficialMark(call, commune.code, commune.valid_from.isoformat(), form, "", "S", exact)
    return File(Reading("xlsx", "form", official=mark), genuine)


PLAIN = File(Reading("xlsx", "form"), None)
REFUSED = File(Refusal("damaged", ""), None)


def test_only_genuine_marks_say_whose_it_is():
    files = [marked(), marked(GIA_CAT, genuine=False), PLAIN, REFUSED]
    assert workbooks_of(files, COMMUNES) == Workbooks((HOA_CU,), (), frozenset({"ocop-2024-2"}))
    assert is_forged(files)
    assert not is_forged([marked(), PLAIN, REFUSED])
    assert workbooks_of([marked(HOA_CU)], (GIA_CAT,)).unknown == ("06223",)
    assert foreign_campaign([PLAIN, marked(call="x-1")], OCOP) == "x-1"
    assert foreign_campaign([marked(), marked(call="x-1", genuine=False)], OCOP) == ""


@pytest.mark.parametrize(
    ("file", "codes"),
    [
        (marked(), []),
        (PLAIN, []),
        (marked(genuine=False), ["workbook-seal"]),
        (marked(call="x-1"), ["workbook-campaign"]),
        (marked(form="x"), ["workbook-older"]),
        (marked(exact=False), ["workbook-changed"]),
    ],
)
def test_what_is_said_of_one_that_was_not_read_by_its_keys(file, codes):
    assert [finding.code for finding in workbook_findings([file], OCOP)] == codes


def commune(sender, workbooks, heading=HEADING, subject="", *, on_behalf=False):
    made = Workbooks(tuple(workbooks))
    return match_commune(sender, heading, subject, COMMUNES, on_behalf=on_behalf, workbooks=made)


def test_another_communes_workbook_is_held_also_where_the_heading_is_the_senders_own():
    held = Unsure("copied-workbook", (GIA_CAT.title, HOA_CU.title))
    assert commune([GIA_CAT], [HOA_CU], ("UBND XÃ GIA CÁT",)) == held
    assert commune([GIA_CAT], [HOA_CU]) == held
    gone = match_commune([HOA_CU], (), "", COMMUNES, on_behalf=False,
                         workbooks=Workbooks((), ("09999",)))  # fmt: skip
    assert gone == Unsure("copied-workbook", (HOA_CU.title, "09999"))


def test_the_workbook_tells_communes_of_one_address_apart():
    assert commune([HOA_CU, GIA_CAT], [GIA_CAT], ()) == CommuneMatch(GIA_CAT, "workbook")
    assert commune([HOA_CU, GIA_CAT], [], ()).reason == "shared-address"
    assert commune([HOA_CU, GIA_CAT], [GIA_CAT]).reason == "other-commune"
    assert commune([HOA_CU, GIA_CAT], [GIA_CAT, HOA_CU], ()).reason == "several-communes"


def test_an_officers_forward_is_of_the_workbooks_commune_unless_something_disagrees():
    forwarded = {"on_behalf": True}
    assert commune([], [HOA_CU], (), **forwarded) == CommuneMatch(HOA_CU, "workbook")
    assert commune([], [HOA_CU], subject="TT Cao Lộc", **forwarded) == Unsure(
        "forward-disagrees", (HOA_CU.title, CAO_LOC.title)
    )
    assert commune([], [HOA_CU, GIA_CAT], (), **forwarded).reason == "several-communes"


def test_a_stranger_with_a_workbook_stays_a_stranger():
    assert commune([], [HOA_CU]) == Unsure("unknown-sender", (HOA_CU.title,))


def test_the_workbook_tells_open_campaigns_apart_and_settles_nothing_else():
    other = campaign("khac-2024-1", number="9/UBND", basis=[], receipt_prefix="KHAC")
    both = (OCOP, other)
    made = Workbooks(campaigns=frozenset({"khac-2024-1"}))

    def match(cited=(), thread=None, subject="Đăng ký", workbooks=made):
        return match_campaign(thread, subject, cited, both, moment(17), workbooks)

    assert match() == CampaignMatch(other, "workbook")
    assert match(workbooks=Workbooks()).reason == "several-campaigns"
    assert match(thread="ocop-2024-2") == CampaignMatch(OCOP, "thread")
    assert match(subject="ocop-2024-2") == CampaignMatch(OCOP, "subject")
    assert match(cited=("689/SCT-QLTM",)).reason == "several-campaigns"
    assert match(cited=("9/UBND",)) == CampaignMatch(other, "cited")
