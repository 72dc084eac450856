"""Properties of the status machine: whatever happens to a lead, in whatever order, it is somewhere that the regulation knows."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from regulations.case import Refusal, Standing
from regulations.effects import LetterOutcome
from regulations.lead import messages as m
from regulations.lead.answers import learn_letter
from regulations.lead.duties import BOOKING, of_round
from regulations.lead.effects import ClientStanding, InvoiceAnswer
from regulations.lead.narration import details, read_out, result
from regulations.lead.rows import LeadRow, MeasureRow
from regulations.lead.state import ENDS, HOTTER, TRANSITIONS, LeadState, Status
from regulations.messages import Actor, Message
from regulations.rows import BreachRow
from tests.regulations.course import SENT
from tests.regulations.lead.course import CALL, ZONES, Course, at, created

START = at("2026-11-16 10:00")
WITHOUT_CONTACT = frozenset({Status.COMPLETED, Status.DECLINED, Status.BLOCKED, Status.WITHDRAWN})
"""What a new lead may become though nobody spoke to the client; ``completed``: *activation* alone."""
CENTRES = st.sampled_from(sorted(ZONES))
TYPES = st.sampled_from(["connection", "connection", "renewal", "upsell", "service", "activation"])
TEMPERATURES = st.sampled_from(["hot", "warm", "cold"])
ROLES = st.sampled_from(["sales_support", "sales_support", "principal", "centre"])
MOMENTS = st.sampled_from([0, 0, 0, -5, -60, -1440, -40000, 4, 60])
"""When something happened, in minutes from now: some in the future, some before the lead was there."""
DELAYS = st.sampled_from([1, 59, 600, 1440, 4000, 15000, 44000])
FAST = settings(derandomize=True, suppress_health_check=[HealthCheck.too_slow])


class AnyLead(RuleBasedStateMachine):
    """Random messages, answers and moves of the clock; half of the messages are wrong in one way or another."""

    def __init__(self) -> None:
        super().__init__()
        self.course = Course(START)
        self.course.careful = True
        self.keys = itertools.count()
        self.uids = {self.course.state.uid}

    @initialize(
        centre=CENTRES,
        kind=TYPES,
        temperature=TEMPERATURES,
        used=st.booleans(),
        hour=st.integers(0, 200),
        known=st.booleans(),
        stage=st.sampled_from(["new", "new", "in_progress", "booking_ended", "booking_ended"]),
    )
    def begin(self, centre: str, kind: str, temperature: str, used: bool, hour: int, known: bool, stage: str) -> None:
        course = self.course
        if stage == "booking_ended":
            kind, used = "connection", False
        course.now += timedelta(hours=hour)
        course.known = dict(ZONES) if known or hour % 4 else {}
        course.standing = ClientStanding(
            last_used_at=course.now - timedelta(days=9) if used else None,
            paid_until=course.now + timedelta(days=20) if kind == "upsell" else None,
        )
        self.hand_over(created(course.now, centre, type=kind, temperature=temperature, key="first"))
        if stage != "new":
            self.send(m.TakenIntoWork, 0, contact=CALL)
        if stage == "booking_ended":
            self.time_passes(31 * 1440)

    # --- messages

    def send(self, kind: type[Message], minutes: int, **fields: Any) -> None:
        happened = self.course.now + timedelta(minutes=minutes)
        self.hand_over(self.course.message(kind, happened, key=f"m{next(self.keys)}", **fields))

    def hand_over(self, message: Message) -> None:
        """A message is taken, along a transition that there is, or refused without a trace."""
        course = self.course
        before = course.state
        written = before.model_dump_json()
        try:
            course.deliver(message, settle=False)  # whatever is no refusal fails the test
        except Refusal:
            assert course.state.model_dump_json() == written
        else:
            assert before.status not in ENDS, "a message was taken after the end"
            self.changed(before, message)
        self.step(course.run)

    def changed(self, before: LeadState, message: Message) -> None:
        """What a message may change of a lead."""
        after = self.course.state
        if before.status is not after.status:
            assert after.status in TRANSITIONS[before.status], f"{before.status} → {after.status} by {type(message).__name__}"
            if after.status is Status.NEW:
                assert isinstance(message, m.Moved)
            if after.status is Status.IN_PROGRESS:
                assert isinstance(message, m.TakenIntoWork | m.Postponed)
        if after.round != before.round or after.centre != before.centre:
            assert before.created is None or isinstance(message, m.Moved)
        if isinstance(message, m.ToLead):
            assert message.uid in (None, before.uid), "a message to another lead was taken"
            assert message.centre in (None, before.centre), "a message to another centre's lead was taken"
        assert after.revision == before.revision + 1
        assert HOTTER.keys() >= {after.temperature}

    def step(self, move: Any) -> None:
        """The case acts by itself: it may close what billing completes, and nothing else."""
        before = self.course.state
        move()
        after = self.course.state
        if before.uid == after.uid and before.status is not after.status:
            assert (before.status, after.status) == ("in_progress", "completed"), "only a paid invoice closes a lead by itself"
            assert after.invoice is not None

    @rule(
        creator=st.sampled_from(["client", "principal", "centre", "centre"]),
        centre=CENTRES,
        kind=TYPES,
        temperature=TEMPERATURES,
        minutes=MOMENTS,
    )
    def enquire(self, creator: str, centre: str, kind: str, temperature: str, minutes: int) -> None:
        happened = self.course.now + timedelta(minutes=minutes)
        key = f"m{next(self.keys)}"
        self.hand_over(created(happened, centre, creator=creator, type=kind, temperature=temperature, key=key))

    @precondition(lambda self: self.course.state.booking is not None and not self.course.state.booked)
    @rule(centre=CENTRES, temperature=TEMPERATURES)
    def connect_after_the_booking(self, centre: str, temperature: str) -> None:
        self.enquire("centre", centre, "connection", temperature, 0)

    @rule(minutes=MOMENTS, contact=st.sampled_from([None, CALL]), taken=st.booleans())
    def work(self, minutes: int, contact: Any, taken: bool) -> None:
        if taken:
            self.send(m.TakenIntoWork, minutes, contact=contact)
        else:
            self.send(m.ContactMade, minutes, contact=CALL)

    @rule(minutes=MOMENTS, ahead=st.sampled_from([-1, 60, 5000, 600000]), contact=st.sampled_from([None, CALL]))
    def postpone(self, minutes: int, ahead: int, contact: Any) -> None:
        self.send(m.Postponed, minutes, until=self.course.now + timedelta(minutes=ahead), contact=contact)

    @rule(minutes=MOMENTS, kind=st.sampled_from([m.Completed, m.Declined, m.StageNoted, m.ContactsChanged]))
    def plain(self, minutes: int, kind: Any) -> None:
        fields: dict[Any, dict[str, Any]] = {
            m.Completed: {"comment": "настроили"},
            m.Declined: {"reason": "не нужно"},
            m.StageNoted: {"stage": "предложение"},
            m.ContactsChanged: {"contacts": [{"name": "Петров", "phone": "+7 495 123-45-68"}]},
        }
        self.send(kind, minutes, **fields[kind])

    @rule(minutes=MOMENTS, kind=TYPES)
    def retype(self, minutes: int, kind: str) -> None:
        self.send(m.TypeChanged, minutes, type=kind)

    @rule(minutes=MOMENTS, number=st.integers(1, 3))
    def invoice(self, minutes: int, number: int) -> None:
        self.send(m.InvoiceLinked, minutes, invoice=f"inv-{number}")

    @rule(minutes=MOMENTS, manager=st.sampled_from(["anna", "boris", "nobody"]), day=st.integers(-1, 40), spread=st.booleans())
    def plan(self, minutes: int, manager: str, day: int, spread: bool) -> None:
        if spread:
            self.send(m.DayPlanned, minutes, day=(self.course.now + timedelta(days=day)).date())
        else:
            self.send(m.ManagerAssigned, minutes, manager=manager)

    @rule(minutes=MOMENTS, to=CENTRES, role=ROLES, by_measure=st.booleans())
    def move(self, minutes: int, to: str, role: str, by_measure: bool) -> None:
        self.send(m.Moved, minutes, to=to, by=Actor(id="u", role=role), reason="ближе", measure=self.proposal() if by_measure else None)

    @precondition(lambda self: self.course.state.round > 1 or self.course.state.proposals)
    @rule(role=ROLES, delete=st.booleans())
    def remove(self, role: str, delete: bool) -> None:
        by, reason = Actor(id="u", role=role), "решение"
        if delete:
            self.send(m.Deleted, 0, by=by, reason=reason, measure=self.proposal() or "uid-0/8.2.1/1")
        else:
            self.send(m.WithdrawOfLead, 0, by=by, reason=reason)

    def proposal(self) -> str | None:
        proposals = self.course.state.proposals
        return proposals[-1].key if proposals else None

    @rule(minutes=MOMENTS, clause=st.sampled_from(["8.2.1", "8.2.2", "8.2.3", "8.2.4"]), role=ROLES)
    def report(self, minutes: int, clause: str, role: str) -> None:
        self.send(m.ViolationReported, minutes, clause=clause, evidence="жалоба клиента", by=Actor(id="u", role=role))

    @rule(
        kind=st.sampled_from([m.WaiveOfLead, m.ExtendOfLead, m.PauseOfLead, m.PauseOfLead, m.ResumeOfLead]),
        clause=st.sampled_from(["7.2.1", "7.2.2", "7.2.3"]),
        role=ROLES,
        minutes=MOMENTS,
        ahead=DELAYS,
    )
    def decide_on_duty(self, kind: Any, clause: str, role: str, minutes: int, ahead: int) -> None:
        fields: dict[str, Any] = {"clause": clause, "by": Actor(id="u", role=role)}
        if kind is not m.ResumeOfLead:
            fields["reason"] = "клиент в отпуске"
        if kind is m.ExtendOfLead:
            fields["new_due"] = self.course.now + timedelta(minutes=ahead)
        self.send(kind, minutes, **fields)

    @rule(where=st.sampled_from([{"centre": "kgd-1"}, {"uid": "uid-1"}, {"uid": "uid-0"}]), other=st.booleans())
    def address(self, where: dict[str, str], other: bool) -> None:
        self.send(m.Declined, 0, reason="не нужно", **where, **({"client": "C-2"} if other else {}))

    # --- the world

    @rule(minutes=DELAYS)
    def time_passes(self, minutes: int) -> None:
        self.step(lambda: self.course.go(minutes=minutes))

    @rule(minutes=DELAYS)
    def a_worker_is_away(self, minutes: int) -> None:
        self.course.now += timedelta(minutes=minutes)
        self.step(self.course.run)

    @rule(
        post=st.booleans(),
        billing=st.booleans(),
        sent=st.booleans(),
        standing=st.sampled_from([None, "used", "paid", "made_up"]),
        invoice=st.sampled_from(["linked", "unpaid", "unknown"]),
    )
    def the_world_answers_or_not(self, post: bool, billing: bool, sent: bool, standing: str | None, invoice: str) -> None:
        course, now = self.course, self.course.now
        course.known = dict(ZONES)
        course.silent = {who for who, answers in (("post", post), ("billing", billing)) if not answers}
        course.post = SENT if sent else LetterOutcome(result="held", message_id="<m@x>", subject="s")
        course.standing = ClientStanding(
            last_used_at=now - timedelta(days=9) if standing == "used" else None,
            paid_until=now + timedelta(days=9) if standing == "paid" else None,
            made_up=("0:phone",) if standing == "made_up" else (),
        )
        course.invoices = {f"inv-{n}": InvoiceAnswer.model_validate({"result": invoice}) for n in (1, 2, 3)}
        self.step(self.answers)

    def answers(self) -> None:
        course = self.course
        for letter in [x for x in course.letters if x.key in course.state.letters_out] if "post" not in course.silent else []:
            learn_letter(course.state, letter, course.post, course.now)
        if "billing" not in course.silent and course.state.looking_up:
            course.answer_look_up()
        if "billing" not in course.silent and course.state.invoice_out is not None:
            course.answer_link()
        course.run()

    @precondition(lambda self: self.course.state.ended and self.course.state.successor is not None)
    @rule()
    def the_other_centre_takes_over(self) -> None:
        before = self.course.state
        assert before.status is Status.BLOCKED
        self.course.succeeded()
        after = self.course.state
        assert before.successor is not None
        assert (after.status, after.round, after.centre, after.address) == ("new", 1, before.successor.centre, before.address)
        assert after.uid not in self.uids
        self.uids.add(after.uid)

    # --- what always holds

    @invariant()
    def holds(self) -> None:
        course, state = self.course, self.course.state
        if state.created is None:
            return
        assert isinstance(state.status, Status)
        assert course.wake_at is None or course.wake_at > course.now
        self._status_holds(state)
        self._booking_holds(state)
        self._duties_hold(state)
        if state.ended:
            assert state.status in ENDS
            assert not list(state.unmet())
            assert (state.tells, state.letters_out, state.invoices, state.invoice_out, state.owed) == ([], [], [], None, [])
            assert course.wake_at is None
        assert len({p.key for p in state.proposals}) == len(state.proposals)
        keys = [r.key for r in course.rows if isinstance(r, MeasureRow)]
        assert len(set(keys)) == len(keys)
        if state.opening is not None and not state.opening_stale:
            rows = [r for r in course.rows if isinstance(r, LeadRow)]
            assert rows[-1] == state.row
            assert (rows[-1].status, rows[-1].round, rows[-1].centre) == (state.status, state.round, state.centre)
        assert len(details(state)) < 30_000
        assert read_out(state).model_dump_json()
        assert result(state).outcome == state.stage

    def _status_holds(self, state: LeadState) -> None:
        if state.taken_at is not None:
            assert state.contacted_at is not None, "taken into work though nobody spoke to the client"
            assert state.arrived_at is not None
            assert state.taken_at >= state.arrived_at
        if state.status is Status.IN_PROGRESS:
            assert state.taken_at is not None
        if state.status is Status.NEW:
            assert state.taken_at is None
        if state.status in ENDS and state.taken_at is None:
            assert state.status in WITHOUT_CONTACT
            assert state.status is not Status.COMPLETED or state.type == "activation"
        assert (state.closed_at is not None) == (state.status in ENDS)
        assert (state.successor is not None) == (state.status is Status.BLOCKED)
        if state.invoice is not None:
            assert state.status is Status.COMPLETED
            assert state.type in ("connection", "renewal", "upsell")

    def _booking_holds(self, state: LeadState) -> None:
        assert state.booked or BOOKING not in state.waits, "the end of a booking that does not run is waited for"
        if state.booked:
            assert state.status not in ENDS
            assert state.type == "connection"
            assert not state.type_contradicted
            assert state.booking is not None
            plan = state.waits[BOOKING].plan if BOOKING in state.waits else None
            assert plan is None or self.course.now < plan.due, "a booking outlives its term"
        if state.type == "connection" and state.status not in ENDS:
            assert state.booking is not None

    def _duties_hold(self, state: LeadState) -> None:
        assert len({o.key for o in state.obligations}) == len(state.obligations)
        open_duties = [o for o in of_round(state) if o.standing is Standing.OPEN and not o.paused and o.plan is not None]
        if state.status is not Status.NEW:
            assert not open_duties
        for o in state.obligations:
            if o not in of_round(state):
                assert o.standing not in (Standing.OPEN, Standing.OVERDUE), "an earlier centre still owes something"
        recorded = [(r.key, r.due) for r in self.course.rows if isinstance(r, BreachRow) and r.entry == "recorded"]
        assert all(due <= self.course.now for _, due in recorded)

    def teardown(self) -> None:
        """Left alone, with the world answering again, a lead that has ended comes to its rest."""
        course = self.course
        if course.state.created is None:
            return
        self.the_world_answers_or_not(True, True, True, None, "unpaid")
        self.step(lambda: course.go(days=45))
        self.holds()
        assert course.state.ended == (course.state.status in ENDS)


AnyLead.TestCase.settings = settings(FAST, max_examples=50, stateful_step_count=20)
TestAnyLead = AnyLead.TestCase
