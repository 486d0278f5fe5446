"""The report's other sheets, and what all of them share: titles and the signature block."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, islice

from notifier import wording
from notifier.pressed import LAST_LINE, Book, Sheet
from notifier.printed import CENTRE, HEADER, PLAIN, Look, Value
from notifier.report_inputs import (
    CommuneFacts,
    MailFacts,
    PointFacts,
    ReportInputs,
    VersionFacts,
)

_TITLE = Look(bold=True, across="center", size=14, border=False)
_MIDDLE = Look(italic=True, across="center", border=False)
_SECTION = Look(bold=True)
_SMALL = Look(size=9)
SOURCES = "Nguồn số liệu"
_SOURCE_HEADS = ("TT", "Đơn vị", "Điểm số", "Cột", "Giá trị trong báo cáo", "Ghi trong tệp gốc",
                 "Vị trí", "Độ chắc chắn", "Tệp", "sha256 của tệp")  # fmt: skip
_SOURCE_LOOKS = (CENTRE, PLAIN, CENTRE, *[PLAIN] * 4, CENTRE, PLAIN, _SMALL)
_LETTERHEAD = 48.0  # digits: "PHÒNG KINH TẾ VÀ HẠ TẦNG" on one line


def titles(sheet: Sheet, inputs: ReportInputs, title: str, columns: int) -> int:
    """Write the head of a sheet and return the next free line.

    The number and date of the covering letter stay blank: văn thư fills them in, and for
    electronic documents they are not required (NĐ 30/2020, Phụ lục I).
    """
    half = next((n for n in range(2, columns) if _spanned(sheet, n) >= _LETTERHEAD), columns)
    sheet.span(1, 1, half, inputs.office_name.upper(),
         Look(bold=True, across="center", border=False))  # fmt: skip
    sheet.span(2, 1, half, inputs.office_unit.upper(), Look(across="center", border=False))
    sheet.span(3, 1, columns, title.upper(), _TITLE)
    when = inputs.made_at.astimezone(inputs.zone)
    attached = (
        f"(Kèm theo Công văn số        /{inputs.notation} ngày      tháng      năm {when.year} "
        f"của {inputs.office_name})"
    )
    sheet.span(4, 1, columns, attached, _MIDDLE)
    kind = "Báo cáo bổ sung; số" if inputs.supplement and not inputs.base else "Số"
    until = wording.moment(inputs.counted_until, inputs.zone)
    text = f"({kind} liệu tính đến {until}, giờ Việt Nam)"
    sheet.span(5, 1, columns, text, _MIDDLE)
    return 6


def report_title(inputs: ReportInputs) -> str:
    """Return the report's own title; a supplement's says which one it is."""
    if inputs.base is None:
        return inputs.report_title
    return f"Báo cáo bổ sung số {inputs.base.supplement}: {inputs.report_title}"


def wrong_cells(commune: CommuneFacts | None) -> frozenset[tuple[int, str]]:
    """Return the (row, field) of every cell that is wrong in the answer that counts."""
    findings = commune.counted.findings if commune and commune.counted else ()
    return frozenset(
        (finding.row, finding.field)
        for finding in findings
        if finding.severity == "error" and finding.row and finding.field
    )


def _spanned(sheet: Sheet, columns: int) -> float:
    return sum(sheet.width_of(column) for column in range(1, columns + 1))


def signatures(sheet: Sheet, line: int, columns: int, inputs: ReportInputs) -> int:
    """Write the block to be signed and return its last line."""
    half = max(columns // 2, 1)
    when = inputs.made_at.astimezone(inputs.zone)
    date = f"{inputs.office_place}, ngày      tháng {wording.month(when)} năm {when.year}"
    middle = Look(across="center", border=False)
    sheet.span(line + 1, half + 1, columns, date, _MIDDLE)
    strong = Look(bold=True, across="center", border=False)
    sheet.span(line + 2, 1, half, "NGƯỜI LẬP BIỂU", strong)
    sheet.span(line + 2, half + 1, columns, "LÃNH ĐẠO DUYỆT", strong)
    sheet.span(line + 3, 1, half, "(Ký, ghi rõ họ tên)", middle)
    sheet.span(line + 3, half + 1, columns, "(Ký, ghi rõ họ tên)", middle)
    sheet.tall(line + 4, 60)
    return line + 4


def answers(sheet: Sheet, inputs: ReportInputs) -> None:
    """Every commune: state, receipt, times, versions."""
    heads = ["TT", "Mã", "Đơn vị", "Trạng thái", "Số tiếp nhận", "Nhận lúc (giờ máy chủ)",
             "Thời hạn", "Số bản", "Các bản đã nhận", "Số điểm", "Lỗi còn lại",
             "Công văn", "Ghi chú"]  # fmt: skip
    sheet.widths([5, 8, 20, 16, 19, 17, 13, 6, 30, 7, 7, 22, 26])
    line = titles(sheet, inputs, "Tình hình gửi văn bản của các xã, thị trấn", len(heads))
    header = line
    sheet.row(header, heads, [HEADER] * len(heads))
    for index, commune in enumerate(inputs.communes, start=1):
        line += 1
        sheet.row(line, _answer(index, commune, inputs), _answer_looks(len(heads)))
    sheet.page((header, header), len(heads), line)


def _answer_looks(columns: int) -> list[Look]:
    looks = [PLAIN] * columns
    for column in (0, 1, 5, 6, 7, 9, 10):
        looks[column] = CENTRE
    return looks


def _answer(index: int, commune: CommuneFacts, inputs: ReportInputs) -> list[Value]:
    counted = commune.counted
    return [
        index,
        commune.code,
        commune.title,
        wording.STATES[commune.state],
        counted.receipt if counted else "",
        wording.moment(counted.received_at, inputs.zone) if counted else "",
        _timing(counted),
        len(commune.versions),
        "\n".join(_version_line(version, inputs) for version in commune.versions),
        len(commune.points) if counted else None,
        counted.errors if counted else None,
        letter_words(counted),
        _remark(commune, inputs),
    ]


def _timing(version: VersionFacts | None) -> str:
    if version is None:
        return ""
    return "Sau khi chốt" if version.after_close else "Gửi muộn" if version.late else "Đúng hạn"


def _version_line(version: VersionFacts, inputs: ReportInputs) -> str:
    when = wording.moment(version.received_at, inputs.zone)
    return f"{version.version}) {when}: {wording.STATES[version.state].lower()}"


def letter_words(version: VersionFacts | None) -> str:
    """Return number, date and signer of the commune's official letter; blanks stay out."""
    letter = version.letter if version else None
    if letter is None:
        return ""
    parts = [
        f"số {letter.number}" if letter.number else "",
        f"ngày {wording.iso_day(letter.issued_on)}" if letter.issued_on else "",
        f"ký: {letter.signer}" if letter.signer else "",
    ]
    return wording.clean("; ".join(part for part in parts if part), 200)


