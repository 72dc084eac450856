"""The tables of onboarding and service: visas, clients that are served, what was done for them, planned visits; and who is absent."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Date, Index, Integer, Table, Text

from runtime.tables import Instant, Money, metadata, register

visas = register(
    "visas",
    Column("item", Text, primary_key=True),
    Column("contract", Text, nullable=False),
    Column("state", Text, nullable=False),  # missing, given, refused, withdrawn
    Column("person", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Instant),
    Column("documents", JSON, nullable=False),
    Column("remark", Text, nullable=False),
)

service_clients = register(
    "service_clients",
    Column("client", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("manager", Text, nullable=False),
    Column("group_head", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("installed_at", Instant, nullable=False),
    Column("update_set", Text, nullable=False),
    Column("next_update_due", Instant),
    Column("last_update_at", Instant),
    Column("next_payment_due", Instant),
    Column("paid_at", Instant),
    Column("certified", Integer, nullable=False),
    Column("to_certify", Integer, nullable=False),
    Column("users", Integer),
    Column("monthly_sum", Money),
    Column("loyalty", Integer),
    Index("ix_service_clients_manager_active", "manager", "active"),
)

service_records = register(
    "service_records",
    Column("what", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Column("client_name", Text, nullable=False),
    Column("manager", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("minutes", Integer),
    Column("text", Text, nullable=False),
    Index("ix_service_records_manager_at", "manager", "at"),
)

planned_visits = register(
    "planned_visits",
    Column("visit", Text, primary_key=True),
    Column("manager", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("minutes", Integer),
    Column("purpose", Text, nullable=False),
    Column("state", Text, nullable=False),  # planned, cancelled
    Index("ix_planned_visits_manager_at", "manager", "at"),
)

absences = Table(
    "absences",
    metadata,
    Column("person", Text, primary_key=True),
    Column("first_day", Date, primary_key=True),
    Column("last_day", Date, nullable=False),
    Column("deputy", Text, nullable=False),
    Column("entered_at", Instant, nullable=False),
)
