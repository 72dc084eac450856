"""A handoff that has ended, and a fact that is learnt afterwards: the rows of a real course, corrected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulations.case import Refusal
from regulations.corrections import ToCorrect
from regulations.counting import count
from regulations.documents import DocumentsAnswer, Found
from regulations.handoff.corrections import (
    CLAUSES,
    Correction,
    LetterOfBreach,
    Registered,
    correct,
    learnt,
    read,
    terms_to_plan,
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
from regulations.plans import Opening, PlanRequest
from regulations.rows import AcceptedClientRow, AnyRow, BreachEntry, BreachRow, CorrectionRow, IncidentRow, NoticeRow, ObligationRow
from tests.regulations.handoff.course import CC_HEAD_PERSON, CC_PERSON, FILES, Course, at, sale

MONDAY = at("2026-11-16 10:00")
CONTACT_DUE = at("2026-11-18 16:00")
"""24 working hours after Monday 10:00."""
REQUEST_DUE = at("2026-11-17 12:00")
SECOND = timedelta(seconds=1)
ONE = "fact-1"


class Registers:
    """What the registers hold of one course, and of the corrections since."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.now = course.now + timedelta(days=5)
        self.rows: dict[tuple[Any, ...], AnyRow] = {}
        self.take(course.rows)

    def take(self, rows: Sequence[AnyRow]) -> None:
        for row in rows:
            match row:
                case ObligationRow():
                    key: tuple[Any, ...] = ("obligation", row.key)
                case AcceptedClientRow():
                    key = ("client", row.round, row.entry)
                case BreachRow():
                    key = ("breach", row.key, row.due, row.entry)
                case NoticeRow():
                    key = ("notice", row.key, row.kind, row.due, row.recipient)
                case _:
                    key = (row.table, getattr(row, "key", row.seq))
            upserted = isinstance(row, ObligationRow | AcceptedClientRow)
            if key not in self.rows or (upserted and self.rows[key].seq < row.seq):
                self.rows[key] = row

    def of(self, kind: type[Any]) -> list[Any]:
        return sorted((r for r in self.rows.values() if isinstance(r, kind)), key=lambda r: r.seq)

    @property
    def opening(self) -> Opening:
        assert self.course.state.opening is not None
        return self.course.state.opening

    def registered(self) -> Registered:
        letters = [
            LetterOfBreach(key=sent.key, message_id="<b@company>", subject="Срок пропущен: ООО Ромашка (сделка D-1)", recipients=sent.to)
            for sent in self.course.letters
            if sent.template == "handoff/breach"
        ]
        return Registered(
            case_uid="uid",
            edition=self.opening.edition.id,
            decided_at=self.course.now,
            highest_seq=max(row.seq for row in self.rows.values()),
            obligations=self.of(ObligationRow),
            breaches=self.of(BreachRow),
            clients=self.of(AcceptedClientRow),
            corrections=self.of(CorrectionRow),
            letters=letters,
        )

    def correct(self, message: Message) -> Correction:
        return self.correct_by(ToCorrect(address="handoff/D-1", fact=learnt(message, self.now), ended_at=None, now=self.now))

    def correct_by(self, news: ToCorrect) -> Correction:
        registered = self.registered()
        request = PlanRequest(calendar="company", warn_fraction=0.75, terms=terms_to_plan(registered, self.now))
        correction = correct(registered, news, self.opening, count(self.course.calendar, request))
        assert all(row.seq > registered.highest_seq for row in correction.rows)
        self.take(correction.rows)
        return correction

    def state(self, key: str) -> str:
        [row] = [o for o in self.of(ObligationRow) if o.key == key]
        return str(row.state)

    def entries(self, key: str) -> list[str]:
        return [b.entry.value for b in self.of(BreachRow) if b.key == key]


def fact(kind: type[Message], happened: datetime, key: str = ONE, **fields: Any) -> Any:
    of_kind: dict[type[Message], dict[str, Any]] = {
        AccessGranted: {"reference": "acc-9", "tariff": "bureau-12"},
        EnteredIntoCrm: {"record": "z9"},
        RequestReceived: {"subject": "Обучение клиента от ИП Петров", "files": FILES},
    }
    return kind.model_validate({"key": key, "happened_at": happened, "deal": "D-1", **of_kind.get(kind, {}), **fields})


def withdraw(course: Course) -> Registers:
    course.say(Withdraw, reason="клиент передумал", by=CC_HEAD_PERSON)
    course.run()
    course.go(days=3)
    assert course.state.ended
    return Registers(course)


