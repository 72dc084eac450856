"""The tables of leads: the registers of leads, centres and measures, linked invoices, bulk actions; and what billing says of clients."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Index, Integer, Table, Text, UniqueConstraint

from runtime.tables import Instant, Money, billing_metadata, metadata, register

leads = register(
    "leads",
    Column("round", Integer, primary_key=True),
    Column("client", Text, nullable=False),
    Column("client_name", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("temperature", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("centre", Text, nullable=False),
    Column("manager", Text),
    Column("created_at", Instant, nullable=False),
    Column("arrived_at", Instant, nullable=False),
    Column("due", Instant),
    Column("due_text", Text, nullable=False),
    Column("taken_at", Instant),
    Column("planned_on", Date),
    Column("postponed_until", Instant),
    Column("closed_at", Instant),
    Column("booked_until", Instant),
    Column("breached", Boolean, nullable=False),
    Column("link", Text),
    # Set by the centre's digest: the letter that told of the lead's arrival (3.3).
    Column("told_in", Text),
    Index("ix_leads_centre_status_temperature_due", "centre", "status", "temperature", "due"),
    Index("ix_leads_centre_status_told_in", "centre", "status", "told_in"),
    Index("ix_leads_breached_centre_due", "breached", "centre", "due"),
)
Index("ix_leads_address", leads.c.address)

centres = register(
    "centres",
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("head", Text, nullable=False),
    Column("managers", JSON, nullable=False),  # [[id, name, e-mail], …]
    Column("products", JSON, nullable=False),
    Column("left_out", Boolean, nullable=False),
    Column("left_out_until", Instant),
    Column("disconnected", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Index("ix_centres_code", "code"),
    Index("ix_centres_zone", "zone"),
)

# A proposal by a lead; the columns from ``state`` on are written by the centre's workflow (9.4, 10.1).
measures = register(
    "measures",
    Column("key", Text, primary_key=True),
    Column("clause", Text, nullable=False),
    Column("centre", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("allows", JSON, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("proposed_at", Instant, nullable=False),
    Column("state", Text),  # NULL: proposed; decided, declined, withdrawn (an objection was upheld), lifted, lapsed
    Column("objected_at", Instant),
    Column("objection", Text),
    Column("objection_ended_at", Instant),
    Column("taken", JSON(none_as_null=True)),  # the measures taken
    Column("moved_to", Text),
    Column("fine", Money),
    Column("ruled_at", Instant),
    Column("ruled_by", Text),
    Column("reason", Text),
    Column("settled", JSON(none_as_null=True)),  # key of a message → what it was answered: settled once
    Index("ix_measures_centre_state", "centre", "state"),
    UniqueConstraint("key"),
)

lead_invoices = Table(
    "lead_invoices",
    metadata,
    Column("invoice", Text, primary_key=True),
    Column("case_uid", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("linked_at", Instant, nullable=False),
)

bulks = Table(
    "bulks",
    metadata,
    Column("bulk", Text, primary_key=True),
    Column("action", Text, nullable=False),
    Column("centre", Text),
    Column("request", JSON, nullable=False),
    Column("frozen_at", Instant),  # empty while the selection is being written
    Column("total", Integer, nullable=False),
)

bulk_items = Table(
    "bulk_items",
    metadata,
    Column("bulk", Text, primary_key=True),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("address", Text, nullable=False),
    Column("given", JSON, nullable=False),  # what the lead is told: manager, day, instant; of an upload the row
    Column("state", Text, nullable=False),  # pending, done, refused
    Column("answer", Text, nullable=False),
    Column("clause", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("settled_at", Instant),
    Index("ix_bulk_items_bulk_state_n", "bulk", "state", "n"),
)

# --- billing --------------------------------------------------------------------------------------------------------

billing_usage = Table(
    "billing_usage",
    billing_metadata,
    Column("client", Text, primary_key=True),
    Column("product", Text, primary_key=True),
    Column("inn", Text, index=True),
    Column("last_used_at", Instant),
    Column("paid_until", Instant),
    Column("invoice_until", Instant),
)

billing_product_invoices = Table(
    "billing_product_invoices",
    billing_metadata,
    Column("number", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Column("inn", Text),
    Column("product", Text, nullable=False),
    Column("amount", Money, nullable=False),
    Column("currency", Text, nullable=False),
    Column("paid_at", Instant),
)
