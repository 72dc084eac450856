"""3.3, 5.2: who is told of a lead at once, where the letter leads, and what is said to people in which words."""

from __future__ import annotations

import re
from typing import Any

import pytest

from regulations.catalogue import role_words, text
from regulations.effects import Letter
from regulations.lead import effects, messages
from regulations.lead.effects import ClientStanding, InvoiceAnswer
from regulations.lead.messages import InvoiceLinked, ManagerAssigned, Postponed, WithdrawOfLead
from regulations.rows import NoticeRow
from tests.regulations.lead.course import CALL, SUPPORT_PERSON, Course, at, opened

WEDNESDAY = "2026-11-18 10:00"


def begun(**fields: Any) -> Course:
    course = Course(at(WEDNESDAY))
    course.careful = True
    return course.begun(**fields)


def only(course: Course) -> Letter:
    (letter,) = course.letters
    return letter


@pytest.mark.clause("lead 3.3")
@pytest.mark.clause("lead 5.2.1")
def test_a_hot_lead_is_told_at_once_to_the_address_of_its_centre() -> None:
    letter = only(begun())
    assert (letter.template, letter.to, letter.now) == ("lead/assigned", ("vlad-1@example.org",), at(WEDNESDAY))
    assert letter.values == {
        "company": "СКБ Контур",
        "centre": "СЦ vlad-1",
        "client": "ООО Ромашка",
        "product": "extern",
        "type": "подключение",
        "due": "ср 18.11.2026 13:00 (+10:00)",
        "link": "https://crm.example.org/leads/1",
        "ui": "",
    }


@pytest.mark.clause("lead 5.2.1")
def test_a_hot_lead_at_night_is_told_at_night() -> None:
    course = Course(at("2026-11-21 03:00"))
    letter = only(course.begun())
    assert letter.now == at("2026-11-21 03:00")
    assert letter.values["due"] == "пн 23.11.2026 12:00 (+10:00)"


def test_the_letter_goes_to_the_manager_too_where_the_centre_knows_one() -> None:
    assert only(begun(manager="anna")).to == ("vlad-1@example.org", "anna@example.org")
    assert only(begun(manager="ghost")).to == ("vlad-1@example.org",)


@pytest.mark.clause("lead 5.2.2")
@pytest.mark.clause("lead 5.2.3")
@pytest.mark.parametrize("temperature", ["warm", "cold"])
def test_warm_and_cold_leads_wait_for_the_digest(temperature: str) -> None:
    assert begun(temperature=temperature, type="renewal").letters == []


@pytest.mark.clause("lead 5.2.1")
def test_a_lead_that_gets_hot_is_told_once() -> None:
    course = begun(temperature="warm")
    for temperature in ("hot", "hot", "warm", "hot"):
        course.go(minutes=10)
        course.again(temperature=temperature)
    assert only(course).values["due"] == "ср 18.11.2026 13:10 (+10:00)"


@pytest.mark.clause("lead 5.2.1")
def test_every_arrival_of_a_hot_lead_is_told_to_its_own_centre() -> None:
    course = begun()
    course.move("msk-1")
    assert [letter.to for letter in course.letters] == [("vlad-1@example.org",), ("msk-1@example.org",)]
    assert len({letter.key for letter in course.letters}) == 2
    assert [role for _, role in course.notices("ended")] == ["centre:vlad-1"]


def test_what_is_worked_on_already_is_not_announced() -> None:
    course = Course(at(WEDNESDAY))
    course.known.pop("vlad-1")  # the centre is defined only later
    course.begun().take()
    course.known["vlad-1"] = "Asia/Vladivostok"
    course.run()
    assert course.letters == []
    assert course.standings() == {"7.2.1/1": "met"}


@pytest.mark.parametrize("base", ["https://temporal.example.org/namespaces/default", "https://temporal.example.org/namespaces/default/"])
def test_the_letter_links_to_the_lead_in_the_temporal_ui(base: str) -> None:
    course = Course(at(WEDNESDAY))
    course.begun(centre="vlad-1", temperature="warm")
    opened(course.state, course.now)
    assert course.state.opening is not None
    course.state.opening = course.state.opening.model_copy(update={"ui": base})
    course.again(temperature="hot")
    assert only(course).values["ui"] == "https://temporal.example.org/namespaces/default/workflows/lead%2FC-1%2Fextern"


def test_a_letter_that_is_refused_is_told_to_a_person() -> None:
    course = Course(at(WEDNESDAY))
    course.post = None
    course.begun()
    assert course.incidents() == ["letter_refused"]
    assert [role for _, role in course.notices("incident")] == ["sales_support"]


def test_every_notice_of_a_long_life_is_in_russian() -> None:
    """Each telling finds its words; a place that the catalogue lacks would show its code."""
    course = Course(at(WEDNESDAY))
    course.post = None
    course.standing = ClientStanding(last_used_at=at("2026-10-01 10:00"), made_up=("0:phone",))
    course.begun()
    course.say(ManagerAssigned, manager="ghost")
    course.go(hours=4)
    course.take(at("2026-11-18 12:00"))
    for _ in range(3):
        course.say(Postponed, until=at("2026-12-01 10:00"))
    course.standing = ClientStanding()
    course.say(messages.TypeChanged, type="renewal")
    course.invoices = {"inv-1": InvoiceAnswer(result="other_client")}
    course.say(InvoiceLinked, invoice="inv-1")
    course.move("msk-1")
    course.say(WithdrawOfLead, reason="создана по ошибке", by=SUPPORT_PERSON)
    told = [r for r in course.rows if isinstance(r, NoticeRow)]
    assert {r.kind for r in told} == {"warning", "breach", "breach_withdrawn", "incident", "ended"}
    for row in told:
        words = re.sub(r"uid-1/[\d.]+/\d+|lead/assigned|centre\.measure_decided|inv-1|ghost|e-mail", "", row.text)
        assert not re.search(r"[A-Za-z{}]{2,}", words), row.text


@pytest.mark.parametrize("result", effects.InvoiceAnswer.model_fields["result"].annotation.__args__)  # type: ignore[union-attr]
def test_every_answer_about_an_invoice_has_words(result: str) -> None:
    what = f"invoice_{result}"
    assert "inv-1" in text("ru", "notice", what, invoice="inv-1")
    assert text("ru", "lead", "fact", f"incident.{what}") != f"incident.{what}"


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("centre:vlad-1", "сервисный центр"),
        ("centre_head:vlad-1", "руководитель сервисного центра"),
        ("manager:vlad-1/anna", "менеджер сервисного центра"),
        ("sales_support", "служба сопровождения продаж"),
        ("cc_head", "руководитель КЦ"),
    ],
)
def test_a_role_is_said_without_its_code(role: str, words: str) -> None:
    assert role_words("ru", role) == words


def test_the_statuses_are_called_as_the_source_calls_them() -> None:
    names = {status: text("ru", "lead", "stage", status) for status in ("new", "in_progress", "completed", "declined", "blocked")}
    assert list(names.values()) == ["новая", "в работе", "завершена", "отказ", "заблокирована"]


def test_a_further_hot_enquiry_about_a_lead_in_progress_is_no_arrival() -> None:
    course = begun(temperature="warm")
    course.take(contact=CALL)
    course.again(temperature="hot")
    assert course.letters == []
