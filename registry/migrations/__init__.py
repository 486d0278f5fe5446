"""Alembic's folder; run by `registry.schema`, never by hand."""
