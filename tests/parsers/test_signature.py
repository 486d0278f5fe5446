"""Digital signatures: what each is worth is told apart, and none of them refuses a document."""

import datetime as dt
import io
import zipfile
from pathlib import Path

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from rigs.ocop_form import FORM
from rigs.signing import SIGNED, certificate, signed

import parsers
from parsers.jail import Jail, JailLimits
from parsers.reading import Reading, SignatureState
from parsers.signature import signatures

PDF = (Path(__file__).parent / "data" / "form_docx.pdf").read_bytes()
ROOT = certificate("CA thử nghiệm")
OTHER = certificate("CA lạ")
SIGNER = certificate("UBND xã Hòa Cư", ROOT)
LETTER = signed(PDF, SIGNER)


def states(data: bytes, *roots: str) -> list[SignatureState]:
    return [signature.state for signature in signatures(data, roots)]


def altered(data: bytes) -> bytes:
    at = data.index(b"stream\n") + 200
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def renamed_producer(data: bytes) -> bytes:
    """Another producer's name: the pages are what they were."""
    at = data.index(b"/Producer<") + 14
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def turned_afterwards(data: bytes) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    page = writer.root["/Pages"]["/Kids"][0]
    page[generic.pdf_name("/Rotate")] = generic.NumberObject(90)
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_valid_signature_names_signer_and_time() -> None:
    (found,) = signatures(LETTER, [ROOT.pem])
    assert (found.state, found.signer) == ("valid", "UBND xã Hòa Cư")
    assert dt.datetime.fromisoformat(found.signed_at) == SIGNED


def test_no_signature_is_none() -> None:
    assert signatures(PDF, [ROOT.pem]) == ()
    assert signatures(b"", [ROOT.pem]) == ()
    assert signatures(b"PK\x03\x04 broken", [ROOT.pem]) == ()


def test_without_its_root_the_chain_is_unknown() -> None:
    assert states(LETTER, OTHER.pem) == ["unknown-root"]
    assert states(LETTER) == ["unknown-root"]


def test_a_changed_byte_is_told() -> None:
    assert states(altered(LETTER), ROOT.pem) == ["altered"]


def test_what_was_added_after_signing_is_told() -> None:
    assert states(turned_afterwards(LETTER), ROOT.pem) == ["changed-later"]


def test_a_certificate_that_had_ended() -> None:
    ended = certificate("UBND xã Gia Cát", ROOT, 30)
    assert states(signed(PDF, ended), ROOT.pem) == ["expired"]
    in_time = dt.datetime(2024, 1, 10, tzinfo=dt.UTC)
    assert states(signed(PDF, ended, in_time), ROOT.pem) == ["valid"]


def test_a_certificate_that_may_only_sign() -> None:
    plain = certificate("UBND xã Bảo Lâm", ROOT, usage=False)
    assert states(signed(PDF, plain), ROOT.pem) == ["valid"]


def test_two_signatures_in_their_order() -> None:
    """The clerk's agency signature on top of the chairman's: both stay what they are."""
    agency = certificate("Văn thư xã Hòa Cư", ROOT)
    both = signatures(signed(LETTER, agency, field="CoQuan"), [ROOT.pem])
    assert [(one.signer, one.state) for one in both] == [
        ("UBND xã Hòa Cư", "valid"),
        ("Văn thư xã Hòa Cư", "valid"),
    ]


@pytest.mark.parametrize("name", ["_xmlsignatures/sig1.xml", "META-INF/documentsignatures.xml"])
def test_signatures_of_office_files_are_noticed(name: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr(name, "<x/>")
    assert states(out.getvalue()) == ["uncheckable"]


def test_a_broken_signature_never_raises() -> None:
    broken = LETTER.replace(b"/Contents <30", b"/Contents <00")
    assert broken != LETTER
    assert set(states(broken, ROOT.pem)) <= {"uncheckable", "altered"}
    for twentieth in range(1, 20):
        signatures(LETTER[: len(LETTER) * twentieth // 20], [ROOT.pem])


def test_a_reading_carries_them() -> None:
    result = parsers.read(LETTER, FORM, roots=[ROOT.pem])
    assert isinstance(result, Reading)
    assert result.rows
    assert [one.state for one in result.signatures] == ["valid"]


def test_the_jail_checks_them_under_its_roots() -> None:
    with Jail(JailLimits(roots=(ROOT.pem,))) as jail:
        result = jail.read(renamed_producer(LETTER), FORM)
        assert isinstance(result, Reading)
        assert [one.state for one in result.signatures] == ["altered"]
        result = jail.read(LETTER, FORM)
    assert isinstance(result, Reading)
    assert [one.state for one in result.signatures] == ["valid"]
