"""Replies as people's mail programs make them: the raw bytes of an answer to a mail of ours.

Each program quotes the whole original in its own way. What the person wrote stands in ``words``;
everything else is the program's doing.

    reply("outlook", original, "ĐÚNG", sender=HOA_CU_MAIL)
    reply("gmail", original, "Gửi lại biểu đã sửa.", sender=…, files=workbook_file(book))
"""

import datetime as dt
import email
import email.policy
import html
import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from types import MappingProxyType
from zoneinfo import ZoneInfo

Files = list[tuple[str, str, bytes]]

_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_WEEKDAYS = ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật")
_SHORT_DAYS = ("Th 2", "Th 3", "Th 4", "Th 5", "Th 6", "Th 7", "CN")
_SUBJECT = "SUBJECT-OF-THE-REPLY"
_serial = itertools.count(1)

#: What programs and gateways put in front of the subject of an answer.
PREFIXES = ("Re: ", "RE: ", "Trả lời: ", "TL: ", "RE: [BÊN NGOÀI] ", "Re: RE: ", "")


@dataclass(frozen=True, slots=True)
class Quoted:
    """The original as its reader's program has it."""

    name: str
    address: str
    to: str
    subject: str
    at: dt.datetime
    text: str
    html: str

    @property
    def who(self) -> str:
        """Name and address as programs show them."""
        return f"{self.name} <{self.address}>"

    @property
    def marked(self) -> str:
        """The text with a ``>`` before each line."""
        return "\n".join(f"> {line}".rstrip() for line in self.text.splitlines())


def quoted(original: bytes) -> Quoted:
    """Read a mail as the program of its reader does."""
    mail = email.message_from_bytes(original, policy=email.policy.default)
    name, address = parseaddr(str(mail["From"]))
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    text = str(plain.get_content()) if plain else ""
    source = str(page.get_content()) if page else f"<pre>{html.escape(text)}</pre>"
    inside = re.search(r"(?is)<body[^>]*>(.*)</body>", source)
    return Quoted(
        name=name or address,
        address=parseaddr(str(mail["Reply-To"] or mail["From"]))[1] or address,
        to=str(mail["To"]),
        subject=str(mail["Subject"]),
        at=mail["Date"].datetime.astimezone(_ZONE),
        text=text.replace("\r\n", "\n"),
        html=inside[1] if inside else source,
    )


#: What a program makes of words and original: (plain text or None, HTML or None).
Bodies = tuple[str | None, str | None]
Program = Callable[[Quoted, str], Bodies]


def reply(
    program: str,
    original: bytes,
    words: str,
    *,
    sender: str,
    files: Files = [],  # noqa: B006  never changed
    threaded: bool = True,
    prefix: str = "Re: ",
    subject: str | None = None,
    date: dt.datetime | None = None,
    **headers: str,
) -> bytes:
    """Return the bytes of a reply to ``original``, written with one of `PROGRAMS`.

    ``threaded``: whether In-Reply-To and References survive (some gateways and phones drop them).
    ``subject`` replaces the original's with its ``prefix``. More headers, their names with
    underscores for hyphens, are added as they are; ``date`` is when it was written.
    """
    old = email.message_from_bytes(original, policy=email.policy.default)
    seen = quoted(original)
    made = EmailMessage()
    made["From"] = sender
    made["To"] = seen.who
    made["Subject"] = _SUBJECT
    made["Date"] = format_datetime(date or seen.at + dt.timedelta(hours=1))
    made["Message-ID"] = headers.pop("Message_ID", f"<reply-{next(_serial)}@xa.example>")
    if threaded:
        known = f"{old['References'] or ''} {old['Message-ID']}".split()
        made["In-Reply-To"] = str(old["Message-ID"])
        made["References"] = " ".join(known)
    for name, value in (*_HEADERS.get(program, ()), *headers.items()):
        made[name.replace("_", "-")] = value
    _fill(made, *PROGRAMS[program](seen, words))
    for name, kind, data in files:
        main, sub = kind.split("/")
        made.add_attachment(data, maintype=main, subtype=sub, filename=name)
    # The stdlib's folding loses blanks between encoded words; programs do not.
    written = Header(prefix + seen.subject if subject is None else subject, "utf-8").encode()
    return made.as_bytes().replace(_SUBJECT.encode(), written.encode(), 1)


