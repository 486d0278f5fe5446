"""What people settle by answering mails: confirmed versions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was recorded before was read from its own message."""
    op.add_column("submissions", sa.Column("read_from", sa.Integer(), nullable=True))
    op.create_index("ix_submissions_read_from", "submissions", ["read_from"], unique=False)
