"""What these bytes are, by content: the name is only a tie-break between plain texts."""

import io
import re
import zipfile
from dataclasses import dataclass
from typing import Final

from parsers.reading import Refusal, RefusalCode
from parsers.sniff_text import text_kind

_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CONTENT_TYPES_BYTES: Final = 1_000_000
_ADVICE: Final = (
    "Đề nghị gửi lại biểu mẫu dạng Excel (.xlsx), Word (.docx) hoặc PDF xuất từ Excel/Word."
)
#: What to do about a password, whoever finds it.
LOCKED: Final = (
    "Tệp được đặt mật khẩu nên không mở được. Đề nghị bỏ mật khẩu (Tệp > Thông tin > "
    "Bảo vệ > xóa mật khẩu) rồi gửi lại."
)

#: Main part's content type → kind. Templates and macro documents are read for their values only.
_OOXML: Final = (
    ("spreadsheetml.sheet.main", "xlsx"),
    ("spreadsheetml.template.main", "xlsx"),
    ("sheet.macroenabled.main", "xlsm"),
    ("ms-excel.template.macroenabled.main", "xlsm"),
    ("sheet.binary.macroenabled.main", "xlsb"),
    ("wordprocessingml.document.main", "docx"),
    ("wordprocessingml.template.main", "docx"),
    ("word.document.macroenabled.main", "docx"),
    ("word.template.macroenabledtemplate.main", "docx"),
    ("presentationml", "pptx"),
)
_ODF: Final = {
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.text-template": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet-template": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
}
_MAGIC: Final = (
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"\x78\x9f\x3e\x22", "tnef"),
    (b"{\\rtf", "rtf"),
    (b"\x09\x08", "xls"),
    (b"\x09\x04\x06\0", "xls"),
    (b"\x09\x02\x06\0", "xls"),
    (b"\x09\0\x04\0", "xls"),
    (b"MZ", "exe"),
)
#: What a mail begins with; whatever does not needs no closer look.
_FIELD: Final = re.compile(rb"[\xef\xbb\xbf\s]*(?:From |[!-9;-~]{1,60}:)")
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1"})
_IMAGES: Final = frozenset({"jpeg", "png", "gif", "tiff", "bmp", "webp", "heic"})
_ARCHIVES: Final = frozenset({"zip", "rar", "7z", "tar", "gz", "bz2", "xz"})
#: Formats that Word or Excel can save as one that is read, and what to save it as.
_SAVE_AS: Final = {
    "xlsb": "Excel (.xlsx)",
    "fods": "Excel (.xlsx)",
    "wordml": "Word (.docx)",
    "doc": "Word (.docx)",
    "odt": "Word (.docx)",
    "fodt": "Word (.docx)",
    "rtf": "Word (.docx)",
}


@dataclass(frozen=True, slots=True)
class Sniffed:
    """The kind of a document, and why nobody could read it when that shows already."""

    kind: str
    refusal: Refusal | None = None


def sniff(data: bytes, name: str = "") -> Sniffed:
    """Tell what the bytes are.

    ``kind`` is a short lower-case word (``xlsx``, ``docx``, ``pdf``, ``xls``, ``jpeg``, ``eml`` …,
    ``unknown``). ``refusal`` is set for what no reader can open: empty, encrypted or damaged, with
    advice in Vietnamese. Whether some reader takes the kind is the door's matter. Never raises.
    """
    if not data.strip(b"\0 \t\r\n"):
        return Sniffed(
            "empty", _refusal("empty", "empty", "Tệp rỗng, không có nội dung. " + _ADVICE)
        )
    if data.startswith(b"PK"):
        return _zip(data)
    if data.startswith(_OLE_MAGIC):
        return _ole(data)
    return Sniffed(_by_magic(data) or text_kind(data, name))


def is_mail(data: bytes) -> bool:
    """Whether these bytes begin with the header of a mail; looks at their beginning only."""
    return _FIELD.match(data) is not None and text_kind(data, "") == "eml"


def may_be_mail(data: bytes) -> bool:
    """Whether what is called a mail may be one: its bytes do not begin as those of another format.

    A workbook that some program labels ``message/rfc822`` or names ``.eml`` is a workbook.
    """
    return is_mail(data) or not (data.startswith((b"PK", _OLE_MAGIC)) or _by_magic(data))


def has_pages(data: bytes) -> bool:
    """Whether these bytes are a picture or a PDF: what may have to be read by looking at it."""
    return _by_magic(data) in {"pdf", *_IMAGES}


def needs_threads(data: bytes) -> bool:
    """Whether these bytes may be a picture that is never decoded without a thread: an iPhone's."""
    return data[4:8] == b"ftyp"


