"""Mails that Outlook saved (FAULTS 43): words and files, from any code page, or damaged."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs.saved_mail import compound, message, saved

from parsers.container import Opened, Room, open_container
from parsers.reading import Refusal

FILES = (("Biểu đăng ký.xlsx", b"x" * 9_000), ("Công văn.pdf", b"%PDF-1.4"))
NIL = "Qua rà soát, xã không có nhu cầu."


def opened(data: bytes, **room: int) -> Opened:
    found = open_container(data, "thu.msg", Room(**room))
    assert isinstance(found, Opened), found
    return found


@pytest.mark.parametrize("code_page", [0, 1258])
def test_fault_043_words_and_files_of_a_saved_mail(code_page: int) -> None:
    """In UTF-16 and in the code page of Vietnamese Windows."""
    found = opened(saved(FILES, text=NIL, code_page=code_page))
    assert [(member.name, member.data) for member in found.members] == list(FILES)
    assert found.cover is not None
    assert (found.cover.subject, found.cover.text) == ("Đăng ký", NIL)
    assert found.cover.sender == "canhan@thudientu.example"


def test_a_mail_in_a_mail_adds_its_words_and_files() -> None:
    inner = message(FILES[:1], subject="Bên trong", text=NIL, head=24)
    found = opened(saved(FILES[1:], text="Xin chuyển.", inner=[inner]))
    assert [member.name for member in found.members] == [
        "Công văn.pdf",
        "thư.msg/Biểu đăng ký.xlsx",
    ]
    assert found.cover is not None
    assert found.cover.text == f"Xin chuyển.\n\nBên trong\n\n{NIL}"


def test_mails_in_mails_end_somewhere() -> None:
    mail = message(FILES, head=24)
    for _ in range(6):
        mail = message(inner=[mail], head=24)
    found = opened(compound({**mail, "__properties_version1.0": bytes(32)}))
    assert found.members == ()
    assert [one.code for one in found.left_out] == ["too-deep"]


def test_a_signed_mail_keeps_its_mime_text_for_the_mails_side() -> None:
    kind = "IPM.Note.SMIME.MultipartSigned"
    found = opened(saved([("smime.p7m", b"Content-Type: x")], kind=kind, mime="multipart/signed"))
    assert [member.name for member in found.members] == ["smime.eml"]
    found = opened(saved([("smime.p7m", b"0\x80")], kind="IPM.Note.SMIME"))
    assert [member.name for member in found.members] == ["smime.p7m"]


def test_an_attachment_that_is_only_a_reference_is_a_link() -> None:
    tree = message([("Bieu.xlsx", b"")])
    attachment = tree["__attach_version1.0_#00000000"]
    assert isinstance(attachment, dict)
    del attachment["__substg1.0_37010102"]
    found = opened(compound(tree))
    assert [(one.code, one.name) for one in found.left_out] == [("link", "Bieu.xlsx")]


def test_budgets_hold_for_saved_mails_too() -> None:
    data = saved([(f"{n}.txt", b"x" * 100) for n in range(6)])
    assert len(opened(data, member_bytes=10).left_out) == 6
    for room in ({"members": 5}, {"total_bytes": 300}):
        found = open_container(data, "", Room(**room))
        assert isinstance(found, Refusal)
        assert found.code == "too-large"


def test_fault_074_a_saved_mail_cut_or_flipped_never_gives_wrong_bytes() -> None:
    """A cut file is damaged or gives whole files; nothing raises."""
    data = saved(FILES, text=NIL)
    for end in range(0, len(data), len(data) // 40):
        found = open_container(data[:end])
        if isinstance(found, Opened):
            assert {member.data for member in found.members} <= {content for _, content in FILES}
    for at in range(0, len(data), 97):
        flipped = bytearray(data)
        flipped[at] ^= 0x55
        open_container(bytes(flipped))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 12_000), st.binary(min_size=1, max_size=600))
def test_any_damage_has_an_outcome(at: int, noise: bytes) -> None:
    data = saved(FILES, text=NIL)
    found = open_container(data[:at] + noise + data[at + len(noise) :])
    assert found is None or isinstance(found, Opened | Refusal)
