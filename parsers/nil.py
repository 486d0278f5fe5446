"""Nil returns: a commune's positive statement that it has no need (không có nhu cầu).

Silence and a nil return are different answers, and a wrong "nil" would lose a registration. So
only a plain statement counts, of words that are all known (`nil_words`); conditions, quotations of
the call, history and statements about one hamlet do not. What is in between is "doubtful" and goes
to a person.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import Literal

from parsers.beside_nil import (
    CONDITION,
    HISTORY,
    NO,
    NOT,
    SUPPOSED,
    WORD,
    folded,
    registers,
    somebody_asks,
    unsettled,
)
from parsers.form import Form
from parsers.nil_hints import announces, hints, is_prose, names_in, names_this
from parsers.nil_sentences import REPORTS, has_subject, sentences_of, with_turns
from parsers.nil_words import strange
from parsers.vietnamese import one_line

Answer = Literal["yes", "doubtful", "no"]

# --- statements ---

#: Who registers nothing. A denial about cooperatives or enterprises alone leaves households open.
_WHO = (
    r"(?:diem|co so(?! de\b)|don vi|to chuc|ca nhan|ho|chu the|truong hop"
    r"|dia diem|cua hang|ai|noi nao|noi dung(?= dang ky| de nghi| nao)"
    r"|vi tri|danh sach|dang ky|de nghi|doi tuong|nguoi)"
)
_DOES = r"(?:dang ky|(?<!thu )(?<!van ban )de nghi|nhu cau|tham gia|de xuat)"
_FITS = r"(?:dap ung|du dieu kien|du tieu chuan|thuoc doi tuong)"
#: A word of the same thought: what follows "nên" or "vì" is another one.
_STEP = r"(?:(?!(?:nen|vi|do|nhung) |nhu cau (?!ho tro|dang ky|$))\w+ )"
_NOBODY_IS = rf"\b{NOT} (?:co|phat sinh) {_STEP}{{0,4}}?{_WHO}"
_PLACE = r"(?:diem|dia diem|vi tri|co so)"
_FOUND = r"(?:lua chon|xac dinh|bo tri|tim)"
#: What follows is what there is no need of, or what nobody registers; no object is as long.
_OBJECT = r"\b(?=(?P<object>.{0,400}))"
_NO_NEED = re.compile(rf"\b{NOT} (?:co|phat sinh|con|xuat hien) {WORD}{{0,3}}?nhu cau{_OBJECT}")
_PLAIN = (
    re.compile(rf"{_NOBODY_IS} {_STEP}{{0,16}}?{_DOES}{_OBJECT}"),
    re.compile(rf"{_NOBODY_IS} {_STEP}{{0,16}}?{_FITS}\b"),
    re.compile(rf"\bkhong {_FOUND} duoc {WORD}{{0,4}}?{_PLACE}\b"),
    re.compile(rf"\b{NO} (?:thuc hien |tham gia |de nghi |trien khai )?dang ky{_OBJECT}"),
    re.compile(rf"\b{NO} (?:de nghi|de xuat) (?:diem|dang ky|xet|(?:duoc )?ho tro)\b"),
    re.compile(rf"\bso (?:[a-z]+ ){{0,2}}?diem {WORD}{{0,14}}?(?:0+|khong)(?: diem| co)?$"),
    re.compile(
        rf"\bso luong (?:[a-z]+ ){{0,4}}?(?:dang ky|de nghi) {WORD}{{0,14}}?(?:0+|khong)(?: co)?$"
    ),
    re.compile(r"(?<!\d )\b0+ (?:khong )?diem\b"),
    re.compile(r"(?<!co )\bnhu cau(?P<object>(?: \w+){0,12}?) (?:khong|khong co|0+)$"),
)
#: What may mean the same, or that there is nothing yet.
_WEAK = (
    re.compile(rf"\b{NOT} co diem (?:gioi thieu|ban|ocop|trung bay)\b"),
    re.compile(rf"\b{NOT} co {WORD}{{0,2}}?diem {WORD}{{0,12}}?nao\b"),
    re.compile(
        rf"\b{NOT} co {WORD}{{0,2}}?(?:htx|hop tac xa|doanh nghiep) {_STEP}{{0,3}}?{_DOES}\b"
    ),
    re.compile(rf"\bchua {_FOUND} duoc {WORD}{{0,4}}?{_PLACE}\b"),
    re.compile(
        r"(?<!dia chi )(?<!dia chir )\bchua (?:thuc hien |tham gia |the )?dang ky"
        r"(?! kinh doanh| kd| nhan| bao ho)\b"
    ),
    re.compile(rf"\b{NOT} co {WORD}{{0,2}}?san pham {WORD}{{0,3}}?ocop\b"),
    re.compile(rf"\b{NO} tham gia\b"),
    re.compile(rf"\b{NOT} co (?:dang ky|de nghi|de xuat)\b"),
    re.compile(rf"\b{NO} nhu cau\b"),
    re.compile(r"^(?:so )?(?:dang ky|de nghi|de xuat)(?: ho tro)? (?:0+|khong)(?: co)?$"),
    re.compile(r"\b(?:xa|thi tran|don vi|dia ban)(?: \w+){0,4}? (?:hien (?:nay |tai )?)?khong co$"),
)
#: What a need may be about; anything else ("nhu cầu vay vốn") is another matter.
_OUR_OBJECT = re.compile(
    r"^(?: (?:gi|nao|ve|de|duoc|trong|viec|cho|ca|doi voi|nay|nhu|tren|neeu|neu|xin|a|thuc hien"
    r"|tham gia|xay dung|phat trien|dau tu|mo|o|(?:dot|lan|nam)(?: nay| \d+)?))*"
    r"(?: (?:dang ky|de nghi|de xuat|ho tro|diem|ocop|dia ban|gioi thieu"
    r"|noi dung (?:tren|nay|neeu)|theo (?:noi dung )?(?:cong van|van ban))\b.*)?$"
)
_OBJECT_ENDS = re.compile(
    r" ,| (?:vi|do|nen|boi|chiu trach nhiem|de (?:bao cao|tong hop|phong|ubnd)"
    r"|(?:va )?(?:cam ket|khong (?:dang ky|de nghi|tham gia))|(?:a )?em cam on|nhe|nghen)\b"
)
#: "Không có đơn vị nào gặp khó khăn khi đăng ký": news of how it went.
_TROUBLE = re.compile(
    r"\b(?:kho khan|vuong mac|y kien|tranh chap|vi pham|sai pham|sai sot|phan anh|khieu nai)\b"
)

_DENIALS = re.compile(rf"\b(?:0+ khong|0+|{NOT})\b")

# --- what takes a statement away: the answer is "no" ---

#: Who asks how such an answer is to be worded has not answered.
_ASKS_FORM = re.compile(
    rf"\b(?:xin|cho|gui|can|hoi|huong dan|lay) {WORD}{{0,4}}?(?<!theo )(?<!bieu )(?<!ca )"
    r"(?:bieu )?mau(?: (?:bao cao|cong van|van ban|bieu|don|phieu|to trinh|tra loi|cho|ve)\b|$)"
)
#: "không có hộ nào" before "không đăng ký": a double negation.
_NOBODY = re.compile(rf"\b{NOT} (?:co )?{WORD}{{1,4}}?nao$")
#: "Số điểm không đăng ký: 0", "không có hộ nào không đăng ký", "đã ghi".
_UNDONE = re.compile(r" (?:khong(?! (?:dang ky|de nghi|tham gia)\b)|chua|da ghi|0+)\b")
_OTHERS = re.compile(r"\b(?:cac xa|xa thi tran|cac don vi)(?: \w+){0,3} ?$")
#: With no comma before it, it may be the writer's report or still the condition.
_NEWS = re.compile(
    r"\b(?:qua ra soat|qua kiem tra|ket qua|bao cao|ubnd xa|ubnd thi tran"
    rf"|(?:de nghi|xin|mong) {WORD}{{0,5}}?ghi nhan)\b"
)

# --- what makes it doubtful ---

#: What somebody else says or is asked to say.
_SAID_ABOVE = re.compile(
    r"^de nghi (?:ubnd |cac )*(?:xa|thi tran|phuong|thon|don vi)\b"
    r"|\bhuyen (?:da )?(?:thong bao|tong hop|bao cao)\b"
    r"|\b(?:bao cao|tong hop) cua (?:ubnd )?huyen\b"
)
#: Denials that explain a statement.
_REASON = re.compile(
    rf"\b{NOT} (?:du|dap ung|phu hop|nhieu|bo tri duoc mat bang|co (?:cac )?(?:san pham"
    r"|co so(?! de\b)|htx|hop tac xa|chu the|diem|dia diem|mat bang|vung san xuat"
    r"|to chuc|ca nhan|ho|don vi|doanh nghiep))\b"
)
#: Any other denial, what is there ("có hộ", but "cơ sở", "hiện có 02 HTX"), what was done before.
_OPEN = re.compile(
    rf"\b(?:{NOT}|da (?:duoc ho tro|mo|dang ky|de nghi|tham gia|xay dung)"
    r"|(?<!\bde )co(?! so| quan| \d+ (?:htx|hop tac xa|co so|cua hang)\b"
    r"| (?:cong van|van ban|bao cao) (?:kem|dinh kem|gui kem)))\b"
)
#: What follows from it, if anything but that there is no need or that the district is told.
_THEREFORE = re.compile(
    rf"\b(?:nen|vi vay|do do|do vay)\b(?!.*\b{NOT}\b)"
    r"(?! (?:\w+ ){0,6}?(?:bao cao|thong bao|tong hop|tra loi|gui (?:van ban|cong van))\b)"
)
#: A number of what was looked at: "Số điểm đã kiểm tra: 0".
_LOOKED_AT = re.compile(r"^so\b.* da\b")
_ONE_OF_MANY = re.compile(
    r"(?:^(?:ban|khu|ong|ba|diem)|(?<!cac )\b(?:thon|to dan pho|ho (?:ong|ba)|htx|hop tac xa"
    r"|cua hang|chu the|diem so|gia dinh))\b"
)
#: Of all of them, it is no one.
_ALL = re.compile(r"\b(?:(?:cac|moi|tat ca|toan bo|voi)(?: \w+){0,6}|(\d+) \1|(?:ca|co) \d+) ?$")
#: Who stands right before the statement and is not the commune, nor all that are in it.
_NOT_THE_COMMUNE = re.compile(
    r"\b(?:(?:^|(?<=cua ))(?:ubnd )?(?:huyen|tinh|phong)"
    r"(?: (?!xa\b|ubnd\b|thi tran\b|phuong\b)\w+){0,4}"
    r"|chu tich(?: (?:ubnd )?(?:xa|thi tran|phuong)(?: \w+){0,3})?|so cong thuong"
    r"|can bo chuyen mon|cong chuc|truong thon|nguoi dan|nhan dan|ba con"
    r"|^(?:da |vang )?(?:em|anh|chi)(?: chi)?|(?<!cac )(?<!to chuc )ca nhan"
    r"|(?<!cac )(?<!xa )(?:co so|doanh nghiep|ho kinh doanh|ho gia dinh|ho dan)"
    r"|(?:danh sach|cho|gui|voi|ra soat|huong dan) (?:cac )?(?:thon|ho|co so|htx)"
    r"(?: kinh doanh| gia dinh| dan)?)$"
)
#: The commune as the one that speaks; "tại xã", "thuộc xã" only say where.
_WHOLE = re.compile(
    r"(?:^|, |\b(?:nen|do do|vi vay|nay|hien|hien nay|hien tai|nhan thay|rang|bao cao) )"
    r"(?:xa|thi tran|tt|phuong|don vi|dia phuong|chung toi)\b"
    r"|(?<!tai )(?<!thuoc )(?<!cua )(?<!dia ban )(?<!\bo )(?<!doi voi )"
    r"\b(?:ubnd|uy ban nhan dan|cac thon|ket qua|qua ra soat)\b"
)
#: A sentence beside the statement that may take it back, unless all of its words are known.
_TAKES_BACK = (
    r"(?:thi (?:co|muon|xin)|muon|xin|tuy nhien|nhung|rieng|nham|rut|huy|thu hoi)\b"
    r"|\bco(?: \d+\b|$)"
)
_OF_THE_MATTER = re.compile(
    rf"\b(?:nhu cau|dang ky|de nghi|de xuat|ho tro|tham gia|diem|htx|hop tac xa)\b|\b{_TAKES_BACK}"
)
#: A subject names the matter, and what it answers, in words of its own ("Re: CV số 1200"), unless
#: it says more.
_SAYS_MORE = re.compile(rf"\b(?:{NOT}|co|doi|sau|bo sung)\b|\b{_TAKES_BACK}")
#: A sentence with its full stop; "- Lưu: VT." is a line of a letter's foot.
_FULL_STOP = re.compile(r"[a-zà-ỹ)][.!]$")
#: A longer sentence is prose of a call or report; what it registers is heard all the same.
_PROSE = 40

#: The commune and the matter of the call, no point by name or number.
_MATTER = re.compile(
    rf"^(?:ubnd )?(?:xa|thi tran|tt) {WORD}{{1,4}}?dang ky (?:ho tro |de nghi )?(?:cac )?diem"
    r"(?: (?:gioi thieu|va|ban|san pham|hang|ocop|trung bay|(?:dot|lan|nam) \d+))*$"
)
_OF_OTHERS = re.compile(r"(?:tat ca )?cac (?:thon|ban|khu|ho|co so|htx|hop tac xa|cua hang)\b")
#: "Năm 2023", "giai đoạn 2021-2023", "ngày 20/4/2023" at the beginning of a statement.
_YEAR = re.compile(
    r"(?:trong |vao )?(?:nam|giai doan(?: 20\d\d)?|ngay \d+(?: thang)? \d+(?: nam)?) (20\d\d)\b"
)
#: More of them in one sentence are no letter's; each is held against all that stands round it.
_MOST_STATEMENTS = 12
_NEAR = 40
#: As far back stands what makes all of one: "tất cả các cơ sở, HTX".
_LEAD = 100


def nil_statement(lines: Sequence[str], form: Form) -> Answer:
    """Say whether a text states that the commune has no need.

    "yes" only for a plain statement about the whole commune, in the writer's own words; "no" also
    when it registers something beside it ("thôn A không có nhu cầu, thôn B đăng ký 1 điểm");
    "doubtful" = a person must look. ``form.nil_phrases`` add further plain wordings,
    ``form.topic_phrases`` further names of what the campaign is about.
    """
    written = list(sentences_of(lines))
    sentences = list(map(with_turns, written))
    answers = [_answer(sentence, form) for sentence in sentences]
    if any(map(registers, sentences)) or not any(answers):
        return "no"
    plain = any(
        answer == "yes" and not _of_another_year(sentence, sentences)
        for sentence, answer in zip(sentences, answers, strict=True)
    )
    if not plain:
        return "doubtful"
    first, titled = answers.index("yes"), has_subject(lines)
    if titled and first and announces(sentences[0]):
        return "doubtful"
    if any(map(unsettled, sentences[_is_subject(lines, sentences[first]) :])):
        return "doubtful"
    beside = (
        _subject_says_more(one, sentence, form)
        if titled and not at
        else _says_more(one, sentence, form, after=at > first)
        for at, (one, sentence) in enumerate(zip(written, sentences, strict=True))
        if answers[at] != "yes"
    )
    stated = (one for one, answer in zip(written, answers, strict=True) if answer == "yes")
    return "doubtful" if any(strange(one, form) for one in stated) or any(beside) else "yes"


def _subject_says_more(written: str, sentence: str, form: Form) -> bool:
    """Tell a subject with something unknown that says something, or is of another matter."""
    silent = names_this(sentence, form) and not _SAYS_MORE.search(sentence) and not hints(written)
    return not silent and strange(written, form, beside=True) != ""


def _says_more(written: str, sentence: str, form: Form, *, after: bool) -> bool:
    """Tell a sentence beside the statement with something unknown: no heading, no long prose."""
    if sentence.count(" ") >= _PROSE:
        return False
    unknown = set(strange(written, form, beside=True).split())
    if _may_take_back(written, sentence, after=after):
        return bool(unknown)
    return is_prose(written) and not unknown <= names_in(written)


def _may_take_back(written: str, sentence: str, *, after: bool) -> bool:
    """Tell a sentence of which even a name must be known."""
    if hints(written) or (after and _FULL_STOP.search(written)):
        return True
    heading = written.isupper() and not after
    return not heading and _OF_THE_MATTER.search(sentence) is not None


def _is_subject(lines: Sequence[str], statement: str) -> bool:
    """Tell a mail's subject that only names the matter, though "xã Tân Liên đăng ký" names both.

    Not where the statement speaks of those in the commune: it may register itself.
    """
    names = has_subject(lines) and _MATTER.match(folded(one_line(lines[0]))) is not None
    return names and not _OF_OTHERS.match(statement)


def _of_another_year(sentence: str, sentences: Sequence[str]) -> bool:
    """Tell "Năm 2023 xã không có nhu cầu" where the text names no such year as its own."""
    said = _YEAR.match(sentence)
    years = (re.findall(r"\b20\d\d\b", one) for one in sentences if one != sentence)
    return said is not None and said[1] != max(
        (year for found in years for year in found), default=""
    )


def _answer(sentence: str, form: Form) -> Answer | None:
    plain = _plain(sentence, form)
    if plain:
        limited = HISTORY.search(sentence) or len(plain) == _MOST_STATEMENTS
        limited = limited or _open_beside(sentence, plain)
        return "doubtful" if limited or any(_limited(sentence, one) for one in plain) else "yes"
    need = _NO_NEED.search(sentence)
    weak = (match for pattern in _WEAK for match in pattern.finditer(sentence))
    perhaps = (*([need] if need else []), *islice(weak, _MOST_STATEMENTS))
    return "doubtful" if any(_stated(sentence, match) for match in perhaps) else None


def _plain(sentence: str, form: Form) -> list[re.Match[str]]:
    """Return what a sentence plainly states: that there is no need, or that nobody registers."""
    others = (
        match
        for pattern in (_NO_NEED, *_PLAIN, *_own_phrases(form.nil_phrases))
        for match in pattern.finditer(sentence)
        if _about_us(match.groupdict().get("object") or "", form)
        and len(_DENIALS.findall(match.group())) <= 1
        and not _TROUBLE.search(
            match.group() + _OBJECT_ENDS.split(sentence[match.end() :])[0][:_NEAR]
        )
    )
    return [match for match in islice(others, _MOST_STATEMENTS) if _stated(sentence, match)]


@lru_cache(maxsize=8)
def _own_phrases(phrases: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(
        re.compile(rf"\b{re.escape(phrase)}\b") for phrase in filter(None, map(folded, phrases))
    )


def _about_us(wanted: str, form: Form) -> bool:
    wanted = _OBJECT_ENDS.split(wanted, maxsplit=1)[0]
    topics = any(topic in wanted for topic in map(folded, form.topic_phrases) if topic)
    return topics or _OUR_OBJECT.match(wanted) is not None


def _stated(sentence: str, match: re.Match[str]) -> bool:
    """Tell a statement of the writer's own from a condition, an instruction, or news of others."""
    before, after = sentence[: match.start()].strip(), sentence[match.end() :]
    if _UNDONE.match(after) or _NOBODY.search(before) or _OTHERS.search(before):
        return False
    report = _own_report(before)
    if SUPPOSED.search(report) or _ASKS_FORM.search(report):
        return False
    if CONDITION.search(_NEWS.split(report)[-1]):
        return False
    return not re.match(rf" {WORD}{{0,10}}thi\b(?! tran)", f"{after} ")


