"""The rows of the registers: what a case leaves behind, and the batch in which its decisions are written.

Every model is frozen and refuses unknown fields. All instants are aware and in UTC. The natural key of each is said with it.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from regulations.wire import Wire


class Row(Wire):
    """A row of a register. ``seq`` grows within a case: an upsert never puts an older row over a newer one."""

    seq: int


class ObligationRow(Row):
    """The latest known state of one obligation. Natural key: case uid, key."""

    table: Literal["obligations"] = "obligations"
    key: str
    clause: str
    owner: str
    escalation: str
    duty: str
    term: str | None
    state: str
    started_at: datetime
    due: datetime | None = None
    met_at: datetime | None = None
    breached_at: datetime | None = None
    provisional: bool = False
    calendar: str | None = None
    calendar_version: str | None = None
    span_from: date | None = None
    """First and last local date on which the term depends: what a change of the calendar is compared with."""
    span_to: date | None = None
    note: str = ""


class BreachEntry(StrEnum):
    """Why a row stands in the register of breaches; rows are only ever added."""

    RECORDED = "recorded"
    MET_LATE = "met_late"
    WITHDRAWN = "withdrawn"


class BreachRow(Row):
    """One entry about a missed term. Natural key: case uid, obligation key, due, entry; the first one stands."""

    table: Literal["breaches"] = "breaches"
    key: str
    clause: str
    owner: str
    due: datetime
    entry: BreachEntry
    at: datetime
    """recorded: the due instant; met_late: when the duty was done; withdrawn: when we learnt that it had been met in time."""
    late_seconds: int | None = None
    note: str = ""


NoticeKind = Literal["warning", "breach", "breach_withdrawn", "incident", "ended"]


class NoticeRow(Row):
    """A message to somebody inside, sent by a scheduled round. Natural key: case uid, obligation key, kind, due, recipient."""

    table: Literal["notices"] = "notices"
    key: str
    clause: str
    kind: NoticeKind
    role: str
    recipient: str
    language: Literal["ru", "uk"]
    due: datetime | None
    earliest: datetime
    """From when it may be told; the round that mails it waits on for the recipient's working time."""
    at_once: bool = False
    """Mailed without waiting for the recipient's working time: no working time is left before the term."""
    text: str


class AcceptedClientRow(Row):
    """handoff 4.1, 4.2: a client accepted, or an acceptance reversed. Natural key: case uid, round, entry; the newest data stand."""

    table: Literal["accepted_clients"] = "accepted_clients"
    round: int
    entry: Literal["accepted", "reversed"]
    at: datetime
    deal: str
    partner_id: str
    partner_name: str
    client_login: str
    client_name: str
    tariff_line: str
    tariff: str | None
    access_granted_at: datetime | None
    tariff_starts_on: date | None
    payment_reference: str | None
    payment_amount: Decimal | None
    payment_currency: str | None
    payment_reached_at: datetime | None
    first_contact_at: datetime | None
    reason: str = ""


class PaymentRegisterRow(Row):
    """handoff 2.2.6: the client's login in the register of payments. Natural key: case uid, round, entry; the first one stands."""

    table: Literal["payments_register"] = "payments_register"
    round: int
    entry: Literal["entered", "reversed"]
    at: datetime
    client_login: str
    payment_reference: str | None


class IncidentRow(Row):
    """Something that a person must look at. Natural key: case uid, key; the first one stands."""

    table: Literal["incidents"] = "incidents"
    key: str
    what: str
    """A stable code such as ``payment_too_small``."""
    at: datetime
    text: str


class CorrectionRow(Row):
    """A fact learnt after its case had ended, and what it changed. Natural key: case uid, key; the first one stands."""

    table: Literal["corrections"] = "corrections"
    key: str
    """The key of the fact."""
    clause: str
    """The clause that it bears on; empty: none."""
    what: str
    happened_at: datetime
    learnt_at: datetime
    source: str
    by: str | None = None
    result: Literal["withdrawn", "stands", "recorded"]
    """The breach was none; the breach stands, done late; there was no breach to correct."""
    note: str = ""


class LeadRow(Row):
    """A lead at one centre, as it stands. Natural key: case uid, round (its arrivals at centres); the newest state stands."""

    table: Literal["leads"] = "leads"
    round: int
    client: str
    """The CRM's number, or the keyed hash of the INN, as in the address."""
    client_name: str
    product: str
    type: str
    temperature: str
    status: str
    """The lead's status; ``moved``: another centre has it."""
    centre: str
    manager: str | None = None
    created_at: datetime
    arrived_at: datetime
    due: datetime | None = None
    """3.4.3: by when it is to be taken into work."""
    due_text: str = ""
    taken_at: datetime | None = None
    planned_on: date | None = None
    postponed_until: datetime | None = None
    closed_at: datetime | None = None
    booked_until: datetime | None = None
    breached: bool = False
    """7.2 was missed at this centre, and the breach stands."""
    link: str | None = None


