"""What the admin may say, as typed values (DESIGN §6). Loading and checking are in settings.py."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ByteSize, ConfigDict, Field

from config.communes import Commune as Commune  # noqa: PLC0414  one of the settings' nouns
from config.communes import Communes
from config.problem import Problem
from config.scalars import (
    Address,
    Clock,
    Duration,
    Flag,
    Instant,
    Size,
    Text,
    Variable,
    ZoneName,
)
from config.scalars import Day as Date
from parsers.form import Field as FormField
from parsers.form import Form

Step = Literal["commune", "chair"]
#: Days of which it is remembered who existed on them.
_MOST_DAYS = 64
#: Kinds of mail whose second copy is better than none (``smtp.retry_unknown``).
RetryKind = Literal[
    "ack",
    "call",
    "reminder",
    "silence",
    "held",
    "digest",
    "draft",
    "report",
    "stranger",
    "alert",
    "question",
]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
Count = Annotated[int, Field(strict=True, ge=1)]
#: Ids stand in file names, commands and mail keys.
IDENTIFIER = r"^[a-z0-9][a-z0-9_-]{0,39}$"
READERS_SCHEME = "dask://"
Share = Annotated[float, Field(strict=True, gt=0, le=1)]


class Section(BaseModel):
    """A table of a config file: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


# --- settings.toml ------------------------------------------------------------------------------


class Office(Section):
    """Who we are; ``name`` and ``unit`` sign the mails, ``address`` is our own mailbox."""

    name: Text
    unit: Text
    place: Text
    address: Address
    timezone: ZoneName = "Asia/Ho_Chi_Minh"
    go_live_at: Instant
    phone: str = ""
    #: Organ names printed at the head of the official letter: parent (may be empty), issuer.
    parent: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The office's time zone."""
        return ZoneInfo(self.timezone)


class Secret(Section):
    """Where a password comes from; exactly one of the two, or neither on loopback."""

    password_env: Variable = ""
    password_file: str = ""


class Mailbox(Secret):
    """The IMAP account that is polled. ``security = "none"`` only on loopback."""

    host: Text
    port: Port
    security: Literal["tls", "starttls", "none"] = "tls"
    user: Text
    auth: Literal["password", "xoauth2"] = "password"
    ca_file: str = ""
    inbox: Text = "INBOX"
    processed: Text = "Đã xử lý"
    held: Text = "Chờ xử lý"
    poll_seconds: Duration = Field(default=60.0, alias="poll")
    idle: Flag = True
    timeout_seconds: Duration = Field(default=60.0, alias="timeout")
    command_seconds: Duration = Field(default=600.0, alias="command_timeout")


class Smtp(Secret):
    """The SMTP account that sends. ``from`` is the address in the From header."""

    host: Text
    port: Port
    security: Literal["tls", "starttls", "none"] = "tls"
    user: str = ""
    auth: Literal["password", "xoauth2"] = "password"
    ca_file: str = ""
    sender: Address = Field(alias="from")
    rate_per_minute: Count = 60
    #: Mails under way at once, each on a connection of its own.
    connections: Annotated[int, Field(strict=True, ge=1, le=20)] = 2
    #: While it is set every mail goes to this address only; empty = to whom it is meant for.
    redirect_all_to: Address | Literal[""] = ""
    #: IMAP folder for copies of what was sent; empty = none are kept.
    save_sent_to: str = "Sent"
    timeout_seconds: Duration = Field(default=60.0, alias="timeout")
    after_data_seconds: Duration = Field(default=600.0, alias="after_data_timeout")
    #: Kinds tried once more when nobody knows whether the server took them.
    retry_unknown: tuple[RetryKind, ...] = (
        "ack",
        "held",
        "draft",
        "report",
        "stranger",
        "alert",
    )


class OAuth(Section):
    """Whoever gives the tokens of ``auth = "xoauth2"``; one token serves both servers.

    ``token_file`` holds the refresh token; the program rewrites it when it gets a new one.
    """

    token_endpoint: str = ""
    flow: Literal["refresh-token", "client-credentials"] = "refresh-token"
    client_id: str = ""
    client_secret_env: Variable = ""
    client_secret_file: str = ""
    scope: str = ""
    token_file: Text = "data/oauth-refresh-token"  # noqa: S105  a file name
    #: Only for `intake authorize`: where a person says yes.
    authorize_endpoint: str = ""
    device_endpoint: str = ""
    ca_file: str = ""
    #: For one whole question to an endpoint.
    timeout_seconds: Duration = Field(default=30.0, alias="timeout")


