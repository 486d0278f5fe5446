"""The two nets under the log: no words of exceptions, nobody's address or number."""

import pytest

from intake.logs import processors, reply_codes, without_persons


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("hoacu@caoloc.example was refused", "…@caoloc.example was refused"),
        ("<Anh.Ba+x@thu.example>, c@d.example", "<…@thu.example>, …@d.example"),
        ("box9@127.0.0.1 was not let in", "…@127.0.0.1 was not let in"),
        ("gọi 0912 777 123 hoặc +84 912.777.123", "gọi [phone] hoặc [phone]"),
        ("call/ocop-2024-2/06223@2020-01-01", "call/ocop-2024-2/06223@2020-01-01"),
        ("2024-05-17T08:00:00Z 1234567890123", "2024-05-17T08:00:00Z 1234567890123"),
    ],
)
def test_addresses_keep_their_domain_and_numbers_nothing(text, kept):
    assert without_persons(text) == kept


@pytest.mark.parametrize(
    ("reason", "logged"),
    [
        ("250 2.0.0 queued as 4711 for Ba", "250 2.0.0"),
        ("RCPT: 550 5.1.1 <ba@x.example> Ba does not live here", "RCPT: 550 5.1.1"),
        ("MAIL: 451 later", "MAIL: 451"),
        ("outside office hours", "outside office hours"),
        ("5 days are over", "5 days are over"),
    ],
)
def test_of_a_reply_the_codes_are_logged(reason, logged):
    assert reply_codes(reason) == logged


def test_an_exception_is_told_by_type_and_place_and_not_by_its_words():
    try:
        try:
            int("so 0912777123")
        except ValueError as error:
            raise LookupError("Đàm Thị Thu Huệ") from error
    except LookupError:
        event = {"event": "attempt_failed", "message": 7, "exc_info": True}
        for step in processors():
            event = step(None, "error", event)
    assert "LookupError at" in event
    assert "ValueError at" in event
    assert "test_logs.py" in event
    assert "0912777123" not in event
    assert "Thu Huệ" not in event
