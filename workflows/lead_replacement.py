"""Bad leads of a tariff are replaced: the regulation of replacements, one run per request of a tariff period.

Promise: a request is checked against every bar of the regulation before anybody works on it; the export is judged by the rules alone, with
its evidence; quality control decides within its term; what is confirmed is credited once, and never while a payment is past due. The
client's password is destroyed at the end, whatever the end. The clauses are decided in `regulations.replacement`.
Stages: checking → awaiting export → auditing → awaiting decision → deciding → crediting (held by a debt) → credited; the other ends are
nothing confirmed, refused, not due and withdrawn.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.audit import Audits
    from activities.replacements import Replacements
    from regulations.catalogue import text
    from regulations.messages import CalendarChanged
    from regulations.read_out import ReadOut
    from regulations.replacement import facts, messages
    from regulations.replacement.decisions import Decision, decide
    from regulations.replacement.effects import (
        AccountQuestion,
        AuditQuestion,
        CreditOrder,
        DecisionQuestion,
        LinksQuestion,
        SecretToDestroy,
    )
    from regulations.replacement.narration import ReplacementResult, details, read_out, result
    from regulations.replacement.papers import Papers, papers
    from regulations.replacement.state import KIND, ReplacementState, Stage
    from workflows import options
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="LeadReplacement")
class LeadReplacement:
    """One replacement; its id is ``replacement/{account}/{period}/{n}``."""

    @workflow.init
    def __init__(self, carried: ReplacementState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = ReplacementState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=Stage.CHECKING)
        self.docket: Docket[ReplacementState, Decision] = Docket(carried or fresh, Rules(facts.apply, decide, details))

    @workflow.run
    async def run(self, carried: ReplacementState | None = None) -> ReplacementResult:
        """Keeps the replacement until it is credited, refused or otherwise over."""
        if self.docket.state.requested is None and self.docket.state.topped_up is None:
            raise ApplicationError("nothing was asked for: begin through a door, with replacement.requested", type="Refused")
        while not self.docket.state.ended:
            todo = await self.docket.next()  # a message, an answer, a reminder, a due instant, the end of a wait
            if todo.check_links is not None:  # 3.5, 5.1
                self.docket.start(self._check_links(todo.check_links))
            if todo.audit is not None:  # 3.1 to 4.2, 6.4
                self.docket.start(self._audit(todo.audit))
            if todo.take is not None:  # 5.2, 6.2
                self.docket.start(self._take(todo.take))
            if todo.credit is not None:  # 5.3, 6.1, 6.3
                self.docket.start(self._credit(todo.credit))
            for letter in todo.letters:  # 5.1, 5.2: the franchisee and quality control hear of it
                self.docket.start(self.docket.send(letter, facts.learn_letter))
            if todo.destroy is not None:  # 5.1: the client's password
                self.docket.start(self._destroy(todo.destroy))
            if todo.look_up is not None:  # 1, 2, 3.5, 6.1, 6.3; 2 again before a credit
                await self._look_up(todo.look_up)
        await self.docket.drain()
        return result(self.docket.state)

    @workflow.query(name="case", description="The read-out: stage, obligations, next due, the trail of facts")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    @workflow.query(name="papers", description="The files of the case: the export, the audit's sheet, the outcome list")
    def papers(self) -> Papers:
        return papers(self.docket.state)

    requested = receives("requested", messages.Requested, "5.1 The franchisee asks: begins the replacement")
    topped_up = receives("topped_up", messages.ToppedUp, "6.1 A top-up of a client with its own CRM and telephony: 30 % more")
    export_received = receives("export_received", messages.ExportReceived, "5.2 The export of cards and calls: it is audited")
    decided = receives("decided", messages.Decided, "5.2 Quality control decides, lead by lead")
    barred = receives("barred", messages.Barred, "3.6 A person bars the request: feedback is not taken up")
    account_changed = receives("account_changed", messages.AccountChanged, "2 Billing has changed: it is looked up again")
    waive = receives("waive", messages.WaiveOfReplacement, "The head office lets an obligation go")
    extend = receives("extend", messages.ExtendOfReplacement, "The head office sets a later due instant")
    pause = receives("pause", messages.PauseOfReplacement, "The head office stops a clock")
    resume = receives("resume", messages.ResumeOfReplacement, "The clock goes on")
    calendar_changed = receives("calendar_changed", CalendarChanged, "A calendar was published: what it touches is counted anew")
    withdraw = receives("withdraw", messages.WithdrawOfReplacement, "Ends the case in an orderly way")

    # --- effects and look-ups: their outcome is one more fact ---

    def _word(self, name: str) -> str:
        return text(self.docket.state.language, "activity", name)

    async def _look_up(self, question: AccountQuestion) -> None:
        summary = self._word("look_up_account")
        await self.docket.look_up(Replacements.look_up_account, question, summary, options.BILLING, facts.learn_account)

    async def _check_links(self, question: LinksQuestion) -> None:
        summary = self._word("check_links")
        try:
            answer = await workflow.execute_activity_method(Replacements.check_links, question, summary=summary, **options.LINKS)
        except ActivityError:  # not to be found out: a person will see
            answer = None
        self.docket.learn(lambda state, now: facts.learn_links(state, answer, now))

    async def _audit(self, question: AuditQuestion) -> None:
        summary = self._word("audit")
        try:
            answer = await workflow.execute_activity_method(Audits.audit, question, summary=summary, **options.AUDIT)
        except ActivityError:  # tried for hours
            answer = None
        self.docket.learn(lambda state, now: facts.learn_audit(state, question, answer, now))

    async def _take(self, question: DecisionQuestion) -> None:
        summary = self._word("take_decision")
        try:
            answer = await workflow.execute_activity_method(Audits.take_decision, question, summary=summary, **options.AUDIT)
        except ActivityError:
            answer = None
        self.docket.learn(lambda state, now: facts.learn_decision(state, question, answer, now))

    async def _credit(self, order: CreditOrder) -> None:
        summary = self._word(f"credit_{order.entry}")
        try:
            outcome = await workflow.execute_activity_method(Replacements.credit, order, summary=summary, **options.CREDIT)
        except ActivityError:  # refused for good
            outcome = None
        self.docket.learn(lambda state, now: facts.learn_credit(state, order, outcome, now))

    async def _destroy(self, secret: SecretToDestroy) -> None:
        summary = self._word("destroy_secret")
        await workflow.execute_activity_method(Replacements.destroy_secret, secret, summary=summary, **options.RECORD)
        self.docket.learn(lambda state, now: facts.learn_destroyed(state, secret, now))
