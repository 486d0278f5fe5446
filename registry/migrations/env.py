"""How Alembic runs here: inside the transaction that `registry.schema` has opened."""

from alembic import context

from registry.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter most of a table: Alembic then copies it
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
