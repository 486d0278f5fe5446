"""Where Tesseract's Vietnamese letters are. Asked before its wheel is even imported.

Without letters tesserocr complains on import, into /dev/null; the jail refuses to open that for
writing, and the wheel falls over it.
"""

import os
from pathlib import Path
from typing import Final

LANGUAGE: Final = "vie"
#: Where Debian has the letters; TESSDATA_PREFIX says otherwise.
_DATA: Final = "/usr/share/tesseract-ocr/5/tessdata"


def folder() -> Path:
    """Return the folder of the letters."""
    return Path(os.environ.get("TESSDATA_PREFIX", _DATA))


def is_there() -> bool:
    """Whether the letters are there."""
    return (folder() / f"{LANGUAGE}.traineddata").is_file()
