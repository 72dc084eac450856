"""Visas, clients that are served, what was done for them, planned visits; who is absent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def _instants(*names: str, nullable: bool = True) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=nullable) for name in names]


def _texts(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Integer(), nullable=nullable) for name in names]


def _of_the_case() -> list[sa.Column[object]]:
    return [
        sa.Column("seq", sa.BigInteger(), nullable=False),
        *_texts("address", "case_kind", "edition"),
        *_instants("decided_at", "recorded_at", nullable=False),
    ]


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "visas",
        *_texts("case_uid", "item", "contract", "state", "person", "by", "remark"),
        *_instants("at"),
        sa.Column("documents", sa.JSON(), nullable=False),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", "item", name="pk_visas"),
    )
    op.create_table(
        "service_clients",
        *_texts("case_uid", "client", "name", "contract", "manager", "group_head", "zone", "update_set"),
        sa.Column("active", sa.Boolean(), nullable=False),
        *_instants("begun_at", "installed_at", nullable=False),
        *_instants("next_update_due", "last_update_at", "next_payment_due", "paid_at"),
        *_numbers("certified", "to_certify"),
        *_numbers("users", "loyalty", nullable=True),
        sa.Column("monthly_sum", sa.Numeric().with_variant(sa.String(40), "sqlite"), nullable=True),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", name="pk_service_clients"),
    )
    op.create_index("ix_service_clients_manager_active", "service_clients", ["manager", "active"])
    op.create_table(
        "service_records",
        *_texts("case_uid", "what", "id", "client", "client_name", "manager", "text"),
        *_instants("at", nullable=False),
        *_numbers("minutes", nullable=True),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", "what", "id", name="pk_service_records"),
    )
    op.create_index("ix_service_records_manager_at", "service_records", ["manager", "at"])
    op.create_table(
        "planned_visits",
        *_texts("case_uid", "visit", "manager", "client", "purpose", "state"),
        *_instants("at", nullable=False),
        *_numbers("minutes", nullable=True),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", "visit", name="pk_planned_visits"),
    )
    op.create_index("ix_planned_visits_manager_at", "planned_visits", ["manager", "at"])
    op.create_table(
        "absences",
        *_texts("person", "deputy"),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        *_instants("entered_at", nullable=False),
        sa.PrimaryKeyConstraint("person", "first_day", name="pk_absences"),
    )
