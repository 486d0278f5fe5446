"""Nil returns: a commune's positive statement that it has no need (không có nhu cầu).

Silence and a nil return are different answers, and a wrong "nil" would lose a registration. So
only a plain statement counts; conditions, quotations of the call, history and statements about
one hamlet do not. What is in between is "doubtful" and goes to a person.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Literal

from parsers.beside_nil import (
    CONDITION,
    HISTORY,
    IF,
    NOT,
    SUPPOSED,
    WORD,
    folded,
    registers,
    unsettled,
)
from parsers.form import Form
from parsers.vietnamese import one_line

Answer = Literal["yes", "doubtful", "no"]

_WHO = (
    r"(?:diem|co so|don vi|to chuc|ca nhan|ho|chu the|htx|hop tac xa|doanh nghiep|truong hop"
    r"|dia diem|cua hang|ai|noi nao|noi dung(?= dang ky| de nghi| nao)"
    r"|vi tri|danh sach|dang ky|de nghi|doi tuong|nguoi)"
)
_DOES = (
    r"(?:dang ky|(?<!thu )(?<!van ban )de nghi|nhu cau|dap ung|du dieu kien|du tieu chuan"
    r"|tham gia|de xuat|thuoc doi tuong)"
)
_FOUND = r"(?:lua chon|xac dinh|bo tri|tim)"
_NO_NEED = re.compile(
    rf"\b{NOT} (?:co|phat sinh|con|xuat hien) {WORD}{{0,3}}?nhu cau\b(?=(?P<object>.*))"
)
_PLAIN = (
    re.compile(rf"\b{NOT} (?:co|phat sinh) {WORD}{{0,2}}?{_WHO} {WORD}{{0,16}}?{_DOES}\b"),
    re.compile(
        rf"\b{NOT} co {WORD}{{0,2}}?diem {WORD}{{0,12}}?nao"
        r"(?= (?:tren(?! \d)|dang ky|de nghi|co nhu cau|duoc(?! cong nhan)|dap ung"
        r"|du(?= dieu| tieu)|thuoc|trong(?! khu)|tai(?= dia| xa| cac| thi)|tham gia"
        r"|theo(?! loai| quyet dinh))\b"
        r"| ,|$)"
    ),
    re.compile(rf"\bkhong {_FOUND} duoc {WORD}{{0,4}}?(?:diem|dia diem|vi tri|co so)\b"),
    re.compile(
        r"\b(?:khong|ko) (?:thuc hien |tham gia |de nghi |trien khai )?dang ky"
        r"(?! kinh doanh| kd| nhan| bao ho| so)\b"
    ),
    re.compile(r"\b(?:khong|ko) (?:de nghi|de xuat) (?:diem|dang ky|xet)\b"),
    re.compile(
        r"\b(?:khong|ko) (?:de nghi|de xuat)(?: duoc)? ho tro"
        r"(?= (?:diem|gi|nao|xay dung|gioi thieu|dot|trong|nam|theo|tren|tu)\b| ,|$)"
    ),
    re.compile(rf"\bso (?:[a-z]+ ){{0,2}}?diem {WORD}{{0,14}}?(?:0+|khong)(?: diem| co)?$"),
    re.compile(
        rf"\bso luong (?:[a-z]+ ){{0,4}}?(?:dang ky|de nghi) {WORD}{{0,14}}?(?:0+|khong)(?: co)?$"
    ),
    re.compile(r"(?<!\d )\b0+ (?:khong )?diem\b"),
    re.compile(r"(?<!co )\bnhu cau(?P<object>(?: \w+){0,12}?) (?:khong|khong co|0+)$"),
)
_WEAK = (
    re.compile(rf"\b{NOT} co diem (?:gioi thieu|ban|ocop|trung bay)\b"),
    re.compile(rf"\b{NOT} co {WORD}{{0,2}}?diem {WORD}{{0,12}}?nao\b"),
    re.compile(rf"\bchua {_FOUND} duoc {WORD}{{0,4}}?(?:diem|dia diem|vi tri|co so)\b"),
    re.compile(
        r"(?<!dia chi )(?<!dia chir )\bchua (?:thuc hien |tham gia |the )?dang ky"
        r"(?! kinh doanh| kd| nhan| bao ho)\b"
    ),
    re.compile(rf"\b{NOT} co {WORD}{{0,2}}?san pham {WORD}{{0,3}}?ocop\b"),
    re.compile(r"\b(?:khong|ko) tham gia\b"),
    re.compile(rf"\b{NOT} co (?:dang ky|de nghi|de xuat)(?: gi| nao)?(?= ,|$)"),
    re.compile(r"\b(?:khong|ko) nhu cau\b"),
    re.compile(r"^(?:so )?(?:dang ky|de nghi|de xuat)(?: ho tro)? (?:0+|khong)(?: co)?$"),
    re.compile(r"\b(?:xa|thi tran|don vi|dia ban)(?: \w+){0,4}? (?:hien (?:nay |tai )?)?khong co$"),
    re.compile(r"\b(?:khong|ko) (?:de nghi|de xuat) ho tro\b"),
)
#: What a need may be about; anything else ("nhu cầu vay vốn") is another matter.
_OUR_OBJECT = re.compile(
    r"^(?: (?:gi|nao|ve|de|duoc|trong|viec|cho|ca|doi voi|nay|nhu|tren|neeu|neu|xin|a|va|thuc hien"
    r"|tham gia|xay dung|phat trien|dau tu|mo|o))*"
    r"(?: (?:dang ky|de nghi|de xuat|ho tro|diem|ocop|dia ban|gioi thieu"
    r"|noi dung (?:tren|nay|neeu)|theo (?:noi dung )?(?:cong van|van ban))\b.*)?$"
)
_OTHER_HELP = re.compile(
    r"^ (?:de nghi |dang ky )?(?:duoc )?ho tro (?:them|khac|bien|ke|tu|vay|von|ky thuat|dao tao"
    r"|mat bang|chi phi|thue|giong|may|tien|lai suat)\b"
)
#: Who asks how such an answer is to be worded has not answered.
_ASKS_FORM = re.compile(
    rf"\b(?:xin|cho|gui|can|hoi|huong dan|lay) {WORD}{{0,4}}?(?<!theo )(?<!bieu )(?<!ca )"
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
_NOBODY = re.compile(rf"\b{NOT} co {WORD}{{1,4}}?nao$")
_OTHERS = re.compile(r"\b(?:cac xa|xa thi tran|cac don vi|mot so xa|xa khac)(?: \w+){0,3} ?$")
_PART = re.compile(
    r"\b(?:con lai|khac|ngoai ra|ngoai|rieng|ben canh"
    r"|^(?:\d+ )?(?:ve |doi voi )?(?:noi dung )?(?:thue )?(?:kinh phi|bien hieu|mat bang|von"
    r"|ke(?! tu)|diem (?:so|thu|cho))"
    r"|truwf|tru (?:khi|diem|truong hop|ho|htx))\b"
)
#: A denial of having said it, or a report that is to be undone.
_UNSAID = re.compile(
    rf"\b(?:{NOT}|dung) (?:(?:the|he|tung|bao gio) )?"
    r"(?:tra loi|ky|duyet|noi|khang dinh|xac nhan|bao cao|ket luan|thong nhat"
    r"|ban hanh|gui|hieu|coi|phai|ghi)\b"
    rf"|\b{NOT} co (?:van ban|cong van|bao cao|chuyen)\b"
    rf"|\b(?:rut|huy|thu hoi|thay|dinh chinh)\b {WORD}{{0,5}}?(?:bao cao|van ban|cong van|tra loi)$"
)
#: What follows and takes a statement back, or makes it conditional.
_CAVEAT = re.compile(
    rf"\b(?:{IF}|maf|ma (?:gui|chon|xin)|chir(?! dao| tieu| thi)"
    r"|chi (?:cai tao|nang cap|sua chua|chon|xet|gui)|truong hop (?:khong|chua|phai|duoc)"
    r"|khi (?:chua|khong)|voi dieu kien (?:phai|la|duoc))\b"
)
#: What follows from it, if anything but that there is no need or that the district is told.
_THEREFORE = re.compile(
    rf"\b(?:nen|vi vay|do do|do vay)\b(?!.*\b{NOT}\b)"
    r"(?! (?:\w+ ){0,6}?(?:bao cao|thong bao|tong hop|tra loi|gui (?:van ban|cong van))\b)"
)
#: Other matters that nobody asks for: they are no answer to the call.
_OTHER_MATTER = re.compile(
    r"\b(?:de nghi (?:xem xet lai|sua|dieu chinh|thay doi|cap lai|cap doi|huy|rut|kiem tra)"
    r"|phan doi|tap huan|ho ngheo|nhan hieu|bao ho|ma so|ma vach|cap lai|danh gia sao"
    r"|dang ky (?:qua|bang|trung|tren (?:phan mem|he thong|cong)|theo mau|xay moi"
    r"|diem (?:moi|so|thu|(?:tai |o )?cho(?! (?:nam|dot|lan|xa|huyen))))"
    r"|tot hon|do xe|diem (?:manh|yeu)|co so (?:vat chat|de)|nguon)\b"
)
#: A number of something else: "số điểm bị thu hồi: 0".
_COUNT = re.compile(r"^so\b|\b0+\b")
_OTHER_COUNT = re.compile(
    r"\b(?:bi|thu hoi|(?:khong|chua) dat|dung hoat dong|ngung|hien co|da (?:duoc )?ho tro|cham)\b"
)
_ONE_OF_MANY = re.compile(
    r"(?:^(?:ban|khu|ong|ba|diem)|(?<!cac )\b(?:thon|to dan pho|ho (?:ong|ba)|htx|hop tac xa"
    r"|cua hang|chu the|diem so|gia dinh))\b"
)
#: Of all of them, or of a number, it is no one.
_ALL = re.compile(r"\b(?:(?:cac|nhung|moi|tat ca|toan bo|voi)(?: \w+){0,6}|\d+(?: \w+){0,2}) ?$")
#: The commune as the one that speaks; "tại xã", "thuộc xã" only say where.
_WHOLE = re.compile(
    r"(?:^|, |\b(?:nen|do do|vi vay|nay|hien|hien nay|hien tai|nhan thay|rang|bao cao) )"
    r"(?:xa|thi tran|tt|phuong|don vi|dia phuong|chung toi)\b"
    r"|(?<!tai )(?<!thuoc )(?<!cua )(?<!dia ban )(?<!\bo )(?<!doi voi )"
    r"\b(?:ubnd|uy ban nhan dan|cac thon|ket qua|qua ra soat)\b"
)
_OTHER_NEWS = re.compile(
    r"\b(?:kho khan|vuong mac|kien nghi gi|y kien|tranh chap|vi pham|sai pham|xuong cap|phan anh"
    r"|khieu nai|dung hoat dong|sai sot|duoi \d|trong danh sach|maf? chir?|maf? con"
    r"|nong thon moi|thi dua|danh hieu|nghia vu|nha o|ket hon|tai khoan|hoi cho|sat lo|gao)\b"
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
#: The commune and the matter of the call, no point by name or number.
_MATTER = re.compile(
    rf"^(?:ubnd )?(?:xa|thi tran|tt) {WORD}{{1,4}}?dang ky (?:ho tro |de nghi )?(?:cac )?diem"
    r"(?: (?:gioi thieu|va|ban|san pham|hang|ocop|trung bay|(?:dot|lan|nam) \d+))*$"
)
#: With no comma before it, it may be the writer's report or still the condition.
_NEWS = re.compile(
    r"\b(?:qua ra soat|qua kiem tra|ket qua|bao cao|ubnd xa|ubnd thi tran"
    rf"|(?:de nghi|xin|mong) {WORD}{{0,5}}?ghi nhan)\b"
)
#: What takes a statement back in its own sentence, or speaks of an answer that was given before.
_BUT = re.compile(
    r"\b(?:nhung|tuy nhien|chir? (?:co|con|dang ky|de nghi|xin)"
    r"|maf? (?:chir? )?(?:dang ky|de nghi|xin)"
    r"|den nay (?:da )?co|thay doi|giu nguyen|(?:bi|van) (?:trung|giu)"
    r"|(?:dang ky|nhu cau) (?:duoc|kip|them|moi|bo sung|san pham)"
    r"|(?:vi|do) (?:\w+ ){0,3}?chua (?:duoc|nhan|biet|nam|ro|hieu))\b"
)
_NEAR = 40
#: More of them in one sentence are no letter's; each is held against all that stands round it.
_MOST_STATEMENTS = 12
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
    if any(map(registers, sentences)) or not any(answers):
        return "no"
    plain = any(
        answer == "yes" and not _of_another_year(sentence, sentences)
        for sentence, answer in zip(sentences, answers, strict=True)
    )
    said = sentences[1:] if _is_subject(lines) else sentences
    return "yes" if plain and not any(map(unsettled, said)) else "doubtful"


def _is_subject(lines: Sequence[str]) -> bool:
    """Tell a mail's subject that only names the matter, though "xã Tân Liên đăng ký" names both."""
    first, *rest = map(one_line, lines[:2])
    alone = rest == [""] and not first.endswith((".", ";", "!"))
    return alone and _MATTER.match(folded(first)) is not None