class CentreRow(Row):
    """A service centre as it stands. Natural key: case uid, and its code."""

    table: Literal["centres"] = "centres"
    code: str
    name: str
    zone: str
    email: str
    head: str
    managers: tuple[tuple[str, str, str], ...]
    """Id, name, e-mail."""
    products: tuple[str, ...]
    """What it may sell, closed products (9.1.5) left out."""
    left_out: bool = False
    """Left out of distribution, for a quarter or for good (9.1.2, 9.1.3)."""
    left_out_until: datetime | None = None
    """End of the quarter; None with ``left_out``: for good."""
    disconnected: bool = False
    """9.2."""
    version: int


class MeasureRow(Row):
    """A proposal of measures against a centre (9.1 to 9.3), as a lead made it. Natural key: key; the first one stands, and the
    centre's own workflow writes its further life into the same row."""

    table: Literal["measures"] = "measures"
    key: str
    clause: str
    centre: str
    product: str
    allows: tuple[str, ...]
    evidence: str
    proposed_at: datetime


class ReplacementRow(Row):
    """A replacement as it stands. Natural key: case uid; the newest state stands."""

    table: Literal["replacements"] = "replacements"
    account: str
    period: str
    n: int
    stage: str
    asked: int | None
    """None: a top-up (6.1)."""
    requested_at: datetime
    accepted: int | None = None
    credited: int | None = None
    capped: bool = False
    ruled_at: datetime | None = None
    """When quality control decided."""
    closed_at: datetime | None = None
    clauses: tuple[str, ...] = ()
    """Why it was refused."""


class CreditRow(Row):
    """Identifications credited to an account. Natural key: case uid, entry; the first one stands."""

    table: Literal["credits"] = "credits"
    entry: Literal["replacement", "tariff", "top_up"]
    account: str
    period: str
    """The period whose balance grew."""
    of_period: str
    """The tariff to which it belongs."""
    identifications: int
    reference: str
    at: datetime


class WatchRow(Row):
    """The watch over one tariff: who is reminded, in which zone. Natural key: case uid; the newest state stands."""

    table: Literal["watches"] = "watches"
    account: str
    period: str
    zone: str
    manager: str
    """E-mail address of the client's manager."""
    identifications: int
    running: bool


class SaleRow(Row):
    """A handoff by which an e-mail of its partner finds its deal. Natural key: case uid; the newest state stands."""

    table: Literal["sales"] = "sales"
    deal: str
    partner_email: str
    partner_name: str
    client_login: str
    client_name: str
    tariff_line: str
    open: bool


class PartnerRow(Row):
    """A partner that is supported, as it stands: what the meeting pack says of it (partner 8.1).

    Natural key: case uid; the newest state stands."""

    table: Literal["partners"] = "partners"
    partner: str
    name: str
    manager: str
    """The support manager's id."""
    active: bool
    begun_at: datetime
    paid_until: date | None = None
    last_contact_at: datetime | None = None
    next_activity_at: datetime | None = None
    calls: int = 0
    """So far."""
    poor_comments: int = 0
    noted_at: datetime | None = None
    """When its state was noted last."""
    leads: int | None = None
    meetings: int | None = None
    contracts: int | None = None
    contracts_sum: Decimal | None = None
    problem: str = ""
    urgent: bool = False
    answer: str = ""
    next_step: str = ""
    outlook: str = ""
    renewal_sum: Decimal | None = None
    renewal_on: date | None = None
    additional: str = ""
    additional_sum: Decimal | None = None


class CallRow(Row):
    """A call with a partner and the check of its comment (partner 4.2). Natural key: case uid, call; the newest state stands."""

    table: Literal["partner_calls"] = "partner_calls"
    call: str
    partner: str
    manager: str
    called_at: datetime
    commented_at: datetime | None = None
    """When the comment that counts was made; of a poor one, when the newest was."""
    counts: bool = False
    missing: tuple[str, ...] = ()
    """Of the newest comment: the parts that are missing or empty."""


