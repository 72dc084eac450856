"""Correcting the registers by a fact that was learnt after its case had ended."""

from __future__ import annotations

from temporalio import activity

from activities import errors
from activities.keyed import database_errors
from activities.planning import Planning
from regulations.corrections import Corrected, ToCorrect
from regulations.handoff.corrections import TOLD_BY, LetterOfBreach, Registered, correct, terms_to_plan
from regulations.handoff.rows import AcceptedClientRow
from regulations.handoff.state import KIND
from regulations.plans import OpeningRequest, PlanRequest
from regulations.rows import BreachRow, CorrectionRow, ObligationRow
from runtime.held_registers import HeldCase, HeldRegisters
from runtime.registers import RegisterRow


class Corrections:
    """Reads what the registers hold of a case, decides, and writes, in one transaction."""

    def __init__(self, registers: HeldRegisters, planning: Planning) -> None:
        """The engine of the registers is closed by whoever made it; planning knows the company's roles and calendars."""
        self._registers = registers
        self._planning = planning

    @activity.defn(name="correct")
    async def correct(self, news: ToCorrect) -> Corrected:
        """Correct the registers of an ended case by one fact; twice is the same as once, and gives the same answer.

        Two facts of one case wait for each other, so that the second is held against what the first has written.

        Args:
            news: The fact, the address of its case, when that ended, and the time of the correction.

        Returns:
            What became of each clause that the fact bears on, and the letter to somebody outside that is left to be sent.

        Raises:
            ApplicationError: ``Unavailable`` or ``Misconfigured`` (repeated by Temporal); ``Invalid`` (for good): the registers hold no
                case of this address.
        """
        opening = await self._planning.open_case(OpeningRequest(regulation=KIND, at=news.now))
        with database_errors():
            async with self._registers.case_at(news.address, until=news.ended_at) as held:
                if held is None:
                    raise errors.permanent("the registers hold no case of this address", type=errors.INVALID)
                registered = await _registered(held)
                terms = terms_to_plan(registered, news.now)
                request = PlanRequest.of(opening, terms)
                correction = correct(registered, news, opening, await self._planning.plan(request))
                await held.write([RegisterRow(row.table, row.model_dump(exclude={"table"})) for row in correction.rows])
        return correction.corrected


async def _registered(held: HeldCase) -> Registered:
    return Registered(
        case_uid=held.case.case_uid,
        edition=held.case.edition,
        decided_at=held.case.decided_at,
        highest_seq=await held.highest_seq(),
        obligations=[ObligationRow.model_validate(row) for row in await held.rows("obligations")],
        breaches=[BreachRow.model_validate(row) for row in await held.rows("breaches")],
        clients=[AcceptedClientRow.model_validate(row) for row in await held.rows("accepted_clients")],
        corrections=[CorrectionRow.model_validate(row) for row in await held.rows("corrections")],
        letters=[
            LetterOfBreach(key=sent.key, message_id=sent.message_id, subject=sent.subject, recipients=sent.recipients)
            for sent in await held.letters(TOLD_BY)
        ],
    )
