"""The meeting pack and the manager's report as people read them: the sheets of the workbook, and the words of the e-mail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from pydantic import JsonValue

from regulations.dates import day_text, month_words
from regulations.pages import LISTED, Pages, short
from regulations.partner.money import rubles
from regulations.partner.pack import LISTS, ListName, MeetingPack, PartnerState, amount_in
from regulations.partner.report import KINDS, ManagerReport, ReportLine
from regulations.partner.services import CURRENCY, ZERO
from regulations.sheets import Cell, Colour, Kind, Sheet, Table, Totals


@dataclass(frozen=True)
class Heading(Pages):
    """What every page of a pack tells: whose it is, for which meeting, as of when."""

    section: ClassVar[str] = "partner-meetings"
    manager: str
    meeting: datetime | None
    """None: as it would be now."""
    made_at: datetime
    language: str
    local: Callable[[datetime], datetime]
    """An instant in the company's zone."""


def file_name(heading: Heading, what: str) -> str:
    """The name of a workbook: ``pack`` or ``report``. It names no person: it stands in headers of e-mails."""
    at = heading.local(heading.meeting or heading.made_at)
    return heading.word("file", what, day=f"{at:%Y-%m-%d}")


# --- the workbook ---------------------------------------------------------------------------------------------------


def pack_sheets(pack: MeetingPack, report: ManagerReport, heading: Heading) -> tuple[Sheet, ...]:
    """The sheets of a pack: the sums, the partners, the four lists, what is missing, the manager's report."""
    return (
        _summary(pack, report, heading),
        _partners(pack, heading),
        _lists(pack, heading),
        _missing(pack, heading),
        report_sheet(report, heading),
    )


def _above(heading: Heading, title: str) -> tuple[str, ...]:
    meeting = (heading.word("pack", "meeting", at=heading.words_of(heading.meeting)),) if heading.meeting is not None else ()
    return (
        title,
        heading.word("pack", "manager", manager=heading.manager),
        *meeting,
        heading.word("pack", "made", at=heading.words_of(heading.made_at)),
    )


def _summary(pack: MeetingPack, report: ManagerReport, heading: Heading) -> Sheet:
    lists = Table(
        columns=(heading.column("list", "text", 52), heading.column("partners", "count", 14), heading.column("amount", "money", 18)),
        rows=tuple((heading.word("list", name), len(pack.listed(name)), pack.sum(name) if name != "urgent" else None) for name in LISTS),
        caption=heading.word("caption", "lists"),
    )
    payments = Table(
        columns=(heading.column("payments", "text", 52), heading.column("count", "count", 14), heading.column("amount", "money", 18)),
        rows=tuple((heading.word("kind", kind), sum(s.count for s in report.sums if s.kind == kind), report.total(kind)) for kind in KINDS),
        caption=heading.word("caption", "payments"),
    )
    return Sheet(heading.word("sheet", "summary"), (lists, payments), _above(heading, heading.word("pack", "title")))


_Field = tuple[str, Kind, int, Callable[[Heading, PartnerState], Cell]]

_NAME: _Field = ("partner", "text", 32, lambda h, p: p.row.name)
_ID: _Field = ("partner_id", "text", 14, lambda h, p: p.row.partner)
_FIELDS: tuple[_Field, ...] = (
    _NAME,
    _ID,
    ("leads", "count", 10, lambda h, p: p.row.leads),
    ("meetings", "count", 10, lambda h, p: p.row.meetings),
    ("contracts", "count", 11, lambda h, p: p.row.contracts),
    ("contracts_sum", "money", 16, lambda h, p: p.row.contracts_sum),
    ("paid_until", "date", 13, lambda h, p: p.row.paid_until),
    ("problem", "text", 40, lambda h, p: p.row.problem),
    ("urgent", "text", 10, lambda h, p: h.word("yes") if p.row.urgent else ""),
    ("answer", "text", 40, lambda h, p: p.row.answer),
    ("next_step", "text", 40, lambda h, p: p.row.next_step),
    ("last_contact", "instant", 17, lambda h, p: h.shown(p.row.last_contact_at)),
    ("next_activity", "instant", 17, lambda h, p: h.shown(p.row.next_activity_at)),
    ("activity", "text", 16, lambda h, p: h.word("activity", p.activity)),
    ("outlook", "text", 22, lambda h, p: h.word("outlook", p.row.outlook or "unknown")),
    ("renewal_sum", "money", 16, lambda h, p: p.row.renewal_sum),
    ("renewal_on", "date", 13, lambda h, p: p.row.renewal_on),
    ("additional", "text", 32, lambda h, p: p.row.additional),
    ("additional_sum", "money", 16, lambda h, p: p.row.additional_sum),
    ("overdue", "text", 16, lambda h, p: ", ".join(p.overdue)),
    ("missing", "text", 36, lambda h, p: _gaps(h, p)),
    ("noted_at", "instant", 17, lambda h, p: h.shown(p.row.noted_at)),
)


