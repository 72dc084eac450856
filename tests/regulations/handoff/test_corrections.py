"""A handoff that has ended, and a fact that is learnt afterwards: the rows of a real course, corrected."""

from __future__ import annotations

from datetime import timedelta

import pytest

from regulations.case import Refusal
from regulations.corrections import ToCorrect
from regulations.documents import DocumentsAnswer, Found
from regulations.handoff.corrections import (
    CLAUSES,
    Correction,
    learnt,
    read,
    to_read,
)
from regulations.handoff.facts import learn_crm
from regulations.messages import (
    Accepted,
    AccessGranted,
    Actor,
    ClosingDocumentsSigned,
    ContractSigned,
    EnteredIntoCrm,
    Extend,
    FirstContact,
    Message,
    Pause,
    PaymentReceived,
    RequestFile,
    RequestReceived,
    Resume,
    Returned,
    TrainingDone,
    Waive,
    Withdraw,
)
from regulations.rows import CorrectionRow, IncidentRow, NoticeRow, ObligationRow
from tests.regulations.course import at
from tests.regulations.handoff.corrected import (
    CONTACT_DUE,
    MONDAY,
    ONE,
    REQUEST_DUE,
    SECOND,
    fact,
    withdraw,
    without_contact,
    without_request,
)
from tests.regulations.handoff.course import CC_HEAD_PERSON, CC_PERSON, FILES, Course, sale

# --- what can be a fact at all ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        sale(MONDAY),
        fact(PaymentReceived, MONDAY),
        fact(Accepted, MONDAY, by=CC_PERSON),
        fact(Returned, MONDAY, by=CC_PERSON, reasons=[{"clause": "3.3"}]),
        *(
            kind.model_validate({"key": "k", "happened_at": MONDAY, "by": CC_HEAD_PERSON, "clause": "2.2.4", **more})
            for kind, more in (
                (Waive, {"reason": "because"}),
                (Extend, {"reason": "because", "new_due": MONDAY}),
                (Pause, {"reason": "because"}),
                (Resume, {}),
            )
        ),
        Withdraw(key="k", happened_at=MONDAY, by=CC_HEAD_PERSON, reason="because"),
    ],
    ids=lambda m: type(m).__name__,
)
def test_a_decision_comes_too_late(message: Message) -> None:
    with pytest.raises(Refusal) as refusal:
        learnt(message, MONDAY)
    assert refusal.value.type == "Ended"


@pytest.mark.parametrize(("ahead", "refused"), [(300, False), (301, True)])
def test_a_fact_from_the_future_is_refused(ahead: int, refused: bool) -> None:
    message = fact(FirstContact, MONDAY + timedelta(seconds=ahead))
    if not refused:
        assert learnt(message, MONDAY).happened_at == message.happened_at
        return
    with pytest.raises(Refusal) as refusal:
        learnt(message, MONDAY)
    assert refusal.value.type == "FromTheFuture"


def test_nothing_of_a_person_but_the_directory_id_goes_along() -> None:
    known = learnt(fact(RequestReceived, MONDAY, by=Actor(id="u3", role="support"), questionnaire={"phone": "+79990000000"}), MONDAY)
    assert known.by == "support:u3"
    assert "7999" not in known.model_dump_json()
    assert "Обучение" not in known.model_dump_json()


# --- each fact corrects its clause ------------------------------------------------------------------------------------


@pytest.mark.clause("handoff 2.2.4")
@pytest.mark.parametrize(
    ("seconds", "result", "state", "entries"),
    [
        (-1, "withdrawn", "met", ["recorded", "withdrawn"]),
        (0, "withdrawn", "met", ["recorded", "withdrawn"]),
        (1, "stands", "met_late", ["recorded", "met_late"]),
    ],
)
def test_a_first_contact_learnt_of_after_the_end(seconds: int, result: str, state: str, entries: list[str]) -> None:
    registers = without_contact()
    assert (registers.state("2.2.4/1"), registers.entries("2.2.4/1")) == ("waived", ["recorded"])
    correction = registers.correct(fact(FirstContact, CONTACT_DUE + timedelta(seconds=seconds)))
    assert correction.corrected.results == {"2.2.4": result}
    assert (registers.state("2.2.4/1"), registers.entries("2.2.4/1")) == (state, entries)
    [row] = registers.of(CorrectionRow)
    assert (row.key, row.clause, row.what, row.result, row.learnt_at) == (ONE, "2.2.4", "FirstContact", result, registers.now)
    assert row.note == f"2.2.4/1@{CONTACT_DUE.isoformat()}", "it names the breach that it is about"
    told = [(n.role, n.due, n.earliest) for n in registers.of(NoticeRow) if n.kind == "breach_withdrawn"]
    expected = [(role, CONTACT_DUE, registers.now) for role in ("cc", "cc_head")]
    assert told == (expected if result == "withdrawn" else [])
    assert correction.corrected.letter is None


