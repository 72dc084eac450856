"""Properties of the replacement: whatever happens, it stands somewhere, and nothing is credited twice or out of order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from regulations.case import Refusal, Standing
from regulations.messages import Actor, Message
from regulations.replacement import messages as m
from regulations.replacement.duties import credited
from regulations.replacement.effects import AuditAnswer, CreditOutcome, LinksAnswer
from regulations.replacement.narration import details, read_out, result
from regulations.replacement.rows import CreditRow
from regulations.replacement.state import ENDS
from tests.regulations.course import SENT, at
from tests.regulations.replacement.course import AUDITED, DECIDED, EXPORT, FINE, OTHER_EXPORT, OWN_CRM, SHEET, Course

MEMBERS = {"account", "links", "audit", "decision", "credit", "post", "secret"}
ROLES = st.sampled_from(["quality_control", "quality_control", "technical", "head_office", "franchisee"])
MOMENTS = st.sampled_from([0, 0, 0, -5, -600, -40_000, 4, 60])
"""When something happened, in minutes from now."""
DELAYS = st.sampled_from([1, 59, 600, 1_440, 4_000, 44_000])


class AnyReplacement(RuleBasedStateMachine):
    """Random messages, answers, silences and moves of the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.course = Course()

    @initialize(
        n=st.sampled_from([2, 1, 2, 1, 0]),
        mode=st.sampled_from(["ours", "integrated", "ours", "integrated", "outside"]),
        fits=st.sampled_from([True, True, True, False]),
        silent=st.sets(st.sampled_from(sorted(MEMBERS)), max_size=2),
        far=st.integers(0, 4),
    )
    def begin(self, n: int, mode: str, fits: bool, silent: set[str], far: int) -> None:
        """``far``: to the request, to the export, to the audit, or with a debt to a credit that is held."""
        self.course = course = Course(n=n)
        course.silent = silent if far == 0 else set()
        if far:
            mode = "outside" if n == 0 else mode.replace("outside", "ours")
        course.account = FINE.model_copy(update={"mode": mode, "prolonged": n == 2, "prolonged_identifications": 700 if n == 2 else 0})
        if n == 0:
            course.top_up()
            return
        crm = OWN_CRM if (mode == "integrated") is (fits or far > 0) else None
        course.request(crm=crm, prolongation="2026-11" if n == 2 else None)
        if far > 1 and course.stage == "awaiting_export":
            course.export()
        if far > 3 and course.stage == "awaiting_decision":
            course.account = course.account.model_copy(update={"past_due_since": at("2026-11-10 00:00")})
            course.decide()

    # --- messages

    def send(self, kind: type[Message], minutes: int = 0, **fields: Any) -> None:
        """A message is taken, or refused without a trace."""
        course = self.course
        before, stage = course.state.model_dump_json(), course.state.at
        message = course.message(kind, course.now + timedelta(minutes=minutes), **fields)
        try:
            course.deliver(message)  # whatever is no refusal fails the test
        except Refusal:
            assert course.state.model_dump_json() == before
        else:
            assert stage not in ENDS, "a message was taken after the end"

    @rule(role=ROLES, sha=st.sampled_from([EXPORT, OTHER_EXPORT]), minutes=MOMENTS)
    def export(self, role: str, sha: str, minutes: int) -> None:
        self.send(m.ExportReceived, minutes, by=Actor(id="u", role=role), files=[{"name": "e.csv", "sha256": sha}])

    @rule(role=ROLES, clear=st.booleans(), minutes=MOMENTS)
    def decide(self, role: str, clear: bool, minutes: int) -> None:
        sheet: dict[str, Any] = {"accept_clear": True} if clear else {"files": [{"name": "s.xlsx", "sha256": SHEET}]}
        self.send(m.Decided, minutes, by=Actor(id="u", role=role), **sheet)

    @precondition(lambda self: self.course.stage == "awaiting_export")
    @rule()
    def export_well(self) -> None:
        self.export("technical", EXPORT, 0)

    @precondition(lambda self: self.course.stage == "awaiting_decision")
    @rule()
    def decide_well(self) -> None:
        self.decide("quality_control", False, 0)

    @rule(role=ROLES, minutes=MOMENTS, rare=st.integers(0, 3))
    def bar(self, role: str, minutes: int, rare: int) -> None:
        if rare == 0:  # it ends the case
            self.send(m.Barred, minutes, by=Actor(id="u", role=role), reason="не принимает замечаний")

    @rule(role=ROLES, rare=st.integers(0, 3))
    def withdraw(self, role: str, rare: int) -> None:
        if rare == 0:
            self.send(m.WithdrawOfReplacement, by=Actor(id="u", role=role), reason="по ошибке")

    @rule()
    def billing_changed(self) -> None:
        self.send(m.AccountChanged)

    @rule(
        kind=st.sampled_from([m.WaiveOfReplacement, m.PauseOfReplacement, m.ResumeOfReplacement, m.ExtendOfReplacement]),
        clause=st.sampled_from(["5.2", "5.3"]),
        role=ROLES,
    )
    def change_a_term(self, kind: type[Message], clause: str, role: str) -> None:
        fields: dict[str, Any] = {"clause": clause, "by": Actor(id="u", role=role)}
        if kind is not m.ResumeOfReplacement:
            fields["reason"] = "ждём клиента"
        if kind is m.ExtendOfReplacement:
            fields["new_due"] = self.course.now + timedelta(days=9)
        self.send(kind, **fields)

    # --- the world

    @rule(
        known=st.sampled_from([True, True, True, False]), debt=st.booleans(), prolonged=st.booleans(), replaced=st.sampled_from([0, 2_900])
    )
    def billing_is(self, known: bool, debt: bool, prolonged: bool, replaced: int) -> None:
        since = at("2026-11-10 00:00") if debt else None
        update = {"known": known, "past_due_since": since, "prolonged": prolonged, "replaced": replaced}
        self.course.account = self.course.account.model_copy(update=update)

    @rule(
        audit=st.sampled_from([AUDITED, AUDITED, AUDITED.model_copy(update={"cards": 3, "listen": 0}), AuditAnswer(problem="x"), None]),
        barred=st.sampled_from([False, False, False, True]),
    )
    def the_audit_says(self, audit: AuditAnswer | None, barred: bool) -> None:
        self.course.audit = AuditAnswer(barred=("3.2",)) if barred else audit

    @rule(amount=st.sampled_from([0, 1, 320]), wrong=st.integers(0, 1), read=st.sampled_from(["well", "well", "badly", "not"]))
    def the_decision_says(self, amount: int, wrong: int, read: str) -> None:
        problems = ("строка 1",) if read == "badly" else ()
        answer = DECIDED.model_copy(update={"amount": amount, "wrong_count": wrong, "problems": problems})
        self.course.decision = None if read == "not" else answer

    @rule(credit=st.sampled_from(["credited", "credited", "refused", None]))
    def billing_credits(self, credit: str | None) -> None:
        self.course.credit = lambda order: (
            None if credit is None else CreditOutcome.model_validate({"result": credit, "reference": order.key, "reason": "нет"})
        )

    @rule(sent=st.booleans(), links=st.sampled_from([LinksAnswer(), LinksAnswer(), None]))
    def post_and_links(self, sent: bool, links: LinksAnswer | None) -> None:
        self.course.post, self.course.links = (SENT if sent else None), links

    @rule(silent=st.sets(st.sampled_from(sorted(MEMBERS)), max_size=3))
    def fall_silent(self, silent: set[str]) -> None:
        self.course.silent = silent

    @rule(who=st.one_of(st.none(), st.sampled_from(sorted(MEMBERS))))
    def answer(self, who: str | None) -> None:
        self.course.answer(who)

    @rule(minutes=DELAYS)
    def time_passes(self, minutes: int) -> None:
        self.course.go(minutes=minutes)

    # --- what always holds

    @invariant()
    def it_stands_somewhere(self) -> None:
        course = self.course
        assert details(course.state)
        assert read_out(course.state).stage_text != course.stage
        assert result(course.state).asked in (0, 400)
        if course.rows:
            assert course.register().stage == course.stage

    @invariant()
    def each_entry_is_credited_at_most_once_and_in_order(self) -> None:
        course = self.course
        entries = [r.entry for r in course.rows if isinstance(r, CreditRow)]
        assert len(entries) == len(set(entries))
        if "tariff" in entries and course.state.decision is not None and any(o.entry == "replacement" for o in course.orders):
            assert entries.index("replacement") < entries.index("tariff")
        tariffs = [i for i, o in enumerate(course.orders) if o.entry == "tariff"]
        replacements = [i for i, o in enumerate(course.orders) if o.entry == "replacement"]
        assert not tariffs or not replacements or max(replacements) < min(tariffs)

    @invariant()
    def the_same_key_says_the_same(self) -> None:
        said: dict[str, Any] = {}
        for order in self.course.orders:
            assert said.setdefault(order.key, order) == order
            assert order.identifications > 0

    @invariant()
    def nothing_is_credited_that_was_not_decided(self) -> None:
        state = self.course.state
        assert len([o for o in self.course.orders if o.key == state.order_out]) >= (state.order_out is not None)
        if state.requested is not None and state.decision is not None:
            assert credited(state) <= state.decision.amount
        elif state.requested is not None:
            assert self.course.orders == []
        if state.stage in ("refused", "withdrawn", "not_due"):
            assert state.booked == []

    @invariant()
    def an_end_owes_nothing_and_leaves_no_password(self) -> None:
        state = self.course.state
        if state.ended:
            assert state.at in ENDS
            assert state.outcome == state.stage
            assert not [o for o in state.obligations if o.standing in (Standing.OPEN, Standing.OVERDUE)]
            assert state.secret is None or self.course.destroyed == [state.secret]
            assert not state.tells
            assert not state.waits
            assert self.course.wake_at is None

    def teardown(self) -> None:
        """When everybody answers, an end that was reached is final."""
        self.course.silent = set()
        for _ in range(3):
            self.course.answer()
        self.course.go(days=8)
        assert self.course.state.at not in ENDS or self.course.state.ended


AnyReplacement.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, derandomize=True, suppress_health_check=list(HealthCheck)
)
TestAnyReplacement = AnyReplacement.TestCase
