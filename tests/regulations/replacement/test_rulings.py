"""5.2, 3.1, 3.2, 3.6: the export, the audit of it, and quality control's decision."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from regulations.messages import Actor
from regulations.replacement.effects import AuditAnswer, AuditSettings, LinksAnswer
from regulations.replacement.messages import AccountChanged, Barred, Decided, ExportReceived, WithdrawOfReplacement
from tests.regulations.course import at
from tests.regulations.replacement.course import (
    AUDITED,
    CONTROL_PERSON,
    DECIDED,
    EXPORT,
    FINE,
    OFFICE_PERSON,
    OTHER_EXPORT,
    OUTCOME,
    OWN_CRM,
    SHEET,
    TECHNICAL_PERSON,
    Course,
)

EXPORT_FIELDS: dict[str, Any] = {"by": TECHNICAL_PERSON, "files": [{"name": "e.csv", "sha256": EXPORT}]}
DECISION: dict[str, Any] = {"by": CONTROL_PERSON, "files": [{"name": "s.xlsx", "sha256": SHEET}]}
BAR: dict[str, Any] = {"by": CONTROL_PERSON, "reason": "замечания двух проверок не приняты"}
STRANGER = Actor(id="x1", role="franchisee")


# --- the export -----------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 5.2")
def test_the_technical_specialists_are_asked_for_the_export() -> None:
    course = Course().request()
    assert course.notices("warning") == [("5.2", "technical")]
    (text,) = course.told("technical")
    assert "reglament replacement export replacement/A-1/2026-10/1" in text
    assert "чт 19.11.2026 18:00 (+03:00)" in text


@pytest.mark.clause("replacement 5.1")
def test_they_are_told_where_the_access_to_the_clients_crm_is_shown_and_not_what_it_is() -> None:
    course = Course()
    course.account = FINE.model_copy(update={"mode": "integrated"})
    course.request(crm=OWN_CRM).export()
    wanted, access = course.told("technical")
    assert "reglament secret show replacement/A-1/2026-10/1" in access
    texts = [wanted, access, *(str(letter.values) for letter in course.letters), *(f.note for f in course.state.facts)]
    for hidden in (OWN_CRM["login"], OWN_CRM["link"], OWN_CRM["secret"]):
        assert not any(hidden in text for text in texts)


@pytest.mark.clause("replacement 5.2")
def test_an_export_is_audited_by_the_terms_of_the_edition_in_the_clients_zone() -> None:
    course = Course()
    course.account = FINE.model_copy(update={"zone": "Asia/Vladivostok"})
    course.request().go(hours=3)
    course.export(happened=course.now - timedelta(hours=1))
    (question,) = course.audits
    assert (question.export, question.asked, question.identifications) == (EXPORT, 400, 10_000)
    assert question.now == course.now - timedelta(hours=1), "calls after the export was made lie in the future"
    assert question.settings == AuditSettings(
        zone="Asia/Vladivostok", first_call="6 working hours", attempts=5, first_day_attempts=3, gap_minutes=60
    )
    assert course.stage == "awaiting_decision"


@pytest.mark.clause("replacement 5.2")
def test_only_technical_specialists_and_quality_control_bring_exports_and_only_the_latter_decides() -> None:
    course = Course().request()
    for person in (OFFICE_PERSON, STRANGER):
        assert course.refused(ExportReceived, **{**EXPORT_FIELDS, "by": person}) == "NotYours"
    course.export(by=CONTROL_PERSON)
    for person in (OFFICE_PERSON, TECHNICAL_PERSON, STRANGER):
        assert course.refused(Decided, **{**DECISION, "by": person}) == "NotYours"


@pytest.mark.clause("replacement 5.2")
def test_the_audit_goes_to_quality_control_with_its_sheet() -> None:
    course = Course().audited()
    letter = course.letter("audit")
    assert letter.to == ("quality_control@company.example",)
    assert letter.thread is None
    assert [(f.name, f.sha256) for f in letter.files] == [("Аудит.xlsx", SHEET)]
    assert letter.files[0].content_type.endswith("spreadsheetml.sheet")
    assert {name: letter.values[name] for name in ("cards", "replace", "reject", "listen", "cap")} == {
        "cards": 500,
        "replace": 300,
        "reject": 150,
        "listen": 50,
        "cap": 3_000,
    }


@pytest.mark.clause("replacement 5.2")
def test_the_letter_with_the_sheet_waits_for_working_time() -> None:
    course = Course("2026-11-20 17:00").request().go_to("2026-11-20 20:00").export()
    assert "audit" not in course.templates()
    assert (course.wake_at, course.wake_for) == (at("2026-11-23 09:00"), "5.2 Контролю качества: аудит на проверку")
    course.go_to("2026-11-23 09:00")
    assert course.letter("audit").now == at("2026-11-23 09:00")


@pytest.mark.clause("replacement 5.2")
def test_an_audit_that_is_decided_on_in_the_night_is_not_sent_in_the_morning() -> None:
    course = Course("2026-11-20 17:00").request().go_to("2026-11-20 20:00").export()
    course.silent = {"credit"}
    course.decision = DECIDED.model_copy(update={"problems": ("строка 1",)})
    course.decide()
    course.decision = DECIDED
    course.decide().go_to("2026-11-23 12:00")
    assert (course.stage, course.templates()) == ("crediting", ["taken"])


def test_quality_control_without_an_address_is_an_incident() -> None:
    course = Course()
    course.roles = {"technical", "head_office"}
    course.audited()
    assert "audit" not in course.templates()
    assert course.incidents() == ["role_without_address"]
    assert course.stage == "awaiting_decision"


@pytest.mark.clause("replacement 5.2")
def test_a_later_export_takes_the_place_of_an_earlier_one() -> None:
    course = Course().audited()
    course.export(OTHER_EXPORT)
    assert [q.export for q in course.audits] == [EXPORT, OTHER_EXPORT]
    assert course.state.audited == OTHER_EXPORT
    assert course.decide().readings[0].export == OTHER_EXPORT


@pytest.mark.clause("replacement 5.2")
def test_the_same_export_again_is_not_audited_again() -> None:
    course = Course().audited().export()
    assert (course.stage, len(course.audits), course.templates()) == ("awaiting_decision", 1, ["taken", "audit"])


@pytest.mark.clause("replacement 5.2")
def test_an_export_that_comes_while_another_is_audited_is_audited_next_and_counts_alone() -> None:
    course = Course()
    course.silent = {"audit"}
    course.audited().export(OTHER_EXPORT)
    assert len(course.audits) == 1, "one audit at a time"
    course.answer()
    assert (course.stage, course.state.audited) == ("auditing", None)
    course.answer()
    assert (course.stage, course.state.audited) == ("awaiting_decision", OTHER_EXPORT)
    assert course.templates() == ["taken", "audit"]


@pytest.mark.clause("replacement 5.2")
def test_an_export_that_cannot_be_judged_is_told_with_the_words_and_another_is_waited_for() -> None:
    course = Course()
    course.audit = AuditAnswer(problem="нет столбца «звонок»")
    course.audited()
    assert course.stage == "awaiting_export"
    assert "нет столбца «звонок»" in course.told("technical")[-1]
    course.audit = AUDITED
    assert course.export().stage == "awaiting_decision", "the same file again, once it can be read"


@pytest.mark.clause("replacement 5.2")
def test_an_audit_that_could_not_be_made_is_an_incident_and_can_be_tried_again() -> None:
    course = Course()
    course.audit = None
    course.audited()
    assert (course.stage, course.incidents()) == ("awaiting_export", ["export_unread"])
    course.audit = AUDITED
    assert course.export().stage == "awaiting_decision"


@pytest.mark.clause("replacement 5.2")
def test_an_unusable_export_leaves_the_audit_of_the_one_before() -> None:
    course = Course().audited()
    course.audit = AuditAnswer(problem="это не таблица")
    course.export(OTHER_EXPORT)
    assert (course.stage, course.state.audited) == ("awaiting_decision", EXPORT)
    assert course.decide().stage == "credited"


@pytest.mark.clause("replacement 3.1")
@pytest.mark.clause("replacement 3.2")
@pytest.mark.parametrize("clauses", [("3.1",), ("3.2",), ("3.1", "3.2")])
def test_what_the_audit_bars_is_refused_as_a_whole(clauses: tuple[str, ...]) -> None:
    course = Course()
    course.audit = AuditAnswer(barred=clauses, cards=10)
    course.audited()
    assert (course.stage, course.grounds()) == ("refused", [(c, "barred") for c in clauses])
    assert course.templates() == ["taken", "refused"]
    assert course.standings() == {"5.2/1": "waived"}
    assert course.register().clauses == clauses
    assert [role for _, role in course.notices("ended")] == ["quality_control"]
    assert course.state.ended


@pytest.mark.clause("replacement 3.1")
@pytest.mark.parametrize(("cards", "told"), [(0, True), (399, True), (400, False), (401, False)])
def test_whoever_asks_for_more_than_stands_on_replacement_is_told_and_it_goes_on(cards: int, told: bool) -> None:
    course = Course()
    course.audit = AUDITED.model_copy(update={"cards": cards})
    course.audited()
    assert course.stage == "awaiting_decision"
    assert ("fewer_cards" in course.templates()) is told
    if told:
        assert course.letter("fewer_cards").values["cards"] == cards


# --- the decision ---------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 5.2")
@pytest.mark.clause("replacement 6.2")
def test_a_decision_is_checked_against_the_audit_and_the_account() -> None:
    course = Course().audited().go(hours=1).decide()
    (question,) = course.readings
    assert (question.export, question.sheet, question.by, question.at) == (EXPORT, SHEET, "q1", course.now)
    assert (question.asked, question.identifications, question.replaced, question.cap_percent) == (400, 10_000, 0, 30)
    row = course.register()
    assert (row.accepted, row.credited, row.capped, row.ruled_at) == (320, 320, False, course.now)
    assert course.letter("credited").files[0].sha256 == OUTCOME


@pytest.mark.clause("replacement 4.2")
def test_the_clear_verdicts_are_accepted_as_they_are_only_when_nothing_is_to_be_heard() -> None:
    course = Course().audited()
    assert course.refused(Decided, by=CONTROL_PERSON, accept_clear=True) == "Undecided"
    course = Course()
    course.audit = AUDITED.model_copy(update={"listen": 0})
    course.audited().decide(accept_clear=True)
    assert course.readings[0].sheet is None
    assert course.stage == "credited"


@pytest.mark.clause("replacement 5.2")
def test_of_two_decisions_one_counts_and_the_other_is_told() -> None:
    course = Course()
    course.silent = {"decision"}
    course.audited().decide()
    assert course.stage == "deciding"
    assert course.refused(Decided, **DECISION) == "Deciding"
    assert course.refused(ExportReceived, **EXPORT_FIELDS) == "Deciding"
    assert course.refused(Barred, **BAR) == "Deciding"
    course.silent = {"credit"}
    course.answer()
    assert course.stage == "crediting"
    assert course.refused(Decided, **DECISION) == "Decided"
    assert course.refused(ExportReceived, **EXPORT_FIELDS) == "Decided"
    assert course.refused(Barred, **BAR) == "Decided"
    assert len(course.readings) == 1


@pytest.mark.clause("replacement 5.2")
def test_a_decision_with_problems_counts_for_nothing_and_another_is_waited_for() -> None:
    course = Course()
    course.decision = DECIDED.model_copy(update={"problems": ("строка 7: решения нет",)})
    course.audited().decide()
    assert (course.stage, course.standings()) == ("awaiting_decision", {"5.2/1": "open"})
    letter = course.letter("decision_problems")
    assert (letter.to, letter.values["problems"]) == (("quality_control@company.example",), ["строка 7: решения нет"])
    course.decision = DECIDED
    course.go(hours=1).decide()
    assert (course.stage, course.duty("5.2/1").met_at) == ("credited", course.now)


@pytest.mark.clause("replacement 5.2")
def test_a_decision_that_could_not_be_read_is_an_incident_and_is_told() -> None:
    course = Course()
    course.decision = None
    course.audited().decide()
    assert (course.stage, course.incidents()) == ("awaiting_decision", ["decision_unread"])
    assert course.notices("incident") == [("5.2", "quality_control"), ("5.2", "technical")]
    course.decision = DECIDED
    assert course.decide().stage == "credited"


@pytest.mark.clause("replacement 5.2")
def test_there_is_nothing_to_decide_on_before_the_audit() -> None:
    course = Course()
    course.silent = {"account", "audit"}
    course.request()
    assert course.refused(Decided, **DECISION) == "NotAudited"
    assert course.refused(ExportReceived, **EXPORT_FIELDS) == "Checking"
    course.answer()
    assert course.refused(Decided, **DECISION) == "NotAudited"
    course.export()
    assert course.refused(Decided, **DECISION) == "NotAudited"
    course.answer()
    early = course.now - timedelta(minutes=5, seconds=1)
    assert course.refused(Decided, early, **DECISION) == "ImpossibleDate"
    assert course.decide(course.now - timedelta(minutes=5)).answer().stage == "credited"


@pytest.mark.clause("replacement 5.2")
def test_nothing_confirmed_is_an_end_and_is_told_with_the_reasons() -> None:
    course = Course()
    course.decision = DECIDED.model_copy(update={"accepted": 0, "rejected": 500, "amount": 0})
    course.audited().decide()
    assert (course.stage, course.state.outcome, course.standings()) == ("nothing_confirmed", "nothing_confirmed", {"5.2/1": "met"})
    assert (course.orders, course.register().credited) == ([], 0)
    letter = course.letter("nothing_confirmed")
    assert (letter.values["rejected"], letter.values["credits"], letter.files[0].sha256) == (500, [], OUTCOME)


# --- 3.6 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("replacement 3.6")
@pytest.mark.parametrize("person", [CONTROL_PERSON, OFFICE_PERSON])
def test_a_person_bars_a_request_with_a_reason(person: Actor) -> None:
    course = Course().audited().go(hours=1)
    course.say(Barred, **{**BAR, "by": person})
    assert (course.stage, course.grounds()) == ("refused", [("3.6", "feedback")])
    assert "замечания двух проверок не приняты" in str(course.letter("refused").values["grounds"])
    assert course.standings() == {"5.2/1": "met"}, "it is the decision that 5.2 asks for"
    assert course.register().clauses == ("3.6",)


@pytest.mark.clause("replacement 3.6")
def test_nobody_else_bars_a_request() -> None:
    course = Course().audited()
    for person in (TECHNICAL_PERSON, STRANGER):
        assert course.refused(Barred, **{**BAR, "by": person}) == "NotYours"
    assert course.refused(Barred, course.now - timedelta(days=1), **BAR) == "ImpossibleDate"


@pytest.mark.clause("replacement 3.6")
@pytest.mark.parametrize("silent", ["account", "links", "audit", "decision"])
def test_a_request_that_is_over_takes_no_answer_that_was_on_its_way(silent: str) -> None:
    course = Course()
    course.silent = {silent}
    course.request()
    if course.stage != "checking":
        course.export()
    if silent == "decision":
        course.decide()
        course.say(WithdrawOfReplacement, by=OFFICE_PERSON, reason="по ошибке")
    else:
        course.say(Barred, **BAR)
    stage, letters = course.stage, course.templates()
    course.account = FINE.model_copy(update={"balance": 9_000})
    course.links = LinksAnswer(private=("script",))
    course.answer()
    assert (course.stage, course.templates()) == (stage, letters)
    assert course.state.ended
    assert course.refused(AccountChanged) == "Ended"