@pytest.mark.clause("handoff 2.1.2")
@pytest.mark.clause("handoff 2.2.1")
@pytest.mark.clause("handoff 2.2.5")
@pytest.mark.clause("handoff 2.2.7")
@pytest.mark.clause("handoff 5.3 (2)")
@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (AccessGranted, "2.1.2"),
        (ContractSigned, "2.2.1/1"),
        (FirstContact, "2.2.4/1"),
        (EnteredIntoCrm, "2.2.5/1"),
        (ClosingDocumentsSigned, "2.2.7/1"),
        (TrainingDone, "5.3 (2)/1"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_every_fact_bears_on_its_clause(kind: type[Message], key: str, late: bool) -> None:
    """Of a case in which all was missed. The access is waived, so that the closing documents are owed without it."""
    course = Course(MONDAY)
    course.silent.add("crm")
    course.transferred()
    course.accept()
    course.go_to(at("2026-12-01 12:00"))
    course.say(Waive, clause="2.1.2", reason="клиент отказался", by=Actor(id="u5", role="senior_regional_manager"))
    course.go_to(at("2027-01-20 12:00"))
    course.silent.discard("crm")
    for record in course.records:
        learn_crm(course.state, record, None, course.now)
    registers = withdraw(course)
    [o] = [o for o in registers.of(ObligationRow) if o.key == key]
    assert (o.state, registers.entries(key)) == ("waived", ["recorded"])
    before = {k: registers.state(k) for k in (o.key for o in registers.of(ObligationRow)) if k != key}
    message = fact(kind, o.breached_at + SECOND if late else o.breached_at)
    correction = registers.correct(message)
    assert correction.corrected.results == {o.clause: "stands" if late else "withdrawn"}
    assert registers.state(key) == ("met_late" if late else "met")
    assert {k: registers.state(k) for k in before} == before, "no other duty is touched"
    assert registers.correct(message) == Correction([], correction.corrected), "the same answer, and nothing more is written"


@pytest.mark.clause("handoff 2.2.5")
@pytest.mark.parametrize(("kind", "second"), [(EnteredIntoCrm, "waived"), (FirstContact, "met")])
def test_one_contact_is_enough_for_every_round_but_each_needs_its_own_entry(kind: type[Message], second: str) -> None:
    course = Course(MONDAY)
    course.silent.add("crm")
    course.transferred()
    course.accept()
    course.go_to(at("2026-11-24 10:00"))
    course.give_back("3.1")
    course.go(hours=2)
    course.request()
    course.accept()
    course.go_to(at("2026-12-10 10:00"))
    course.silent.discard("crm")
    for record in course.records:
        learn_crm(course.state, record, None, course.now)
    registers = withdraw(course)
    clause = CLAUSES[kind.__name__][0]
    assert registers.entries(f"{clause}/1") == registers.entries(f"{clause}/2") == ["recorded"]
    registers.correct(fact(kind, MONDAY + timedelta(hours=3)))
    assert (registers.state(f"{clause}/1"), registers.state(f"{clause}/2")) == ("met", second)


@pytest.mark.clause("handoff 2.1.3")
@pytest.mark.clause("handoff 2.1.4")
@pytest.mark.parametrize(
    ("files", "contract", "met"),
    [
        (FILES, "written", True),
        (FILES, "offer", True),
        (FILES[:1], "written", False),
        (FILES[:1], "offer", False),  # before an acceptance nobody knows the form of the contract any more
        ((), "written", False),
        ((FILES[0], RequestFile(name="Договор.pdf", kind="contract")), "written", False),
        ((FILES[0].model_copy(update={"problem": "too_large"}), FILES[1]), "written", False),
    ],
)
def test_a_request_counts_with_its_attachments(files: tuple[RequestFile, ...], contract: str, met: bool) -> None:
    registers = without_request(contract)
    correction = registers.correct(fact(RequestReceived, REQUEST_DUE, files=files))
    assert correction.corrected.results == {"2.1.3": "withdrawn", "2.1.4": "withdrawn" if met else "recorded"}
    assert (registers.state("2.1.3"), registers.state("2.1.4")) == ("met", "met" if met else "waived")
    assert registers.entries("2.1.4") == (["recorded", "withdrawn"] if met else ["recorded"])
    first, second = registers.of(CorrectionRow)
    assert [first.key, second.key] == [ONE, f"{ONE} 2.1.4"]
    assert second.note.startswith("2.1.4@" if met else "incomplete: ")


@pytest.mark.clause("handoff 2.1.4")
@pytest.mark.parametrize("problem", [None, "password"])
def test_attachments_that_nobody_has_read_are_read_first(problem: str | None) -> None:
    registers = without_request()
    kept = tuple(f.model_copy(update={"sha256": digit * 64}) for f, digit in zip(FILES, "ab", strict=True))
    known = learnt(fact(RequestReceived, REQUEST_DUE, files=kept), registers.now)
    assert (known.files, [d.kind for d in known.unread]) == ((), ["questionnaire", "contract"])
    question = to_read(known, registers.opening)
    assert (question.documents, "inn" in question.fields) == (known.unread, True)
    answered = read(known, DocumentsAnswer(found=(Found(fields={"inn": "7707083893"}), Found(problem=problem))))
    correction = registers.correct_by(ToCorrect(address="handoff/D-1", fact=answered, ended_at=None, now=registers.now))
    assert correction.corrected.results["2.1.4"] == ("withdrawn" if problem is None else "recorded")
    assert read(known, None).files == (), "what could not be read proves nothing"


@pytest.mark.clause("handoff 2.1.3")
def test_the_partner_is_told_in_the_thread_of_the_letter_that_told_of_the_breach() -> None:
    registers = without_request()
    assert "breach" in registers.course.templates()
    correction = registers.correct(fact(RequestReceived, REQUEST_DUE))
    letter = correction.corrected.letter
    assert letter is not None
    assert (letter.template, letter.to) == ("handoff/breach_withdrawn", ("partner@example.org",))
    assert letter.thread is not None
    assert (letter.thread.message_id, "ООО Ромашка" in letter.thread.subject) == ("<b@company>", True)
    duties = letter.values["duties"]
    assert isinstance(duties, list)
    assert [(d["clause"], d["due"]) for d in duties if isinstance(d, dict)] == [
        ("2.1.3", "вт 17.11.2026 12:00 (+03:00)"),
        ("2.1.4", "вт 17.11.2026 12:00 (+03:00)"),
    ]
    assert [n.role for n in registers.of(NoticeRow) if n.kind == "breach_withdrawn"] == ["senior_regional_manager"] * 2
    assert correction.corrected.not_before >= registers.now
    refused = correction.corrected.if_unsent
    assert [type(row) for row in refused] == [IncidentRow, NoticeRow]
    assert min(row.seq for row in refused) > max(row.seq for row in registers.rows.values())


@pytest.mark.clause("handoff 2.1.3")
def test_a_partner_whom_no_letter_told_of_the_breach_gets_none_about_its_end() -> None:
    registers = without_request()
    other = "2026-11-17T09:00:01+00:00"  # a letter about another due instant
    told = registers.course.letters
    told[:] = [letter.model_copy(update={"key": letter.key.replace("2026-11-17T09:00:00+00:00", other)}) for letter in told]
    correction = registers.correct(fact(RequestReceived, REQUEST_DUE))
    assert (correction.corrected.letter, correction.corrected.if_unsent) == (None, ())
    assert [n.role for n in registers.of(NoticeRow) if n.kind == "breach_withdrawn"] == ["senior_regional_manager"] * 2


@pytest.mark.clause("handoff 5.3")
def test_a_letter_about_an_accepted_client_names_it() -> None:
    course = Course(MONDAY).paid()
    course.grant()
    course.look_up()
    course.go_to(at("2026-11-18 12:00"))
    course.request()
    course.accept()
    registers = withdraw(course)
    assert registers.state("2.1.3") == "met_late"
    letter = registers.correct(fact(RequestReceived, REQUEST_DUE)).corrected.letter
    assert letter is not None
    assert (letter.values["client"], letter.values["partner"], letter.values["deal"]) == ("ООО Ромашка", "ИП Петров", "D-1")
    assert (registers.state("2.1.3"), registers.entries("2.1.3")) == ("met", ["recorded", "met_late", "withdrawn"])


def test_a_role_without_an_address_is_an_incident() -> None:
    registers = without_contact()
    roles = {role: a for role, a in registers.opening.roles.items() if role != "cc"}
    registers.course.state.opening = registers.opening.model_copy(update={"roles": roles})
    registers.correct(fact(FirstContact, CONTACT_DUE))
    assert [n.role for n in registers.of(NoticeRow) if n.kind == "breach_withdrawn"] == ["cc_head"]
    [incident] = registers.of(IncidentRow)
    assert (incident.what, incident.text.startswith("cc:")) == ("role_without_address", True)
