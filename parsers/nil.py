"""Nil returns: a commune's positive statement that it has no need (không có nhu cầu).

Silence and a nil return are different answers, and a wrong "nil" would lose a registration. So
only a plain statement counts; conditions, quotations of the call, history and statements about
one hamlet do not. What is in between is "doubtful" and goes to a person.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal

from parsers.form import Form
from parsers.vietnamese import fold, one_line

Answer = Literal["yes", "doubtful", "no"]

_NOT = r"(?:khong|chua|ko|hong)"
_WHO = (
    r"(?:diem|co so|don vi|to chuc|ca nhan|ho|chu the|htx|hop tac xa|doanh nghiep|truong hop"
    r"|dia diem|cua hang|ai|noi nao|noi dung(?= dang ky| de nghi| nao)"
    r"|vi tri|danh sach|dang ky|de nghi)"
)
_DOES = (
    r"(?:dang ky|de nghi|nhu cau|dap ung|du dieu kien|du tieu chuan|tham gia|de xuat"
    r"|thuoc doi tuong)"
)
_W = r"(?:\w+ )"
_FOUND = r"(?:lua chon|xac dinh|bo tri|tim)"
_NO_NEED = re.compile(
    rf"\b{_NOT} (?:co|phat sinh|con|xuat hien) {_W}{{0,3}}?nhu cau\b(?=(?P<object>.*))"
)
_PLAIN = (
    re.compile(rf"\b{_NOT} co {_W}{{0,2}}?{_WHO} {_W}{{0,16}}?{_DOES}\b"),
    re.compile(
        rf"\b{_NOT} co {_W}{{0,2}}?diem {_W}{{0,12}}?nao"
        r"(?= (?:tren|dang ky|de nghi|co nhu cau|duoc|dap ung|du|thuoc|trong|tai|tham gia|theo)\b"
        r"| ,|$)"
    ),
    re.compile(rf"\bkhong {_FOUND} duoc {_W}{{0,4}}?(?:diem|dia diem|vi tri|co so)\b"),
    re.compile(
        r"\b(?:khong|ko) (?:thuc hien |tham gia |de nghi )?dang ky"
        r"(?! kinh doanh| kd| nhan| bao ho| so)\b"
    ),
    re.compile(r"\b(?:khong|ko) (?:de nghi|de xuat) (?:diem|dang ky|xet)\b"),
    re.compile(
        r"\b(?:khong|ko) (?:de nghi|de xuat)(?: duoc)? ho tro"
        r"(?= (?:diem|gi|nao|xay dung|gioi thieu|dot|trong|nam|theo|tren|tu)\b| ,|$)"
    ),
    re.compile(rf"\bso (?:[a-z]+ ){{0,2}}?diem {_W}{{0,14}}?(?:0+|khong)(?: diem| co)?$"),
    re.compile(r"(?<!\d )\b0+ (?:khong )?diem\b"),
    re.compile(rf"(?<!co )\bnhu cau {_W}{{0,12}}?(?:khong|khong co|0+)$"),
)
_WEAK = (
    re.compile(rf"\b{_NOT} co diem (?:gioi thieu|ban|ocop|trung bay)\b"),
    re.compile(rf"\b{_NOT} co {_W}{{0,2}}?diem {_W}{{0,12}}?nao\b"),
    re.compile(rf"\bchua {_FOUND} duoc {_W}{{0,4}}?(?:diem|dia diem|vi tri|co so)\b"),
    re.compile(
        r"(?<!dia chi )\bchua (?:thuc hien |tham gia |the )?dang ky"
        r"(?! kinh doanh| kd| nhan| bao ho)\b"
    ),
    re.compile(rf"\b{_NOT} co {_W}{{0,2}}?san pham {_W}{{0,3}}?ocop\b"),
    re.compile(r"\b(?:khong|ko) tham gia\b"),
    re.compile(r"\b(?:xa|thi tran|don vi|dia ban)(?: \w+){0,4}? (?:hien (?:nay |tai )?)?khong co$"),
    re.compile(r"\b(?:khong|ko) (?:de nghi|de xuat) ho tro\b"),
)
#: What a need may be about; anything else ("nhu cầu vay vốn") is another matter.
_OUR_OBJECT = re.compile(
    r"^(?: (?:gi|nao|ve|de|duoc|trong|viec|cho|ca|doi voi|nay|nhu|tren|neeu|neu|xin|a|va|thuc hien"
    r"|tham gia|xay dung|phat trien|dau tu|mo))*"
    r"(?: (?:dang ky|de nghi|de xuat|ho tro|diem|ocop|dia ban|gioi thieu)\b.*)?$"
)
_OTHER_HELP = re.compile(r"^ (?:duoc )?ho tro (?:them|khac|bien|ke|tu|vay|von|ky thuat|dao tao)\b")
#: "Nếu"; without marks "nêu trên" (named above) is written the same.
_IF = (
    r"(?:neeus|(?<!da )(?<!duoc )(?<!nhu )(?<!dung )neu"
    r"(?! (?:tren(?! dia ban)|tai (?:cong|van|muc)|o tren|ro|duoi day)\b))"
)
#: Words that make all that follows them conditional, or the thought of somebody else.
_SUPPOSED = re.compile(
    rf"\b(?:{_IF}|truong hop(?! nay)|duoc hieu|hieu (?:la|rang)|(?:coi|xem) (?:nhu|la)|xin hoi"
    r"|cho hoi|khi nao|hay khong|(?:bi|da) ghi(?: nhan)?|ghi nhan la"
    r"|qua thoi (?:gian|han)"
    r"(?! (?:ra soat|kiem tra|trien khai|thuc hien|nghien cuu|tuyen truyen|van dong))"
    r"|nhan (?:duoc )?van ban cua (?:ubnd |uy ban nhan dan )?(?:xa|thi tran|phuong))\b"
)
#: Words of a call or a question, until the writer begins to report.
_CONDITION = re.compile(
    r"\b(?:hoac|ghi|(?<!dai )dien|yeu cau|huong dan|co duoc|nhung (?:diem|co so|xa)"
    r"|khong phai|khong the)\b"
)
#: Who asks how such an answer is to be worded has not answered.
_ASKS_FORM = re.compile(
    rf"\b(?:xin|cho|gui|can|hoi|huong dan|lay) {_W}{{0,4}}?(?<!theo )(?<!bieu )(?<!ca )"
    r"(?:bieu )?mau(?: (?:bao cao|cong van|van ban|bieu|don|phieu|to trinh|tra loi|cho|ve)\b|$)"
)
#: The writer's own report, after a comma or a colon.
_REPORTS = (
    r"(?:(?:nay |nen |do do |vi vay )?(?:dai dien )?(?:ubnd|uy ban nhan dan)"
    r" (?:xa|thi tran|phuong|tt)\b(?! thi tran)"
    r"|(?:xa|don vi|dia phuong|chung toi)\b(?! nao| thi tran)|qua (?:ra soat|kiem tra)\b"
    r"|ket qua\b|(?:(?:xin|kinh|tran trong) ){0,2}bao cao\b)"
)
#: "không có hộ nào" before "không đăng ký": a double negation.
_NOBODY = re.compile(rf"\b{_NOT} co {_W}{{1,4}}?nao$")
_OTHERS = re.compile(r"\b(?:cac xa|xa thi tran|cac don vi|mot so xa|xa khac)(?: \w+){0,3} ?$")
_HISTORY = re.compile(
    r"\b(?:truoc day|dot truoc|lan truoc|dot 1|lan 1|dot mot|lan thu nhat|dot i|nam truoc|truoc do"
    r"|van ban truoc|bao cao truoc)\b"
)
_PART = re.compile(r"\b(?:con lai|khac|ngoai ra|ngoai|rieng)\b")
_ONE_OF_MANY = re.compile(
    r"(?<!cac )\b(?:thon|ban|khu|to dan pho|ho ong|ho ba|ong|ba|htx|hop tac xa"
    r"|cua hang|diem)\b"
)
_WHOLE = re.compile(r"\b(?:xa|thi tran|tt|phuong|dia ban|ubnd|uy ban|cac thon|chung toi|don vi)\b")
_OTHER_NEWS = re.compile(
    r"\b(?:kho khan|vuong mac|kien nghi gi|y kien|tranh chap|vi pham|sai pham|xuong cap|phan anh"
    r"|khieu nai|dung hoat dong|sai sot|duoi \d|trong danh sach|ma chi|ma con"
    r"|nong thon moi|thi dua|danh hieu|nghia vu|nha o|ket hon|tai khoan|hoi cho|sat lo|gao)\b"
)
#: A plea for help: whoever asks for a new point because there is none has a need.
_ASKS = re.compile(
    r"(?:^|, )(?:nen |vi vay |do do |do vay )?(?:ubnd \w+ |xa |thi tran )?(?:\w+ \w+ )?"
    r"(?<!khong )(?<!chua )(?<!ko )(?:kinh )?(?:de nghi|xin|mong)"
    rf"(?: (?!{_NOT} )\w+){{0,6}}? "
    r"(?:ho tro|dau tu|xay dung|cap kinh phi)\b"
)
#: One point is withdrawn and another stays: no answer about all of them.
_KEEPS_SOME = re.compile(
    r"\bgiu (?:nguyen|lai)\b|\brut (?:lai |bot )?(?:\w+ ){0,4}?diem (?:so|thu|tai|o|ban)\b"
)
_LATER = re.compile(
    r"\b(?:gia han|dang (?:tiep tuc )?ra soat|bao cao sau|bo sung sau|gui sau"
    r"|se (?:dang ky|gui|bao cao)|(?:se|dang) (?:tiep tuc )?(?:van dong|tuyen truyen|ra soat)"
    r"|danh sach kem theo|co bieu kem|bieu (?:tong hop )?kem theo|chi tiet tai (?:bieu|phu luc))\b"
)
_OFFERS = r"(?:dang ky|de nghi|de xuat|gom|tong so|tong hop|co|la|lua chon)"
_REGISTERS = re.compile(
    rf"\b{_OFFERS} (?:(?!{_OFFERS} ){_W}){{0,12}}?(?P<count>\d{{1,3}}|mot|hai|ba|bon)"
    r" (?:(?:mot|hai|ba|bon|nam|sau) )?(?:diem|co so|cua hang)\b"
)
_QUOTED_MAIL = re.compile(
    r"^(?:-+ ?(?:original message|thư gốc|tin nhắn gốc|forwarded message|thư được chuyển tiếp)"
    r"|(?:vào|on) .{5,120}(?:đã viết|wrote) ?:|(?:from|từ|người gửi) ?: .+@)",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^(?:kính gửi|v/v|số ?:|nơi nhận|độc lập)", re.IGNORECASE)
#: A comma after which a new thought begins; others part the items of one ("tổ chức, cá nhân").
_TURN = re.compile(
    r"(?:nen|vi vay|do do|do vay|kinh(?! (?:phi|doanh|te))|de nghi|xin|mong|nay|tuy nhien|nhung)\b"
)
_OWN_REPORT = re.compile(_REPORTS)
#: With no comma before it, it may be the writer's report or still the condition.
_NEWS = re.compile(
    r"\b(?:qua ra soat|qua kiem tra|ket qua|bao cao|ubnd xa|ubnd thi tran"
    rf"|(?:de nghi|xin|mong) {_W}{{0,5}}?ghi nhan)\b"
)
#: Words that folding makes one ("nếu" is if, "nêu" is to name), told apart as typists write them.
_TELEX = {"nếu": "neeus", "nêu": "neeu"}
_TOLD_APART = re.compile(rf"(?<!\w)(?:{'|'.join(_TELEX)})(?!\w)", re.IGNORECASE)
#: What takes a statement back in its own sentence, or speaks of an answer that was given before.
_BUT = re.compile(
    r"\b(?:nhung|tuy nhien|chi (?:co|con|dang ky|de nghi|xin)|ma (?:chi )?(?:dang ky|de nghi|xin)"
    r"|den nay (?:da )?co|thay doi|giu nguyen|(?:bi|van) (?:trung|giu)"
    r"|(?:dang ky|nhu cau) (?:duoc|kip|them|moi|bo sung|san pham)"
    r"|(?:vi|do) (?:\w+ ){0,3}?chua (?:duoc|nhan|biet|nam|ro|hieu))\b"
)
#: Those who were told that they may register, none of them by name: "thông báo cho các hộ đăng ký".
_TOLD = re.compile(
    r"\b(?:thong bao|van dong|tuyen truyen|huong dan|pho bien|trien khai|moi|den)"
    r" (?:\w+ ){0,4}?cac (?:(?:thon|ban|khu|ho|gia dinh|kinh doanh|ca the|htx|hop tac xa|doanh nghiep|co so|cua hang"
    r"|san xuat|to chuc|ca nhan|chu the|don vi|va|tren dia ban|xa|biet|de|tham gia|nguoi dan) )+"
    r"(?:dang ky|de nghi|xin|co nhu cau)\b"
)
#: Somebody who asks, in a clause that denies nothing: "hộ kinh doanh Lý Thị Hoa đăng ký mở điểm".
_SOMEBODY = re.compile(
    r"(?<!cac )(?<!nhung )\b(?:htx|hop tac xa|doanh nghiep|cong ty|ho(?! so| tro)|co so|cua hang)\b"
    rf" {_W}{{0,8}}?(?:dang ky|de nghi|xin|co nhu cau)\b"
)
_CLAUSE = re.compile(r" , |\b(?=(?:nhung|tuy nhien|chi co|chi con|den nay co)\b)")
_NEAR = 40
_SHORT_LINE = 50
_BULLET = re.compile(r"^(?:[-–—+•*]|\d{1,2}[.)]|[a-zđ][.)]|[IVX]+\.)\s")


def nil_statement(lines: Sequence[str], form: Form) -> Answer:
    """Say whether a text states that the commune has no need.

    "yes" only for a plain statement about the whole commune, in the writer's own words; "no" also
    when it registers something beside it ("thôn A không có nhu cầu, thôn B đăng ký 1 điểm");
    "doubtful" = a person must look. ``form.nil_phrases`` add further plain wordings,
    ``form.topic_phrases`` further names of what the campaign is about.
    """
    sentences = list(_sentences(lines))
    answers = [_answer(sentence, form) for sentence in sentences]
    registers = any(_registers(sentence) for sentence in sentences)
    if registers or not any(answers):
        return "no" if registers or not any(answers) else "doubtful"
    unsettled = any(
        _LATER.search(one) or _ASKS.search(one) or _KEEPS_SOME.search(one) or _somebody_asks(one)
        for one in sentences
    )
    return "yes" if "yes" in answers and not unsettled else "doubtful"


def _sentences(lines: Sequence[str]) -> Iterator[str]:
    """Yield the writer's own sentences, folded; quoted mails and quotations are left out."""
    text, last, gap = "", "", False
    for raw in lines:
        line = one_line(raw)
        if _QUOTED_MAIL.match(line):
            break
        if line and not line.startswith(">"):
            text += ("\n" if _begins(line, last, gap=gap) else " ") + line
            last = line
        gap = not line
    text = re.sub(r"[“\"][^”\"]{3,}[”\"]", " ", text)
    for piece in re.split(r"(?<=[.;!])\s+|(?<=\?)\s+|\n", text):
        if piece.strip() and not piece.rstrip().endswith("?"):
            yield _with_turns(piece)


