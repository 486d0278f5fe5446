"""The file of proposals as text: what hostile captions and samples cannot do, what is suggested."""

import datetime as dt
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rigs import office as rig

from intake.proposals import answers_in, proposals, rendered, with_aliases
from parsers.reading import UnknownColumn
from registry.columns import SeenColumn, read_columns, written_columns

CONFIG = rig.office()
CAMPAIGN = CONFIG.campaigns[0]
FORM = CAMPAIGN.form
HOA_CU = ("06223", dt.date(2020, 1, 1))
NAMES = {HOA_CU: "Xã Hòa Cư"}


def seen(caption: str, *samples: str, field: str = "", message: int = 1) -> SeenColumn:
    return SeenColumn(message, HOA_CU, UnknownColumn(caption, "Biểu!B3", field, samples))


HOSTILE = [
    'x"\nfield = "address"',
    "a\\",
    'đóng " ngoặc',
    "tab\tđây",
    "\x00\x07\x1b[31m đỏ",
    "\x7f\x85\u2028\u2029\ufeff\u202e",
    "[[alias]]",
    "# chú thích",
    "'''",
    '"""',
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_caption_or_sample_answers_nothing(text: str) -> None:
    found = proposals([seen(f"Lạ {text}", text, text + text)], FORM, NAMES)
    written = rendered(CAMPAIGN, found, {})
    assert answers_in("x.toml", written.encode(), FORM) == {}
    (alias,) = tomllib.loads(written)["alias"]
    assert alias.keys() == {"caption"}
    assert all(line.isprintable() for line in written.splitlines())


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.text(max_size=60))
def test_whatever_a_caption_says_the_file_can_be_read(caption: str, sample: str) -> None:
    sample = sample.encode("utf-8", "replace").decode()
    found = proposals([seen(caption, sample)], FORM, NAMES)
    written = rendered(CAMPAIGN, found, {one.caption: "address" for one in found})
    answers = answers_in("x.toml", written.encode(), FORM)
    assert set(answers.values()) <= {"address"}
    assert len(answers) == len(found)


def test_captions_that_differ_only_in_writing_are_one_and_the_most_frequent_comes_first() -> None:
    columns = [seen("Cột hiếm", "a"), seen("TOẠ LẠC", "b"), seen("Toạ lạc", "c", "b", "d", "e")]
    first, second = proposals(columns, FORM, NAMES)
    assert (first.times, first.samples, first.communes) == (2, ("b", "c", "d"), ("Xã Hòa Cư",))
    assert second.caption == "Cột hiếm"


def test_what_the_form_knows_by_now_is_not_proposed() -> None:
    assert proposals([seen("Địa chỉ", "a"), seen("SĐT", "b")], FORM, NAMES) == []


def test_the_nearest_field_is_only_suggested() -> None:
    (near,) = proposals([seen("Địa chỉ đang bày bán", "a")], FORM, NAMES)
    assert near.field == "address"
    text = rendered(CAMPAIGN, [near], {})
    assert '# field = "address"' in text
    (far,) = proposals([seen("Zzz qqq", "a")], FORM, NAMES)
    assert far.field == ""
    assert '# field = "ten_muc"' in rendered(CAMPAIGN, [far], {})


def test_a_guess_of_the_reader_is_what_is_suggested() -> None:
    (one,) = proposals([seen("Nơi nào đó", "a", field="owner")], FORM, NAMES)
    assert one.field == "owner"


def test_a_unit_that_left_the_roster_is_named_by_its_code() -> None:
    (one,) = proposals([seen("Cột lạ", "a")], FORM, {})
    assert one.communes == ("06223",)


TOML = """\
id = "x"  # giữ lại
[form]
title = "Biểu"
[[form.field]]
key = "address"
label = "Địa chỉ"
aliases = [
  "Nơi đặt",  # của xã
]
[[form.field]]
key = "note"
label = "Ghi chú"
[report]
"""


def test_an_alias_goes_into_the_campaigns_file_and_nothing_else_changes() -> None:
    text = with_aliases(TOML, {"Toạ lạc": "address", "Lời bàn": "note", "NƠI ĐẶT": "address"})
    table = tomllib.loads(text)
    assert table["form"]["field"][0]["aliases"] == ["Nơi đặt", "Toạ lạc"]
    assert table["form"]["field"][1]["aliases"] == ["Lời bàn"]
    assert "# giữ lại" in text
    assert "# của xã" in text
    assert with_aliases(text, {"Toạ lạc": "address"}) == text


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"caption": 1}]', "null"])
def test_text_that_is_no_list_of_columns_is_none(text: str) -> None:
    assert read_columns(text) == ()


def test_columns_come_back_as_they_were_written() -> None:
    columns = (UnknownColumn("Cột “lạ”", "Biểu!B3", "", ("a", "b")), UnknownColumn("x", "y"))
    assert read_columns(written_columns(columns)) == columns
