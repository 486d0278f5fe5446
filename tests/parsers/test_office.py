"""LibreOffice as a program outside: read like its modern twin, or refused; nothing gets out."""

import ctypes
import io
import os
import socket
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from rigs.ocop_form import FORM
from rigs.ole import directory_first
from rigs.papers import docx
from rigs.soffice import WAYS, misbehaving
from rigs.xlsb import TODAY, xlsb

from parsers import office, read
from parsers.fields import blank_fields
from parsers.jail import Jail, JailLimits
from parsers.office import OfficeLimits
from parsers.reading import Reading, Refusal
from parsers.word import extract

DATA = Path(__file__).parent / "data"
ODF = "urn:oasis:names:tc:opendocument:xmlns"


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    yield
    assert list(scratch.iterdir()) == []
    assert _children("soffice.bin") == []


def _children(name: str) -> list[str]:
    """Return this process's children of that name; others may convert at the same time."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                head, _, rest = (process / "stat").read_text("utf-8").rpartition(")")
            except OSError:
                continue
            if head.endswith(f"({name}") and int(rest.split()[1]) == os.getpid():
                found.append(process.name)
    return found


@pytest.fixture(scope="module")
def jail() -> Iterator[Jail]:
    with Jail(JailLimits(seconds=60, office=OfficeLimits(seconds=120))) as jail:
        yield jail


#: Patient: other tests run at the same time.
convert = partial(office.convert, limits=OfficeLimits(seconds=120))


def reading(data: bytes) -> Reading:
    result = read(data, FORM, convert=convert)
    assert isinstance(result, Reading), result
    return result


def refusal(data: bytes, source: str = "doc", limits: OfficeLimits | None = None) -> Refusal:
    result = convert(data, source, "docx", **({"limits": limits} if limits else {}))
    assert isinstance(result, Refusal)
    assert result.kind == source
    assert "Đề nghị" in result.message
    return result


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("form.doc", "form.docx"),
        ("letter_form.doc", "letter_form.docx"),
        ("letter_form.odt", "letter_form.docx"),
        ("letter_form.rtf", "letter_form.docx"),
    ],
)
def test_old_kinds_read_in_the_jail_like_their_docx(jail: Jail, name: str, twin: str) -> None:
    """Values, places and the letter are those of the Word file that it was made from."""
    found = jail.read((DATA / name).read_bytes(), FORM, name)
    wanted = jail.read((DATA / twin).read_bytes(), FORM, twin)
    assert isinstance(found, Reading)
    assert isinstance(wanted, Reading)
    assert found.kind == name.rpartition(".")[2]
    assert len(found.rows) == 14
    assert found.rows == wanted.rows
    assert (found.letter, found.heading) == (wanted.letter, wanted.heading)
    assert found.rows[0].places["name"].endswith(", row 4, cell 2")


def test_old_letter() -> None:
    result = reading((DATA / "letter.doc").read_bytes())
    assert (result.kind, result.role) == ("doc", "letter")
    assert result.letter is not None
    assert (result.letter.number, result.letter.issued_on) == ("37/UBND-KT", "2025-03-18")


def test_fault_069_doc_that_is_rtf_is_read() -> None:
    """The name counts for nothing."""
    rtf = (DATA / "letter_form.rtf").read_bytes()
    result = read(rtf, FORM, name="công văn.doc", convert=convert)
    assert isinstance(result, Reading)
    assert (result.kind, len(result.rows)) == ("rtf", 14)


def _fodt(body: str) -> bytes:
    spaces = "".join(
        f' xmlns:{short}="{ODF}:{name}:1.0"'
        for short, name in (
            ("office", "office"),
            ("text", "text"),
            ("table", "table"),
            ("draw", "drawing"),
            ("svg", "svg-compatible"),
        )
    )
    return (
        f'<office:document{spaces} xmlns:xlink="http://www.w3.org/1999/xlink"'
        ' office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.text">'
        f"<office:body><office:text>{body}</office:text></office:body></office:document>"
    ).encode()


_HEAD = ("STT", "Tên điểm", "Địa chỉ", "Diện tích (m2)", "Sản phẩm OCOP")
_FIRST = ("1", "Điểm A", "Thôn 1", "30,5", "Mật ong")


def _fodt_table() -> bytes:
    rows = (
        "".join(
            f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in texts
        ).join(("<table:table-row>", "</table:table-row>"))
        for texts in (_HEAD, _FIRST)
    )
    columns = '<table:table-column table:number-columns-repeated="5"/>'
    return _fodt(f"<table:table>{columns}{''.join(rows)}</table:table>")


@pytest.mark.parametrize(
    ("data", "kind", "place"),
    [
        (_fodt_table(), "fodt", "table 1, row 2, cell 4"),
        (xlsb([_HEAD, [1.0, "Điểm A", "Thôn 1", 30.5, "Mật ong"]]), "xlsb", "Biểu 1!D2"),
    ],
)
def test_rarer_kinds(data: bytes, kind: str, place: str) -> None:
    result = reading(data)
    assert result.kind == kind
    assert [row.values for row in result.rows] == [
        {"name": "Điểm A", "address": "Thôn 1", "area_m2": "30.5", "products": "Mật ong"}
    ]
    assert result.rows[0].places["area_m2"] == place


def test_binary_workbook_whose_results_may_have_changed_on_the_way_is_refused() -> None:
    data = xlsb([_HEAD, [1.0, "Điểm A", "Thôn 1", (30.5, TODAY), "Mật ong"]])
    result = read(data, FORM, convert=convert)
    assert isinstance(result, Refusal)
    assert (result.code, result.kind) == ("unsupported", "xlsb")
    assert "(.xlsx)" in result.message


# --- fields that LibreOffice fills in itself ------------------------------------------------------


def test_date_that_the_conversion_wrote_is_no_date_of_the_letter() -> None:
    lines = (
        "UBND XÃ HÒA CƯ",
        "Số: 12/UBND-KT",
        r'Hòa Cư, ngày {\field{\*\fldinst DATE \\@ "dd/MM/yyyy"}{\fldrslt 16/05/2024}}',
        "Kính gửi: UBND huyện",
    )
    text = r"\par ".join(lines)
    escaped = "".join(c if ord(c) < 128 else rf"\u{ord(c)}?" for c in text)
    result = reading(rf"{{\rtf1\ansi {escaped}\par}}".encode())
    assert "ngày …" in result.text
    assert result.letter is not None
    assert (result.letter.number, result.letter.issued_on) == ("12/UBND-KT", None)


def _run(content: str) -> str:
    return f"<w:r>{content}</w:r>"


def _field(instruction: str, result: str) -> str:
    begin, separate, end = (
        _run(f'<w:fldChar w:fldCharType="{kind}"/>') for kind in ("begin", "separate", "end")
    )
    return f"{begin}{_run(f'<w:instrText>{instruction}</w:instrText>')}{separate}{result}{end}"


def _text(text: str) -> str:
    return _run(f"<w:t>{text}</w:t>")


@pytest.mark.parametrize(
    ("xml", "line"),
    [
        (_text("a ") + _field(" DATE \\@ x", _text("26/11/2026")) + _text(" b"), "a … b"),
        (_field(" REF x ", _text("c") + _field("TIME", _text("11:11"))) + _text("d"), "c…d"),
        (_field(" MERGEFIELD DATE ", _text("16/05/2024")), "16/05/2024"),
        ('<w:fldSimple w:instr=" date "><w:r><w:t>26/11/2026</w:t></w:r></w:fldSimple>', "…"),
        (_text("không có trường"), "không có trường"),
    ],
)
def test_results_of_fields(xml: str, line: str) -> None:
    found = extract(blank_fields(docx(f"<w:p>{xml}</w:p>")))
    assert not isinstance(found, Refusal)
    assert found.lines == (line,)


# --- what it cannot do ----------------------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A server on loopback that remembers everybody who comes."""
    visits: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    visitor, _ = server.accept()
                except OSError:
                    return
                with visitor:
                    visits.append(visitor.recv(100))

        thread = threading.Thread(target=listen)
        thread.start()
        port = server.getsockname()[1]
        yield port, visits
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def _linked(port: int, secret: Path) -> bytes:
    link = f"http://127.0.0.1:{port}"
    size = 'svg:width="5cm" svg:height="5cm"'
    return _fodt(
        f'<text:p>Kính gửi<draw:frame {size}><draw:image xlink:href="{link}/a.png"'
        ' xlink:show="embed" xlink:actuate="onLoad"/></draw:frame></text:p>'
        f'<text:section text:name="s"><text:section-source xlink:href="{secret.as_uri()}"/>'
        "<text:p>đoạn</text:p></text:section>"
    )