def _with_turns(sentence: str) -> str:
    """Fold a sentence; only where a new thought begins a comma is kept, for a colon as well."""
    first, *rest = re.split(r"(,|:(?!\d))", sentence)
    folded = _folded(first)
    for sign, part in zip(rest[::2], rest[1::2], strict=True):
        words = _folded(part)
        turn = _OWN_REPORT.match(words) or (sign == "," and _TURN.match(words))
        folded += f"{' ,' if turn else ''} {words}"
    return " ".join(folded.split())


def _folded(text: str) -> str:
    """Fold words, as all patterns here expect them; "đăng kí" is written as often as "đăng ký"."""
    folded = fold(_TOLD_APART.sub(lambda word: _TELEX[word[0].lower()], text))
    return re.sub(r"\bdang ki\b", "dang ky", folded)


def _begins(line: str, last: str, *, gap: bool) -> bool:
    """Tell a line that begins a sentence of its own although the one before has no full stop."""
    if _BULLET.match(line) or line.isupper() != last.isupper():
        return True
    closed = _HEADING.match(last) or (gap and len(last) < _SHORT_LINE and not last.endswith(","))
    return bool(closed) and line[0].isupper()


def _answer(sentence: str, form: Form) -> Answer | None:
    plain = _plain(sentence, form)
    if plain:
        limited = any(one.search(sentence) for one in (_PART, _HISTORY, _BUT)) or any(
            _conditional(sentence, match) for match in plain
        )
        return "doubtful" if limited or _one_of_many(sentence) else "yes"
    need = _NO_NEED.search(sentence)
    weak = [match for pattern in _WEAK for match in pattern.finditer(sentence)]
    if need is not None and _stated(sentence, need):
        return "doubtful"
    return "doubtful" if any(_stated(sentence, match) for match in weak) else None


