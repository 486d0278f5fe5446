"""Text as it stands in files older than Unicode, or saved in a wrong code page: the way back."""

import unicodedata

from parsers.legacy import _TCVN3, VNI

_TO_TCVN3 = {letter: code for code, letter in _TCVN3.items()}
_TO_VNI: dict[str, str] = {}
for _written, _letter in VNI.items():
    if len(_written) == 1 or _written[0].isupper() == _written[1].isupper():
        _TO_VNI.setdefault(_letter, _written)


def tcvn3(text: str) -> str:
    """Return the text as typed in .VnTime; toned capitals become small, as in .VnTimeH."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(_TO_TCVN3.get(x, _TO_TCVN3.get(x.lower(), x)) for x in composed)


def vni(text: str) -> str:
    """Return the text as typed in VNI-Times."""
    return "".join(_TO_VNI.get(letter, letter) for letter in unicodedata.normalize("NFC", text))


def mojibake(text: str, times: int = 1) -> str:
    """Return what a reader of code page 1252 sees of the text's UTF-8."""
    for _ in range(times):
        text = "".join(
            bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in text.encode()
        )
    return text


def cp1258(text: str) -> str:
    """Return TCVN3 text as a Vietnamese Windows reads its bytes."""
    return tcvn3(text).encode("cp1252", "ignore").decode("cp1258", "ignore")
