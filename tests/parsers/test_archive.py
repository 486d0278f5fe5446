"""Archives (FAULTS C): opened right, or refused by the true reason, whatever the bytes are."""

import lzma
import stat
import struct
import tarfile
import unicodedata
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs import packed
from rigs.packed import PACKERS, Lie, gz, odd_zip, plain_zip, rar4, rar5
from rigs.saved_mail import cp1258

from parsers.container import Opened, Room, open_container
from parsers.names import member_name
from parsers.reading import Refusal
from parsers.sniff import sniff

DATA = Path(__file__).parent / "data"
FILES = (("a.txt", b"mot " * 60), ("Ho so/b.txt", bytes(range(256))))


def opened(data: bytes, name: str = "", **room: int) -> Opened:
    found = open_container(data, name, Room(**room))
    assert isinstance(found, Opened), found
    return found


def names(data: bytes) -> list[str]:
    return [member.name for member in opened(data).members]


def left(data: bytes, **room: int) -> list[tuple[str, str]]:
    return [(one.code, one.name) for one in opened(data, **room).left_out]


def refused(data: bytes, name: str = "", **room: int) -> Refusal:
    found = open_container(data, name, Room(**room))
    assert isinstance(found, Refusal), found
    assert "Đề nghị" in found.message
    assert found.detail.isascii()
    return found


@pytest.mark.parametrize("kind", PACKERS)
def test_each_kind_gives_names_and_bytes_in_order(kind: str) -> None:
    found = opened(PACKERS[kind](FILES), f"ho so.{kind}")
    assert [(member.name, member.data) for member in found.members] == list(FILES)
    assert found.left_out == ()


def test_a_document_is_no_container() -> None:
    for name in ("form.xlsx", "form.docx", "form.xls", "form_docx.pdf"):
        assert open_container((DATA / name).read_bytes(), name) is None


# --- names ---------------------------------------------------------------------------------------

NAME = "Biểu đăng ký xã Hòa Cư.xlsx"


@pytest.mark.parametrize(
    "entry",
    [
        Lie(NAME.encode(), flags=packed.UTF8),
        Lie(NAME.encode()),
        Lie(unicodedata.normalize("NFD", NAME).encode()),
        Lie(cp1258(NAME)),
        Lie(
            b"Bi_u.xlsx",
            extra=struct.pack("<HHBI", 0x7075, 5 + len(NAME.encode()), 1, zlib.crc32(b"Bi_u.xlsx"))
            + NAME.encode(),
        ),
    ],
    ids=["utf-8 flag", "utf-8 without", "macOS", "windows-1258", "WinRAR's second name"],
)
def test_names_of_any_age_are_read(entry: Lie) -> None:
    assert names(odd_zip([entry])) == [NAME]


def test_a_name_that_nobody_can_read_becomes_a_neutral_one() -> None:
    assert names(odd_zip([Lie(b"Bi\xd3u \xae\xa8ng k\xfd.xlsx")])) == ["tệp 1.xlsx"]


def test_fault_038_names_inside_an_archive_are_never_paths() -> None:
    """Traversal, absolute and NUL names are shown sanitised, with folders as a hint only."""
    odd = (
        b"../../etc/passwd",
        b"/etc/passwd",
        b"C:\\Users\\An\\Bieu.xlsx",
        b"a/../..//b.txt",
        b"mot\0hai.xlsx",
        "CON\u202e.xlsx".encode(),
        b"1/2/3/4/5.txt",
        b"/",
        b"x" * 300 + b".xlsx",
    )
    shown = [member_name(name, number) for number, name in enumerate(odd, 1)]
    assert shown[:8] == [
        "etc/passwd",
        "etc/passwd",
        "Users/An/Bieu.xlsx",
        "a/b.txt",
        "mothai.xlsx",
        "CON.xlsx",
        "2/3/4/5.txt",
        "tệp 8",
    ]
    assert len(shown[8]) == 150
    assert shown[8].endswith("….xlsx")
    assert names(odd_zip([Lie(odd[0]), Lie(odd[1])])) == ["etc/passwd"] * 2
    assert names(packed.tar([("../../x.txt", b"1")])) == ["x.txt"]


@pytest.mark.parametrize(
    ("inside", "name", "shown"),
    [
        (cp1258(NAME), "Bieu.gz", NAME),
        (b"", "Bieu.xlsx.gz", "Bieu.xlsx"),
        (b"../Bieu.xlsx", "x.gz", "Bieu.xlsx"),
    ],
)
def test_a_single_compressed_file_has_the_name_in_it_or_its_own(
    inside: bytes, name: str, shown: str
) -> None:
    (member,) = opened(gz(b"noi dung", inside), name).members
    assert (member.name, member.data) == (shown, b"noi dung")


