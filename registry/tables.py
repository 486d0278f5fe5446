"""The tables of the registry (SQLAlchemy Core). Only the modules of `registry.store` use them."""

import datetime as dt
import json
from typing import Any

import sqlalchemy as sa


def plain(text: str) -> str:
    """Return text that every database takes: no lone surrogates, no NUL (hostile headers)."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


class Words(sa.types.TypeDecorator[str]):
    """Text of people and mails, made fit for any database on its way in."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """Drop what cannot be stored."""
        del dialect
        return None if value is None else plain(value)


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """An aware datetime as UTC ISO text of fixed width, so that text order is time order."""

    impl = sa.String(27)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> str | None:
        """Refuse naive datetimes: nobody could say later which instant was meant."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        # Not strftime: it writes the year 101 with three digits, which nothing reads back.
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> dt.datetime | None:
        """Return the instant in UTC."""
        del dialect
        return None if value is None else dt.datetime.fromisoformat(value)


class Json(sa.types.TypeDecorator[Any]):
    """A JSON value as text; Vietnamese stays readable and the order of keys stays as given."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Write it."""
        del dialect
        return None if value is None else plain(json.dumps(value, ensure_ascii=False))

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        """Read it."""
        del dialect
        return None if value is None else json.loads(value)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, Words, nullable=False, server_default="")


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def _instant(name: str) -> sa.Column[dt.datetime]:
    return sa.Column(name, Instant, nullable=False)


def _maybe_instant(name: str) -> sa.Column[dt.datetime | None]:
    return sa.Column(name, Instant)


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    # PostgreSQL's clause stands in the migration only: naming it here would load its dialect
    return sa.Index(name, *columns, unique=unique, sqlite_where=sa.text(where))


messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _text("sha256"),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    _instant("received_at"),
    _text("state"),
    _count("tries"),
    _text("sender"),
    _text("subject"),
    _text("rfc_message_id"),
    _maybe_instant("sent_at"),
    sa.Column("verdict", Words),
    _text("reason"),
    sa.Column("commune_code", Words),
    sa.Column("commune_from", sa.Date),
    sa.Column("campaign", Words),
    _text("content_key"),
    _text("ack"),
    sa.Column("submission_id", sa.Integer),
    sa.Column("forced_code", Words),
    sa.Column("forced_from", sa.Date),
    sa.Column("forced_campaign", Words),
    _text("forced_by"),
    _count("decisions"),
    _text("ack_key"),
    # true while the answer that is owed is not in the outbox: due() must not search for it
    _flag("unanswered"),
    _partial("ux_messages_sha256", "sha256", where="sha256 <> ''", unique=True),
    sa.Index("ix_messages_unanswered", "unanswered"),
    sa.Index("ix_messages_received_at", "received_at", "size_bytes"),
    sa.Index("ix_messages_ack_key", "ack_key"),
    sa.Index("ix_messages_state", "state", "received_at", "sha256"),
    sa.Index("ix_messages_campaign", "campaign", "commune_code", "commune_from", "received_at"),
    sa.Index("ix_messages_content_key", "content_key"),
    sa.Index("ix_messages_rfc_message_id", "rfc_message_id"),
    sa.Index("ix_messages_verdict", "verdict"),
    sqlite_autoincrement=True,
)

