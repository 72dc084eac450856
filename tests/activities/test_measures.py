"""Proposals of measures in the register: settled once whatever is asked again or at the same time, and listed for who decides."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities import errors
from activities.measures import Measures
from activities.record import Registers
from regulations.lead.effects import ProposalQuestion
from regulations.lead.rows import CentreRow, MeasureRow
from regulations.record_batch import RecordBatch
from runtime.database import open_database
from runtime.measures import Chosen, Measure, MeasureRegister
from runtime.registers import RegisterWriter
from tests.activities.attempts import attempt, failing
from tests.regulations.lead.centres import ALLOWED, CODE, LEAD, LEAD_UID, PROPOSAL

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
EVIDENCE = "7.2.1: срок 20.11.2026 11:30 пропущен"


def question(key: str = "k1", what: str = "decide", **fields: Any) -> ProposalQuestion:
    given = {"centre": CODE, "proposal": PROPOSAL, "reason": "why", "by": "sales_support:u30", "now": NOW, **fields}
    return ProposalQuestion.model_validate({"key": key, "what": what, **given})


async def propose(engine: AsyncEngine, *keys: str, clause: str = "7.2.1", centre: str = CODE, address: str = LEAD, **fields: Any) -> None:
    """What a lead writes (H2): proposals of the register, one a minute."""
    given = {"clause": clause, "centre": centre, "product": "bureau", "allows": ALLOWED, "evidence": EVIDENCE, **fields}
    rows = tuple(
        MeasureRow.model_validate({"seq": n, "key": key, "proposed_at": NOW + timedelta(minutes=n), **given})
        for n, key in enumerate(keys or (PROPOSAL,))
    )
    batch = RecordBatch(case_uid=LEAD_UID, address=address, kind="lead", edition="lead-1", now=NOW, rows=rows)
    await attempt(Registers(RegisterWriter(engine)).record, batch)


async def define(engine: AsyncEngine, code: str, *products: str, disconnected: bool = False) -> None:
    """What a centre's case writes."""
    row = CentreRow(
        seq=1,
        code=code,
        name=code,
        zone="Europe/Moscow",
        email="leads@example.org",
        head="head@example.org",
        managers=(("m1", "Анна", "anna@example.org"),),
        products=products,
        disconnected=disconnected,
        version=1,
    )
    batch = RecordBatch(case_uid=f"uid-{code}", address=f"service-centre/{code}", kind="centre", edition="lead-1", now=NOW, rows=(row,))
    await attempt(Registers(RegisterWriter(engine)).record, batch)


@pytest.fixture
def register(engine: AsyncEngine) -> MeasureRegister:
    return MeasureRegister(engine)


@pytest.fixture
def measures(register: MeasureRegister) -> Measures:
    return Measures(register)


async def stored(register: MeasureRegister, key: str = PROPOSAL) -> Measure:
    [found] = [m for m in await register.list(chosen="all") if m.key == key]
    return found


@pytest.mark.clause("lead 9.4")
async def test_a_decision_is_written_with_who_when_and_why(engine: AsyncEngine, register: MeasureRegister, measures: Measures) -> None:
    await propose(engine, clause="8.2.1")
    asked = question(measures=("left_out_for_quarter",), fine=Decimal("5000.00"))
    answer = await attempt(measures.settle_proposal, asked)
    assert (answer.result, answer.in_force, answer.clause) == ("settled", ("left_out_for_quarter",), "8.2.1")
    assert (answer.lead, answer.lead_uid, answer.product) == (LEAD, LEAD_UID, "bureau")
    kept = await stored(register)
    assert (kept.state, kept.taken, kept.fine) == ("decided", ["left_out_for_quarter"], Decimal("5000.00"))
    assert (kept.ruled_at, kept.ruled_by, kept.reason) == (NOW, "sales_support:u30", "why")
    assert (kept.allows, kept.evidence) == (list(ALLOWED), EVIDENCE), "what the lead wrote stays"


@pytest.mark.clause("lead 9.4")
async def test_the_same_message_has_the_same_answer_whatever_came_since(
    engine: AsyncEngine, register: MeasureRegister, measures: Measures
) -> None:
    await propose(engine)
    first = await attempt(measures.settle_proposal, question(measures=("close_product",)))
    second = await attempt(measures.settle_proposal, question("k2", measures=("left_out_for_good",)))
    assert (first.result, second.result) == ("settled", "already_decided")
    lifted = await attempt(measures.settle_proposal, question("k3", "lift"))
    assert lifted.in_force == ()
    before = await stored(register)
    for asked, answer in (
        (question(measures=("close_product",)), first),
        (question("k2", measures=("left_out_for_good",)), second),
        (question("k3", "lift"), lifted),
    ):
        assert await attempt(measures.settle_proposal, asked) == answer
    assert await stored(register) == before
    assert list(before.settled or {}) == ["k1", "k2", "k3"]


