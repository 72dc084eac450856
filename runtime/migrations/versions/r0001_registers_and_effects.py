"""The registers of the first regulation and the ledger of effects."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def _instant() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _register(name: str, own: list[sa.Column[object]], key: list[str]) -> None:
    op.create_table(
        name,
        sa.Column("case_uid", sa.Text(), nullable=False),
        *own,
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("case_kind", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("decided_at", _instant(), nullable=False),
        sa.Column("recorded_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("case_uid", *key, name=f"pk_{name}"),
    )


def _texts(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    """Create everything."""
    _register(
        "obligations",
        [
            *_texts("key", "clause", "owner", "escalation", "duty"),
            sa.Column("term", sa.Text()),
            sa.Column("state", sa.Text(), nullable=False),
            sa.Column("started_at", _instant(), nullable=False),
            sa.Column("due", _instant()),
            sa.Column("met_at", _instant()),
            sa.Column("breached_at", _instant()),
            sa.Column("provisional", sa.Boolean(), nullable=False),
            sa.Column("calendar", sa.Text()),
            sa.Column("calendar_version", sa.Text()),
            sa.Column("span_from", sa.Date()),
            sa.Column("span_to", sa.Date()),
            sa.Column("note", sa.Text(), nullable=False),
        ],
        ["key"],
    )
    op.create_index("ix_obligations_state_due", "obligations", ["state", "due"])
    op.create_index("ix_obligations_calendar_span", "obligations", ["calendar", "span_to", "span_from"])

    _register(
        "breaches",
        [
            *_texts("key"),
            sa.Column("due", _instant(), nullable=False),
            *_texts("entry", "clause", "owner"),
            sa.Column("at", _instant(), nullable=False),
            sa.Column("late_seconds", sa.BigInteger()),
            *_texts("note"),
        ],
        ["key", "due", "entry"],
    )
    op.create_index("ix_breaches_at", "breaches", ["at"])

    _register(
        "notices",
        [
            *_texts("key", "kind", "due_key", "recipient", "clause", "role", "language"),
            sa.Column("due", _instant()),
            sa.Column("earliest", _instant(), nullable=False),
            *_texts("text"),
            sa.Column("sent_in", sa.Text()),
            sa.Column("sent_at", _instant()),
        ],
        ["key", "kind", "due_key", "recipient"],
    )
    op.create_index("ix_notices_sent_in_earliest", "notices", ["sent_in", "earliest"])

    _register(
        "accepted_clients",
        [
            sa.Column("round", sa.Integer(), nullable=False),
            *_texts("entry"),
            sa.Column("at", _instant(), nullable=False),
            *_texts("deal", "partner_id", "partner_name", "client_login", "client_name", "tariff_line"),
            sa.Column("tariff", sa.Text()),
            sa.Column("access_granted_at", _instant()),
            sa.Column("tariff_starts_on", sa.Date()),
            sa.Column("payment_reference", sa.Text()),
            sa.Column("payment_amount", sa.Numeric().with_variant(sa.String(40), "sqlite")),
            sa.Column("payment_currency", sa.Text()),
            sa.Column("payment_reached_at", _instant()),
            sa.Column("first_contact_at", _instant()),
            *_texts("reason"),
        ],
        ["round", "entry"],
    )
    op.create_index("ix_accepted_clients_access_granted_at", "accepted_clients", ["access_granted_at"])
    op.create_index("ix_accepted_clients_at", "accepted_clients", ["at"])

    _register(
        "payments_register",
        [
            sa.Column("round", sa.Integer(), nullable=False),
            *_texts("entry"),
            sa.Column("at", _instant(), nullable=False),
            *_texts("client_login"),
            sa.Column("payment_reference", sa.Text()),
        ],
        ["round", "entry"],
    )

    _register("incidents", [*_texts("key", "what"), sa.Column("at", _instant(), nullable=False), *_texts("text")], ["key"])
    op.create_index("ix_incidents_at", "incidents", ["at"])

    op.create_table(
        "effects",
        *_texts("key", "kind", "input_hash", "stage"),
        sa.Column("lease_attempt", sa.Integer(), nullable=False),
        sa.Column("lease_until", _instant(), nullable=False),
        sa.Column("handovers", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Text()),
        sa.Column("payload", sa.LargeBinary()),
        sa.Column("result", sa.JSON()),
        sa.Column("begun_at", _instant(), nullable=False),
        sa.Column("changed_at", _instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_effects"),
    )
    op.create_index("ix_effects_stage_changed_at", "effects", ["stage", "changed_at"])


def downgrade() -> None:
    """Drop everything: the registers are lost."""
    for name in ("effects", "incidents", "payments_register", "accepted_clients", "notices", "breaches", "obligations"):
        op.drop_table(name)