def test_what_packing_programs_leave_behind_is_a_trifle() -> None:
    trifles = ("__MACOSX/._a.txt", "x/.DS_Store", "Thumbs.db", "~$Bieu.docx", "a/desktop.ini")
    data = plain_zip([("a.txt", b"1"), *((name, b"x") for name in trifles)])
    assert names(data) == ["a.txt"]
    assert [code for code, _ in left(data)] == ["trifle"] * 5
    assert refused(plain_zip([(name, b"x") for name in trifles])).code == "empty"


def test_folders_are_no_files_and_links_are_said_to_be_links() -> None:
    data = odd_zip(
        [Lie(b"thu muc/", b""), Lie(b"lien ket", b"/etc/passwd", mode=stat.S_IFLNK | 0o777), Lie()]
    )
    assert (names(data), left(data)) == (["a.txt"], [("link", "lien ket")])
    links = [("l", "/etc", tarfile.SYMTYPE), ("h", "a.txt", tarfile.LNKTYPE)]
    data = packed.tar([("l/passwd", b"1")], *links)
    assert (names(data), left(data)) == (["l/passwd"], [("link", "l"), ("link", "h")])


def test_a_reference_to_another_member_is_not_an_empty_file() -> None:
    data = rar5([("b.txt", b"")], extra=packed.COPY5)
    found = open_container(data)
    assert isinstance(found, Refusal)
    whole = rar5([("a.txt", b"1")])[:-8] + data[16:]
    assert left(whole) == [("same-file", "b.txt")]


def test_an_empty_archive_says_so() -> None:
    for data in (plain_zip([]), rar5([]), packed.tar([("x", b"")])[:0] + odd_zip([])):
        assert refused(data).code == "empty"


# --- passwords, parts, methods -------------------------------------------------------------------

LOCKED = {
    "zip": odd_zip([Lie(flags=packed.LOCKED), Lie(b"b.txt", flags=packed.LOCKED)]),
    "rar4 files": rar4(FILES, flags=4),
    "rar4 names": rar4(FILES, about=0x80),
    "rar5 files": rar5(FILES, extra=packed.ENCRYPTED5),
    "rar5 names": rar5(FILES, locked=True),
    "rar5 solid": rar5(FILES[:1], about=4)[:-8] + rar5(FILES[1:], extra=packed.ENCRYPTED5)[16:],
    "7z files": (DATA / "password.7z").read_bytes(),
    "7z names": (DATA / "password_names.7z").read_bytes(),
}


@pytest.mark.parametrize("kind", LOCKED)
def test_fault_073_a_password_is_told_from_damage(kind: str) -> None:
    """Encrypted files or names: "without the password, please", never a byte of them."""
    found = refused(LOCKED[kind])
    assert found.code == "encrypted"
    assert "mật khẩu" in found.message


def test_fault_073_one_locked_member_does_not_hide_the_others() -> None:
    """The open ones are taken, the locked one is named."""
    data = odd_zip([Lie(b"mo.txt", b"1"), Lie(b"khoa.txt", flags=packed.LOCKED)])
    assert (names(data), left(data)) == (["mo.txt"], [("encrypted", "khoa.txt")])
    open_, locked = rar5([("mo.txt", b"1")]), rar5([("khoa.txt", b"2")], extra=packed.ENCRYPTED5)
    data = open_[:-8] + locked[16:]
    assert (names(data), left(data)) == (["mo.txt"], [("encrypted", "khoa.txt")])


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (rar4(FILES, about=1), "x.part1.rar"),
        (rar4(FILES, flags=2), "x.rar"),
        (rar5(FILES, about=1), "x.rar"),
        (rar5(FILES, split=0x10), "x.rar"),
        (odd_zip([Lie()], disk=1), "x.zip"),
        (packed.seven_zip(FILES)[:100], "x.7z.001"),
    ],
)
def test_fault_073_a_part_of_a_split_archive_is_not_called_broken(data: bytes, name: str) -> None:
    """One volume of several: "pack it in one piece"."""
    found = refused(data, name)
    assert found.code == "unsupported"
    assert "nhiều phần" in found.message


def test_a_way_of_packing_that_nobody_knows_here_is_unsupported() -> None:
    assert refused(odd_zip([Lie(method=9)])).code == "unsupported"
    assert refused(rar4(FILES, version=20).replace(b"\x14\x30", b"\x14\x33")).code == "unsupported"


def test_of_a_solid_rar_4_the_rest_is_named() -> None:
    data = rar4(FILES, later=0x10)
    assert (names(data), left(data)) == (["a.txt"], [("unsupported", "1 tệp còn lại")])


# --- bombs ---------------------------------------------------------------------------------------


