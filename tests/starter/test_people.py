"""`reglament people` and `reglament absence`: who is shown, what is entered, which cases are told, and how wrong use is answered."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from temporalio.client import WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from typer.testing import CliRunner, Result

from regulations.absences import AbsenceRefused
from regulations.company import Company, Person
from runtime.absences import AbsenceLine, AbsenceRegister
from runtime.connection import workflow_runner
from runtime.database import open_database
from runtime.onboarding_tables import absences
from starter import people, telling
from starter.cli import app
from starter.telling import Answer
from starter.views import NotFound
from tests.databases import migrated
from tests.patience import patiently
from tests.starter.standin_onboarding import StandInOnboarding
from workflows import attributes

COMPANY = """
name = "Company"
[roles]
lawyer = "lawyers@company.example"
[calendars.company]
tz = "Europe/Kyiv"
country = "UA"
hours = "09:00-18:00"
[calendars.lviv]
tz = "Europe/Kyiv"
country = "UA"
hours = "10:00-19:00"
[people.u1]
name = "Оксана Бондар"
email = "u1@company.example"
roles = ["lawyer", "group_head"]
[people.u2]
name = "Тарас Гнатюк"
email = "u2@company.example"
calendar = "lviv"
roles = []
"""
_numbers = itertools.count(1)
FIRST, LAST = "2099-08-03", "2099-08-14"
ABSENCE = ("absence", "u1", FIRST, LAST)


class Office:
    """The command line of a company with a database and a server of its own."""

    def __init__(self, folder: Path, server: WorkflowEnvironment, kind: str) -> None:
        self.server, self.kind, self.url = server, kind, f"sqlite:///{folder / 'registers.db'}"
        self.queue = f"people-{next(_numbers)}"

    async def __call__(self, *words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, [*words])

    async def answered(self, *words: str) -> Any:
        said = await self(*words, "--json")
        assert said.exit_code == 0, said.output
        return json.loads(said.stdout)

    async def entered(self) -> list[tuple[str, date, date, str]]:
        engine = open_database(self.url)
        c = absences.c
        async with engine.connect() as connection:
            rows = (await connection.execute(select(c.person, c.first_day, c.last_day, c.deputy).order_by(c.person, c.first_day))).all()
        await engine.dispose()
        return [tuple(row) for row in rows]

    @asynccontextmanager
    async def works(self) -> AsyncIterator[None]:
        runner = workflow_runner()
        async with Worker(self.server.client, task_queue=self.queue, workflows=[StandInOnboarding], workflow_runner=runner):
            yield

    async def begin(self, count: int, first: int = 0) -> list[WorkflowHandle[StandInOnboarding, None]]:
        """Onboardings that run, and that the list of cases shows."""
        client = self.server.client
        pairs = TypedSearchAttributes([SearchAttributePair(attributes.CASE_KIND, self.kind)])
        handles = [
            await client.start_workflow(StandInOnboarding.run, id=f"{self.kind}/{n}", task_queue=self.queue, search_attributes=pairs)
            for n in range(first, first + count)
        ]
        async with patiently():
            while (await client.count_workflows(f"CaseKind = '{self.kind}'")).count < first + count:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        return handles


@pytest.fixture
async def office(tmp_path: Path, server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    kind = f"onboarding-{next(_numbers)}"
    made = Office(tmp_path, server, kind)
    await migrated(made.url)
    (tmp_path / "company.toml").write_text(COMPANY, "utf-8")
    monkeypatch.setenv("REGLAMENT_COMPANY", str(tmp_path / "company.toml"))
    monkeypatch.setenv("REGLAMENT_DATABASE_URL", made.url)
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.client.service_client.config.target_host)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(people, "KIND", kind)  # other cases of this server are others' business
    monkeypatch.setattr(people, "VISIBLE", 0.0)
    yield made
    async for case in server.client.list_workflows(f"ExecutionStatus = 'Running' AND CaseKind = '{kind}'"):
        await server.client.get_workflow_handle(case.id).terminate("test over")


# --- what is shown --------------------------------------------------------------------------------------------------


async def test_people_are_listed_with_roles_and_absences_and_without_name_or_address(office: Office) -> None:
    await office.answered(*ABSENCE, "--deputy", "u2")
    await office.answered("absence", "u1", "2020-01-01", "2020-01-02", "--deputy", "u2")
    engine = open_database(office.url)
    async with AbsenceRegister(engine).open() as register:
        await register.enter(AbsenceLine("u7", date(2099, 1, 1), date(2099, 1, 1), "u1"), datetime.now(UTC))
    await engine.dispose()
    coming = [{"first": FIRST, "last": LAST, "deputy": "u2"}]
    assert await office.answered("people") == [
        {"id": "u1", "roles": ["lawyer", "group_head"], "calendar": "company", "absences": coming},
        {"id": "u2", "roles": [], "calendar": "lviv", "absences": []},
        {
            "id": "u7",
            "roles": [],
            "calendar": "not in the company's file",
            "absences": [{"first": "2099-01-01", "last": "2099-01-01", "deputy": "u1"}],
        },
    ]
    said = (await office("people")).stdout
    assert [word for word in ("lawyer, group_head", "lviv", f"{FIRST} – {LAST}", "u2") if word not in said] == []
    assert not any(word in said for word in ("Бондар", "Гнатюк", "@"))


# --- what is entered, and who is told -------------------------------------------------------------------------------


async def test_an_absence_is_told_to_every_running_onboarding_once_also_when_it_is_entered_again(office: Office) -> None:
    async with office.works():
        running = await office.begin(3)
        await running[2].terminate("over")
        entered = await office.answered(*ABSENCE, "--deputy", "u2")
        again = await office.answered(*ABSENCE, "--deputy", "u2")
        assert entered | {"onboardings": 0} == {"person": "u1", "first": FIRST, "last": LAST, "deputy": "u2", "onboardings": 0}
        assert [(one["onboardings"]["told"], one["onboardings"]["known"]) for one in (entered, again)] == [(2, 0), (0, 2)]
        assert entered["onboardings"]["at"] == again["onboardings"]["at"]
        assert await office.entered() == [("u1", date(2099, 8, 3), date(2099, 8, 14), "u2")]

        said = await office(*ABSENCE, "--cancel")
        assert (said.exit_code, said.stdout) == (0, f"u1 is not absent from {FIRST} to {LAST}\n2 running onboardings told\n")
        assert await office.entered() == []
        assert [len(await case.query(StandInOnboarding.keys)) for case in running[:2]] == [2, 2]

        twice = await office(*ABSENCE, "--cancel")
        assert (twice.exit_code, twice.stdout, "reglament people lists" in twice.stderr) == (1, "", True)
        assert [len(await case.query(StandInOnboarding.keys)) for case in running[:2]] == [2, 2]


async def test_a_changed_file_is_told_and_told_again_with_its_time_to_whoever_is_left(office: Office) -> None:
    async with office.works():
        (first,) = await office.begin(1)
        told = (await office.answered("people", "--changed"))["onboardings"]
        await office.begin(1, first=1)
        assert (await office.answered("people", "--changed", "--at", told["at"]))["onboardings"] == {
            "at": told["at"],
            "told": 1,
            "known": 1,
            "ended": 0,
            "silent": 0,
        }
        assert await first.query(StandInOnboarding.keys) == [f"people#{told['at']}"]


async def test_cases_that_do_not_answer_are_counted_and_the_absence_stands(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "ANSWER", 1.0)
    await office.begin(2)
    said = await office(*ABSENCE, "--deputy", "u2")
    assert (said.exit_code, "2 onboardings did not answer" in said.stderr) == (3, True)
    assert len(await office.entered()) == 1
    remedy = said.stderr.rpartition("reglament people ")[2].split()
    async with office.works():
        again = (await office.answered("people", *remedy))["onboardings"]
        assert (again["told"] + again["known"], again["silent"]) == (2, 0)


async def test_a_case_that_the_list_shows_late_is_told_by_the_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter((["a"], ["a", "b"]))

    class Client:
        async def list_workflows(self, query: str) -> AsyncIterator[Any]:
            assert "CaseKind = 'onboarding'" in query
            for id in next(looks):
                yield SimpleNamespace(id=id)

    told: list[str] = []

    async def tell_case(client: Any, address: str, update: str, message: Any) -> Answer:
        told.append(address)
        return Answer.TAKEN

    monkeypatch.setattr(people, "tell_case", tell_case)
    monkeypatch.setattr(people, "VISIBLE", 0.0)
    client: Any = Client()
    assert (await people.tell(client, datetime.now(UTC)))[Answer.TAKEN] == 2
    assert told == ["a", "b"]


# --- the register ---------------------------------------------------------------------------------------------------

DAY = date(2026, 8, 3)
PEOPLE = {id: Person(id, id, f"{id}@company.example", "company", ()) for id in ("u1", "u2", "u3")}


def line(person: str = "u1", first: int = 0, last: int = 0, deputy: str = "u2") -> AbsenceLine:
    return AbsenceLine(person, DAY + timedelta(days=first), DAY + timedelta(days=last), deputy)


async def test_of_two_absences_that_exclude_each_other_one_is_entered(database_url: str) -> None:
    company, now = Company("c", {}, {}, people=PEOPLE), datetime(2026, 8, 1, 9, 30, tzinfo=UTC)
    asked = [line(first=n, last=5) for n in range(4)]
    done = await asyncio.gather(*(people.enter(database_url, company, one, now) for one in asked), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["AbsenceRefused"] * 3 + ["datetime"]
    stands = next(one for one, answer in zip(asked, done, strict=True) if answer == now)
    assert await people.enter(database_url, company, stands, now + timedelta(days=1)) == now, "the same again is the one that stands"
    with pytest.raises(AbsenceRefused, match="already"):
        await people.enter(database_url, company, AbsenceLine("u1", stands.first, stands.last, "u3"), now)
    with pytest.raises(AbsenceRefused, match="nobody would be there"):
        await people.enter(database_url, company, line("u2", 5, 9, "u1"), now)

    engine = open_database(database_url)
    register = AbsenceRegister(engine)
    assert [await register.since(DAY + timedelta(days=n)) for n in (5, 6)] == [[stands], []]
    await engine.dispose()
    for person, first, last in (("u2", stands.first, stands.last), ("u1", stands.first, stands.last + timedelta(days=1))):
        with pytest.raises(NotFound):
            await people.cancel(database_url, person, first, last)
    await people.cancel(database_url, "u1", stands.first, stands.last)
    assert await people.enter(database_url, company, line("u2", 5, 9, "u1"), now) == now


# --- wrong use, and what is away ------------------------------------------------------------------------------------


async def test_wrong_use_and_what_is_away(office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for words, code, said in (
        (ABSENCE, 2, "--deputy"),
        ((*ABSENCE, "--deputy", "u2", "--cancel"), 2, "--cancel"),
        (("absence", "u1", "03.08.2099", LAST, "--cancel"), 2, "03.08.2099"),
        (("people", "--at", "2099-08-03T09:00:00Z"), 2, "--changed"),
        (("people", "--changed", "--at", "soon"), 2, "soon"),
        ((*ABSENCE, "--deputy", "u9"), 1, "u9"),
        (("absence", "u1", LAST, FIRST, "--deputy", "u2"), 1, "before it begins"),
    ):
        answer = await office(*words)
        assert (answer.exit_code, answer.stdout, said in answer.stderr) == (code, "", True), words
    with monkeypatch.context() as away:
        away.setenv("REGLAMENT_DATABASE_URL", f"sqlite:///{tmp_path / 'no' / 'x.db'}")
        for command in (["people"], [*ABSENCE, "--deputy", "u2"], [*ABSENCE, "--cancel"]):
            answer = await office(*command)
            assert (answer.exit_code, answer.stdout, "reglament doctor" in answer.stderr) == (3, "", True), command

    async def no_server(**_: Any) -> None:
        raise RuntimeError("the Temporal server at 127.0.0.1:1 does not answer")

    monkeypatch.setattr("runtime.connection.connect", no_server)
    answer = await office(*ABSENCE, "--deputy", "u2")
    assert (answer.exit_code, answer.stdout, "TEMPORAL_ADDRESS" in answer.stderr) == (3, "", True)
    assert await office.entered() == [], "an absence that nobody could be told of is not entered"
