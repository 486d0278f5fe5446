"""Opaquely signed mail: opened by others, told as what it is, and never lost (FAULTS 44)."""

import pytest
from rigs import letters
from rigs.letters import p7m

from config.model import Limits
from intake.message import parse
from intake.signed import read_mail
from intake.unpack import unpack
from parsers.container import Opened, Room, open_container
from parsers.reading import Refusal, RefusalCode

LIMITS = Limits()
KIND = "application/pkcs7-mime; smime-type=signed-data"


def signed_mail(inner: bytes, name: str = "smime.p7m") -> bytes:
    return letters.head().encode() + letters.file(name, p7m(inner), KIND)


def opened(data: bytes, name: str, room: Room) -> Opened | Refusal | None:
    return open_container(data, name, room)


def test_fault_044_the_mail_itself_opens_no_envelope() -> None:
    """Who has no jail at hand sees a file and is told that it may hold more."""
    inner = letters.words("lời ký")
    parsed = parse(signed_mail(inner), LIMITS)
    assert parsed.sealed == (p7m(inner),)
    assert [part.name for part in parsed.parts] == ["smime.p7m"]
    assert parsed.text == ""


def test_fault_044_what_is_signed_twice_or_forwarded_is_read() -> None:
    """A list signs once more what was signed; a colleague forwards it."""
    once = letters.file("smime.p7m", p7m(letters.words("lời ký")), KIND)
    assert read_mail(signed_mail(once), LIMITS, opened).text == "lời ký"
    forward = letters.multipart([letters.forwarded(signed_mail(once))])
    (inner,) = read_mail(forward, LIMITS, opened).nested
    assert (inner.text, inner.sealed) == ("lời ký", ())


def test_fault_044_words_stand_where_the_envelope_stood() -> None:
    """A mailing list adds its own words below."""
    part = letters.file("smime.p7m", p7m(letters.words("lời ký")), KIND)
    raw = letters.multipart([letters.words("trên"), part, letters.words("dưới")])
    assert read_mail(raw, LIMITS, opened).text.split() == ["trên", "lời", "ký", "dưới"]


def test_fault_044_signatures_without_end_end() -> None:
    """Each level is asked for once, as deep as archives; the rest is a file."""
    data, asked = letters.words("x"), []
    for _ in range(9):  # base64 makes it a third larger each time
        data = letters.file("smime.p7m", p7m(data), KIND)

    def counted(data: bytes, name: str, room: Room) -> Opened | Refusal | None:
        asked.append(data)
        return open_container(data, name, room)

    parsed = read_mail(letters.head().encode() + data, LIMITS, counted)
    assert len(asked) == LIMITS.archive_depth
    assert [part.name for part in parsed.parts] == ["smime.p7m"]
    (note,) = unpack(parsed, LIMITS, counted).notes
    assert note.code == "too-large"
    assert "quá nhiều lớp" in note.message


@pytest.mark.parametrize("name", ["smime.p7m", "thu", "ky.bin"])
@pytest.mark.parametrize("code", ["timeout", "unreadable", "too-large", "damaged"])
def test_fault_044_an_envelope_that_ends_its_reader_is_a_file_refused(
    code: RefusalCode, name: str
) -> None:
    """Not called encrypted, not dropped: named to the sender with the reason."""

    def dies(_data: bytes, _name: str, _room: Room) -> Refusal:
        return Refusal(code, "Đề nghị gửi lại.", "the reader died")

    parsed = read_mail(signed_mail(letters.words("x"), name), LIMITS, dies)
    assert "encrypted" not in parsed.defects
    (note,) = unpack(parsed, LIMITS, dies).notes
    assert (note.code, note.name, note.message) == (code, parsed.parts[0].name, "Đề nghị gửi lại.")
    assert note.sha256


def test_fault_044_an_envelope_has_room_for_a_whole_mail() -> None:
    """It is as large as the mail, not as a document, and none of the archives' budget."""
    rooms = []

    def noted(data: bytes, name: str, room: Room) -> Opened | Refusal | None:
        rooms.append((room.total_bytes, len(data)))
        return open_container(data, name, room)

    tight = Limits(document_bytes=100, archive_bytes=100, archive_members=1)  # type: ignore[arg-type]
    text = "lời ký " * 90
    assert read_mail(signed_mail(letters.words(text)), tight, noted).text == text.strip()
    assert [room == size for room, size in rooms] == [True]
