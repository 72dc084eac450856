"""What a service centre's case says: notices to the centre and its head, to the sales support service, and the words in them."""

from __future__ import annotations

from datetime import datetime

from regulations.catalogue import text
from regulations.lead.centre import CentreState
from regulations.lead.effects import ProposalAnswer, ProposalQuestion
from regulations.lead.messages import MeasureKind
from regulations.lead.state import SALES_SUPPORT
from regulations.obligations import incident, notice
from regulations.plans import Address

MUTE = frozenset({"objected", "declined"})
"""What the centre is not told of: it has objected itself; nothing happens to it."""


def own_people(state: CentreState) -> None:
    """The centre's addresses are its definition's, whatever the company's configuration knew at the opening."""
    if (opening := state.opening) is None:
        return
    centre, head = state.people
    addresses = {centre: state.begun.email, head: state.begun.head}
    own = {role: Address(email=email, calendar=opening.calendar) for role, email in addresses.items()}
    if any(opening.roles.get(role) != address for role, address in own.items()):
        state.opening = opening.model_copy(update={"roles": {**opening.roles, **own}})


def tell_people(state: CentreState, outcome: str, question: ProposalQuestion, answer: ProposalAnswer, now: datetime) -> None:
    """9.4, 10.1: the centre and its head hear what was decided about them."""
    if outcome in MUTE:
        return
    own_people(state)
    said = text(
        state.language,
        "notice",
        f"measures_{outcome}",
        proposal=question.proposal,
        clause=answer.clause,
        measures=measure_words(state, question.measures),
        lead=answer.lead,
        why=question.reason,
    )
    for role in state.people:
        notice(state, role, "incident", said, key=f"{question.key}#{outcome}", clause=answer.clause, earliest=now)


def tell_support(state: CentreState, key: str, what: str, now: datetime, **values: str) -> None:
    """An incident, and the sales support service hears of it: an objection, a decision that could not be carried out."""
    said = text(state.language, "notice", what, **values)
    incident(state, key, what, now, said)
    notice(state, SALES_SUPPORT, "incident", said, key=key, earliest=now)


def measure_words(state: CentreState, measures: tuple[MeasureKind, ...]) -> str:
    """Measures in words."""
    return ", ".join(text(state.language, "measure", kind) for kind in measures)
