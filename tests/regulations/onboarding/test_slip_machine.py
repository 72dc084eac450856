"""Properties of the slip: whatever is said by whomever, in whatever order or at once, it is complete exactly when all seven visas stand,
nothing is owed twice, and no duty is lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from regulations.case import UNMET, Refusal, Standing
from regulations.messages import Actor, Message, PeopleChanged
from regulations.onboarding.case import AUTHORS, ITEMS
from regulations.onboarding.rows import VisaRow
from regulations.onboarding.slip_messages import (
    FirstContact,
    InstallationReported,
    Installed,
    ItemMended,
    PaymentPosted,
    VisaGiven,
    VisaRefused,
    VisaWithdrawn,
    WaiveOfOnboarding,
    WithdrawOfOnboarding,
)
from regulations.onboarding.slip_narration import details, read_out, result
from regulations.onboarding.slip_state import ENDS
from regulations.roster import Absence
from regulations.rows import BreachRow, NoticeRow
from tests.regulations.onboarding.slips import (
    DEPUTY,
    GROUP_HEAD,
    HEAD,
    HEAD_OF_SALES,
    INSTALLER,
    OTHER_CARD,
    OWNER,
    REASON,
    REPORT,
    SALES,
    SERVICE_HEAD,
    Slip,
    register,
    visa,
)

MINUTE = timedelta(minutes=1)
ITEM = st.sampled_from(ITEMS)
WHO = st.sampled_from(["owner"] * 8 + ["deputy", "pretender", "another"])
DELAYS = st.sampled_from([1, 30, 180, 900, 1_440, 6_000])
WORDS = {VisaGiven: "given", VisaRefused: "refused", VisaWithdrawn: "withdrawn"}


class AnySlip(RuleBasedStateMachine):
    """Random messages and moves of the clock, beside a model of what each message must come to."""

    on_refusal: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.slip = Slip(on_refusal=self.on_refusal)
        self.states = dict.fromkeys(ITEMS, "missing")
        self.other_document: dict[str, bool] = {}
        """Item → on which of two documents its visa was given last."""
        self.let_go: set[str] = set()
        """Items of which the head of sales has let the duty of this round go, the visa's or the mending."""
        self.away: dict[str, tuple[Absence, ...]] = {}
        self.held_back = ""
        """Whose visa nobody gives yet, so that the slip stays open for a while."""
        self.withdrawn = False
        """It is withdrawn in the end."""

    @initialize(given=st.sets(ITEM), refused=st.sets(ITEM, min_size=1, max_size=3), held_back=ITEM, withdrawn=st.booleans())
    def begin(self, given: set[str], refused: set[str], held_back: str, withdrawn: bool) -> None:
        """Somewhere on its way."""
        self.slip = Slip(on_refusal=self.on_refusal).begin()
        self.held_back, self.withdrawn = held_back, withdrawn
        for item in ITEMS:
            if item in refused or item in given:
                self.speak(VisaRefused if item in refused else VisaGiven, item, "owner")
        self.slip.run()

    def say(self, kind: type[Message], happened: datetime | None = None, **fields: Any) -> str:
        """The type of the refusal, which leaves no trace; empty: it was taken, and nothing is decided on it yet."""
        before = self.slip.state.model_dump_json()
        try:
            self.slip.say(kind, happened, settle=False, **fields)
        except Refusal as refusal:
            type = refusal.type
        else:
            return ""
        assert self.slip.state.model_dump_json() == before
        return type

    # --- the model

    @property
    def complete(self) -> bool:
        return set(self.states.values()) == {"given"}

    @property
    def stopped(self) -> bool:
        return self.on_refusal == "stop" and "refused" in self.states.values()

    def wanted(self, item: str) -> bool:
        missing = self.states[item] in ("missing", "withdrawn") and not self.stopped
        return missing and (item != "2.7" or self.states["2.2"] == "given")

    def actor(self, item: str, who: str) -> Actor:
        """Who has the role, a deputy, somebody who only says so, or somebody in another role."""
        owner = OWNER[item]
        ids = {"owner": owner.id, "deputy": DEPUTY, "pretender": SALES.id, "another": HEAD.id}
        return Actor(id=ids[who], role=HEAD.role if who == "another" else owner.role)

    def has_right(self, item: str, who: str) -> bool:
        today = self.slip.local(self.slip.now)[:10]
        absent = any(str(one.first) <= today <= str(one.last) for one in self.away.get(OWNER[item].id, ()))
        return who == "owner" or (who == "deputy" and absent)

    def expected(self, kind: type[VisaGiven | VisaRefused | VisaWithdrawn], item: str, who: str, other_document: bool) -> str:
        """The refusal that a word about an item must meet; ``stands``; or the state that it comes to."""
        state, complete = self.states[item], self.complete
        if self.slip.state.at in ENDS:
            return "Ended"
        if complete:
            return "SlipClosed"
        if not self.has_right(item, who):
            return "NotYours" if who == "another" else "NotInRole"
        if kind is VisaWithdrawn:
            if state != "given":
                return "NoVisa"
            return "OutOfOrder" if item == "2.2" and self.states["2.7"] == "given" else "withdrawn"
        if item == "2.7" and self.states["2.2"] != "given":
            return "OutOfOrder"
        if kind is VisaRefused:
            return {"given": "VisaStands", "refused": "stands"}.get(state, "refused")
        if state == "refused":
            return "NotMended"
        if state == "given":
            return "stands" if other_document == self.other_document[item] else "VisaStands"
        return "Stopped" if self.stopped else "given"

    def speak(self, kind: type[VisaGiven | VisaRefused | VisaWithdrawn], item: str, who: str, other_document: bool = False) -> None:
        if kind is VisaGiven and item == self.held_back:
            return
        expected = self.expected(kind, item, who, other_document)
        fields = (
            visa(item, by=self.actor(item, who)) if kind is VisaGiven else {"item": item, "reason": REASON, "by": self.actor(item, who)}
        )
        if kind is VisaGiven and other_document:
            fields["files"] = [OTHER_CARD]
        refused = self.say(kind, **fields)
        if refused:
            assert refused == expected
            return
        assert expected in (WORDS[kind], "stands")
        if expected == "stands":
            assert self.slip.state.answer == "stands"
            return
        self.states[item], self.other_document[item] = expected, other_document
        self.let_go.discard(item)
        self.let_go -= {other for other in self.let_go if self.states[other] != "refused" and not self.wanted(other)}

    # --- what happens

    @rule(item=ITEM, who=WHO, other_document=st.booleans())
    def give(self, item: str, who: str, other_document: bool) -> None:
        self.speak(VisaGiven, item, who, other_document and item in ("2.6", "2.7"))
        self.slip.run()

    @rule(luck=st.integers(0, 7))
    def hold_back_no_more(self, luck: int) -> None:
        if luck == 7:
            self.held_back = ""

    @rule(item=ITEM, other=ITEM, who=WHO, another=WHO, same=st.booleans())
    def give_two_at_once(self, item: str, other: str, who: str, another: str, same: bool) -> None:
        """Two visas at one moment, or the ``same`` one by two people."""
        self.speak(VisaGiven, item, who)
        self.speak(VisaGiven, item if same else other, another)
        self.slip.run()

    @rule(item=ITEM, who=WHO, again=st.booleans())
    def refuse(self, item: str, who: str, again: bool) -> None:
        for _ in range(1 + again):
            self.speak(VisaRefused, item, who)
        self.slip.run()

    @rule(item=ITEM, who=WHO, aimed=st.sampled_from([True, True, False]), given_meanwhile=st.booleans())
    def withdraw_visa(self, item: str, who: str, aimed: bool, given_meanwhile: bool) -> None:
        """Of an item that stands, where it is ``aimed`` and there is one; perhaps it is given anew at the same moment."""
        standing = [other for other in ITEMS if self.states[other] == "given"]
        item = standing[ITEMS.index(item) % len(standing)] if aimed and standing else item
        self.speak(VisaWithdrawn, item, who)
        if given_meanwhile:
            self.speak(VisaGiven, item, "owner")
        self.slip.run()

    @rule(item=ITEM, aimed=st.sampled_from([True, True, False]))
    def mend(self, item: str, aimed: bool) -> None:
        """Of an item that is refused, where it is ``aimed`` and there is one."""
        refusals = [other for other in ITEMS if self.states[other] == "refused"]
        item = refusals[0] if aimed and refusals else item
        by = SALES if AUTHORS[item] == SALES.role else OWNER["2.3"]
        refused = self.states[item] == "refused" and self.slip.state.at not in ENDS
        said = self.say(ItemMended, item=item, by=by)
        assert said == ("" if refused else "Ended" if self.slip.state.at in ENDS else "NotRefused")
        if refused:
            self.states[item] = "missing"
            self.let_go.discard(item)
        self.slip.run()

    @rule(item=ITEM)
    def let_a_duty_go(self, item: str) -> None:
        said = self.say(WaiveOfOnboarding, clause=item, reason=REASON, by=HEAD_OF_SALES)
        assert said in ("", "NoSuchObligation", "Ended")
        if not said:
            self.let_go.add(item)
        self.slip.run()

    @rule(item=ITEM, days=st.integers(0, 2))
    def absence(self, item: str, days: int) -> None:
        today = (self.slip.now + timedelta(hours=2)).date()
        self.away[OWNER[item].id] = (Absence(first=today, last=today + timedelta(days=days), deputy=DEPUTY),)
        self.slip.roster = register(self.away)
        if self.slip.state.at not in ENDS:
            self.slip.say(PeopleChanged)

    @rule(minutes=DELAYS)
    def go(self, minutes: int) -> None:
        self.slip.go(minutes=minutes)

    @rule(what=st.sampled_from([PaymentPosted, FirstContact, Installed, InstallationReported]), ago=st.sampled_from([0, 0, 60]))
    def service(self, what: type[Message], ago: int) -> None:
        given: dict[type[Message], dict[str, Any]] = {
            PaymentPosted: {"reference": "p-1"},
            FirstContact: {"installation_at": self.slip.now + 600 * MINUTE, "by": SERVICE_HEAD},
            Installed: {"by": INSTALLER},
            InstallationReported: {"files": [REPORT], "by": GROUP_HEAD},
        }
        assert self.say(what, self.slip.now - ago * MINUTE, **given[what]) in ("", "Ended", "ImpossibleDate", "NotInstalled")
        self.slip.run()

    # --- what always holds

    @invariant()
    def it_is_complete_exactly_when_all_seven_stand(self) -> None:
        state = self.slip.state
        assert self.slip.states() == self.states
        assert (state.closed_at is not None) is self.complete
        if state.stage != "withdrawn":
            assert (state.stage in ("in_service", "done")) is self.complete
        if self.complete:
            assert state.closed_at == max(visa.at for visa in state.visas.values() if visa.at is not None)
        registered = {row.item: row.state for row in self.slip.of(VisaRow)}
        assert {**dict.fromkeys(ITEMS, "missing"), **registered} == self.states

    @invariant()
    def nothing_is_owed_twice_and_nothing_is_lost(self) -> None:
        state = self.slip.state
        unmet = [o for o in state.obligations if o.standing in UNMET]
        if state.at in ENDS:
            assert not unmet
            return
        for item in ITEMS:
            visas = [o for o in unmet if o.clause == item and "mend" not in o.key]
            mends = [o for o in unmet if o.clause == item and "mend" in o.key]
            assert len(visas) == (self.wanted(item) and item not in self.let_go)
            assert len(mends) == (self.states[item] == "refused" and item not in self.let_go)
        for clause, owed in (
            ("3.1", state.paid is not None and self.complete),
            ("3.2", state.paid is not None),
            ("3.3", state.installed is not None),
        ):
            assert sum(o.clause == clause for o in state.obligations) == owed
        assert len(self.slip.begun) == (self.complete and state.installed is not None)

    @invariant()
    def every_standing_is_true(self) -> None:
        for o in self.slip.state.obligations:
            if o.standing is Standing.MET and o.plan is not None:
                assert o.met_at is not None
                assert o.met_at <= o.plan.due
            if o.standing is Standing.MET_LATE:
                assert o.met_at is not None
                assert o.breached_at is not None
                assert o.met_at > o.breached_at
            if o.standing in UNMET and not o.paused:
                assert (o.standing is Standing.OVERDUE) is (o.due is not None and self.slip.now >= o.due)
        entries = [(row.key, row.due, row.entry) for row in self.slip.of(BreachRow)]
        assert len(entries) == len(set(entries)), "every entry about a breach counts once"
        notices = [(row.key, row.kind, row.due, row.recipient) for row in self.slip.of(NoticeRow)]
        assert len(notices) == len(set(notices)), "nobody is told twice of one thing"

    def teardown(self) -> None:
        """It can always be read; with everything done, it is done; withdrawn, it owes nothing."""
        slip = self.slip
        assert details(slip.state)
        assert read_out(slip.state).stage == slip.stage
        if slip.state.at in ENDS:
            return
        if self.withdrawn:
            slip.say(WithdrawOfOnboarding, reason=REASON, by=HEAD)
            assert (slip.stage, slip.state.ended, slip.wake_at) == ("withdrawn", True, None)
            assert not [o for o in slip.state.obligations if o.standing in UNMET]
            return
        for item in ITEMS:
            if self.states[item] == "refused":
                self.mend(item, False)
        self.held_back = ""
        for item in ITEMS:
            self.speak(VisaGiven, item, "owner")
        slip.run()
        for what in (PaymentPosted, FirstContact, Installed, InstallationReported):
            self.service(what, 0)
        assert (slip.stage, slip.state.ended, slip.state.tells, slip.state.waits, slip.wake_at) == ("done", True, [], {}, None)
        assert (result(slip.state).visas, result(slip.state).plan, len(slip.begun)) == (7, "begun", 1)


class Collecting(AnySlip):
    on_refusal = "collect"


class Stopping(AnySlip):
    on_refusal = "stop"


FEW = settings(max_examples=15, stateful_step_count=20, derandomize=True, suppress_health_check=list(HealthCheck))
Collecting.TestCase.settings = Stopping.TestCase.settings = FEW
TestCollecting, TestStopping = Collecting.TestCase, Stopping.TestCase
