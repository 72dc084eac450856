"""Onboarding and service from beginning to end: whatever people read of them is Ukrainian, and nothing stands there as a mere place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from regulations import catalogue
from regulations import messages as m
from regulations.case import Standing
from regulations.catalogue import role_words, text
from regulations.company import Company
from regulations.effects import CrmOutcome
from regulations.messages import CalendarChanged
from regulations.notices import Overdue, Pending, digest_letter, round_letter
from regulations.onboarding import diary_messages, diary_narration, plan_messages, plan_narration, slip_messages, slip_narration
from regulations.onboarding.case import AUTHORS, COMPANY_ROLES, ITEMS, OWNERS
from regulations.onboarding.diary_state import KIND as DIARY
from regulations.onboarding.diary_state import DiaryStage
from regulations.onboarding.plan_state import KIND as PLAN
from regulations.onboarding.plan_state import PlanStage
from regulations.onboarding.rows import ServiceRecordRow, VisaRow
from regulations.onboarding.slip_state import KIND as SLIP
from regulations.onboarding.slip_state import SlipStage
from regulations.plans import Address
from regulations.record_batch import AnyRow
from regulations.rows import BreachRow, NoticeRow, ObligationRow
from tests.regulations.course import KYIV_OFFICE, Course
from tests.regulations.onboarding.diaries import HEAD as GROUP_HEAD
from tests.regulations.onboarding.diaries import diary
from tests.regulations.onboarding.plans import LAWYER, MANAGER, Plan
from tests.regulations.onboarding.slips import HEAD, HEAD_OF_SALES, Slip

ROOT = Path(catalogue.__file__).parents[1]
RUSSIAN = re.compile("[ыэъёЫЭЪЁ]")
PLACE = re.compile(r"(?<![.\w])(?:[a-z]+_[a-z_]+|incident\.\w+)\b")
"""The last step of a place of the catalogue where no words were found; the name of an event (``onboarding.item_mended``) is none."""
KINDS: dict[str, tuple[Any, type[m.Message], type[StrEnum], tuple[str, ...]]] = {
    SLIP: (slip_messages, slip_messages.OfOnboarding, SlipStage, (*ITEMS, "3.1", "3.2", "3.3")),
    PLAN: (plan_messages, plan_messages.OfPlan, PlanStage, ("4.1", "4.2", "4.3", "4.5")),
    DIARY: (diary_messages, diary_messages.OfDiary, DiaryStage, ("4.4.1", "4.4.2", "4.4.3")),
}
OF_EVERY_CASE = ("CalendarChanged", "due_moved", "pause_moved", "pause_ended", "incident.role_without_address")
WORKFLOWS = ("client_onboarding", "service_plan", "service_diary", "docket")


# --- what the code can come to ------------------------------------------------------------------------------------------


def test_every_clause_is_a_duty_of_one_kind_of_case() -> None:
    assert sorted(clause for *_, clauses in KINDS.values() for clause in clauses) == sorted(OWNERS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_message_stage_and_duty_has_words(kind: str) -> None:
    module, base, stages, clauses = KINDS[kind]
    said = [
        c
        for c in vars(module).values()
        if isinstance(c, type) and issubclass(c, base) and not c.__subclasses__() and c.__module__ == module.__name__
    ]
    assert len(said) > 8
    words = [text("uk", kind, "fact", what) for what in (*(c.__name__ for c in said), *OF_EVERY_CASE)]
    words += [text("uk", kind, "stage", stage) for stage in stages] + [text("uk", kind, "duty", clause) for clause in clauses]
    assert all(re.search("[А-Яа-яІіЇїЄєҐґ]", one) for one in words)


def test_every_role_has_words_that_no_other_role_has() -> None:
    roles = {*COMPANY_ROLES, *AUTHORS.values(), *(role for owned in OWNERS.values() for role in owned)}
    assert len({role_words("uk", role) for role in roles}) == len(roles)
    assert role_words("uk", "client_manager:u41") == "менеджер роботи з клієнтами"


def written_places(file: Path) -> Iterator[tuple[str, ...]]:
    """The places that a module names in full: ``text(language, "activity", "plan")``."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("text", "counted"):
            steps = [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args[1 if node.func.id == "text" else 2 :]]
            if steps and all(isinstance(step, str) for step in steps):
                yield tuple(str(step) for step in steps)


