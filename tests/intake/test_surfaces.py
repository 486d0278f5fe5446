"""One set of hostile texts over every surface on which a value of outside is shown.

Terminal, plain lines, JSON, log, mail (header, text, HTML), workbooks, official letter, page of
pictures: each shows what was written, and does nothing that it says.
"""

import dataclasses
import email
import email.policy
import io
import json
import logging
import re
import zipfile
from collections import Counter
from functools import cache
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import docx
import jinja2
import openpyxl
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from rich.console import Console
from rigs import office as rig
from rigs.hostile_texts import TEXTS, each_in_turn, poisoned, poisoned_view

from config.problem import ConfigProblems, Problem
from intake import cuttings, logs, screen
from intake.__main__ import _explain
from intake.printing import as_json
from notifier import mime
from notifier.compose import Attachment, Context, Templates, compose
from notifier.correction import correction_workbook
from notifier.fill_in import fill_in_workbook
from notifier.official_letter import draft
from notifier.report import ReportInputs, workbook
from notifier.sample import sample_dues, sample_inputs
from parsers.reading import Finding, Row
from registry.errors import NotPossible
from registry.model import Point

CONFIG = rig.office()
HOSTILE = [pytest.param(text, id=name) for name, text in TEXTS.items()]
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def printable_lines(text: str) -> list[str]:
    """The lines of a text, in which nothing may be that a terminal obeys."""
    odd = {char for char in text if not char.isprintable()} - {"\n"}
    assert odd == set()
    return text.split("\n")


# --- terminal ---

AT = "2024-05-15T09:00:00+07:00"
ROW = {
    "values": {"name": "Cửa hàng", "phone": "1"},
    "places": {"name": "Biểu!B9", "phone": "Biểu!C9"},
    "confidence": {"name": 0.5},
    "file": "bieu.xlsx",
}
FINDING = {
    "severity": "error", "code": "bad-phone", "field": "phone", "row": 1, "place": "Biểu!C9",
    "message": "Sai số",
}  # fmt: skip
LETTER = {"number": "1/UBND", "issued_on": "15/5", "subject": "Về việc", "signer": "A"}
REPORT = {
    "number": 2, "supplement": 1, "state": "released", "created_at": AT, "approved_at": AT,
    "approved_by": "lãnh đạo", "returned_at": AT, "returned_by": "lãnh đạo",
    "returned_reason": "kinh phí", "letter": {"name": "145.pdf", "number": "145/UBND",
    "issued_on": "2024-05-22", "signature": "valid"},
}  # fmt: skip
MESSAGE = {
    "id": 1, "received_at": AT, "sender": "a@b.example", "commune": "Xã Hòa Cư", "subject": "Thư",
    "state": "held", "verdict": "query", "reason": "words-only: x",
}  # fmt: skip
SUBMISSION = {
    "id": 1, "current": True, "late": True, "receipt": "OCOP-1", "commune": "Xã Hòa Cư",
    "version": 1, "state": "registered", "message": 1, "campaign": "ocop", "received_at": AT,
    "letter": LETTER, "points": [ROW], "findings": [FINDING],
}  # fmt: skip
MAIL = {
    "id": 1, "state": "sent", "sent_at": AT, "queued_at": AT, "kind": "ack", "key": "ack/1",
    "bounced_at": AT,
    "recipient": "a@b.example", "subject": "Đã nhận", "message_id": "<1@x>", "server": "mx",
    "response": "250 ok",
}  # fmt: skip
EVENT = {"at": AT, "event": "kept", "by": "someone"}
DOCUMENT = {
    "name": "bieu.xlsx", "kind": "xlsx", "role": "form", "item": "anh", "signature": "valid",
    "sha256": "0" * 64, "refusal": "damaged",
}  # fmt: skip
VIEWS = {
    "held": [MESSAGE],
    "plan": [{"at": AT, "template": "ack", "commune": "Xã", "to": ["a@b.example"],
              "cc": ["c@b.example"], "waits": "approval"}],
    "found": MESSAGE | {"documents": [DOCUMENT], "submission": SUBMISSION, "mails": [MAIL],
                        "journal": [EVENT]},
    "found submission": SUBMISSION,
    "found mail": MAIL,
    "found commune": {"code": "06223", "name": "Xã Hòa Cư", "emails": ["a@b.example"],
                      "campaigns": {"ocop": [SUBMISSION], "old": []}, "messages": [MESSAGE],
                      "mails": [MAIL]},
    "files": [{"file": "a.xlsx", "kind": "xlsx", "role": "form", "nil": True, "rows": [ROW],
               "commune": {"name": "Xã", "how": "heading"}, "letter": LETTER,
               "findings": [FINDING], "refusal": {"code": "damaged", "message": "Hỏng"},
               "children": []}],
    "status": {
        "campaigns": [{"id": "ocop", "title": "Đợt", "launched_at": AT, "deadline_at": AT,
                       "closes_at": AT, "closed_at": None,
                       "communes": [{"name": "Xã", "state": "registered", "late": True,
                                     "receipt": "O-1", "version": 1, "points": 1, "errors": 0,
                                     "received_at": AT}],
                       "reports": [
                           REPORT,
                           {**REPORT, "state": "returned", "letter": None},
                           {**REPORT, "state": "waiting", "letter": None}]}],
        "department": [{"message": 1, "campaign": "ocop", "report": 1, "received_at": AT,
                        "sender": "so@tinh.example", "subject": "Trả lời"}],
        "messages": {"kept": 0, "recorded": 1, "held": 1, "by_verdict": {"query": 1}},
        "outbox": {"queued": 0, "sent": 1, "refused": 0, "unknown": 0, "held": 0,
                   "by_kind": {"ack": 1}},
        "mailbox": {"account": "a@b", "polled_at": AT, "brake": "flood", "behind": "restored"},
        "daemon": {"pid": 1, "host": "máy", "since": AT},
        "lease": [
            {
                "role": role, "pid": 1, "host": "máy", "since": AT, "epoch": 3,
                "renewed_seconds": 1.5, "left_seconds": 18.5, "code": "abcdef012345",
            }
            for role in ("works", "stands by")
        ],
        "health": [{"code": "disk", "severity": "broken", "text": "full", "since": AT,
                    "advice": "make room"}],
    },
}  # fmt: skip