def _fill(made: EmailMessage, text: str | None, page: str | None) -> None:
    if text is not None:
        made.set_content(text, cte="base64")
    if page is not None and text is not None:
        made.add_alternative(page, subtype="html", cte="quoted-printable")
    elif page is not None:
        made.set_content(page, subtype="html", cte="quoted-printable")


# --- how programs write ---


def _paragraphs(words: str, opening: str, closing: str) -> str:
    return "".join(
        f"{opening}{html.escape(line) or '&nbsp;'}{closing}" for line in words.splitlines()
    )


def _outlook(words: str, seen: Quoted, head: tuple[tuple[str, str], ...]) -> Bodies:
    """Outlook for Windows: Word's HTML, a ruled header block, no mark before what is quoted."""
    plain = "\n".join(f"{label} {value}" for label, value in head)
    block = "<br>".join(
        f'<b><span style="font-family:&quot;Calibri&quot;,sans-serif">{label}</span></b>'
        f'<span style="font-family:&quot;Calibri&quot;,sans-serif"> {html.escape(value)}</span>'
        for label, value in head
    )
    own = _paragraphs(words, '<p class="MsoNormal">', "<o:p></o:p></p>\r\n")
    page = (
        '<html xmlns:v="urn:schemas-microsoft-com:vml" '
        'xmlns:o="urn:schemas-microsoft-com:office:office" '
        'xmlns:w="urn:schemas-microsoft-com:office:word">\r\n<head>\r\n'
        '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">\r\n'
        '<meta name="Generator" content="Microsoft Word 15 (filtered medium)">\r\n'
        "<style><!--\r\n/* Style Definitions */\r\np.MsoNormal, li.MsoNormal, div.MsoNormal\r\n\t"
        "{margin:0in;font-size:11.0pt;}\r\n--></style>\r\n</head>\r\n"
        '<body lang="VI" link="blue" vlink="purple" style="word-wrap:break-word">\r\n'
        f'<div class="WordSection1">\r\n{own}'
        '<p class="MsoNormal"><o:p>&nbsp;</o:p></p>\r\n'
        '<div>\r\n<div style="border:none;border-top:solid #E1E1E1 1.0pt;'
        'padding:3.0pt 0in 0in 0in">\r\n'
        f'<p class="MsoNormal">{block}<o:p></o:p></p>\r\n</div>\r\n</div>\r\n'
        f'<p class="MsoNormal"><o:p>&nbsp;</o:p></p>\r\n{seen.html}\r\n</div>\r\n</body>\r\n</html>'
    )
    return f"{words}\n\n{plain}\n\n{seen.text}", page


def _outlook_english(seen: Quoted, words: str) -> Bodies:
    at = seen.at
    day = f"{at:%A}, {at:%B} {at.day}, {at.year} {at.hour % 12 or 12}:{at:%M %p}"
    head = (("From:", seen.who), ("Sent:", day), ("To:", seen.to), ("Subject:", seen.subject))
    return _outlook(words, seen, head)


def _vietnamese_head(seen: Quoted) -> tuple[tuple[str, str], ...]:
    at = seen.at
    half = "SA" if at.hour < 12 else "CH"
    day = f"{_WEEKDAYS[at.weekday()]}, {at.day} Tháng {at.month}, {at.year}"
    moment = f"{day} {at.hour % 12 or 12}:{at:%M} {half}"
    return (
        ("Từ:", seen.who),
        ("Đã gửi:", moment),
        ("Đến:", seen.to),
        ("Chủ đề:", seen.subject),
    )


def _outlook_vietnamese(seen: Quoted, words: str) -> Bodies:
    return _outlook(words, seen, _vietnamese_head(seen))


def _outlook_only_html(seen: Quoted, words: str) -> Bodies:
    return None, _outlook_vietnamese(seen, words)[1]


def _outlook_web(seen: Quoted, words: str) -> Bodies:
    """Outlook on the web and the new Outlook: a rule, then the header block."""
    head = _vietnamese_head(seen)
    plain = "\n".join(f"{label} {value}" for label, value in head)
    block = "<br>\r\n".join(f"<b>{label}</b> {html.escape(value)}" for label, value in head)
    own = _paragraphs(words, '<div class="elementToProof" style="font-size:12pt">', "</div>\r\n")
    page = (
        '<html>\r\n<head>\r\n<style type="text/css" style="display:none;"> P {margin-top:0;} '
        f'</style>\r\n</head>\r\n<body dir="ltr">\r\n{own}'
        '<div id="appendonsend"></div>\r\n'
        '<hr style="display:inline-block;width:98%" tabindex="-1">\r\n'
        '<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" '
        f'style="font-size:11pt" color="#000000">{block}</font>\r\n<div>&nbsp;</div>\r\n</div>\r\n'
        f"<div>{seen.html}</div>\r\n</body>\r\n</html>"
    )
    return f"{words}\n{'_' * 32}\n{plain}\n\n{seen.text}", page


