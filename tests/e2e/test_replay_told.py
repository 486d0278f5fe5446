"""What the scanner and DNS said is played again as it was told; neither is asked again."""

import datetime as dt
import io
import socket
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from rigs.answering import GIA_CAT_MAIL, HOA_CU_MAIL, form_of_gia_cat, form_of_hoa_cu
from rigs.clamd import EICAR, MARKER, scripted_clamd
from rigs.domain_keys import Zone, rsa_key, signed
from rigs.replaying import comes_out_equal
from rigs.whole import Whole, mail, workbook_file

pytestmark = pytest.mark.e2e

HOUR = dt.timedelta(hours=1)
_STREAM = b"zINSTREAM\0"


class Scanner:
    """A clamd that knows two signatures, as they stand in the bytes that it gets."""

    answers = True

    def __call__(self, link: socket.socket) -> None:
        heard = b""
        with link.makefile("rb") as stream:
            stream.read(len(_STREAM))
            # By its lengths: a workbook ends with four zeros as the stream does.
            while size := int.from_bytes(stream.read(4), "big"):
                heard += stream.read(size)
        if self.answers:
            known = MARKER in heard or EICAR in heard
            link.sendall(b"stream: Own.Known FOUND\0" if known else b"stream: OK\0")


@pytest.fixture
def scanner() -> Scanner:
    return Scanner()


@pytest.fixture
def zone() -> Zone:
    return Zone().put("s1", "caoloc.example", rsa_key()[1])


@pytest.fixture
def office(open_office, scanner, zone) -> Iterator[Whole]:
    """An office that wants proof of its communes, and asks a scanner first."""
    with ExitStack() as stack:
        address = stack.enter_context(scripted_clamd(scanner))
        made = open_office(security={"require": '"dmarc"', "clamd": f'"{address}"'})
        made.desk.find_key = zone
        yield made


def infected_book() -> bytes:
    """A workbook in which the scanner knows something, but not in the mail that carries it."""
    book = io.BytesIO(form_of_hoa_cu())
    with zipfile.ZipFile(book, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("xl/media/image1.bin", MARKER)
    return book.getvalue()


def proven(sender: str, **more: object) -> bytes:
    return signed(mail(sender, **more), "caoloc.example")  # type: ignore[arg-type]


def states(office: Whole) -> list[tuple[str, str]]:
    found = sorted(office.store.messages(), key=lambda one: one.id)
    return [(one.verdict or "", one.reason.partition(":")[0]) for one in found]


def test_infected_unproven_and_unchecked_messages_come_out_as_they_were(
    office, scanner, zone, tmp_path
):
    """Held for each reason, two of them taken up; today's scanner and DNS are not there."""
    office.deliver(proven(HOA_CU_MAIL, body=EICAR.decode()))
    office.deliver(proven(HOA_CU_MAIL, files=workbook_file(infected_book())))
    office.deliver(mail(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.deliver(proven(HOA_CU_MAIL, files=workbook_file(form_of_hoa_cu())))
    office.tick()
    assert states(office) == [
        *(("infected", "infected"), ("infected", "infected"), ("stranger", "unproven-sender")),
        ("submission", "2 point(s)"),
    ]
    zone.away = True
    book = form_of_gia_cat()  # made once: a workbook tells the second in which it was made
    office.deliver(proven(GIA_CAT_MAIL, files=workbook_file(book)))
    office.tick(office.now + HOUR)
    zone.away = False
    scanner.answers = False
    office.deliver(proven(GIA_CAT_MAIL, subject="Lần 2", files=workbook_file(book)))
    office.tick(office.now + HOUR)
    assert states(office)[4:] == [("unchecked", "proof-pending"), ("unchecked", "not-scanned")]
    scanner.answers = True
    office.tick(office.now + HOUR)
    assert [one[0] for one in states(office)[4:]] == ["submission", "duplicate"]
    comes_out_equal(office, tmp_path / "new")
    scanner.answers, zone.away = False, True  # still held when the replay is made
    office.deliver(proven(GIA_CAT_MAIL, subject="Lần 3"))
    office.tick(office.now + HOUR)
    comes_out_equal(office, tmp_path / "newer")
