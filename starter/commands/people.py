"""``reglament people`` and ``reglament absence``: who has which role, who is absent, and who stands in."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from starter.commands.command import (
    AWAY,
    JSON_OPTION,
    REFUSED,
    WRONG_USE,
    company_or_fail,
    connected,
    fail,
    instant_or_fail,
    run,
    settings_or_fail,
)

if TYPE_CHECKING:
    from temporalio.client import Client


def people(
    changed: Annotated[
        bool,
        typer.Option("--changed", help="Tell running onboardings that the people of the company's file have changed."),
    ] = False,
    at: Annotated[
        str | None, typer.Option("--at", help="With --changed: the time that a telling named which did not reach all; it goes on there.")
    ] = None,
    as_json: JSON_OPTION = False,
) -> None:
    """List the company's people: id, roles, calendar, and from today on when they are absent and who stands in.

    Workers read the company's file when they start: restart them after a change, then run this with --changed.
    """
    if at is not None and not changed:
        fail(WRONG_USE, "--at goes with --changed")
    run(_changed(at, as_json) if changed else _people(as_json))


def absence(
    person: Annotated[str, typer.Argument(help="Who is absent: a person of the company's file, by id.")],
    first: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The first day, e.g. 2026-08-03.")],
    last: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The last day; it is included.")],
    deputy: Annotated[
        str | None, typer.Option("--deputy", help="Who stands in, by id: has all roles meanwhile and gets the letters.")
    ] = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="The absence with these days is none; what the deputy did stands.")] = False,
    as_json: JSON_OPTION = False,
) -> None:
    """Enter an absence, or cancel one; running onboardings are told at once. The same again changes nothing and tells whoever is left."""
    if cancel == (deputy is not None):
        fail(WRONG_USE, "name who stands in with --deputy, or take the absence back with --cancel")
    run(_absence(person, first.date(), last.date(), deputy, as_json))


async def _people(as_json: bool) -> int:
    from regulations.time.working_time import working_time
    from starter.people import listed, print_people

    settings = settings_or_fail()
    company = company_or_fail(settings)
    today = working_time(company.calendars["company"]).local(datetime.now(UTC)).date()
    found = await listed(settings.database_url.get_secret_value(), company, today)
    if as_json:
        print(json.dumps([line.json() for line in found], ensure_ascii=False))
    else:
        print_people(found)
    return 0


async def _changed(given: str | None, as_json: bool) -> int:
    at = instant_or_fail(company_or_fail(settings_or_fail()), given).astimezone(UTC)
    _, client = await connected()
    return await _tell(client, at, {}, as_json)


async def _absence(person: str, first: date, last: date, deputy: str | None, as_json: bool) -> int:
    from regulations.absences import AbsenceRefused
    from runtime.absences import AbsenceLine
    from starter.people import cancel, enter

    settings, client = await connected()  # first: an absence that nobody could be told of is better not entered
    url, at = settings.database_url.get_secret_value(), datetime.now(UTC)
    done: dict[str, Any] = {"person": person, "first": first.isoformat(), "last": last.isoformat(), "deputy": deputy}
    try:
        if deputy is None:
            await cancel(url, person, first, last)
        else:
            at = await enter(url, company_or_fail(settings), AbsenceLine(person, first, last, deputy), at)
    except AbsenceRefused as e:
        fail(REFUSED, str(e))
    if not as_json:
        stands_in = f"absent from {first} to {last}: {deputy} stands in" if deputy else f"not absent from {first} to {last}"
        print(f"{person} is {stands_in}")
    return await _tell(client, at, done, as_json)


async def _tell(client: Client, at: datetime, done: dict[str, Any], as_json: bool) -> int:
    from starter.people import answers_json, print_answers, tell
    from starter.telling import Answer

    answers = await tell(client, at)
    if as_json:
        print(json.dumps(done | {"onboardings": answers_json(answers, at)}, ensure_ascii=False))
    else:
        print_answers(answers)
    if away := answers[Answer.AWAY]:
        fail(AWAY, f"{away} onboardings did not answer: is a worker running? Then: reglament people --changed --at {at.isoformat()}")
    return 0
