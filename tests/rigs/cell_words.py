"""What stands in the cells of invented forms: a grammar per kind, in parts that share no text.

``tuning`` is for choosing settings and training, ``held-out`` only for measuring; ``calibration``
has the words of tuning and fonts of its own. Function words (thôn, xã, số …) are in all because
they are in every form; names, products and notes are not.
All persons, numbers and firms are made up by chance.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from parsers.recognise import Kind

Part = Literal["tuning", "calibration", "held-out"]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one part."""

    families: tuple[str, ...]
    given: tuple[str, ...]
    places: tuple[str, ...]
    products: tuple[str, ...]
    firms: tuple[str, ...]
    points: tuple[str, ...]
    needs: tuple[str, ...]
    notes: tuple[str, ...]
    captions: tuple[str, ...]


def _split(text: str) -> tuple[str, ...]:
    return tuple(" ".join(piece.split()) for piece in text.split(";"))


PARTS = MappingProxyType(
    {
        "tuning": Words(
            families=_split("Nguyễn;Trần;Lê;Phạm;Hoàng;Vi;Lương;Đặng;Bùi;Hứa;Nông;Triệu;Lăng;Đinh"),
            given=_split(
                "Thị Hường;Văn Khuê;Đức Thuận;Thị Ngát;Quang Huy;Thúy Quỳnh;Xuân Trường;Thị Ước;"
                "Thị Huệ;Đình Ngữ;Văn Bảy;Minh Tuấn;Thị Mỹ Lệ;Hữu Nghị;Ngọc Ánh;Văn Đoàn;Thị Nhàn;"
                "Kim Oanh;Thế Vỹ;Bích Thủy;Công Hậu;Thị Diệu;Mạnh Cường;Hải Yến;Thị Thêm;Văn Sỹ"
            ),
            places=_split(
                "Đồng Văn;Yên Thượng;Quỳnh Lưu;Mỹ Trạch;Phú Nghĩa;Cầu Gỗ;Nguyệt Ánh;Hòa Bình;"
                "Quyển Sơn;Kẻ Rị;Đông Sơn;Ba Làng;Hải Thanh;Nà Pàn;Khuổi Mươi;Pò Mã;Bản Vàng;"
                "Cốc Toòng;Tồng Nọt;Pác Luống;Nặm Tẻ;Lũng Vài;Khau Riềng;Chợ Bãi;Tềnh Chè;Sông Hóa"
            ),
            products=_split(
                "Mật ong hoa nhãn;Bưởi Diễn sấy dẻo;Bánh đa nem gạo lứt;Trà hoa vàng sấy thăng hoa;"
                "Dưa lưới Hương Sen;Tương nếp cái hoa vàng;Miến dong đỏ;Rượu men lá;Trà ướp sen;"
                "Nước mắm cốt nhĩ;Hồng không hạt;Chè Shan tuyết;Lạp sườn hun khói;Măng ớt ngâm;"
                "Thạch đen;Cao khô vạn linh;Quế thanh;Bột nghệ viên mật ong;Ớt bột;Vịt quay móc mật"
            ),
            firms=_split(
                "HTX Nông nghiệp;HTX Dịch vụ tổng hợp;HTX Rau an toàn;Hộ KD;Hộ kinh doanh;"
                "Công ty TNHH;Công ty CP Thương mại;UBND xã;HTX Du lịch cộng đồng;Tổ hợp tác"
            ),
            points=_split(
                "Điểm trưng bày OCOP;Cửa hàng nông sản sạch;Điểm giới thiệu Làng nghề;Gian hàng;"
                "Điểm bán hàng Trạm dừng nghỉ;Quầy hàng Đền;Siêu thị mini;Cửa hàng Đặc sản;"
                "Điểm giới thiệu và bán sản phẩm OCOP"
            ),
            needs=_split(
                "Hỗ trợ mua sắm kệ trưng bày và biển hiệu;Sửa chữa mặt bằng, lắp đặt điện;"
                "Mua tủ bảo quản lạnh, máy tính tiền;In ấn tờ rơi, thiết kế nhãn mác;"
                "Kinh phí cải tạo nhà trưng bày;Giá kệ, tủ kính, đèn chiếu sáng"
            ),
            notes=_split(
                "Đã có mặt bằng;Cần sửa mái;Đề nghị xét năm 2025;Hộ cận nghèo;Chưa có biển hiệu;"
                "Thuê đất 5 năm;Bổ sung hồ sơ sau;Không"
            ),
            captions=_split(
                "STT;Tên điểm;Địa chỉ;Chủ thể quản lý;Họ và tên;Điện thoại;Diện tích (m2);"
                "Tên sản phẩm;Hạng sao;Kinh phí đề nghị hỗ trợ (triệu đồng);Ghi chú;Số ĐKKD/MST"
            ),
        ),
        "held-out": Words(
            families=_split(
                "Vũ;Ngô;Dương;Lưu;Đỗ;Hà;Chu;Mã;Lý;Phùng;Tô;Đàm;Lộc;Hoàng;La;Bế;Nguyễn;Mạc"
            ),
            given=_split(
                "Thị Sáng;Văn Chức;Đình Khởi;Thị Lụa;Trọng Nghĩa;Thu Thảo;Tiến Dũng;Thị Mười;"
                "Văn Giáp;Hồng Nhung;Thị Xuyến;Quốc Vượng;Văn Thưởng;Thị Chiêm;Viết Lãm;Thị Bưởi;"
                "Văn Hiệu;Bá Quyền;Thùy Trang;Thị Nguyệt;Văn Phấn;Khánh Duy;Thị Hợi;Đăng Khoa;"
                "Văn Luyện;Thị Tỵ;Phúc Lợi;Gia Bảo"
            ),
            places=_split(
                "Bản Loỏng;Nà Chuông;Pò Lèo;Còn Quan;Phai Trần;Khòn Sè;Kéo Tấu;Bản Rọi;Phia Bó;"
                "Lục Niêm;Nà Thâm;Cò Loi;Khuổi Lèng;Tằm Nguyên;Phạc Giàng;Quảng Hồng;Bó Củng;"
                "Hoàng Tân;Vĩnh Quang;Thiện Kỵ;Cẩm Đàn;Ngọc Sơn;Tràng Các;Yên Phúc;Hội Hoan;"
                "Sơn Dược;Phượng Mao;Bằng Lãng;Trại Mới;Giữa Đồi"
            ),
            products=_split(
                "Na dai;Gà sáu ngón;Khoai lang sấy;Bánh ngải;Rau bò khai;Nấm hương khô;"
                "Tinh dầu hồi;Rượu Mẫu Sơn;Đào Mẫu Sơn;Chanh rừng ngâm muối;Bún ngô khô;"
                "Trám đen om cá;Cá lồng hấp;Gạo Bao thai;Bánh chưng gù;Khâu nhục;Hạt dổi nướng;"
                "Cà gai leo túi lọc;Phở khô;Đậu phụ nhự;Giấm chuối;Thịt trâu gác bếp;Sâm cau"
            ),
            firms=_split(
                "Hợp tác xã;Công ty Cổ phần Nông lâm sản;Cơ sở sản xuất;DNTN;Hộ cá thể;"
                "HTX Chăn nuôi và Thủy sản;Công ty TNHH MTV Dược liệu;Tổ sản xuất;Hội Phụ nữ xã;"
                "HTX NN hữu cơ;Liên hiệp HTX"
            ),
            points=_split(
                "Ki ốt chợ;Nhà trưng bày cộng đồng;Điểm dừng chân;Sạp nông sản;Trung tâm OCOP;"
                "Quầy lưu niệm Chùa;Điểm tập kết;Cửa hàng tiện lợi;Gian hàng cửa khẩu;"
                "Khu trải nghiệm"
            ),
            needs=_split(
                "Bảng led quảng cáo và camera giám sát;Hỗ trợ lãi vay xây kho mát;"
                "Lát nền, quét vôi, thay cửa cuốn;Tập huấn bán hàng qua mạng;"
                "Máy đóng gói hút chân không, cân điện tử;Trang bị bình chữa cháy"
            ),
            notes=_split(
                "Mượn nhà văn hóa thôn;Xin gia hạn;Đang chờ cấp phép;Ưu tiên gia đình chính sách;"
                "Hợp đồng đến hết tháng 9;Gần cửa khẩu;Vốn tự có một nửa;Phối hợp với Đoàn xã"
            ),
            captions=_split(
                "TT;Tên cơ sở;Nơi đặt điểm bán hàng;Đơn vị, cá nhân quản lý;Người đại diện;SĐT;"
                "DT sử dụng;Mặt hàng OCOP;Xếp hạng;Nhu cầu vốn (nghìn đồng);Lưu ý;"
                "Ngày cấp giấy chứng nhận;Tổng mức đầu tư;Loại hình"
            ),
        ),
    }
)
#: Initials, rhymes and tones from which names that no list has are made.
_INITIALS = _split("b;c;ch;d;đ;g;gi;h;kh;l;m;n;ng;nh;p;ph;qu;r;s;t;th;tr;v;x")
_OPEN = _split("a;ai;ao;au;ay;âu;ây;e;eo;ê;êu;i;ia;iu;o;oi;ô;ôi;ơ;ơi;u;ua;ui;ư;ưa;ươi;y;oa;oai;uê")
_NASAL = _split(
    "am;an;ang;anh;ăm;ăn;ăng;âm;ân;âng;em;en;eng;ên;ênh;im;in;inh;iêm;iên;iêng;om;on;ong;ôm;ôn;ông;"
    "ơm;ơn;um;un;ung;ưng;uôn;uông;ươm;ươn;ương;oan;oang;uân;uyên"
)
_STOP = _split(
    "ac;ach;ap;at;ăc;ăt;âp;ât;ec;ep;et;êt;êch;ich;it;iêc;iêt;oc;op;ot;ôc;ôp;ôt;ơp;ơt;uc;ut;ưc;ươc;"
    "oat;uyêt"
)
_TONES = ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")

