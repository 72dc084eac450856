"""The account of a partner that is supported, for years: the rhythm of contacts (4.1, 4.2) and the exchange with marketing (2.1, 2.2).

Promise: an activity set too far ahead without a reason is a breach at once; an account without any is overdue seven days after its last
contact; each call has its comment with three parts of substance within the term; what support and marketing tell each other is answered in
time. Calls, breaches and the state of the partner (8.1) are rows in registers, and what is over leaves numbers here: so it lives for years.
The clauses are decided in `regulations.partner`.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.comments import Comments
    from regulations.catalogue import text
    from regulations.messages import CalendarChanged
    from regulations.partner import account_messages as messages
    from regulations.partner.account_decisions import Decision, decide
    from regulations.partner.account_facts import apply, learn_comment
    from regulations.partner.account_narration import AccountResult, details, read_out, result
    from regulations.partner.account_state import KIND, AccountStage, AccountState
    from regulations.partner.effects import CommentQuestion
    from regulations.read_out import ReadOut
    from workflows import options
    from workflows.docket import Docket, Rules, receives


@workflow.defn(name="PartnerAccount")
class PartnerAccount:
    """Its id is ``partner/{partner}/account``."""

    @workflow.init
    def __init__(self, carried: AccountState | None = None) -> None:
        address = workflow.info().workflow_id
        fresh = AccountState(kind=KIND, address=address, uid=str(workflow.uuid4()), stage=AccountStage.ACTIVE)
        self.docket: Docket[AccountState, Decision] = Docket(carried or fresh, Rules(apply, decide, details))

    @workflow.run
    async def run(self, carried: AccountState | None = None) -> AccountResult:
        """Keeps it until the head of support ends it."""
        if self.docket.state.started is None:  # the start was refused, or somebody started this by hand
            raise ApplicationError("nothing has begun: an account begins when its partner is accepted into work", type="Refused")
        while not self.docket.state.ended:
            todo = await self.docket.next()  # a message, the check of a comment, a reminder, a due instant
            if todo.check is not None:  # 4.2
                await self._check(todo.check)
        await self.docket.drain()
        return result(self.docket.state)

    @workflow.query(name="case", description="The read-out: stage, obligations, next due, the trail of facts")
    def case(self) -> ReadOut:
        return read_out(self.docket.state)

    begun = receives("begun", messages.AccountBegun, "The partner is supported; told again, the newest data stand")
    activity_set = receives("activity_set", messages.ActivitySet, "4.1 An activity is planned in the CRM")
    activity_reason_given = receives("activity_reason_given", messages.ActivityReasonGiven, "4.1 Why an activity lies far ahead")
    activity_done = receives("activity_done", messages.ActivityDone, "4.1 An activity is over")
    call_made = receives("call_made", messages.CallMade, "4.2 A call with the partner")
    commented = receives("commented", messages.Commented, "4.2 The comment after a call")
    wish_noted = receives("wish_noted", messages.WishNoted, "2.1 Something that marketing must hear")
    wish_reported = receives("wish_reported", messages.WishReported, "2.1 Support has told marketing")
    wish_answered = receives("wish_answered", messages.WishAnswered, "2.2 Marketing answers")
    need_reported = receives("need_reported", messages.NeedReported, "2.2 Marketing needs a network or a top-up")
    need_answered = receives("need_answered", messages.NeedAnswered, "2.1 Support answers marketing")
    campaign_told = receives("campaign_told", messages.CampaignTold, "2.1 Which campaign will be made")
    state_noted = receives("state_noted", messages.StateNoted, "8.1 The state of the partner")
    ended = receives("ended", messages.AccountEnded, "The partner is no longer supported")
    waive = receives("waive", messages.WaiveOfAccount, "The escalation role lets an obligation go")
    extend = receives("extend", messages.ExtendOfAccount, "The escalation role sets a later due instant")
    pause = receives("pause", messages.PauseOfAccount, "The escalation role stops a clock")
    resume = receives("resume", messages.ResumeOfAccount, "The clock goes on")
    calendar_changed = receives("calendar_changed", CalendarChanged, "A calendar was published: what it touches is counted anew")

    # --- the one look-up: what it answers is one more fact ---

    async def _check(self, question: CommentQuestion) -> None:
        summary = text(self.docket.state.language, "activity", "check_comment")
        await self.docket.look_up(
            Comments.check_comment,
            question,
            summary,
            options.PLANNING,
            lambda state, verdict, now: learn_comment(state, question, verdict, now),
        )