def _gaps(heading: Heading, partner: PartnerState) -> str:
    return "; ".join(heading.word("gap", gap) for gap in partner.gaps)


def _table(
    heading: Heading, fields: Sequence[_Field], partners: Iterable[PartnerState], caption: str = "", totals: Totals | None = None
) -> Table:
    return Table(
        columns=tuple(heading.column(name, kind, width) for name, kind, width, _ in fields),
        rows=tuple(tuple(cell(heading, partner) for *_, cell in fields) for partner in partners),
        caption=caption,
        totals=totals,
    )


def _partners(pack: MeetingPack, heading: Heading) -> Sheet:
    names = [name for name, *_ in _FIELDS]
    table = _table(heading, _FIELDS, pack.partners)
    activity, urgent = names.index("activity"), names.index("urgent")
    colours = (
        Colour(activity, "bad", activity, heading.word("activity", "past")),
        Colour(activity, "doubt", activity, heading.word("activity", "none")),
        Colour(urgent, "bad", urgent, heading.word("yes")),
    )
    return Sheet(heading.word("sheet", "partners"), (Table(table.columns, table.rows, colours=colours),))


def _lists(pack: MeetingPack, heading: Heading) -> Sheet:
    return Sheet(heading.word("sheet", "lists"), tuple(_list(pack, name, heading) for name in LISTS))


def _list(pack: MeetingPack, name: ListName, heading: Heading) -> Table:
    """One of the four lists, with its sum below."""
    caption = heading.word("list", name)
    if name == "urgent":
        fields: tuple[_Field, ...] = tuple(f for f in _FIELDS if f[0] in ("partner", "partner_id", "problem", "answer", "next_step"))
        return _table(heading, fields, pack.listed(name), caption)
    about = ("additional",) if name == "additional" else ("renewal_on", "problem", "next_step")
    fields = (
        _NAME,
        _ID,
        ("amount", "money", 18, lambda h, p: amount_in(name, p.row)),
        ("currency", "text", 10, lambda h, p: CURRENCY),
        *(f for f in _FIELDS if f[0] in about),
    )
    return _table(heading, fields, pack.listed(name), caption, Totals(heading.word("heading", "total"), by=3, of=(2,)))


def _missing(pack: MeetingPack, heading: Heading) -> Sheet:
    fields = (_NAME, _ID, next(f for f in _FIELDS if f[0] == "missing"))
    return Sheet(heading.word("sheet", "missing"), (_table(heading, fields, pack.unprepared),))


def report_sheet(report: ManagerReport, heading: Heading) -> Sheet:
    """8.2: the manager's report: sums by month and kind, then each payment."""
    sums = Table(
        columns=(
            heading.column("month", "text", 32),
            heading.column("kind", "text", 40),
            heading.column("what", "text", 30),
            heading.column("count", "count", 12),
            heading.column("amount", "money", 18),
        ),
        rows=tuple(
            (_month(heading, s.month), heading.word("kind", s.kind), heading.word("what", s.what), s.count, s.amount) for s in report.sums
        ),
        totals=Totals(heading.word("heading", "total"), by=1, of=(3, 4)),
        caption=heading.word("caption", "sums"),
    )
    lines = Table(
        columns=tuple(heading.column(name, kind, width) for name, kind, width, _ in _LINE_FIELDS),
        rows=tuple(tuple(cell(heading, line) for *_, cell in _LINE_FIELDS) for line in report.lines),
        caption=heading.word("caption", "payments"),
    )
    return Sheet(heading.word("sheet", "report"), (sums, lines), _above(heading, heading.word("report", "title")))


_LINE_FIELDS: tuple[tuple[str, Kind, int, Callable[[Heading, ReportLine], Cell]], ...] = (
    ("partner", "text", 32, lambda h, line: line.partner_name),
    ("kind", "text", 40, lambda h, line: h.word("kind", line.kind)),
    ("what", "text", 30, lambda h, line: h.word("what", line.what)),
    ("date", "date", 12, lambda h, line: line.on),
    ("amount", "money", 18, lambda h, line: line.amount),
    ("partner_id", "text", 14, lambda h, line: line.partner),
    ("deal", "text", 14, lambda h, line: line.deal),
    ("invoice", "text", 16, lambda h, line: line.invoice),
    ("payment", "text", 18, lambda h, line: line.reference),
)