def _of_another_year(sentence: str, sentences: Sequence[str]) -> bool:
    """Tell "Năm 2023 xã không có nhu cầu" where the text names no such year as its own."""
    said = re.match(r"(?:trong |vao )?nam (20\d\d)\b", sentence)
    years = (re.findall(r"\b20\d\d\b", one) for one in sentences if one != sentence)
    return said is not None and said[1] != max(
        (year for found in years for year in found), default=""
    )


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
    words = [folded(first)]
    for sign, part in zip(rest[::2], rest[1::2], strict=True):
        word = folded(part)
        turn = _OWN_REPORT.match(word) or (sign == "," and _TURN.match(word))
        words += [",", word] if turn else [word]
    return " ".join(" ".join(words).split())


def _begins(line: str, last: str, *, gap: bool) -> bool:
    """Tell a line that begins a sentence of its own although the one before has no full stop."""
    if _BULLET.match(line) or line.isupper() != last.isupper():
        return True
    closed = _HEADING.match(last) or (gap and len(last) < _SHORT_LINE and not last.endswith(","))
    return bool(closed) and line[0].isupper()


def _answer(sentence: str, form: Form) -> Answer | None:
    plain = _plain(sentence, form)
    if plain:
        limited = any(one.search(sentence) for one in (_PART, HISTORY, _BUT))
        limited = limited or len(plain) == _MOST_STATEMENTS
        return "doubtful" if limited or any(_limited(sentence, one) for one in plain) else "yes"
    need = _NO_NEED.search(sentence)
    weak = (match for pattern in _WEAK for match in pattern.finditer(sentence))
    if need is not None and _stated(sentence, need):
        return "doubtful"
    return (
        "doubtful"
        if any(_stated(sentence, match) for match in islice(weak, _MOST_STATEMENTS))
        else None
    )


