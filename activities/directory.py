"""Who is told, and in whose working time: the roles of the company's file, and the people of the service centres, kept in a register."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from activities.planning import centre_roles
from regulations.company import Company
from regulations.lead.state import centre_role, head_role, manager_role
from regulations.plans import Address
from runtime.centres import Centre


class Centres(Protocol):
    """The register of service centres."""

    async def all(self) -> list[Centre]: ...


async def with_centres(company: Company, centres: Centres | None) -> Company:
    """The company joined by the people of all service centres; without a register the company alone.

    Raises DatabaseUnavailableError, DatabaseRefusedError.
    """
    return company if centres is None else company.joined(roles_of(await centres.all()))


def roles_of(centres: Iterable[Centre]) -> dict[str, Address]:
    """The roles of all the people of these centres, by role."""
    return {role: address for centre in centres for role, address in centre_roles(centre, centre.managers).items()}


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
