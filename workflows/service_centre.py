"""A service centre: what it is, and the measures in force against it. One run for ever, under ``service-centre/{code}``.

Promise: a measure takes effect only on a decision of the sales support service about a proposal (9.4), is settled once in the register of
measures, is suspended while an objection is open (10.1), and ends with its quarter, when it is lifted or when the objection is upheld.
Distribution reads the register row that is written here with every change. The leads of a centre are their own cases.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.measures import Measures
    from activities.tell import CaseTeller
    from regulations.catalogue import text
    from regulations.effects import CaseMessageToTell, Told
    from regulations.lead import centre_facts, messages
    from regulations.lead.centre import KIND, CentreState, Stage
    from regulations.lead.centre_decisions import Decision, decide
    from regulations.lead.centre_narration import details, read_out
    from regulations.lead.effects import ProposalAnswer, ProposalQuestion
    from regulations.read_out import ReadOut
    from workflows import options
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="ServiceCentre")
class ServiceCentre:
    """One service centre."""

    @workflow.init
    def __init__(self, carried: CentreState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = CentreState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=Stage.ACTIVE)
        self.docket: Docket[CentreState, Decision] = Docket(carried or fresh, Rules(centre_facts.apply, decide, details))

    @workflow.run
    async def run(self, carried: CentreState | None = None) -> None:
        """Keeps the centre; it has no end."""
        if self.docket.state.definition is None:  # the definition was refused, or somebody started this by hand
            raise ApplicationError("no definition was accepted: define a centre through a door, with centre.defined", type="Refused")
        while True:
            todo = await self.docket.next()  # a message, an answer, the end of a quarter
            if todo.settle is not None:  # 9.4, 10.1
                self.docket.start(self._settle(todo.settle))
            for message in todo.tell:  # 9.1.1, 9.1.4, 9.2
                self.docket.start(self._tell(message))

    @workflow.query(name="case", description="The read-out: stage, the trail of facts")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    defined = receives("defined", messages.CentreDefined, "3.3, 3.4 The centre as it is from now on; the first definition begins it")
    measure_decided = receives("measure_decided", messages.MeasureDecided, "9.4 The sales support service decides on a proposal")
    objected = receives("objected", messages.Objected, "10.1 The centre objects: proposal or measure is suspended")
    objection_decided = receives("objection_decided", messages.ObjectionDecided, "10.1 The objection is decided")
    measure_lifted = receives("measure_lifted", messages.MeasureLifted, "9.4 A measure in force is ended")

    # --- effects: started by `run`, awaited by nobody; their outcome is one more fact ---

    async def _settle(self, question: ProposalQuestion) -> None:
        summary = text(self.docket.state.language, "activity", "settle_proposal", proposal=question.proposal)[:200]
        answer: ProposalAnswer | None
        try:
            answer = await workflow.execute_activity_method(Measures.settle_proposal, question, summary=summary, **options.RECORD)
        except ActivityError:  # refused for good
            answer = None
        self.docket.learn(lambda state, now: centre_facts.learn_settled(state, question, answer, now))

    async def _tell(self, message: CaseMessageToTell) -> None:
        summary = text(self.docket.state.language, "activity", "tell_case", lead=message.address)[:200]
        told: Told | None
        try:
            told = await workflow.execute_activity_method(CaseTeller.tell_case, message, summary=summary, **options.TELL)
        except ActivityError:  # not reached in time
            told = None
        self.docket.learn(lambda state, now: centre_facts.learn_told(state, message, told, now))