_NO_SETTINGS = '<oor:items xmlns:oor="http://openoffice.org/2001/registry"/>'
_BARE = "import os, sys; os.execve(sys.argv[4], sys.argv[4:], dict(os.environ))"


def test_nothing_is_fetched(
    listener: tuple[int, list[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture on a server is not asked for – and is where LibreOffice runs as it is."""
    port, visits = listener
    secret = tmp_path / "secret.txt"
    secret.write_text("mật khẩu", "utf-8")
    document = _linked(port, secret)
    result = reading(document)
    assert "Kính gửi" in result.text
    assert "mật khẩu" not in result.text
    assert visits == []
    monkeypatch.setattr(office, "_settings", lambda **_: _NO_SETTINGS)
    reading(document)
    assert visits == []
    monkeypatch.setattr(office, "_LAUNCHER", (sys.executable, "-c", _BARE))
    reading(document)
    assert visits


def test_rtf_with_pictures_and_text_elsewhere(listener: tuple[int, list[bytes]]) -> None:
    port, visits = listener
    fields = "".join(
        rf'{{\field{{\*\fldinst {word} "http://127.0.0.1:{port}/x" \\d}}{{\fldrslt y}}}}'
        for word in ("INCLUDEPICTURE", "INCLUDETEXT", "LINK")
    )
    template = rf"{{\*\template http://127.0.0.1:{port}/t.dotx}}"
    reading(rf"{{\rtf1\ansi{template} Kinh gui {fields}\par}}".encode())
    assert visits == []


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ("silent", "damaged"),
        ("empty", "damaged"),
        ("garbage", "unreadable"),
        ("wrong-kind", "unreadable"),
        ("large", "too-large"),
        ("flood", "too-large"),
        ("hang", "timeout"),
        ("fork", "unreadable"),
        ("restless", "unreadable"),
        ("crash", "unreadable"),
    ],
)
def test_program_misbehaves(
    way: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it does, leaves or says at its end: a refusal, and nothing remains."""
    monkeypatch.setenv("PATH", misbehaving(tmp_path, WAYS[way]))
    limits = OfficeLimits(seconds=1.0 if way == "hang" else 60.0)
    assert refusal(b"any", limits=limits).code == code


def test_processor_time_is_bounded_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy program ends by itself, even if nobody looks at the clock any more."""
    monkeypatch.setenv("PATH", misbehaving(tmp_path, "ulimit -t > out/document.docx"))
    found = office.convert(b"any", "doc", "docx", limits=OfficeLimits(seconds=60))
    assert isinstance(found, Refusal)
    monkeypatch.setattr(office, "sniff", lambda data: pytest.fail(data.decode()))
    with pytest.raises(pytest.fail.Exception, match=r"^61\n$"):
        office.convert(b"any", "doc", "docx", limits=OfficeLimits(seconds=60))


def test_program_sees_no_secret_and_no_file_but_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, made = tmp_path / "secret", tmp_path / "made"
    secret.write_text("mật khẩu", "utf-8")
    script = f"""
        if [ -n "$INTAKE_IMAP_PASSWORD" ]; then exit 3; fi
        if read line < {secret}; then exit 4; fi
        if read line < /proc/self/environ; then exit 5; fi
        if echo x > {made}; then exit 6; fi
        echo x > out/file && exit 7
    """
    monkeypatch.setenv("PATH", misbehaving(tmp_path, script))
    monkeypatch.setenv("INTAKE_IMAP_PASSWORD", "bí mật")
    expected = 7 if _has_landlock() else 4
    assert refusal(b"any").detail == f"soffice ended with {expected}"
    assert made.exists() is not _has_landlock() or not made.exists()


def _has_landlock() -> bool:
    """Whether the kernel that runs this test has Landlock: else files are not hidden."""
    return bool(ctypes.CDLL(None).syscall(444, None, 0, 1) > 0)


def test_without_libreoffice_the_kind_is_asked_for_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    found = refusal(b"any")
    assert found.code == "unsupported"
    assert "not installed" in found.detail
    assert ".docx" in found.message


def test_kind_without_a_filter() -> None:
    assert refusal(b"%PDF", "pdf").code == "unsupported"


def test_two_run_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", misbehaving(tmp_path, WAYS["silent"]))
    third = threading.Thread(target=refusal, args=(b"any",))
    with office._SEATS, office._SEATS:
        third.start()
        third.join(0.3)
        assert third.is_alive()
    third.join(60)
    assert not third.is_alive()


# --- hostile documents ----------------------------------------------------------------------------


@pytest.mark.parametrize("twentieth", [8, 19])
def test_fault_074_truncated_old_document(twentieth: int) -> None:
    """Cut where the list of its streams is still whole, and cut text without its last braces."""
    for source, data in (
        ("doc", directory_first((DATA / "form.doc").read_bytes())),
        ("rtf", (DATA / "letter_form.rtf").read_bytes()),
    ):
        assert refusal(data[: len(data) * twentieth // 20], source).code == "damaged"


def test_sectors_may_stand_in_any_order() -> None:
    data = directory_first((DATA / "form.doc").read_bytes())
    assert reading(data).rows == reading((DATA / "form.doc").read_bytes()).rows


def _odt(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        package.writestr("content.xml", content)
    return made.getvalue()


def test_fault_055_zip_bomb_never_reaches_the_program() -> None:
    """Sizes are known before anything is unpacked."""
    bomb = _odt(b"x" * 60_000_000)
    result = read(bomb, FORM, convert=lambda *_: pytest.fail("was called"))
    assert isinstance(result, Refusal)
    assert (result.code, result.kind) == ("too-large", "odt")


def test_memory_is_bounded() -> None:
    limits = OfficeLimits(seconds=120, memory_bytes=400_000_000)
    found = refusal(_fodt(f"<text:p>{'x' * 20_000_000}</text:p>"), "fodt", limits)
    assert found.code in {"damaged", "unreadable"}  # it may notice itself, or be ended


def test_nested_to_the_end_of_time() -> None:
    text = b"\\trowd\\cellx1000\\intbl " * 3000 + b"x\\cell\\row " * 3000
    limits = OfficeLimits(seconds=3)
    assert refusal(b"{\\rtf1 " + text + b"}", "rtf", limits).code == "timeout"