# ``at_*`` is where the message lies now, after our moves; NULL uid: nobody told us.
# ``owed`` is the folder that it must still be moved to.
slots = sa.Table(
    "slots",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _text("account"),
    _text("folder"),
    sa.Column("uidvalidity", sa.BigInteger, nullable=False),
    sa.Column("uid", sa.BigInteger, nullable=False),
    sa.Column("message_id", sa.ForeignKey("messages.id"), nullable=False, index=True),
    _instant("seen_at"),
    _text("at_folder"),
    sa.Column("at_uidvalidity", sa.BigInteger),
    sa.Column("at_uid", sa.BigInteger),
    _text("filed_to"),
    _maybe_instant("filed_at"),
    _text("owed"),
    sa.UniqueConstraint("account", "folder", "uidvalidity", "uid"),
    sa.Index("ix_slots_at", "account", "at_folder", "at_uidvalidity", "at_uid"),
    sa.Index("ix_slots_owed", "owed"),
    sa.Index("ix_slots_open", "account", "folder", "uidvalidity", "filed_at", "uid"),
    sa.Index("ix_slots_folder", "account", "folder", "id"),
    sqlite_autoincrement=True,
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("message_id", sa.ForeignKey("messages.id"), primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    _text("name"),
    sa.Column("sha256", Words, nullable=False, index=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    _text("kind"),
    _text("role"),
    _text("refusal_code"),
    _text("refusal_message"),
    _text("reading_json"),
    _text("item"),
    _text("about"),
    _text("issued_on"),
    _text("signature"),
)

submissions = sa.Table(
    "submissions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("campaign", Words, nullable=False),
    sa.Column("commune_code", Words, nullable=False),
    sa.Column("commune_from", sa.Date, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    _flag("current"),
    _flag("withdrawn"),
    sa.Column("message_id", sa.ForeignKey("messages.id"), nullable=False, index=True),
    _instant("received_at"),
    _instant("recorded_at"),
    sa.Column("state", Words, nullable=False),
    _flag("late"),
    _flag("after_close"),
    sa.Column("receipt", Words, nullable=False, unique=True),
    sa.Column("letter", Json),
    _text("letter_key"),
    # the message whose files the points were read from; NULL: its own
    sa.Column("read_from", sa.Integer),
    sa.UniqueConstraint("campaign", "commune_code", "commune_from", "version"),
    _partial(
        "ux_submissions_current",
        "campaign",
        "commune_code",
        "commune_from",
        where="current",
        unique=True,
    ),
    sa.Index("ix_submissions_letter_key", "campaign", "letter_key"),
    sa.Index("ix_submissions_read_from", "read_from"),
    sqlite_autoincrement=True,
)

points = sa.Table(
    "points",
    metadata,
    sa.Column("submission_id", sa.ForeignKey("submissions.id"), primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document_ordinal", sa.Integer, nullable=False),
    sa.Column("row", Json, nullable=False),
)

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("submission_id", sa.ForeignKey("submissions.id"), primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    _text("severity"),
    _text("code"),
    _text("message"),
    sa.Column("field", Words),
    sa.Column("row", sa.Integer),
    sa.Column("place", Words),
)

bounced = sa.Table(
    "bounced",
    metadata,
    sa.Column("address", Words, primary_key=True),
    sa.Column("message_id", sa.ForeignKey("messages.id"), nullable=False),
    _instant("at"),
)

bodies = sa.Table(
    "bodies",
    metadata,
    sa.Column("sha256", Words, primary_key=True),
    sa.Column("raw", sa.LargeBinary, nullable=False),
)

#: What certainly did not arrive; asked in these words, so that the index that says them is used.
MAIL_LOST = "bounced_at IS NOT NULL OR state IN ('refused', 'cancelled')"

mails = sa.Table(
    "mails",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", Words, nullable=False),
    sa.Column("recipient", Words, nullable=False),
    # the address in lower case: caps count a person once however the roster writes the address
    sa.Column("recipient_key", Words, nullable=False),
    sa.Column("kind", Words, nullable=False),
    _text("subject"),
    _text("rfc_message_id"),
    sa.Column("body_sha256", sa.ForeignKey("bodies.sha256"), nullable=False),
    sa.Column("state", Words, nullable=False),
    _instant("queued_at"),
    _count("attempts"),
    # the next try of a queued or unknown mail, NULL: none; of a refused one since when the admin
    # is to be told, NULL: was told
    _maybe_instant("next_try_at"),
    _maybe_instant("handed_at"),
    # the earlier handing over whose outcome nobody knows, of a mail that was tried once more
    _maybe_instant("doubted_at"),
    _maybe_instant("sent_at"),
    _text("response"),
    _text("server"),
    _maybe_instant("appended_at"),
    # when the bounce arrived that cites this mail to this recipient
    _maybe_instant("bounced_at"),
    sa.Column("campaign", Words),
    sa.Column("commune_code", Words),
    sa.Column("commune_from", sa.Date),
    sa.Column("message_id", sa.ForeignKey("messages.id"), index=True),
    sa.UniqueConstraint("key", "recipient"),
    sa.Index("ix_mails_next_try_at", "state", "next_try_at"),
    sa.Index("ix_mails_recipient_key", "recipient_key", "handed_at"),
    sa.Index("ix_mails_rfc_message_id", "rfc_message_id"),
    sa.Index("ix_mails_campaign", "campaign", "kind", "commune_code"),
    _partial("ix_mails_lost", "campaign", where=MAIL_LOST),
    _partial("ix_mails_unsaved", "id", where="state = 'sent' AND appended_at IS NULL"),
    sa.Index("ix_mails_kind", "kind", "state"),
    sqlite_autoincrement=True,
)

campaigns = sa.Table(
    "campaigns",
    metadata,
    sa.Column("campaign", Words, primary_key=True),
    _maybe_instant("launched_at"),
    _maybe_instant("closed_at"),
    sa.Column("silent", Json),
)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("campaign", Words, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    _instant("created_at"),
    sa.Column("inputs_sha256", Words, nullable=False),
    sa.Column("files", Json, nullable=False),
    _maybe_instant("approved_at"),
    _text("approved_by"),
    # of a supplement: its own number, and the number of the released report that it adds to
    _count("supplement"),
    _count("base"),
    _maybe_instant("returned_at"),
    _text("returned_by"),
    _text("returned_reason"),
    # when a person asked for a new draft in place of this one
    _maybe_instant("again_at"),
    # the signed official letter that goes out in place of the drafted one
    sa.Column("letter", Json),
    sa.UniqueConstraint("campaign", "number"),
    sqlite_autoincrement=True,
)

# single facts: "polled", "brake", "brake-all", "released", "behind"
marks = sa.Table(
    "marks",
    metadata,
    sa.Column("name", Words, primary_key=True),
    _instant("at"),
    _text("text"),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("serial", sa.Integer, primary_key=True, autoincrement=False),
    _instant("at"),
    sa.Column("kind", Words, nullable=False),
    _text("subject"),
    sa.Column("data", Json, nullable=False),
    sa.Column("previous", Words, nullable=False),
    sa.Column("sha256", Words, nullable=False),
)

# Only where the registry is a server's (registry.server_lease): who works, and who stands by. All
# instants are the server's own, as it compares them: no host's clock comes in.
leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    # +1 whenever another process takes it
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("account", sa.Text, nullable=False),
    # which code reads documents there (parsers.fingerprint)
    sa.Column("code", sa.Text, nullable=False),
    *(
        sa.Column(name, sa.DateTime(timezone=True), nullable=False)
        for name in ("since", "renewed_at", "expires_at")
    ),
)

# What a standby has read of messages that wait; nothing depends on it, and no journal tells of it.
readings = sa.Table(
    "readings",
    metadata,
    sa.Column("message_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("reader", sa.Text, nullable=False),
    sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=False),
    # key of a document → what the jail answered; none while it is being read
    sa.Column("answers", sa.Text),
)
