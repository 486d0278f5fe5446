"""From files that hold files to documents (FAULTS B, C): real names, one budget, nothing unsaid."""

from collections.abc import Iterator

import pytest
from rigs import letters, packed
from rigs.letters import p7m
from rigs.packed import Lie, odd_zip, plain_zip
from rigs.saved_mail import compound, message, saved

from config.model import Limits
from intake.message import parse
from intake.unpack import Unpacked, unpack
from parsers.container import Member, Opened, Room
from parsers.jail import Jail

NIL = "Qua rà soát, xã không có nhu cầu."
PDF = b"%PDF-1.4 " + b"x" * 50


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    with Jail() as jail:
        yield jail


def take(jail: Jail, *files: tuple[str, bytes], **limits: object) -> Unpacked:
    parts = [letters.file(name, data, "application/octet-stream") for name, data in files]
    budget = Limits(**limits)  # type: ignore[arg-type]
    return unpack(parse(letters.multipart([letters.words("x"), *parts]), budget), budget, jail.open)


def shown(unpacked: Unpacked) -> list[str]:
    return [part.name for part in unpacked.files]


def said(unpacked: Unpacked) -> list[tuple[str, str]]:
    return [(note.code, note.name) for note in unpacked.notes]


@pytest.mark.parametrize("kind", packed.PACKERS)
def test_the_documents_of_an_archive_are_the_files_inside(jail: Jail, kind: str) -> None:
    files = [("Bieu.xlsx", letters.BIG), ("Diem 1/giay phep.pdf", PDF)]
    unpacked = take(jail, (f"ho so.{kind}", packed.PACKERS[kind](files)))
    assert shown(unpacked) == [f"ho so.{kind}/Bieu.xlsx", f"ho so.{kind}/Diem 1/giay phep.pdf"]
    assert [part.data for part in unpacked.files] == [letters.BIG, PDF]
    assert unpacked.notes == ()


def test_the_same_bytes_inside_and_beside_an_archive_count_once(jail: Jail) -> None:
    archive = plain_zip([("b.pdf", PDF)])
    unpacked = take(jail, ("a.pdf", PDF), ("x.zip", archive), ("y.zip", archive))
    assert shown(unpacked) == ["a.pdf"]
    assert sorted(said(unpacked)) == [("same-file", "x.zip/b.pdf"), ("same-file", "y.zip")]


def test_files_of_one_name_are_numbered_inside_their_folder(jail: Jail) -> None:
    files = [("1.0/Bieu.xlsx", letters.BIG), ("1.0/Bieu.xlsx", PDF)]
    assert shown(take(jail, ("a.zip", packed.rar5(files)))) == [
        "a.zip/1.0/Bieu.xlsx",
        "a.zip/1.0/Bieu (2).xlsx",
    ]


def test_fault_043_a_mail_inside_an_archive_is_opened_like_any_other(jail: Jail) -> None:
    """By its content: .eml in a zip, an eml without that name, one of Outlook."""
    eml = letters.multipart([letters.words(NIL), letters.file("b.xlsx")])
    unpacked = take(jail, ("thu.zip", plain_zip([("thu.eml", eml)])))
    assert shown(unpacked) == ["thu.zip/thu.eml/b.xlsx"]
    assert [mail.text for mail in unpacked.mails] == [NIL]
    assert shown(take(jail, ("thu.dat", eml))) == ["thu.dat/b.xlsx"]
    data = saved([("b.pdf", PDF)], text=NIL, inner=[message([("c.pdf", PDF + b"y")], head=24)])
    unpacked = take(jail, ("thu.msg", data))
    assert shown(unpacked) == ["thu.msg/b.pdf", "thu.msg/thư.msg/c.pdf"]
    (mail,) = unpacked.mails
    assert mail.text.startswith(NIL)
    assert mail.sender == "canhan@thudientu.example"


def test_fault_074_a_mail_that_is_none_any_more_is_damaged(jail: Jail) -> None:
    """Noise called .eml is not passed over as a mail without words and files."""
    (note,) = take(jail, ("thu.zip", plain_zip([("thu.eml", b"\x07" * 900)]))).notes
    assert (note.code, note.kind) == ("damaged", "eml")


def test_fault_044_what_is_only_signed_is_unwrapped(jail: Jail) -> None:
    """A document in CMS, a signed mail of Outlook; what is encrypted is said to be."""
    eml = letters.multipart([letters.words(NIL), letters.file("b.xlsx")])
    outlook = saved([("smime.p7m", p7m(eml))], kind="IPM.Note.SMIME")
    assert shown(take(jail, ("CV 45.pdf.p7m", p7m(PDF)))) == ["CV 45.pdf"]
    assert shown(take(jail, ("thu.msg", outlook))) == ["thu.msg/smime.eml/b.xlsx"]
    (note,) = take(jail, ("thu.msg", saved([("smime.p7m", b"0\x80")], kind="IPM.Note.SMIME"))).notes
    assert (note.code, note.name) == ("encrypted", "thu.msg/smime.p7m")


def test_fault_042_winmail_dat_may_hold_an_archive(jail: Jail) -> None:
    """Outlook's envelope, then a zip, then the form."""
    archive = plain_zip([("Bieu.xlsx", letters.BIG)])
    unpacked = take(jail, ("winmail.dat", letters.winmail("ho so.zip", archive)))
    assert shown(unpacked) == ["ho so.zip/Bieu.xlsx"]


