"""Digital signatures of documents: whether there is one, and what it is worth.

A signature is told to people and never a reason to refuse (Nghị định 30/2020/NĐ-CP asks the
receiver to check authenticity; a missing signature on an annex is normal, DOMAIN §2.3). PDFs are
checked by pyHanko (PAdES, ISO 32000-2 §12.8); signatures of Office files are only noticed.
"""

import datetime as dt
import io
import logging
import zipfile
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

from parsers.reading import Signature, SignatureState

if TYPE_CHECKING:
    from pyhanko.sign.validation import PdfSignatureStatus
    from pyhanko_certvalidator import ValidationContext

#: Every signed PDF has one (ISO 32000-2, table 255); looking for it spares the others the parsing.
_MARK: Final = b"/ByteRange"
_OOXML_SIGNATURES: Final = "_xmlsignatures/"
_ODF_SIGNATURES: Final = "META-INF/documentsignatures.xml"
_MOST: Final = 10
_NAME_LENGTH: Final = 100
_UNCHECKABLE: Final = Signature("uncheckable")


def signatures(data: bytes, roots: Sequence[str] = ()) -> tuple[Signature, ...]:
    """Return the digital signatures of a document, oldest first, at most ten.

    ``roots`` are the certificates (PEM) that may stand at the top of a signer's chain; without the
    right one an intact signature is ``unknown-root``. A certificate is judged at the signing time,
    which the signer's clock claims unless the signature bears a time stamp. Nothing is fetched: the
    revocation of certificates is not checked. Never raises.
    """
    if data.startswith(b"PK"):
        return _of_package(data)
    if _MARK not in data:
        return ()
    try:
        return _of_pdf(data, roots)
    except ImportError:
        return (Signature("uncheckable", detail="pyHanko is not installed"),)
    except Exception as error:  # noqa: BLE001  whatever broken bytes lead to in a young library
        return (Signature("uncheckable", detail=type(error).__name__),)


def _of_package(data: bytes) -> tuple[Signature, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = package.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return ()
    signed = any(name.startswith(_OOXML_SIGNATURES) for name in names) or _ODF_SIGNATURES in names
    return (Signature("uncheckable", detail="a signature inside an Office file"),) if signed else ()


def _of_pdf(data: bytes, roots: Sequence[str]) -> tuple[Signature, ...]:
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415  heavy, and an extra

    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    reader = PdfFileReader(io.BytesIO(data), strict=False)
    embedded = list(reader.embedded_regular_signatures)[:_MOST]
    return tuple(_checked(signature, roots) for signature in embedded)


def _checked(signature: Any, roots: Sequence[str]) -> Signature:
    """Judge one signature, and name its signer even where it cannot be judged."""
    signer = _common_name(signature)
    claimed = signature.self_reported_timestamp
    signed_at = claimed.isoformat() if claimed else ""
    try:
        status = _status(signature, roots, claimed)
    except Exception as error:  # noqa: BLE001  one broken signature must not hide the others
        return Signature("uncheckable", signer, signed_at, type(error).__name__)
    state = _state(status, signature.signer_cert, claimed)
    return Signature(state, signer, signed_at, status.summary()[:_NAME_LENGTH])


def _status(
    signature: Any, roots: Sequence[str], claimed: dt.datetime | None
) -> "PdfSignatureStatus":
    from pyhanko.sign.validation import async_validate_pdf_signature  # noqa: PLC0415  heavy
    from pyhanko.sign.validation.settings import KeyUsageConstraints  # noqa: PLC0415  heavy

    # Certificates of agencies may allow signing without "non repudiation": either will do.
    usage = KeyUsageConstraints(
        key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
    )
    validating = async_validate_pdf_signature(
        signature, _context(roots, claimed), key_usage_settings=usage
    )
    return _finished(validating)


def _finished(validating: Coroutine[Any, Any, "PdfSignatureStatus"]) -> "PdfSignatureStatus":
    """Return what a coroutine returns that waits for nothing: nothing is fetched.

    An event loop would do the same, but it opens a pair of sockets, which no reader may.
    """
    try:
        validating.send(None)
    except StopIteration as done:
        status: PdfSignatureStatus = done.value
        return status
    validating.close()
    raise RuntimeError("the validation wants to wait")


def _context(roots: Sequence[str], moment: dt.datetime | None) -> "ValidationContext":
    from asn1crypto import pem, x509  # noqa: PLC0415  comes with pyHanko
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415  heavy

    trusted = [
        x509.Certificate.load(block)
        for root in roots
        for _, _, block in pem.unarmor(root.encode(), multiple=True)
    ]
    at: dict[str, Any] = {"moment": moment, "best_signature_time": moment} if moment else {}
    return ValidationContext(
        trust_roots=trusted, allow_fetching=False, revocation_mode="soft-fail", **at
    )


def _state(
    status: "PdfSignatureStatus", certificate: Any, claimed: dt.datetime | None
) -> SignatureState:
    from pyhanko.sign.diff_analysis import ModificationLevel  # noqa: PLC0415  heavy

    if not (status.intact and status.valid):
        return "altered"
    level = status.modification_level
    if level is None or level >= ModificationLevel.OTHER or not status.docmdp_ok:
        return "changed-later"
    if _outside_validity(certificate, claimed):
        return "expired"
    return "valid" if status.trusted else "unknown-root"


def _outside_validity(certificate: Any, claimed: dt.datetime | None) -> bool:
    if claimed is None:
        return False
    return not certificate.not_valid_before <= claimed <= certificate.not_valid_after


def _common_name(signature: Any) -> str:
    try:
        name = signature.signer_cert.subject.native.get("common_name", "")
    except Exception:  # noqa: BLE001  a certificate that cannot be read has no name
        return ""
    return " ".join(str(name).split())[:_NAME_LENGTH]