def _gmail(words: str, seen: Quoted, line: str) -> Bodies:
    """Gmail: an attribution that its plain text folds, then a quote."""
    own = _paragraphs(words, "<div>", "</div>")
    shown = html.escape(line).replace(
        html.escape(f"<{seen.address}>"),
        f'&lt;<a href="mailto:{seen.address}">{seen.address}</a>&gt;',
    )
    page = (
        f'<div dir="ltr">{own}</div><br><div class="gmail_quote gmail_quote_container">'
        f'<div dir="ltr" class="gmail_attr">{shown}<br></div>'
        '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;'
        'border-left:1px solid rgb(204,204,204);padding-left:1ex">'
        f"{seen.html}</blockquote></div>\n"
    )
    folded = line if len(line) < 78 else f"{line[: line.rfind(' ', 0, 78)]}\n"
    folded += "" if len(line) < 78 else line[line.rfind(" ", 0, 78) + 1 :]
    return f"{words}\n\n{folded}\n\n{seen.marked}\n", page


def _gmail_vietnamese(seen: Quoted, words: str) -> Bodies:
    at = seen.at
    day = f"{_SHORT_DAYS[at.weekday()]}, {at.day} thg {at.month}, {at.year}"
    return _gmail(words, seen, f"Vào {day} vào lúc {at:%H:%M} {seen.who} đã viết:")


def _gmail_english(seen: Quoted, words: str) -> Bodies:
    at = seen.at
    return _gmail(
        words, seen, f"On {at:%a}, {at:%b} {at.day}, {at.year} at {at:%H:%M} {seen.who} wrote:"
    )


def _gmail_below(seen: Quoted, words: str) -> Bodies:
    """Gmail in plain text, the answer written below what it answers."""
    at = seen.at
    day = f"{_SHORT_DAYS[at.weekday()]}, {at.day} thg {at.month}, {at.year}"
    return f"Vào {day} vào lúc {at:%H:%M} {seen.who}\nđã viết:\n{seen.marked}\n\n{words}\n", None


def _iphone(seen: Quoted, words: str) -> Bodies:
    """Mail of an iPhone: the signature stands between the answer and the quote."""
    at = seen.at
    line = f"Vào {at.day} thg {at.month}, {at.year}, lúc {at:%H:%M}, {seen.who} đã viết:"
    own = "<br>".join(html.escape(one) for one in words.splitlines())
    page = (
        '<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head>'
        f'<body dir="auto">{own}<br><br><div dir="ltr">Gửi từ iPhone của tôi</div>'
        f'<div dir="ltr"><br><blockquote type="cite">{html.escape(line)}<br><br></blockquote></div>'
        f'<blockquote type="cite"><div dir="ltr">\ufeff{seen.html}</div></blockquote></body></html>'
    )
    cited = "\n".join(f">\u00a0{one}" for one in seen.text.splitlines())
    return f"{words}\n\nGửi từ iPhone của tôi\n\n> {line}\n>\u00a0\n{cited}\n", page


def _iphone_plain(seen: Quoted, words: str) -> Bodies:
    """The same in plain text, without a mark before the attribution."""
    at = seen.at
    day = f"{_SHORT_DAYS[at.weekday()]} {at.day} thg {at.month}, {at.year}"
    line = f"Vào {day} lúc {at:%H:%M} {seen.who} đã viết:"
    return f"{words}\n\nĐã gửi từ iPhone của tôi\n\n{line}\n\n{seen.marked}\n", None


def _samsung(seen: Quoted, words: str) -> Bodies:
    """Samsung's mail program: in its plain text the header block is one line with its divider."""
    at = seen.at
    head = (
        ("Từ:", seen.who),
        ("Ngày:", f"{at.day}/{at.month}/{at:%y}  {at:%H:%M}  (GMT+07:00)"),
        ("Đến:", seen.to),
        ("Chủ đề:", seen.subject),
    )
    line = "-------- Thư gốc --------" + " ".join(f"{label} {value}" for label, value in head)
    own = _paragraphs(words, '<div dir="auto">', "</div>")
    block = "".join(f"<div>{label} {html.escape(value)} </div>" for label, value in head)
    page = (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"></head>'
        f'<body dir="auto">{own}<div dir="auto"><br></div><div id="composer_signature" dir="auto">'
        '<div style="font-size:12px;color:#575757" dir="auto">Được gửi từ điện thoại Galaxy của '
        'tôi</div></div><div dir="auto"><br></div><div><br></div>'
        '<div align="left" dir="auto" style="font-size:100%;color:#000000">'
        f"<div>-------- Thư gốc --------</div>{block}<div><br></div></div>{seen.html}</body></html>"
    )
    return f"{words}\n\nĐược gửi từ điện thoại Galaxy của tôi\n\n{line} \n{seen.text}", page


