"""All that a registry holds, table by table, to hold two of them against each other."""

from typing import Any

import sqlalchemy as sa

from registry.store import Store
from registry.tables import metadata

Dump = dict[str, list[dict[str, Any]]]


def dump(store: Store) -> Dump:
    """Return every row of every table in its order.

    Left out is one mark: when the inbox was last read completely. It is no event, and a registry
    that was rebuilt has not read the inbox yet. Who works on a registry is no part of it either.
    """
    with store._database.read() as connection:
        tables = {
            name: [dict(row._mapping) for row in connection.execute(_all(table))]
            for name, table in metadata.tables.items()
            if name not in {"leases", "readings"}
        }
    tables["marks"] = [row for row in tables["marks"] if row["name"] != "polled"]
    return tables


def _all(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).order_by(*table.primary_key.columns)
