"""What a document is to the dossier, and what its signature is worth."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, empty for what is known already."""
    for name in ("item", "about", "issued_on", "signature"):
        op.add_column("documents", sa.Column(name, sa.Text(), server_default="", nullable=False))