def without_contact() -> Registers:
    """The first contact was missed, told, and the case withdrawn."""
    course = Course(MONDAY).transferred()
    course.go_to(at("2026-11-19 12:00"))
    return withdraw(course)


def without_request(contract: str = "written") -> Registers:
    """The request never came, its breach was told, and the case withdrawn."""
    course = Course(MONDAY).paid(contract=contract)
    course.grant()
    course.look_up()
    course.go_to(at("2026-11-18 12:00"))
    return withdraw(course)


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
    course.crm_answers = False
    course.transferred()
    course.accept()
    course.go_to(at("2026-12-01 12:00"))
    course.say(Waive, clause="2.1.2", reason="клиент отказался", by=Actor(id="u5", role="senior_regional_manager"))
    course.go_to(at("2027-01-20 12:00"))
    course.crm_answers = True
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
    course.crm_answers = False
    course.transferred()
    course.accept()
    course.go_to(at("2026-11-24 10:00"))
    course.give_back("3.1")
    course.go(hours=2)
    course.request()
    course.accept()
    course.go_to(at("2026-12-10 10:00"))
    course.crm_answers = True
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


# --- nothing to correct ------------------------------------------------------------------------------------------------


def test_a_fact_about_a_duty_that_was_met_is_written_down_only() -> None:
    course = Course(MONDAY).transferred()
    course.say(FirstContact)
    registers = withdraw(course)
    rows = registers.correct(fact(FirstContact, MONDAY + timedelta(days=6))).rows
    assert [type(row) for row in rows] == [CorrectionRow]
    assert registers.state("2.2.4/1") == "met"


def test_a_duty_let_go_in_time_stays_let_go() -> None:
    registers = withdraw(Course(MONDAY).transferred())
    rows = registers.correct(fact(FirstContact, MONDAY + timedelta(hours=2))).rows
    assert [type(row) for row in rows] == [CorrectionRow]
    assert registers.state("2.2.4/1") == "waived"


def test_a_duty_that_the_case_never_had() -> None:
    registers = without_request()
    correction = registers.correct(fact(ContractSigned, MONDAY))
    assert (correction.corrected.results, len(correction.rows)) == ({"2.2.1": "recorded"}, 1)


@pytest.mark.parametrize(("before", "result"), [(86400, "withdrawn"), (86401, "recorded")])
def test_a_date_before_the_sale_by_more_than_a_day_corrects_nothing(before: int, result: str) -> None:
    registers = without_contact()
    correction = registers.correct(fact(FirstContact, MONDAY - timedelta(seconds=before)))
    assert correction.corrected.results == {"2.2.4": result}
    assert registers.state("2.2.4/1") == ("met" if result == "withdrawn" else "waived")
    whats = [r.what for r in registers.of(IncidentRow)]
    told = [n.role for n in registers.of(NoticeRow) if n.kind == "incident"]
    assert (whats, told) == (([], []) if result == "withdrawn" else (["fact_before_sale"], ["cc_head"]))


# --- the register of accepted clients -----------------------------------------------------------------------------------


def _done() -> Course:
    """A handoff accepted and done, without access."""
    course = Course(MONDAY).transferred()
    course.accept()
    course.go(hours=1)
    course.say(Waive, clause="2.1.2", reason="клиент отказался", by=Actor(id="u5", role="senior_regional_manager"))
    for kind in (FirstContact, ContractSigned, TrainingDone, ClosingDocumentsSigned):
        course.say(kind)
    course.run()
    assert course.state.outcome == "done"
    return course


@pytest.mark.clause("handoff 4.2")
def test_an_access_learnt_of_after_the_end_stands_in_the_register() -> None:
    registers = Registers(_done())
    granted = at("2026-11-20 09:00")
    registers.correct(fact(AccessGranted, granted, starts_on="2026-12-01"))
    [client] = registers.of(AcceptedClientRow)
    assert (client.access_granted_at, client.tariff, str(client.tariff_starts_on)) == (granted, "bureau-12", "2026-12-01")
    earlier = registers.correct(fact(AccessGranted, granted - timedelta(days=1), key="fact-2"))
    assert any(isinstance(row, AcceptedClientRow) for row in earlier.rows)
    later = registers.correct(fact(AccessGranted, granted, key="fact-3"))
    assert not any(isinstance(row, AcceptedClientRow) for row in later.rows), "the earliest grant stands"
    assert registers.of(AcceptedClientRow)[0].access_granted_at == granted - timedelta(days=1)


