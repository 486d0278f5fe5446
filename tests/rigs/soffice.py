"""A LibreOffice that misbehaves on purpose: a shell script in its place, run as the real one is."""

import os
import shutil
from pathlib import Path

#: Way → what the script does; it can start no program, so all of it is the shell's own.
WAYS = {
    "silent": "exit 0",
    "empty": ": > out/document.docx",
    "garbage": "printf 'no document at all' > out/document.docx",
    "wrong-kind": "printf '{\\\\rtf1 x}' > out/document.docx",
    "large": "printf '%030000000d' 1 > out/document.docx",
    "flood": "printf '%0300000000d' 1 > out/document.docx",
    "hang": "while :; do :; done",
    "fork": "(while :; do :; done) & exit 0",
    "restless": "exit 81",
    "crash": "kill -SEGV $$",
}


def misbehaving(folder: Path, script: str) -> str:
    """Return a PATH on which ``soffice`` is this shell script."""
    program = folder / "program"
    program.mkdir()
    shell = program / "sh"
    shutil.copy(Path("/bin/sh").resolve(), shell)
    binary = program / "soffice.bin"
    binary.write_text(f"#!{shell}\n{script}\n", "utf-8")
    binary.chmod(0o755)
    (program / "soffice").write_text("never started\n", "utf-8")
    (program / "soffice").chmod(0o755)
    return f"{program}{os.pathsep}/usr/bin:/bin"
