"""The words that a plain "no need" is made of: a sentence with any other goes to a person.

What may be said beside "no need" is endless (another matter, a doubt, somebody else, irony), what
communes say who mean nothing else is not. So the list is one of what is known to be harmless, and
a word that is missing costs an officer's look. Phrases are written with their marks and compared
without them.
"""

import re
from functools import lru_cache
from itertools import dropwhile

from parsers.beside_nil import folded
from parsers.form import Form
from parsers.vietnamese import fold

#: What is stated, of whom, and what is asked for.
_STATED = """
không|chưa|ko|hông|kg|k|có|còn nhu cầu|phát sinh|xuất hiện|nhu cầu|đăng ký|đề nghị|đề xuất
|tham gia|thực hiện|triển khai|hỗ trợ|được hỗ trợ|xây dựng|đầu tư xây dựng|mở|đáp ứng
|đủ điều kiện|đủ tiêu chuẩn|điều kiện|tiêu chí|phù hợp|lựa chọn|xác định|bố trí|lựa chọn được
|xác định được|bố trí được|tìm được|nâng cấp|cải tạo|điểm|địa điểm|vị trí|giới thiệu|trưng bày
|bán hàng|bán sản phẩm|sản phẩm|ocop|cơ sở|cơ sở kinh doanh|cửa hàng|tổ chức|cá nhân|hoặc cá nhân
|hay cá nhân|hoặc hộ|hộ nào|hộ kinh doanh|hộ gia đình|hộ sản xuất|hộ cá thể|hộ dân|chủ thể|htx
|hợp tác xã|doanh nghiệp|trường hợp|đối tượng|ai đăng ký|ai có nhu cầu|ai đề nghị|ai tham gia
|nơi nào|người nào|nào|nào cả|gì|gì cả|đều|danh sách|số điểm|số lượng|tổng số|nội dung|trên
|nộp báo cáo|bc|cv|hôm qua
"""
#: Who writes to whom, how it looked into the matter, and what it reports on.
_REPORTED = """
phòng|anh|chị|họp|giao|tổng hợp từ|địa chính|để nắm|phòng nắm|nắm tình hình|văn hóa xã hội
|các bộ phận|bộ phận chuyên môn|chuyên môn|đồng chí|trưởng thôn|ubnd|ủy ban nhân dân|chủ tịch
|đại diện|địa phương|đơn vị|chúng tôi|xã mình|em|toàn xã|các|tất cả|toàn bộ|toàn thể|mọi thôn
|thôn|các bản|thôn bản|các khu|khu phố|tổ dân phố|hạ tầng|phòng kt&ht|phòng ktht|qua phòng
|sở công thương|cấp trên|cơ quan|cán bộ chuyên môn|công chức|địa bàn|trên địa bàn quản lý
|qua kiểm tra tại chợ trung tâm|trụ sở, chợ|rà soát|rà soát kỹ|qua rà soát|sau khi
|qua thời gian rà soát|kiểm tra|qua kiểm tra|khảo sát|qua khảo sát|xem xét|qua xem xét|nghiên cứu
|tìm hiểu|nắm bắt|tình hình|thực tế|niêm yết|họp bàn|làm việc với|qua làm việc|tuyên truyền
|vận động|phổ biến|quán triệt|thông báo|thông báo cho|thông báo rộng rãi|loa truyền thanh
|hệ thống|đến các|tới các|đến từng hộ|chỉ đạo|lập danh sách|tiếp tục|thống nhất|kết quả|cụ thể
|như sau|nhận thấy|xét thấy|xin khẳng định|khẳng định|thấy không|thấy rằng|rằng|báo cáo
|xin báo cáo|bên em|bên mình|đảng ủy, ubnd|gửi kèm|trả lời|phúc đáp|thông tin|gửi|nhận được
|ban hành|công văn|văn bản|quyết định|kế hoạch|hướng dẫn|hướng dẫn liên ngành|yêu cầu|trả lời thư
|nay gửi thư|căn cứ|tiếp nhận|về|việc|v/v|của|theo|là|và|tại|trong|thuộc|đối với|nêu trên|đã nêu
|gửi hồ sơ|nên|vì vậy|do vậy|qua đó|đến toàn thể|nhân dân|bà con|đối chiếu với|nhưng không
|nhưng chưa|tuy nhiên không|tuy nhiên chưa|trên đây là|hỗ trợ kinh phí xây dựng|kèm theo|đính kèm
|file đính kèm|xin gửi lại văn bản đã ký số|qua zalo|kiến nghị|công tác chỉ đạo
|công tác triển khai|họp với|nội dung sau|trước chủ tịch|trước ubnd|để phòng|để ubnd|để báo cáo
|để tổng hợp|để đăng ký|để huyện|để có cơ sở tổng hợp|thay mặt|gửi tới|thống kê|tiến hành
|quý phòng|lãnh đạo xã|được sự chỉ đạo|nhận được thư|thư nhắc|gửi lại báo cáo|bản scan|bản có dấu
|bản giấy|qua bưu điện|hay tổ chức
"""
#: Reasons that leave no doubt, the time, and the courtesies round it.
_ROUND = """
xin chân thành|chân thành|quỹ đất|diện tích|nhỏ|dân cư|thưa thớt|còn thấp|đời sống|người dân
|thương mại|dịch vụ|chưa phát triển|kém phát triển|ạ|do|vì|bởi|lý do|địa hình|khó khăn
|còn khó khăn|còn nhiều khó khăn|kinh tế|sản xuất|nhỏ lẻ|manh mún|phân tán|quy mô|miền núi
|vùng cao|biên giới|vùng sản xuất|tập trung|chủ yếu|nông nghiệp|thuần nông|tự cung tự cấp|còn ít
|ít|chưa nhiều|xa trung tâm|giao thông|đi lại|bố trí được mặt bằng|dân số|được công nhận
|có mặt bằng|kinh tế xã hội|còn hạn chế|hạn chế|năm nay|đợt|lần|hiện|nay|thời điểm|tính đến
|đến thời điểm|đến nay|vừa qua|trân trọng|kính|kính trình|kính mong|xin phép|xin trả lời
|xin thông báo|xin gửi|xin cảm ơn|xin trân trọng|xin không|cảm ơn|em cảm ơn chị nhiều
|khi nào có xã em báo sau|dạ|nhé|nghen|ghi nhận|được biết|để biết|phòng biết|huyện biết|tổng hợp
|tổng hợp giúp|tổng hợp chung|theo dõi|theo quy định|cho xã vào danh sách|chịu trách nhiệm
|trước pháp luật|cam kết|nếu cần thêm thông tin|vâng|kính chào|chúc anh|chúc chị
|một ngày tốt lành|sức khỏe|một ngày làm việc hiệu quả|xin chịu trách nhiệm
|hoàn toàn chịu trách nhiệm|tính chính xác|số liệu|ơi|rồi|cũng|vẫn|hoàn toàn|mong phòng|xin lỗi
|trả lời muộn|báo cáo muộn|cảm ơn anh nhiều|có gì anh gọi em|có gì chị gọi em|mong anh chị thông cảm
"""
#: What stands in a letter's head and foot, and below a mail.
_AROUND = """
độc lập - tự do - hạnh phúc|cộng hòa xã hội chủ nghĩa việt nam|nơi nhận|như trên|lưu|vt|hđnd
|ủy, hđnd|phó chủ tịch|bí thư|đ/c|phụ trách|văn phòng|thống kê|tư pháp|hộ tịch|kế toán
|tài chính|môi trường|công nghệ thông tin|điện thoại|đt|sđt|email|trang thông tin điện tử
|gửi từ iphone của tôi|được gửi từ iphone của tôi|đã gửi từ iphone của tôi
|được gửi từ điện thoại galaxy của tôi|được chia sẻ từ zalo|gửi từ outlook cho android
|gửi từ outlook cho ios|sent from my|fwd|fw|re|chuyển tiếp|thư của|cơ quan chủ trì|chương trình
"""
#: Days, years, numbers of documents, and numbers that mean all of them; to whom it is written.
_SHAPES = (
    r"ngay \d{1,2}(?: (?:thang )?\d{1,2}(?: (?:nam )?\d{4})?)?",
    r"ngay thang \d{1,2} nam \d{4}",
    r"(?:nam|giai doan) 20\d\d(?: 20\d\d)?",
    r"gui nho hop thu xa ban",
    r"(?:dot|lan) \d{1,2}",
    r"(?:so|cong van|cv|van ban|quyet dinh|ke hoach|lien nganh)(?: so)? \d+",
    r"(?:ca )?(\d+) \1 (?:thon|ban|khu|to dan pho|don vi)",
    r"(?:hien )?co \d+ (?:htx|hop tac xa|co so|cua hang)",
    r"ca \d+ (?:thon|ban|htx|hop tac xa|co so)",
    r"(?:diem )?ocop \d+",
    r"0+(?: khong)?",
    r"^vay(?= (?:xa|ubnd)\b)",
    (
        r"^(?:da |em |kinh )*(?:gui|chao|thua|dear)"
        r"(?: (?!khong|chua|ne|\d)\w+){1,8}?(?= (?:,|xa|ubnd|don vi)\b)"
    ),
    r"lien he .*",
)
#: The number of an item, where a sentence begins with it.
_ITEM = r"^(?:\d{1,2}|[ivx]+|[a-d])"
#: "Hộ" by itself may be "on behalf of".
_HOUSEHOLDS = r"(?:(?<=\bco )|(?<=\bcac ))ho"
_CLASS_WORDS = (
    "xã",
    "xa",
    "thị trấn",
    "thi tran",
    "tt",
    "phường",
    "phuong",
    "huyện",
    "huyen",
    "đặc khu",
)
#: A unit's name, or that of a cooperative that was asked; capitals tell it from other words.
_NAMED = re.compile(
    rf"\b({'|'.join(_CLASS_WORDS)}|(?:làm việc với|lam viec voi) htx)((?: [^\W\d_]+){{1,4}})",
    re.IGNORECASE,
)
#: Where a letter was written, with no class word before it: "Hòa Cư, ngày 17 tháng 5".
_PLACE = re.compile(r"^()([^\W\d_]+(?: [^\W\d_]+){0,3})(?=, ng[àa]y \d)")
_ADDRESS = re.compile(r"\S{1,80}@\S{1,80}")
#: The signs behind a document's number: "1200/UBND-KT&HT".
_NUMBER = re.compile(r"(?<=\d)/(?:\d{4}/)?[^\W\d_][\w&/-]*")


