"""Whatever happens to a service plan, in any order: no update and no payment counts twice, no period is lost, the counts add up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from regulations import long_clause_case
from regulations.case import Refusal, Standing
from regulations.messages import Message
from regulations.onboarding import plan_messages as m
from regulations.onboarding.plan_narration import details, read_out, result
from regulations.onboarding.plan_state import PlanState
from regulations.rows import BreachEntry, BreachRow, ObligationRow
from tests.regulations.onboarding.plans import BEGUN, HEAD, MANAGER, OTHER, Plan

AGO = st.sampled_from([0, 0, 0, 60, 60 * 24 * 2, 60 * 24 * 8, 60 * 24 * 35, -4])
"""Minutes since it happened."""
DELAYS = st.sampled_from([1, 60 * 20, 60 * 24 * 4, 60 * 24 * 9, 60 * 24 * 33])
RHYTHMS = st.sampled_from(["7 calendar days", "5 working days", "1 calendar month"])


class AnyPlan(RuleBasedStateMachine):
    """A plan to which anything happens. It keeps so little that everything is forgotten soon."""

    plan: Plan

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(long_clause_case, "MOST_CLOSED", 3)
        self.patch.setattr(PlanState, "most_facts", 8)
        self.updates: dict[str, datetime] = {}
        self.payments: dict[str, set[datetime]] = {}
        """The times at which each is said, or known to billing, to have been posted."""
        self.told: set[str] = set()
        """The payments of which a message has told."""
        self.sent = 0

    @initialize(every=RHYTHMS, day=st.sampled_from([1, 15, 31]), manager=st.sampled_from(["u41", None]))
    def begin(self, every: str, day: int, manager: str | None) -> None:
        self.plan = Plan("2026-01-20 12:00", update_every=every, payment_day=day, manager=manager)

    def send(self, kind: type[Message], minutes: int = 0, **fields: Any) -> datetime | None:
        """A message is taken, or refused without a trace. Gives when it happened; None: refused."""
        plan = self.plan
        before = plan.state.model_dump_json()
        self.sent += 1
        happened = plan.now - timedelta(minutes=minutes, microseconds=self.sent)  # no two things at one instant
        try:
            plan.say(kind, happened, **fields)  # whatever is no refusal fails the test
        except Refusal:
            assert plan.state.model_dump_json() == before
            return None
        return happened

    # --- messages

    @rule(ago=AGO, updated=st.sampled_from([True, True, False]), again=st.integers(0, 5))
    def visit(self, ago: int, updated: bool, again: int) -> None:
        """Now and then one that is known."""
        known = list(self.updates)[-again] if 0 < again <= len(self.updates) and again % 2 else None
        happened = self.send(m.VisitMade, ago, visit=known or f"v-{self.sent}", updated=updated, by=MANAGER)
        assert known is None or happened is None
        if updated and happened is not None:
            self.updates[f"v-{self.sent - 1}"] = happened

    @rule(ago=AGO, again=st.integers(0, 5))
    def pay(self, ago: int, again: int) -> None:
        counted = [reference for reference, times in self.payments.items() if min(times) > self.plan.state.begun.installed_at]
        known = counted[-again] if 0 < again <= len(counted) and again % 2 else None
        reference = known or f"p-{self.sent}"
        if (happened := self.send(m.PlanPaymentPosted, ago, reference=reference)) is not None:
            self.payments.setdefault(reference, set()).add(happened)
            self.told.add(reference)

    @rule(ago=AGO)
    def post_in_billing(self, ago: int) -> None:
        self.sent += 1
        reference, posted = f"b-{self.sent}", self.plan.now - timedelta(minutes=max(ago, 0), microseconds=self.sent)
        self.plan.booked[reference] = posted
        self.payments[reference] = {posted}

    @rule(weeks=st.integers(2, 9), every=st.sampled_from([1, 2]), paid=st.booleans())
    def goes_on(self, weeks: int, every: int, paid: bool) -> None:
        """Weeks pass in order, or nearly so: some updates are missed, some are made twice."""
        for week in range(weeks if self.plan.now.year < 2027 else 0):
            for _ in range(1 + (week % 3 == 0) if week % every == 0 else 0):
                self.visit(ago=0, updated=True, again=0)
            if paid and week % 4 == 0:
                self.pay(ago=0, again=0)
            self.plan.go(days=7)

    @rule(user=st.sampled_from("abc"), ago=AGO)
    def certify(self, user: str, ago: int) -> None:
        self.send(m.CertificateIssued, ago, certificate=f"s-{self.sent}", user=user)

    @rule(ago=AGO)
    def report(self, ago: int) -> None:
        self.send(m.CompetitorActed, ago, learnt_at=self.plan.now - timedelta(days=10), action="знижка", by=MANAGER)

    @rule(need=st.sampled_from(["n-1", "n-2"]))
    def find_need(self, need: str) -> None:
        self.send(m.NeedFound, need=need, what="практика", by=OTHER)

    @rule(every=RHYTHMS, day=st.sampled_from([1, 15, 31]), manager=st.sampled_from(["u41", "u42", None]), users=st.sampled_from([None, 2]))
    def change_the_contract(self, every: str, day: int, manager: str | None, users: int | None) -> None:
        begun = {**BEGUN, "installed_at": self.plan.state.begun.installed_at}
        self.send(m.PlanBegun, **{**begun, "update_every": every, "payment_day": day, "manager": manager, "users": users})

    @rule(
        kind=st.sampled_from([m.WaiveOfPlan, m.PauseOfPlan, m.ResumeOfPlan, m.ExtendOfPlan]),
        clause=st.sampled_from(["4.1", "4.1", "4.2", "4.3"]),
        days=st.sampled_from([2, 20, 50]),
    )
    def change_a_term(self, kind: type[Message], clause: str, days: int) -> None:
        fields: dict[str, Any] = {"clause": clause, "by": HEAD}
        if kind is not m.ResumeOfPlan:
            fields["reason"] = "домовлено"
        if kind is m.ExtendOfPlan:
            fields["new_due"] = self.plan.now + timedelta(days=days)
        self.send(kind, **fields)

    @rule(rare=st.integers(0, 14))
    def end(self, rare: int) -> None:
        if rare == 0:
            self.send(m.PlanEnded, reason="договір закінчено", by=HEAD)

    # --- the world

    @rule(who=st.sampled_from(["billing", "crm", "diary"]), silent=st.booleans())
    def falls_silent(self, who: str, silent: bool) -> None:
        if silent:
            self.plan.silent.add(who)
        else:
            self.plan.back()

    @rule(minutes=DELAYS)
    def time_passes(self, minutes: int) -> None:
        if self.plan.now.year < 2027:
            self.plan.go(minutes=minutes)

    @rule()
    def continue_as_new(self) -> None:
        """Only with nothing under way."""
        state = self.plan.state
        if not (state.asking or state.entering or state.telling_diary):
            self.plan.state = type(state).model_validate_json(state.carried().model_dump_json())

    # --- what always holds

    def rows(self, clause: str = "") -> dict[str, ObligationRow]:
        """The newest row of every duty that ever was, in the order of their opening."""
        found = sorted((row for row in self.plan.of(ObligationRow) if clause in ("", row.clause)), key=lambda row: row.seq)
        return {row.key: row for row in found}

    @invariant()
    def nothing_counts_twice(self) -> None:
        for clause, known in (("4.1", {visit: {at} for visit, at in self.updates.items()}), ("4.3", self.payments)):
            met = [o for o in self.plan.state.obligations if o.clause == clause and o.met_by is not None]
            assert len({o.met_by for o in met}) == len(met)
            assert all(o.met_by is not None and o.met_at in known[o.met_by] for o in met)
            times = [row.met_at for row in self.rows(clause).values() if row.met_at is not None]
            assert len(times) == len(set(times)) <= len(known), "one thing at one instant: a time stands for it, also of what is forgotten"

    @invariant()
    def every_payment_counts_once_while_there_is_a_month_for_it(self) -> None:
        plan, months = self.plan, self.rows("4.3").values()
        known = self.told | (plan.answered & self.payments.keys())
        counted = [r for r in known if max(self.payments[r]) > plan.state.begun.installed_at]
        met, owed = sum(row.met_at is not None for row in months), sum(row.state != "waived" for row in months)
        if not plan.state.asking and not any(
            o.standing is Standing.OPEN and o.due is not None and o.due < plan.now for o in plan.state.obligations
        ):
            assert met == min(len(counted), owed), (met, counted, owed)

    @invariant()
    def no_period_is_lost(self) -> None:
        """Numbers and months follow each other without a gap, and one is known that is not over."""
        plan = self.plan
        numbers = [int(key.partition("/")[2]) for key in self.rows("4.1")]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        months = sorted(int(key[4:8]) * 12 + int(key[9:11]) for key in self.rows("4.3"))
        assert months == list(range(months[0], months[0] + len(months)))
        if plan.state.stage == "active" and not plan.state.asking:
            for clause in ("4.1", "4.3"):
                newest = plan.newest(clause)
                assert newest.paused or (newest.due is not None and newest.due >= plan.now) or newest.started_at >= plan.now

    @invariant()
    def an_update_in_a_period_meets_it(self) -> None:
        """Of the periods that are still known: one in which an update lies is met, unless it was let go."""
        for o in self.plan.state.obligations:
            if o.clause == "4.1" and o.standing in (Standing.OPEN, Standing.OVERDUE) and o.due is not None:
                lies_in = [visit for visit, at in self.updates.items() if o.started_at < at <= o.due]
                met = {other.met_by for other in self.plan.state.obligations}
                assert set(lies_in) <= met, (o.key, lies_in)

    @invariant()
    def the_counts_add_up(self) -> None:
        plan = self.plan
        ended = result(plan.state)
        states = [row.state for row in self.rows().values()]
        assert (ended.met, ended.met_late, ended.waived) == tuple(states.count(kind) for kind in ("met", "met_late", "waived"))
        entries = {(r.key, r.due, r.entry) for r in plan.of(BreachRow)}
        recorded = {(key, due) for key, due, entry in entries if entry is BreachEntry.RECORDED}
        withdrawn = {(key, due) for key, due, entry in entries if entry is BreachEntry.WITHDRAWN}
        assert withdrawn <= recorded
        assert ended.breaches == len(recorded - withdrawn)

    @invariant()
    def it_stays_small_and_says_where_it_stands(self) -> None:
        state = self.plan.state
        unmet = sum(1 for _ in state.unmet())
        assert len(state.obligations) <= long_clause_case.MOST_CLOSED + unmet + 3
        assert set(state.evidence) <= {o.key for o in state.obligations}
        assert len(state.updates) <= len(state.obligations)
        assert not state.waits
        assert details(state)
        assert read_out(state).stage_text != state.stage

    @invariant()
    def an_end_owes_nothing(self) -> None:
        state = self.plan.state
        if state.ended:
            assert not list(state.unmet())
            assert not state.tells
            assert not self.plan.client().active
            assert self.plan.wake_at is None

    def teardown(self) -> None:
        self.patch.undo()


AnyPlan.TestCase.settings = settings(max_examples=30, stateful_step_count=25, derandomize=True, suppress_health_check=list(HealthCheck))
TestAnyPlan = AnyPlan.TestCase
