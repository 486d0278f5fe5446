"""What people name on the command line."""

import dataclasses
import datetime as dt
from types import SimpleNamespace

import pytest
from rigs.cast import GIA_CAT, HOA_CU

from intake.views import named_commune

HANOI = dt.timezone(dt.timedelta(hours=7))
MERGED_ON = dt.date(2025, 7, 1)
OLD = dataclasses.replace(HOA_CU, valid_to=MERGED_ON)
NEW = dataclasses.replace(HOA_CU, valid_from=MERGED_ON)
CONFIG = SimpleNamespace(
    communes=(OLD, NEW, GIA_CAT),
    settings=SimpleNamespace(office=SimpleNamespace(zone=HANOI)),
)
LAST_SECOND = dt.datetime(2025, 6, 30, 16, 59, 59, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


@pytest.mark.parametrize("what", [HOA_CU.code, "Xã Hòa Cư", "hoa cu"])
def test_of_two_units_with_one_code_that_of_the_day_is_meant(what):
    assert named_commune(CONFIG, what, LAST_SECOND) is OLD
    assert named_commune(CONFIG, what, LAST_SECOND + SECOND) is NEW


def test_a_unit_that_is_no_more_can_still_be_named_and_a_doubt_is_no_answer():
    ended = SimpleNamespace(communes=(OLD, GIA_CAT), settings=CONFIG.settings)
    assert named_commune(ended, OLD.code, LAST_SECOND + SECOND) is OLD
    twice = SimpleNamespace(communes=(OLD, OLD), settings=CONFIG.settings)
    assert named_commune(twice, "Hòa Cư", LAST_SECOND) is None
    assert named_commune(CONFIG, "Xã Không Có", LAST_SECOND) is None