def test_every_place_that_the_code_names_in_full_has_words() -> None:
    files = [*(ROOT / "regulations").glob("*.py"), *(ROOT / "regulations" / "onboarding").glob("*.py")]
    files += [ROOT / "workflows" / f"{name}.py" for name in WORKFLOWS]
    places = {place for file in files for place in written_places(file)}
    assert len(places) > 25
    for place in places:
        assert catalogue._found("uk", place), place


def test_every_letter_has_a_subject_and_a_line_for_the_temporal_ui() -> None:
    letters = ROOT / "regulations" / "letters" / "uk"
    names = sorted(str(file.relative_to(letters)).removesuffix(".subject.j2") for file in letters.rglob("*.subject.j2"))
    assert {"notices/round", "notices/digest", "service/drafts", "service/papers"} <= set(names)
    for name in names:
        assert text("uk", "letter", name) != name
        assert all((letters / f"{name}.{part}.j2").exists() for part in ("txt", "html"))
    for file in letters.rglob("*.j2"):
        assert not RUSSIAN.search(file.read_text("utf-8")), file.name


# --- what is read of cases that run their course ------------------------------------------------------------------------


def a_day_off(day: str) -> dict[str, Any]:
    """A calendar in which this day is a day off from now on."""
    off = date.fromisoformat(day)
    return {"calendar": "company", "version": "v2", "changed": (off,), "closed": (off,)}


def slip() -> Slip:
    """Everything that may happen to a slip, until the client is served."""
    told = Slip(on_refusal="stop").begin(sales_manager=None).refuse("2.4").mend("2.4").visa("2.1").visa("2.2").take_back("2.2").visa("2.2")
    told.say(slip_messages.PauseOfOnboarding, clause="2.5", reason="чекаємо на клієнта", by=HEAD_OF_SALES)
    told.say(slip_messages.ResumeOfOnboarding, clause="2.5", by=HEAD_OF_SALES)
    told.say(slip_messages.ExtendOfOnboarding, clause="2.6", new_due=told.now + timedelta(days=4), reason="за згодою", by=HEAD_OF_SALES)
    told.say(CalendarChanged, **a_day_off("2026-11-20"))
    told.go_to("2026-11-19 12:00").bank_says(("p-7", told.now - timedelta(hours=3)))
    told.crm = None
    told.visas([item for item in ITEMS if told.states()[item] != "given"])
    told.go_to("2026-11-23 12:00").meet("2026-11-24 11:00").go_to("2026-11-27 12:00").install().go_to("2026-12-02 10:00").report()
    return told


def withdrawn_slip() -> Slip:
    told = Slip().begin().refuse("2.1").visa("2.2").go_to("2026-11-19 12:00")
    return told.say(slip_messages.WithdrawOfOnboarding, reason="клієнт передумав", by=HEAD)


def plan() -> Plan:
    """Everything that may happen to a client who is served."""
    told = Plan(users=2).visit().certify("u-1").need().report("2026-11-16 11:30").go_to("2026-12-20 12:00").pay("2026-12-14 10:00")
    told.visit("v-late", "2026-12-01 10:00").visit("v-extra", "2026-11-17 10:00").extend("4.1", "2026-12-30 18:00").waive("4.2")
    told.say(plan_messages.ContactNoted, contact="k-1", topics=("news", "features"), remark="розповів про новини", by=MANAGER)
    passed: dict[str, Any] = {"key": told.key(), "happened_at": told.now, "client": "c-18", "document": "d-1", "kind": "act"}
    told.deliver(plan_messages.DocumentPassed(**passed, direction="to_client", by=MANAGER))
    told.say(plan_messages.FiguresNoted, users=12, monthly_sum="1234.50", loyalty=8, by=MANAGER)
    told.crm = CrmOutcome(record_id="d-2", action="inserted", duplicates=("d-3",))
    told.need("n-2").say(CalendarChanged, **a_day_off("2026-12-25"))
    told.again(manager="u42").go_to("2027-02-20 12:00")
    assert told.refused(plan_messages.VisitMade, visit="v-x", updated=True, by=LAWYER)
    return told.end().go(days=1)


