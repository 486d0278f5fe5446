"""Small documents for tests, made on the spot: PDFs drawn by reportlab, Word files by hand."""

import io
import zipfile
from collections.abc import Sequence

from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="xml" ContentType="application/xml"/>
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/word/document.xml"
  ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>
</Types>"""
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    "{}</Relationships>"
)
_RELATION = '<Relationship Id="r{0}" Type="{1}/{2}" Target="{3}"/>'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TRANSITIONAL = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"


def docx(body: str, *, namespace: str = TRANSITIONAL, head: str = "", **parts: str) -> bytes:
    """Return a Word file with this XML in its body; ``parts`` are ``numbering``, ``styles``."""
    root = f'xmlns:w="{namespace}" xmlns:wp="urn:wp" xmlns:a="urn:a" xmlns:mc="urn:mc"'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", _TYPES)
        main = _RELATION.format(1, _OFFICE, "officeDocument", "word/document.xml")
        package.writestr("_rels/.rels", _RELATIONS.format(main))
        related = "".join(
            _RELATION.format(number, _OFFICE, name, f"{name}.xml")
            for number, name in enumerate(parts, 1)
        )
        package.writestr("word/_rels/document.xml.rels", _RELATIONS.format(related))
        document = f"{head}<w:document {root}><w:body>{body}</w:body></w:document>"
        package.writestr("word/document.xml", document)
        for name, content in parts.items():
            package.writestr(f"word/{name}.xml", f"<w:{name} {root}>{content}</w:{name}>")
    return buffer.getvalue()


def paragraph(text: str, properties: str = "") -> str:
    """Return a paragraph of one run."""
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def cell(text: str, properties: str = "") -> str:
    """Return a cell of one paragraph."""
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def row(*cells: str) -> str:
    """Return a row; a cell that is not XML yet becomes one."""
    return f"<w:tr>{''.join(c if c.startswith('<') else cell(c) for c in cells)}</w:tr>"


BORDERS = "<w:tblPr><w:tblBorders><w:insideV w:val='single'/></w:tblBorders></w:tblPr>"


def table(*rows: str, properties: str = BORDERS) -> str:
    """Return a ruled table."""
    return f"<w:tbl>{properties}{''.join(rows)}</w:tbl>"


class Paper:
    """A PDF under way: ASCII text (fold matches it), ruled tables, pictures."""

    def __init__(self, size: tuple[float, float] = (595, 842), **options: object) -> None:
        self._buffer = io.BytesIO()
        self.size = size
        self.canvas = Canvas(self._buffer, pagesize=size, invariant=1, **options)

    def line(self, x: float, y: float, text: str, size: float = 11) -> "Paper":
        """Write one line, ``y`` points below the page's top."""
        self.canvas.setFont("Helvetica", size)
        self.canvas.drawString(x, self.size[1] - y, text)
        return self

    def table(
        self,
        top: float,
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
        *,
        left: float = 40,
        height: float = 30,
        ruled: bool = True,
    ) -> float:
        """Draw a table and return the y below it; a line feed in a cell starts a new line."""
        for number, texts in enumerate(rows):
            x = left
            for text, width in zip(texts, widths, strict=True):
                upper = self.size[1] - top - number * height
                if ruled:
                    self.canvas.rect(x, upper - height, width, height)
                self.canvas.setFont("Helvetica", 9)
                for down, piece in enumerate(text.split("\n")):
                    self.canvas.drawString(x + 3, upper - 11 - 10 * down, piece)
                x += width
        return top + len(rows) * height

    def picture(self, x: float, y: float, width: float, height: float) -> "Paper":
        """Lay a grey picture on the page."""
        from PIL import Image  # noqa: PLC0415  only for pictures

        image = ImageReader(Image.new("L", (80, 100), 200))
        self.canvas.drawImage(image, x, self.size[1] - y - height, width, height)
        return self

    def page(self) -> "Paper":
        """End this page."""
        self.canvas.showPage()
        return self

    def done(self) -> bytes:
        """End the last page and return the file."""
        self.canvas.save()
        return self._buffer.getvalue()
