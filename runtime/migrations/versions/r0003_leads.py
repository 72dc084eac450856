"""Leads, service centres, measures, linked invoices, bulk actions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def _instants(*names: str, nullable: bool = True) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=nullable) for name in names]


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _flags(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Boolean(), nullable=False) for name in names]


def _of_the_case() -> list[sa.Column[object]]:
    return [
        sa.Column("seq", sa.BigInteger(), nullable=False),
        *_texts("address", "case_kind", "edition"),
        *_instants("decided_at", "recorded_at", nullable=False),
    ]


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "leads",
        *_texts("case_uid"),
        sa.Column("round", sa.Integer(), nullable=False),
        *_texts("client", "client_name", "product", "type", "temperature", "status", "centre"),
        *_texts("manager", nullable=True),
        *_instants("created_at", "arrived_at", nullable=False),
        *_instants("due"),
        *_texts("due_text"),
        *_instants("taken_at"),
        sa.Column("planned_on", sa.Date()),
        *_instants("postponed_until", "closed_at", "booked_until"),
        *_flags("breached"),
        *_texts("link", "told_in", nullable=True),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", "round", name="pk_leads"),
    )
    op.create_index("ix_leads_centre_status_temperature_due", "leads", ["centre", "status", "temperature", "due"])
    op.create_index("ix_leads_centre_status_told_in", "leads", ["centre", "status", "told_in"])
    op.create_index("ix_leads_breached_centre_due", "leads", ["breached", "centre", "due"])
    op.create_index("ix_leads_address", "leads", ["address"])
    op.create_table(
        "centres",
        *_texts("case_uid", "code", "name", "zone", "email", "head"),
        sa.Column("managers", sa.JSON(), nullable=False),
        sa.Column("products", sa.JSON(), nullable=False),
        *_flags("left_out"),
        *_instants("left_out_until"),
        *_flags("disconnected"),
        sa.Column("version", sa.Integer(), nullable=False),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", name="pk_centres"),
    )
    op.create_index("ix_centres_code", "centres", ["code"])
    op.create_index("ix_centres_zone", "centres", ["zone"])
    op.create_table(
        "measures",
        *_texts("case_uid", "key", "clause", "centre", "product"),
        sa.Column("allows", sa.JSON(), nullable=False),
        *_texts("evidence"),
        *_instants("proposed_at", nullable=False),
        *_texts("state", nullable=True),
        *_instants("objected_at"),
        *_texts("objection", nullable=True),
        *_instants("objection_ended_at"),
        sa.Column("taken", sa.JSON()),
        *_texts("moved_to", nullable=True),
        sa.Column("fine", sa.Numeric().with_variant(sa.String(40), "sqlite")),
        *_instants("ruled_at"),
        *_texts("ruled_by", "reason", nullable=True),
        sa.Column("settled", sa.JSON()),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", "key", name="pk_measures"),
        sa.UniqueConstraint("key", name="uq_measures_key"),
    )
    op.create_index("ix_measures_centre_state", "measures", ["centre", "state"])
    op.create_table(
        "lead_invoices",
        *_texts("invoice", "case_uid", "address"),
        *_instants("linked_at", nullable=False),
        sa.PrimaryKeyConstraint("invoice", name="pk_lead_invoices"),
    )
    op.create_table(
        "bulks",
        *_texts("bulk", "action"),
        *_texts("centre", nullable=True),
        sa.Column("request", sa.JSON(), nullable=False),
        *_instants("frozen_at"),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bulk", name="pk_bulks"),
    )
    op.create_table(
        "bulk_items",
        *_texts("bulk"),
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        *_texts("address"),
        sa.Column("given", sa.JSON(), nullable=False),
        *_texts("state", "answer", "clause", "reason"),
        *_instants("settled_at"),
        sa.PrimaryKeyConstraint("bulk", "n", name="pk_bulk_items"),
    )
    op.create_index("ix_bulk_items_bulk_state_n", "bulk_items", ["bulk", "state", "n"])
