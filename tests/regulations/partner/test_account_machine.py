"""Whatever happens to an account, in any order: only refusals, every call has its duty, the counts add up, the state stays small."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from regulations import long_clause_case
from regulations.case import UNMET, Refusal, Standing
from regulations.messages import Message
from regulations.partner import account_duties
from regulations.partner import account_messages as m
from regulations.partner.account_narration import details, read_out, result
from regulations.partner.account_state import AccountState
from regulations.partner.rows import CallRow
from regulations.rows import BreachEntry, BreachRow, ObligationRow
from tests.regulations.partner.accounts import GOOD, HEAD, HEAD_OF_MARKETERS, MANAGER, MARKETER, POOR, ROMASHKA, Account

IDS = st.sampled_from(["x-1", "x-2", "x-3"])
ACTORS = st.sampled_from([MANAGER, HEAD, MARKETER, HEAD_OF_MARKETERS])
AGO = st.sampled_from([0, 0, 0, 5, 90, 60 * 24 * 2, 60 * 24 * 9, -4])
"""Minutes since it happened."""
DELAYS = st.sampled_from([1, 30, 150, 60 * 24, 60 * 24 * 4, 60 * 24 * 9])
AHEAD = st.sampled_from([1, 6, 7, 8, 30])
"""Days until an activity."""
WISHES = st.sampled_from(["more_leads", "other"])


class AnyAccount(RuleBasedStateMachine):
    """An account to which anything happens. It keeps so little that everything is forgotten soon."""

    account: Account

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(long_clause_case, "MOST_CLOSED", 4)
        self.patch.setattr(AccountState, "most_facts", 8)
        self.patch.setattr(account_duties, "MOST_CALLS", 3)

    @initialize(manager=st.sampled_from(["u12", "u15"]))
    def begin(self, manager: str) -> None:
        self.account = Account(begin=False)
        self.calls = self.sent = 0
        self.account.begin(manager=manager)

    def send(self, kind: type[Message], minutes: int = 0, **fields: Any) -> bool:
        """A message is taken, or refused without a trace."""
        account = self.account
        before = account.state.model_dump_json()
        self.sent += 1
        happened = account.now - timedelta(minutes=minutes, microseconds=self.sent)  # no two things at one instant
        message = account.message(kind, happened, **fields)
        try:
            account.deliver(message)  # whatever is no refusal fails the test
        except Refusal:
            assert account.state.model_dump_json() == before
            return False
        return True

    # --- messages

    @rule(activity=IDS, days=AHEAD, ago=AGO, reason=st.sampled_from(["", "", "партнёр в отпуске"]))
    def set(self, activity: str, days: int, ago: int, reason: str) -> None:
        self.send(m.ActivitySet, ago, activity=activity, planned_at=self.account.now + timedelta(days=days), reason=reason)

    @rule(activity=IDS, ago=AGO)
    def explain(self, activity: str, ago: int) -> None:
        self.send(m.ActivityReasonGiven, ago, activity=activity, reason="партнёр в отпуске")

    @rule(activity=IDS, ago=AGO)
    def end_activity(self, activity: str, ago: int) -> None:
        self.send(m.ActivityDone, ago, activity=activity)

    @rule(ago=AGO)
    def call(self, ago: int) -> None:
        self.calls += self.send(m.CallMade, ago, call=f"c-{self.calls}")

    @precondition(lambda self: self.account.state.calls)
    @rule()
    def call_again(self) -> None:
        assert not self.send(m.CallMade, call=next(iter(self.account.state.calls)))

    @rule(call=st.one_of(st.integers(-3, 1), st.none()), ago=AGO, text=st.sampled_from([GOOD, GOOD, POOR, ""]))
    def comment(self, call: int | None, ago: int, text: str) -> None:
        """On one of the last calls, or on one that nobody knows yet."""
        self.send(m.Commented, ago, call=None if call is None else f"c-{max(0, self.calls + call)}", text=text)

    @rule(wish=IDS, what=WISHES, ago=AGO)
    def note_wish(self, wish: str, what: str, ago: int) -> None:
        self.send(m.WishNoted, ago, wish=wish, what=what)

    @rule(wish=IDS, what=st.one_of(WISHES, st.none()), ago=AGO, by=ACTORS)
    def report_wish(self, wish: str, what: str | None, ago: int, by: Any) -> None:
        self.send(m.WishReported, ago, wish=wish, what=what, by=by)

    @rule(wish=IDS, ago=AGO, by=ACTORS)
    def answer_wish(self, wish: str, ago: int, by: Any) -> None:
        self.send(m.WishAnswered, ago, wish=wish, text="сделаем", by=by)

    @rule(need=IDS, ago=AGO, by=ACTORS)
    def report_need(self, need: str, ago: int, by: Any) -> None:
        self.send(m.NeedReported, ago, need=need, what="budget_top_up", by=by)

    @rule(need=IDS, ago=AGO, agreed=st.booleans(), by=ACTORS)
    def answer_need(self, need: str, ago: int, agreed: bool, by: Any) -> None:
        self.send(m.NeedAnswered, ago, need=need, agreed=agreed, by=by)

    @rule(by=ACTORS, ago=AGO)
    def campaign(self, by: Any, ago: int) -> None:
        self.send(m.CampaignTold, ago, text="контекст", by=by)

    @rule(leads=st.integers(0, 9), ago=AGO, by=ACTORS)
    def note_state(self, leads: int, ago: int, by: Any) -> None:
        self.send(m.StateNoted, ago, leads=leads, by=by)

    @rule(manager=st.sampled_from(["u12", "u15"]), ago=AGO)
    def pass_on(self, manager: str, ago: int) -> None:
        self.send(m.AccountBegun, ago, person=ROMASHKA, manager=manager)

    @rule(
        kind=st.sampled_from([m.WaiveOfAccount, m.PauseOfAccount, m.ResumeOfAccount, m.ExtendOfAccount]),
        clause=st.sampled_from(["2.1", "2.2", "4.1", "4.2"]),
        by=st.sampled_from([HEAD, HEAD_OF_MARKETERS]),
    )
    def change_a_term(self, kind: type[Message], clause: str, by: Any) -> None:
        fields: dict[str, Any] = {"clause": clause, "by": by}
        if kind is not m.ResumeOfAccount:
            fields["reason"] = "ждём партнёра"
        if kind is m.ExtendOfAccount:
            fields["new_due"] = self.account.now + timedelta(days=20)
        self.send(kind, **fields)

    @rule(rare=st.integers(0, 9), ago=AGO)
    def end(self, rare: int, ago: int) -> None:
        if rare == 0:
            self.send(m.AccountEnded, ago, reason="партнёр ушёл", by=HEAD)

    # --- the world

    @rule(silent=st.booleans())
    def checks(self, silent: bool) -> None:
        self.account.silent = {"check"} if silent else set()

    @precondition(lambda self: self.account.state.checking is not None)
    @rule()
    def answer(self) -> None:
        self.account.answer()

    @rule(minutes=DELAYS)
    def time_passes(self, minutes: int) -> None:
        self.account.go(minutes=minutes)

    @rule()
    def continue_as_new(self) -> None:
        state = self.account.state
        self.account.state = type(state).model_validate_json(state.carried().model_dump_json())

    # --- what always holds

    @invariant()
    def every_call_that_owes_a_comment_has_its_duty(self) -> None:
        account = self.account
        rows: dict[str, CallRow] = {r.call: r for r in sorted(account.rows, key=lambda r: r.seq) if isinstance(r, CallRow)}
        assert len(rows) <= self.calls == account.state.calls_made == result(account.state).calls
        duties = {r.key: r for r in sorted(account.rows, key=lambda r: r.seq) if isinstance(r, ObligationRow)}
        for call, row in rows.items():
            standing = duties[f"4.2/{call}"].state
            earlier = any(c.call in (None, call) for c in account.state.to_check)  # which may yet meet it in time
            assert standing in {"met", "met_late", "waived"} or not row.counts or earlier
            assert standing not in {"met", "met_late"} or row.counts
            assert account.state.owes(f"4.2/{call}") == (standing in UNMET)

    @invariant()
    def an_account_without_an_activity_owes_one(self) -> None:
        state = self.account.state
        owed = [o for o in state.obligations if o.key.startswith("4.1/next/") and o.standing in UNMET]
        newest = state.obligation(f"4.1/next/{state.lapses}")
        waived = newest is not None and newest.standing is Standing.WAIVED
        if state.stage == "active":
            assert len(owed) <= 1
            assert bool(owed) == (not state.activities) or waived or newest is None

    @invariant()
    def the_counts_add_up(self) -> None:
        account = self.account
        ended = result(account.state)
        duties = {r.key: r for r in sorted(account.rows, key=lambda r: r.seq) if isinstance(r, ObligationRow)}
        states = [r.state for r in duties.values()]
        assert (ended.met, ended.met_late, ended.waived) == tuple(states.count(kind) for kind in ("met", "met_late", "waived"))
        entries = {(r.key, r.due, r.entry) for r in account.rows if isinstance(r, BreachRow)}
        recorded = {(key, due) for key, due, entry in entries if entry is BreachEntry.RECORDED}
        withdrawn = {(key, due) for key, due, entry in entries if entry is BreachEntry.WITHDRAWN}
        assert withdrawn <= recorded
        standing = sum(o.standing is Standing.OVERDUE for o in account.state.obligations)
        late = sum(count for name, count in account.state.closed.items() if name.endswith(" breach"))
        assert ended.breaches == len(recorded - withdrawn) >= standing
        assert ended.breaches >= late

    @invariant()
    def it_stays_small_and_says_where_it_stands(self) -> None:
        state = self.account.state
        unmet = sum(1 for _ in state.unmet())
        assert len(state.obligations) <= long_clause_case.MOST_CLOSED + unmet
        assert set(state.evidence) <= {o.key for o in state.obligations}
        assert set(state.far) <= {o.key for o in state.obligations}
        assert len(state.waits) <= 2 * len(state.obligations) + len(state.early)
        assert details(state)
        assert read_out(state).stage_text != state.stage

    @invariant()
    def an_end_owes_nothing(self) -> None:
        state = self.account.state
        if state.ended:
            assert not list(state.unmet())
            assert not state.waits
            assert not state.tells
            assert self.account.wake_at is None

    def teardown(self) -> None:
        self.patch.undo()


AnyAccount.TestCase.settings = settings(max_examples=40, stateful_step_count=25, derandomize=True, suppress_health_check=list(HealthCheck))
TestAnyAccount = AnyAccount.TestCase
