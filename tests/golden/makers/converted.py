"""What LibreOffice makes of a file. Its output differs from version to version: it is committed."""

import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

#: Extension → LibreOffice's filter.
_FILTERS: Final = {
    "xls": "xls:MS Excel 97",
    "ods": "ods",
    "doc": "doc:MS Word 97",
    "odt": "odt",
    "rtf": "rtf:Rich Text Format",
    "pdf": "pdf",
}


def convert_all(sources: Iterable[Path], extension: str) -> None:
    """Write each file's conversion beside it, all in one run of the program."""
    files = list(sources)
    if not files:
        return
    with tempfile.TemporaryDirectory() as folder:
        # Sources of different cases have the same name: a folder of its own for each.
        made = []
        for number, source in enumerate(files):
            copy = Path(folder) / f"{number}-{source.name}"
            copy.write_bytes(source.read_bytes())
            made.append(copy)
        command = [
            "soffice",
            f"-env:UserInstallation=file://{folder}/profile",
            "--headless",
            "--convert-to",
            _FILTERS[extension],
            "--outdir",
            f"{folder}/out",
            *map(str, made),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
        for source, copy in zip(files, made, strict=True):
            result = Path(folder) / "out" / f"{copy.stem}.{extension}"
            source.with_suffix(f".{extension}").write_bytes(result.read_bytes())