def _plain(sentence: str, form: Form) -> list[re.Match[str]]:
    """Return what a sentence plainly states: that there is no need, or that nobody registers."""
    need = _NO_NEED.search(sentence)
    needs = [need] if need is not None and _about_us(need["object"], form) else []
    others = (
        match
        for pattern in (*_PLAIN, *_own_phrases(form.nil_phrases))
        for match in pattern.finditer(sentence)
        if _about_us(match.groupdict().get("object") or "", form)
        and len(re.findall(rf"\b{NOT}\b", match.group())) <= 1
        and not _OTHER_NEWS.search(match.group() + sentence[match.end() :][:_NEAR])
    )
    few = islice((*needs, *islice(others, _MOST_STATEMENTS)), _MOST_STATEMENTS)
    return [match for match in few if _stated(sentence, match)]


@lru_cache(maxsize=8)
def _own_phrases(phrases: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(
        re.compile(rf"\b{re.escape(phrase)}\b") for phrase in filter(None, map(folded, phrases))
    )


def _about_us(wanted: str, form: Form) -> bool:
    wanted = re.split(r" ,| (?:vi|do|nen|boi|chiu trach nhiem)\b", wanted, maxsplit=1)[0]
    if _OTHER_HELP.match(wanted):
        return False
    topics = any(topic in wanted for topic in map(folded, form.topic_phrases) if topic)
    return topics or _OUR_OBJECT.match(wanted) is not None


def _stated(sentence: str, match: re.Match[str]) -> bool:
    """Tell a statement of the writer's own from a condition, an instruction, or news of others."""
    before, after = sentence[: match.start()].strip(), sentence[match.end() :]
    if re.match(r" (?:khong|chua|da ghi)\b", after) or _NOBODY.search(before):
        return False
    report = _own_report(before)
    if SUPPOSED.search(report) or _ASKS_FORM.search(report):
        return False
    if CONDITION.search(_NEWS.split(report)[-1]):
        return False
    return not re.match(rf" {WORD}{{0,10}}thi\b(?! tran)", f"{after} ") and not _OTHERS.search(
        before
    )


def _limited(sentence: str, match: re.Match[str]) -> bool:
    """Tell a statement that something before or after it in its sentence puts in question."""
    before, after = sentence[: match.start()].strip(), sentence[match.end() :]
    report = _own_report(before)
    return bool(
        SUPPOSED.search(before)
        or CONDITION.search(report)
        or _UNSAID.search(report)
        or _one_of_many(before)
        or _CAVEAT.search(after)
        or _THEREFORE.search(after)
        or _OTHER_MATTER.search(match.group() + after[:_NEAR])
        or (_COUNT.search(match.group()) and _OTHER_COUNT.search(sentence[: match.end()]))
    )


def _own_report(before: str) -> str:
    """Return what leads up to a statement, from where the writer begins to report."""
    return re.split(rf" , (?={_REPORTS})", before)[-1]


def _one_of_many(before: str) -> bool:
    """Tell that one hamlet, household or point is spoken of, and not the commune after it."""
    return any(
        not _ALL.search(before[: one.start()]) and not _WHOLE.search(before, one.end())
        for one in _ONE_OF_MANY.finditer(before)
    )