def _remark(commune: CommuneFacts, inputs: ReportInputs) -> str:
    after = [version for version in commune.versions if version.after_close]
    if after and not inputs.supplement:
        when = wording.moment(after[-1].received_at, inputs.zone)
        return f"Có bản đến sau khi chốt ({when}); đề xuất báo cáo bổ sung."
    if commune.counted is None and commune.first_heard_at is not None:
        when = wording.moment(commune.first_heard_at, inputs.zone)
        return f"Có {commune.heard} thư đến (từ {when}), chưa ghi nhận được nội dung."
    return ""


def without_points(sheet: Sheet, inputs: ReportInputs) -> None:
    """Nil returns and silent communes with the evidence; those that wrote stand apart."""
    heads = ["TT", "Mã", "Đơn vị", "Kết luận", "Thời điểm", "Chứng cứ"]
    sheet.widths([5, 9, 22, 26, 18, 90])
    line = titles(sheet, inputs, "Các xã, thị trấn không có nhu cầu, không gửi văn bản", len(heads))
    header = line
    sheet.row(header, heads, [HEADER] * len(heads))
    line += 1
    deemed = ", được hiểu là không có nhu cầu" if inputs.silence == "no-need" else ""
    sections = (
        ("CÓ VĂN BẢN TRẢ LỜI KHÔNG CÓ NHU CẦU", inputs.in_state("nil")),
        (f"KHÔNG GỬI VĂN BẢN{deemed.upper()}", inputs.in_state("silent")),
        ("CHƯA GỬI (CHƯA CHỐT SỐ LIỆU)", inputs.in_state("waiting")),
        ("CÓ THƯ ĐẾN NHƯNG CHƯA GHI NHẬN ĐƯỢC (KHÔNG TÍNH LÀ KHÔNG GỬI)",
         tuple(one for one in inputs.in_state("in-review", "needs-fix") if one.counted is None)),
    )  # fmt: skip
    # The first two are always there, also to say "none"; the others only when there is something.
    shown = [one for number, one in enumerate(sections) if one[1] or number < 2]  # noqa: PLR2004
    for letter, (title, communes) in zip("ABCD", shown, strict=False):
        heading = f"{letter}. {title}: {len(communes)} đơn vị"
        sheet.span(line, 1, len(heads), heading, _SECTION)
        line += 1
        for index, commune in enumerate(communes, start=1):
            sheet.row(line, _reason(index, commune, inputs), [CENTRE, CENTRE, *[PLAIN] * 4])
            line += 1
    if inputs.in_state("silent") and inputs.silence == "no-need":
        line = _rule(sheet, line, len(heads), inputs)
    sheet.page((header, header), len(heads), line)


