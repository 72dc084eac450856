"""Replacements, credits, verdicts; watches with their leads and calls; secrets; sales of handoffs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def _instants(*names: str, nullable: bool = True) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=nullable) for name in names]


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Integer(), nullable=nullable) for name in names]


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
    _replacements()
    _watches()
    _secrets()
    op.create_table(
        "sales",
        *_texts("case_uid", "deal", "partner_email", "partner_name", "client_login", "client_name", "tariff_line"),
        *_flags("open"),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", name="pk_sales"),
    )
    op.create_index("ix_sales_open_partner_email", "sales", ["open", "partner_email"])


def _replacements() -> None:
    op.create_table(
        "replacements",
        *_texts("case_uid", "account", "period"),
        *_numbers("n"),
        *_texts("stage"),
        *_numbers("asked", nullable=True),
        *_instants("requested_at", nullable=False),
        *_numbers("accepted", "credited", nullable=True),
        *_flags("capped"),
        *_instants("ruled_at", "closed_at"),
        *_lists("clauses"),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", name="pk_replacements"),
    )
    op.create_index("ix_replacements_account_period", "replacements", ["account", "period"])
    op.create_table(
        "credits",
        *_texts("case_uid", "entry", "account", "period", "of_period"),
        *_numbers("identifications"),
        *_texts("reference"),
        *_instants("at", nullable=False),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", "entry", name="pk_credits"),
    )
    op.create_index("ix_credits_account_of_period", "credits", ["account", "of_period"])
    op.create_table(
        "verdicts",
        *_texts("case_uid", "lead", "export"),
        *_numbers("place"),
        *_texts("verdict"),
        *_lists("clauses"),
        *_texts("evidence"),
        *_texts("decision", nullable=True),
        *_flags("wrong"),
        *_texts("remark"),
        *_instants("decided_at"),
        sa.PrimaryKeyConstraint("case_uid", "lead", name="pk_verdicts"),
    )


def _watches() -> None:
    op.create_table(
        "watches",
        *_texts("case_uid", "account", "period", "zone", "manager"),
        *_numbers("identifications"),
        *_flags("running"),
        *_of_the_case(),
        sa.PrimaryKeyConstraint("case_uid", name="pk_watches"),
    )
    op.create_index("ix_watches_running_zone", "watches", ["running", "zone"])
    op.create_table(
        "watched_leads",
        *_texts("watch", "lead"),
        *_instants("appeared_at"),
        *_texts("status", "comment"),
        *_instants("card_changed_at", "next_at"),
        *_lists("reminded", "missed"),
        *_flags("late"),
        sa.PrimaryKeyConstraint("watch", "lead", name="pk_watched_leads"),
    )
    op.create_index("ix_watched_leads_watch_next_at", "watched_leads", ["watch", "next_at"])
    op.create_table(
        "watched_calls",
        *_texts("watch", "call", "lead"),
        *_instants("at", nullable=False),
        *_flags("answered", "recorded"),
        *_texts("comment"),
        sa.PrimaryKeyConstraint("watch", "call", name="pk_watched_calls"),
    )
    op.create_index("ix_watched_calls_watch_lead", "watched_calls", ["watch", "lead"])


def _secrets() -> None:
    op.create_table(
        "secrets",
        *_texts("ref"),
        sa.Column("sealed", sa.LargeBinary()),
        *_texts("address"),
        *_instants("kept_at", nullable=False),
        *_instants("destroyed_at"),
        sa.PrimaryKeyConstraint("ref", name="pk_secrets"),
    )
    op.create_table(
        "secret_reads",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        *_texts("ref"),
        *_instants("at", nullable=False),
        *_texts("by", "reason"),
        sa.PrimaryKeyConstraint("n", name="pk_secret_reads"),
    )
    op.create_index("ix_secret_reads_ref", "secret_reads", ["ref"])
