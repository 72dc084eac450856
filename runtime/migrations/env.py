"""Run by Alembic. The caller opens the connection (``runtime.database.migrate``) and hands it over."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from runtime.lead_tables import leads
from runtime.onboarding_tables import visas
from runtime.partner_tables import partners
from runtime.replacement_tables import replacements

connection: Connection | None = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("migrations are run by runtime.database.migrate, which opens the connection")

tables = (leads, replacements, partners, visas)  # one from each module, so that all are known
# SQLite can alter little: batch mode makes a new table and copies.
context.configure(connection=connection, target_metadata=tables[0].metadata, render_as_batch=connection.dialect.name == "sqlite")
with context.begin_transaction():
    context.run_migrations()
