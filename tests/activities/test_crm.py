"""Records in the CRM: one for each external id, with and without an upsert of the CRM's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities import errors
from activities.crm import Crm
from deploy.demo.crm_standin import CrmFault, CrmStandIn
from regulations.effects import CrmOutcome, CrmRecord
from runtime.crm import CrmSettings, CrmUnavailableError, RecordKind, SoughtDeals
from runtime.effect_ledger import EffectLedger
from runtime.zoho import ZohoCrm
from tests.activities.attempts import KilledError, attempt, end_leases, failing

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AT_ONCE = timedelta(0)


def record(**changes: Any) -> CrmRecord:
    plain: dict[str, Any] = {
        "key": "uid#handoff 2.2.5#round-1",
        "external_id": "handoff-4711",
        "fields": {"name": "ООО «Ромашка»"},
        "now": NOW,
    }
    return CrmRecord.model_validate(plain | changes)


class Cupboard:
    """A CRM in memory, in either mode, that fails, dies or is visited by somebody else on demand."""

    def __init__(self, *, native: bool) -> None:
        self.native = native
        self.records: dict[str, dict[str, JsonValue]] = {}
        self.calls: list[str] = []
        self.after: dict[str, Any] = {}
        """Called after the named step was done, before its answer."""

    def _done(self, step: str) -> None:
        self.calls.append(step)
        after = self.after.pop(step, None)
        if after is not None:
            after()

    def upserts_natively(self, what: RecordKind) -> bool:
        return self.native

    async def find(self, what: RecordKind, external_id: str) -> tuple[str, ...]:
        found = tuple(key for key, one in self.records.items() if one["external_id"] == external_id)
        self._done("find")
        return found

    async def add(self, what: RecordKind, external_id: str, fields: Mapping[str, JsonValue]) -> str:
        record_id = f"id-{len(self.records) + 1}"
        self.records[record_id] = {"external_id": external_id, **fields}
        self._done("add")
        return record_id

    async def update(self, what: RecordKind, record_id: str, fields: Mapping[str, JsonValue]) -> None:
        self.records[record_id] |= fields
        self._done("update")

    async def mark_duplicate(self, what: RecordKind, record_id: str, kept: str) -> None:
        self.records[record_id]["duplicate_of"] = kept
        self._done("mark_duplicate")

    async def upsert(
        self, what: RecordKind, external_id: str, fields: Mapping[str, JsonValue]
    ) -> tuple[str, Literal["inserted", "updated"]]:
        assert self.native
        for record_id, one in self.records.items():
            if one["external_id"] == external_id:
                one |= fields
                self._done("upsert")
                return record_id, "updated"
        record_id = f"id-{len(self.records) + 1}"
        self.records[record_id] = {"external_id": external_id, **fields}
        self._done("upsert")
        return record_id, "inserted"

    async def deals(self, sought: SoughtDeals) -> tuple[str, ...]:
        return ()

    async def check(self) -> None:
        return None


def _raise(error: BaseException) -> Any:
    def act() -> None:
        raise error

    return act


@pytest.fixture(params=[True, False], ids=["upsert", "search-add-search"])
def cupboard(request: pytest.FixtureRequest) -> Cupboard:
    return Cupboard(native=request.param)


@pytest.fixture
def crm(engine: AsyncEngine, cupboard: Cupboard) -> Crm:
    return Crm(EffectLedger(engine), cupboard, AT_ONCE)


async def test_a_record_is_entered_once_however_often_it_is_asked_for(crm: Crm, cupboard: Cupboard) -> None:
    first = await attempt(crm.enter_into_crm, record())
    calls = list(cupboard.calls)
    assert await attempt(crm.enter_into_crm, record(now=NOW + timedelta(days=1))) == first
    assert first == CrmOutcome(record_id="id-1", action="inserted")
    assert cupboard.calls == calls
    assert len(cupboard.records) == 1


async def test_another_key_brings_the_same_record_up_to_date(crm: Crm, cupboard: Cupboard) -> None:
    await attempt(crm.enter_into_crm, record())
    outcome = await attempt(crm.enter_into_crm, record(key="uid#handoff 2.2.5#round-2", fields={"name": "новое"}))
    assert outcome == CrmOutcome(record_id="id-1", action="updated")
    assert cupboard.records == {"id-1": {"external_id": "handoff-4711", "name": "новое"}}


async def test_the_same_key_with_another_record_is_a_conflict(crm: Crm, cupboard: Cupboard) -> None:
    await attempt(crm.enter_into_crm, record())
    error = await failing(crm.enter_into_crm, record(fields={"name": "другое"}))
    assert (error.type, error.non_retryable) == (errors.CONFLICT, True)
    assert cupboard.records["id-1"]["name"] == "ООО «Ромашка»"


async def test_done_but_not_answered_is_done_once(crm: Crm, cupboard: Cupboard, engine: AsyncEngine) -> None:
    """Executed, then timed out: the next attempt finds what the first one did."""
    step = "upsert" if cupboard.native else "add"
    cupboard.after[step] = _raise(KilledError())
    with pytest.raises(KilledError):
        await attempt(crm.enter_into_crm, record())
    waiting = await failing(crm.enter_into_crm, record())
    assert (waiting.type, waiting.category) == (errors.IN_PROGRESS, ApplicationErrorCategory.BENIGN)
    await end_leases(engine)
    assert await attempt(crm.enter_into_crm, record()) == CrmOutcome(record_id="id-1", action="updated")
    assert len(cupboard.records) == 1


async def test_a_failure_frees_the_key_at_once(crm: Crm, cupboard: Cupboard) -> None:
    step = "upsert" if cupboard.native else "find"
    cupboard.after[step] = _raise(CrmUnavailableError("answered 429", timedelta(seconds=7)))
    error = await failing(crm.enter_into_crm, record())
    assert (error.type, error.non_retryable, error.next_retry_delay) == (errors.UNAVAILABLE, False, timedelta(seconds=7))
    await attempt(crm.enter_into_crm, record())
    assert len(cupboard.records) == 1


async def test_five_attempts_at_once_enter_one_record(crm: Crm, cupboard: Cupboard) -> None:
    answers = await asyncio.gather(*(attempt(crm.enter_into_crm, record()) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(answer, CrmOutcome) for answer in answers) >= 1
    assert {answer.type for answer in answers if isinstance(answer, ApplicationError)} <= {errors.IN_PROGRESS}
    assert not [answer for answer in answers if not isinstance(answer, CrmOutcome | ApplicationError)]
    assert len(cupboard.records) == 1


@pytest.fixture
def searching(engine: AsyncEngine) -> tuple[Crm, Cupboard]:
    cupboard = Cupboard(native=False)
    return Crm(EffectLedger(engine), cupboard, AT_ONCE), cupboard


async def test_a_record_that_somebody_added_meanwhile_is_kept_and_ours_is_marked(searching: tuple[Crm, Cupboard]) -> None:
    crm, cupboard = searching
    cupboard.after["find"] = lambda: cupboard.records.update({"theirs": {"external_id": "handoff-4711"}})
    outcome = await attempt(crm.enter_into_crm, record())
    assert outcome == CrmOutcome(record_id="theirs", action="updated", duplicates=("id-2",))
    assert cupboard.records["theirs"] == {"external_id": "handoff-4711", "name": "ООО «Ромашка»"}
    assert cupboard.records["id-2"]["duplicate_of"] == "theirs"


async def test_a_record_that_somebody_added_after_ours_is_marked(searching: tuple[Crm, Cupboard]) -> None:
    crm, cupboard = searching
    cupboard.after["add"] = lambda: cupboard.records.update({"theirs": {"external_id": "handoff-4711"}})
    outcome = await attempt(crm.enter_into_crm, record())
    assert outcome == CrmOutcome(record_id="id-1", action="inserted", duplicates=("theirs",))
    assert cupboard.records["theirs"]["duplicate_of"] == "id-1"


async def test_doubles_of_old_are_marked_and_the_oldest_is_kept(searching: tuple[Crm, Cupboard]) -> None:
    crm, cupboard = searching
    cupboard.records = {name: {"external_id": "handoff-4711"} for name in ("old", "newer", "newest")}
    outcome = await attempt(crm.enter_into_crm, record())
    assert outcome == CrmOutcome(record_id="old", action="updated", duplicates=("newer", "newest"))
    assert {name: one.get("duplicate_of") for name, one in cupboard.records.items()} == {"old": None, "newer": "old", "newest": "old"}


async def test_a_search_that_lags_behind_does_not_lose_what_was_added(searching: tuple[Crm, Cupboard]) -> None:
    crm, cupboard = searching

    async def blind(what: RecordKind, external_id: str) -> tuple[str, ...]:
        return ()

    cupboard.find = blind  # type: ignore[method-assign]  # the index of this CRM is very slow
    assert await attempt(crm.enter_into_crm, record()) == CrmOutcome(record_id="id-1", action="inserted")


@pytest.fixture
async def stand_in() -> AsyncIterator[CrmStandIn]:
    async with CrmStandIn() as stand_in:
        yield stand_in


@pytest.mark.parametrize("native", [True, False], ids=["upsert", "search-add-search"])
@pytest.mark.parametrize(
    ("fault", "type", "final"),
    [
        (CrmFault.DOWN, errors.UNAVAILABLE, False),
        (CrmFault.TOO_MANY, errors.UNAVAILABLE, False),
        (CrmFault.BROKEN, errors.UNAVAILABLE, False),
        (CrmFault.PAGE, errors.UNAVAILABLE, False),
        (CrmFault.DONE_THEN_BROKEN, errors.UNAVAILABLE, False),
        (CrmFault.FORBIDDEN, errors.MISCONFIGURED, True),
    ],
)
async def test_each_fault_of_the_wire_is_repeated_or_not_and_ends_with_one_record(
    engine: AsyncEngine, stand_in: CrmStandIn, native: bool, fault: CrmFault, type: str, final: bool
) -> None:
    fields = {"api": stand_in.url, "fields": {"name": "Last_Name"}, "token": "stand-in-token", "native_upsert": native}
    async with ZohoCrm(CrmSettings.model_validate(fields)) as adapter:
        crm = Crm(EffectLedger(engine), adapter, AT_ONCE)
        stand_in.fault = fault
        error = await failing(crm.enter_into_crm, record())
        assert (error.type, error.non_retryable) == (type, final)
        assert error.next_retry_delay == (timedelta(seconds=7) if fault is CrmFault.TOO_MANY else None)
        assert "Ромашка" not in str(error)
        stand_in.fault = None
        outcome = await attempt(crm.enter_into_crm, record())
    assert list(stand_in.records) == [outcome.record_id]


async def test_a_refused_record_is_an_answer_that_names_the_field(engine: AsyncEngine, stand_in: CrmStandIn) -> None:
    fields = {"api": stand_in.url, "fields": {"name": "Last_Name"}, "token": "stand-in-token"}
    stand_in.fault = CrmFault.INVALID
    async with ZohoCrm(CrmSettings.model_validate(fields)) as adapter:
        error = await failing(Crm(EffectLedger(engine), adapter).enter_into_crm, record())
    assert (error.type, error.non_retryable, error.details) == (errors.REFUSED, True, ("INVALID_DATA",))
    assert "Phone" in str(error)