KINDS = get_args(Kind)
CHOICES = ("doanh nghiệp", "hợp tác xã", "tổ hợp tác", "hộ kinh doanh")


def write(kind: str, part: Part, chance: random.Random) -> str:
    """Return what a clerk might type into a cell of this kind."""
    return _WRITERS[kind](PARTS["tuning" if part == "calibration" else part], chance)


def syllable(chance: random.Random) -> str:
    """Return an invented syllable that Vietnamese could have."""
    from unicodedata import normalize  # noqa: PLC0415  beside its only use

    initial = chance.choice(_INITIALS)
    rhymes, tones = chance.choice(
        ((_OPEN, _TONES), (_NASAL, _TONES), (_STOP, (_TONES[2], _TONES[5])))
    )
    rhyme = chance.choice([r for r in rhymes if not (initial == "qu" and r[0] in "uoư")])
    if rhyme[0] in "iêey":
        initial = {"c": "k", "g": "gh", "ng": "ngh", "gi": "d"}.get(initial, initial)
    vowels = [i for i, letter in enumerate(rhyme) if letter in "aăâeêioôơuưy"]
    marked = [i for i in vowels if rhyme[i] in "ăâêôơ"] or [i for i in vowels if rhyme[i] == "ư"]
    closed = rhyme[-1] not in "aăâeêioôơuưy"
    at = marked[-1] if marked else vowels[-1] if closed else vowels[0]
    return normalize("NFC", initial + rhyme[: at + 1] + chance.choice(tones) + rhyme[at + 1 :])