def _month(heading: Heading, month: str) -> str:
    return month_words(heading.language, month) if month else heading.word("no_month")


# --- the e-mail -----------------------------------------------------------------------------------------------------


def letter_values(pack: MeetingPack, report: ManagerReport, heading: Heading) -> dict[str, JsonValue]:
    """What the e-mail says: the four lists with their sums, the state of each partner, the payments, what is missing."""
    unprepared = pack.unprepared
    return {
        "manager": heading.manager,
        "meeting": heading.words_of(heading.meeting),
        "made": heading.words_of(heading.made_at),
        "partners": len(pack.partners),
        "lists": [_listed(pack, name, heading) for name in LISTS],
        "states": [_state(partner, heading) for partner in pack.partners[:LISTED]],
        "states_more": max(len(pack.partners) - LISTED, 0),
        "payments": _payments(report, heading),
        "gaps": [{"partner": short(p.row.name), "what": _gaps(heading, p)} for p in unprepared[:LISTED]],
        "gaps_more": max(len(unprepared) - LISTED, 0),
        "unprepared": len(unprepared),
    }


def _listed(pack: MeetingPack, name: ListName, heading: Heading) -> dict[str, JsonValue]:
    partners = pack.listed(name)
    entries: list[JsonValue] = [
        {
            "partner": short(p.row.name),
            "amount": _amount(amount_in(name, p.row)) if name != "urgent" else "",
            "about": short(p.row.additional if name == "additional" else p.row.problem if name == "urgent" else ""),
            "answer": short(p.row.answer) if name == "urgent" else "",
            "on": _day(p.row.renewal_on) if name in ("sure", "doubtful") else "",
        }
        for p in partners[:LISTED]
    ]
    return {
        "title": heading.word("list", name),
        "count": len(partners),
        "sum": rubles(pack.sum(name)) if name != "urgent" else "",
        "entries": entries,
        "more": max(len(partners) - LISTED, 0),
    }


def _state(partner: PartnerState, heading: Heading) -> dict[str, JsonValue]:
    row = partner.row
    figures = [("leads", row.leads), ("meetings", row.meetings), ("contracts", row.contracts)]
    said = [f"{heading.word('heading', name).lower()} {number}" for name, number in figures if number is not None]
    if row.contracts_sum is not None:
        said.append(heading.word("pack", "contracts_sum", amount=rubles(row.contracts_sum)))
    at = heading.words_of(row.next_activity_at)
    activity = heading.word("activity", partner.activity)
    return {
        "partner": short(row.name),
        "figures": ", ".join(said),
        "problem": short(row.problem),
        "urgent": row.urgent,
        "next_step": short(row.next_step),
        "contact": heading.words_of(row.last_contact_at),
        "activity": f"{at} ({activity})" if partner.activity == "past" else at or activity,
        "late": partner.activity == "past",
        "overdue": ", ".join(partner.overdue),
    }


def _payments(report: ManagerReport, heading: Heading) -> list[JsonValue]:
    """Received in this month and in the one before; expected and potential in all, by what is paid for."""
    this = f"{heading.local(heading.made_at):%Y-%m}"
    first = heading.local(heading.made_at).date().replace(day=1)
    last = f"{date.fromordinal(first.toordinal() - 1):%Y-%m}"
    said: list[JsonValue] = [
        {"words": heading.word("payment", "received", month=_month(heading, month)), "amount": rubles(report.total("received", month))}
        for month in (this, last)
    ]
    said.append({"words": heading.word("kind", "expected"), "amount": rubles(report.total("expected"))})
    said.append({"words": heading.word("kind", "potential"), "amount": rubles(report.total("potential"))})
    for what in ("renewal_sure", "renewal_doubtful", "additional"):
        amount = sum((s.amount for s in report.sums if (s.kind, s.what) == ("potential", what)), ZERO)
        if amount:
            said.append({"words": heading.word("payment", "part", what=heading.word("what", what)), "amount": rubles(amount)})
    return said


def _amount(amount: Decimal | None) -> str:
    return rubles(amount) if amount is not None else ""


def _day(day: date | None) -> str:
    return day_text(day) if day is not None else ""
