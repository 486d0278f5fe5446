"""The README of an exported dossier, for whoever opens the archive in ten years."""

from config.model import Campaign

_FULL = """HỒ SƠ LƯU TRỮ
{title}
Mã đợt: {id}

Thư mục này do chương trình tiếp nhận lập từ sổ đăng ký; mở được bằng phần mềm thông thường.

don vi/<mã> <tên>/thu den/   thư các đơn vị đã gửi: "thu goc.eml" là nguyên văn, bên cạnh là các
                             tệp kèm theo
don vi/<mã> <tên>/thu di/    thư đã trả lời (có số tiếp nhận), thư đề nghị, thư nhắc, dạng .eml
khong ro don vi/             thư đến trong đợt chưa xác định được của đơn vị nào; thư gửi chung
bao cao/<số>/                báo cáo đã chốt và dữ liệu đầu vào
registry.json, registry.xlsx toàn bộ sổ đăng ký của đợt: văn bản, điểm, giá trị (kèm ô nguồn và độ
                             tin cậy), lỗi, thư
journal.json                 nhật ký: mỗi việc một mục, nối nhau bằng mã băm
manifest.json                danh sách tệp, kích thước, mã băm SHA-256
SHA256SUMS                   kiểm tra toàn vẹn: sha256sum -c SHA256SUMS

Thư có mã độc hoặc chưa được quét vi-rút không nằm trong hồ sơ này: manifest.json (left_out) ghi mã
băm và lý do.

Hồ sơ có dữ liệu cá nhân (họ tên, số điện thoại, địa chỉ thư): chỉ người có trách nhiệm được xem.
"""
_REDACTED = """HỒ SƠ LƯU TRỮ – BẢN KHÔNG CÓ DỮ LIỆU CÁ NHÂN
{title}
Mã đợt: {id}

Bản này không có thư gốc, tệp kèm theo, báo cáo, địa chỉ thư, tên tệp và mọi giá trị có thể nêu tên
người (trường kiểu chữ, điện thoại, mã số). Chỉ còn số liệu, ngày tháng, lựa chọn theo biểu và
trạng thái.

registry.json, registry.xlsx sổ đăng ký của đợt
journal.json                 nhật ký: thời điểm, loại việc và mã băm của từng mục
manifest.json                danh sách tệp; left_out: mã băm SHA-256 của những tệp đã bỏ ra
SHA256SUMS                   kiểm tra toàn vẹn: sha256sum -c SHA256SUMS
"""


def readme(campaign: Campaign, *, redact: bool) -> str:
    """Return what is what in the dossier, in Vietnamese."""
    return (_REDACTED if redact else _FULL).format(title=campaign.title, id=campaign.id)
