"""The letters of replacements: both forms say all they were given, link where they should, and load nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regulations.effects import Letter
from regulations.replacement.effects import AuditAnswer, LinksAnswer
from regulations.replacement.messages import WithdrawOfReplacement
from tests.activities.test_letter_templates import LETTERS, Page, composed
from tests.regulations.course import at
from tests.regulations.replacement.course import AUDITED, DECIDED, FINE, OFFICE_PERSON, OWN_CRM, Course

OWN = LETTERS / "ru" / "replacement"
ELSEWHERE = {"possible"}
"""Told by the lead watch, and tested with it."""
HOSTILE = "<b>ещё</b> & ещё"
INTEGRATED = FINE.model_copy(update={"mode": "integrated"})
PROLONGED = FINE.model_copy(update={"prolonged": True, "prolonged_identifications": 5_000})


def _audit(course: Course) -> None:
    course.account, course.links = INTEGRATED, LinksAnswer(silent=("script", "crm"))
    course.audit = AUDITED.model_copy(update={"doubtful_rows": 12, "cards": 7})
    course.audited(crm=OWN_CRM)


def _problems(course: Course) -> None:
    course.decision = DECIDED.model_copy(update={"problems": ("строка 7: решения нет", HOSTILE)})
    course.audited().decide()


def _refused(course: Course) -> None:
    course.account = FINE.model_copy(update={"balance": 9_000, "past_due_since": at("2026-11-01 00:00"), "script_agreed": False})
    course.links = LinksAnswer(private=("script",))
    course.request()


def _held(course: Course) -> None:
    course.audited()
    course.account = FINE.model_copy(update={"past_due_since": at("2026-11-01 00:00")})
    course.decide()


def _credited(course: Course) -> None:
    course.to["n"], course.account = 2, PROLONGED
    course.state.address = "replacement/A-1/2026-10/2"
    course.decision = DECIDED.model_copy(update={"wrong": ("L-7", "L-9"), "wrong_count": 25, "capped": True})
    course.audited(prolongation="2026-11").decide()


def _nothing(course: Course) -> None:
    course.to["n"], course.account = 2, PROLONGED
    course.state.address = "replacement/A-1/2026-10/2"
    course.decision = DECIDED.model_copy(update={"accepted": 0, "amount": 0})
    course.audited(prolongation="2026-11").decide()


def _withdrawn(course: Course) -> None:
    course.to["n"], course.account, course.silent = 2, PROLONGED, {"credit"}
    course.state.address = "replacement/A-1/2026-10/2"
    course.audited(prolongation="2026-11").decide()
    course.say(WithdrawOfReplacement, by=OFFICE_PERSON, reason=HOSTILE)
    course.answer()


WAYS: dict[str, Callable[[Course], Any]] = {
    "taken": Course.request,
    "refused": _refused,
    "audit": _audit,
    "decision_problems": _problems,
    "fewer_cards": _audit,
    "held": _held,
    "credited": _credited,
    "nothing_confirmed": _nothing,
    "withdrawn": _withdrawn,
}


def letter(name: str) -> Letter:
    """The letter as the rules make it."""
    course = Course()
    WAYS[name](course)
    return course.letter(name)


def rendered(name: str, **values: Any) -> tuple[str, str, Page]:
    made = letter(name)
    return composed(made.template, {**made.values, **values})


def seen(page: Page) -> str:
    return " ".join("".join(page.text).split())


def told(values: Any) -> list[str]:
    """Every text and number inside, but for what a reader is not shown as such."""
    if isinstance(values, dict):
        return [one for inner in values.values() for one in told(inner)]
    if isinstance(values, list):
        return [one for inner in values for one in told(inner)]
    return [] if isinstance(values, bool) or values in ("", 0) else [str(values)]


def test_every_letter_is_tested() -> None:
    shipped = {path.name.partition(".")[0] for path in Path(OWN).glob("*.subject.j2")} - ELSEWHERE
    assert shipped == set(WAYS)
    for name in shipped:
        assert {path.name for path in OWN.glob(f"{name}.*")} == {f"{name}.{part}.j2" for part in ("subject", "txt", "html")}


@pytest.mark.parametrize("name", WAYS)
def test_a_letter_tells_all_it_was_given_in_both_forms(name: str) -> None:
    values = dict(letter(name).values)
    if name in ("audit", "decision_problems"):
        values.pop("franchisee")  # they go to quality control
    if not values.get("wrong", True):
        values.pop("percent")  # 6.2 caps nothing
    subject, text, page = rendered(name)
    for words in told(values):
        assert words in " ".join(text.split()), words
        assert " ".join(words.split()) in seen(page), words
    assert "A-1" in subject
    assert "romashka" not in subject, "subjects stand in the trail"


@pytest.mark.parametrize("name", WAYS)
def test_a_page_loads_nothing_and_leaves_nothing_open(name: str) -> None:
    page = rendered(name)[2]
    assert page.loaded == page.links == page.open == []


@pytest.mark.parametrize("name", WAYS)
def test_a_text_has_no_holes(name: str) -> None:
    text = rendered(name)[1]
    assert "\n\n\n\n" not in text
    assert not any(hole in text for hole in ("{", "}", "None", "()"))
    assert all(line == line.rstrip() or line == "-- " for line in text.split("\n"))


def test_quality_control_is_shown_the_case_in_the_temporal_ui() -> None:
    link = "https://temporal.example.org/namespaces/default/workflows/replacement%2FA-1%2F2026-10%2F1"
    _, text, page = rendered("audit", ui=link)
    assert link in text
    assert page.links == [link]


@pytest.mark.clause("replacement 4.2")
@pytest.mark.parametrize(("listen", "offered"), [(0, True), (1, False)])
def test_the_clear_verdicts_are_offered_as_they_are_only_when_nothing_is_to_be_heard(listen: int, offered: bool) -> None:
    _, text, page = rendered("audit", listen=listen)
    for part in text, seen(page):
        assert ("--accept-clear" in part) is offered


@pytest.mark.clause("replacement 5.1")
def test_no_letter_holds_the_access_to_the_clients_crm() -> None:
    for name in ("audit", "fewer_cards"):
        _, text, page = rendered(name)
        for hidden in OWN_CRM.values():
            assert hidden not in text
            assert hidden not in seen(page)


@pytest.mark.clause("replacement 6.2")
def test_without_a_wrong_card_the_cap_is_not_spoken_of() -> None:
    _, text, page = rendered("credited", wrong=[], more_wrong=0, capped=False)
    for part in text, seen(page):
        assert "6.2" not in part


def test_a_letter_without_name_files_and_credits_is_whole() -> None:
    _, text, page = rendered("nothing_confirmed", franchisee="", listed=False, credits=[])
    for part in text, seen(page):
        assert "Здравствуйте!" in part
        assert "в приложенном файле" not in part
        assert "Начислено без замены" not in part


@pytest.mark.clause("replacement 5.2")
def test_words_about_an_export_fit_a_line_of_a_notice() -> None:
    course = Course()
    course.account = INTEGRATED
    course.audit = AuditAnswer(problem="x" * 100)
    course.audited(crm=OWN_CRM)
    assert all(len(words) <= 300 for words in course.told("technical"))