def _rule(sheet: Sheet, line: int, columns: int, inputs: ReportInputs) -> int:
    call = f"Công văn số {inputs.number} của " if inputs.number else "văn bản đề nghị của "
    text = (
        f"Theo {call}{inputs.office_name}: đơn vị không gửi văn bản "
        f"{wording.before(inputs.deadline_at, inputs.zone)} được hiểu là không có nhu cầu đề nghị "
        "hỗ trợ; chủ tịch UBND xã, thị trấn chịu trách nhiệm về nội dung này."
    )
    sheet.span(line, 1, columns, text, Look(italic=True, border=False))
    return line + 1


def _reason(index: int, commune: CommuneFacts, inputs: ReportInputs) -> list[Value]:
    counted = commune.counted
    at: dt.datetime | None = counted.received_at if counted else commune.first_heard_at
    if commune.state == "silent":
        at = inputs.closes_at
    return [
        index,
        commune.code,
        commune.title,
        wording.STATES[commune.state],
        wording.moment(at, inputs.zone) if at else "",
        _proof(counted) if counted else _evidence(commune, inputs) or _remark(commune, inputs),
    ]


def _proof(version: VersionFacts) -> str:
    parts = [f"Số tiếp nhận {version.receipt}", letter_words(version)]
    parts += [f"tệp “{wording.clean(file.name, 120)}” (sha256 {file.sha256[:16]}…)"
              for file in version.files]  # fmt: skip
    if version.message_sha256:
        parts.append(f"thư gốc sha256 {version.message_sha256[:16]}…")
    return "; ".join(part for part in parts if part)


def _evidence(commune: CommuneFacts, inputs: ReportInputs) -> str:
    """Our mails to a commune; before them, that none of them is evidence, if that is so."""
    asked = _asked(commune.mails, inputs)
    if commune.state != "silent" or commune.reached:
        return asked
    none = (
        "KHÔNG CÓ CHỨNG CỨ ĐƠN VỊ ĐÃ NHẬN ĐƯỢC THƯ: chưa có thư đề nghị, thư nhắc nào của hệ thống "
        "đến được đơn vị; đề nghị xác minh trước khi kết luận."
    )
    return f"{none}\n{asked}" if asked else none


def _asked(mails: tuple[MailFacts, ...], inputs: ReportInputs) -> str:
    """Which of our mails which server accepted when, and which came back, one to a line."""
    return "\n".join(
        f"{wording.MAIL_KINDS.get(mail.kind, mail.kind)} {wording.moment(mail.at, inputs.zone)} "
        f"đến {wording.clean(mail.recipient, 120)}: "
        f"{wording.mail_state(mail.state, mail.bounced_at, inputs.zone)}"
        + (f" ({wording.clean(f'{mail.server} {mail.response}'.strip(), 120)})"
           if mail.server or mail.response else "")
        for mail in mails
    )  # fmt: skip