@pytest.mark.clause("lead 9.4")
async def test_of_two_decisions_at_once_one_counts_and_the_other_is_told(
    engine: AsyncEngine, database_url: str, register: MeasureRegister, measures: Measures
) -> None:
    await propose(engine)
    other_process = open_database(database_url)
    others = Measures(MeasureRegister(other_process))
    asked = [question(f"k{n}", measures=(kind,)) for n, kind in enumerate(ALLOWED[1:] * 2) if kind != "move_client"]
    settled = await asyncio.gather(
        *(attempt((measures, others)[n % 2].settle_proposal, one) for n, one in enumerate(asked)), return_exceptions=True
    )
    await other_process.dispose()
    answers = [a for a in settled if not isinstance(a, BaseException)]
    assert len(answers) == len(asked), settled
    assert sorted(a.result for a in answers) == ["already_decided"] * (len(asked) - 1) + ["settled"]
    [counted] = [one for one, a in zip(asked, answers, strict=True) if a.result == "settled"]
    kept = await stored(register)
    assert tuple(kept.taken or ()) == counted.measures
    assert len(kept.settled or {}) == len(asked)


@pytest.mark.clause("lead 10.1")
async def test_an_objection_and_its_end_stand_beside_the_decision(
    engine: AsyncEngine, register: MeasureRegister, measures: Measures
) -> None:
    await propose(engine)
    await attempt(measures.settle_proposal, question(measures=("left_out_for_quarter", "close_product")))
    later = NOW + timedelta(hours=1)
    objected = await attempt(measures.settle_proposal, question("k2", "object", reason="звонок был", by="centre:u90", now=later))
    assert (objected.result, objected.in_force) == ("settled", ())
    kept = await stored(register)
    assert (kept.state, kept.suspended, kept.objected_at, kept.objection) == ("decided", True, later, "звонок был")
    rejected = await attempt(measures.settle_proposal, question("k3", "reject", now=later + timedelta(hours=1)))
    assert rejected.in_force == ("left_out_for_quarter", "close_product")
    assert (await stored(register)).reason == "why", "the decision keeps its own reason"
    lapsed = await attempt(measures.settle_proposal, question("k4", "lapse"))
    assert lapsed.in_force == ("close_product",)
    again = await attempt(measures.settle_proposal, question("k5", "object"))
    assert again.result == "already_objected"


async def test_an_upheld_objection_withdraws_the_proposal(engine: AsyncEngine, register: MeasureRegister, measures: Measures) -> None:
    await propose(engine)
    await attempt(measures.settle_proposal, question("k1", "object"))
    assert (await attempt(measures.settle_proposal, question("k2", measures=("close_product",)))).result == "objection_open"
    assert (await attempt(measures.settle_proposal, question("k3", "uphold"))).result == "settled"
    kept = await stored(register)
    assert (kept.state, kept.suspended, kept.taken) == ("withdrawn", False, None)


async def test_nobody_settles_a_proposal_about_another_centre(engine: AsyncEngine, register: MeasureRegister, measures: Measures) -> None:
    await propose(engine, centre="kgd-1")
    for asked in (question(measures=("close_product",)), question(proposal="nobody/knows")):
        assert (await attempt(measures.settle_proposal, asked)).result == "unknown"
    assert (await stored(register)).settled is None


@pytest.mark.clause("lead 9.1.1")
async def test_a_lead_moves_to_a_centre_of_the_register(engine: AsyncEngine, register: MeasureRegister, measures: Measures) -> None:
    await propose(engine)
    await define(engine, "kgd-1", "elba")
    await define(engine, "kgd-2", "bureau", disconnected=True)
    await define(engine, "kgd-3", "bureau", "elba")
    results = [
        (await attempt(measures.settle_proposal, question(to, measures=("move",), to=to))).result
        for to in ("nowhere", "kgd-1", "kgd-2", "kgd-3")
    ]
    assert results == ["unknown_centre", "unfit_centre", "unfit_centre", "settled"]
    assert (await stored(register)).moved_to == "kgd-3"


async def test_proposals_are_listed_by_centre_and_by_how_they_stand(
    engine: AsyncEngine, register: MeasureRegister, measures: Measures
) -> None:
    await propose(engine, "p0", "p1", "p2", "p3")
    await propose(engine, "other", centre="kgd-1")
    await attempt(measures.settle_proposal, question("k1", measures=("close_product",), proposal="p1"))
    await attempt(measures.settle_proposal, question("k2", proposal="p2"))
    await attempt(measures.settle_proposal, question("k3", measures=("close_product",), proposal="p3"))
    await attempt(measures.settle_proposal, question("k4", "object", proposal="p3"))

    async def keys(chosen: Chosen) -> list[str]:
        return [m.key for m in await register.list(centre=CODE, chosen=chosen)]

    assert await keys("open") == ["p0", "p3"]
    assert await keys("proposed") == ["p0"]
    assert await keys("objected") == ["p3"]
    assert await keys("decided") == ["p1", "p3"]
    assert await keys("declined") == ["p2"]
    assert await keys("all") == ["p0", "p1", "p2", "p3"]
    assert [m.key for m in await register.list(limit=2)] == ["other", "p0"]


async def test_a_database_that_is_away_is_asked_again(empty_database_url: str) -> None:
    away = open_database(empty_database_url)  # not migrated
    assert (await failing(Measures(MeasureRegister(away)).settle_proposal, question())).type == errors.UNAVAILABLE
    await away.dispose()
