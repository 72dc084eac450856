"""The tables: registers that outlive the cases, the ledger of effects, and the billing tables that look-ups read.

Two sets. ``metadata`` is ours: created and changed by the migrations only. ``billing_metadata`` describes what the billing
look-ups expect to find; in production these may be views in another database, so no migration touches them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator, TypeEngine


class Instant(TypeDecorator[datetime]):
    """An aware instant. Stored as UTC, returned aware in UTC; a naive value is refused.

    PostgreSQL keeps the zone itself; SQLite keeps no zone, so the value is turned into UTC before it loses its offset.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive instant, turn any other into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive instant cannot be stored: its zone is unknown")
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Give the instant back aware, in UTC."""
        if value is None:
            return None
        instant: datetime = value
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """An exact decimal amount, its scale kept: PostgreSQL ``NUMERIC``, SQLite text, since SQLite would make it a float."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type that loses nothing."""
        return dialect.type_descriptor(String(40) if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Refuse what is no finite decimal."""
        if value is None:
            return None
        if not isinstance(value, Decimal) or not value.is_finite():
            raise ValueError("an amount must be a finite Decimal")
        return format(value, "f") if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:
        """Give the amount back as it was."""
        return None if value is None else Decimal(value)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)
billing_metadata = MetaData()


def register(name: str, *columns: Column[Any] | Index | UniqueConstraint) -> Table:
    """A register: the columns that every row of a case has, then its own."""
    return Table(
        name,
        metadata,
        Column("case_uid", Text, primary_key=True),
        *columns,
        Column("seq", BigInteger, nullable=False),
        Column("address", Text, nullable=False),
        Column("case_kind", Text, nullable=False),
        Column("edition", Text, nullable=False),
        Column("decided_at", Instant, nullable=False),  # the case's time
        Column("recorded_at", Instant, nullable=False),  # audit: the real time of the write
    )


obligations = register(
    "obligations",
    Column("key", Text, primary_key=True),
    Column("clause", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("escalation", Text, nullable=False),
    Column("duty", Text, nullable=False),
    Column("term", Text),
    Column("state", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("due", Instant),
    Column("met_at", Instant),
    Column("breached_at", Instant),
    Column("provisional", Boolean, nullable=False),
    Column("calendar", Text),
    Column("calendar_version", Text),
    Column("span_from", Date),
    Column("span_to", Date),
    Column("note", Text, nullable=False),
    Index("ix_obligations_state_due", "state", "due"),
    Index("ix_obligations_calendar_span", "calendar", "span_to", "span_from"),
)
Index("ix_obligations_address", obligations.c.address)

breaches = register(
    "breaches",
    Column("key", Text, primary_key=True),
    Column("due", Instant, primary_key=True),
    Column("entry", Text, primary_key=True),
    Column("clause", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("late_seconds", BigInteger),
    Column("note", Text, nullable=False),
    Index("ix_breaches_at", "at"),
)

notices = register(
    "notices",
    Column("key", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    # The due instant as text, empty where there is none: a NULL would not be equal to itself in a key.
    Column("due_key", Text, primary_key=True),
    Column("recipient", Text, primary_key=True),
    Column("clause", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("due", Instant),
    Column("earliest", Instant, nullable=False),
    Column("text", Text, nullable=False),
    Column("at_once", Boolean, nullable=False),
    # Set by the rounds: the key of the letter that carries the row, or why it is left out.
    Column("sent_in", Text),
    Column("sent_at", Instant),
    Index("ix_notices_sent_in_earliest", "sent_in", "earliest"),
)

# The letters of rounds and digests, kept whole until they are settled: whoever sends one again sends the same.
notice_letters = Table(
    "notice_letters",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # round, digest, centre_digest, hot_watch
    Column("recipient", Text, nullable=False),
    Column("round", Text, nullable=False),  # the round that made it
    Column("letter", JSON(none_as_null=True)),  # emptied once settled
    Column("made_at", Instant, nullable=False),
    Column("settled_at", Instant),
    Column("outcome", Text),  # sent, refused, left
    Index("ix_notice_letters_settled_at_kind", "settled_at", "kind"),
)

accepted_clients = register(
    "accepted_clients",
    Column("round", Integer, primary_key=True),
    Column("entry", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("deal", Text, nullable=False),
    Column("partner_id", Text, nullable=False),
    Column("partner_name", Text, nullable=False),
    Column("client_login", Text, nullable=False),
    Column("client_name", Text, nullable=False),
    Column("tariff_line", Text, nullable=False),
    Column("tariff", Text),
    Column("access_granted_at", Instant),
    Column("tariff_starts_on", Date),
    Column("payment_reference", Text),
    Column("payment_amount", Money),
    Column("payment_currency", Text),
    Column("payment_reached_at", Instant),
    Column("first_contact_at", Instant),
    Column("reason", Text, nullable=False),
    Index("ix_accepted_clients_access_granted_at", "access_granted_at"),
    Index("ix_accepted_clients_at", "at"),
)

payments_register = register(
    "payments_register",
    Column("round", Integer, primary_key=True),
    Column("entry", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("client_login", Text, nullable=False),
    Column("payment_reference", Text),
)

incidents = register(
    "incidents",
    Column("key", Text, primary_key=True),
    Column("what", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_incidents_at", "at"),
)

corrections = register(
    "corrections",
    Column("key", Text, primary_key=True),
    Column("clause", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("happened_at", Instant, nullable=False),
    Column("learnt_at", Instant, nullable=False),
    Column("source", Text, nullable=False),
    Column("by", Text),
    Column("result", Text, nullable=False),
    Column("note", Text, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("month", Text, primary_key=True),  # YYYY-MM
    Column("built_at", Instant, nullable=False),
    Column("name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("digest", Text, nullable=False),
    Column("summary", JSON, nullable=False),
    Column("sent_at", Instant),
)

# What each report said of which client: a client stands once as accepted and once as reversed, whatever the month.
report_lines = Table(
    "report_lines",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("case_uid", Text, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("entry", Text, primary_key=True),
    Column("month", Text, nullable=False),
    Column("section", Text, nullable=False),
    Index("ix_report_lines_kind_month", "kind", "month"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("digest", Text, nullable=False),  # of what the event says: the same id with another digest is a conflict
    Column("body", LargeBinary),  # the event, encrypted where keys are set; emptied once it has been delivered or dropped
    Column("state", Text, nullable=False),  # received, waiting, delivered, refused, dropped
    Column("outcome", JSON(none_as_null=True)),
    Column("attempts", Integer, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("settled_at", Instant),
    Index("ix_inbox_state_next_attempt_at", "state", "next_attempt_at"),
    Index("ix_inbox_address_seq", "address", "seq"),
)

# Files from outside, by the SHA-256 of their content (in hexadecimal): events and cases hold only that name.
files = Table(
    "files",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),  # encrypted where keys are set
    Column("size", Integer, nullable=False),
    Column("received_at", Instant, nullable=False),
)

# The days of each calendar as last published: what a change is compared with.
published_calendars = Table(
    "published_calendars",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("published_at", Instant, nullable=False),
    Column("finished_at", Instant),  # empty while its cases are still being told
    Column("days", JSON, nullable=False),
)

effects = Table(
    "effects",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("input_hash", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("lease_attempt", Integer, nullable=False),
    Column("lease_until", Instant, nullable=False),
    Column("handovers", Integer, nullable=False),  # how often the bytes may have been taken without our knowing
    Column("message_id", Text),
    Column("payload", LargeBinary),
    Column("result", JSON(none_as_null=True)),
    Column("begun_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index("ix_effects_stage_changed_at", "stage", "changed_at"),
)

mail_answers = Table(
    "mail_answers",
    metadata,
    Column("mail", Text, primary_key=True),  # of the e-mail that is answered, never of the answer
    Column("recipient", Text, nullable=False),  # a keyed hash
    Column("at", Instant, nullable=False),
    Index("ix_mail_answers_recipient_at", "recipient", "at"),
)

billing_tariffs = Table(
    "billing_tariffs",
    billing_metadata,
    Column("code", Text, primary_key=True),
    Column("line", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("price", Money, nullable=False),
    Column("currency", Text, nullable=False),
)

billing_invoices = Table(
    "billing_invoices",
    billing_metadata,
    Column("number", Text, primary_key=True),
    Column("deal", Text, index=True),
    Column("login", Text, index=True, nullable=False),
    Column("tariff_code", Text, nullable=False),
    Column("amount", Money, nullable=False),
    Column("currency", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
)

billing_payments = Table(
    "billing_payments",
    billing_metadata,
    Column("reference", Text, primary_key=True),
    Column("invoice_number", Text, index=True, nullable=False),
    Column("amount", Money, nullable=False),
    Column("currency", Text, nullable=False),
    Column("posted_on", Date, nullable=False),
    Column("posted_at", Instant),
)

billing_access_grants = Table(
    "billing_access_grants",
    billing_metadata,
    Column("reference", Text, primary_key=True),
    Column("login", Text, index=True, nullable=False),
    Column("deal", Text, index=True),
    Column("tariff_code", Text, nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("starts_on", Date),
)
