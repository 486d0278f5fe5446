"""What writers of Word files do to a table: change it under tracking, fill in controls, nest it."""

import io
import zipfile
from collections.abc import Callable
from typing import Final

from golden.makers.workbooks import frozen
from lxml import etree

_W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_AUTHOR: Final = {f"{{{_W}}}author": "Cán bộ", f"{{{_W}}}date": "2024-05-17T08:00:00Z"}


def tracked(data: bytes) -> bytes:
    """Return the file with every cell's text inserted under tracking, after a deleted one."""
    return _changed(data, _track)


def controlled(data: bytes) -> bytes:
    """Return the file with every cell's text in a content control."""
    return _changed(data, _control)


def nested(data: bytes) -> bytes:
    """Return the file with its table inside the one cell of another that only makes a frame."""
    return _changed(data, _nest)


def _changed(data: bytes, change: Callable[[etree._Element], None]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "word/document.xml":
                root = etree.fromstring(content)
                change(root)
                content = etree.tostring(
                    root, xml_declaration=True, encoding="UTF-8", standalone=True
                )
            new.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return frozen(out.getvalue())


def _tag(name: str) -> str:
    return f"{{{_W}}}{name}"


def _track(root: etree._Element) -> None:
    for count, run in enumerate(list(root.iter(_tag("r")))):
        if next(run.iterancestors(_tag("tc")), None) is None:
            continue
        at = run.getparent()
        inserted = etree.Element(_tag("ins"), _AUTHOR | {_tag("id"): str(count)})
        deleted = etree.Element(_tag("del"), _AUTHOR | {_tag("id"): str(9000 + count)})
        gone = etree.SubElement(etree.SubElement(deleted, _tag("r")), _tag("delText"))
        gone.text = "bản cũ "
        at.replace(run, deleted)
        deleted.addnext(inserted)
        inserted.append(run)


def _control(root: etree._Element) -> None:
    for run in list(root.iter(_tag("r"))):
        if next(run.iterancestors(_tag("tc")), None) is None:
            continue
        control = etree.Element(_tag("sdt"))
        etree.SubElement(control, _tag("sdtPr"))
        content = etree.SubElement(control, _tag("sdtContent"))
        run.getparent().replace(run, control)
        content.append(run)


def _nest(root: etree._Element) -> None:
    for table in root.findall(f".//{_tag('tbl')}"):
        frame = etree.Element(_tag("tbl"))
        etree.SubElement(frame, _tag("tblPr"))
        grid = etree.SubElement(frame, _tag("tblGrid"))
        etree.SubElement(grid, _tag("gridCol"), {_tag("w"): "14000"})
        cell = etree.SubElement(etree.SubElement(frame, _tag("tr")), _tag("tc"))
        etree.SubElement(cell, _tag("tcPr"))
        table.getparent().replace(table, frame)
        cell.append(table)
        etree.SubElement(cell, _tag("p"))