def strange(sentence: str, form: Form, *, beside: bool = False) -> str:
    """Return what a sentence, as written, has of other words than those of a plain "no need".

    ``beside`` = it stands round the statement: words of a letter's head and foot are known too.
    """
    plain = _NUMBER.sub("", _ADDRESS.sub("", sentence))
    if not (plain.isupper() or plain.istitle()):
        plain = _PLACE.sub(_without_name, _NAMED.sub(_without_name, plain.strip()))
    known = _known((*form.topic_phrases, *form.nil_phrases, form.title), beside)
    return " ".join(known.sub("", folded(plain)).split())


def _without_name(named: re.Match[str]) -> str:
    rest = dropwhile(lambda word: word[0].isupper(), named[2].split())
    return " ".join((named[1], *rest))


@lru_cache(maxsize=16)
def _known(more: tuple[str, ...], beside: bool) -> re.Pattern[str]:
    """Return what finds known words, the longest phrase that begins at a word."""
    texts = (_STATED, _REPORTED, _ROUND, *([_AROUND] if beside else []))
    shipped = (one for text in texts for one in text.replace("\n", "").split("|"))
    written = (*shipped, *_CLASS_WORDS, "tỉnh", *more)
    phrases = {way(one) for one in written for way in (folded, fold)}
    longest = sorted(filter(None, phrases), key=lambda one: (-len(one), one))
    return re.compile(rf"\b(?:{'|'.join((*_SHAPES, *longest, _HOUSEHOLDS, _ITEM))})\b")
