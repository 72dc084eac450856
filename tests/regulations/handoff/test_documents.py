"""Files of a request that the case itself has read: unread, read, complete, incomplete, resubmitted, whatever comes between."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.catalogue import text
from regulations.documents import Found
from regulations.handoff.checks import missing_fields
from regulations.handoff.decisions import READ_AT_ONCE
from regulations.handoff.narration import details
from regulations.messages import Accepted, RequestFile, Withdraw
from tests.regulations.course import at
from tests.regulations.handoff.course import CC_HEAD_PERSON, CC_PERSON, QUESTIONNAIRE, Course

MONDAY = "2026-11-16 10:00"
FILLED = Found(fields=QUESTIONNAIRE)
READABLE = Found()
PROBLEMS = [
    *("empty", "too_large", "not_a_document", "old_format", "password", "macros", "entities", "unsafe", "damaged", "too_slow"),
    *("no_fields", "no_text", "not_word", "lost", "unread"),
]


def _paid(start: str = MONDAY, **sold: str) -> Course:
    course = Course(at(start))
    course.careful = True
    return course.paid(**sold)


def _both(course: Course, questionnaire: Found = FILLED, contract: Found = READABLE) -> tuple[RequestFile, RequestFile]:
    return course.attach("questionnaire", questionnaire), course.attach("contract", contract)


@pytest.mark.clause("handoff 2.1.4")
def test_files_are_read_and_the_transfer_is_when_they_came_not_when_they_were_read() -> None:
    course = _paid()
    course.silent.add("reader")
    course.go_to(at("2026-11-17 11:59"))
    course.request(files=_both(course), questionnaire={})
    (question,) = course.questions
    assert [(d.kind, d.name) for d in question.documents] == [("questionnaire", "questionnaire.docx"), ("contract", "contract.docx")]
    assert question.fields == tuple(QUESTIONNAIRE)
    assert (course.state.stage, course.templates()) == ("awaiting_transfer", ["reminder"])
    assert course.newest("2.1.3").standing == "met"
    assert text("ru", "case", "unread") in details(course.state)

    course.go_to(at("2026-11-17 15:00"))  # the term of 2.1.4 has passed meanwhile: nobody calls that a breach
    assert ("2.1.4", "recorded") not in course.breaches()
    course.answer_reader()
    course.run()
    assert course.state.stage == "checking"
    assert course.state.transfer_at == at("2026-11-17 11:59")
    assert (course.newest("2.1.4").standing, course.newest("2.1.4").met_at) == ("met", at("2026-11-17 11:59"))
    assert course.newest("2.2.4").started_at == at("2026-11-17 11:59")
    assert missing_fields(course.state) == []
    assert course.state.unread == []
    assert len(course.questions) == 1


@pytest.mark.clause("handoff 3.3")
def test_the_fields_that_were_read_are_checked_and_every_missing_or_wrong_one_is_named() -> None:
    course = _paid()
    answers = {k: v for k, v in QUESTIONNAIRE.items() if k not in ("phone", "promised")}
    course.request(files=_both(course, Found(fields={**answers, "inn": "7707083890", "login": "Other@example.org"})), questionnaire={})
    assert course.state.stage == "checking"
    assert missing_fields(course.state) == ["phone", "promised", "inn:wrong", "login:other"]
    assert course.refused(Accepted, by=CC_PERSON) == "Incomplete"
    course.give_back("3.3")
    assert course.letters[-1].values["reasons"][0]["details"] == [  # type: ignore[index,call-overload]
        "телефон",
        "что обещано клиенту",
        "ИНН (с ошибкой)",
        "логин (не тот, что при продаже)",
    ]


@pytest.mark.clause("handoff 3.3")
def test_the_login_is_the_clients_whatever_its_case() -> None:
    course = _paid()
    course.request(files=_both(course, Found(fields={**QUESTIONNAIRE, "login": "Client@Example.org"})), questionnaire={})
    assert missing_fields(course.state) == []


@pytest.mark.clause("handoff 2.1.4")
@pytest.mark.parametrize("problem", PROBLEMS)
def test_whatever_is_wrong_with_a_file_the_request_is_incomplete_with_that_reason_in_words(problem: str) -> None:
    course = _paid()
    course.request(files=_both(course, Found(problem=problem)), questionnaire={})
    assert (course.state.stage, course.newest("2.1.4").standing) == ("awaiting_transfer", "open")
    (letter,) = course.letters
    assert letter.template == "handoff/incomplete"
    words = text("ru", "handoff", "file", problem)
    assert words != problem
    assert letter.values["missing"] == [f"анкета клиента: {words}"]
    course.request(files=(course.attach("questionnaire", FILLED),), questionnaire={})
    assert course.state.stage == "checking"


@pytest.mark.clause("handoff 2.1.4")
def test_while_anything_is_unread_nothing_is_said_to_be_missing() -> None:
    course = _paid()
    course.silent.add("reader")
    course.request(files=(course.attach("questionnaire", FILLED),), questionnaire={})
    course.go(minutes=1)
    course.request(files=(), questionnaire={})
    assert course.letters == []
    course.answer_reader()
    course.run()
    assert course.letters[-1].values["missing"] == ["договор в формате Word"]


@pytest.mark.clause("handoff 2.1.4")
def test_a_second_request_is_read_after_the_first_and_one_answer_serves_both() -> None:
    course = _paid()
    course.silent.add("reader")
    course.request(files=(course.attach("questionnaire", FILLED),), questionnaire={})
    course.go(minutes=1)
    course.request(files=(course.attach("contract", READABLE),), questionnaire={})
    assert len(course.questions) == 1
    course.answer_reader()
    course.run()
    assert course.letters == []
    assert [d.kind for d in course.questions[-1].documents] == ["contract"]
    course.answer_reader()
    course.run()
    assert course.letters == []
    assert (course.state.stage, course.state.transfer_at) == ("checking", at("2026-11-16 10:01"))


@pytest.mark.clause("handoff 2.1.4")
@pytest.mark.parametrize("newest_first", [False, True])
def test_of_two_emails_the_newest_word_stands_whichever_is_learnt_first(newest_first: bool) -> None:
    course = _paid()
    course.go(hours=1)
    older = (at("2026-11-16 10:05"), Found(fields={**QUESTIONNAIRE, "phone": "old", "employees": "1"}))
    newer = (at("2026-11-16 10:30"), Found(fields={k: v for k, v in {**QUESTIONNAIRE, "phone": "new"}.items() if k != "employees"}))
    for when, found in (newer, older) if newest_first else (older, newer):
        course.request(when, files=_both(course, found), questionnaire={}, message_id=f"<{when.minute}@partner>")
    assert course.state.request is not None
    assert course.state.request.questionnaire["phone"] == "new"
    assert course.state.request.questionnaire["employees"] == "1"
    assert course.state.request.message_id == "<30@partner>"


@pytest.mark.clause("handoff 3.3")
def test_what_a_message_says_itself_stands_over_its_own_file_and_yields_to_a_newer_one() -> None:
    course = _paid()
    files = (course.attach("questionnaire", Found(fields={"phone": "file 1", "name": "file 1"})), course.attach("contract", READABLE))
    course.request(files=files, questionnaire={"phone": "said"})
    assert course.state.request is not None
    assert course.state.request.questionnaire == {"phone": "said", "name": "file 1"}
    course.go(minutes=5)
    course.request(files=(course.attach("questionnaire", Found(fields={"phone": "file 2"})),), questionnaire={})
    assert course.state.request.questionnaire == {"phone": "file 2", "name": "file 1"}


@pytest.mark.clause("handoff 2.1.4")
def test_a_readable_file_is_undone_by_no_unreadable_one_beside_it() -> None:
    course = _paid()
    broken = course.attach("questionnaire", Found(problem="damaged"))
    course.request(files=(broken, *_both(course), broken), questionnaire={})
    assert course.state.stage == "checking"


@pytest.mark.clause("handoff 2.1.4")
def test_a_contract_that_was_read_is_in_word_format_whatever_its_name() -> None:
    course = _paid()
    course.request(files=(course.attach("questionnaire", FILLED), course.attach("contract", READABLE, "Договор")), questionnaire={})
    assert course.state.stage == "checking"


@pytest.mark.clause("handoff 2.1.4")
def test_only_what_the_request_must_bring_is_read() -> None:
    course = _paid(contract="offer")
    questionnaire, contract = _both(course)
    other = RequestFile(name="Прайс.pdf", kind="other", sha256="f" * 64)
    course.request(files=(other, contract, questionnaire), questionnaire={})
    assert [[d.kind for d in q.documents] for q in course.questions] == [["questionnaire"]]
    assert course.state.stage == "checking"


@pytest.mark.clause("handoff 2.1.4")
def test_files_without_a_kept_content_are_taken_at_their_word_and_never_read() -> None:
    course = _paid()
    course.request()
    assert course.questions == []
    assert course.state.stage == "checking"


@pytest.mark.clause("handoff 3.3")
def test_a_resubmission_counts_from_when_it_came() -> None:
    course = _paid()
    course.request(files=_both(course, Found(fields={"name": "ООО Ромашка"})), questionnaire={})
    course.go(hours=1)
    course.give_back("3.3")
    course.go(hours=1)
    course.silent.add("reader")
    course.request(files=(course.attach("questionnaire", FILLED),), questionnaire={})
    course.go(hours=3)
    assert course.state.stage == "returned"
    course.answer_reader()
    course.run()
    assert (course.state.stage, course.state.round, course.state.transfer_at) == ("checking", 2, at("2026-11-16 12:00"))
    assert missing_fields(course.state) == []


@pytest.mark.clause("handoff 3.3")
def test_a_resubmission_whose_file_cannot_be_read_is_asked_for_again_although_an_older_one_is_there() -> None:
    course = _paid()
    course.request(files=_both(course, Found(fields={"name": "ООО Ромашка"})), questionnaire={})
    course.give_back("3.3")
    course.go(hours=1)
    course.request(files=(course.attach("questionnaire", Found(problem="password")),), questionnaire={})
    assert course.state.stage == "returned"
    assert course.letters[-1].values["missing"] == ["анкета клиента: защищён паролем: пришлите без пароля"]
    assert course.newest("2.1.4").standing == "met"
    course.go(hours=1)
    course.request(files=(course.attach("questionnaire", FILLED),), questionnaire={})
    assert (course.state.stage, course.state.transfer_at) == ("checking", at("2026-11-16 12:00"))


@pytest.mark.clause("handoff 3.3")
def test_files_that_came_before_a_return_are_no_resubmission_when_they_are_read_after_it() -> None:
    course = _paid()
    course.request(files=_both(course, Found(fields={"name": "ООО Ромашка"})), questionnaire={})
    course.go(hours=1)
    course.silent.add("reader")
    course.request(files=(course.attach("questionnaire", FILLED),), questionnaire={})
    course.go(minutes=1)
    course.give_back("3.3")
    course.answer_reader()
    course.run()
    assert (course.state.stage, course.state.round) == ("returned", 1)
    assert course.templates() == ["returned"]
    course.go(minutes=1)
    course.request(files=(), questionnaire={})
    assert (course.state.stage, course.state.round) == ("checking", 2)
    assert missing_fields(course.state) == []


@pytest.mark.clause("handoff 3.3")
def test_a_file_that_came_before_a_return_undoes_nothing_when_it_cannot_be_read_after_it() -> None:
    course = _paid()
    course.request(files=_both(course), questionnaire={})
    course.go(hours=1)
    course.silent.add("reader")
    course.request(files=(course.attach("questionnaire", Found(problem="damaged")),), questionnaire={})
    course.go(minutes=1)
    course.give_back("3.4")
    course.answer_reader()
    course.run()
    course.go(minutes=1)
    course.request(files=(), questionnaire={})
    assert (course.state.stage, course.state.round) == ("checking", 2)


@pytest.mark.clause("handoff 2.1.4")
def test_no_transfer_happens_while_a_file_is_unread_though_everything_else_is_there() -> None:
    course = _paid()
    course.silent.add("reader")
    course.request(files=_both(course, Found(fields={**QUESTIONNAIRE, "phone": "from the first"})), questionnaire={})
    course.go(minutes=5)
    course.request()
    assert course.state.stage == "awaiting_transfer"
    course.answer_reader()
    course.run()
    assert (course.state.stage, course.state.transfer_at) == ("checking", at("2026-11-16 10:00"))
    assert course.state.request is not None
    assert course.state.request.questionnaire == QUESTIONNAIRE


@pytest.mark.clause("handoff 3.3")
def test_a_resubmission_in_time_is_not_refused_while_it_is_being_read() -> None:
    course = _paid()
    course.request(files=_both(course, Found(fields={"name": "ООО Ромашка"})), questionnaire={})
    course.give_back("3.3")
    course.go_to(at("2026-12-16 09:59"))
    course.silent.add("reader")
    course.request(files=(course.attach("questionnaire", FILLED),), questionnaire={})
    course.go(days=2)
    assert course.state.stage == "returned"
    course.answer_reader()
    course.run()
    assert (course.state.stage, course.state.transfer_at) == ("checking", at("2026-12-16 09:59"))


@pytest.mark.clause("handoff 2.1.4")
def test_a_file_that_came_after_the_term_does_not_hold_up_the_breach() -> None:
    course = _paid()
    course.silent.add("reader")
    course.go_to(at("2026-11-17 11:00"))
    course.request(files=(), questionnaire={})
    course.go_to(at("2026-11-17 12:01"))
    course.request(files=_both(course), questionnaire={})
    assert ("2.1.4", "recorded") in course.breaches()
    course.answer_reader()
    course.run()
    assert course.newest("2.1.4").standing == "met_late"


@pytest.mark.clause("handoff 2.1.4")
def test_an_unreadable_file_leaves_the_breach_at_its_due_instant() -> None:
    course = _paid()
    course.silent.add("reader")
    course.go_to(at("2026-11-17 11:59"))
    course.request(files=_both(course, Found(problem="damaged")), questionnaire={})
    course.go_to(at("2026-11-17 13:00"))
    assert ("2.1.4", "recorded") not in course.breaches()
    course.answer_reader()
    course.run()
    assert ("2.1.4", "recorded") in course.breaches()
    assert course.newest("2.1.4").breached_at == at("2026-11-17 12:00")


@pytest.mark.clause("handoff 2.1.4")
def test_a_reading_that_fails_for_good_is_told_to_a_person_and_the_case_goes_on() -> None:
    course = _paid()
    course.silent.add("reader")
    course.request(files=_both(course), questionnaire={})
    course.answer_reader(fails=True)
    course.run()
    assert course.incidents() == ["documents_unread"]
    assert ("", "cc_head") in course.notices("incident")
    assert "по нашей вине" in str(course.letters[-1].values["missing"])
    course.silent.discard("reader")
    course.request(files=_both(course), questionnaire={})
    assert course.state.stage == "checking"


@pytest.mark.clause("handoff 2.1.4")
def test_a_file_that_was_lost_is_asked_for_again_and_told_to_a_person() -> None:
    course = _paid()
    files = _both(course)
    course.found.clear()
    course.request(files=files, questionnaire={})
    assert course.incidents() == ["documents_lost"]
    assert "пришлите его ещё раз" in str(course.letters[-1].values["missing"])


def test_a_case_that_ends_meanwhile_waits_for_no_reading_and_ignores_its_outcome() -> None:
    course = _paid()
    course.silent.add("reader")
    course.request(files=_both(course), questionnaire={})
    course.say(Withdraw, reason="twice", by=CC_HEAD_PERSON)
    assert (course.state.outcome, course.state.ended, course.state.unread) == ("withdrawn", True, [])
    facts = len(course.state.facts)
    course.answer_reader()
    course.run()
    assert (course.state.outcome, len(course.state.facts)) == ("withdrawn", facts)
    assert "incomplete" not in course.templates()


def test_many_files_are_read_some_at_a_time_and_the_request_is_judged_at_the_end() -> None:
    course = _paid()
    broken = [course.attach("questionnaire", Found(problem="damaged")) for _ in range(2 * READ_AT_ONCE)]
    course.request(files=(*broken, *_both(course)), questionnaire={})
    assert [len(q.documents) for q in course.questions] == [READ_AT_ONCE, READ_AT_ONCE, 2]
    assert course.letters == []
    assert course.state.stage == "checking"


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["questionnaire", "contract", "both", "nothing", "return", "accept"]),
            st.sampled_from([FILLED, READABLE, Found(problem="damaged"), Found(fields={"phone": "1"})]),
            st.booleans(),
            st.integers(0, 300),
        ),
        max_size=8,
    )
)
def test_whatever_comes_in_whatever_order_the_case_is_at_rest_with_nothing_unread(steps: list[tuple[str, Found, bool, int]]) -> None:
    """No file is forgotten, none is judged twice, and a transfer never lies after the last message."""
    course = _paid()
    for what, found, at_once, minutes in steps:
        course.silent = set() if at_once else {"reader"}
        if at_once and course.state.reading:
            course.answer_reader()
            course.run()
        kinds = {"both": ("questionnaire", "contract"), "nothing": ()}.get(what, (what,))
        if what == "return" and course.state.stage == "checking":
            course.give_back("3.3")
        elif what == "accept" and course.state.stage == "checking":
            course.accept(despite="known from a call")
        elif what not in ("return", "accept") and course.state.stage != "accepted":
            course.request(files=tuple(course.attach(kind, found) for kind in kinds), questionnaire={})
        course.now += timedelta(minutes=minutes)
    course.silent.discard("reader")
    while course.state.reading:
        course.answer_reader()
        course.run()
    assert course.state.unread == []
    asked = [d.sha256 for q in course.questions for d in q.documents]
    assert sorted(asked) == sorted(course.found)
    assert course.state.transfer_at is None or course.state.transfer_at <= course.now
    if course.state.stage == "awaiting_transfer":
        assert "2.1.4" not in course.state.evidence
