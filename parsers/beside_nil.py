"""What a commune says beside "no need" that leaves it open: it registers, asks, waits.

The words are folded; every pattern reads what ``folded`` gives, one sentence at a time.
"""

import re

from parsers.vietnamese import fold

#: "Không"; "kg" and "k" only where no number and no item of a list stands before them.
NO = r"(?:khong|ko|hoong|(?<=[a-z] )kg?)"
NOT = rf"(?:{NO}|chua)"
WORD = r"(?:\w+ )"
#: Words that folding makes one ("chờ" is to wait, "chợ" a market; "hông" is "không", Hồng Phong a
#: commune; "chưa" is "not yet", "chùa" a pagoda), written as typists do (Telex).
_TELEX = {
    "nếu": "neeus",
    "nêu": "neeu",
    "chờ": "chowf",
    "đợi": "ddowij",
    "trừ": "truwf",
    "chỉ": "chir",
    "mà": "maf",
    "à": "af",
    "vội": "vooij",
    "hông": "hoong",
    "chùa": "chuaf",
    "chúa": "chuas",
    "chứa": "chuwas",
}
_TOLD_APART = re.compile(rf"(?<!\w)(?:{'|'.join(_TELEX)})(?!\w)", re.IGNORECASE)
#: "Nếu"; without marks "nêu trên" (named above) is written the same.
IF = (
    r"(?:neeus|(?<!da )(?<!duoc )(?<!nhu )(?<!dung )neu"
    r"(?! (?:tren(?! dia ban)|tai (?:cong|van|muc)|o tren|ro|duoi day)\b))"
)
#: Words that make all that follows them conditional, or the thought of somebody else.
SUPPOSED = re.compile(
    rf"\b(?:{IF}|truong hop(?! nay)|duoc hieu|hieu (?:la|rang)|(?:coi|xem) (?:nhu|la)|xin hoi"
    r"|cho hoi|khi nao|hay khong|(?:bi|da) ghi(?: nhan)?|ghi nhan la|du thao"
    r"|qua thoi (?:gian|han)"
    r"(?! (?:ra soat|kiem tra|trien khai|thuc hien|nghien cuu|tuyen truyen|van dong))"
    r"|nhan (?:duoc )?van ban cua (?:ubnd |uy ban nhan dan )?(?:xa|thi tran|phuong))\b"
)
#: Words of a call or a question, until the writer begins to report.
CONDITION = re.compile(
    r"\b(?:hoac|ghi|(?<!dai )dien|yeu cau|huong dan|co duoc|nhung (?:diem|co so|xa)"
    r"|khong phai|khong the)\b"
)
HISTORY = re.compile(
    r"\b(?:truoc day|dot truoc|lan truoc|dot 1|lan 1|dot mot|lan thu nhat|dot i|nam truoc|truoc do"
    r"|nam ngoai|(?:dot|lan) (?:dau|mot)(?! tien\b)|da tung|van ban truoc|bao cao truoc)\b"
)
#: A plea for help: whoever asks for a new point because there is none has a need.
_ASKS = re.compile(
    r"(?:^|, )(?:nen |vi vay |do do |do vay )?(?:ubnd \w+ |xa |thi tran )?(?:\w+ \w+ )?"
    r"(?<!khong )(?<!chua )(?<!ko )(?<!so diem )(?<!so luong )(?:kinh )?(?:de nghi|xin|mong)"
    rf"(?: (?!{NOT} )\w+){{0,6}}? "
    r"(?:ho tro|dau tu|xay dung|cap kinh phi)\b"
)
_LATER = re.compile(
    r"\b(?:gia han|chowf|ddowij|doi (?:den|them|hop|y kien)|dang hop"
    r"|(?:gui|nop) (?:cham|lai chinh thuc)|nop sau|(?:dang|con|phai) cho (?:hop|y kien|ket qua|xin)"
    r"|cho hop (?:dan|thon|ban|giao ban)|lui (?:thoi|den|lai|ngay|han|toi)|them thoi gian"
    r"|tam thoi|chua (?:tong hop|hop|ra soat|kiem tra|khao sat|thong nhat|xem xet|bao cao)"
    r"|dang (?:tiep tuc )?ra soat|bao cao sau|bo sung sau|gui sau"
    r"|se (?:dang ky|gui|bao cao)|(?:se|dang) (?:tiep tuc )?(?:van dong|tuyen truyen|ra soat)"
    r"|co bieu kem|gui kem theo(?: a)?$"
    r"|(?:bieu|danh sach|phieu)(?: \w+){0,6}? (?:kem theo|dinh kem|gui kem)"
    r"(?! (?:cong van|van ban|bao cao|to trinh|quyet dinh))|chi tiet tai (?:bieu|phu luc))\b"
)
_OFFERS = r"(?:dang ky|de nghi|de xuat|gom|tong so|tong hop|co|la|lua chon)"
_REGISTERS = re.compile(
    rf"\b{_OFFERS} (?:(?!{_OFFERS} ){WORD}){{0,12}}?(?P<count>\d{{1,3}}|mot|hai|ba|bon)"
    r" (?:(?:mot|hai|ba|bon|nam|sau) )?(?:diem|co so|cua hang)\b"
)
#: Those who were told that they may register, none of them by name: "thông báo cho các hộ đăng ký".
_TOLD = re.compile(
    r"\b(?:thong bao|van dong|tuyen truyen|huong dan|pho bien|trien khai|moi|den)"
    r" (?:\w+ ){0,4}?cac (?:(?:thon|ban|khu|ho|gia dinh|kinh doanh|ca the|htx|hop tac xa"
    r"|doanh nghiep|co so|cua hang|san xuat|to chuc|ca nhan|chu the|don vi|va"
    r"|tren dia ban|xa|biet|de|tham gia|nguoi dan) )+"
    r"(?:dang ky|de nghi|xin|co nhu cau)\b"
)
#: Somebody who asks, in a clause that denies nothing: "hộ kinh doanh Lý Thị Hoa đăng ký mở điểm".
_SOMEBODY = re.compile(
    r"(?<!cac )(?<!nhung )\b(?:htx|hop tac xa|doanh nghiep|cong ty|ho(?! so| tro)|co so|cua hang)\b"
    rf" {WORD}{{0,8}}?(?:dang ky|de nghi|xin|co nhu cau)\b"
    rf"|^(?:cac )?(?:ho|htx|co so|thon) {WORD}{{0,3}}?co nhu cau\b"
)
_CLAUSE = re.compile(
    r" , |\b(?=(?:nhung|tuy nhien|chir? (?:co|con)|den nay co|nen|vi vay|do do|maf)\b)"
)
#: The commune itself as the one that acts, not as a place or as one of many.
_COMMUNE = (
    r"(?:(?<!yeu cau )(?<!de nghi )(?<!huong dan )\b(?:ubnd|uy ban nhan dan)"
    r" (?:xa|thi tran|phuong|tt)\b(?! thi tran)"
    r"|(?<!cac )(?<!moi )(?<!tung )(?<!cap )(?<!so )(?<!dia ban )(?<!tai )(?<!trong )(?<!toan )"
    r"(?<!thuoc )(?<!cua )(?<!xa )(?<!ubnd )(?<!nhan dan )(?<!yeu cau )(?<!de nghi )(?<!\d )"
    r"\b(?:xa|thi tran)\b(?! hoi| thi tran)|^(?:dia phuong|don vi|chung toi|em)\b)"
)
#: Between the commune and its act: that it wrote, told or examined is no act of registering.
_OTHER_ACT = (
    r"(?:viec|ve|0+|danh sach|bieu|phieu|ket qua|tinh hinh|nhu cau|cong van|van ban|huong dan"
    r"|noi dung|bao cao|thong bao"
    r"|cua|theo|van dong|tuyen truyen|trien khai|chir? dao|moi|giao|cac|ra soat|nhan|cam ket"
    r"|chiu|nao|pho bien|den|yeu cau)"
)
_ACTS = re.compile(
    rf"{_COMMUNE} (?:(?!{_OTHER_ACT}\b){WORD}){{0,9}}?"
    r"(?:dang ky(?! (?:kinh doanh|kd|bao ho))"
    r"(?!(?: (?:so|diem|la|tong|tong so|ho tro|nhu cau))* (?:0+|khong)\b)"
    r"|(?:co|phat sinh) nhu cau|de xuat|tham gia|dap ung"
    rf"|(?:gui|nop) {WORD}{{0,4}}?(?:bieu|danh sach|ho so|phieu|don(?! vi))"
    r"|(?:lua )?chon|nang cap|cai tao|sua chua)\b"
)
_WORKS = re.compile(
    r"\b(?:de nghi|xin|mong|muon|chir?|(?!^)dang ky)(?: \w+){0,6}? (?:nang cap|cai tao|sua chua)\b"
)
_SENDS = re.compile(
    rf"^(?:em |xin |kinh )?(?:gui|nop) (?!cac ){WORD}{{0,4}}?(?:bieu|danh sach|ho so|phieu)\b"
)
_DENIAL = re.compile(rf"\b{NOT}\b")
_CITES = re.compile(r"\b(?:ve viec|v v|cong van|ke hoach|quyet dinh|huong dan)\b")


