"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "bodies",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_bodies")),
    )
    op.create_table(
        "campaigns",
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("launched_at", sa.String(27), nullable=True),
        sa.Column("closed_at", sa.String(27), nullable=True),
        sa.Column("silent", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("campaign", name=op.f("pk_campaigns")),
    )
    op.create_table(
        "events",
        sa.Column("serial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_events")),
    )
    op.create_table(
        "marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.String(27), nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("rfc_message_id", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_at", sa.String(27), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=True),
        sa.Column("commune_from", sa.Date(), nullable=True),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("content_key", sa.Text(), server_default="", nullable=False),
        sa.Column("ack", sa.Text(), server_default="", nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=True),
        sa.Column("forced_code", sa.Text(), nullable=True),
        sa.Column("forced_from", sa.Date(), nullable=True),
        sa.Column("forced_campaign", sa.Text(), nullable=True),
        sa.Column("forced_by", sa.Text(), server_default="", nullable=False),
        sa.Column("decisions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ack_key", sa.Text(), server_default="", nullable=False),
        sa.Column("unanswered", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_ack_key", "messages", ["ack_key"], unique=False)
    op.create_index(
        "ix_messages_campaign",
        "messages",
        ["campaign", "commune_code", "commune_from", "received_at"],
        unique=False,
    )
    op.create_index("ix_messages_content_key", "messages", ["content_key"], unique=False)
    op.create_index(
        "ix_messages_received_at", "messages", ["received_at", "size_bytes"], unique=False
    )
    op.create_index("ix_messages_rfc_message_id", "messages", ["rfc_message_id"], unique=False)
    op.create_index(
        "ix_messages_state", "messages", ["state", "received_at", "sha256"], unique=False
    )
    op.create_index("ix_messages_unanswered", "messages", ["unanswered"], unique=False)
    op.create_index("ix_messages_verdict", "messages", ["verdict"], unique=False)
    op.create_index(
        "ux_messages_sha256",
        "messages",
        ["sha256"],
        unique=True,
        sqlite_where=sa.text("sha256 <> ''"),
        postgresql_where=sa.text("sha256 <> ''"),
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("inputs_sha256", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("approved_at", sa.String(27), nullable=True),
        sa.Column("approved_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("campaign", "number", name=op.f("uq_reports_campaign_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "bounced",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_bounced_message_id")
        ),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_bounced")),
    )
    op.create_table(
        "documents",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.Text(), server_default="", nullable=False),
        sa.Column("refusal_code", sa.Text(), server_default="", nullable=False),
        sa.Column("refusal_message", sa.Text(), server_default="", nullable=False),
        sa.Column("reading_json", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_documents_message_id")
        ),
        sa.PrimaryKeyConstraint("message_id", "ordinal", name=op.f("pk_documents")),
    )
    op.create_index(op.f("ix_documents_sha256"), "documents", ["sha256"], unique=False)
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("recipient_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("rfc_message_id", sa.Text(), server_default="", nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("queued_at", sa.String(27), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.String(27), nullable=True),
        sa.Column("handed_at", sa.String(27), nullable=True),
        sa.Column("sent_at", sa.String(27), nullable=True),
        sa.Column("response", sa.Text(), server_default="", nullable=False),
        sa.Column("server", sa.Text(), server_default="", nullable=False),
        sa.Column("appended_at", sa.String(27), nullable=True),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("commune_code", sa.Text(), nullable=True),
        sa.Column("commune_from", sa.Date(), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["body_sha256"], ["bodies.sha256"], name=op.f("fk_mails_body_sha256")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_mails_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("key", "recipient", name=op.f("uq_mails_key_recipient")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_mails_campaign", "mails", ["campaign", "kind", "commune_code"], unique=False
    )
    op.create_index("ix_mails_kind", "mails", ["kind", "state"], unique=False)
    op.create_index(op.f("ix_mails_message_id"), "mails", ["message_id"], unique=False)
    op.create_index("ix_mails_next_try_at", "mails", ["state", "next_try_at"], unique=False)
    op.create_index("ix_mails_recipient_key", "mails", ["recipient_key", "handed_at"], unique=False)
    op.create_index("ix_mails_rfc_message_id", "mails", ["rfc_message_id"], unique=False)
    op.create_index(
        "ix_mails_unsaved",
        "mails",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'sent' AND appended_at IS NULL"),
        postgresql_where=sa.text("state = 'sent' AND appended_at IS NULL"),
    )
    op.create_table(
        "slots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), server_default="", nullable=False),
        sa.Column("folder", sa.Text(), server_default="", nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.String(27), nullable=False),
        sa.Column("at_folder", sa.Text(), server_default="", nullable=False),
        sa.Column("at_uidvalidity", sa.BigInteger(), nullable=True),
        sa.Column("at_uid", sa.BigInteger(), nullable=True),
        sa.Column("filed_to", sa.Text(), server_default="", nullable=False),
        sa.Column("filed_at", sa.String(27), nullable=True),
        sa.Column("owed", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_slots_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slots")),
        sa.UniqueConstraint(
            "account",
            "folder",
            "uidvalidity",
            "uid",
            name=op.f("uq_slots_account_folder_uidvalidity_uid"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_slots_at", "slots", ["account", "at_folder", "at_uidvalidity", "at_uid"], unique=False
    )
    op.create_index("ix_slots_folder", "slots", ["account", "folder", "id"], unique=False)
    op.create_index(op.f("ix_slots_message_id"), "slots", ["message_id"], unique=False)
    op.create_index(
        "ix_slots_open",
        "slots",
        ["account", "folder", "uidvalidity", "filed_at", "uid"],
        unique=False,
    )
    op.create_index("ix_slots_owed", "slots", ["owed"], unique=False)
    op.create_table(
        "submissions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign", sa.Text(), nullable=False),
        sa.Column("commune_code", sa.Text(), nullable=False),
        sa.Column("commune_from", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("current", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.String(27), nullable=False),
        sa.Column("recorded_at", sa.String(27), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("late", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("after_close", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.Column("letter", sa.Text(), nullable=True),
        sa.Column("letter_key", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_submissions_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        sa.UniqueConstraint(
            "campaign",
            "commune_code",
            "commune_from",
            "version",
            name=op.f("uq_submissions_campaign_commune_code_commune_from_version"),
        ),
        sa.UniqueConstraint("receipt", name=op.f("uq_submissions_receipt")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_submissions_letter_key", "submissions", ["campaign", "letter_key"], unique=False
    )
    op.create_index(op.f("ix_submissions_message_id"), "submissions", ["message_id"], unique=False)
    op.create_index(
        "ux_submissions_current",
        "submissions",
        ["campaign", "commune_code", "commune_from"],
        unique=True,
        sqlite_where=sa.text("current"),
        postgresql_where=sa.text("current"),
    )
    op.create_table(
        "findings",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("severity", sa.Text(), server_default="", nullable=False),
        sa.Column("code", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_findings_submission_id")
        ),
        sa.PrimaryKeyConstraint("submission_id", "ordinal", name=op.f("pk_findings")),
    )
    op.create_table(
        "points",
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document_ordinal", sa.Integer(), nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_points_submission_id")
        ),
        sa.PrimaryKeyConstraint("submission_id", "ordinal", name=op.f("pk_points")),
    )