def _place(words: Words, chance: random.Random) -> str:
    if chance.random() < 0.35:
        return f"{syllable(chance)} {syllable(chance)}".title()
    return chance.choice(words.places)


def _person(words: Words, chance: random.Random) -> str:
    if chance.random() < 0.3:
        return f"{chance.choice(words.families)} {syllable(chance)} {syllable(chance)}".title()
    return f"{chance.choice(words.families)} {chance.choice(words.given)}"


def _address(words: Words, chance: random.Random) -> str:
    place, other = _place(words, chance), _place(words, chance)
    number = chance.randint(1, 199)
    return chance.choice(
        (
            f"Thôn {place}, xã {other}",
            f"Số {number}, tổ {chance.randint(1, 12)}, khu phố {place}",
            f"Khối {chance.randint(1, 9)}, thị trấn {place}",
            f"Km {number}+{chance.randint(1, 9)}00, QL {chance.randint(1, 4)}B, {place}",
            f"Xóm {place}, thôn {other}",
            f"Số {number} đường {place}",
            f"Trung tâm xã {place}",
        )
    )


def _text(words: Words, chance: random.Random) -> str:
    pick = chance.random()
    if pick < 0.25:
        return f"{chance.choice(words.points)} {_place(words, chance)}"
    if pick < 0.5:
        return _address(words, chance)
    if pick < 0.7:
        return f"{chance.choice(words.firms)} {chance.choice((_place, _person))(words, chance)}"
    if pick < 0.88:
        return _person(words, chance)
    return chance.choice(chance.choice((words.needs, words.notes)))


