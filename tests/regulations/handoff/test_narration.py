"""The case as people read it: in Russian, bounded, and free of markup from outside."""

from __future__ import annotations

import re

import pytest

from regulations.handoff.narration import details, read_out
from regulations.messages import AccessGranted, Extend, FirstContact, Pause, Waive, Withdraw
from tests.regulations.course import at
from tests.regulations.handoff.course import CC_HEAD_PERSON, QUESTIONNAIRE, Course, sale

MONDAY = "2026-11-16 10:00"
HOSTILE = "<script>x</script> | [пиши](http://evil.example) `код` **жирно** # _тут_ \\ конец"


def _course() -> Course:
    return Course(at(MONDAY)).transferred()


def _rows(markdown: str) -> list[str]:
    return [line for line in markdown.splitlines() if re.match(r"\| \d", line)]


def test_the_details_name_deal_stage_edition_duties_and_facts_in_russian() -> None:
    shown = details(_course().state)
    assert "### Передача клиента, сделка D-1" in shown
    assert "**Стадия:** проверка · **Редакция:** handoff-1" in shown
    assert "| 2.2.4 | Первый контакт с клиентом | контакт-центр | ср 18.11.2026 16:00 (+03:00) | открыто |" in shown
    assert "- 16.11.2026 10:00 (+03:00) 2.1.3 Заявка на обучение · событие" in shown
    assert "3.2 Платёж на счёте · биллинг" in shown


def test_unmet_duties_come_first_by_their_due_instant() -> None:
    rows = [row.split(" | ")[0].strip("| ") for row in _rows(details(_course().state))]
    assert rows[:6] == ["2.2.3", "2.1.2", "2.2.4", "2.2.5", "5.3 (2)", "2.2.2"]


def test_at_most_20_obligations_and_the_last_10_facts_are_shown_and_the_rest_is_counted() -> None:
    course = _course()
    for _ in range(6):
        course.give_back("3.3")
        course.go(hours=1)
        course.request()
    assert len(course.state.obligations) == 39
    shown = details(course.state)
    assert len(_rows(shown)) == 20
    assert "… и ещё 19" in shown
    facts = shown.split("#### Последние факты")[1].strip().splitlines()
    assert len(facts) == 10
    assert all(line.startswith("- ") for line in facts)
    newest = course.state.facts[-1]
    assert course.state.local(newest.happened_at) in facts[0]


def test_words_from_outside_are_no_markup_and_break_no_table() -> None:
    course = _course()
    course.say(Waive, clause="2.2.4", reason=f"строка\nдругая {HOSTILE}", by=CC_HEAD_PERSON)
    shown = details(course.state)
    bare = re.sub(r"\\.", "", shown)
    for raw in ("<script", "](", "`код", "**жирно", "_тут_"):
        assert raw not in bare
    (row,) = [r for r in _rows(shown) if r.startswith("| 2.2.4")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    assert "строка другая" in row


def test_a_deal_and_every_fact_from_outside_stay_on_one_line() -> None:
    course = _course()
    course.say(Withdraw, reason="раз\nдва\n\n# три", by=CC_HEAD_PERSON)
    assert "\n# три" not in details(course.state)
    assert "раз два  \\# три" in details(course.state)


def test_a_fact_learnt_late_a_pause_a_note_and_a_wait_are_said() -> None:
    course = _course()
    course.go(hours=3)
    course.say(AccessGranted, at(MONDAY), reference="acc-1", tariff="bureau-12")
    assert "2.1.2 Доступ открыт (узнали 16.11.2026 13:00 (+03:00))" in details(course.state)
    course.say(Pause, clause="2.2.4", reason="клиент в отпуске", by=CC_HEAD_PERSON)
    assert "| часы остановлены | открыто |" in details(course.state)
    course.give_back("3.3")
    shown = details(course.state)
    assert "снято — возврат на доработку" in shown
    assert "Ждём до: ср 16.12.2026 13:00 (+03:00)" in shown


@pytest.mark.clause("handoff 3.3")
def test_whoever_is_to_decide_sees_what_is_missing_wrong_and_undeclared() -> None:
    course = Course(at(MONDAY)).paid(told=None)
    course.request(questionnaire={k: v for k, v in QUESTIONNAIRE.items() if k != "phone"} | {"inn": "123"})
    shown = details(course.state)
    assert "не заполнено: телефон, ИНН (с ошибкой)" in shown
    assert "(2.1.1)" in shown


def test_a_term_in_a_year_without_a_decree_is_marked_provisional() -> None:
    course = Course(at("2027-12-29 10:00")).transferred()
    assert "предварительно" in details(course.state)
    assert any(o.provisional for o in read_out(course.state).obligations)


def test_every_fact_and_stage_has_russian_words() -> None:
    course = _course()
    course.post = None
    course.accept()
    course.say(FirstContact)
    course.say(Extend, clause="2.2.1", new_due=at("2026-12-01 10:00"), reason="просьба клиента", by=CC_HEAD_PERSON)
    course.go(days=40)
    course.say(Withdraw, reason="ошибка продажи", by=CC_HEAD_PERSON)
    for line in details(course.state).splitlines():
        words = re.sub(r"handoff[\w/ .-]*|CRM|inserted z1|pay-1|D-1|acc-1|e-mail", "", line)
        assert not re.search(r"[A-Za-z]{3,}", words), line


def test_a_case_that_has_not_begun_or_has_no_opening_can_be_read() -> None:
    course = Course(at(MONDAY))
    assert "ждём платёж" in details(course.state)
    assert read_out(course.state).obligations == []
    course.deliver(sale(course.now), settle=False)
    assert "D-1" in details(course.state)


def test_the_read_out_holds_kind_id_stage_edition_obligations_next_due_and_trail() -> None:
    course = _course()
    read = read_out(course.state)
    assert (read.kind, read.id, read.uid, read.stage, read.stage_text) == ("handoff", "handoff/D-1", "uid", "checking", "проверка")
    assert (read.edition, read.rules, read.round, read.outcome) == ("handoff-1", 1, 1, None)
    assert read.next_due == at("2026-11-16 18:00")
    contact = next(o for o in read.obligations if o.key == "2.2.4/1")
    assert (contact.clause, contact.duty, contact.owner, contact.escalation, contact.term) == (
        "handoff 2.2.4",
        "Первый контакт с клиентом",
        "cc",
        "cc_head",
        "24 working hours",
    )
    assert (contact.due, contact.state, contact.due_text) == (at("2026-11-18 16:00"), "open", "ср 18.11.2026 16:00 (+03:00)")
    assert [f.what for f in read.facts] == ["Sold", "payment", "RequestReceived"]
    assert read.facts[0].happened_at == course.now
    assert type(read).model_validate_json(read.model_dump_json()) == read
