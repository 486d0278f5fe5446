"""A mail with each kind of file, from a real inbox to the registry and the reply.

The files are golden documents: how well each is read is `./dev golden`'s to say. Here they go the
whole way, read in the jail as the daemon does.
"""

import json
from pathlib import Path

import pytest
from rigs.answering import HOA_CU_MAIL, key_of, newest
from rigs.whole import CAMPAIGN, mail, words

from intake.cuttings import write_cuttings

pytestmark = pytest.mark.e2e

GOLDEN = Path(__file__).parent.parent / "golden"
#: What programs of mail call what they do not know: the content decides.
PLAIN = "application/octet-stream"

KINDS = [
    "list-five/input-xlsxwriter.xlsx",
    "number-skipped/input-openpyxl.ods",
    "number-skipped/input-openpyxl.xls",
    "unit-dong/input-excel-html.xls",
    "list-five/input-csv-bom.csv",
    "unit-thousands/input-tsv.tsv",
    "list-five/input-python-docx.docx",
    "number-skipped/input-python-docx.doc",
    "list-five/input-python-docx.odt",
    "unit-cells/input-python-docx.rtf",
    "list-nine/input-reportlab.pdf",
    "list-nine/input-reportlab-unruled.pdf",
    "worn-tcvn3/input-openpyxl-tcvn3.ods",
    "list-nine/input-reportlab-print.scan-200.pdf",
    "list-nine/input-reportlab-print.photo-sideways.jpg",
    "products-merged/input-reportlab.scan-300.tiff",
    "products-merged/input-reportlab.photo-iphone.heic",
]


def meant(document: str) -> list[dict[str, str]]:
    """The rows that the document's maker put in; a picture shows those of what was printed."""
    path = GOLDEN / document
    stem = path.name.partition(".")[0]
    rows = json.loads((path.parent / "truth.json").read_text("utf-8"))[stem]["rows"]
    return [dict(row) for row in rows]


@pytest.mark.parametrize("document", KINDS)
def test_a_form_of_each_kind_is_registered_and_answered(office, document):
    """Its points stand in the registry; whatever is certain there is what was meant."""
    path = GOLDEN / document
    office.deliver(mail(HOA_CU_MAIL, files=[(f"Bieu{path.suffix}", PLAIN, path.read_bytes())]))
    office.tick()
    assert newest(office).verdict == "submission", newest(office).reason
    answer = office.store.current_submission(CAMPAIGN, key_of(office, "06223"))
    rows = meant(document)
    assert len(answer.points) == len(rows)
    for point, row in zip(answer.points, rows, strict=True):
        for key, value in point.row.values.items():
            if point.row.confidence[key] >= 0.9 and key in row:
                assert value == row[key], (point.ordinal, key)
    assert f"{len(rows)} điểm" in words(office.smtp.accepted[0].raw)


@pytest.mark.parametrize("kind", ["blurred", "dark", "cut", "far", "coarse", "glare", "shaken"])
def test_a_picture_that_cannot_be_read_is_sent_back_with_advice(office, kind):
    """No value of it is recorded, and the clerk is told how to do better."""
    path = next(GOLDEN.glob(f"*/*.bad-{kind}*"))
    office.deliver(mail(HOA_CU_MAIL, files=[(f"IMG{path.suffix}", PLAIN, path.read_bytes())]))
    office.tick()
    assert newest(office).verdict == "unreadable"
    assert office.store.current_submission(CAMPAIGN, key_of(office, "06223")) is None
    told = " ".join(words(office.smtp.accepted[0].raw).split())
    assert "chụp lại" in told or "quét lại" in told or "Excel" in told


def test_each_value_is_shown_beside_the_picture_of_its_cell(office, tmp_path):
    """What `intake show ID --pictures DIR` writes."""
    path = GOLDEN / "list-nine/input-reportlab-print.scan-200.pdf"
    office.deliver(mail(HOA_CU_MAIL, files=[("Bieu.pdf", PLAIN, path.read_bytes())]))
    office.tick()
    answer = office.store.current_submission(CAMPAIGN, key_of(office, "06223"))
    page = write_cuttings(office.config, office.store, office.desk.vault, answer, tmp_path / "seen")
    html = page.read_text("utf-8")
    boxes = sum(len(point.row.boxes) for point in answer.points)
    pictures = sorted(page.parent.glob("*.png"))
    assert len(pictures) == boxes > 5
    assert all(f'src="{picture.name}"' in html for picture in pictures)
    assert answer.points[0].row.values["name"] in html
    assert answer.receipt in html