def on_screen(name: str, view: object) -> list[str]:
    written = io.StringIO()
    console = Console(file=written, width=60_000, highlight=False)
    getattr(screen.Screen(ZONE, console), name.partition(" ")[0])(view)
    return printable_lines(written.getvalue())


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", VIEWS)
def test_a_terminal_shows_and_obeys_nothing(name: str, text: str) -> None:
    """As many lines as for harmless text, no style, and brackets as they were written."""
    harmless = on_screen(name, poisoned_view(VIEWS[name], "x" * min(len(text), 3_000)))
    shown = on_screen(name, poisoned_view(VIEWS[name], text))
    assert len(shown) == len(harmless)
    assert not any(line.lstrip().startswith("FORGED") for line in shown)
    if text == TEXTS["markup"]:
        assert "[bold red]x[/bold red][/]" in "\n".join(shown)


@pytest.mark.parametrize("text", HOSTILE)
def test_errors_are_one_printable_line(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    for error, count in (
        (NotPossible(text), 1),
        (ConfigProblems([Problem("a.toml", 1, text, text, text)] * 2), 2),
    ):
        with pytest.raises(SystemExit):
            _explain(error)
        assert len(printable_lines(capsys.readouterr().err)) == count + 1
    with pytest.raises(SystemExit):
        _explain(ValueError(text))  # a bug: a traceback, of lines that are printable
    printable_lines(capsys.readouterr().err)


@pytest.mark.parametrize("text", HOSTILE)
def test_json_is_json_and_says_what_was_written(text: str) -> None:
    view = {"a": [text, {text: text}]}
    written = as_json(view)
    written.encode()
    printable_lines(written)
    assert json.loads(written) == view


# --- log ---


@pytest.mark.parametrize("text", HOSTILE)
def test_a_log_has_one_line_for_an_event(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    structlog.reset_defaults()
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []
    try:
        logs.to_stderr(verbose=True)
        error = ValueError(text)
        structlog.get_logger("t").error("attempt_failed", reason=text, exc_info=error)
        (handler,) = root.handlers
        record = logging.LogRecord("imap", logging.WARNING, "f", 1, "%s", (text,), None)
        library = handler.format(record)
    finally:
        structlog.reset_defaults()
        root.handlers = handlers
    line, rest = printable_lines(capfd.readouterr().err)
    assert rest == ""
    assert line.startswith("timestamp=")
    assert line.count("event=attempt_failed") == 1
    assert len(printable_lines(library)) == 1


# --- mail ---

NAMES = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
         "MIME-Version", "X-Auto-Response-Suppress", "X-Commune-Intake",
         "Content-Language"]  # fmt: skip
MAY = ["Cc", "Reply-To", "In-Reply-To", "References"]
TEMPLATES = Templates(rig.FOLDER / "templates")


class Tags(HTMLParser):
    """What a browser would make of a page: its elements, and addresses that they load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.loads: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag] += 1
        self.loads += [str(value) for name, value in attrs if name in {"src", "href", "action"}]
        assert not any(name.startswith("on") for name, _ in attrs)


def checked_wire(raw: bytes) -> email.message.EmailMessage:
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(read, email.message.EmailMessage)
    assert set(NAMES) <= set(read.keys()) <= {*NAMES, *MAY}
    assert len(read.keys()) == len(set(read.keys()))
    assert all(not part.defects for part in read.walk())
    return read


def with_text(context: Context, text: str) -> Context:
    """A mail's facts with the text wherever a word of outside may stand."""
    return dataclasses.replace(
        context,
        message=poisoned(context.message, text),
        documents=poisoned(context.documents, text),
        submission=poisoned(context.submission, text),
        previous=poisoned(context.previous, text),
        evidence=poisoned(context.evidence, text),
        dossier=poisoned(context.dossier, text),
        attachments=(Attachment(text, b"x", "application/pdf"),),
    )


DUES = list(sample_dues(CONFIG))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_mail_has_our_headers_our_lines_and_our_tags(text: str) -> None:
    """Kinds of mail in turn; compared with the same mail about harmless text."""
    turn = list(TEXTS.values()).index(text)
    for due, context in DUES[turn % 9 :: 9]:
        harmless = compose(due, with_text(context, "x"), TEMPLATES)[0]
        mail = compose(due, with_text(context, text), TEMPLATES)[0]
        read, before = checked_wire(mail.raw), checked_wire(harmless.raw)
        assert (read["To"], read["From"]) == (before["To"], before["From"])
        words = read.get_body(("plain",)).get_content()
        # Words of outside stand after words of ours, or indented below them.
        assert not re.search(r"^(FORGED|Bcc)", words, re.MULTILINE), due.template
        page = Tags(read.get_body(("html",)).get_content())
        assert page.found == Tags(before.get_body(("html",)).get_content()).found, due.template
        assert page.loads == []
        (file,) = read.iter_attachments()
        name = file.get_filename()
        assert name
        assert name.isprintable()
        assert not set('/\\"') & set(name)


ANY = st.one_of(
    st.text(st.characters(codec=None), max_size=60),
    st.sampled_from(sorted(TEXTS.values())),
    st.text('\r\n \t:@<>,;"=?a\x00\u2028', max_size=60),
    st.text("\U0001f600é\r\n", min_size=300, max_size=3_000),
)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(values=st.lists(ANY, min_size=9, max_size=9))
def test_fault_032_107_no_value_makes_another_header(values: list[str]) -> None:
    """Whatever stands in a name, subject, address, key or id: the intended headers, no other."""
    name, sender, reply_to, to, cc, subject, answered, key, file = values
    envelope = mime.Envelope(
        key=key,
        message_id=mime.message_id(key, f"x@{sender}"),
        date=rig.at(15),
        sender_name=name,
        sender=f"{sender}@caoloc.example",
        reply_to=reply_to,
        to=(to, "hoacu@caoloc.example"),
        cc=(cc, f"{cc}@x.example"),
        subject=subject,
        auto_submitted="auto-replied",
        in_reply_to=answered,
    )
    raw = mime.build(envelope, subject, f"<p>{len(subject)}</p>", (Attachment(file, b"x", "a/b"),))
    read = checked_wire(raw)
    assert "hoacu@caoloc.example" in read["To"]
    # Only what is one address by itself is a recipient in the header.
    assert len(read["To"].addresses) <= 2
    assert read["Subject"].isprintable() or read["Subject"] == ""
    if read["In-Reply-To"] is not None:
        assert read["In-Reply-To"].strip() == answered.strip()


# --- files of the office ---


def cells_of(book: bytes) -> list[openpyxl.cell.Cell]:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        for member in archive.namelist():
            if member.endswith((".xml", ".rels", ".vml")):
                etree.fromstring(archive.read(member))
    loaded = openpyxl.load_workbook(io.BytesIO(book))
    return [cell for sheet in loaded for row in sheet.iter_rows() for cell in row]


def formulas(book: bytes) -> Counter[str]:
    return Counter(str(cell.value) for cell in cells_of(book) if cell.data_type == "f")


@cache
def harmless_report() -> tuple[ReportInputs, Counter[str], int]:
    """One report's inputs, the formulas of its workbook, the paragraphs of its letter."""
    made = next(iter(sample_inputs(CONFIG, CONFIG.campaigns[0])))
    return made, formulas(workbook(made)), len(docx.Document(io.BytesIO(letter(made))).paragraphs)


def letter(made: ReportInputs) -> bytes:
    return draft(made, (rig.FOLDER / "templates" / "official-letter.docx").read_bytes())


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_of_pictures_has_our_tags(text: str) -> None:
    """`intake show --pictures` is opened in a browser."""

    def page(words: str) -> Tags:
        cell = dict.fromkeys(("label", "text", "raw", "place"), words)
        cells = [cell | {"doubt": True, "sure": 50, "picture": "OCOP2-1.name.png"}]
        points = [{"ordinal": 1, "file": words, "cells": cells}]
        template = jinja2.Environment(autoescape=True).from_string(cuttings._PAGE)
        return Tags(template.render(receipt="OCOP2-1", commune=words, points=points))

    assert page(text).found == page("x").found
    assert page(text).loads == ["OCOP2-1.name.png"]


#: Slow to make: the texts take turns in the cells, each is first once.
TURNS = range(0, len(TEXTS), 4)


@pytest.mark.parametrize("first", TURNS)
def test_a_report_holds_text_as_text(first: int) -> None:
    """No formula that we did not write, valid XML, and no file that is not made at all."""
    made, own_formulas, _ = harmless_report()
    book = workbook(poisoned(made, each_in_turn(first)))
    cells = cells_of(book)
    assert Counter(str(cell.value) for cell in cells if cell.data_type == "f") <= own_formulas
    texts = [cell for cell in cells if isinstance(cell.value, str) and cell.data_type == "s"]
    marked = [cell for cell in texts if cell.value[0] in "=+-@\t\r"]
    assert marked
    assert all(cell.quotePrefix for cell in marked)


@pytest.mark.parametrize("text", HOSTILE[::4])
def test_a_fill_in_workbook_holds_text_as_text(text: str) -> None:
    campaign, office = CONFIG.campaigns[0], CONFIG.settings.office
    commune = dataclasses.replace(CONFIG.communes[0], name=text)
    book = fill_in_workbook(campaign, commune, office, rig.SECRET)
    harmless = fill_in_workbook(campaign, CONFIG.communes[0], office, rig.SECRET)
    assert formulas(book) <= formulas(harmless)


@pytest.mark.parametrize("text", HOSTILE[::2])
def test_a_correction_holds_text_as_text(text: str) -> None:
    """Whether it was understood, was not, or stands in what is said of a cell."""
    fields = [field.key for field in CONFIG.campaigns[0].form.fields]
    wrong = Finding("error", "x", f"Ô ghi “{text}”.", "needs", 1, "Biểu!B9")
    rows = [
        Row(rig.POINT | {"name": text, "note": text}, {}, {"note": 0.5}, {}),
        Row({"name": "Điểm"}, {}, {}, dict.fromkeys(fields, text)),
    ]
    points = tuple(Point(number, 1, row) for number, row in enumerate(rows, start=1))
    answer = rig.submission(CONFIG, "Hòa Cư", "needs-fix", points=points, findings=(wrong,))
    made = CONFIG.campaigns[0], rig.commune(CONFIG, "Hòa Cư"), CONFIG.settings.office
    book = correction_workbook(*made, answer, rig.SECRET)
    assert formulas(book) == formulas(fill_in_workbook(*made, rig.SECRET))


@pytest.mark.parametrize("first", TURNS)
def test_an_official_letter_is_a_letter_whatever_its_words(first: int) -> None:
    made, _, paragraphs = harmless_report()
    data = letter(poisoned(made, each_in_turn(first)))
    assert len(docx.Document(io.BytesIO(data)).paragraphs) == paragraphs
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        root = etree.fromstring(archive.read("word/document.xml"))
    assert "49" not in re.findall(r"\b\d+\b", "".join(root.itertext()))  # no 7 * 7 was done


@pytest.mark.parametrize("text", ["\x0b", "\x00", "\ufffe", "\ud800", "]]>", "&x;", "<w:p/>"])
def test_a_letter_takes_no_character_that_xml_does_not(text: str) -> None:
    made, _, paragraphs = harmless_report()
    data = letter(poisoned(made, f"a{text}b"))
    assert len(docx.Document(io.BytesIO(data)).paragraphs) == paragraphs
