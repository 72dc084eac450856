"""A lead as people read it: the read-out of the `case` query, and the same as Markdown for the Temporal UI."""

from __future__ import annotations

from regulations.case import Fact
from regulations.catalogue import text
from regulations.dates import day_text
from regulations.lead.state import ENDS, KIND, LeadState
from regulations.lead.tellings import duty_of_round
from regulations.read_out import Counts, ReadOut, cell, counts, fact_lines, obligation_lines, pairs, read_case

MOST_PROPOSALS = 5


class LeadResult(Counts):
    """How a lead ended."""

    outcome: str
    centre: str


def read_out(state: LeadState) -> ReadOut:
    """The read-out of the whole case; answered from the state alone."""
    return read_case(state, state.round)


def result(state: LeadState) -> LeadResult:
    """The counts with which a lead ends, and the centre that held it last."""
    return LeadResult(outcome=state.outcome or state.stage, centre=state.centre, **counts(state).model_dump())


def details(state: LeadState) -> str:
    """The lead as Markdown for the Temporal UI: at most 20 obligations and the last 10 facts, in the case's language."""
    client = state.created.client_name if state.created else state.address
    product = state.created.product if state.created else ""
    lines = [f"### {_word(state, 'case', 'title', client=cell(client), product=cell(product))}", _standing(state), "", _whose(state)]
    lines += [f"\n> {hint}" for hint in _hints(state)]
    lines += obligation_lines(state)
    lines += fact_lines(state, lambda f: _note(state, f))
    return "\n".join(lines)


def _word(state: LeadState, *place: str, **values: object) -> str:
    return text(state.language, KIND, *place, **values)


def _standing(state: LeadState) -> str:
    """Status, temperature in its colour, type, edition."""
    return pairs(
        [
            (_word(state, "case", "status"), _word(state, "stage", state.stage)),
            (_word(state, "case", "temperature"), _word(state, "colour", state.temperature) if state.created else ""),
            (_word(state, "case", "type"), _word(state, "type", state.type) if state.created else ""),
            (text(state.language, "case", "edition"), cell(state.opening.edition.id) if state.opening else ""),
        ]
    )


def _whose(state: LeadState) -> str:
    """The centre, and the dates of 3.4."""
    duty = duty_of_round(state)
    dates = {
        "created": state.local(state.begun.happened_at) if state.created else "",
        "arrived": state.local(state.arrived_at) if state.arrived_at else "",
        "take_by": duty.due_text if duty else "",
        "postponed": state.local(state.postponed_until) if state.postponed_until and state.status not in ENDS else "",
        "closed": state.local(state.closed_at) if state.closed_at else "",
    }
    centre = state.opening.centre_name if state.opening and not state.opening_stale else ""
    holder = f"{cell(centre)} ({state.centre})" if centre else state.centre
    people = [(_word(state, "case", "centre"), holder), (_word(state, "case", "manager"), state.manager or "")]
    return pairs(people + [(_word(state, "case", name), value) for name, value in dates.items()])


def _hints(state: LeadState) -> list[str]:
    """What somebody who works on it should know: the booking, what billing contradicts, what is proposed."""
    hints = []
    wait = state.waits.get("booking")
    if state.booked and wait is not None and wait.plan is not None:
        hints.append(_word(state, "case", "booked", until=wait.plan.due_text))
    if state.type_contradicted:
        hints.append(_word(state, "case", "contradicted"))
    if state.planned_on is not None:
        hints.append(_word(state, "case", "planned", day=day_text(state.planned_on)))
    hints += [_word(state, "case", "proposed", key=p.key, clause=p.clause) for p in state.proposals[-MOST_PROPOSALS:]]
    return hints


def _note(state: LeadState, f: Fact) -> str:
    """The note of a fact in words: some facts note codes."""
    match f.what:
        case "Created":
            return _enquiry(state, f.note)
        case "ContactMade" | "TakenIntoWork":
            return _contact(state, f.note)
        case "Postponed":
            until, dot, contact = f.note.partition(". ")
            return until + dot + _contact(state, contact)
        case "TypeChanged":
            return " → ".join(_word(state, "type", code) for code in f.note.split(" → "))
        case "booking_ended":
            return _word(state, "booking", f.note)
        case "incident.type_contradicted":
            return ""  # written for the register; the hint above says it
    return f.note


def _contact(state: LeadState, note: str) -> str:
    """A contact is noted as ``channel: with whom. outcome``."""
    channel, colon, rest = note.partition(": ")
    return _word(state, "channel", channel) + colon + rest


def _enquiry(state: LeadState, note: str) -> str:
    """An enquiry is noted as ``creator centre: type, origin. words of the sender``; one that takes over as ``centre: type``."""
    who, _, said = note.partition(": ")
    creator, _, centre = who.partition(" ")
    codes, dot, rest = said.partition(". ")
    kind, comma, origin = codes.partition(", ")
    whose = f"{_word(state, 'creator', creator)} {centre}".strip()
    return f"{whose}: {_word(state, 'type', kind)}{comma}{_word(state, 'origin', origin)}{dot}{rest}"
