"""The form that `intake doctor` sends to ourselves: how it is made and how it is known again. Pure.

It goes the whole way of a letter, from our SMTP server through the inbox into the jail. But it is
nobody's answer: the verdict is its own, with no commune and no campaign, and what follows is one
mail to the admin. Only who has the vault's secret can make one, and only around this very workbook.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any

from config.model import Commune, Config
from intake.parsed import Parsed
from notifier.fill_in import fill_in_workbook
from notifier.filled import filled
from notifier.mime import ascii_address
from notifier.seal import fits, seal
from parsers.form import Field, FieldType
from parsers.reading import Reading, Refusal

HEADER = "X-Commune-Intake-Self-Test"
#: How the admin finds it in the mailbox, should it get stuck there.
SUBJECT = "[Tự kiểm tra] Biểu đăng ký thử của hệ thống"
_PURPOSE = "self-test"
#: A form that arrives later than this after it was made proves nothing any more.
_GOOD_FOR = dt.timedelta(days=1)
_STAMP = "%Y%m%dT%H%M%SZ"
_XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")
_NOBODY = Commune("00000", dt.date(2000, 1, 1), None, "xã", "Tự Kiểm Tra", ())
_VALUES: dict[FieldType, Any] = {
    "text": "Tự kiểm tra",
    "code": "0000000000",
    "phone": "0900000000",
    "decimal": 35.5,
    "list": "Sản phẩm thử",
    "stars": 3,
    "date": dt.date(2024, 1, 2),
    "money": 1_000_000,
}


@dataclass(frozen=True, slots=True)
class SelfTest:
    """One form on its way. ``key`` is that of the mail to the admin that follows from it."""

    id: str
    rfc_message_id: str
    raw: bytes

    @property
    def form_key(self) -> str:
        """The outbox key of the form itself."""
        return f"alert/self-test-form/{self.id}"

    @property
    def key(self) -> str:
        """The outbox key of the answer."""
        return answer_key(self.id)


@dataclass(frozen=True, slots=True)
class Mark:
    """What the header of a true self-test says."""

    id: str
    campaign: str


def answer_key(test_id: str) -> str:
    """Return the key of the mail that tells the admin of it."""
    return f"alert/self-test/{test_id}"


# --- making one ---------------------------------------------------------------------------------


def self_test(config: Config, secret: bytes, now: dt.datetime) -> SelfTest:
    """Return the official workbook of the last campaign, filled in, as a mail to ourselves."""
    settings, campaign = config.settings, config.campaigns[-1]
    test_id = f"{now.astimezone(dt.UTC).strftime(_STAMP)}-{secrets.token_hex(4)}"
    row = {field.key: _value(field) for field in campaign.form.fields}
    blank = fill_in_workbook(campaign, _NOBODY, settings.office, secret)
    book = filled(blank, campaign.form, [row])
    sender = parseaddr(settings.smtp.sender)[1] or settings.smtp.sender
    domain = ascii_address(sender).rpartition("@")[2] or "localhost"
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = sender, settings.office.address
    mail["Subject"] = SUBJECT
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{test_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail[HEADER] = f"{test_id} {campaign.id} {_code(secret, test_id, campaign.id, book)}"
    mail.set_content(
        "Thư này do lệnh intake doctor gửi để kiểm tra đường đi của thư.\n"
        "Đây không phải là văn bản đăng ký của đơn vị nào.\n",
        cte="base64",
    )
    mail.add_attachment(book, maintype=_XLSX[0], subtype=_XLSX[1], filename="tu-kiem-tra.xlsx")
    return SelfTest(test_id, str(mail["Message-ID"]), mail.as_bytes())


def _value(field: Field) -> Any:
    return field.choices[0].value if field.choices else _VALUES.get(field.type, "Tự kiểm tra")


def _code(secret: bytes, test_id: str, campaign: str, book: bytes) -> str:
    return seal(secret, _PURPOSE, test_id, campaign, hashlib.sha256(book).hexdigest())


# --- knowing one again --------------------------------------------------------------------------


def bears_mark(parsed: Parsed) -> bool:
    """Whether a message claims to be a self-test; `proven` tells whether it is one."""
    return HEADER.lower() in parsed.headers


def proven(parsed: Parsed, secret: bytes, received_at: dt.datetime) -> Mark | None:
    """Return the mark of a true self-test; None for one that is forged, changed or old."""
    words = parsed.headers.get(HEADER.lower(), ("",))[0].split()
    if len(words) != 3 or len(parsed.parts) != 1:  # noqa: PLR2004  id, campaign, code
        return None
    test_id, campaign, code = words
    book = hashlib.sha256(parsed.parts[0].data).hexdigest()
    try:
        stamp = test_id.partition("-")[0]
        made_at = dt.datetime.strptime(stamp, _STAMP).replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    if not fits(code, secret, _PURPOSE, test_id, campaign, book):
        return None
    return Mark(test_id, campaign) if abs(received_at - made_at) <= _GOOD_FOR else None


def what_was_read(results: Sequence[Reading | Refusal]) -> str:
    """Return in one line what the jail made of the workbook; `is_well_read` knows the good one."""
    for result in results:
        if isinstance(result, Refusal):
            return f"refused: {result.code} {result.detail}".strip()
        errors = sum(finding.severity == "error" for finding in result.findings)
        return f"{len(result.rows)} point(s), {errors} error(s)"
    return "no document in it"


def is_well_read(reason: str) -> bool:
    """Whether the reason of a recorded self-test says that all was read as it was written."""
    return reason == "1 point(s), 0 error(s)"


def in_words(reason: str) -> str:
    """Return for the admin what became of it."""
    if is_well_read(reason):
        return (
            "Biểu đăng ký thử đã đi trọn đường: được gửi đi, về đến hộp thư, được đọc đúng từng ô; "
            "thư này là bước trả lời. Biểu thử không được tính cho xã, thị trấn hay đợt nào."
        )
    return f"Biểu đăng ký thử đã về đến hộp thư nhưng không được đọc đúng: {reason}"
