"""The tables of partner support: partners, their calls, deals and invoices; and the ledger of payments, which matching alone writes."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Date, Index, Integer, Table, Text

from runtime.tables import Instant, Money, metadata, register

partners = register(
    "partners",
    Column("partner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("manager", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("paid_until", Date),
    Column("last_contact_at", Instant),
    Column("next_activity_at", Instant),
    Column("calls", Integer, nullable=False),
    Column("poor_comments", Integer, nullable=False),
    Column("noted_at", Instant),
    Column("leads", Integer),
    Column("meetings", Integer),
    Column("contracts", Integer),
    Column("contracts_sum", Money),
    Column("problem", Text, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("answer", Text, nullable=False),
    Column("next_step", Text, nullable=False),
    Column("outlook", Text, nullable=False),
    Column("renewal_sum", Money),
    Column("renewal_on", Date),
    Column("additional", Text, nullable=False),
    Column("additional_sum", Money),
    Index("ix_partners_manager_active", "manager", "active"),
)

partner_calls = register(
    "partner_calls",
    Column("call", Text, primary_key=True),
    Column("partner", Text, nullable=False),
    Column("manager", Text, nullable=False),
    Column("called_at", Instant, nullable=False),
    Column("commented_at", Instant),
    Column("counts", Boolean, nullable=False),
    Column("missing", JSON, nullable=False),
    Index("ix_partner_calls_partner_called_at", "partner", "called_at"),
)

partner_deals = register(
    "partner_deals",
    Column("deal", Text, nullable=False),
    Column("what", Text, nullable=False),  # order, renewal
    Column("partner", Text, nullable=False),
    Column("partner_name", Text, nullable=False),
    Column("manager", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("services", Text, nullable=False),
    Column("total", Money),
    Column("currency", Text, nullable=False),
    Column("invoice", Text),
    Column("invoiced_at", Instant),
    Column("paid", Money, nullable=False),
    Column("paid_at", Instant),
    Column("begun_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Index("ix_partner_deals_manager_begun_at", "manager", "begun_at"),
)

partner_invoices = register(
    "partner_invoices",
    Column("number", Text, primary_key=True),
    Column("deal", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("payer_inn", Text, nullable=False),
    Column("payer_name", Text, nullable=False),
    Column("total", Money, nullable=False),
    Column("currency", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("contract_number", Text, nullable=False),
    Column("contract_date", Date, nullable=False),
    Column("places", JSON, nullable=False),  # [[appendix, number], …]
    Column("city", Text),
    Column("state", Text, nullable=False),  # open, void
    Column("issued_at", Instant, nullable=False),
    Index("ix_partner_invoices_payer_inn", "payer_inn"),
    Index("ix_partner_invoices_number", "number"),
)

# --- the ledger of payments: allocations + refunds + what is left = what came, in every transaction --------------------

partner_payments = Table(
    "partner_payments",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("case_uid", Text, nullable=False),
    Column("amount", Money, nullable=False),
    Column("currency", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("payer_inn", Text),
    Column("payer_name", Text),
    Column("method", Text, nullable=False),  # bank, card
    Column("posted_at", Instant, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("why", JSON, nullable=False),
    Column("candidates", JSON, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Index("ix_partner_payments_posted_at", "posted_at"),
)

partner_allocations = Table(
    "partner_allocations",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("key", Text, primary_key=True),  # of the step that made it
    Column("invoice", Text, primary_key=True),
    Column("address", Text, nullable=False),  # the case of the invoice
    Column("deal", Text, nullable=False),
    Column("amount", Money, nullable=False),
    Column("paid", Money, nullable=False),  # on the invoice in all, after it
    Column("recorded_at", Instant, nullable=False),
    Index("ix_partner_allocations_invoice", "invoice"),
)

partner_refunds = Table(
    "partner_refunds",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("refund", Text, primary_key=True),
    Column("amount", Money, nullable=False),
    Column("returned_at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
)
