"""Why a message waits, in the words of the officers who must decide. Data."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from registry.model import HeldReason

HELD_REASONS: Mapping[HeldReason, str] = MappingProxyType(
    {
        "unknown-sender": "Địa chỉ người gửi không có trong danh bạ",
        "asked-commune": "Địa chỉ người gửi không có trong danh bạ; biểu ghi tên một đơn vị, "
        "hệ thống đã hỏi địa chỉ đã đăng ký của đơn vị đó, cán bộ có thể chờ hoặc quyết định ngay",
        "unproven-sender": "Không xác thực được địa chỉ người gửi",
        "odd-sender": "Thư không có địa chỉ người gửi rõ ràng",
        "lookalike-sender": "Cảnh báo: người gửi không có trong danh bạ nhưng tên hoặc địa chỉ "
        "giống một đơn vị, địa chỉ đã biết, có thể là giả mạo; đề nghị gọi điện xác minh theo số "
        "đã biết trước khi xử lý, không mở tệp hoặc đường dẫn trong thư",
        "proof-pending": "Chưa xác thực được địa chỉ người gửi vì chưa hỏi được máy chủ tên miền; "
        "hệ thống sẽ tự kiểm tra lại, cán bộ chưa cần làm gì",
        "infected": "Cảnh báo: phần mềm quét vi-rút phát hiện mã độc; hệ thống không mở tệp nào, "
        "đề nghị không mở thư này trên máy tính của cơ quan và báo cho đơn vị gửi",
        "not-scanned": "Phần mềm quét vi-rút chưa hoạt động nên thư chưa được mở; hệ thống sẽ tự "
        "quét lại, cán bộ chưa cần làm gì",
        "scan-limit": "Thư lớn hơn mức phần mềm quét vi-rút nhận nên chưa được mở; đề nghị báo "
        "người quản trị",
        "secrecy-mark": "Thư có dấu chỉ mức độ mật; hệ thống không mở tệp nào",
        "broken-structure": "Cấu trúc thư bị hỏng, hệ thống không mở được",
        "encrypted": "Thư được mã hóa, hệ thống không đọc được",
        "words-only": "Thư chỉ có lời, không có tệp kèm theo; đề nghị cán bộ xem và trả lời",
        "confirms-unclear": "Đơn vị trả lời “ĐÚNG” nhưng không rõ là xác nhận bản nào; đề nghị "
        "cán bộ xem và trả lời",
        "automatic-with-files": "Thư trả lời tự động nhưng có tệp kèm theo",
        "approver-wrote": "Thư của lãnh đạo duyệt; cho gửi báo cáo bằng lệnh intake approve",
        "program-failed": "Hệ thống gặp lỗi khi xử lý thư; đề nghị báo người quản trị",
        "several-communes": "Các tệp ghi tên nhiều đơn vị",
        "unknown-unit": "Tiêu đề văn bản ghi một đơn vị không có trong danh bạ",
        "other-commune": "Người gửi thuộc một đơn vị nhưng văn bản hoặc lời thư ghi đơn vị khác",
        "shared-address": "Nhiều đơn vị dùng chung địa chỉ gửi",
        "forward-disagrees": "Tiêu đề thư và văn bản ghi hai đơn vị khác nhau",
        "forward-unnamed": "Thư chuyển tiếp không ghi rõ là của đơn vị nào",
        "no-campaign": "Thư đến khi chưa có đợt nào mở",
        "several-campaigns": "Chưa rõ thư trả lời cho đợt nào",
        "forms-differ": "Thư có nhiều biểu và số liệu trong các biểu khác nhau",
        "earlier-round": "Tệp biểu giống hệt tệp đã gửi ở đợt trước",
        "copied-workbook": "Biểu mẫu chính thức kèm theo được cấp cho một đơn vị khác",
        "workbook-seal": "Dấu kiểm tra của biểu mẫu chính thức không khớp: phần ẩn của biểu đã bị "
        "sửa, hoặc biểu không do cơ quan cấp; đề nghị hỏi lại đơn vị gửi",
        "workbook-campaign": "Biểu mẫu chính thức kèm theo được cấp cho một đợt khác",
        "nil-beside-form": "Thư vừa báo không có nhu cầu, vừa có biểu đăng ký điểm",
        "nil-doubtful": "Chưa chắc thư có phải là báo không có nhu cầu hay không",
        "nil-after-registration": "Đơn vị đã đăng ký điểm, nay báo không có nhu cầu hoặc xin rút, "
        "chưa rõ có rút toàn bộ hay không; nếu nhận thì toàn bộ các điểm được rút",
        "after-deadline": "Thư đến sau thời hạn",
        "older-than-current": "Thư được viết trước bản đang có hiệu lực nhưng đến sau",
        "report-bounced": "Báo cáo không đến được người nhận; đề nghị kiểm tra địa chỉ và gửi lại",
    }
)


def in_vietnamese(reason: str) -> str:
    """Return a stored reason in Vietnamese, with its details; words of our own stay as they are."""
    code, _, details = reason.partition(": ")
    told = HELD_REASONS.get(cast("HeldReason", code))
    if told is None:
        return reason
    if code == "asked-commune":  # the rest is for the program (`notifier.asked_commune`)
        details = details.partition("; ")[0]
    return f"{told} ({details})" if details else told
