"""``reglament visa`` and ``reglament service``: onboarding and service for people who have no CRM to tell it from."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from starter.commands import by_hand
from starter.commands.command import JSON_OPTION, WRONG_USE, company_or_fail, fail, instant_or_fail, run, settings_or_fail

ByOption = Annotated[str, typer.Option("--by", help="Who does it: an id of the company's people.")]
RemarkOption = Annotated[str, typer.Option("--remark", help="A remark.")]
VisitOption = Annotated[str | None, typer.Option("--id", help="The visit's id; made of client and time by default.")]
MinutesOption = Annotated[int | None, typer.Option("--minutes", min=1, max=1440, help="How long it takes.")]


def visa(
    contract: Annotated[str, typer.Argument(help="The contract, e.g. K-204.")],
    item: Annotated[str, typer.Argument(help="The item of the slip: 2.1 to 2.7.")],
    by: ByOption,
    file: Annotated[
        list[Path] | None, typer.Option("--file", help="A document; may come again.", exists=True, dir_okay=False, readable=True)
    ] = None,
    refuse: Annotated[str | None, typer.Option("--refuse", help="Refuse the item, for this reason: it goes back to its author.")] = None,
    withdraw: Annotated[str | None, typer.Option("--withdraw", help="Take the visa back, for this reason.")] = None,
    mended: Annotated[bool, typer.Option("--mended", help="As its author: what was refused has been mended.")] = False,
    remark: RemarkOption = "",
    at: by_hand.AT_OPTION = None,
    as_json: JSON_OPTION = False,
) -> None:
    """Give a visa of a client's slip (onboarding 2.1 to 2.7); refuse its item, withdraw it, or say that the item has been mended.

    The role is the one that the item needs; whoever has not got it, and stands in for nobody who has, is refused. reglament case
    onboarding/CONTRACT shows what is missing.
    """
    from regulations.onboarding.case import AUTHORS, ITEMS, OWNERS
    from runtime.uploads import LARGEST

    if item not in ITEMS:
        fail(WRONG_USE, f"the slip has no item {item}: name one of {', '.join(ITEMS)}")
    if sum((refuse is not None, withdraw is not None, mended)) > 1:
        fail(WRONG_USE, "say one thing: --refuse, --withdraw or --mended; without any of them the visa is given")
    reason = refuse if refuse is not None else withdraw
    if reason is not None and (file or remark):
        fail(WRONG_USE, "--file and --remark go with a visa that is given, or with --mended")
    what = "visa_refused" if refuse is not None else "visa_withdrawn" if withdraw is not None else "item_mended" if mended else "visa_given"
    role = AUTHORS[item] if mended else OWNERS[item][0]
    data: dict[str, Any] = {"contract": contract, "item": item, "by": {"id": by, "role": role}}
    data |= {"reason": reason} if reason is not None else {"remark": remark} if remark else {}
    files = [by_hand.read(one, LARGEST, "send what is needed of it") for one in file or ()]
    run(by_hand.tell(f"onboarding.{what}", f"onboarding/{contract}", data, _at(at), as_json, files=files, mark=item))


service = typer.Typer(
    no_args_is_help=True,
    help="Service: a manager's clients with what is due next (onboarding 4), its visits, its reports and plans.",
)


@service.command("clients")
def service_clients(
    manager: Annotated[str | None, typer.Option("--manager", help="Only the clients of this manager.")] = None,
    as_json: JSON_OPTION = False,
) -> None:
    """List the clients that are served, by what is due first: updates (4.1), payments (4.3), certificates (4.2)."""
    run(_clients(manager, as_json))


@service.command("visit")
def service_visit(
    client: Annotated[str, typer.Argument(help="The client, by its id, e.g. c-18.")],
    by: ByOption,
    updated: Annotated[bool, typer.Option("--updated/--not-updated", help="Whether the system was updated (4.1).")],
    update_set: Annotated[str | None, typer.Option("--set", help="What was updated; the contract's set by default.")] = None,
    material: Annotated[list[str] | None, typer.Option("--material", help="What the users were given (4.7); may come again.")] = None,
    minutes: MinutesOption = None,
    remark: RemarkOption = "",
    id: VisitOption = None,
    at: by_hand.AT_OPTION = None,
    as_json: JSON_OPTION = False,
) -> None:
    """4.1, 4.7: enter a visit that was made. A visit that was planned is entered under the id of its plan."""
    made_at = _at(at)
    data = {
        "client": client,
        "visit": id or _visit(client, made_at),
        "updated": updated,
        "update_set": update_set,
        "materials": material,
        "minutes": minutes,
        "remark": remark,
    }
    run(_tell("service-plan.visit_made", f"service-plan/{client}", data, by, made_at, as_json))


@service.command("plan")
def service_plan(
    manager: Annotated[str, typer.Argument(help="The client manager, by id, e.g. u41.")],
    client: Annotated[str, typer.Argument(help="The client, by its id, e.g. c-18.")],
    when: Annotated[str, typer.Argument(help="When it begins, e.g. 2026-11-24T10:00, in the company's zone unless it has an offset.")],
    minutes: MinutesOption = None,
    purpose: Annotated[str | None, typer.Option("--purpose", help="What for.")] = None,
    id: VisitOption = None,
    as_json: JSON_OPTION = False,
) -> None:
    """4.4.2: plan a visit; it stands in the plans of its day, week and month. The same --id again moves it."""
    begins = _at(when, "WHEN")
    data = {"manager": manager, "visit": id or _visit(client, begins), "client": client, "at": begins.isoformat()}
    more = {"minutes": minutes, "purpose": purpose}
    run(_tell("service-diary.visit_planned", f"service-diary/{manager}", {**data, **more}, manager, datetime.now(UTC), as_json))


@service.command("confirm")
def service_confirm(
    manager: Annotated[str, typer.Argument(help="The client manager, by id, e.g. u41.")],
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The working day; with --paper the first day of the paper.")],
    paper: Annotated[
        str | None, typer.Option("--paper", help="Only this one: day_report, day_plan, week_plan or month_plan; all of the day by default.")
    ] = None,
    remark: RemarkOption = "",
    as_json: JSON_OPTION = False,
) -> None:
    """4.4: confirm, as the manager, the report and the plans of a day: they go to the group head."""
    data = {"manager": manager, "paper": paper, "first": f"{day:%Y-%m-%d}", "remark": remark}
    run(_tell("service-diary.paper_confirmed", f"service-diary/{manager}", data, manager, datetime.now(UTC), as_json))


# --- what they share ------------------------------------------------------------------------------------------------


def _at(given: str | None, option: str = "--at") -> datetime:
    return instant_or_fail(company_or_fail(settings_or_fail()), given, option)


def _visit(client: str, at: datetime) -> str:
    """The id of a visit that got none: the same visit entered twice is one."""
    return f"{client[:49]}-{at.astimezone(UTC):%Y%m%dT%H%M}"


async def _tell(type: str, address: str, data: dict[str, Any], by: str, at: datetime, as_json: bool) -> int:
    """As the client manager; what was not said is left out."""
    from regulations.onboarding.case import CLIENT_MANAGER

    said = {name: value for name, value in data.items() if value not in (None, "")}
    return await by_hand.tell(type, address, {**said, "by": {"id": by, "role": CLIENT_MANAGER}}, at, as_json)


async def _clients(manager: str | None, as_json: bool) -> int:
    from starter import served_clients

    found = await served_clients.listed(settings_or_fail().database_url.get_secret_value(), manager)
    if as_json:
        print(json.dumps([served_clients.client_json(line) for line in found], ensure_ascii=False))
    else:
        served_clients.print_clients(found, datetime.now(UTC))
    return 0
