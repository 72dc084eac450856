"""The monthly report as people read it: the sheets of its workbook, and the few words of its e-mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from pydantic import JsonValue

from regulations.amounts import money
from regulations.catalogue import text
from regulations.dates import day_text, minute_text, month_words
from regulations.handoff.report import Calendar, CurrencyTotal, Line, PartnerTotal, Report, Section
from regulations.sheets import Cell, Column, Kind, Sheet, Table, Totals

LISTED = 50
"""How many clients the e-mail names in each list; the workbook has them all."""


def file_name(language: str, month: str) -> str:
    """The name of the workbook."""
    return text(language, "report", "file", month=month)


# --- the workbook ---------------------------------------------------------------------------------------------------


def sheets(report: Report, *, company: str, zone: str, built_at: datetime, calendar: Calendar, language: str) -> tuple[Sheet, ...]:
    """The sheets: a summary with the totals, then one sheet for each section."""
    write = _Writer(calendar, language)
    return (_summary(report, write, company, zone, built_at), *(write.section(report, section) for section in Section))


def _summary(report: Report, write: _Writer, company: str, zone: str, built_at: datetime) -> Sheet:
    say, word = write.language, write.word
    built = minute_text(write.calendar.local(built_at))
    above = (
        text(say, "report", "title", month=month_words(say, report.month)),
        company,
        text(say, "report", "built", at=built, zone=zone),
    )
    sections = tuple((word("section", s), len(report.section(s)), word("about", s)) for s in Section)
    counts = Table(
        columns=(write.column("section", "text", 40), write.column("count", "count", 12), write.column("about", "text", 40)),
        rows=(*sections, (word("section", "undone"), report.undone, word("about", "undone"))),
        caption=word("caption", "sections"),
    )
    partners = Table(
        columns=(
            write.column("partner", "text", 40),
            write.column("partner_id", "text", 16),
            write.column("currency", "text", 10),
            write.column("accepted", "count", 12),
            write.column("amount", "money", 18),
            write.column("reversed", "count", 12),
            write.column("reversed_amount", "money", 18),
            write.column("net", "money", 18),
        ),
        rows=tuple(
            (t.partner_name, t.partner_id, t.currency or "", t.accepted, t.amount, t.reversed, t.reversed_amount, t.net)
            for t in report.partners
        ),
        totals=Totals(word("heading", "total"), by=2, of=(3, 4, 5, 6, 7)),
        caption=word("caption", "partners"),
    )
    return Sheet(title=word("sheet", "summary"), above=above, tables=(counts, partners))


class _Writer:
    """Turns lines into cells: words of one language, instants of one calendar."""

    def __init__(self, calendar: Calendar, language: str) -> None:
        self.calendar = calendar
        self.language = language

    def word(self, *place: str) -> str:
        return text(self.language, "report", *place)

    def column(self, name: str, kind: Kind, width: int) -> Column:
        return Column(self.word("heading", name), kind, width)

    def local(self, at: datetime | None) -> datetime | None:
        return self.calendar.local(at).replace(tzinfo=None, microsecond=0) if at is not None else None

    def day(self, at: datetime | None) -> date | None:
        return self.calendar.local(at).date() if at is not None else None

    def hours(self, seconds: int | None) -> Decimal | None:
        return (Decimal(seconds) / 3600).quantize(Decimal("0.01")) if seconds is not None else None

    def section(self, report: Report, section: Section) -> Sheet:
        """One section: its clients, and the sums by currency."""
        fields = (*_FIELDS, *(_REVERSED if section is Section.REVERSED else _ACCEPTED), *_SETTLED)
        names = [name for name, *_ in fields]
        table = Table(
            columns=tuple(self.column(name, kind, width) for name, kind, width, _ in fields),
            rows=tuple(tuple(cell(self, line) for *_, cell in fields) for line in report.section(section)),
            totals=Totals(self.word("heading", "total"), by=names.index("currency"), of=(names.index("amount"),)),
        )
        return Sheet(title=self.word("sheet", section), tables=(table,))


_Field = tuple[str, Kind, int, Callable[["_Writer", Line], Cell]]

_FIELDS: tuple[_Field, ...] = (
    ("client", "text", 36, lambda w, line: line.client.client_name),
    ("login", "text", 28, lambda w, line: line.client.client_login),
    ("deal", "text", 14, lambda w, line: line.client.deal),
    ("partner", "text", 30, lambda w, line: line.client.partner_name),
    ("partner_id", "text", 14, lambda w, line: line.client.partner_id),
    ("tariff_line", "text", 22, lambda w, line: text(w.language, "handoff", "word", line.client.tariff_line)),
    ("tariff", "text", 20, lambda w, line: line.client.tariff),
    ("access", "instant", 18, lambda w, line: w.local(line.client.access_granted_at)),
    ("access_month", "text", 14, lambda w, line: line.access_month),
    ("tariff_start", "date", 14, lambda w, line: line.client.tariff_starts_on),
    ("amount", "money", 16, lambda w, line: line.client.payment_amount),
    ("currency", "text", 10, lambda w, line: line.client.payment_currency.upper() if line.client.payment_currency else None),
    ("payment", "text", 20, lambda w, line: line.client.payment_reference),
    ("payment_date", "date", 14, lambda w, line: w.day(line.client.payment_reached_at)),
)
_ACCEPTED: tuple[_Field, ...] = (
    ("accepted_at", "instant", 18, lambda w, line: w.local(line.client.at)),
    ("contact", "text", 24, lambda w, line: w.word("contact", line.contact.state)),
    ("contact_due", "instant", 18, lambda w, line: w.local(line.contact.due)),
    ("contact_at", "instant", 18, lambda w, line: w.local(line.contact.at)),
    ("late", "hours", 14, lambda w, line: w.hours(line.contact.late_seconds)),
)
_REVERSED: tuple[_Field, ...] = (
    ("reversed_at", "instant", 18, lambda w, line: w.local(line.client.at)),
    ("reported_in", "text", 16, lambda w, line: line.reported_in),
    ("reversal_reason", "text", 40, lambda w, line: line.client.reason),
)
_SETTLED: tuple[_Field, ...] = (
    ("settled", "text", 12, lambda w, line: w.word("settled", "no" if line.unsettled else "yes")),
    ("reason", "text", 44, lambda w, line: w.word("unsettled", line.unsettled) if line.unsettled else ""),
)


# --- the e-mail -----------------------------------------------------------------------------------------------------


def summary(report: Report, calendar: Calendar, language: str) -> dict[str, JsonValue]:
    """What the e-mail says: counts, totals by partner, and who is listed apart. JSON, kept with the report."""
    counts: dict[str, JsonValue] = {section.value: len(report.section(section)) for section in Section}
    apart, reversals = report.section(Section.WITHOUT_ACCESS), report.section(Section.REVERSED)
    return {
        "month": report.month,
        "month_words": month_words(language, report.month),
        "counts": {**counts, "undone": report.undone},
        "partners": [{"partner": t.partner_name, "id": t.partner_id, **_sums(t)} for t in report.partners],
        "totals": [_sums(t) for t in report.currencies],
        "apart": [{**_who(line), "accepted": day_text(calendar.local(line.client.at))} for line in apart[:LISTED]],
        "apart_more": max(len(apart) - LISTED, 0),
        "reversals": [{**_who(line), "month": month_words(language, line.reported_in or "")} for line in reversals[:LISTED]],
        "reversals_more": max(len(reversals) - LISTED, 0),
    }


def _who(line: Line) -> dict[str, JsonValue]:
    return {"client": line.client.client_name, "deal": line.client.deal, "partner": line.client.partner_name}


def _sums(total: PartnerTotal | CurrencyTotal) -> dict[str, JsonValue]:
    def sum_of(amount: Decimal) -> str:
        return money(amount, total.currency) if total.currency else "—"

    return {
        "accepted": total.accepted,
        "amount": sum_of(total.amount),
        "reversed": total.reversed,
        "reversed_amount": sum_of(total.reversed_amount),
        "net": sum_of(total.net),
    }