def unsupported(kind: str) -> Refusal:
    """Say in Vietnamese what to send instead of a document of this kind."""
    if kind in _IMAGES:
        return _refusal(
            "unreadable",
            kind,
            "Tệp là ảnh chụp/ảnh quét, chương trình chưa đọc được số liệu trong ảnh. "
            "Đề nghị gửi kèm tệp Excel (.xlsx) hoặc Word (.docx) của biểu mẫu.",
            "a picture, no text",
        )
    if kind in _ARCHIVES:
        message = (
            "Tệp nén chưa được mở tự động. Đề nghị giải nén và đính kèm trực tiếp từng tệp vào thư."
        )
    elif kind == "tnef":
        message = (
            "Tệp này do Outlook tạo (winmail.dat), bị hỏng hoặc không có tệp nào bên trong. Đề "
            "nghị đính kèm trực tiếp từng tệp vào thư."
        )
    elif kind in _SAVE_AS:
        message = (
            f"Chương trình chưa đọc được định dạng .{kind}. Đề nghị mở tệp, chọn Lưu thành "
            f"(Save As) dạng {_SAVE_AS[kind]} rồi gửi lại."
        )
    else:
        message = "Chương trình không đọc được loại tệp này. " + _ADVICE
    return _refusal("unsupported", kind, message, f"no reader for {kind}")


def _refusal(code: RefusalCode, kind: str, message: str, detail: str = "") -> Refusal:
    return Refusal(code, message, detail or code, kind)


def _encrypted(kind: str) -> Sniffed:
    return Sniffed(kind, _refusal("encrypted", kind, LOCKED, "password-protected"))


def _damaged(kind: str, detail: str) -> Sniffed:
    message = "Tệp bị hỏng hoặc gửi chưa trọn vẹn, không mở được. Đề nghị kiểm tra và gửi lại tệp."
    return Sniffed(kind, _refusal("damaged", kind, message, detail))


def _zip(data: bytes) -> Sniffed:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            kind = _package_kind(package)
            locked = any(entry.flag_bits & 1 for entry in package.infolist())
            locked = locked or (kind in _ODF.values() and _odf_password(package))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError) as error:
        return _damaged("zip", f"broken zip: {type(error).__name__}")
    except Exception as error:  # noqa: BLE001  zlib and struct errors of a mutilated directory
        return _damaged("zip", f"broken zip: {type(error).__name__}")
    if locked:
        return _encrypted(kind)
    return Sniffed(kind)


def _package_kind(package: zipfile.ZipFile) -> str:
    names = set(package.namelist())
    if "mimetype" in names and package.getinfo("mimetype").file_size < 100:  # noqa: PLR2004  ODF 1.3, part 2, 3.3
        return _ODF.get(package.read("mimetype").strip(), "zip")
    if "[Content_Types].xml" in names:
        with package.open("[Content_Types].xml") as part:
            types = part.read(_CONTENT_TYPES_BYTES).lower().decode("utf-8", "replace")
        for mark, kind in _OOXML:
            if mark in types:
                return kind
    if "xl/workbook.xml" in names:
        return "xlsx"
    return "docx" if "word/document.xml" in names else "zip"


def _odf_password(package: zipfile.ZipFile) -> bool:
    """Tell an encrypted OpenDocument file, whose parts look like any other to the zip."""
    if "META-INF/manifest.xml" not in package.namelist():
        return False
    with package.open("META-INF/manifest.xml") as part:
        return b"encryption-data" in part.read(_CONTENT_TYPES_BYTES)


def _ole(data: bytes) -> Sniffed:
    import olefile  # noqa: PLC0415  only for old Office files

    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            streams = {"/".join(path).lower() for path in ole.listdir()}
            longest = max((one.size for one in ole.direntries if one), default=0)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  olefile raises whatever the broken bytes lead to
        return _damaged("ole", f"broken OLE container: {type(error).__name__}")
    if longest > len(data):  # its chain of sectors runs in a circle, and would fill the memory
        return _damaged("ole", f"a stream of {longest} bytes in a file of {len(data)}")
    if "encryptedpackage" in streams:
        return _encrypted("ole")
    for stream, kind in (
        ("workbook", "xls"),
        ("book", "xls"),
        ("worddocument", "doc"),
        ("powerpoint document", "ppt"),
        ("__properties_version1.0", "msg"),
    ):
        if stream in streams:
            return _encrypted(kind) if _old_password(data) else Sniffed(kind)
    return Sniffed("ole")


def _old_password(data: bytes) -> bool:
    import msoffcrypto  # noqa: PLC0415  only for old Office files

    try:
        return bool(msoffcrypto.OfficeFile(io.BytesIO(data)).is_encrypted())
    except Exception:  # noqa: BLE001  it knows no such file: then it is not for it to say
        return False


def _by_magic(data: bytes) -> str:
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[257:262] == b"ustar":
        return "tar"
    if b"%PDF-" in data[:1024]:  # after the archives, whose first file may begin so early
        return "pdf"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp" and data[8:12] in {
        b"heic",
        b"heix",
        b"mif1",
        b"msf1",
        b"heim",
        b"hevc",
    }:
        return "heic"
    return "bmp" if data[:2] == b"BM" and data[6:10] == b"\0\0\0\0" else ""
