"""What the officer's desk writes down: reports returned, supplemented, released with a letter."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what was frozen before is a full report that nobody returned."""
    for name in ("supplement", "base"):
        op.add_column("reports", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    for name in ("returned_by", "returned_reason"):
        op.add_column("reports", sa.Column(name, sa.Text(), server_default="", nullable=False))
    for name in ("returned_at", "again_at"):
        op.add_column("reports", sa.Column(name, sa.String(27), nullable=True))
    op.add_column("reports", sa.Column("letter", sa.Text(), nullable=True))