class Storage(Secret):
    """Where the registry and the vault live; relative paths start at the config folder.

    The password is that of a database on a server. A vault ``s3://bucket/prefix`` lies in a bucket;
    only then the keys ``s3_…`` count.
    """

    database: Text = "sqlite:///data/registry.db"
    vault: Text = "data/vault"
    #: The daemon's heartbeat, and what it works on, where neither of the two lies on a disk.
    state: Text = "data"
    #: Only with a database server: how long a daemon that does not answer keeps others waiting.
    lease_seconds: Duration = Field(default=20.0, alias="lease")
    #: Empty = Amazon's own, in this region.
    s3_endpoint: str = ""
    s3_region: Text = "us-east-1"
    s3_access_key: str = ""
    s3_secret_env: Variable = ""
    s3_secret_file: str = ""
    #: For one request: a large mail must get through in this time.
    s3_timeout_seconds: Duration = Field(default=60.0, alias="s3_timeout")

    @property
    def bucket(self) -> tuple[str, str] | None:
        """Bucket and prefix of a vault that lies in one; None for a folder."""
        scheme, _, rest = self.vault.partition("://")
        if scheme != "s3" or not rest:
            return None
        bucket, _, prefix = rest.partition("/")
        return bucket, prefix.strip("/")


class Officers(Section):
    """``addresses`` may submit for a commune, get held notices and the digest."""

    addresses: Annotated[tuple[Address, ...], Field(min_length=1)]
    #: Alerts for whoever runs the machine; empty = the officers.
    admin: tuple[Address, ...] = ()
    digest_at: Clock = dt.time(7, 30)


class Limits(Section):
    """Budgets: what one message, document or tick may use at most."""

    message_bytes: Size = ByteSize(50_000_000)
    document_bytes: Size = ByteSize(25_000_000)
    documents: Count = 50
    archive_members: Count = 500
    archive_bytes: Size = ByteSize(200_000_000)
    archive_depth: Count = 3
    archive_ratio: Count = 100
    mime_parts: Count = 500
    mime_depth: Count = 20
    header_bytes: Size = ByteSize(64_000)
    read_seconds: Duration = 30.0
    read_memory: Size = ByteSize(1_500_000_000)
    read_output: Size = ByteSize(8_000_000)
    convert_seconds: Duration = 20.0
    convert_memory: Size = ByteSize(2_000_000_000)
    unpacked_bytes: Size = ByteSize(100_000_000)
    sheet_rows: Count = 20_000
    sheet_columns: Count = 200
    sheet_cells: Count = 400_000
    pdf_pages: Count = 200
    picture_pixels: Count = 60_000_000
    tries: Count = 3
    batch: Count = 50
    notice_bytes: Size = ByteSize(8_000_000)
    per_recipient_hour: Count = 10
    per_recipient_day: Count = 20
    #: The brake: more unasked mails (reminders, notices) or acknowledgments than this in one tick
    #: are held until `intake release`.
    brake_unasked: Count = 100
    brake_acks: Count = 500
    #: The brake also holds when a reload loses more than this share of the roster.
    brake_roster_share: Share = 0.2


class Security(Section):
    """What a roster address must prove, whether strangers get a line, whose signatures count.

    ``clamd`` is ``unix:/path``, ``host:port`` on this machine, or empty: no virus scanner.
    """

    trusted_authserv_ids: tuple[str, ...] = ()
    require: Literal["none", "dmarc"] = "none"
    answer_strangers: Flag = False
    #: PEM file with the root certificates of digital signatures; empty = none is known.
    signature_roots: str = ""
    clamd: str = ""
    #: Whether a stranger's form may make us ask the commune that it names, and how often a day.
    ask_communes: Flag = False
    questions_per_commune_day: Count = 3
    #: How long a mail that asks for a decision can be answered by replying to it.
    reply_days: Count = 30


