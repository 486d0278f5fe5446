"""Fields of a Word document that LibreOffice fills in itself when it opens a file.

A letter whose date is a DATE field comes out of the conversion with the date of the conversion. A
date that nobody wrote is worse than none, so such results are taken out again.
"""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from parsers.package import local

_PART: Final = "word/document.xml"
#: First word of a field's instruction whose result is this machine's, not the sender's.
_OURS: Final = frozenset({"DATE", "TIME", "FILENAME", "PAGE", "NUMPAGES"})
#: As a writer leaves a place for a date or a number open; readers take it for a blank.
_BLANK: Final = "…"


def blank_fields(docx: bytes) -> bytes:
    """Return a converted docx with a blank where the conversion filled in a field of its own."""
    with zipfile.ZipFile(io.BytesIO(docx)) as package:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        root = etree.fromstring(package.read(_PART), parser)
        found = list(_results(root))
        if not found:
            return docx
        for text in found:
            text.text = _BLANK
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as copy:
            for entry in package.infolist():
                data = etree.tostring(root) if entry.filename == _PART else package.read(entry)
                copy.writestr(entry, data)
    return made.getvalue()


@dataclass(slots=True)
class _Field:
    """A field while it is walked through; ``begun`` once its result begins.

    A fixed one is no better: its date is written anew, month first where no style says otherwise.
    """

    instruction: str = ""
    begun: bool = False

    @property
    def is_ours(self) -> bool:
        return self.instruction.strip().partition(" ")[0].upper() in _OURS


def _results(root: etree._Element) -> Iterator[etree._Element]:
    """Yield the texts that are results of such fields, also of those inside another field."""
    fields: list[_Field] = []
    for element in root.iter("{*}fldChar", "{*}instrText", "{*}t"):
        name = local(element)
        if name == "fldChar":
            _step(fields, element)
        elif name == "instrText" and fields:
            fields[-1].instruction += element.text or ""
        elif any(field.begun and field.is_ours for field in fields):
            yield element
    for simple in root.iter("{*}fldSimple"):
        if _Field(_attribute(simple, "instr")).is_ours:
            yield from simple.iter("{*}t")


def _step(fields: list[_Field], character: etree._Element) -> None:
    kind = _attribute(character, "fldCharType")
    if kind == "begin":
        fields.append(_Field())
    elif kind == "separate" and fields:
        fields[-1].begun = True
    elif kind == "end" and fields:
        fields.pop()


def _attribute(element: etree._Element, name: str) -> str:
    return next((str(value) for key, value in element.items() if str(key).endswith(name)), "")
