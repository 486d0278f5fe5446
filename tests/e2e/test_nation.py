"""The nation of bench/nation.py in small: what the office ends with is what the nation knows."""

import datetime as dt
from pathlib import Path

import pytest
from rigs.nation import Letter, Nation
from rigs.nation_office import NationOffice, nation_office
from rigs.nation_roster import Unit, roster

from config.model import Campaign, Config
from intake.desk import Desk
from notifier.fill_in import fill_in_workbook
from registry.snapshot import windows
from registry.snapshot_memory import remembered


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> "Lived":
    return Lived(tmp_path_factory.mktemp("nation"))


class Lived:
    """A small nation's two campaigns, lived through; one delivery is noted, for the last test."""

    def __init__(self, folder: Path) -> None:
        with nation_office(folder / "office", UNITS, small) as office:
            office.step, office.quiet = dt.timedelta(hours=2), dt.timedelta(hours=12)
            office.live()
            self.wrong = list(office.wrong())
            self.delivered = office.nation.delivered.copy()
            self.verified = office.desk.store.verify_journal()
            self.memory_tells_the_same = same_as_read_anew(office)
            self.with_a_lost_one = self.lose_one(office)

    def lose_one(self, office: NationOffice) -> list[str]:
        """What the comparison says when a mail had been delivered that nobody has."""
        lost = Letter(office.now, b"Subject: lost\n\nlost\n", "query")
        office.nation.note(lost)
        return list(office.wrong())


UNITS: tuple[Unit, ...] = roster(24, 11)


def small(config: Config, desk: Desk) -> Nation:
    communes = {one.code: one for one in config.communes}

    def blank(campaign: Campaign, unit: Unit) -> bytes:
        secret = desk.vault.secret()
        return fill_in_workbook(campaign, communes[unit.code], config.settings.office, secret)

    return Nation(UNITS, config.campaigns, 100, 11, blank=blank)


def same_as_read_anew(office: NationOffice) -> bool:
    """What the store remembered through both campaigns, beside the same read from the tables."""
    store, wanted = office.desk.store, windows(office.config.campaigns)
    known = store.snapshot(wanted, contents=False, findings=False)
    with store._database.read() as connection:
        anew = remembered(connection, None, list(wanted), wanted)
    return (known.current, known.heard, known.asked) == (anew.current, anew.heard, anew.asked) and (
        anew.keys <= known.mail_keys
    )


def test_every_mail_and_every_commune_is_as_the_nation_knows(lived: Lived) -> None:
    assert lived.wrong == []


def test_most_kinds_of_mail_came(lived: Lived) -> None:
    assert len(lived.delivered) >= 15
    assert lived.delivered.total() >= 100


def test_the_journal_is_whole(lived: Lived) -> None:
    assert lived.verified is None


def test_a_snapshot_remembered_is_the_snapshot_read_anew(lived: Lived) -> None:
    assert lived.memory_tells_the_same


def test_a_lost_mail_is_told(lived: Lived) -> None:
    assert lived.with_a_lost_one == ["query: lost"]