class Board(Secret):
    """The status page: where it is written, and who may look at it over the network.

    ``listen`` is ``host:port`` or empty: not served. Beyond loopback it needs a password.
    """

    path: str = "data/board"
    listen: str = ""
    user: Text = "canbo"

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port of ``listen``; None when nothing is served."""
        host, _, port = self.listen.rpartition(":")
        return (host.strip("[]"), int(port)) if host and port.isdecimal() else None


class Health(Section):
    """When the admin is told that something is not well."""

    #: The inbox was not read completely for so long (never less than three polls).
    poll_minutes: Count = 15
    #: Free room on the disks of the registry and the vault.
    disk_bytes: Size = ByteSize(500_000_000)
    #: A mail that should have left waits for so long.
    queue_minutes: Count = 180
    #: A message is in the vault and was not understood for so long.
    kept_minutes: Count = 60
    #: A certificate ends within so many days.
    certificate_days: Count = 21
    #: The last backup that the registry knows of is older; 0 = nobody asks.
    backup_days: Annotated[int, Field(strict=True, ge=0)] = 7


class Scale(Section):
    """Where documents are read: ``readers`` is ``dask://host:port``, or empty: on this machine.

    Beyond loopback both sides show a certificate of ``tls_ca``; ours is ``tls_cert``, ``tls_key``.
    """

    readers: str = ""
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    #: Documents read at the same time on this machine; 0 = as many as it has processors.
    at_once: Annotated[int, Field(strict=True, ge=0, le=64)] = 0

    @property
    def scheduler(self) -> str:
        """The scheduler's address as Dask writes it."""
        scheme = "tls" if self.tls_ca else "tcp"
        return f"{scheme}://{self.readers.removeprefix(READERS_SCHEME)}"


class Hours(Section):
    """Office hours, local time: mass mail leaves only inside them, on working days."""

    starts: Clock = dt.time(7, 30)
    ends: Clock = dt.time(17, 0)


class Settings(Section):
    """settings.toml."""

    office: Office
    mailbox: Mailbox
    smtp: Smtp
    oauth: OAuth = OAuth()
    storage: Storage = Storage()
    officers: Officers
    hours: Hours = Hours()
    limits: Limits = Limits()
    security: Security = Security()
    health: Health = Health()
    board: Board = Board()
    scale: Scale = Scale()


# --- calendar.toml ------------------------------------------------------------------------------


class Day(Section):
    """One day that differs from the holiday table, with the notice that says so."""

    date: Date
    notice: str = ""


class CalendarFile(Section):
    """calendar.toml: extra days off and make-up working days."""

    country: str = "VN"
    off: tuple[Day, ...] = ()
    worked: tuple[Day, ...] = ()
    #: What reminders do on days of a year that the holiday table does not know.
    unknown_year: Literal["send", "hold"] = "send"


# --- campaigns/*.toml ---------------------------------------------------------------------------


class Cited(Section):
    """A document that the campaign rests on; its number in a letter points to this campaign."""

    number: Text
    on: Date | None = None
    organ: str = ""
    subject: str = ""
    #: False for documents that other campaigns cite too: they do not decide which one is meant.
    identifies: Flag = True


class Remind(Section):
    """One reminder step: ``days_before`` the deadline's date, moved back to a working day."""

    id: Annotated[str, Field(pattern=IDENTIFIER)]
    days_before: Annotated[int, Field(strict=True, ge=0, le=365)]
    at: Clock = dt.time(8, 0)
    to: Step = "commune"
    cc: tuple[Step, ...] = ()
    template: Annotated[str, Field(pattern=IDENTIFIER)] = "reminder"


class Report(Section):
    """Who gets the report, when it is drafted, who releases it."""

    to: Annotated[tuple[Address, ...], Field(min_length=1)]
    recipient: Text  # the Department's name, for Kính gửi
    at: Instant
    approval: Literal["required", "none"] = "required"
    approvers: tuple[Address, ...] = ()
    attach_dossiers: Flag = False
    title: str = ""
    letter_template: str = "official-letter.docx"
    notation: str = "UBND-KT&HT"
    signer_authority: str = "TM. ỦY BAN NHÂN DÂN"
    signer_title: str = "CHỦ TỊCH"


class DossierItem(Section):
    """One document that should come with a point."""

    key: Annotated[str, Field(pattern=IDENTIFIER)]
    label: Text
    required: Flag = True
    aliases: tuple[str, ...] = ()
    #: A picture that bears no text and no telling name is this item.
    picture: Flag = False
    #: How long such a document is good for; an older one is pointed out. None = for ever.
    valid_months: Annotated[int, Field(strict=True, ge=1, le=600)] | None = None


