"""Partners as the command line shows them: a manager's report and pack as they would be now, its partners, payments for finance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from activities.portfolio import Made, heading_of, make
from regulations.company import Company
from regulations.partner.money import rubles
from regulations.partner.pack import LISTS
from regulations.partner.pack_words import file_name, report_sheet
from regulations.partner.report import KINDS
from regulations.time.working_time import working_time
from runtime.portfolio import PartnerLine, PortfolioReader, UndecidedPayment
from runtime.spreadsheets import workbook
from starter.registers import opened
from starter.views import NotFound


async def made_of(url: str, company: Company, manager: str, now: datetime) -> Made:
    """A manager's pack and report as of now.

    Raises:
        NotFound: neither the company's file nor the registers know such a manager.
        Unavailable: the database does not answer.
    """
    async with opened(url) as engine:
        rows = await PortfolioReader(engine).of(manager)
    if manager not in company.people and not rows.partners and not rows.deals:
        raise NotFound(f"nobody knows a manager {manager}: [people] of the company's file and reglament partner list show who there is")
    local = working_time(company.calendars["company"]).local
    return make(rows, heading_of(manager, company.people, company.language, local, now), None)


async def listed(url: str, manager: str | None) -> list[PartnerLine]:
    """The partners that are supported now. Raises Unavailable."""
    async with opened(url) as engine:
        return await PortfolioReader(engine).partners(manager)


async def undecided(url: str) -> list[UndecidedPayment]:
    """7.2: payments of which finance has yet to allocate or return something. Raises Unavailable."""
    async with opened(url) as engine:
        return await PortfolioReader(engine).undecided()


# --- files ----------------------------------------------------------------------------------------------------------


def report_file(made: Made) -> tuple[str, bytes]:
    """The manager's report as a workbook: its name and its bytes."""
    sheet, title = report_sheet(made.report, made.heading), made.heading.word("report", "title")
    return file_name(made.heading, "report"), workbook((sheet,), title=title, made_at=made.heading.made_at)


def pack_file(made: Made) -> tuple[str, bytes]:
    """The pack as a workbook."""
    return file_name(made.heading, "pack"), made.workbook()


# --- what is shown --------------------------------------------------------------------------------------------------


def report_json(made: Made) -> dict[str, Any]:
    """8.2 for programs; sums are texts, so that they stay exact."""
    report = made.report
    return {
        "manager": made.heading.manager,
        "totals": {kind: str(report.total(kind)) for kind in KINDS},
        "sums": [one.model_dump(mode="json") for one in report.sums],
        "lines": [line.model_dump(mode="json") for line in report.lines],
    }


def pack_json(made: Made) -> dict[str, Any]:
    """8.1 for programs."""
    pack = made.pack
    return {
        "manager": made.heading.manager,
        "partners": [
            {"partner": p.row.partner, "name": p.row.name, "activity": p.activity, "overdue": list(p.overdue), "missing": list(p.gaps)}
            for p in pack.partners
        ],
        "lists": {name: {"partners": [p.row.partner for p in pack.listed(name)], "sum": str(pack.sum(name))} for name in LISTS},
    }


def print_report(made: Made) -> None:
    """8.2: sums by month and kind, and the totals."""
    heading, report = made.heading, made.report
    table = Table("payments", "month", "for", Column("number", justify="right"), Column("sum", justify="right"))
    for one in report.sums:
        words = (heading.word("kind", one.kind), one.month or heading.word("no_month"), heading.word("what", one.what))
        table.add_row(*words, str(one.count), rubles(one.amount))
    console = Console(highlight=False)
    console.print(table if report.sums else "no payments received, expected or possible")
    for kind in KINDS:
        console.print(f"{heading.word('kind', kind)}: {rubles(report.total(kind))}")


def print_pack(made: Made) -> None:
    """8.1: the four lists with their sums, and what is missing for whom."""
    heading, pack, console = made.heading, made.pack, Console(highlight=False)
    for name in LISTS:
        total = f", {rubles(pack.sum(name))}" if name != "urgent" else ""
        console.print(f"{heading.word('list', name)}: {len(pack.listed(name))}{total}")
        for partner in pack.listed(name):
            console.print(f"  {partner.row.partner}  {partner.row.name}", markup=False)
    table = Table("partner", "name", "next activity", "overdue", "missing")
    for partner in pack.unprepared:
        missing = "; ".join(heading.word("gap", gap) for gap in partner.gaps)
        table.add_row(
            partner.row.partner, partner.row.name, heading.word("activity", partner.activity), ", ".join(partner.overdue), missing
        )
    console.print(f"{len(pack.partners)} partners; something is missing for {len(pack.unprepared)}")
    if pack.unprepared:
        console.print(table)


def print_partners(lines: Sequence[PartnerLine], now: datetime) -> None:
    """A table of partners; a next activity that lies in the past is marked."""
    table = Table("partner", "name", "manager", "last contact (UTC)", "next activity (UTC)", "state noted (UTC)")
    for one in lines:
        late = " overdue" if one.next_activity_at is not None and one.next_activity_at < now else ""
        instants = (_at(one.last_contact_at), _at(one.next_activity_at) + late, _at(one.noted_at))
        table.add_row(one.partner, one.name, one.manager, *instants)
    Console().print(table if lines else "no such partners")


def print_payments(lines: Sequence[UndecidedPayment]) -> None:
    """A table of payments that wait for finance."""
    table = Table("payment", "posted (UTC)", Column("sum", justify="right"), Column("left", justify="right"), "verdict", "why", "invoices")
    for one in lines:
        sums = (f"{one.amount} {one.currency}", str(one.left))
        table.add_row(one.reference, _at(one.posted_at), *sums, one.verdict, ", ".join(one.why), ", ".join(one.candidates))
    Console().print(table if lines else "no payment waits for finance")


def partner_json(line: PartnerLine) -> dict[str, Any]:
    """A partner for programs; instants in UTC."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in vars(line).items()}


def payment_json(line: UndecidedPayment) -> dict[str, Any]:
    """A payment for programs; sums are texts, so that they stay exact."""
    lists = {"why": list(line.why), "candidates": list(line.candidates)}
    return {**vars(line), **lists, "posted_at": line.posted_at.isoformat(), "amount": str(line.amount), "left": str(line.left)}


def _at(value: datetime | None) -> str:
    return "–" if value is None else f"{value:%Y-%m-%d %H:%M}"
