"""Properties over random courses: the order of arrival does not matter, the invariants hold, the state survives being written down."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from regulations.case import Refusal, Standing
from regulations.clocks import untold
from regulations.effects import BillingAnswer, CrmOutcome, LetterOutcome
from regulations.handoff.facts import learn_billing, learn_crm, learn_letter
from regulations.handoff.narration import details, read_out, result
from regulations.handoff.rows import AcceptedClientRow, PaymentRegisterRow
from regulations.messages import (
    Accepted,
    AccessGranted,
    ClosingDocumentsSigned,
    ContractSigned,
    EnteredIntoCrm,
    Extend,
    FirstContact,
    HandoffMessage,
    Message,
    Pause,
    PaymentReceived,
    RequestReceived,
    Resume,
    Returned,
    TrainingDone,
    Waive,
    Withdraw,
)
from regulations.rows import BreachRow, NoticeRow
from tests.regulations.course import at
from tests.regulations.handoff.course import CC_HEAD_PERSON, CC_PERSON, FILES, QUESTIONNAIRE, Course

START = at("2026-11-16 10:00")
CLAUSES = ("2.1.1", "2.1.2", "2.1.3", "2.1.4", "2.2.1", "2.2.2", "2.2.3", "2.2.4", "2.2.5", "2.2.7", "5.3 (2)")
FAST = settings(derandomize=True, suppress_health_check=[HealthCheck.too_slow])

# --- the order of arrival -------------------------------------------------------------------------------------------


def _facts(late: dict[str, float]) -> list[Message]:
    """The facts of a handoff that goes well, each with its own time; some of them after their term."""

    def fact(kind: type[Message], hours: float, **fields: Any) -> Message:
        name = kind.__name__
        given = {
            "key": name + str(fields.get("message_id", "")),
            "happened_at": START + timedelta(hours=hours + late.get(name, 0)),
            **fields,
        }
        return kind.model_validate(given | ({"deal": "D-1"} if issubclass(kind, HandoffMessage) else {}))

    request = {"subject": "Обучение клиента от ИП Петров", "questionnaire": QUESTIONNAIRE}
    return [
        fact(AccessGranted, 1, reference="acc-1", tariff="bureau-12"),
        fact(RequestReceived, 2, **request, files=FILES[:1], message_id="<1@partner>"),
        fact(RequestReceived, 3, **request, files=FILES[1:], message_id="<2@partner>"),
        fact(PaymentReceived, 0),
        fact(Accepted, 200, by=CC_PERSON),
        fact(FirstContact, 20),
        fact(ContractSigned, 210),
        fact(TrainingDone, 150),
        fact(ClosingDocumentsSigned, 220),
    ]


def _net(course: Course) -> dict[tuple[str, datetime], str]:
    """What stands in the register of breaches: entries by obligation and due, less what was withdrawn."""
    net: dict[tuple[str, datetime], str] = {}
    for row in course.rows:
        if isinstance(row, BreachRow):
            net[row.key, row.due] = row.entry.value
    return {k: v for k, v in net.items() if v != "withdrawn"}


def _delivered(facts: list[Message], learnt: datetime, gap: timedelta) -> Course | None:
    """The course after these facts, learnt in this order; None when the rules do not admit the order."""
    course = Course(START)
    course.deliver_sale()
    course.payments = ()
    course.pay(START)
    course.go_to(learnt)
    for message in facts:
        course.go_to(max(course.now + gap, message.happened_at))
        try:
            course.deliver(message)
        except Refusal:
            return None
    course.go(days=40)
    return course


def _what_stands(course: Course) -> object:
    obligations = {}
    for o in course.state.obligations:
        met_at = None if o.clause == "2.2.5" else o.met_at  # proven by the CRM's answer, which follows our learning of the acceptance
        obligations[o.key] = (o.standing, met_at, o.due, o.breached_at is not None and o.standing is not Standing.MET)
    return course.state.stage, course.state.transfer_at, obligations, _net(course)


@pytest.mark.clause("handoff 2.2.4")
@given(
    order=st.permutations(range(9)),
    late=st.dictionaries(
        st.sampled_from(["AccessGranted", "FirstContact", "TrainingDone", "ContractSigned"]), st.sampled_from([0, 60, 200])
    ),
    learnt=st.sampled_from([0, 20, 500]),
    gap=st.sampled_from([timedelta(0), timedelta(minutes=7), timedelta(hours=30)]),
)
@settings(FAST, max_examples=50)
def test_whatever_order_the_facts_reach_us_in_the_same_stands_in_the_end(
    order: list[int], late: dict[str, float], learnt: int, gap: timedelta
) -> None:
    facts = _facts(late)
    # The decision of a person needs the transfer before it, and the payment is told of last at the latest: else it is refused.
    acceptance = facts.pop(4)
    shuffled = [facts[i] for i in order if i < len(facts)]
    before = {PaymentReceived, RequestReceived}
    last = max(i for i, f in enumerate(shuffled) if type(f) in before)
    shuffled.insert(last + 1, acceptance)

    in_order = _delivered(sorted([*facts, acceptance], key=lambda f: f.happened_at), START, timedelta(0))
    out_of_order = _delivered(shuffled, START + timedelta(hours=learnt), gap)
    assert in_order is not None
    assert out_of_order is not None, "the rules refuse an order that they should admit"
    assert in_order.state.stage == "done"
    assert _what_stands(out_of_order) == _what_stands(in_order)


# --- random courses -------------------------------------------------------------------------------------------------

MOMENTS = st.integers(min_value=-3 * 24 * 60, max_value=6)
"""When something happened, in minutes from now: some in the future, some long ago."""
DELAYS = st.sampled_from([0, 1, 59, 600, 1440, 4000, 15000])
PEOPLE = st.sampled_from(["cc", "cc_head", "senior_regional_manager", "regional_directorate", "partner"])


class AnyCourse(RuleBasedStateMachine):
    """Random messages, answers and moves of the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.course = Course(START)
        self.course.careful = True
        self.known: set[str] = set()
        self.sent: list[Message] = []
        self.keys = itertools.count()

    @initialize(
        told=st.sampled_from([True, None]),
        contract=st.sampled_from(["written", "offer"]),
        stage=st.sampled_from(["sold", "paid", "checking", "checking", "returned", "accepted", "accepted"]),
        hour=st.integers(0, 200),
    )
    def begin(self, told: bool | None, contract: str, stage: str, hour: int) -> None:
        course = self.course
        course.now += timedelta(hours=hour)
        if stage != "sold":
            course.pay()
        course.deliver_sale(told=told, contract=contract)
        if stage not in ("sold", "paid"):
            course.request()
        if stage == "accepted":
            course.accept()
        if stage == "returned":
            course.give_back("3.3")

    def send(self, kind: type[Message], minutes: int, **fields: Any) -> None:
        given = {"key": f"m{next(self.keys)}", "happened_at": self.course.now + timedelta(minutes=minutes), **fields}
        if issubclass(kind, HandoffMessage):
            given["deal"] = "D-1"
        self.hand_over(kind.model_validate(given))

    def hand_over(self, message: Message) -> None:
        before = self.course.state.model_dump_json()
        try:
            self.course.deliver(message)  # whatever is no refusal fails the test
        except Refusal:
            assert self.course.state.model_dump_json() == before
        else:
            self.sent.append(message)

    @rule(minutes=MOMENTS, kind=st.sampled_from([FirstContact, ContractSigned, TrainingDone, ClosingDocumentsSigned, PaymentReceived]))
    def plain_fact(self, minutes: int, kind: type[Message]) -> None:
        self.send(kind, minutes)

    @rule(minutes=MOMENTS)
    def access(self, minutes: int) -> None:
        self.send(AccessGranted, minutes, reference="acc-1", tariff="bureau-12")

    @rule(minutes=MOMENTS, files=st.sampled_from([FILES, FILES[:1], FILES[1:], ()]), answers=st.sampled_from([QUESTIONNAIRE, {}]))
    def request(self, minutes: int, files: Any, answers: Any) -> None:
        self.send(RequestReceived, minutes, subject="Обучение клиента от ИП Петров", files=files, questionnaire=answers)

    @rule(despite=st.sampled_from([None, "клиент ответил по телефону"]), minutes=st.integers(-60, 0))
    def accept(self, despite: str | None, minutes: int) -> None:
        self.send(Accepted, minutes, by=CC_PERSON, despite=despite)

    @rule(clause=st.sampled_from(["3.1", "3.3"]), minutes=st.integers(-60, 0))
    def give_back(self, clause: str, minutes: int) -> None:
        self.send(Returned, minutes, by=CC_PERSON, reasons=[{"clause": clause}])

    @rule(minutes=MOMENTS)
    def by_hand(self, minutes: int) -> None:
        self.send(EnteredIntoCrm, minutes, record="z9")

    @rule(
        kind=st.sampled_from([Waive, Extend, Pause, Pause, Resume, Resume]),
        clause=st.sampled_from(CLAUSES),
        role=PEOPLE,
        minutes=MOMENTS,
        ahead=DELAYS,
    )
    def decision_of_a_person(self, kind: type[Message], clause: str, role: str, minutes: int, ahead: int) -> None:
        fields: dict[str, Any] = {"clause": clause, "by": {"id": "u1", "role": role}}
        if kind is not Resume:
            fields["reason"] = "клиент в отпуске"
        if kind is Extend:
            fields["new_due"] = self.course.now + timedelta(minutes=ahead)
        self.send(kind, minutes, **fields)

    @precondition(lambda self: self.course.state.round > 1 or self.course.state.stage == "accepted")
    @rule()
    def withdraw(self) -> None:
        self.send(Withdraw, 0, reason="ошибка продажи", by=CC_HEAD_PERSON)

    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        if self.sent:
            message = data.draw(st.sampled_from(self.sent))
            with pytest.raises(Refusal) as refusal:
                self.course.deliver(message)
            assert refusal.value.type == "Repeated"

    @rule(minutes=st.integers(0, 200), amount=st.sampled_from(["12000", "11000"]))
    def money_comes(self, minutes: int, amount: str) -> None:
        self.course.pay(self.course.now - timedelta(minutes=minutes), amount)

    @rule(minutes=MOMENTS)
    def access_in_billing(self, minutes: int) -> None:
        self.course.grant(self.course.now + timedelta(minutes=minutes))

    @rule(post=st.booleans(), crm=st.booleans(), billing=st.booleans(), sent=st.booleans())
    def the_world_answers_or_not(self, post: bool, crm: bool, billing: bool, sent: bool) -> None:
        course = self.course
        course.silent = {who for who, answers in (("post", post), ("crm", crm), ("billing", billing)) if not answers}
        course.post = LetterOutcome(result="sent", message_id="<m@x>", subject="s") if sent else None
        for letter in [x for x in course.letters if x.key in course.state.letters_out] if post else []:
            learn_letter(course.state, letter, course.post, course.now)
        for record in [x for x in course.records if x.key == course.state.record_out] if crm else []:
            learn_crm(course.state, record, CrmOutcome(record_id="z1", action="updated") if sent else None, course.now)
        if billing and course.state.looking_up:
            learn_billing(course.state, BillingAnswer(payments=course.payments, access=course.access), course.now)
        course.run()

    @rule(minutes=DELAYS)
    def time_passes(self, minutes: int) -> None:
        self.course.go(minutes=minutes)

    @rule(minutes=DELAYS)
    def a_worker_is_away(self, minutes: int) -> None:
        self.course.now += timedelta(minutes=minutes)
        self.course.run()

    @invariant()
    def holds(self) -> None:
        course, state = self.course, self.course.state
        assert course.wake_at is None or course.wake_at > course.now
        keys = {o.key for o in state.obligations}
        assert self.known <= keys, "an obligation disappeared"
        assert len(keys) == len(state.obligations)
        self.known = keys
        for letters in (course.letters, course.records):
            assert len({x.key for x in letters}) == len(letters)
        self._breaches_hold()
        rows = {(r.table, r.round, r.entry): r for r in course.rows if isinstance(r, AcceptedClientRow | PaymentRegisterRow)}
        for table in ("accepted_clients", "payments_register"):
            entries = Counter(r.entry for r in rows.values() if r.table == table)
            standing = 1 if state.accepted_at is not None else 0
            assert entries["accepted"] + entries["entered"] - entries["reversed"] == standing
        if state.ended:
            assert not list(state.unmet())
            assert not state.tells
            assert not state.letters_out
            assert course.wake_at is None
        assert len(details(state)) < 20_000
        assert read_out(state).model_dump_json()
        assert sum(result(state).model_dump(include={"met", "met_late", "waived"}).values()) <= len(keys)

    def _breaches_hold(self) -> None:
        course = self.course
        rows = [r for r in course.rows if isinstance(r, BreachRow)]
        once = Counter((r.key, r.due, r.entry.value) for r in rows)
        assert all(n == 1 for n in once.values()), once
        recorded = {(r.key, r.due) for r in rows if r.entry == "recorded"}
        assert all(r.due <= course.now for r in rows)
        for o in course.state.obligations:
            if o.standing is Standing.MET and o.due is not None:
                assert o.met_at is not None
                assert o.met_at <= o.due
            if o.standing in (Standing.MET_LATE, Standing.OVERDUE):
                assert o.breached_at is not None
                assert (o.key, o.breached_at) in recorded
            if o.standing is Standing.OVERDUE:
                assert o.breached_at == o.due
            if o.standing is Standing.MET_LATE:
                assert o.breached_at is not None
                assert once[o.key, o.breached_at, "met_late"] == 1
            if o.standing is Standing.OPEN and o.due is not None and o.due <= course.now:
                assert o.clause == "2.1.2"  # waits for billing's word

    def teardown(self) -> None:
        """Left alone, with the world answering again, every course comes to its rest."""
        self.course.careful = False
        self.the_world_answers_or_not(True, True, True, True)
        self.course.go(days=45)
        self.holds()
        state = self.course.state
        assert not state.tells, "something was never said"
        assert not state.letters_out
        assert not [o.key for o in state.obligations if untold(o)], "a breach was never told"
        assert state.ended or list(state.unmet()), "nothing is owed and yet the case goes on"
        told = {r.key for r in self.course.rows if isinstance(r, NoticeRow) and r.kind == "breach"}
        assert {o.key for o in state.obligations if o.standing in (Standing.OVERDUE, Standing.MET_LATE)} <= told


AnyCourse.TestCase.settings = settings(FAST, max_examples=40, stateful_step_count=25)
TestAnyCourse = AnyCourse.TestCase