@pytest.mark.clause("handoff 4.4")
def test_an_earlier_first_contact_stands_in_the_register() -> None:
    registers = Registers(_done())
    registers.correct(fact(FirstContact, MONDAY + timedelta(minutes=5)))
    assert registers.of(AcceptedClientRow)[0].first_contact_at == MONDAY + timedelta(minutes=5)
    registers.correct(fact(FirstContact, MONDAY + timedelta(minutes=50), key="fact-2"))
    assert registers.of(AcceptedClientRow)[0].first_contact_at == MONDAY + timedelta(minutes=5)


def test_a_reversed_acceptance_is_not_touched() -> None:
    course = Course(MONDAY).transferred()
    course.accept()
    registers = withdraw(course)
    rows = registers.correct(fact(AccessGranted, MONDAY + timedelta(hours=1))).rows
    assert not any(isinstance(row, AcceptedClientRow) for row in rows)


# --- twice, in any order, and as if it had been known -------------------------------------------------------------------


@pytest.mark.parametrize("message", [fact(FirstContact, CONTACT_DUE), fact(FirstContact, CONTACT_DUE + SECOND)])
def test_a_repeat_gives_the_same_answer_and_changes_nothing(message: Message) -> None:
    registers = without_contact()
    first = registers.correct(message).corrected
    again = registers.correct(message)
    assert (again.rows, again.corrected) == ([], first)


def test_a_repeat_gives_the_same_letter() -> None:
    registers = without_request()
    first = registers.correct(fact(RequestReceived, REQUEST_DUE)).corrected
    again = registers.correct(fact(RequestReceived, REQUEST_DUE))
    assert (again.rows, again.corrected.letter) == ([], first.letter)


@given(
    facts=st.lists(
        st.tuples(st.sampled_from([FirstContact, RequestReceived, AccessGranted, TrainingDone]), st.integers(-86400, 6 * 86400)),
        min_size=2,
        max_size=4,
    ).flatmap(lambda facts: st.tuples(st.just(list(enumerate(facts))), st.permutations(list(enumerate(facts)))))
)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_facts_in_any_order_give_the_same_end(facts: Any) -> None:
    ends = []
    for order in facts:
        registers = Registers(_MISSED)
        for number, (kind, seconds) in order:
            registers.correct(fact(kind, MONDAY + timedelta(seconds=seconds), key=f"fact-{number}"))
        ends.append(
            (
                {o.key: (o.state, o.met_at) for o in registers.of(ObligationRow)},
                {b.key for b in registers.of(BreachRow) if b.entry is BreachEntry.WITHDRAWN},
                {c.key: c.what for c in registers.of(CorrectionRow)},
            )
        )
    assert ends[0] == ends[1]


def _missed() -> Course:
    course = Course(MONDAY).paid()
    course.go_to(at("2026-11-18 09:00"))
    course.request()
    course.go_to(at("2026-12-10 09:00"))
    return withdraw(course).course


_MISSED = _missed()


@pytest.mark.clause("handoff 2.2.4")
@pytest.mark.parametrize("play", ["one round", "two rounds"])
@pytest.mark.parametrize("happened", ["2026-11-16 11:00", "2026-11-18 16:00", "2026-11-25 10:00", "2026-11-30 12:00"])
def test_it_comes_out_as_if_it_had_been_known_before_the_end(play: str, happened: str) -> None:
    """What stands against a duty does not hang on whether its fact came before the end of the case or after it."""

    def run(course: Course) -> Course:
        course.go_to(at("2026-11-19 12:00"))
        if play == "two rounds":
            course.give_back()
            course.go_to(at("2026-11-23 10:00"))
            course.request()
        course.go_to(at("2026-12-07 10:00"))
        return course

    def standing(registers: Registers) -> dict[str, bool]:
        entries: Callable[[str], list[str]] = registers.entries
        return {o.key: "withdrawn" not in entries(o.key) for o in registers.of(ObligationRow) if entries(o.key) and o.clause == "2.2.4"}

    told = run(Course(MONDAY).transferred())
    told.say(FirstContact, at(happened))
    known = withdraw(told)
    learnt_late = withdraw(run(Course(MONDAY).transferred()))
    learnt_late.correct(fact(FirstContact, at(happened)))
    last = "2.2.4/2" if play == "two rounds" else "2.2.4/1"
    assert learnt_late.state(last) == known.state(last)
    assert standing(learnt_late)[last] == standing(known)[last]


def test_every_fact_has_its_words() -> None:
    from regulations.catalogue import text

    for what in CLAUSES:
        assert text("ru", "handoff", "fact", what) != what
