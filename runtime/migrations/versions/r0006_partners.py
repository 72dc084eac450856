"""Partners, their calls, deals and invoices; the ledger of payments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def _instants(*names: str, nullable: bool = True) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=nullable) for name in names]


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Integer(), nullable=nullable) for name in names]


def _money(*names: str, nullable: bool = True) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Numeric().with_variant(sa.String(40), "sqlite"), nullable=nullable) for name in names]


def _flags(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Boolean(), nullable=False) for name in names]


def _lists(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.JSON(), nullable=False) for name in names]


def _of_the_case() -> list[sa.Column[object]]:
    return [
        sa.Column("seq", sa.BigInteger(), nullable=False),
        *_texts("address", "case_kind", "edition"),
        *_instants("decided_at", "recorded_at", nullable=False),
    ]


def upgrade() -> None:
    """Create the tables."""
    _partners()
    _deals()
    _ledger()


def _partners() -> None:
    op.create_table(
        "partners",
        *_texts("case_uid", "partner", "name", "manager", "problem", "answer", "next_step", "outlook", "additional"),
        *_flags("active", "urgent"),
        *_instants("begun_at", nullable=False),
        *_instants("last_contact_at", "next_activity_at", "noted_at"),
        sa.Column("paid_until", sa.Date()),
        sa.Column("renewal_on", sa.Date()),
        *_numbers("calls", "poor_comments"),
        *_numbers("leads", "meetings", "contracts", nullable=True),
        *_money("contracts_sum", "renewal_sum", "additional_sum"),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", name="pk_partners"),
    )
    op.create_index("ix_partners_manager_active", "partners", ["manager", "active"])
    op.create_table(
        "partner_calls",
        *_texts("case_uid", "call", "partner", "manager"),
        *_instants("called_at", nullable=False),
        *_instants("commented_at"),
        *_flags("counts"),
        *_lists("missing"),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", "call", name="pk_partner_calls"),
    )
    op.create_index("ix_partner_calls_partner_called_at", "partner_calls", ["partner", "called_at"])


def _deals() -> None:
    op.create_table(
        "partner_deals",
        *_texts("case_uid", "deal", "what", "partner", "partner_name", "manager", "stage", "services", "currency"),
        *_texts("invoice", nullable=True),
        *_money("total"),
        *_money("paid", nullable=False),
        *_instants("begun_at", nullable=False),
        *_instants("invoiced_at", "paid_at", "closed_at"),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", name="pk_partner_deals"),
    )
    op.create_index("ix_partner_deals_manager_begun_at", "partner_deals", ["manager", "begun_at"])
    op.create_table(
        "partner_invoices",
        *_texts(
            "case_uid", "number", "deal", "what", "partner", "payer_inn", "payer_name", "currency", "purpose", "contract_number", "state"
        ),
        *_texts("city", nullable=True),
        *_money("total", nullable=False),
        sa.Column("contract_date", sa.Date(), nullable=False),
        *_lists("places"),
        *_instants("issued_at", nullable=False),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", "number", name="pk_partner_invoices"),
    )
    op.create_index("ix_partner_invoices_payer_inn", "partner_invoices", ["payer_inn"])
    op.create_index("ix_partner_invoices_number", "partner_invoices", ["number"])


def _ledger() -> None:
    op.create_table(
        "partner_payments",
        *_texts("reference", "case_uid", "currency", "purpose", "method", "verdict"),
        *_texts("payer_inn", "payer_name", nullable=True),
        *_money("amount", nullable=False),
        *_lists("why", "candidates"),
        *_instants("posted_at", "recorded_at", nullable=False),
        sa.PrimaryKeyConstraint("reference", name="pk_partner_payments"),
    )
    op.create_index("ix_partner_payments_posted_at", "partner_payments", ["posted_at"])
    op.create_table(
        "partner_allocations",
        *_texts("reference", "key", "invoice", "address", "deal"),
        *_money("amount", "paid", nullable=False),
        *_instants("recorded_at", nullable=False),
        sa.PrimaryKeyConstraint("reference", "key", "invoice", name="pk_partner_allocations"),
    )
    op.create_index("ix_partner_allocations_invoice", "partner_allocations", ["invoice"])
    op.create_table(
        "partner_refunds",
        *_texts("reference", "refund", "by"),
        *_money("amount", nullable=False),
        *_instants("returned_at", "recorded_at", nullable=False),
        sa.PrimaryKeyConstraint("reference", "refund", name="pk_partner_refunds"),
    )
