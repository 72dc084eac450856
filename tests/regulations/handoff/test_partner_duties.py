"""What the partner owes: access (2.1.2), the training request (2.1.3) and what comes with it (2.1.4)."""

from __future__ import annotations

import pytest

from regulations.effects import BillingAnswer
from regulations.handoff.facts import learn_billing
from regulations.messages import (
    RequestFile,
)
from tests.regulations.course import at
from tests.regulations.handoff.course import FILES, Course

MONDAY = "2026-11-16 10:00"
QUESTIONNAIRE_FILE, CONTRACT_FILE = FILES


def _begin(when: str = MONDAY) -> Course:
    course = Course(at(when))
    course.careful = True
    return course


# --- 2.1: the partner -----------------------------------------------------------------------------------------------


@pytest.mark.clause("handoff 2.1.2")
def test_access_counts_by_billings_own_time_though_nobody_told_us() -> None:
    course = _begin().paid()
    course.grant(at("2026-11-17 11:59"))
    course.go_to(at("2026-11-17 12:00"))
    assert (course.newest("2.1.2").standing, course.newest("2.1.2").met_at) == ("met", at("2026-11-17 11:59"))
    assert ("2.1.2", "recorded") not in course.breaches()


@pytest.mark.clause("handoff 2.1.2")
def test_no_breach_of_access_is_believed_before_billing_has_been_asked() -> None:
    course = _begin().paid()
    course.request()
    course.silent.add("billing")
    course.go_to(at("2026-11-18 09:00"))
    assert course.newest("2.1.2").standing == "open"
    course.grant(at("2026-11-17 10:00"))
    course.silent.discard("billing")
    learn_billing(course.state, BillingAnswer(access=course.access), course.now)
    course.run()
    assert course.newest("2.1.2").standing == "met"
    assert ("2.1.2", "recorded") not in course.breaches()


@pytest.mark.clause("handoff 2.1.2")
def test_an_overdue_access_is_asked_for_once_a_day_until_billing_knows_it() -> None:
    course = _begin().transferred()
    course.accept()
    course.go_to(at("2026-11-17 12:00"))
    assert course.newest("2.1.2").standing == "overdue"
    course.grant(at("2026-11-17 15:00"))
    course.go_to(at("2026-11-18 12:00"))
    assert (course.newest("2.1.2").standing, course.newest("2.1.2").met_at) == ("met_late", at("2026-11-17 15:00"))
    assert course.due_of("2.2.7") == "2026-11-30 18:00"


@pytest.mark.clause("handoff 2.1.2")
@pytest.mark.parametrize(("granted", "what"), [("2026-11-15 09:59", "access_before_sale"), ("2026-11-16 10:06", "access_from_the_future")])
def test_an_impossible_date_of_access_in_billing_is_an_incident_and_counts_for_nothing(granted: str, what: str) -> None:
    course = _begin()
    course.grant(at(granted))
    course.paid()
    course.look_up()
    course.request()
    assert course.state.access is None
    assert course.incidents() == [what]


@pytest.mark.clause("handoff 2.1.2")
@pytest.mark.parametrize("clause", ["2.1.3", "2.1.4"])
def test_with_billing_away_the_partner_hears_of_the_request_after_ten_minutes(clause: str) -> None:
    course = _begin().paid()
    course.silent.add("billing")
    course.go_to(at("2026-11-17 12:09:59"))
    assert "breach" not in course.templates()
    course.go_to(at("2026-11-17 12:10"))
    assert course.templates().count("breach") == 1
    assert clause in str(course.letters[-1].values["duties"])
    assert "2.1.2" not in str(course.letters[-1].values["duties"])


@pytest.mark.clause("handoff 2.1.3")
def test_one_letter_tells_the_partner_of_all_that_ran_out_together() -> None:
    course = _begin().paid()
    course.go_to(at("2026-11-17 13:00"))
    assert course.templates() == ["reminder", "breach"]
    assert [d["clause"] for d in course.letters[-1].values["duties"]] == ["2.1.2", "2.1.3", "2.1.4"]  # type: ignore[index,union-attr,call-overload]


