"""A lead as people read it: in Russian, bounded, and free of markup from outside."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from regulations.catalogue import text
from regulations.lead import messages
from regulations.lead.effects import ClientStanding
from regulations.lead.messages import (
    ContactMade,
    DayPlanned,
    Declined,
    InvoiceLinked,
    ManagerAssigned,
    OfLead,
    PauseOfLead,
    Postponed,
    StageNoted,
    TypeChanged,
    ViolationReported,
    WaiveOfLead,
)
from regulations.lead.narration import details, read_out, result
from tests.regulations.lead.course import CALL, SUPPORT_PERSON, Course, at

WEDNESDAY = "2026-11-18 10:00"
HOSTILE = "<script>x</script> | [пиши](http://evil.example) `код` **жирно** # _тут_ \\ конец"


def begun(**fields: Any) -> Course:
    course = Course(at(WEDNESDAY))
    course.careful = True
    return course.begun(**fields)


def rows(markdown: str) -> list[str]:
    return [line for line in markdown.splitlines() if re.match(r"\| \d", line)]


def shown_facts(markdown: str) -> list[str]:
    return markdown.split("#### Последние факты")[1].strip().splitlines()


def test_the_details_name_client_status_colour_dates_duty_and_facts() -> None:
    shown = details(begun(manager="anna").state)
    assert "### Потенциальная продажа: ООО Ромашка, продукт extern" in shown
    assert "**Статус:** новая · **Температура:** 🔴 горячая · **Тип:** подключение · **Редакция:** lead-1" in shown
    assert "**СЦ:** СЦ vlad-1 (vlad-1) · **Менеджер:** anna · **Создана:** 18.11.2026 10:00 (+10:00)" in shown
    assert "**Взять в работу до:** ср 18.11.2026 13:00 (+10:00)" in shown
    assert "| 7.2.1 | Взять в работу горячую ПП | менеджер сервисного центра | ср 18.11.2026 13:00 (+10:00) | открыто |" in shown
    assert "3.1 Обращение клиента: клиент, vlad-1: подключение, заявка на подключение · событие" in shown
    assert "забронирован до пт 18.12.2026 10:00 (+10:00)" in shown


@pytest.mark.clause("lead 5.2.1")
@pytest.mark.clause("lead 5.2.2")
@pytest.mark.clause("lead 5.2.3")
@pytest.mark.parametrize(("temperature", "colour"), [("hot", "🔴 горячая"), ("warm", "🟡 тёплая"), ("cold", "🔵 холодная")])
def test_a_temperature_is_shown_in_its_colour(temperature: str, colour: str) -> None:
    assert f"**Температура:** {colour} ·" in details(begun(temperature=temperature, type="renewal").state)


def test_a_postponement_a_planned_day_a_contradiction_and_a_proposal_are_shown() -> None:
    course = begun(temperature="warm", type="renewal")
    course.say(DayPlanned, day="2026-11-20")
    assert "Запланирована на 20.11.2026" in details(course.state)
    course.say(Postponed, until=at("2026-12-01 10:00"), contact=CALL)
    assert "**Отложена до:** 01.12.2026 10:00 (+10:00)" in details(course.state)
    course.say(ViolationReported, clause="8.2.3", evidence="контакта не было", by=SUPPORT_PERSON)
    assert "Предложение мер uid-1/8.2.3/1 (8.2.3)" in details(course.state)
    course = Course(at(WEDNESDAY))
    course.standing = ClientStanding(last_used_at=at("2026-10-01 10:00"))
    assert "Биллинг противоречит типу" in details(course.begun().state)


def test_a_declined_lead_shows_when_it_closed_and_no_postponement() -> None:
    course = begun().take()
    course.say(Postponed, until=at("2026-12-01 10:00"))
    course.say(Declined, reason="купили у других")
    shown = details(course.state)
    assert "**Статус:** отказ" in shown
    assert "**Закрыта:** 18.11.2026 10:00 (+10:00)" in shown
    assert "Отложена до:" not in shown
    assert "4.1.1 Бронирование окончено: отказ клиента" in shown


def test_at_most_20_obligations_and_10_facts_are_shown_and_the_rest_is_counted() -> None:
    course = begun(type="renewal")
    for number in range(24):
        course.go(minutes=1)
        course.move("msk-1" if number % 2 == 0 else "vlad-1")
    shown = details(course.state)
    assert len(course.state.obligations) == 25
    assert len(rows(shown)) == 20
    assert "… и ещё 5" in shown
    assert "| открыто |" in rows(shown)[0]
    assert len(shown_facts(shown)) == 10


def test_words_from_outside_are_no_markup_and_break_no_table() -> None:
    course = begun(client_name=f"ООО {HOSTILE}", comment=f"строка\nдругая {HOSTILE}")
    course.say(WaiveOfLead, clause="7.2.1", reason=f"строка\nдругая {HOSTILE}", by=SUPPORT_PERSON)
    shown = details(course.state)
    bare = re.sub(r"\\.", "", shown)
    for raw in ("<script", "](", "`код", "**жирно", "_тут_", "\n# "):
        assert raw not in bare
    (row,) = rows(shown)
    assert len(re.findall(r"(?<!\\)\|", row)) == 6


def test_every_line_of_a_long_life_is_in_russian() -> None:
    course = Course(at(WEDNESDAY))
    course.post = None
    course.standing = ClientStanding(last_used_at=at("2026-10-01 10:00"), made_up=("0:email",))
    seen: set[str] = set()

    def read() -> None:
        seen.update(details(course.state).splitlines())

    course.begun(comment="просит перезвонить")
    course.say(ManagerAssigned, manager="ghost")
    read()
    course.say(PauseOfLead, clause="7.2.1", reason="клиент в дороге", by=SUPPORT_PERSON)
    course.go(days=20)
    read()
    course.say(ContactMade, contact=CALL)
    course.take()
    course.standing = ClientStanding(paid_until=at("2026-11-20 00:00"))
    course.say(TypeChanged, type="renewal")
    course.say(StageNoted, stage="счёт согласован")
    course.say(Postponed, until=course.now + timedelta(days=1), contact=CALL)
    course.say(InvoiceLinked, invoice="inv-1")
    read()
    assert course.state.ended
    for line in seen:
        words = re.sub(r"uid-1[\w/.#-]*|lead[\w/ .-]*|extern|vlad-1|ghost|inv-1|e-mail", "", line)
        assert not re.search(r"[A-Za-z_]{3,}", words), line


MESSAGES = [
    m.__name__ for m in vars(messages).values() if isinstance(m, type) and issubclass(m, OfLead) and m.__module__ == messages.__name__
]
OF_THE_LEAD = ("answers", "creation", "decisions", "duties", "facts", "tellings")
SOURCES = "\n".join((Path(messages.__file__).parent / f"{name}.py").read_text("utf-8") for name in (*OF_THE_LEAD, "../correspondence"))
NOTED = set(re.findall(r'state\.note\(\s*"(\w+)"', SOURCES))
INCIDENTS = set(re.findall(r'incident\(state, [^,]+, "(\w+)"', SOURCES)) | {"letter_refused", "letter_held"}
TOLD = set(re.findall(r'state\.tell\((?:[^()"]|\([^()]*\))*, "(\w+)"', SOURCES)) | {"letter_refused", "letter_held", "deleted", "ended"}


@pytest.mark.parametrize("name", sorted({*MESSAGES, "CalendarChanged"} - {"OfLead", "ToLead"}))
def test_every_message_has_words(name: str) -> None:
    assert re.match(r"[\d.]* ?[А-Я]", text("ru", "lead", "fact", name))


@pytest.mark.parametrize("what", sorted({*NOTED, *(f"incident.{what}" for what in INCIDENTS)}))
def test_every_fact_of_the_case_itself_has_words(what: str) -> None:
    assert re.match(r"[\d.]* ?[А-Я]", text("ru", "lead", "fact", what))


@pytest.mark.parametrize("what", sorted(TOLD))
def test_every_telling_has_words(what: str) -> None:
    assert text("ru", "notice", what) != what


def test_the_words_that_are_looked_for_are_found() -> None:
    assert {"booking_ended", "letter", "proposed"} <= NOTED
    assert {"letter_doubtful", "type_contradicted"} <= INCIDENTS
    assert {"blocked", "manager_unknown", "measure_unfounded", "passed", "proposed"} <= TOLD


def test_a_lead_that_has_not_begun_or_has_no_opening_can_be_read() -> None:
    course = Course(at(WEDNESDAY))
    assert "новая" in details(course.state)
    assert read_out(course.state).obligations == []
    course.known = {}
    course.begun()
    assert "ООО Ромашка" in details(course.state)
    assert read_out(course.state).stage_text == "новая"


def test_the_read_out_and_the_result_tell_where_it_stands_and_how_it_ended() -> None:
    course = begun()
    read = read_out(course.state)
    assert (read.kind, read.id, read.stage, read.stage_text, read.edition, read.round) == (
        "lead",
        "lead/C-1/extern",
        "new",
        "новая",
        "lead-1",
        1,
    )
    assert read.next_due == at("2026-11-18 13:00")
    assert [(o.clause, o.owner, o.escalation) for o in read.obligations] == [("lead 7.2.1", "centre:vlad-1", "sales_support")]
    assert type(read).model_validate_json(read.model_dump_json()) == read
    course.go(hours=4)
    course.take()
    course.say(Declined, reason="купили у других")
    ended = result(course.state)
    assert (ended.outcome, ended.centre, ended.met, ended.met_late, ended.waived, ended.breaches) == ("declined", "vlad-1", 0, 1, 0, 1)