#: A "yes" that is a sentence of its own, or a number of them.
_AFFIRMS = re.compile(
    r"^(?:(?:tra loi|phong|da|vang|xa|ubnd|de nghi|xin|nhat tri|dong y|thong nhat|,) )*"
    r"(?:co|dang ky|tham gia)(?: a)?$|^(?:tong )?so (?:luong|diem)\b.* 0*[1-9]\d?$"
)


def folded(text: str) -> str:
    """Fold words, as all patterns here expect them; "đăng kí" is written as often as "đăng ký"."""
    told_apart = _TOLD_APART.sub(lambda word: _TELEX[word[0].lower()], text)
    return re.sub(r"\bdang ki\b", "dang ky", fold(told_apart))


def unsettled(sentence: str) -> bool:
    """Tell that the writer registers or asks for something, or is not done yet."""
    return bool(
        _LATER.search(sentence)
        or _ASKS.search(sentence)
        or _AFFIRMS.search(sentence)
        or somebody_asks(sentence)
        or _commune_acts(sentence)
    )


def _commune_acts(sentence: str) -> bool:
    """Tell "UBND xã đứng ra đăng ký", "xã gửi biểu", "đề nghị nâng cấp" from what is denied."""
    return any(
        _acts_in(clause.strip(), pattern)
        for clause in _CLAUSE.split(sentence)
        for pattern in (_ACTS, _WORKS, _SENDS)
    )