def _list(words: Words, chance: random.Random) -> str:
    products = chance.sample(words.products, chance.choice((1, 1, 2, 3)))
    return chance.choice(("; ", ", ")).join(products)


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("0123456789") for _ in range(count))


def _code(_words: Words, chance: random.Random) -> str:
    return chance.choice(
        (
            "49" + _digits(chance, 8),
            f"49{_digits(chance, 8)}-00{chance.randint(1, 9)}",
            "0" + _digits(chance, 11),
            f"14{chance.choice('ABCDEH')}8{_digits(chance, 6)}",
            f"{chance.randint(1, 300)}/QĐ-UBND",
        )
    )


def _phone(_words: Words, chance: random.Random) -> str:
    number = "0" + chance.choice("35789") + _digits(chance, 8)
    if chance.random() < 0.1:
        number = "0205" + _digits(chance, 7)
    pick = chance.random()
    if pick < 0.65:
        return number
    sign = chance.choice(" .")
    return sign.join((number[:4], number[4:7], number[7:]))


def _decimal(_words: Words, chance: random.Random) -> str:
    whole = chance.randint(10, 400)
    fraction = chance.choice(("", "", ",5", ",25", ".5", f",{chance.randint(1, 9)}"))
    unit = chance.choice(("", "", "", " m2", "m2", " m²"))
    return f"{whole}{fraction}{unit}"


def _money(_words: Words, chance: random.Random) -> str:
    pick = chance.random()
    if pick < 0.4:
        return f"{chance.randint(5, 950)}" + chance.choice(("", "", ",5", ".25", ",75"))
    amount = chance.randint(1000, 99999) * chance.choice((1000, 5000, 10000))
    plain = f"{amount:,}"
    if pick < 0.8:
        plain = plain.replace(",", ".")
    elif pick < 0.9:
        plain = str(amount)
    return plain + chance.choice(("", "", "", " đồng", "đ"))


def _stars(_words: Words, chance: random.Random) -> str:
    return f"{chance.randint(1, 5)}" + chance.choice(("", "", "", " sao"))


def _date(_words: Words, chance: random.Random) -> str:
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(2019, 2024)
    return chance.choice(
        (f"{day:02}/{month:02}/{year}", f"{day}/{month}/{year}", f"{day}-{month}-{year}")
    )


def _index(_words: Words, chance: random.Random) -> str:
    return f"{chance.randint(1, 40)}" + chance.choice(("", "", "", "."))


_WRITERS: dict[str, Callable[[Words, random.Random], str]] = {
    "text": _text,
    "list": _list,
    "code": _code,
    "phone": _phone,
    "choice": lambda _words, chance: chance.choice((str.lower, str.capitalize))(
        chance.choice(CHOICES)
    ),
    "decimal": _decimal,
    "money": _money,
    "stars": _stars,
    "date": _date,
    "index": _index,
    "caption": lambda words, chance: chance.choice(words.captions),
}
