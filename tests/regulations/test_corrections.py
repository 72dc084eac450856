"""A fact learnt after the end of its case, held against the rows of its clause: the decision table, rounds, and any order of facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.corrections import Bearing, bear, numbered
from regulations.rows import BreachEntry, BreachRow, ObligationRow

START = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
DUE = START + timedelta(days=3)
NOW = START + timedelta(days=60)
SECOND = timedelta(seconds=1)
RECORDED, MET_LATE, WITHDRAWN = BreachEntry.RECORDED, BreachEntry.MET_LATE, BreachEntry.WITHDRAWN


def duty(state: str, **changes: Any) -> ObligationRow:
    """An obligation as its case left it."""
    breached = DUE if state in ("overdue", "met_late") else None
    met = {"met": DUE - timedelta(hours=5), "met_late": DUE + timedelta(hours=5)}.get(state)
    plain: dict[str, Any] = {
        "seq": 4,
        "key": "2.2.4/1",
        "clause": "2.2.4",
        "owner": "cc",
        "escalation": "cc_head",
        "duty": "handoff 2.2.4",
        "term": "24 working hours",
        "state": state,
        "started_at": START,
        "due": DUE,
        "met_at": met,
        "breached_at": breached,
        "note": "withdrawn" if state == "waived" else "",
    }
    return ObligationRow.model_validate(plain | changes)


def entry(kind: BreachEntry, **changes: Any) -> BreachRow:
    plain: dict[str, Any] = {"seq": 5, "key": "2.2.4/1", "clause": "2.2.4", "owner": "cc", "due": DUE, "at": DUE}
    return BreachRow.model_validate(plain | {"entry": kind} | changes)


def hold(o: ObligationRow, entries: Sequence[BreachEntry], at: datetime) -> Bearing:
    return bear([o], [entry(e) for e in entries], at, NOW, "in time after all", every_round=True)


def written(bearing: Bearing) -> tuple[str | None, list[str]]:
    """The state that the obligation takes (None: it stays as it is), and the entries about its breach."""
    states = [r.state for r in bearing.rows if isinstance(r, ObligationRow)]
    assert len(states) <= 1
    return (states[0] if states else None), [r.entry.value for r in bearing.rows if isinstance(r, BreachRow)]


BREACHED_AND_WAIVED = duty("waived", breached_at=DUE)
IN_TIME, AT_DUE, LATE = DUE - SECOND, DUE, DUE + SECOND


@pytest.mark.parametrize(
    ("o", "entries", "at", "result", "state", "added"),
    [
        # waived at the end of the case, the breach recorded before
        (BREACHED_AND_WAIVED, [RECORDED], IN_TIME, "withdrawn", "met", ["withdrawn"]),
        (BREACHED_AND_WAIVED, [RECORDED], AT_DUE, "withdrawn", "met", ["withdrawn"]),
        (BREACHED_AND_WAIVED, [RECORDED], LATE, "stands", "met_late", ["met_late"]),
        # done late as far as the case knew
        (duty("met_late"), [RECORDED, MET_LATE], AT_DUE, "withdrawn", "met", ["withdrawn"]),
        (duty("met_late"), [RECORDED, MET_LATE], LATE, "stands", "met_late", []),
        (duty("met_late"), [RECORDED, MET_LATE], DUE + timedelta(hours=6), "stands", None, []),
        # nothing to correct
        (duty("waived"), [], IN_TIME, "recorded", None, []),
        (duty("waived"), [], LATE, "recorded", None, []),
        (duty("waived", due=None, term=None), [], LATE, "recorded", None, []),
        (duty("met"), [], AT_DUE, "recorded", None, []),
        (duty("met"), [], LATE, "recorded", None, []),
        (duty("met", breached_at=DUE), [RECORDED, WITHDRAWN], LATE, "recorded", None, []),
        (duty("met", breached_at=DUE), [RECORDED, WITHDRAWN], IN_TIME, "recorded", None, []),
        # an earlier proof of what was met in time
        (duty("met"), [], DUE - timedelta(hours=6), "recorded", "met", []),
        # ended by force: the case could close nothing itself
        (duty("open"), [], AT_DUE, "recorded", "met", []),
        (duty("open"), [], LATE, "stands", "met_late", ["recorded", "met_late"]),
        (duty("open", due=None, term=None), [], LATE, "recorded", "met", []),
        (duty("overdue"), [RECORDED], AT_DUE, "withdrawn", "met", ["withdrawn"]),
        (duty("overdue"), [RECORDED], LATE, "stands", "met_late", ["met_late"]),
    ],
)
def test_what_a_late_fact_does(
    o: ObligationRow, entries: list[BreachEntry], at: datetime, result: str, state: str | None, added: list[str]
) -> None:
    bearing = hold(o, entries, at)
    assert (bearing.result, written(bearing)) == (result, (state, added))


def test_the_rows_say_when_it_was_done_and_when_it_was_learnt() -> None:
    o, withdrawn = hold(BREACHED_AND_WAIVED, [RECORDED], IN_TIME).rows
    assert isinstance(o, ObligationRow)
    assert isinstance(withdrawn, BreachRow)
    assert (o.met_at, o.breached_at, o.note) == (IN_TIME, DUE, "withdrawn"), "what it was waived for is not forgotten"
    assert (withdrawn.key, withdrawn.due, withdrawn.at, withdrawn.late_seconds, withdrawn.note) == (
        o.key,
        DUE,
        NOW,
        None,
        "in time after all",
    )
    late, o = hold(BREACHED_AND_WAIVED, [RECORDED], LATE).rows
    assert isinstance(late, BreachRow)
    assert isinstance(o, ObligationRow)
    assert (late.due, late.at, late.late_seconds, o.met_at) == (DUE, LATE, 1, LATE)


def test_the_breach_is_the_one_of_the_missed_due_instant() -> None:
    """A calendar has moved the due instant since: the entry about the old one was withdrawn then, and withdraws nothing now."""
    moved = DUE + timedelta(days=1)
    o = duty("waived", due=moved, breached_at=moved)
    old = [entry(RECORDED), entry(WITHDRAWN), entry(RECORDED, due=moved)]
    bearing = bear([o], old, DUE + SECOND, NOW, "", every_round=True)
    assert written(bearing) == ("met", ["withdrawn"])
    assert bearing.links == (f"2.2.4/1@{moved.isoformat()}",)


def test_a_missed_due_instant_is_remembered_where_no_clock_runs_any_more() -> None:
    stands = duty("waived", due=None, breached_at=DUE)
    assert hold(stands, [RECORDED], DUE).result == "withdrawn"
    assert hold(stands, [RECORDED], LATE).result == "stands"


def test_a_clause_of_which_the_case_had_no_duty() -> None:
    assert bear([], [entry(RECORDED)], IN_TIME, NOW, "", every_round=True) == Bearing()


# --- rounds: the second begins ten days after the first, both were missed and let go ---------------------------------

TEN_DAYS = timedelta(days=10)
FIRST = BREACHED_AND_WAIVED
SECOND_ROUND = duty("waived", key="2.2.4/2", seq=9, started_at=START + TEN_DAYS, due=DUE + TEN_DAYS, breached_at=DUE + TEN_DAYS)
BOTH = [entry(RECORDED), entry(RECORDED, key="2.2.4/2", due=DUE + TEN_DAYS, seq=10)]


@pytest.mark.parametrize(
    ("at", "every_round", "withdrawn", "standing"),
    [
        (START - SECOND, True, ["2.2.4/1", "2.2.4/2"], []),  # done before it was owed
        (START - SECOND, False, ["2.2.4/1"], []),
        (DUE, True, ["2.2.4/1", "2.2.4/2"], []),
        (DUE, False, ["2.2.4/1"], []),
        (DUE + SECOND, True, ["2.2.4/2"], ["2.2.4/1"]),  # late for the first, early for the second
        (DUE + SECOND, False, [], ["2.2.4/1"]),
        (START + TEN_DAYS - SECOND, False, [], ["2.2.4/1"]),
        (START + TEN_DAYS, False, ["2.2.4/2"], []),  # the second has begun: it is the second's
        (START + TEN_DAYS, True, ["2.2.4/2"], []),
        (DUE + TEN_DAYS, True, ["2.2.4/2"], []),
        (DUE + TEN_DAYS + SECOND, True, [], ["2.2.4/2"]),
        (DUE + TEN_DAYS + SECOND, False, [], ["2.2.4/2"]),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_round_that_a_fact_belongs_to(at: datetime, every_round: bool, withdrawn: list[str], standing: list[str], turned: bool) -> None:
    rounds = [SECOND_ROUND, FIRST] if turned else [FIRST, SECOND_ROUND]
    bearing = bear(rounds, BOTH, at, NOW, "", every_round=every_round)
    assert sorted(b.obligation.key for b in bearing.withdrawn) == withdrawn
    assert [b.obligation.key for b in bearing.standing] == standing


def test_a_round_that_ended_as_the_next_began_is_met_by_a_fact_at_that_instant() -> None:
    first = FIRST.model_copy(update={"due": START + TEN_DAYS, "breached_at": START + TEN_DAYS})
    entries = [entry(RECORDED, due=START + TEN_DAYS), BOTH[1]]
    bearing = bear([first, SECOND_ROUND], entries, START + TEN_DAYS, NOW, "", every_round=True)
    assert sorted(b.obligation.key for b in bearing.withdrawn) == ["2.2.4/1", "2.2.4/2"]
    after = bear([first, SECOND_ROUND], entries, START + TEN_DAYS + SECOND, NOW, "", every_round=True)
    assert [b.obligation.key for b in after.withdrawn] == ["2.2.4/2"]


# --- any order -------------------------------------------------------------------------------------------------------


class Rows:
    """The rows of a clause, as the registers keep them: an obligation takes the newest state, an entry stands."""

    def __init__(self, duties: Sequence[ObligationRow], entries: Sequence[BreachRow]) -> None:
        self.duties = {o.key: o for o in duties}
        self.entries = {(e.key, e.due, e.entry): e for e in entries}

    def learn(self, at: datetime, every_round: bool) -> None:
        bearing = bear(list(self.duties.values()), list(self.entries.values()), at, NOW, "", every_round=every_round)
        for row in bearing.rows:
            if isinstance(row, ObligationRow):
                self.duties[row.key] = row
            else:
                self.entries.setdefault((row.key, row.due, row.entry), row)

    def end(self) -> dict[str, tuple[str, datetime | None, bool]]:
        """Of each obligation: its state, when it was met, and whether a breach of it stands."""
        return {
            key: (
                o.state,
                o.met_at,
                any(e.key == key and e.entry is RECORDED and (key, e.due, WITHDRAWN) not in self.entries for e in self.entries.values()),
            )
            for key, o in self.duties.items()
        }


MOMENTS = st.integers(-3 * 86400, 16 * 86400).map(lambda s: START + timedelta(seconds=s)) | st.sampled_from(
    [START, DUE, DUE + SECOND, START + TEN_DAYS, DUE + TEN_DAYS, DUE + TEN_DAYS + SECOND]
)
LEFT = st.sampled_from(["waived", "breached", "met", "met_late", "open", "overdue"])


def left(o: ObligationRow, how: str) -> tuple[ObligationRow, list[BreachRow]]:
    """The obligation in one of the states in which a case may leave it."""
    due = o.due
    assert due is not None
    told = [entry(RECORDED, key=o.key, due=due)]
    match how:
        case "met":
            return o.model_copy(update={"state": "met", "met_at": due - timedelta(hours=1), "breached_at": None}), []
        case "met_late":
            late = entry(MET_LATE, key=o.key, due=due)
            return o.model_copy(update={"state": "met_late", "met_at": due + timedelta(hours=1)}), [*told, late]
        case "breached":
            return o, told
        case "overdue":
            return o.model_copy(update={"state": "overdue"}), told
    return o.model_copy(update={"state": how, "breached_at": None}), []


@given(
    hows=st.tuples(LEFT, LEFT),
    facts=st.lists(MOMENTS, max_size=5).flatmap(lambda facts: st.tuples(st.just(facts), st.permutations(facts))),
    every_round=st.booleans(),
)
def test_facts_give_the_same_end_in_any_order_and_however_often(
    hows: tuple[str, str], facts: tuple[list[datetime], list[datetime]], every_round: bool
) -> None:
    parts = [left(o, how) for o, how in zip((FIRST, SECOND_ROUND), hows, strict=True)]
    duties, entries = [o for o, _ in parts], [e for _, part in parts for e in part]
    ends = []
    for order in (facts[0], facts[1], facts[0] + facts[1]):
        rows = Rows(duties, entries)
        for at in order:
            rows.learn(at, every_round)
        ends.append(rows.end())
    assert ends[0] == ends[1] == ends[2]


@given(how=LEFT, facts=st.lists(MOMENTS, min_size=1, max_size=5))
def test_a_breach_stands_exactly_where_nothing_was_done_in_time(how: str, facts: list[datetime]) -> None:
    o, entries = left(FIRST, how)
    rows = Rows([o], entries)
    for at in facts:
        rows.learn(at, True)
    [(state, met_at, stands)] = rows.end().values()
    if how == "waived":
        assert (state, met_at, stands) == ("waived", o.met_at, False)
        return
    known = [*facts, *([o.met_at] if o.met_at else [])]
    assert met_at == min(known)
    assert stands is (min(known) > DUE)
    assert state == ("met_late" if stands else "met")


def test_rows_are_numbered_above_all_that_the_case_has_used() -> None:
    rows = numbered(hold(BREACHED_AND_WAIVED, [RECORDED], IN_TIME).rows, 41)
    assert [row.seq for row in rows] == [42, 43]