def kept_diary() -> Any:
    """A diary with papers that are confirmed, and such as nobody confirms; a letter is refused, a paper cannot be drawn up."""
    told = diary().visit("v-1", "2026-11-17 11:00").go_to("2026-11-16 17:30").confirm("2026-11-16", "day_report").go_to("2026-11-18 12:00")
    told.post = None
    told.cancel("v-1").go_to("2026-11-19 19:00").draws_up = False
    told.say(CalendarChanged, **a_day_off("2026-11-20")).go_to("2026-12-02 12:00")
    return told.say(diary_messages.DiaryEnded, reason="перейшов до іншого відділу", by=GROUP_HEAD).go(days=1)


NARRATIONS = {SLIP: slip_narration, PLAN: plan_narration, DIARY: diary_narration}
COURSES = {"slip": slip, "withdrawn slip": withdrawn_slip, "plan": plan, "diary": kept_diary}


@pytest.fixture(scope="module", params=COURSES)
def course(request: pytest.FixtureRequest, ukrainian_alone: None) -> Course[Any, Any]:
    told: Course[Any, Any] = COURSES[request.param]()
    return told


def words_of(rows: Iterable[AnyRow]) -> Iterator[str]:
    """What people read in the rows of the registers."""
    for row in rows:
        match row:
            case NoticeRow() | ServiceRecordRow():
                yield row.text
            case ObligationRow():
                yield row.duty
            case BreachRow():
                yield row.note
            case VisaRow():
                yield row.remark
            case _:
                pass


def check(said: Iterable[str]) -> None:
    for one in said:
        assert not RUSSIAN.search(one), one
        assert not PLACE.search(one), one


def test_the_details_and_the_read_out_are_ukrainian(course: Course[Any, Any]) -> None:
    narration = NARRATIONS[course.state.kind]
    shown, read = narration.details(course.state), narration.read_out(course.state)
    check([shown, read.stage_text, *(o.duty for o in read.obligations)])
    assert re.search("Останні факти", shown)
    assert narration.result(course.state)
    every_fact = course.state.model_copy(update={"facts": course.state.facts[:10]})
    check([narration.details(every_fact)])


def test_notices_and_rows_are_ukrainian(course: Course[Any, Any]) -> None:
    said = [one for one in words_of(course.rows) if one]
    assert len(said) > 5
    check(said)
    assert {row.language for row in course.of(NoticeRow)} == {"uk"}


def test_the_letters_of_rounds_are_ukrainian(course: Course[Any, Any]) -> None:
    """All notices of a case in one letter, all that it was late with in another."""
    recipient = "people@company.example"
    roles = {role: Address(email=recipient) for role in ("group_head",)}
    company = Company("Моя компанія", {"company": KYIV_OFFICE}, roles, language="uk")
    notices = [pending(row, recipient) for row in course.of(NoticeRow)]
    overdue = [Overdue(course.state.address, course.state.kind, o.clause, o.owner, o.due) for o in course.of(BreachRow)]
    assert overdue
    letters = [
        round_letter(company, "key", notices, course.now),
        digest_letter(company, "key", recipient, overdue, len(overdue), course.now),
    ]
    for letter in letters:
        check(texts(letter.values))
        assert letter.language == "uk"


def pending(row: NoticeRow, recipient: str) -> Pending:
    return Pending(
        case_uid="uid-1",
        address="case/1",
        key=row.key,
        kind=row.kind,
        recipient=recipient,
        text=row.text,
        due=row.due,
        earliest=row.earliest,
        at_once=row.at_once,
        state=Standing.OPEN,
        state_due=row.due,
        withdrawn=False,
        told=True,
    )


def texts(value: Any) -> Iterator[str]:
    """Every text in what a letter says."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def test_instants_are_written_with_the_day_of_the_week_in_ukrainian(course: Course[Any, Any]) -> None:
    dues = [o.due_text for o in course.state.obligations if o.due_text]
    assert dues
    for due in dues:
        assert re.fullmatch(r"(пн|вт|ср|чт|пт|сб|нд) \d\d\.\d\d\.\d{4} \d\d:\d\d \(\+0[23]:00\)", due)
        day = datetime.strptime(due[3:13], "%d.%m.%Y").date()  # noqa: DTZ007 - a date
        assert text("uk", "weekday", str(day.isoweekday())) == due[:2]