def test_fault_055_two_gigabytes_of_zeros_end_soon() -> None:
    """Zip and gzip: refused by what streams out, not by what a header says."""
    zeros = packed.zeros(2_000)
    for claimed in (2_000_000_000, 10):
        bomb = odd_zip([Lie(data=zeros, method=8, size=claimed)])
        found = refused(bomb)
        assert found.code == ("too-large" if claimed > 10 else "damaged")
    assert (
        refused(gz(b"x") + b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + zeros + bytes(8)).code == "too-large"
    )


def test_fault_055_too_many_entries_are_refused() -> None:
    """60,000 entries; one more than the limit; of every kind."""
    assert refused(odd_zip([Lie(b"%d" % n, b"") for n in range(60_000)])).code == "too-large"
    many = [(f"{n}.txt", b"x") for n in range(6)]
    for pack in PACKERS.values():
        assert len(opened(pack(many), members=6).members) == 6
        found = refused(pack(many), members=5)
        assert found.code == "too-large"
        assert "quá nhiều tệp" in found.message


def test_fault_055_overlapping_entries_are_refused() -> None:
    """The same bytes as many members: the bomb of 2019."""
    data = b"x" * 100
    for entries in (
        [Lie(), Lie(b"b.txt", at=0)],
        [Lie(data=data), Lie(b"b.txt", data=data, at=40)],
    ):
        found = refused(odd_zip(entries))
        assert (found.code, found.detail) == ("damaged", "zip members overlap")


def test_fault_055_a_lying_size_gives_no_member() -> None:
    """Smaller than the truth, or a wrong checksum: damaged, not shortened."""
    for lie in (Lie(data=b"x" * 100, size=50), Lie(crc=1)):
        found = refused(odd_zip([lie]))
        assert found.code == "damaged"


@pytest.mark.parametrize("kind", PACKERS)
def test_fault_055_what_is_over_a_budget_is_named(kind: str) -> None:
    """A member too large by itself; the rest after the whole is used up."""
    sizes = {"a.bin": 100_000, "b.bin": 1_000, "c.bin": 50_000}
    data = PACKERS[kind]([(name, name[:1].encode() * size) for name, size in sizes.items()])
    assert left(data, member_bytes=60_000) == [("too-large", "a.bin")]
    found = opened(data, total_bytes=120_000)
    assert [member.name for member in found.members] == ["a.bin", "b.bin"]
    assert [one.code for one in found.left_out] == ["too-large"]
    assert "c.bin" in found.left_out[0].name


def test_xz_with_a_huge_dictionary_is_no_document() -> None:
    data = lzma.compress(bytes(30_000_000), preset=0)
    assert refused(data).code == "too-large"


# --- mutilated -----------------------------------------------------------------------------------

#: Plain tar knows no checksum of contents: what was packed inside it must tell for itself.
CHECKED = [kind for kind in PACKERS if kind != "tar"]


def assert_true_or_told(data: bytes, name: str) -> None:
    """Whatever is taken out is one of the files; what is missing is told."""
    found = open_container(data, name)
    if not isinstance(found, Opened):
        return
    truth = {content for _, content in FILES}
    assert {member.data for member in found.members} <= truth, name
    assert len(found.members) + len(found.left_out) >= len(FILES), name


@pytest.mark.parametrize("kind", CHECKED)
def test_fault_074_an_archive_cut_anywhere_never_lies(kind: str) -> None:
    """Every twentieth and the last bytes: only whole files come out, and a loss is told."""
    data = PACKERS[kind](FILES)
    for end in (*(len(data) * n // 20 for n in range(20)), *range(len(data) - 12, len(data))):
        assert_true_or_told(data[:end], kind)


@pytest.mark.parametrize("kind", CHECKED)
def test_fault_074_a_flipped_byte_never_gives_wrong_bytes(kind: str) -> None:
    """Each byte, one after the other."""
    data = PACKERS[kind](FILES)
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 0x55
        assert_true_or_told(bytes(flipped), f"{kind} {at}")


STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"Rar!\x1a\x07\0", b"Rar!\x1a\x07\x01\0", b"\x1f\x8b\x08")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from((*STARTS, b"7z\xbc\xaf\x27\x1c\0\4", b"BZh9")), st.binary(max_size=400))
def test_any_bytes_have_an_outcome(start: bytes, rest: bytes) -> None:
    found = open_container(start + rest)
    assert found is None or isinstance(found, Opened | Refusal)


def test_a_tar_that_begins_with_a_pdf_is_no_pdf() -> None:
    """A PDF may begin within its first kilobyte; the head of a tar takes half of one."""
    data = packed.tar([("bieu.pdf", b"%PDF-1.7 " + b"x" * 900), ("cv.pdf", b"%PDF-1.4")])
    assert sniff(data, "bieu.tar").kind == "tar"
