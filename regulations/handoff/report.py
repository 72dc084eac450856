"""The monthly report of accepted clients (4.1–4.4): what stands in it, and its totals, to the kopeck.

The month of a client is the calendar month of the access grant in billing, in the company's zone (4.1). A client stands as accepted in
exactly one report, and a reversal of a reported client in exactly one, in whatever order months are built and rows arrive. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal, Protocol

from regulations.handoff.rows import AcceptedClientRow
from regulations.wire import Wire

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")

Key = tuple[str, int, str]
"""Case uid, round, entry: one row of the register of accepted clients."""


class Calendar(Protocol):
    """The company's calendar, in which 4.1 and 2.2.4 are counted."""

    def local(self, at: datetime) -> datetime:
        """The instant in the calendar's zone; a naive one is local already."""
        ...

    def elapsed(self, start: datetime, end: datetime) -> int:
        """Seconds of working time between two instants."""
        ...


class Month(Wire):
    """A calendar month of the company's zone: from ``begins`` to before ``ends``."""

    text: str
    """``2026-10``."""
    begins: datetime
    ends: datetime


def month(text: str, calendar: Calendar) -> Month:
    """The month written ``2026-10``.

    Raises:
        ValueError: it is not written so, or lies outside 2000–2099.
    """
    found = _MONTH.fullmatch(text)
    if found is None:
        raise ValueError("a month is written as year and month, such as 2026-10")
    first = datetime(int(found[1]), int(found[2]), 1)  # noqa: DTZ001 - local to the calendar
    next_first = (first + timedelta(days=31)).replace(day=1)
    return Month(text=text, begins=calendar.local(first).astimezone(UTC), ends=calendar.local(next_first).astimezone(UTC))


def month_before(at: datetime, calendar: Calendar) -> str:
    """The calendar month before the one in which the instant lies, in the calendar's zone."""
    return f"{calendar.local(at).date().replace(day=1) - timedelta(days=1):%Y-%m}"


class Registered(Wire):
    """A row of the register of accepted clients, and whose it is."""

    case_uid: str
    address: str
    row: AcceptedClientRow

    @property
    def key(self) -> Key:
        return self.case_uid, self.row.round, self.row.entry


class ContactDuty(Wire):
    """2.2.4 of one round as the register, or the running case, knows it."""

    state: str
    due: datetime | None
    met_at: datetime | None


class ContactState(StrEnum):
    """How the first contact with the client (2.2.4) stands."""

    IN_TIME = "in_time"
    LATE = "late"
    MADE = "made"
    """Made, without a term to hold it against."""
    NOT_YET = "not_yet"
    OVERDUE = "overdue"
    WAIVED = "waived"
    UNKNOWN = "unknown"
    """The register does not know yet, and the case could not be asked."""


class Contact(Wire):
    """The first contact: within its term, or by how much late."""

    state: ContactState
    due: datetime | None = None
    at: datetime | None = None
    late_seconds: int | None = None
    """Working time between the due instant and the contact."""


class Section(StrEnum):
    """Where a client stands in the report."""

    ACCEPTED = "accepted"
    """Accepted, with access in the month of the report."""
    LATER = "accepted_later"
    """Accepted after the report of its access month had gone out: in no report yet."""
    WITHOUT_ACCESS = "without_access"
    """4.3: accepted, but without access up to the end of the month: listed apart, not settled, in every report until it has access."""
    REVERSED = "reversed"
    """Stood as accepted in an earlier report; the acceptance has been reversed since."""


ENTRIES: dict[Section, Literal["accepted", "reversed"]] = {
    Section.ACCEPTED: "accepted",
    Section.LATER: "accepted",
    Section.REVERSED: "reversed",
}
"""The sections that count: a client stands in them once, under this entry. Listed apart is not counted."""

Unsettled = Literal["no_access", "access_after_month", "reversed"]


class Line(Wire):
    """One client of the report."""

    section: Section
    case_uid: str
    round: int
    client: AcceptedClientRow
    """Of a reversal: the reversing row, with the payment as it was."""
    access_month: str | None
    contact: Contact
    unsettled: Unsettled | None
    """4.3: why the client is not settled; None: it is."""
    reported_in: str | None = None
    """Of a reversal: the month in whose report the client stood as accepted."""


