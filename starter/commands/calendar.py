"""``reglament calendar``: what calendars say of each day, and publishing a changed one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from starter.commands.command import AWAY, JSON_OPTION, REFUSED, WRONG_USE, connected, fail, run, settings_or_fail

if TYPE_CHECKING:
    from regulations.time.working_time import WorkingTime
    from runtime.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Calendars of working time: what they say of each day, publishing a changed one.")


@app.command("show")
def calendar_show(
    name: Annotated[str | None, typer.Argument(help="A calendar of the company, a built-in one, or control/ZONE; none: list them.")] = None,
    year: Annotated[int | None, typer.Option(min=1, max=9999, help="The year; the present one when not given.")] = None,
    month: Annotated[int | None, typer.Option(min=1, max=12, help="Only this month, day by day.")] = None,
    as_json: JSON_OPTION = False,
) -> None:
    """Show a calendar: its hours, and each day off, shortened or moved day with the reason, its source and its layer."""
    from regulations.company import CompanyError
    from regulations.time.calendar_spec import CalendarError
    from starter.commands.calendar_days import show

    try:
        show(name, year, month, file=settings_or_fail().company, as_json=as_json)
    except (CalendarError, CompanyError) as e:
        fail(WRONG_USE, str(e))


@app.command("publish")
def calendar_publish(
    name: Annotated[str, typer.Argument(help="A calendar of the company, control/ZONE, or control: of every zone that needs one.")],
    rate: Annotated[float, typer.Option(min=0.1, max=1000, help="Cases told a second, at most.")] = 20,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what has changed and whom it concerns.")] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Publish a calendar that has changed: the open terms that depend on a changed day are counted anew, from their original start.

    To be run after the workers were restarted with the new data. A breach is withdrawn where the day that made it one is a day off now.
    Interrupted, the same command goes on where it was; run again, it changes nothing.
    """
    run(_calendar_publish(name, rate, dry_run, as_json))


async def _calendar_publish(name: str, rate: float, dry_run: bool, as_json: bool) -> int:
    from regulations.company import CompanyError
    from regulations.time.calendar_spec import CalendarError
    from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
    from starter import publication
    from starter.commands.calendar_days import company_calendar
    from starter.control_times import to_publish

    settings = settings_or_fail()
    try:
        for one in await to_publish(name, settings):
            await _publish(one, company_calendar(one, settings.company), settings, rate, dry_run, as_json)
    except (CompanyError, CalendarError) as e:
        fail(WRONG_USE, str(e))
    except (publication.NeverPublished, publication.VersionKept, publication.WorkersBehind) as e:
        fail(REFUSED, str(e))
    except publication.NothingMoves as e:
        fail(AWAY, str(e))
    except (DatabaseUnavailableError, DatabaseRefusedError) as e:
        fail(AWAY, f"the database cannot be used ({e}); publish again once it is back: it goes on where it was")
    return 0


async def _publish(name: str, calendar: WorkingTime, settings: Settings, rate: float, dry_run: bool, as_json: bool) -> None:
    from runtime.published_calendars import opened
    from starter import publication
    from starter.commands import publication_words as words
    from starter.telling import Pace

    async with opened(settings.database_url.get_secret_value()) as store:
        found = await publication.compare(store, name, calendar)
        if not found.difference.changed:
            words.print_unchanged(found, as_json=as_json)
            return
        if dry_run:
            await words.print_concerned(store, found, as_json=as_json)
            return
        if not as_json:
            words.print_difference(found)
        _, client = await connected()
        pace = Pace(rate)
        work = publication.Publication(client, store, found, pace=pace, watch=words.ProgressLine())
        words.print_result(words.result(found, await work.run()), as_json=as_json)