def test_fault_055_archives_in_archives_end_at_the_depth_of_the_settings(jail: Jail) -> None:
    """Ten levels: refused with the reason; three levels: read."""
    data = plain_zip([("Bieu.xlsx", letters.BIG)])
    for _ in range(2):
        data = plain_zip([("trong.zip", data)])
    assert shown(take(jail, ("a.zip", data))) == ["a.zip/trong.zip/trong.zip/Bieu.xlsx"]
    for _ in range(7):
        data = plain_zip([("trong.zip", data)])
    unpacked = take(jail, ("a.zip", data))
    assert unpacked.files == ()
    (note,) = unpacked.notes
    assert (note.code, note.name) == ("too-large", "a.zip/trong.zip/trong.zip/trong.zip")
    assert "quá nhiều lớp" in note.message
    # A workbook so deep is no archive.
    assert len(take(jail, ("a.zip", plain_zip([("b.pdf", PDF)])), archive_depth=1).files) == 1


def test_fault_055_an_archive_that_holds_itself_ends() -> None:
    """A quine: opened once; its copy is the same file, and the sender hears that nothing is in."""
    quine = b"PK the archive that unpacks to itself"
    asked = []

    def open_(data: bytes, name: str, _room: Room) -> Opened:
        asked.append(name)
        return Opened("zip", (Member("r.zip", data),))

    raw = letters.multipart([letters.words("x"), letters.file("r.zip", quine)])
    unpacked = unpack(parse(raw, Limits()), Limits(), open_)
    assert asked == ["r.zip"]
    assert said(unpacked) == [("same-file", "r.zip/r.zip"), ("empty", "r.zip")]


def test_fault_055_one_budget_holds_for_all_archives_of_a_message(jail: Jail) -> None:
    """Members and bytes of the second archive count on after the first."""
    first, second = (
        plain_zip([(f"{n}.pdf", PDF + bytes([k, n])) for n in range(4)]) for k in range(2)
    )
    unpacked = take(jail, ("a.zip", first), ("b.zip", second), archive_members=6)
    assert len(unpacked.files) == 4
    assert said(unpacked) == [("too-large", "b.zip")]
    limits = {"archive_bytes": 320, "document_bytes": 2_000}
    unpacked = take(jail, ("a.zip", first), ("b.zip", second), **limits)
    assert len(unpacked.files) == 5
    assert [code for code, _ in said(unpacked)] == ["too-large"]


def test_fault_049_pictures_give_way_to_documents_and_the_rest_is_counted(jail: Jail) -> None:
    """Sixty photos before the form: the form is read."""
    photos = [(f"anh {n:02}.jpg", b"\xff\xd8\xff" + bytes([n])) for n in range(60)]
    archive = plain_zip([*photos, ("z Bieu.xlsx", letters.BIG)])
    unpacked = take(jail, ("a.zip", archive))
    assert len(unpacked.files) == 50
    assert shown(unpacked)[-1] == "a.zip/z Bieu.xlsx"
    assert [note.code for note in unpacked.notes] == ["too-many"] * 6
    assert unpacked.notes[-1].name == "và 6 tệp khác"


def test_fault_073_what_is_locked_inside_is_named_with_the_reason(jail: Jail) -> None:
    """The archive as a whole, or one file of it."""
    whole = odd_zip([Lie(flags=packed.LOCKED)])
    part = odd_zip([Lie(b"mo.pdf", PDF), Lie(b"khoa.pdf", flags=packed.LOCKED)])
    unpacked = take(jail, ("a.rar", whole), ("b.zip", part))
    assert shown(unpacked) == ["b.zip/mo.pdf"]
    assert said(unpacked) == [("encrypted", "a.rar"), ("encrypted", "b.zip/khoa.pdf")]
    assert all("mật khẩu" in note.message for note in unpacked.notes)
    assert (unpacked.notes[0].size_bytes, len(unpacked.notes[0].sha256)) == (len(whole), 64)


def test_an_eml_deeper_than_one_level_in_a_mail_is_said(jail: Jail) -> None:
    inner = letters.multipart([letters.words("x"), letters.file("c.xlsx")])
    middle = letters.multipart([letters.words("y"), letters.forwarded(inner)])
    raw = letters.multipart([letters.words("z"), letters.forwarded(middle)])
    unpacked = unpack(parse(raw, Limits()), Limits(), jail.open)
    assert [note.code for note in unpacked.notes] == ["too-deep"]
    assert "trực tiếp" in unpacked.notes[0].message


def test_logos_of_a_saved_mail_are_no_documents(jail: Jail) -> None:
    tree = message([("logo.png", b"\x89PNG" + b"l" * 40_000)], mime="image/png")
    attachment = tree["__attach_version1.0_#00000000"]
    assert isinstance(attachment, dict)
    attachment["__substg1.0_3712001F"] = "logo@1".encode("utf-16-le")
    unpacked = take(jail, ("thu.msg", compound(tree)), ("bieu.pdf", PDF))
    assert shown(unpacked) == ["bieu.pdf"]
    assert said(unpacked) == [("picture", "thu.msg/logo.png")]