def _zalo(seen: Quoted, words: str) -> Bodies:
    """A phone that shares the mail with an answer above it, out of its messenger."""
    head = (
        f"Người gửi: {seen.who}\nNgày: {seen.at:%H:%M, %d/%m/%Y}\n"
        f"Tiêu đề: {seen.subject}\nNgười nhận: {seen.to}"
    )
    divider = "---------- Thư đã chuyển tiếp ----------"
    return f"{words}\n\nĐược chia sẻ từ Zalo\n\n{divider}\n{head}\n\n{seen.text}", None


def _thunderbird(seen: Quoted, words: str) -> Bodies:
    at = seen.at
    line = f"Vào lúc {at:%H:%M} ngày {at:%d/%m/%Y}, {seen.name} đã viết:"
    own = _paragraphs(words, "<p>", "</p>\n")
    page = (
        '<!DOCTYPE html>\n<html>\n  <head>\n    <meta http-equiv="Content-Type" '
        'content="text/html; charset=UTF-8">\n  </head>\n  <body>\n'
        f'{own}<div class="moz-cite-prefix">{html.escape(line)}<br>\n    </div>\n'
        f'    <blockquote type="cite" cite="mid:1@caoloc.example">\n{seen.html}\n'
        "    </blockquote>\n  </body>\n</html>\n"
    )
    return f"{words}\n\n{line}\n{seen.marked}\n", page


def _thunderbird_below(seen: Quoted, words: str) -> Bodies:
    """Thunderbird as it is set up: the answer stands below what it answers."""
    at = seen.at
    line = f"On {at:%d/%m/%Y} {at:%H:%M}, {seen.name} wrote:"
    own = _paragraphs(words, "<p>", "</p>\n")
    page = (
        f'<html>\n  <body>\n    <div class="moz-cite-prefix">{html.escape(line)}<br>\n    </div>\n'
        f'    <blockquote type="cite" cite="mid:1@caoloc.example">\n{seen.html}\n'
        f"    </blockquote>\n{own}  </body>\n</html>\n"
    )
    return f"{line}\n{seen.marked}\n\n{words}\n", page


def _bare(_seen: Quoted, words: str) -> Bodies:
    """A person who deletes what is quoted."""
    return f"{words}\n", None


PROGRAMS: Mapping[str, Program] = MappingProxyType(
    {
        "outlook": _outlook_english,
        "outlook-vi": _outlook_vietnamese,
        "outlook-html": _outlook_only_html,
        "outlook-web": _outlook_web,
        "gmail": _gmail_vietnamese,
        "gmail-en": _gmail_english,
        "gmail-below": _gmail_below,
        "iphone": _iphone,
        "iphone-plain": _iphone_plain,
        "samsung": _samsung,
        "zalo": _zalo,
        "thunderbird": _thunderbird,
        "thunderbird-below": _thunderbird_below,
        "bare": _bare,
    }
)
#: Headers by which a program can be told.
_HEADERS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "outlook": (
            ("X-Mailer", "Microsoft Outlook 16.0"),
            ("Thread-Index", "AQHarGdYhq0vU5tXOESu5n0="),
            ("Content-Language", "vi"),
        ),
        "outlook-vi": (("X-Mailer", "Microsoft Outlook 16.0"), ("Content-Language", "vi")),
        "outlook-html": (("X-Mailer", "Microsoft Outlook 15.0"),),
        "outlook-web": (("Accept-Language", "vi-VN, en-US"), ("x-ms-has-attach", "")),
        "iphone": (("X-Mailer", "iPhone Mail (21E236)"),),
        "iphone-plain": (("X-Mailer", "iPhone Mail (21E236)"),),
        "thunderbird": (("User-Agent", "Mozilla Thunderbird"),),
        "thunderbird-below": (("User-Agent", "Mozilla Thunderbird"),),
    }
)
