"""Which e-mails were answered, and how often one address was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create the new table."""
    op.create_table(
        "mail_answers",
        sa.Column("mail", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mail", name="pk_mail_answers"),
    )
    op.create_index("ix_mail_answers_recipient_at", "mail_answers", ["recipient", "at"])