class PartnerTotal(Wire):
    """What one partner's clients come to in one currency."""

    partner_id: str
    partner_name: str
    currency: str | None
    """None: clients whose payment the register does not know."""
    accepted: int = 0
    amount: Decimal = Decimal(0)
    """Of the accepted clients, in both sections."""
    reversed: int = 0
    reversed_amount: Decimal = Decimal(0)
    """Of the reversals of earlier months."""

    @property
    def net(self) -> Decimal:
        return self.amount - self.reversed_amount


class CurrencyTotal(Wire):
    """What the whole report comes to in one currency."""

    currency: str | None
    accepted: int
    amount: Decimal
    reversed: int
    reversed_amount: Decimal

    @property
    def net(self) -> Decimal:
        return self.amount - self.reversed_amount


class Report(Wire):
    """The report of one month."""

    month: str
    lines: tuple[Line, ...]
    """By section, partner, client."""
    partners: tuple[PartnerTotal, ...]
    currencies: tuple[CurrencyTotal, ...]
    undone: int
    """Acceptances with access in this month that were reversed before any report told of them: they stand nowhere but in this number."""

    def section(self, section: Section) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.section is section)

    def counted(self) -> Iterator[Line]:
        """The lines that stand once and for all: what later reports leave out."""
        return (line for line in self.lines if line.section in ENTRIES)


def to_be_asked(report: Report, register: Iterable[Registered], contacts: Mapping[tuple[str, int], ContactDuty]) -> list[Registered]:
    """The clients of a report of whose first contact their running cases may know more."""
    told = {(line.case_uid, line.round) for line in report.lines}
    return [
        entry
        for entry in register
        if entry.row.entry == "accepted"
        and (place := (entry.case_uid, entry.row.round)) in told
        and must_be_asked(entry.row, contacts.get(place))
    ]


def must_be_asked(row: AcceptedClientRow, duty: ContactDuty | None) -> bool:
    """Whether the running case may know more of the first contact: a duty met in time is filed with the next record of its case."""
    if duty is None:
        return True
    return duty.state in ("open", "overdue") or (row.first_contact_at is None and duty.met_at is None and duty.state != "waived")


def build(
    month: Month,
    register: Iterable[Registered],
    contacts: Mapping[tuple[str, int], ContactDuty],
    reported: Mapping[Key, str],
    calendar: Calendar,
) -> Report:
    """The report of a month, from the register as it stands now.

    Args:
        month: The month of the report; it must be over.
        register: Rows of the register of accepted clients, in any order. Rows that an earlier report told of may be left out.
        contacts: 2.2.4 by case uid and round; one that is missing is not known.
        reported: What stands in a report already → the month of that report.
        calendar: The company's.
    """
    lines: list[Line] = []
    undone = 0
    for place, accepted, reversal in _rounds(register):
        told = reported.get((*place, "accepted"))
        if reversal is not None:
            if told is None:
                row = accepted.row if accepted is not None else reversal.row
                undone += _within(month, row.access_granted_at)
            elif told < month.text and (*place, "reversed") not in reported:
                lines.append(_line(Section.REVERSED, reversal, contacts, month, calendar, reported_in=told))
        elif accepted is not None and told is None:
            section = _section(accepted.row, month)
            if section is not None:
                lines.append(_line(section, accepted, contacts, month, calendar))
    lines.sort(key=_order)
    return Report(month=month.text, lines=tuple(lines), partners=_partners(lines), currencies=_currencies(lines), undone=undone)


def _rounds(register: Iterable[Registered]) -> Iterator[tuple[tuple[str, int], Registered | None, Registered | None]]:
    """Each round of each case with its acceptance and its reversal."""
    rows = {entry.key: entry for entry in register}
    for place in sorted({(uid, number) for uid, number, _ in rows}):
        yield place, rows.get((*place, "accepted")), rows.get((*place, "reversed"))


def _within(month: Month, at: datetime | None) -> bool:
    return at is not None and month.begins <= at < month.ends


def _section(row: AcceptedClientRow, month: Month) -> Section | None:
    """Where an acceptance stands that no report has told of; None: in a later report."""
    access = row.access_granted_at
    if access is None or access >= month.ends:
        return Section.WITHOUT_ACCESS if row.at < month.ends else None
    return Section.ACCEPTED if access >= month.begins else Section.LATER


