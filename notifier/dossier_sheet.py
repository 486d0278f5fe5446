"""The report's sheet of criteria and dossiers: one line a point, for whoever examines them."""

from notifier import report_sheets, wording
from notifier.pressed import Sheet
from notifier.printed import CENTRE, HEADER, PLAIN, Look, Value
from notifier.report_inputs import CommuneFacts, PointFacts, ReportInputs

_NOTE = (
    "Bảng đối chiếu tự động theo nội dung biểu và tên, nội dung tệp đã gửi; không thay cho việc "
    "thẩm định, không phải căn cứ để loại điểm nào."
)


def dossier_sheet(sheet: Sheet, inputs: ReportInputs) -> None:
    """Write for each point the answer to each criterion and which documents came."""
    criteria = [one.label for point in inputs.points[:1] for one in point.criteria]
    heads = ["TT", "Đơn vị", "Điểm số", "Tên điểm", *criteria, "Hồ sơ đã thấy", "Hồ sơ chưa thấy"]
    sheet.widths([5, 20, 8, 26, *[34.0] * len(criteria), 46, 46])
    line = report_sheets.titles(sheet, inputs, "Đối chiếu tiêu chí, hồ sơ từng điểm", len(heads))
    header = line
    sheet.row(header, heads, [HEADER] * len(heads))
    count = 0
    for commune in inputs.registering:
        for ordinal, point in enumerate(commune.points, start=1):
            line, count = line + 1, count + 1
            values = _line(count, commune, ordinal, point, inputs)
            sheet.row(line, values, [CENTRE, PLAIN, CENTRE, *[PLAIN] * (len(heads) - 3)])
    line += 1
    text = _NOTE if count else "Không có điểm đăng ký."
    sheet.span(line, 1, len(heads), text, Look(italic=True, border=False))
    sheet.page((header, header), len(heads), line)


def _line(
    count: int, commune: CommuneFacts, ordinal: int, point: PointFacts, inputs: ReportInputs
) -> list[Value]:
    title = next((field.key for field in inputs.fields if field.title), "")
    answers = [wording.clean(f"{one.answer}. {one.reason}", 400) for one in point.criteria]
    return [
        count,
        commune.title,
        ordinal,
        point.values.get(title, ""),
        *answers,
        "\n".join(_seen(commune, ordinal)),
        "\n".join(item.label for item in commune.dossier if ordinal in item.missing),
    ]


def _seen(commune: CommuneFacts, ordinal: int) -> list[str]:
    """Name the documents of this point, and those whose point could not be told."""
    lines = []
    for item in commune.dossier:
        for name, owner in item.files:
            if owner in {ordinal, 0}:
                remarks = ["chưa rõ của điểm nào"] * (owner == 0)
                remarks += ["đã quá thời hạn"] * (name in item.expired)
                told = f" ({', '.join(remarks)})" if remarks else ""
                lines.append(f"{item.label}: {wording.clean(name, 120)}{told}")
    return lines
