"""Every reason for which a message waits is told to the officers in Vietnamese."""

from typing import get_args

from notifier.held_reasons import HELD_REASONS, in_vietnamese
from registry.model import HeldReason, held_reason


def test_every_reason_has_its_words():
    assert set(get_args(HeldReason)) == set(HELD_REASONS)


def test_details_are_kept_and_own_words_stay():
    told = in_vietnamese(held_reason("other-commune", "Xã Gia Cát", "Xã Hòa Cư"))
    assert told.endswith("đơn vị khác (Xã Gia Cát; Xã Hòa Cư)")
    assert in_vietnamese("cán bộ ghi: chờ") == "cán bộ ghi: chờ"