def _line(
    section: Section,
    entry: Registered,
    contacts: Mapping[tuple[str, int], ContactDuty],
    month: Month,
    calendar: Calendar,
    reported_in: str | None = None,
) -> Line:
    row = entry.row
    access = row.access_granted_at
    unsettled: Unsettled | None = None
    if section is Section.REVERSED:
        unsettled = "reversed"
    elif access is None or access >= month.ends:
        unsettled = "no_access" if access is None else "access_after_month"
    return Line(
        section=section,
        case_uid=entry.case_uid,
        round=row.round,
        client=row,
        access_month=f"{calendar.local(access):%Y-%m}" if access is not None else None,
        contact=_contact(row, contacts.get((entry.case_uid, row.round)), calendar),
        unsettled=unsettled,
        reported_in=reported_in,
    )


def _contact(row: AcceptedClientRow, duty: ContactDuty | None, calendar: Calendar) -> Contact:
    if duty is None:
        return Contact(state=ContactState.UNKNOWN, at=row.first_contact_at)
    at, due = duty.met_at or row.first_contact_at, duty.due
    if at is not None and due is not None:
        if at <= due:
            return Contact(state=ContactState.IN_TIME, due=due, at=at)
        return Contact(state=ContactState.LATE, due=due, at=at, late_seconds=calendar.elapsed(due, at))
    if at is not None:
        return Contact(state=ContactState.MADE, at=at)
    states = {"overdue": ContactState.OVERDUE, "waived": ContactState.WAIVED, "open": ContactState.NOT_YET}
    return Contact(state=states.get(duty.state, ContactState.UNKNOWN), due=due)


def _order(line: Line) -> tuple[int, str, str, str, str, str, int]:
    c = line.client
    names = (c.partner_name.casefold(), c.partner_id, c.client_name.casefold(), c.deal)
    return (list(Section).index(line.section), *names, line.case_uid, line.round)


def _currency(line: Line) -> str | None:
    return line.client.payment_currency.upper() if line.client.payment_currency and line.client.payment_amount is not None else None


def _partners(lines: list[Line]) -> tuple[PartnerTotal, ...]:
    """By partner and currency. A partner is its id; of several names the one of its newest row stands."""
    newest: dict[str, tuple[datetime, str]] = {}
    groups: dict[tuple[str, str | None], list[Line]] = {}
    for line in lines:
        if line.section not in ENTRIES:
            continue
        c = line.client
        newest[c.partner_id] = max(newest.get(c.partner_id, (c.at, c.partner_name)), (c.at, c.partner_name))
        groups.setdefault((c.partner_id, _currency(line)), []).append(line)
    totals = []
    for (partner, currency), group in groups.items():
        count, amount, undone, undone_amount = _sums(group)
        totals.append(
            PartnerTotal(
                partner_id=partner,
                partner_name=newest[partner][1],
                currency=currency,
                accepted=count,
                amount=amount,
                reversed=undone,
                reversed_amount=undone_amount,
            )
        )
    return tuple(sorted(totals, key=lambda t: (t.partner_name.casefold(), t.partner_id, t.currency or "")))


def _currencies(lines: list[Line]) -> tuple[CurrencyTotal, ...]:
    groups: dict[str | None, list[Line]] = {}
    for line in lines:
        if line.section in ENTRIES:
            groups.setdefault(_currency(line), []).append(line)
    totals = []
    for currency in sorted(groups, key=lambda c: c or ""):
        count, amount, undone, undone_amount = _sums(groups[currency])
        totals.append(CurrencyTotal(currency=currency, accepted=count, amount=amount, reversed=undone, reversed_amount=undone_amount))
    return tuple(totals)


def _sums(lines: list[Line]) -> tuple[int, Decimal, int, Decimal]:
    accepted = [line for line in lines if line.section is not Section.REVERSED]
    undone = [line for line in lines if line.section is Section.REVERSED]
    return len(accepted), _amount(accepted), len(undone), _amount(undone)


def _amount(lines: list[Line]) -> Decimal:
    return sum((line.client.payment_amount for line in lines if line.client.payment_amount is not None), Decimal(0))
