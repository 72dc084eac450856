"""Measures against service centres: what a decision or an objection makes of a proposal, settled once in the register."""

from __future__ import annotations

from temporalio import activity

from activities.keyed import database_errors
from regulations.lead.effects import ProposalAnswer, ProposalQuestion
from regulations.lead.measures import Proposed, rule
from runtime.measures import Measure, MeasureRegister


class Measures:
    """Settles what is decided about proposals."""

    def __init__(self, register: MeasureRegister) -> None:
        """The engine of the register is closed by whoever made it."""
        self._register = register

    @activity.defn(name="settle_proposal")
    async def settle_proposal(self, question: ProposalQuestion) -> ProposalAnswer:
        """9.4, 10.1: settle a message about a proposal. The same message again has the same answer, whatever has been settled since.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal) or ``Invalid`` (for good).
        """
        with database_errors():
            async with self._register.held(question.proposal) as held:
                if held is None or held.measure.centre != question.centre:
                    return ProposalAnswer(result="unknown")
                settled = dict(held.measure.settled or {})
                if (known := settled.get(question.key)) is not None:
                    return ProposalAnswer.model_validate(known["answer"])
                found = proposed(held.measure)
                after, answer = rule(found, question, None if question.to is None else await held.centre(question.to))
                settled[question.key] = {
                    "what": question.what,
                    "at": question.now.isoformat(),
                    "by": question.by,
                    "reason": question.reason,
                    "answer": answer.model_dump(mode="json"),
                }
                changes = after.model_dump(include=set(_WRITTEN))
                await held.write({**changes, "taken": list(after.taken) or None, "settled": settled})
                return answer


_WRITTEN = (
    *("state", "objected_at", "objection", "objection_ended_at"),
    *("moved_to", "fine", "ruled_at", "ruled_by", "reason"),
)


def proposed(measure: Measure) -> Proposed:
    """A row of the register as the rules take it."""
    kept = {name: getattr(measure, name) for name in ("key", "clause", "centre", "product", *_WRITTEN)}
    history = [known["what"] for known in (measure.settled or {}).values() if known["answer"]["result"] == "settled"]
    own = {"lead": measure.address, "lead_uid": measure.case_uid, "allows": measure.allows, "taken": measure.taken or ()}
    return Proposed.model_validate({**kept, **own, "history": history})
