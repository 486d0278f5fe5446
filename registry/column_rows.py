"""Which columns of a campaign's documents its form did not know: read only."""

import sqlalchemy as sa

from registry.columns import SeenColumn, read_columns
from registry.rows import Part, key_of
from registry.tables import documents, messages


class ColumnRows(Part):
    """What the documents say beside the form."""

    def unknown_columns(self, campaign: str) -> list[SeenColumn]:
        """Return the unknown columns of all messages of a campaign that stand, oldest first.

        Asked seldom: it looks through the campaign's documents.
        """
        query = (
            sa.select(
                documents.c.reading_json,
                messages.c.id,
                messages.c.commune_code,
                messages.c.commune_from,
            )
            .join(messages, messages.c.id == documents.c.message_id)
            .where(
                messages.c.campaign == campaign,
                messages.c.state.in_(["recorded", "held"]),
                documents.c.reading_json != "",
            )
            .order_by(messages.c.received_at, messages.c.id, documents.c.ordinal)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            SeenColumn(row.id, key_of(row.commune_code, row.commune_from), column)
            for row in rows
            for column in read_columns(row.reading_json)
        ]
