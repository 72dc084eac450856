"""Who is told, and in whose working time: the roles of the company's file, and people of service centres and clients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from activities.planning import centre_roles
from regulations.company import Company
from regulations.lead.state import centre_role, head_role, manager_role
from regulations.plans import Address, control_name
from regulations.replacement.watch_state import MANAGER
from runtime.centres import Centre
from runtime.watches import RunningWatch


class Centres(Protocol):
    """The register of service centres."""

    async def all(self) -> list[Centre]: ...


class Watches(Protocol):
    """The register of watches over tariffs."""

    async def running(self) -> list[RunningWatch]: ...


async def with_registers(company: Company, centres: Centres | None, watches: Watches | None) -> Company:
    """The company joined by the people of all service centres, and the managers of the clients whose leads are watched; without a register
    by nobody of it.

    Raises DatabaseUnavailableError, DatabaseRefusedError.
    """
    of_centres = roles_of(await centres.all()) if centres is not None else {}
    of_clients = managers_of(await watches.running()) if watches is not None else {}
    return company.joined({**of_centres, **of_clients})


def roles_of(centres: Iterable[Centre]) -> dict[str, Address]:
    """The roles of all the people of these centres, by role."""
    return {role: address for centre in centres for role, address in centre_roles(centre, centre.managers).items()}


def managers_of(watches: Iterable[RunningWatch]) -> dict[str, Address]:
    """The managers of these clients, by role; their working time is the control time of the client's zone."""
    return {f"{MANAGER}:{w.account}/{w.period}": Address(email=w.manager, calendar=control_name(w.zone)) for w in watches}


def answered_for(company: Company) -> dict[str, tuple[str, ...]]:
    """By address the roles whose overdue duties stand in its digest: its own; of the head of a centre also those of the centre's people."""
    found: dict[str, tuple[str, ...]] = {}
    people: dict[str, list[str]] = {}
    for role in company.roles:
        code, _, manager = role.partition(":")[2].partition("/")
        if role in (centre_role(code), manager_role(code, manager)):
            people.setdefault(head_role(code), []).append(role)
    for recipient, roles in company.recipients().items():
        found[recipient] = tuple(dict.fromkeys(r for role in roles for r in (role, *people.get(role, ()))))
    return found