def _open_beside(sentence: str, statements: Sequence[re.Match[str]]) -> bool:
    """Tell another denial, or that something is there or somebody asks, beside the statements."""
    rest = _REASON.sub(" ", _without(sentence, statements))
    return _OPEN.search(rest) is not None or somebody_asks(rest)


def _without(sentence: str, statements: Sequence[re.Match[str]]) -> str:
    said = {at for match in statements for at in range(*match.span())}
    return "".join(" " if at in said else letter for at, letter in enumerate(sentence))


def _limited(sentence: str, match: re.Match[str]) -> bool:
    """Tell a statement that something before or after it in its sentence puts in question."""
    before, after = sentence[: match.start()].strip(), sentence[match.end() :]
    report = _own_report(before)
    return bool(
        SUPPOSED.search(before)
        or CONDITION.search(report)
        or _SAID_ABOVE.search(before)
        or _NOT_THE_COMMUNE.search(before)
        or _one_of_many(before)
        or _THEREFORE.search(after)
        or _LOOKED_AT.search(match.group())
    )


def _own_report(before: str) -> str:
    """Return what leads up to a statement, from where the writer begins to report."""
    return re.split(rf" , (?={REPORTS})", before)[-1]


def _one_of_many(before: str) -> bool:
    """Tell that one hamlet, household or point is spoken of, and not the commune after it."""
    whole = max((match.start() for match in _WHOLE.finditer(before)), default=-1)
    return any(
        whole < one.end() and not _ALL.search(before[max(0, one.start() - _LEAD) : one.start()])
        for one in _ONE_OF_MANY.finditer(before)
    )
