"""The command `reglament deadline`: when is a term due, and why.

Light on purpose: it needs no server, no database and no settings, and a batch of it starts in a fraction of a second.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from starter.commands.named_calendars import DEFAULT

if TYPE_CHECKING:
    from regulations.time.calendar_spec import CalendarSpec
    from regulations.time.deadline_trace import Trace
    from regulations.time.working_time import Pause

WRONG_USE = 2


def deadline(
    term: Annotated[str | None, typer.Argument(help="The term, for example '24 working hours' or '12:00 next working day'.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="The start, for example 2026-11-21T15:00; local to the calendar without an offset.")
    ] = None,
    calendar: Annotated[str | None, typer.Option(help=f"A calendar by name, such as ua-kyiv or kz-almaty. (default: {DEFAULT})")] = None,
    calendars: Annotated[Path | None, typer.Option(help="A TOML file with calendars of your own, one table each.")] = None,
    tz: Annotated[str | None, typer.Option(help="Instead of --calendar: an IANA zone, for example Europe/Moscow.")] = None,
    country: Annotated[str | None, typer.Option(help="With --tz: whose production calendar counts: RU, UA, KZ, or none.")] = None,
    hours: Annotated[str | None, typer.Option(help="With --tz: the hours of Monday to Friday. (default: 09:00-18:00)")] = None,
    pause: Annotated[list[str] | None, typer.Option(help="A stretch that does not count, START/END; may be given again.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show each interval counted and each day skipped, with the reason.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    batch: Annotated[bool, typer.Option("--batch", help="Answer JSON Lines from standard input, one line each, in order.")] = False,
) -> None:
    """Say when a term is due.

    Prints the due instant in the calendar's zone, its weekday, and `provisional` when a decree to come may change it.

    With --batch each line of standard input is an object: {"id": "x1", "op": "due", "start": "2026-11-20T17:30",
    "term": "3 working hours", "calendar": {"tz": "Europe/Moscow", "country": "RU"}}, or "op": "elapsed" with "end" instead of "term".
    The calendar may have "subdivision", "weekly", "closed", "open", "short_days", "layers", or be a name; a line may have
    "pauses", a list of pairs of start and end. The answer is {"id", "due"} or {"id", "working_seconds"}, with "provisional": true where it
    applies, or {"id", "error"} on the same place. A blank line is a wrong line.
    """
    if batch:
        if term is not None or start is not None or explain or calendar or tz:
            _refuse("--batch takes everything from its lines: leave out the term and --from, --calendar, --tz, --explain")
        from starter.commands.deadline_batch import answer_lines

        raise typer.Exit(answer_lines(calendars))
    if term is None:
        _refuse("the term is missing: reglament deadline '24 working hours' --from 2026-11-21T15:00 (or --batch)")
    if start is None:
        _refuse("--from is missing: give the start, for example --from 2026-11-21T15:00")
    from regulations.time.working_time import working_time  # after the checks: wrong use is answered at once

    try:
        watch = working_time(_spec(calendar, calendars, tz, country, hours))
        trace = watch.explain(term, _time("--from", start), [_pause(text) for text in pause or ()]) if explain else None
        due = watch.due(term, _time("--from", start), [_pause(text) for text in pause or ()])
    except ValueError as error:
        _refuse(str(error))
    if as_json:
        import json

        answer = {"due": due.at.isoformat(), "weekday": f"{due.at:%A}", "provisional": due.provisional, "calendar": watch.version}
        typer.echo(json.dumps(answer if trace is None else answer | {"trace": trace.to_json()}, ensure_ascii=False))
        return
    if trace is not None:
        _show(trace)
    typer.echo(f"{due.at.isoformat()} {due.at:%A}" + (" provisional" if due.provisional else ""))


def _spec(calendar: str | None, calendars: Path | None, tz: str | None, country: str | None, hours: str | None) -> CalendarSpec:
    from regulations.time.calendar_spec import CalendarSpec
    from starter.commands.named_calendars import named_calendar

    if tz is None:
        if country is not None or hours is not None:
            _refuse("--country and --hours describe a calendar together with --tz: add --tz, or use --calendar NAME alone")
        return named_calendar(calendar or DEFAULT, calendars)
    if calendar is not None:
        _refuse("--calendar and --tz are two ways to say the same: leave one out")
    if country is None:
        _refuse("--country is missing: add --country RU, UA or KZ, or --country none when only the weekly hours count")
    return CalendarSpec.simple(tz, None if country.lower() == "none" else country.upper(), hours or "09:00-18:00")


def _time(option: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        _refuse(f"{option} is {text[:60]!r}: give a time such as 2026-11-21T15:00 or 2026-11-21T15:00:00+03:00")


def _pause(text: str) -> Pause:
    from regulations.time.working_time import Pause

    start, slash, end = text.partition("/")
    if not slash:
        _refuse(f"--pause is {text[:60]!r}: give START/END, for example 2026-11-23T10:00/2026-11-23T12:00")
    return Pause(_time("--pause", start), _time("--pause", end))


def _show(trace: Trace) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{trace.term} from {trace.start:%a} {trace.start.isoformat(sep=' ')}", caption=trace.calendar)
    for heading in ("day", "time", "counted", "why"):
        table.add_column(heading, no_wrap=heading != "why")
    for step in trace.steps:
        table.add_row(f"{step.day:%a} {step.day}", step.stretch, trace.shown_amount(step), step.reason)
    Console().print(table)


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(WRONG_USE)