@pytest.mark.clause("handoff 2.1.4")
@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ((), ["анкета клиента", "договор в формате Word"]),
        ((CONTRACT_FILE,), ["анкета клиента"]),
        ((QUESTIONNAIRE_FILE,), ["договор в формате Word"]),
        ((QUESTIONNAIRE_FILE.model_copy(update={"problem": "защищён паролем"}), CONTRACT_FILE), ["анкета клиента: защищён паролем"]),
        ((QUESTIONNAIRE_FILE, RequestFile(name="Договор.pdf", kind="contract")), ["договор в формате Word: не в формате Word"]),
        ((RequestFile(name="прочее.txt", kind="other"),), ["анкета клиента", "договор в формате Word"]),
    ],
)
def test_an_incomplete_request_is_no_transfer_and_its_answer_names_each_thing(files: tuple[RequestFile, ...], missing: list[str]) -> None:
    course = _begin().paid()
    course.request(files=files)
    assert course.state.stage == "awaiting_transfer"
    assert (course.newest("2.1.3").standing, course.newest("2.1.4").standing) == ("met", "open")
    (letter,) = course.letters
    assert letter.template == "handoff/incomplete"
    assert letter.values["missing"] == missing
    assert letter.values["due"] == "вт 17.11.2026 12:00 (+03:00)"
    assert letter.thread is not None
    assert letter.thread.message_id == "<r@partner>"

    course.request(at("2026-11-16 10:00"), files=(QUESTIONNAIRE_FILE, CONTRACT_FILE))
    assert course.state.stage == "checking"
    assert course.newest("2.1.4").standing == "met"


@pytest.mark.clause("handoff 2.1.4")
def test_an_offer_needs_no_contract_file() -> None:
    course = _begin().paid(contract="offer")
    course.request(files=(QUESTIONNAIRE_FILE,))
    assert course.state.stage == "checking"


@pytest.mark.clause("handoff 2.1.4")
@pytest.mark.parametrize("order", [1, -1])
def test_a_scan_beside_the_word_file_does_not_undo_it(order: int) -> None:
    scan = RequestFile(name="Договор (скан).pdf", kind="contract")
    course = _begin().paid()
    course.request(files=(QUESTIONNAIRE_FILE, CONTRACT_FILE, scan)[::order])
    assert course.state.stage == "checking"


@pytest.mark.clause("handoff 2.1.4")
def test_two_incomplete_requests_of_one_night_get_one_answer_about_the_newest() -> None:
    course = _begin("2026-11-16 20:00").paid()
    course.request(files=())
    course.go(hours=1)
    course.request(files=(QUESTIONNAIRE_FILE,))
    course.go_to(at("2026-11-17 09:00"))
    incomplete = [x for x in course.letters if x.template == "handoff/incomplete"]
    assert [x.values["missing"] for x in incomplete] == [["договор в формате Word"]]
    assert course.state.tells == []


@pytest.mark.clause("handoff 2.1.4")
def test_what_was_missing_at_night_and_came_before_the_morning_is_not_asked_for() -> None:
    course = _begin("2026-11-16 20:00").paid()
    course.request(files=())
    course.go(hours=1)
    course.request()
    course.go_to(at("2026-11-17 12:00"))
    assert "incomplete" not in course.templates()
    assert not [w for w in course.state.waits if w.startswith("tell:")]


@pytest.mark.clause("handoff 2.1.4")
def test_an_incomplete_request_before_the_payment_names_no_empty_due() -> None:
    course = _begin()
    course.deliver_sale()
    course.request(files=())
    assert course.letters[0].values["due"] == "станет известен с поступлением платежа"


@pytest.mark.clause("handoff 2.1.3")
def test_the_transfer_is_the_latest_of_payment_request_and_attachments() -> None:
    course = _begin()
    course.deliver_sale()
    course.request()
    assert course.state.stage == "awaiting_payment"
    course.go_to(at("2026-11-17 15:00"))
    course.pay(at("2026-11-17 14:00"))
    course.look_up()
    assert course.state.transfer_at == at("2026-11-17 14:00")
    assert course.newest("2.2.4").started_at == at("2026-11-17 14:00")
