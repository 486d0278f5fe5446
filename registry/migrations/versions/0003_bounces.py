"""When a mail came back, and when it may have left before."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_LOST = sa.text("bounced_at IS NOT NULL OR state IN ('refused', 'cancelled')")


def upgrade() -> None:
    """Add the columns; what bounced before is known by its address only."""
    for name in ("bounced_at", "doubted_at"):
        op.add_column("mails", sa.Column(name, sa.String(27), nullable=True))
    op.create_index(
        "ix_mails_lost",
        "mails",
        ["campaign"],
        unique=False,
        sqlite_where=_LOST,
        postgresql_where=_LOST,
    )
