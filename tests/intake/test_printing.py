"""What commands print: one line is one line, and JSON keeps its values as they are."""

import json

import pytest

from intake.printing import echo, echo_json


def test_json_keeps_spaces_line_breaks_and_odd_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    view = {"name": "Điểm  OCOP\n thứ\u202e hai ", "rows": [{"note": "a\x1b[2Jb"}]}
    echo_json(view)
    printed = capsys.readouterr().out
    assert json.loads(printed) == view
    assert printed.count("\n") > 3
    assert "\x1b" not in printed


def test_a_line_keeps_its_indent_and_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    echo("  note: Đã\nFORGED\x1b[2J", err=True)
    told = capsys.readouterr().err
    assert told.startswith("  note: Đã")
    assert told.count("\n") == 1
    assert "\x1b" not in told
