"""A case whose duties are the clauses of one table: who owes each, which persons those are here, and what proves that it was done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from regulations.case import CaseState, Evidence, Obligation
from regulations.obligations import open_obligation, put_obligation, settle_open
from regulations.plans import Edition, OpeningRequest, role_of


class ClauseCase(CaseState):
    """What such a case keeps. The persons who owe its duties are named by their ids in the company's file."""

    owners: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Clause → the role that owes it, the escalation role."""
    evidence: dict[str, Evidence] = {}
    """By obligation key."""

    @property
    def people(self) -> dict[str, str]:
        """The role of each person of the case → the person's id; whoever has a role in general where it is not here."""
        return {}

    @property
    def edition(self) -> Edition:
        if self.opening is None:
            raise LookupError("the case has not been opened")
        return self.opening.edition

    def proof(self, o: Obligation) -> Evidence | None:
        return self.evidence.get(o.key)

    def opening_request(self, now: datetime) -> OpeningRequest:
        return super().opening_request(now).model_copy(update={"people": tuple(sorted(set(self.people.values())))})

    def role(self, role: str) -> str:
        """A role of this case: of the person who has it here, where one is named."""
        person = self.people.get(role)
        return role_of(role, person) if person else role

    def newest(self, clause: str) -> Obligation | None:
        """The newest obligation of a clause."""
        return next((o for o in reversed(self.obligations) if o.clause == clause), None)


def owe(state: ClauseCase, clause: str, started_at: datetime, now: datetime, mark: str = "") -> Obligation:
    """Opens a duty of a clause, once for each ``mark``; without one, once more at every call."""
    owner, escalation = state.owners[clause]
    number = mark or str(sum(o.clause == clause for o in state.obligations) + 1)
    return open_obligation(
        state,
        f"{clause}/{number}",
        clause=clause,
        owner=state.role(owner),
        escalation=escalation,
        started_at=started_at,
        now=now,
        term=state.term(clause),
    )


def prove(state: ClauseCase, o: Obligation | None, at: datetime, key: str, now: datetime) -> None:
    """What a duty demands was done at ``at``, by the fact ``key``; the earliest proof stands."""
    if o is not None:
        known = state.evidence.get(o.key)
        if known is None or at < known.happened_at:
            state.evidence[o.key] = Evidence(happened_at=at, key=key)
    settle_open(state, now)


def hand_over(state: ClauseCase, role: str) -> None:
    """What is not met goes to whoever has a role in this case now, and is reminded of anew."""
    person = state.role(role)
    for o in state.unmet():
        if o.owner.partition(":")[0] == role and o.owner != person:
            o.owner, o.warned = person, False
            put_obligation(state, o, pressing=True)
