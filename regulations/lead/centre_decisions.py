"""What a service centre's case does now: the pure decision over its state and the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from regulations.catalogue import text
from regulations.effects import CaseMessageToTell
from regulations.lead.centre import KIND, CentreState, Stage, quarter_wait
from regulations.lead.centre_tellings import own_people
from regulations.lead.effects import ProposalQuestion
from regulations.lead.rows import CentreRow


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: CentreState
    settle: ProposalQuestion | None = None
    """To be settled in the register of measures."""
    tell: list[CaseMessageToTell] = field(default_factory=list)
    """For leads."""
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return bool(self.settle or self.tell)


def decide(before: CentreState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is."""
    state = before.model_copy(deep=True)
    decision = Decision(state)
    own_people(state)
    _end_quarters(state, now)
    if state.asking is None and state.questions:
        decision.settle = state.questions[0]
        state.asking = decision.settle.key
    decision.tell, state.to_tell = state.to_tell, []
    _register(state, now)
    _next(state, decision, now)
    return decision


def _end_quarters(state: CentreState, now: datetime) -> None:
    """9.1.2: a quarter that is over has its measure lapse, unless an objection suspends it or is about to."""
    for proposal, taken in state.measures.items():
        wait = state.waits.get(quarter_wait(proposal))
        over = wait is not None and wait.plan is not None and wait.verified and now >= wait.plan.due
        if not over or taken.suspended or any(q.proposal == proposal for q in state.questions):
            continue
        state.questions.append(
            ProposalQuestion(
                key=f"lapse/{proposal}/{state.next_seq()}",
                centre=state.code,
                proposal=proposal,
                what="lapse",
                reason=text(state.language, KIND, "quarter_over"),
                by="case",
                now=now,
            )
        )


def _register(state: CentreState, now: datetime) -> None:
    """Keeps stage and register row: what distribution asks before it assigns."""
    holding = list(state.holding(now))
    kinds = {kind for _, _, kind in holding}
    left_out = bool(kinds & {"left_out_for_good", "left_out_for_quarter"})
    state.stage = Stage.DISCONNECTED if "disconnect" in kinds else Stage.LEFT_OUT if left_out else Stage.ACTIVE
    until = None
    if left_out and "left_out_for_good" not in kinds:
        ends = [state.quarter(proposal) for proposal, _, kind in holding if kind == "left_out_for_quarter"]
        if None in ends:
            return  # written once its end has been counted
        until = max(end for end in ends if end is not None)
    closed = {taken.product for _, taken, kind in holding if kind == "close_product"}
    definition, known = state.begun, state.row
    row = CentreRow(
        seq=known.seq if known is not None else 0,
        code=state.code,
        name=definition.name,
        zone=definition.zone,
        email=definition.email,
        head=definition.head,
        managers=tuple((m.id, m.name, m.email) for m in definition.managers),
        products=tuple(product for product in definition.products if product not in closed),
        left_out=left_out,
        left_out_until=until,
        disconnected="disconnect" in kinds,
        version=state.version,
    )
    if row != known:
        state.version += 1
        state.row = row.model_copy(update={"seq": state.next_seq(), "version": state.version})
        state.put(state.row)


def _next(state: CentreState, decision: Decision, now: datetime) -> None:
    """The earliest end of a quarter at which the case must be awake, and the words for its timer."""
    ends: list[tuple[datetime, str]] = []
    for proposal, taken in state.measures.items():
        wait = state.waits.get(quarter_wait(proposal))
        if wait is not None and wait.plan is not None and not taken.suspended and wait.plan.due > now:
            what = text(state.language, KIND, "wait", lead=taken.lead)
            ends.append((wait.plan.due, text(state.language, "timer", "wait", what=what, due=wait.plan.due_text)))
    if ends:
        decision.wake_at, decision.wake_for = min(ends)