class DealRow(Row):
    """An order of additional services or a renewal, as it stands: what the manager's report counts (partner 5.5, 8.2).

    Natural key: case uid; the newest state stands."""

    table: Literal["partner_deals"] = "partner_deals"
    deal: str
    what: Literal["order", "renewal"]
    partner: str
    partner_name: str
    manager: str
    stage: str
    services: str
    """In words."""
    total: Decimal | None = None
    """As invoiced; before that None."""
    currency: str = "RUB"
    invoice: str | None = None
    invoiced_at: datetime | None = None
    paid: Decimal = Decimal(0)
    paid_at: datetime | None = None
    """The posting time of the last payment."""
    begun_at: datetime
    closed_at: datetime | None = None


class InvoiceRow(Row):
    """An invoice, for payments to be matched with (partner 7.1, 7.2). What is paid on it stands in the ledger of payments.

    Natural key: case uid, number; the newest state stands."""

    table: Literal["partner_invoices"] = "partner_invoices"
    number: str
    deal: str
    what: Literal["order", "renewal"]
    partner: str
    payer_inn: str
    payer_name: str
    total: Decimal
    currency: str
    purpose: str
    contract_number: str
    contract_date: date
    places: tuple[tuple[str, str], ...]
    """Appendix and number of each service."""
    city: str | None = None
    state: Literal["open", "void"] = "open"
    """``void``: withdrawn, or made wrongly: a payment on it is returned (7.2)."""
    issued_at: datetime


class ServiceClientRow(Row):
    """A client that is served, as its service plan stands (onboarding 4). Natural key: case uid; the newest state stands."""

    table: Literal["service_clients"] = "service_clients"
    client: str
    name: str
    contract: str
    manager: str
    """The client manager's id; empty: nobody has been named."""
    group_head: str
    """Likewise."""
    zone: str
    active: bool
    begun_at: datetime
    installed_at: datetime
    update_set: str
    next_update_due: datetime | None = None
    last_update_at: datetime | None = None
    next_payment_due: datetime | None = None
    paid_at: datetime | None = None
    """The posting time of the last payment."""
    certified: int = 0
    to_certify: int = 0
    users: int | None = None
    monthly_sum: Decimal | None = None
    loyalty: int | None = None


class ServiceRecordRow(Row):
    """Something that a manager did for a client, or learnt (4.1, 4.2, 4.5 to 4.9): the lines of the daily report.

    Natural key: case uid, kind, id; the newest state stands."""

    table: Literal["service_records"] = "service_records"
    what: Literal["visit", "certificate", "competitor", "need", "contact", "document", "installation"]
    id: str
    client: str
    client_name: str
    manager: str
    at: datetime
    minutes: int | None = None
    text: str
    """In words."""


class PlannedVisitRow(Row):
    """A visit that a manager has planned (4.4.2). Natural key: case uid, visit; the newest state stands."""

    table: Literal["planned_visits"] = "planned_visits"
    visit: str
    manager: str
    client: str
    at: datetime
    minutes: int | None = None
    purpose: str = ""
    state: Literal["planned", "cancelled"] = "planned"


class VisaRow(Row):
    """A visa as it stands (2.1 to 2.7): who gave or refused it, when, on which documents. Natural key: case uid, item; newest state."""

    table: Literal["visas"] = "visas"
    contract: str
    item: str
    state: Literal["missing", "given", "refused", "withdrawn"]
    person: str
    """In whose right, by id; empty: nobody has spoken."""
    by: str
    """Who acted: the person, or its deputy."""
    at: datetime | None = None
    documents: tuple[tuple[str, str], ...] = ()
    """Name and SHA-256 of each."""
    remark: str = ""


AnyRow = Annotated[
    ObligationRow
    | BreachRow
    | NoticeRow
    | AcceptedClientRow
    | PaymentRegisterRow
    | IncidentRow
    | CorrectionRow
    | LeadRow
    | CentreRow
    | MeasureRow
    | ReplacementRow
    | CreditRow
    | WatchRow
    | SaleRow
    | PartnerRow
    | CallRow
    | DealRow
    | InvoiceRow
    | ServiceClientRow
    | ServiceRecordRow
    | PlannedVisitRow
    | VisaRow,
    Field(discriminator="table"),
]


class RecordBatch(Wire):
    """All the rows that belong to decisions of one case, written in one transaction, in order."""

    case_uid: str
    address: str
    kind: str
    edition: str
    now: datetime
    rows: tuple[AnyRow, ...]

    def about(self) -> list[str]:
        """What it is about, for the Temporal UI: clauses, else the names of the registers."""
        clauses = {clause for row in self.rows if (clause := getattr(row, "clause", ""))}
        return sorted(clauses or {row.table for row in self.rows})
