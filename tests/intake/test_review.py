"""What a person may decide about a message."""

import dataclasses

import pytest
from rigs.cast import campaign, moment
from rigs.office import office

from intake.review import acceptable, campaign_for
from registry.errors import NotPossible
from registry.model import Message

CONFIG = dataclasses.replace(office(), campaigns=(campaign(),))
MESSAGE = Message(1, "a" * 64, 100, moment(15), "held", subject="Đăng ký")


def test_a_message_is_assigned_to_the_campaign_wanted_or_recognised_or_the_only_one():
    two = dataclasses.replace(CONFIG, campaigns=(campaign(), campaign("b", receipt_prefix="B")))
    assert campaign_for(CONFIG, MESSAGE) == "ocop-2024-2"
    assert campaign_for(two, MESSAGE, "b") == "b"
    assert campaign_for(two, dataclasses.replace(MESSAGE, campaign="b")) == "b"
    with pytest.raises(NotPossible, match="--campaign"):
        campaign_for(two, MESSAGE)


def test_where_several_could_be_meant_the_officer_names_one_whatever_is_open():
    """The thread, the letters and the workbook left it open: no calendar knows better."""
    doubtful = dataclasses.replace(MESSAGE, reason="several-campaigns: old; ocop-2024-2")
    with pytest.raises(NotPossible, match="--campaign"):
        campaign_for(CONFIG, doubtful)
    assert campaign_for(CONFIG, doubtful, "ocop-2024-2") == "ocop-2024-2"


def test_a_campaign_that_was_taken_away_is_neither_taken_nor_accepted():
    old = dataclasses.replace(MESSAGE, campaign="old")
    assert campaign_for(CONFIG, old) == "ocop-2024-2"
    with pytest.raises(NotPossible, match="no longer configured"):
        acceptable(CONFIG, old)
    acceptable(CONFIG, MESSAGE)
