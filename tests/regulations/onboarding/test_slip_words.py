"""An onboarding as people read it: the table of the visas, hints, notices, the trail, the read-out."""

from __future__ import annotations

import pytest

from regulations.effects import Told
from regulations.messages import Actor
from regulations.onboarding.slip_narration import details, read_out
from tests.regulations.onboarding.slips import DEPUTY, HEAD_OF_SALES, LAWYER, REASON, Slip, away, register


def row(slip: Slip, item: str) -> list[str]:
    """The cells of an item in the table of the visas."""
    [line] = [line for line in details(slip.state).split("#### ")[1].splitlines() if line.startswith(f"| {item} ")]
    return [cell.strip() for cell in line.strip("|").replace("\\|", "¦").split("|")]


def test_before_it_has_begun_it_is_its_address() -> None:
    assert details(Slip().state) == "### onboarding/C-1"


@pytest.mark.clause("onboarding 2")
def test_the_table_says_of_each_visa_who_gave_it_for_whom_when_and_on_what() -> None:
    slip = Slip()
    slip.roster = register({LAWYER.id: away("2026-11-16", "2026-11-16")})
    slip.begin().visa("2.1", by=Actor(id=DEPUTY, role="lawyer"), remark="усе | гаразд")
    slip.visa("2.6").refuse("2.4").visa("2.3").take_back("2.3")
    when = "16.11.2026 12:00 (+02:00)"
    assert row(slip, "2.1") == ["2.1 договір: усі програми, правила консалтингу", "є", "d1 (за l1)", when, "", "усе ¦ гаразд"]
    assert row(slip, "2.2") == ["2.2 додаткова угода про вартість", "ще немає", "", "", "", ""]
    assert row(slip, "2.3")[1:] == ["відкликано", "a1", when, "", REASON]
    assert row(slip, "2.4")[1:] == ["відмовлено", "g1", when, "", REASON]
    assert row(slip, "2.6")[1:] == ["є", "g1", when, "картка.pdf", ""]


@pytest.mark.clause("onboarding 2")
def test_it_reads_in_ukrainian_from_the_first_moment_to_the_end() -> None:
    slip = Slip().begin()
    said = details(slip.state)
    assert "### Передача клієнта «ТОВ «Липа»», договір C-1" in said
    assert "**Стадія:** збираємо візи" in said
    slip.refuse("2.1").mend("2.1").visas()
    assert "Усі візи стоять, дати оплати ще не знаємо" in details(slip.state)
    slip.pay().meet("2026-11-18 10:00").install().report()
    said = details(slip.state)
    for words in (
        "**Оплата:** 16.11.2026 12:00 (+02:00)",
        "**Встановлення узгоджено на:** 18.11.2026 10:00 (+02:00)",
        "**Звіт про встановлення:** звіт.pdf",
        "**Менеджер:** c1",
        "завершено",
        "доопрацювання після відмови",
    ):
        assert words in said
    shown = read_out(slip.state)
    assert (shown.kind, shown.edition, shown.stage_text) == ("onboarding", "onboarding-1", "завершено")
    assert ("onboarding 3.3", "Звіт про встановлення") in [(o.clause, o.duty) for o in shown.obligations]


@pytest.mark.clause("onboarding 2")
def test_hints_say_what_waits_for_a_person() -> None:
    slip = Slip(on_refusal="stop").begin().refuse("2.1")
    assert "> Є відмова: решта віз чекає" in details(slip.state)
    slip.billing = None
    assert "> Білінг не відповідає" in details(slip.answer("billing").state)
    slip.plan = Told(result="no_case")
    assert "> Обслуговування саме не почалося" in details(slip.mend("2.1").visas().pay().install().state)


def test_reminders_say_what_is_missing() -> None:
    slip = Slip().begin().pay().refuse("2.1").go_to("2026-11-17 17:30")
    reminders = {said.split(" ")[0]: said for said in slip.told("group_head:g1", "warning") if "наближається" in said}
    assert "потрібен сам документ" in reminders["2.6"]
    assert "(" not in reminders["2.4"]
    assert any(f"повернуто: {REASON}" in said for said in slip.told("sales_manager:s1", "warning"))
    assert any("оплату проведено 16.11.2026 12:00" in said for said in slip.told("accountant", "warning"))
    slip.go_to("2026-11-19 17:30")
    assert any("час із клієнтом ще не узгоджено" in said for said in slip.told("service", "warning"))


def test_the_trail_says_who_did_what_and_words_from_outside_are_never_patterns() -> None:
    slip = Slip().begin().refuse("2.1", reason="немає {підпису}").waive("2.2", HEAD_OF_SALES)
    notes = {fact.what: (fact.note, fact.by) for fact in slip.state.facts}
    assert notes["VisaRefused"] == ("2.1; немає {підпису}", "lawyer:l1")
    assert notes["WaiveOfOnboarding"] == ("2.2: за згодою", "head_of_sales:s9")
    assert "немає {підпису}" in slip.told("sales_manager:s1", "warning")[0]
