"""What people settle by answering mails: confirmed versions; reports returned and added to."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; versions recorded before were read from their own messages, and reports are
    full ones that nobody returned.
    """
    op.add_column("submissions", sa.Column("read_from", sa.Integer(), nullable=True))
    op.create_index("ix_submissions_read_from", "submissions", ["read_from"], unique=False)
    for name in ("supplement", "base"):
        op.add_column("reports", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    for name in ("returned_by", "returned_reason"):
        op.add_column("reports", sa.Column(name, sa.Text(), server_default="", nullable=False))
    for name in ("returned_at", "again_at"):
        op.add_column("reports", sa.Column(name, sa.String(27), nullable=True))
    op.add_column("reports", sa.Column("letter", sa.Text(), nullable=True))