class Criterion(Section):
    """One question of a versioned checklist; three answers, and none of them rejects.

    ``field`` is the form's field that speaks to it. A value meets the criterion, or one of at least
    ``at_least``; a lower one leaves it open, or fails it with ``below = "not-met"``.
    """

    key: Annotated[str, Field(pattern=IDENTIFIER)]
    label: Text
    source: Text
    any_of: tuple[str, ...] = ()
    field: str = ""
    at_least: Annotated[int, Field(strict=True)] | None = None
    below: Literal["unknown", "not-met"] = "unknown"


class FormSection(Section):
    """[form] and its [[form.field]] tables."""

    title: Text
    titles: tuple[str, ...] = ()
    nil_phrases: tuple[str, ...] = ()
    topic_phrases: tuple[str, ...] = ()
    field: Annotated[tuple[FormField, ...], Field(min_length=1)]


class Campaign(Section):
    """One call with its form, deadline and rules."""

    id: Annotated[str, Field(pattern=IDENTIFIER)]
    title: Text
    round: Count
    number: str = ""  # of the letter that makes the call, once văn thư gave it
    #: How many communes must answer; a roster with another number is a problem. None = unchecked.
    communes: Annotated[int, Field(strict=True, ge=1)] | None = None
    basis: tuple[Cited, ...] = ()
    opens_at: Instant
    deadline_at: Instant
    closes_at: Instant
    silence: Literal["no-need", "ask"] = "no-need"
    late: Literal["list-separately", "accept", "hold"] = "list-separately"
    receipt_prefix: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,12}$")]
    remind: tuple[Remind, ...] = ()
    report: Report
    form_section: FormSection = Field(alias="form")
    dossier: tuple[DossierItem, ...] = ()
    criterion: tuple[Criterion, ...] = ()

    @property
    def form(self) -> Form:
        """The form's definition as the parsers know it."""
        section = self.form_section
        return Form(
            section.title,
            section.field,
            section.titles,
            section.nil_phrases,
            section.topic_phrases,
        )

    def open_at(self, moment: dt.datetime) -> bool:
        """Whether an answer that arrived at this instant belongs to the running call."""
        return self.opens_at <= moment < self.closes_at


@dataclass(frozen=True, slots=True)
class Config:
    """One validated snapshot of the whole config folder."""

    folder: Path
    settings: Settings
    communes: tuple[Commune, ...]
    calendar: CalendarFile
    campaigns: tuple[Campaign, ...]
    #: What loading noticed and lived with; `settings.warnings` adds what is slow to find out.
    remarks: tuple[Problem, ...] = field(default=(), compare=False)
    #: Worked out once: a config does not change.
    _by_key: dict[tuple[str, dt.date], Commune] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _by_day: dict[dt.date, Communes] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def campaign(self, campaign_id: str) -> Campaign:
        """Return the campaign of this id; KeyError if there is none."""
        found = self.campaign_if_known(campaign_id)
        if found is None:
            raise KeyError(campaign_id)
        return found

    def campaign_if_known(self, campaign_id: str | None) -> Campaign | None:
        """Return the campaign of this id; None for none, and if its file was taken away."""
        return next((one for one in self.campaigns if one.id == campaign_id), None)

    def commune(self, key: tuple[str, dt.date] | None) -> Commune | None:
        """Return the commune of this key, whenever it existed; None for none."""
        if not self._by_key:
            self._by_key.update({one.key: one for one in self.communes})
        return self._by_key.get(key) if key else None

    def communes_on(self, day: dt.date) -> Communes:
        """Return the communes that exist on a local day; the same object for the same ones."""
        known = self._by_day.get(day)
        if known is None:
            made = Communes(one for one in self.communes if one.valid_on(day))
            known = next((one for one in tuple(self._by_day.values()) if one == made), made)
            if len(self._by_day) >= _MOST_DAYS:
                self._by_day.clear()
            self._by_day[day] = known
        return known

    def members(self, campaign: Campaign) -> Communes:
        """Return the communes that must answer: those that exist on the deadline's last day."""
        zone = self.settings.office.zone
        day = (campaign.deadline_at.astimezone(zone) - dt.timedelta(microseconds=1)).date()
        return self.communes_on(day)
