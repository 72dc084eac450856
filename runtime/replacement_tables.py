"""The tables of replacements: their register, credits, verdicts; the watches with their leads and calls; secrets; and what billing says."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from runtime.tables import Instant, Money, billing_metadata, metadata, register

replacements = register(
    "replacements",
    Column("account", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column("asked", Integer),
    Column("requested_at", Instant, nullable=False),
    Column("accepted", Integer),
    Column("credited", Integer),
    Column("capped", Boolean, nullable=False),
    Column("ruled_at", Instant),  # when quality control decided
    Column("closed_at", Instant),
    Column("clauses", JSON, nullable=False),
    Index("ix_replacements_account_period", "account", "period"),
)

credits = register(
    "credits",
    Column("entry", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("of_period", Text, nullable=False),
    Column("identifications", Integer, nullable=False),
    Column("reference", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_credits_account_of_period", "account", "of_period"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("case_uid", Text, primary_key=True),
    Column("lead", Text, primary_key=True),
    Column("export", Text, nullable=False),  # SHA-256 of the export that was judged
    Column("place", Integer, nullable=False),  # order in the sheet
    Column("verdict", Text, nullable=False),  # replace, reject, listen
    Column("clauses", JSON, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("decision", Text),  # of quality control: replace, reject
    Column("wrong", Boolean, nullable=False),  # 6.2: its status or comment was found wrong
    Column("remark", Text, nullable=False),
    Column("decided_at", Instant),
)

watches = register(
    "watches",
    Column("account", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("manager", Text, nullable=False),
    Column("identifications", Integer, nullable=False),
    Column("running", Boolean, nullable=False),
    Index("ix_watches_running_zone", "running", "zone"),
)

watched_leads = Table(
    "watched_leads",
    metadata,
    Column("watch", Text, primary_key=True),  # case uid of the watch
    Column("lead", Text, primary_key=True),
    Column("appeared_at", Instant),  # empty: only calls or cards have named it yet
    Column("status", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("card_changed_at", Instant),
    Column("next_at", Instant),  # when it has to be looked at again; empty: its terms are over
    Column("reminded", JSON, nullable=False),  # what has been reminded of
    Column("missed", JSON, nullable=False),  # [[clause, instant, instant of the withdrawal or null], …]
    Column("late", Boolean, nullable=False),  # a term was missed, and that stands
    Index("ix_watched_leads_watch_next_at", "watch", "next_at"),
)

watched_calls = Table(
    "watched_calls",
    metadata,
    Column("watch", Text, primary_key=True),
    Column("call", Text, primary_key=True),
    Column("lead", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("recorded", Boolean, nullable=False),
    Column("comment", Text, nullable=False),
    Index("ix_watched_calls_watch_lead", "watch", "lead"),
)

secrets = Table(
    "secrets",
    metadata,
    Column("ref", Text, primary_key=True),
    Column("sealed", LargeBinary),  # empty: destroyed
    Column("address", Text, nullable=False),  # of the case it belongs to
    Column("kept_at", Instant, nullable=False),
    Column("destroyed_at", Instant),
)

secret_reads = Table(
    "secret_reads",
    metadata,
    Column("n", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("ref", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_secret_reads_ref", "ref"),
)

sales = register(
    "sales",
    Column("deal", Text, nullable=False),
    Column("partner_email", Text, nullable=False),
    Column("partner_name", Text, nullable=False),
    Column("client_login", Text, nullable=False),
    Column("client_name", Text, nullable=False),
    Column("tariff_line", Text, nullable=False),
    Column("open", Boolean, nullable=False),
    Index("ix_sales_open_partner_email", "open", "partner_email"),
)

# --- billing --------------------------------------------------------------------------------------------------------

billing_accounts = Table(
    "billing_accounts",
    billing_metadata,
    Column("account", Text, primary_key=True),
    Column("login", Text, nullable=False, index=True),
    Column("admin_login", Text),
    Column("zone", Text, nullable=False),
)

billing_account_tariffs = Table(
    "billing_account_tariffs",
    billing_metadata,
    Column("account", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("mode", Text, nullable=False),  # ours, integrated, outside
    Column("identifications", Integer, nullable=False),
    Column("balance", Integer, nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("ran_out_at", Instant),
    Column("paid_at", Instant),  # empty: not paid yet
)

# Payments that an account still owes; what is due later than now is no debt yet.
billing_debts = Table(
    "billing_debts",
    billing_metadata,
    Column("account", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("amount", Money, nullable=False),
    Column("currency", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
)