def _plain(sentence: str, form: Form) -> list[re.Match[str]]:
    """Return what a sentence plainly states: that there is no need, or that nobody registers."""
    need = _NO_NEED.search(sentence)
    needs = [need] if need is not None and _about_us(need["object"], form) else []
    others = (
        match
        for pattern in (*_PLAIN, *_own_phrases(form.nil_phrases))
        for match in pattern.finditer(sentence)
        if len(re.findall(rf"\b{_NOT}\b", match.group())) <= 1
        and not _OTHER_NEWS.search(match.group() + sentence[match.end() :][:_NEAR])
    )
    return [match for match in (*needs, *others) if _stated(sentence, match)]


@lru_cache(maxsize=8)
def _own_phrases(phrases: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    folded = filter(None, map(_folded, phrases))
    return tuple(re.compile(rf"\b{re.escape(phrase)}\b") for phrase in folded)


def _about_us(wanted: str, form: Form) -> bool:
    wanted = re.split(r" ,| (?:vi|do|nen|boi)\b", wanted, maxsplit=1)[0]
    if _OTHER_HELP.match(wanted):
        return False
    topics = any(folded in wanted for folded in map(_folded, form.topic_phrases) if folded)
    return topics or _OUR_OBJECT.match(wanted) is not None


def _stated(sentence: str, match: re.Match[str]) -> bool:
    """Tell a statement of the writer's own from a condition, an instruction, or news of others."""
    before, after = sentence[: match.start()].strip(), sentence[match.end() :]
    if re.match(r" (?:khong|chua|da ghi)\b", after) or _NOBODY.search(before):
        return False
    report = _own_report(before)
    if _SUPPOSED.search(report) or _ASKS_FORM.search(report):
        return False
    if _CONDITION.search(_NEWS.split(report)[-1]):
        return False
    return not re.match(rf" {_W}{{0,10}}thi\b", f"{after} ") and not _OTHERS.search(before)


def _conditional(sentence: str, match: re.Match[str]) -> bool:
    """Tell a statement that hangs on something said before it, though the writer may report it."""
    before = sentence[: match.start()].strip()
    return bool(_SUPPOSED.search(before) or _CONDITION.search(_own_report(before)))


def _own_report(before: str) -> str:
    """Return what leads up to a statement, from where the writer begins to report."""
    return re.split(rf" , (?={_REPORTS})", before)[-1]


def _one_of_many(sentence: str) -> bool:
    match = _ONE_OF_MANY.match(sentence)
    return match is not None and not _WHOLE.search(sentence)


def _somebody_asks(sentence: str) -> bool:
    return any(
        _SOMEBODY.search(clause)
        and not re.search(rf"\b{_NOT}\b", clause)
        and not _CONDITION.search(clause)
        and not _HISTORY.search(clause)
        for clause in _CLAUSE.split(_TOLD.sub(" ", sentence))
    )


def _registers(sentence: str) -> bool:
    for match in _REGISTERS.finditer(sentence):
        before = sentence[: match.start()]
        negated = re.search(rf"\b{_NOT}(?: \w+){{0,3}} ?$", before) or re.search(
            rf"\b{_NOT}\b", match.group()
        )
        nothing = match["count"].strip("0") == ""
        if (
            not negated
            and not nothing
            and not _HISTORY.search(sentence)
            and not _CONDITION.search(before)
        ):
            return True
    return False
