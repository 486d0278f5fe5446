"""Promise 3 between real servers: a commune that wrote is never recorded as silent."""

import datetime as dt

import pytest
from rigs.whole import CAMPAIGN, Whole, mail, workbook_file

from intake.demo_documents import PLAIN, workbook
from intake.demo_scenario import GIA_CAT, HOA_CU, _sender
from notifier.report import gather
from registry.model import CommuneKey
from registry.snapshot import commune_state, windows

HOA_CU_MAIL = "hoacu@caoloc.example"
BOOK = workbook(PLAIN, _sender("Hòa Cư", 45, 15), HOA_CU)
OTHER = workbook(PLAIN, _sender("Gia Cát", 31, 14), GIA_CAT)


def launched(office: Whole) -> Whole:
    office.store.launch(CAMPAIGN, "officer", office.now)
    return office


def closing(office: Whole) -> dt.datetime:
    return office.config.campaign(CAMPAIGN).closes_at + dt.timedelta(minutes=5)


def key(office: Whole, code: str) -> CommuneKey:
    return next(one.key for one in office.config.communes if one.code == code)


def states(office: Whole) -> tuple[str, str]:
    """Of Hòa Cư, and of Gia Cát, which never wrote."""
    snapshot = office.store.snapshot(windows(office.config.campaigns))
    hoa_cu, gia_cat = (
        commune_state(snapshot, CAMPAIGN, key(office, code)) for code in ("06223", "06235")
    )
    return hoa_cu, gia_cat


@pytest.mark.parametrize(
    ("book", "headers"), [(OTHER, {}), (BOOK, {"Auto_Submitted": "auto-generated"})]
)
def test_a_commune_whose_letter_waits_for_a_person_is_not_silent(
    office: Whole, book: bytes, headers: dict[str, str]
) -> None:
    """Whatever is doubtful about it, its sender is known."""
    launched(office).deliver(mail(HOA_CU_MAIL, files=workbook_file(book), **headers))
    office.tick()
    assert len(office.store.held()) == 1
    office.tick(closing(office))
    assert states(office) == ("in-review", "silent")


def test_no_silence_is_recorded_while_a_letter_has_lost_its_sender(office: Whole) -> None:
    launched(office).deliver(mail(HOA_CU_MAIL, files=workbook_file(BOOK)))
    office.daemon.collect_and_keep()
    sha256 = office.store.kept()[0].sha256
    next(office.desk.vault.place.folder.rglob(sha256)).unlink()
    for _ in range(4):
        office.tick()
    office.tick(closing(office))
    assert states(office) == ("waiting", "waiting")
    held = office.store.held()[0]
    office.store.assign(held.id, key(office, "06223"), CAMPAIGN, "officer", office.now)
    for _ in range(4):
        office.tick(office.now + dt.timedelta(minutes=1))
    assert states(office) == ("in-review", "silent")


def test_a_strangers_letter_that_proves_to_be_a_communes_undoes_its_silence(office: Whole) -> None:
    """Assigned after closing, and nothing can be read of it: the report says so too."""
    files = [("bieu.pdf", "application/pdf", b"%PDF-1.4 broken")]
    launched(office).deliver(mail("ai.do@thudientu.example", files=files))
    office.tick()
    office.tick(closing(office))
    assert states(office) == ("silent", "silent")
    held = office.store.held()[0]
    office.store.assign(held.id, key(office, "06223"), CAMPAIGN, "officer", office.now)
    office.tick()
    campaign = office.config.campaign(CAMPAIGN)
    inputs = gather(office.store, office.config, campaign, office.now)
    told = {one.code: one.state for one in inputs.communes}
    assert states(office) == (told["06223"], told["06235"]) == ("needs-fix", "silent")
