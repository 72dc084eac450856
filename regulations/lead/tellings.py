"""What a lead says: the letter about a hot lead, notices to everybody else, and the words in them."""

from __future__ import annotations

from datetime import datetime

from regulations import breaches
from regulations.breaches import tell_inside
from regulations.case import UNMET, Obligation, Tell
from regulations.catalogue import text
from regulations.effects import Letter
from regulations.lead.duties import of_round
from regulations.lead.state import KIND, LeadState, Status, centre_role, manager_role
from regulations.plans import ui_link
from regulations.rows import NoticeKind

ASSIGNED = "lead/assigned"
"""3.3, 5.2.1: a hot lead has arrived."""
KINDS: dict[str, NoticeKind] = breaches.KINDS | {"blocked": "ended", "deleted": "ended", "passed": "ended"}
"""What is told → kind of notice; everything else is an incident."""


def say(state: LeadState, now: datetime) -> list[Letter]:
    """Hands on every telling as a notice (rounds keep the hours), and gives the letters that go at once."""
    tells, state.tells = state.tells, []
    letters: list[Letter] = []
    for tell in tells:
        if tell.what == ASSIGNED:
            letters += _tell_of_hot(state, tell, now)
        else:
            tell_inside(state, _filled(state, tell), now, KINDS)
    return letters


def _filled(state: LeadState, tell: Tell) -> Tell:
    """Puts codes into words: the type."""
    if "type" not in tell.values:
        return tell
    words = text(state.language, KIND, "type", str(tell.values["type"]))
    return tell.model_copy(update={"values": {**tell.values, "type": words}})


def _tell_of_hot(state: LeadState, tell: Tell, now: datetime) -> list[Letter]:
    """5.2.1: the centre is told at once of a hot lead, once a round: when it arrives, or when it becomes hot there."""
    if state.temperature != "hot" or state.status is not Status.NEW or state.hot_told == state.round:
        return []  # no longer hot, or being worked on already, or told
    if any(o.plan is None and not o.paused for o in of_round(state)):
        state.tells.append(tell)  # its term is being counted: the letter names it
        return []
    state.hot_told = state.round
    return [assigned(state, now)]


def duty_of_round(state: LeadState) -> Obligation | None:
    """7.2: the unmet duty to take the lead into work that has arrived with this centre; of several that with the earliest term."""
    unmet = [o for o in of_round(state) if o.standing in UNMET]
    return min(unmet, key=lambda o: (o.due is None, o.due or o.started_at), default=None)


def assigned(state: LeadState, now: datetime) -> Letter:
    """The letter about a hot lead: no more of the client than its name; the rest stands behind the links."""
    opening, begun = state.opening, state.begun
    assert opening is not None  # noqa: S101 - taken before anything is decided
    say, duty = state.language, duty_of_round(state)
    roles = [centre_role(state.centre), *([manager_role(state.centre, state.manager)] if state.manager else [])]
    addresses = [opening.roles[role].email for role in roles if role in opening.roles]
    return Letter(
        key=f"{state.uid}#{ASSIGNED}#{state.round}/{state.temperature}",
        template=ASSIGNED,
        language=say,
        to=tuple(dict.fromkeys(addresses)),
        values={
            "company": state.company,
            "centre": opening.centre_name or state.centre,
            "client": begun.client_name,
            "product": begun.product,
            "type": text(say, KIND, "type", state.type),
            "due": duty.due_text if duty is not None else "",
            "link": begun.link or "",
            "ui": ui_link(opening.ui, state.address),
        },
        now=now,
    )
