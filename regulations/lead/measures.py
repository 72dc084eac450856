"""9.4, 10.1: what a decision or an objection makes of a proposal of measures. Pure: the register's row in, its changes out.

Proposed → decided or declined; decided → lifted, lapsed with its quarter; an objection stands beside the state and suspends everything
until it is decided: upheld, the proposal is withdrawn; rejected, it is as before.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from regulations.case import Refusal
from regulations.lead.distribution import CentrePolicy, check_centre_takes
from regulations.lead.effects import ProposalAnswer, ProposalQuestion, Refused
from regulations.lead.messages import MeasureKind

LASTING: tuple[MeasureKind, ...] = ("left_out_for_quarter", "left_out_for_good", "close_product", "disconnect")
"""What stays in force against the centre; the other measures are done to the lead, once."""
FINED = "8.2.1"
"""The one clause with a fine (9.2)."""

ProposalState = Literal["decided", "declined", "withdrawn", "lifted", "lapsed"]


class Proposed(BaseModel):
    """A proposal as the register has it. Instants are aware, UTC."""

    model_config = ConfigDict(frozen=True)

    key: str
    clause: str
    centre: str
    product: str
    lead: str
    lead_uid: str
    allows: tuple[MeasureKind, ...]
    state: ProposalState | None = None
    """None: no decision yet."""
    objected_at: datetime | None = None
    objection: str | None = None
    objection_ended_at: datetime | None = None
    taken: tuple[MeasureKind, ...] = ()
    moved_to: str | None = None
    fine: Decimal | None = None
    ruled_at: datetime | None = None
    ruled_by: str | None = None
    reason: str | None = None
    history: tuple[str, ...] = ()
    """What has been settled so far, in order."""

    @property
    def suspended(self) -> bool:
        """Whether an objection is open."""
        return self.objected_at is not None and self.objection_ended_at is None

    @property
    def in_force(self) -> tuple[MeasureKind, ...]:
        """What holds against the centre now."""
        return () if self.state != "decided" or self.suspended else self.lasting

    @property
    def lasting(self) -> tuple[MeasureKind, ...]:
        """What was taken and has no end of its own, or not yet."""
        over = {"left_out_for_quarter"} if "lapse" in self.history else set()
        return tuple(kind for kind in self.taken if kind in LASTING and kind not in over)

    @property
    def objection_rejected(self) -> bool:
        """Whether the last decision, or the proposal without one, has been objected to in vain."""
        last = max((i for i, what in enumerate(self.history) if what == "decide"), default=-1)
        return "reject" in self.history[last + 1 :]


def rule(found: Proposed, question: ProposalQuestion, receiver: CentrePolicy | None) -> tuple[Proposed, ProposalAnswer]:
    """The proposal after the message, and the answer; the proposal is the same where the message cannot be taken.

    Args:
        found: The proposal, of this very centre.
        question: What is to be settled.
        receiver: The centre that ``question.to`` names; None: it names none, or nobody has defined it.
    """
    match question.what:
        case "decide":
            outcome = _decide(found, question, receiver)
        case "object":
            outcome = _object(found, question)
        case "uphold":
            outcome = _uphold(found, question)
        case "reject":
            outcome = _reject(found, question)
        case "lift":
            outcome = _lift(found, question)
        case "lapse":
            outcome = _lapse(found)
    after = found
    if isinstance(outcome, Proposed):
        after = outcome.model_copy(update={"history": (*found.history, question.what)})
        after = after if question.what != "lapse" or after.lasting else after.model_copy(update={"state": "lapsed"})
    answer = ProposalAnswer(
        result="settled" if isinstance(outcome, Proposed) else outcome,
        clause=after.clause,
        lead=after.lead,
        lead_uid=after.lead_uid,
        product=after.product,
        in_force=after.in_force,
    )
    return after, answer


def _decide(found: Proposed, question: ProposalQuestion, receiver: CentrePolicy | None) -> Proposed | Refused:
    if found.state is not None:
        return "already_decided"
    if found.suspended:
        return "objection_open"
    if not set(question.measures) <= set(found.allows) or (question.fine is not None and found.clause != FINED):
        return "not_allowed"
    if question.to is not None:
        if receiver is None:
            return "unknown_centre"
        try:
            check_centre_takes(receiver, found.product, "given", question.now)
        except Refusal:
            return "unfit_centre"
    return found.model_copy(
        update={
            "state": "decided" if question.measures or question.fine is not None else "declined",
            "taken": _once(question.measures),
            "moved_to": question.to,
            "fine": question.fine,
            **_ruled(question),
        }
    )


def _object(found: Proposed, question: ProposalQuestion) -> Proposed | Refused:
    if found.state not in (None, "decided"):
        return "not_in_force"
    if found.suspended:
        return "objection_open"
    if found.objection_rejected:
        return "already_objected"
    return found.model_copy(update={"objected_at": question.now, "objection": question.reason, "objection_ended_at": None})


def _uphold(found: Proposed, question: ProposalQuestion) -> Proposed | Refused:
    if not found.suspended:
        return "no_objection"
    return found.model_copy(update={"state": "withdrawn", "objection_ended_at": question.now, **_ruled(question)})


def _reject(found: Proposed, question: ProposalQuestion) -> Proposed | Refused:
    if not found.suspended:
        return "no_objection"
    return found.model_copy(update={"objection_ended_at": question.now})


def _lift(found: Proposed, question: ProposalQuestion) -> Proposed | Refused:
    if found.state != "decided" or not found.lasting:
        return "not_in_force"
    ended = question.now if found.suspended else found.objection_ended_at
    return found.model_copy(update={"state": "lifted", "objection_ended_at": ended, **_ruled(question)})


def _lapse(found: Proposed) -> Proposed | Refused:
    if found.suspended:
        return "objection_open"
    return found if "left_out_for_quarter" in found.in_force else "not_in_force"


def _ruled(question: ProposalQuestion) -> dict[str, object]:
    return {"ruled_at": question.now, "ruled_by": question.by, "reason": question.reason}


def _once(measures: Iterable[MeasureKind]) -> tuple[MeasureKind, ...]:
    return tuple(dict.fromkeys(measures))
