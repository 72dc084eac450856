"""The ledger: one key, one effect, one attempt at a time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import DatabaseUnavailableError, open_database
from runtime.effect_ledger import (
    Claim,
    EffectConflictError,
    EffectLedger,
    Finished,
    LeaseHeldError,
    LeaseLostError,
    Stage,
    stage_of,
    withdraw,
)
from runtime.tables import effects

LEASE = timedelta(seconds=60)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(engine: AsyncEngine, clock: Clock) -> EffectLedger:
    return EffectLedger(engine, clock)


async def _claimed(ledger: EffectLedger, key: str = "uid#accepted#1", digest: str = "hash") -> Claim:
    claim = await ledger.claim(key, "letter", digest, LEASE)
    assert isinstance(claim, Claim)
    return claim


async def test_a_finished_effect_answers_with_its_result(ledger: EffectLedger) -> None:
    await ledger.finish(await _claimed(ledger), {"sent": True})
    assert await ledger.claim("uid#accepted#1", "letter", "hash", LEASE) == Finished(Stage.DONE, {"sent": True})


async def test_a_held_effect_stays_held(ledger: EffectLedger) -> None:
    await ledger.hold(await _claimed(ledger), {"sent": None})
    assert await ledger.claim("uid#accepted#1", "letter", "hash", LEASE) == Finished(Stage.HELD, {"sent": None})


@pytest.mark.parametrize(("kind", "digest"), [("letter", "other"), ("crm", "hash")])
@pytest.mark.parametrize("finished", [True, False])
async def test_the_same_key_with_another_input_is_a_conflict(ledger: EffectLedger, kind: str, digest: str, finished: bool) -> None:
    claim = await _claimed(ledger)
    if finished:
        await ledger.finish(claim, None)
    with pytest.raises(EffectConflictError):
        await ledger.claim("uid#accepted#1", kind, digest, LEASE)


async def test_a_living_lease_keeps_others_away_and_says_for_how_long(ledger: EffectLedger, clock: Clock) -> None:
    await _claimed(ledger)
    clock.pass_by(timedelta(seconds=25))
    with pytest.raises(LeaseHeldError) as caught:
        await _claimed(ledger)
    assert caught.value.remaining == timedelta(seconds=35)


async def test_at_the_end_of_the_lease_the_next_attempt_takes_over(ledger: EffectLedger, clock: Clock) -> None:
    first = await ledger.freeze(await _claimed(ledger), "<id@x.test>", b"bytes")
    await ledger.begin_handover(first)
    clock.pass_by(LEASE)
    second = await _claimed(ledger)
    assert (second.attempt, second.stage, second.handovers) == (2, Stage.DATA_BEGUN, 1)
    assert (second.message_id, second.payload) == ("<id@x.test>", b"bytes")


async def test_whoever_lost_the_lease_does_nothing_more(ledger: EffectLedger, clock: Clock) -> None:
    first = await ledger.freeze(await _claimed(ledger), "<id@x.test>", b"bytes")
    clock.pass_by(LEASE)
    with pytest.raises(LeaseLostError):
        await ledger.begin_handover(first)
    second = await _claimed(ledger)
    with pytest.raises(LeaseLostError):
        await ledger.finish(first, "late")
    await ledger.release(first)  # does nothing: it is not ours
    with pytest.raises(LeaseHeldError):
        await _claimed(ledger)
    await ledger.finish(second, "in time")
    assert await ledger.claim("uid#accepted#1", "letter", "hash", LEASE) == Finished(Stage.DONE, "in time")


async def test_what_happened_is_kept_after_the_lease_if_nobody_took_over(ledger: EffectLedger, clock: Clock) -> None:
    claim = await _claimed(ledger)
    clock.pass_by(LEASE * 2)
    await ledger.finish(claim, "late but true")
    assert await ledger.claim("uid#accepted#1", "letter", "hash", LEASE) == Finished(Stage.DONE, "late but true")


async def test_a_finished_effect_cannot_be_changed(ledger: EffectLedger) -> None:
    claim = await _claimed(ledger)
    await ledger.finish(claim, "first")
    with pytest.raises(LeaseLostError):
        await ledger.hold(claim, "second")


async def test_a_released_lease_is_free_at_once(ledger: EffectLedger) -> None:
    await ledger.release(await _claimed(ledger))
    assert (await _claimed(ledger)).attempt == 2


async def test_a_plain_refusal_takes_the_handover_back_but_not_an_earlier_unknown_one(ledger: EffectLedger, clock: Clock) -> None:
    claim = await ledger.freeze(await _claimed(ledger), "<id@x.test>", b"bytes")
    refused = await ledger.handover_refused(await ledger.begin_handover(claim))
    assert (refused.stage, refused.handovers) == (Stage.RENDERED, 0)
    await ledger.begin_handover(refused)
    clock.pass_by(LEASE)
    second = await ledger.begin_handover(await _claimed(ledger))
    assert second.handovers == 2
    again = await ledger.handover_refused(second)
    assert (again.stage, again.handovers) == (Stage.DATA_BEGUN, 1)


async def test_of_many_attempts_at_once_one_gets_the_claim(engine: AsyncEngine) -> None:
    """By the database's own clock, as in production."""
    ledger = EffectLedger(engine)
    answers = await asyncio.gather(*(ledger.claim("k", "letter", "hash", LEASE) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(answer, Claim) for answer in answers) == 1
    assert sum(isinstance(answer, LeaseHeldError) for answer in answers) == 4


async def test_of_many_attempts_at_a_free_lease_one_takes_over(engine: AsyncEngine) -> None:
    ledger = EffectLedger(engine)
    await ledger.release(await _claimed(ledger, "k"))
    answers = await asyncio.gather(*(ledger.claim("k", "letter", "hash", LEASE) for _ in range(5)), return_exceptions=True)
    assert [answer.attempt for answer in answers if isinstance(answer, Claim)] == [2]
    assert sum(isinstance(answer, LeaseHeldError) for answer in answers) == 4


async def test_the_database_clock_ends_leases(engine: AsyncEngine) -> None:
    ledger = EffectLedger(engine)
    await _claimed(ledger, "k")
    past = datetime(2020, 1, 1, tzinfo=UTC)
    async with engine.begin() as connection:
        await connection.execute(update(effects).values(lease_until=past))
    assert (await _claimed(ledger, "k")).attempt == 2
    async with engine.connect() as connection:
        until = (await connection.execute(select(effects.c.lease_until))).scalar_one()
    assert until > past + timedelta(days=365)


async def test_a_database_that_is_away_for_a_moment_does_not_lose_the_result(
    database_url: str, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.effect_ledger._PAUSES_BEFORE_GIVING_UP", (0.0, 0.0))
    ledger = EffectLedger(engine)
    claim = await _claimed(ledger)
    refusing = open_database(database_url)
    tries = 0

    class Flaky(EffectLedger):
        async def _change(self, claim: Claim, *, alive: bool = True, **values: object) -> None:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise DatabaseUnavailableError("away")
            await super()._change(claim, alive=alive, **values)

    await Flaky(refusing).finish(claim, "done")
    await refusing.dispose()
    assert tries == 3
    assert await ledger.claim("uid#accepted#1", "letter", "hash", LEASE) == Finished(Stage.DONE, "done")


KEY = "uid#accepted#1"
NOTHING = {"result": "held"}


async def _withdrawn(engine: AsyncEngine) -> bool:
    async with engine.begin() as connection:
        return await withdraw(connection, KEY, "letter", dict(NOTHING))


async def _stage(engine: AsyncEngine) -> Stage | None:
    async with engine.connect() as connection:
        return await stage_of(connection, KEY)


async def test_an_effect_that_nobody_began_is_given_up_for_ever(engine: AsyncEngine, ledger: EffectLedger) -> None:
    assert await _stage(engine) is None
    assert await _withdrawn(engine)
    assert await _stage(engine) is Stage.HELD
    assert not await _withdrawn(engine), "given up already"
    with pytest.raises(EffectConflictError):
        await ledger.claim(KEY, "letter", "hash", LEASE)


async def test_a_released_effect_is_given_up_and_its_next_claim_gets_the_answer(engine: AsyncEngine, ledger: EffectLedger) -> None:
    await ledger.release(await ledger.freeze(await _claimed(ledger), "<m>", b"bytes"))
    assert await _withdrawn(engine)
    assert await ledger.claim(KEY, "letter", "hash", LEASE) == Finished(Stage.HELD, dict(NOTHING))


async def test_what_is_under_way_or_may_have_gone_out_or_is_done_is_not_given_up(engine: AsyncEngine) -> None:
    ledger = EffectLedger(engine)
    claim = await _claimed(ledger)
    assert not await _withdrawn(engine)
    claim = await ledger.begin_handover(await ledger.freeze(claim, "<m>", b"bytes"))
    await ledger.release(claim)
    assert not await _withdrawn(engine)
    assert await _stage(engine) is Stage.DATA_BEGUN
    await ledger.finish(claim, {"sent": True})
    assert not await _withdrawn(engine)
    assert await _stage(engine) is Stage.DONE
