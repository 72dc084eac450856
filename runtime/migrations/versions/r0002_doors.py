"""The inbox and its files, corrections, reports, published calendars; notices that do not wait for working time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _texts(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    """Create the new tables, and add the new column."""
    with op.batch_alter_table("notices") as notices:
        notices.add_column(sa.Column("at_once", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("notices") as notices:
        notices.alter_column("at_once", server_default=None)

    op.create_index("ix_obligations_address", "obligations", ["address"])
    op.create_table(
        "notice_letters",
        *_texts("key", "kind", "recipient", "round"),
        sa.Column("letter", sa.JSON()),
        _instant("made_at"),
        _instant("settled_at", nullable=True),
        sa.Column("outcome", sa.Text()),
        sa.PrimaryKeyConstraint("key", name="pk_notice_letters"),
    )
    op.create_index("ix_notice_letters_settled_at_kind", "notice_letters", ["settled_at", "kind"])
    op.create_table(
        "corrections",
        sa.Column("case_uid", sa.Text(), nullable=False),
        *_texts("key", "clause", "what"),
        _instant("happened_at"),
        _instant("learnt_at"),
        *_texts("source"),
        sa.Column("by", sa.Text()),
        *_texts("result", "note"),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        *_texts("address", "case_kind", "edition"),
        _instant("decided_at"),
        _instant("recorded_at"),
        sa.PrimaryKeyConstraint("case_uid", "key", name="pk_corrections"),
    )
    op.create_table(
        "reports",
        *_texts("kind", "month"),
        _instant("built_at"),
        *_texts("name"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        *_texts("digest"),
        sa.Column("summary", sa.JSON(), nullable=False),
        _instant("sent_at", nullable=True),
        sa.PrimaryKeyConstraint("kind", "month", name="pk_reports"),
    )
    op.create_table(
        "report_lines",
        *_texts("kind", "case_uid"),
        sa.Column("round", sa.Integer(), nullable=False),
        *_texts("entry", "month", "section"),
        sa.PrimaryKeyConstraint("kind", "case_uid", "round", "entry", name="pk_report_lines"),
    )
    op.create_index("ix_report_lines_kind_month", "report_lines", ["kind", "month"])
    op.create_table(
        "inbox",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        *_texts("event_id", "type", "address", "source", "digest"),
        sa.Column("body", sa.LargeBinary()),
        *_texts("state"),
        sa.Column("outcome", sa.JSON()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _instant("received_at"),
        _instant("next_attempt_at"),
        _instant("lease_until", nullable=True),
        _instant("settled_at", nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_inbox"),
        sa.UniqueConstraint("event_id", name="uq_inbox_event_id"),
    )
    op.create_index("ix_inbox_state_next_attempt_at", "inbox", ["state", "next_attempt_at"])
    op.create_index("ix_inbox_address_seq", "inbox", ["address", "seq"])
    op.create_table(
        "files",
        *_texts("sha256"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        _instant("received_at"),
        sa.PrimaryKeyConstraint("sha256", name="pk_files"),
    )
    op.create_table(
        "published_calendars",
        *_texts("name", "version"),
        _instant("published_at"),
        _instant("finished_at", nullable=True),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name="pk_published_calendars"),
    )
