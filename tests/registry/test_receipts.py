"""Receipt numbers catch the slips that people make on the telephone."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.receipts import receipt_number, valid_receipt

PREFIXES = st.from_regex(r"[A-Z]{2,6}[0-9]{0,4}", fullmatch=True)
CODES = st.from_regex(r"[0-9]{5}", fullmatch=True)
RECEIPTS = st.builds(receipt_number, PREFIXES, CODES, st.integers(1, 120))


def test_a_receipt_number_is_prefix_code_serial_and_check_digit() -> None:
    assert receipt_number("OCOP2", "06223", 1)[:-1] == "OCOP2-06223-01-"
    assert receipt_number("OCOP2", "06223", 117)[:-1] == "OCOP2-06223-117-"


def test_the_check_digit_never_changes_between_versions_of_the_program() -> None:
    assert receipt_number("OCOP", "06223", 1) == "OCOP-06223-01-6"


def test_serials_start_at_one() -> None:
    with pytest.raises(ValueError, match="start at 1"):
        receipt_number("OCOP2", "06223", 0)


@given(receipt=RECEIPTS)
def test_what_is_given_out_is_valid_however_it_is_typed(receipt: str) -> None:
    assert valid_receipt(receipt)
    assert valid_receipt(f" {receipt.lower()}\n")


@given(receipt=RECEIPTS)
def test_every_single_wrong_digit_is_caught(receipt: str) -> None:
    for place, right in enumerate(receipt):
        if right.isdigit():
            for wrong in "0123456789".replace(right, ""):
                assert not valid_receipt(receipt[:place] + wrong + receipt[place + 1 :])


@given(receipt=RECEIPTS)
def test_every_swap_of_neighbouring_digits_is_caught(receipt: str) -> None:
    digits = [place for place, char in enumerate(receipt) if char.isdigit()]
    for left, right in itertools.pairwise(digits):
        swapped = list(receipt)
        swapped[left], swapped[right] = swapped[right], swapped[left]
        assert valid_receipt("".join(swapped)) == (receipt[left] == receipt[right])


@pytest.mark.parametrize("text", ["", "OCOP2", "OCOP2-06223-1-5", "OCOP2-06223-01", "06223-01-5x"])
def test_other_texts_are_no_receipt_numbers(text: str) -> None:
    assert not valid_receipt(text)