def _acts_in(clause: str, pattern: re.Pattern[str]) -> bool:
    """Tell an act that no denial, condition or citation stands before; the first one decides."""
    act = pattern.search(clause)
    if act is None or (pattern is not _ACTS and _CITES.search(clause, 0, act.start())):
        return False
    return not _DENIAL.search(clause, 0, act.end()) and not SUPPOSED.search(clause, 0, act.start())


def somebody_asks(sentence: str) -> bool:
    """Tell that somebody registers, in a clause that neither denies nor supposes it."""
    return any(
        _SOMEBODY.search(clause)
        and not re.search(rf"\b{NOT}\b", clause)
        and not CONDITION.search(clause)
        and not SUPPOSED.search(clause)
        and not HISTORY.search(clause)
        for clause in _CLAUSE.split(_TOLD.sub(" ", sentence))
    )


def registers(sentence: str) -> bool:
    """Tell a number of points that the writer registers."""
    for match in _REGISTERS.finditer(sentence):
        before = sentence[: match.start()]
        negated = re.search(rf"\b{NOT}(?: \w+){{0,3}} ?$", before) or re.search(
            rf"\b{NOT}\b", match.group()
        )
        nothing = match["count"].strip("0") == ""
        if (
            not negated
            and not nothing
            and not HISTORY.search(sentence)
            and not CONDITION.search(before)
            and not SUPPOSED.search(before)
        ):
            return True
    return False