def open_findings(sheet: Sheet, inputs: ReportInputs) -> None:
    """What is still wrong or doubtful in the versions that count."""
    heads = ["TT", "Đơn vị", "Mức", "Điểm số", "Cột", "Vị trí (tệp gốc)", "Nội dung"]
    sheet.widths([5, 20, 10, 8, 22, 28, 80])
    line = titles(sheet, inputs, "Các lỗi, lưu ý còn lại", len(heads))
    header = line
    sheet.row(header, heads, [HEADER] * len(heads))
    labels = {field.key: field.label for field in inputs.fields}
    count = 0
    for commune in inputs.communes:
        for finding in commune.counted.findings if commune.counted else ():
            line, count = line + 1, count + 1
            values: list[Value] = [
                count,
                commune.title,
                wording.SEVERITIES[finding.severity],
                finding.row,
                labels.get(finding.field or "", ""),
                wording.place(finding.place),
                wording.clean(finding.message, 800),
            ]
            sheet.row(line, values, [CENTRE, PLAIN, CENTRE, CENTRE, PLAIN, PLAIN, PLAIN])
    if not count:
        line += 1
        sheet.span(line, 1, len(heads), "Không còn lỗi, lưu ý nào.",
             Look(italic=True, across="center"))  # fmt: skip
    sheet.page((header, header), len(heads), line)


def sources(book: Book, inputs: ReportInputs) -> None:
    """Where each value of each point comes from: file, hash, cell, as written, how certain."""
    keys = tuple(field.key for field in inputs.fields)
    found = [
        (commune.title, ordinal, point, keys)
        for commune in inputs.registering
        for ordinal, point in enumerate(commune.points, start=1)
    ]
    source_rows(book, inputs, found)


def source_rows(
    book: Book,
    inputs: ReportInputs,
    found: Sequence[tuple[str, int, PointFacts, Sequence[str]]],
    last_line: int = LAST_LINE,
) -> None:
    """Write the source of these values: commune, row of the point, the point, keys of its columns.

    What a point does not state has no source and is left out. Beyond ``last_line`` a further sheet
    goes on, with the same head and the numbers that follow.
    """
    rows = _sourced(inputs, found)
    number, pending = 1, next(rows, None)
    while number == 1 or pending:
        sheet = book.sheet(SOURCES if number == 1 else f"{SOURCES} ({number})")
        sheet.widths([6, 20, 7, 22, 32, 32, 24, 9, 26, 36])
        title = "Nguồn của từng giá trị" + " (tiếp theo)" * (number > 1)
        header = line = titles(sheet, inputs, title, len(_SOURCE_HEADS))
        sheet.row(header, _SOURCE_HEADS, [HEADER] * len(_SOURCE_HEADS))
        if not pending:
            line += 1
            sheet.span(line, 1, len(_SOURCE_HEADS), "Không có điểm đăng ký.",
                 Look(italic=True, across="center"))  # fmt: skip
        else:
            line = sheet.rows(chain([pending], islice(rows, last_line - line - 1)), _SOURCE_LOOKS)
            pending = next(rows, None)
        sheet.page((header, header), len(_SOURCE_HEADS), line)
        number += 1


def _sourced(
    inputs: ReportInputs, found: Iterable[tuple[str, int, PointFacts, Sequence[str]]]
) -> Iterator[Sequence[Value]]:
    labels = [(field.key, field.label) for field in inputs.fields]
    count = 0
    for title, ordinal, point, keys in found:
        file = wording.clean(point.file, 160)
        sha256 = f"{point.sha256[:32]} {point.sha256[32:]}".strip()
        values, raw, places, sure = point.values, point.raw, point.places, point.confidence
        for key, label in labels:
            if key in values and key in keys:
                count += 1
                place, certain = wording.place(places.get(key)), _percent(sure.get(key, 1.0))
                written = raw.get(key, "")
                yield (count, title, ordinal, label, values[key], written, place, certain,
                       file, sha256)  # fmt: skip


@cache
def _percent(share: float) -> str:
    return f"{round(share * 100)}%"
