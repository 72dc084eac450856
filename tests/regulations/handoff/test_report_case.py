"""4.4 second by second: when the report goes out, when it is a breach, who hears of it, what another run has done already."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from regulations.case import Refusal, Standing
from regulations.clocks import planned, terms_to_plan
from regulations.counting import count
from regulations.effects import LetterOutcome
from regulations.handoff import report_case
from regulations.handoff.report import month
from regulations.handoff.report_case import ReportRequest, ReportState, Stage, begun, decide, details, read_out, result
from regulations.handoff.report_effects import BuiltReport, ReportStanding, SentReport
from regulations.handoff.state import ROLES
from regulations.messages import CalendarChanged, TrainingDone
from regulations.plans import Address, Opening, PlanRequest
from regulations.record_batch import AnyRow
from regulations.rows import BreachRow, IncidentRow, NoticeRow, ObligationRow
from regulations.time.working_time import working_time
from tests.regulations.course import EDITIONS, at, local
from tests.regulations.handoff.course import CALENDAR

COMPANY = working_time(CALENDAR)
DECEMBER = "2026-12"
FIRST = at("2027-01-01 00:05")
HOUR, CLOSING = at("2027-01-11 10:00"), at("2027-01-11 18:00")


class Run:
    """A run of the report in memory, with a clock of its own."""

    def __init__(
        self,
        start: datetime = FIRST,
        *,
        of: str = DECEMBER,
        resend: bool = False,
        sent_at: datetime | None = None,
        recorded: str | None = None,
        seq: int = 0,
        roles: tuple[str, ...] = ROLES,
    ) -> None:
        self.now = start
        self.built = BuiltReport(name="Отчёт.xlsx", digest="d", clients=3, sent_at=sent_at)
        self.state = begun(ReportRequest(month=of, resend=resend), "report/handoff/x", "forced-key")
        built = self.built if sent_at else None
        report_case.prepare(self.state, ReportStanding(month=month(of, COMPANY), built=built, recorded=recorded, seq=seq))
        edition, language = EDITIONS.in_force("handoff", start)
        addresses = {role: Address(email=f"{role}@example.org") for role in roles}
        self.opening = Opening(
            edition=edition, company="Моё дело", language=language, calendar="company", zone="Europe/Moscow", roles=addresses
        )
        self.works: str | None = "sent"
        """What becomes of a sending: ``sent``; the type of a failure; None: it is still trying."""
        self.attempts: list[datetime] = []
        self.letters: list[tuple[str, datetime]] = []
        self.rows: list[AnyRow] = []
        self.wake_at: datetime | None = None
        self.step()

    def step(self) -> None:
        """Counts, decides and sends until nothing is left to do now."""
        for _ in range(20):
            self.state.opening = self.opening
            while items := tuple(terms_to_plan(self.state, self.now)):
                answer = count(COMPANY, PlanRequest(calendar="company", warn_fraction=0.75, terms=items))
                for term in answer.terms:
                    planned(self.state, term, self.now)
            before = self.state.model_dump_json()
            decision = decide(self.state, self.now)
            assert self.state.model_dump_json() == before, "deciding changed the state that it was given"
            assert decide(ReportState.model_validate_json(before), self.now) == decision, "the state does not survive being written down"
            self.state, self.wake_at = decision.state, decision.wake_at
            self.rows += self.state.rows
            self.state.rows = []
            if decision.send:
                self.try_to_send()
            elif not any(True for _ in terms_to_plan(self.state, self.now)):
                return
        raise AssertionError("the run does not come to rest")

    def try_to_send(self) -> None:
        """What the activities answer to an attempt."""
        self.attempts.append(self.now)
        if self.works is None:
            return
        if self.works != "sent":
            report_case.learn_failure(self.state, self.works, self.now)
            return
        key = self.state.letter_key
        self.letters.append((key, self.now))
        letter = LetterOutcome(result="sent", message_id="<m@x>", subject="Отчёт")
        report_case.learn_sent(self.state, self.built, SentReport(letter=letter, missing=()), key, self.now)

    def go_to(self, moment: datetime) -> None:
        """Moves the clock, stopping where the run wakes by itself."""
        while self.wake_at is not None and self.wake_at <= moment:
            self.now = self.wake_at
            self.step()
        self.now = moment
        self.step()

    def breaches(self) -> list[tuple[str, datetime]]:
        return [(r.entry.value, r.at) for r in self.rows if isinstance(r, BreachRow)]

    def notices(self, kind: str) -> list[str]:
        return [r.role for r in self.rows if isinstance(r, NoticeRow) and r.kind == kind]

    def states(self) -> list[str]:
        return [r.state for r in self.rows if isinstance(r, ObligationRow)]


# --- the hour and the term ---


@pytest.mark.clause("handoff 4.4")
@pytest.mark.parametrize(
    ("of", "hour"),
    [
        ("2026-12", "2027-01-11 10:00"),  # 1 to 10 January 2027 are days off
        ("2026-10", "2026-11-02 10:00"),  # 1 November is a Sunday
        ("2026-11", "2026-12-01 10:00"),
        ("2027-01", "2027-02-01 10:00"),
        ("2026-04", "2026-05-04 10:00"),
    ],
)
def test_it_goes_out_at_ten_on_the_first_working_day_of_the_next_month(of: str, hour: str) -> None:
    run = Run(month(of, COMPANY).ends + timedelta(minutes=5), of=of)
    run.go_to(at(hour) - timedelta(seconds=1))
    assert run.letters == []
    run.go_to(at(hour))
    assert [local(moment) for _, moment in run.letters] == [hour]
    assert run.state.ended
    assert (result(run.state).outcome, run.breaches(), run.states()[-1]) == ("sent", [], "met")


@pytest.mark.clause("handoff 4.4")
def test_the_term_is_the_close_of_business_of_that_day_owed_by_support_under_the_head_of_the_contact_centre() -> None:
    run = Run()
    [duty] = run.state.obligations
    assert (duty.clause, duty.owner, duty.escalation, duty.due) == ("4.4", "support", "cc_head", CLOSING)
    assert duty.started_at == at("2027-01-01 00:00")
    assert run.state.uid == "report-handoff-2026-12"


@pytest.mark.clause("handoff 4.4")
@pytest.mark.parametrize(("late", "state"), [(-1, "met"), (0, "met"), (1, "met_late")])
def test_mail_that_comes_back_around_the_closing(late: int, state: str) -> None:
    run = Run()
    run.works = None
    run.go_to(CLOSING + timedelta(seconds=min(late, 0) - 1))
    assert run.breaches() == []
    assert run.notices("warning") == ["support"]
    run.go_to(CLOSING + timedelta(seconds=late)) if late > 0 else setattr(run, "now", CLOSING + timedelta(seconds=late))
    run.works = "sent"
    run.try_to_send()
    run.step()
    assert (run.states()[-1], run.state.ended) == (state, True)
    expected = [("recorded", CLOSING), ("met_late", CLOSING + timedelta(seconds=late))] if late > 0 else []
    assert run.breaches() == expected
    assert run.notices("breach") == (["cc_head", "support"] if late > 0 else [])


@pytest.mark.clause("handoff 4.4")
def test_mail_away_for_days_is_a_breach_at_the_due_instant_told_once() -> None:
    run = Run()
    run.works = None
    run.go_to(at("2027-01-14 12:00"))
    [breach] = [r for r in run.rows if isinstance(r, BreachRow)]
    assert (breach.due, breach.at, breach.owner) == (CLOSING, CLOSING, "support")
    told = [r for r in run.rows if isinstance(r, NoticeRow) and r.kind == "breach"]
    assert [(r.role, r.earliest, r.due) for r in told] == [("cc_head", CLOSING, CLOSING), ("support", CLOSING, CLOSING)]
    assert "декабрь 2026" in told[0].text
    run.works = "sent"
    run.try_to_send()
    run.step()
    assert run.breaches()[-1] == ("met_late", at("2027-01-14 12:00"))
    assert (run.states()[-1], run.state.ended, len(run.letters)) == ("met_late", True, 1)


# --- refused for good ---


@pytest.mark.clause("handoff 4.4")
def test_a_refused_report_is_told_once_and_tried_every_working_hour_until_somebody_has_mended_the_cause() -> None:
    run = Run()
    run.works = "Refused"
    run.go_to(at("2027-01-12 09:30"))
    assert [local(moment)[-5:] for moment in run.attempts] == [f"{hour}:00" for hour in range(10, 19)]
    [incident] = [r for r in run.rows if isinstance(r, IncidentRow)]
    assert (incident.what, "почта получателей" in incident.text) == ("report_failed", True)
    assert run.notices("incident") == ["cc_head", "support"]
    assert run.breaches() == [("recorded", CLOSING)]
    run.works = "sent"
    run.go_to(at("2027-01-12 10:00"))
    assert (run.states()[-1], len(run.letters), run.state.ended) == ("met_late", 1, True)


def test_another_cause_is_told_by_itself() -> None:
    run = Run()
    run.works = "Refused"
    run.go_to(HOUR)
    run.works = "Misconfigured"
    run.go_to(HOUR + timedelta(hours=2))
    assert len({r.key for r in run.rows if isinstance(r, IncidentRow)}) == 2


def test_roles_without_an_address_are_incidents_and_no_silence() -> None:
    run = Run(roles=("regional_directorate", "finance"))
    run.works = None
    run.go_to(CLOSING)
    assert {r.key for r in run.rows if isinstance(r, IncidentRow)} == {"no-address#support", "no-address#cc_head"}


def test_what_is_doubtful_about_the_letter_is_an_incident() -> None:
    run = Run()
    run.works = None
    run.go_to(HOUR)
    letter = LetterOutcome(result="sent", message_id="<m@x>", subject="Отчёт", refused=1)
    report_case.learn_sent(run.state, run.built, SentReport(letter=letter, missing=("finance",)), "k", run.now)
    run.step()
    assert {r.what for r in run.rows if isinstance(r, IncidentRow)} == {"letter_doubtful", "role_without_address"}
    assert run.states()[-1] == "met"


# --- other runs of the same month ---


@pytest.mark.clause("handoff 4.4")
@pytest.mark.parametrize("recorded", ["met", "met_late", "waived"])
def test_a_month_that_has_been_sent_ends_at_once_and_records_nothing(recorded: str) -> None:
    run = Run(at("2027-01-20 12:00"), sent_at=HOUR, recorded=recorded, seq=7)
    assert (run.state.ended, run.letters, run.rows) == (True, [], [])
    ended = result(run.state)
    assert (ended.outcome, ended.sent_at, ended.name) == ("already_sent", HOUR, "Отчёт.xlsx")


@pytest.mark.clause("handoff 4.4")
def test_a_month_sent_by_a_run_that_could_not_record_it_is_met_by_that_sending() -> None:
    run = Run(at("2027-01-20 12:00"), sent_at=HOUR, recorded="open", seq=2)
    assert (run.state.ended, run.letters, run.breaches()) == (True, [], [])
    rows = [r for r in run.rows if isinstance(r, ObligationRow)]
    assert (rows[-1].state, rows[-1].met_at, rows[-1].seq > 2) == ("met", HOUR, True)


@pytest.mark.clause("handoff 4.4")
def test_forced_it_goes_out_at_once_under_a_key_of_its_own_and_the_term_stays_as_it_was() -> None:
    run = Run(at("2027-01-20 12:00"), resend=True, sent_at=HOUR, recorded="met", seq=7)
    assert run.letters == [("report-handoff-2026-12#4.4#forced-key", at("2027-01-20 12:00"))]
    assert (run.state.ended, run.rows) == (True, [])
    assert (result(run.state).outcome, result(run.state).sent_at) == ("sent", HOUR)


@pytest.mark.clause("handoff 4.4")
def test_forced_before_its_hour_it_meets_the_term() -> None:
    run = Run(at("2027-01-02 12:00"), resend=True)
    assert (len(run.letters), run.states()[-1], run.state.ended) == (1, "met", True)


@pytest.mark.clause("handoff 4.4")
def test_a_run_by_hand_after_the_hour_does_not_wait_and_after_the_term_is_a_breach() -> None:
    early = Run(at("2027-01-11 15:00"))
    assert (len(early.letters), early.breaches(), early.notices("warning")) == (1, [], [])
    late = Run(at("2027-01-20 12:00"))
    assert [key for key, _ in late.letters] == ["report-handoff-2026-12#4.4#report"]
    assert late.breaches() == [("recorded", CLOSING), ("met_late", at("2027-01-20 12:00"))]
    assert late.notices("breach") == ["cc_head", "support"]


@pytest.mark.clause("handoff 4.4")
def test_a_run_after_one_that_was_ended_while_overdue_meets_the_term_late_over_the_older_row() -> None:
    run = Run(at("2027-01-20 12:00"), recorded="overdue", seq=9)
    rows = [r for r in run.rows if isinstance(r, ObligationRow)]
    assert (rows[-1].state, min(r.seq for r in rows)) == ("met_late", 10)


@pytest.mark.clause("handoff 4.4")
@pytest.mark.parametrize(("sent", "entries"), [(HOUR, ["recorded", "withdrawn"]), (CLOSING + timedelta(hours=1), ["recorded", "met_late"])])
def test_what_another_run_has_sent_meanwhile_counts_from_its_sending(sent: datetime, entries: list[str]) -> None:
    run = Run()
    run.works = None
    run.go_to(at("2027-01-12 12:00"))
    report_case.learn_already_sent(run.state, run.built.model_copy(update={"sent_at": sent}), sent)
    run.step()
    assert [entry for entry, _ in run.breaches()] == entries
    assert (result(run.state).outcome, run.letters) == ("already_sent", [])
    assert run.notices("breach_withdrawn") == (["cc_head", "support"] if "withdrawn" in entries else [])


# --- messages ---


def _changed(moment: datetime, **fields: Any) -> CalendarChanged:
    given = {"key": "c1", "happened_at": moment, "calendar": "company", "version": "next", "changed": [at("2027-01-11 12:00").date()]}
    return CalendarChanged.model_validate({**given, **fields})


@pytest.mark.clause("handoff 4.4")
def test_a_changed_calendar_has_hour_and_term_counted_anew() -> None:
    run = Run()
    report_case.apply(run.state, _changed(run.now), run.now)
    assert {item.key for item in terms_to_plan(run.state, run.now)} == {"4.4", "send"}
    run.step()
    assert run.state.obligations[0].standing is Standing.OPEN
    with pytest.raises(Refusal) as again:
        report_case.apply(run.state, _changed(run.now), run.now)
    assert again.value.type == "Repeated"


def test_no_other_message_is_taken() -> None:
    run = Run()
    with pytest.raises(Refusal) as refused:
        report_case.apply(run.state, TrainingDone(key="k", happened_at=run.now, deal="D-1"), run.now)
    assert refused.value.type == "UnknownMessage"


# --- for people ---


def test_the_run_reads_in_russian_and_names_its_hour() -> None:
    run = Run()
    shown = details(run.state)
    for words in ("Отчёт по принятым клиентам за декабрь 2026", "ждёт отправки: пн 11.01.2027 10:00", "служба сопровождения", "открыто"):
        assert words in shown
    assert run.state.stage == Stage.WAITING
    read = read_out(run.state)
    assert [(o.clause, o.state) for o in read.obligations] == [("handoff 4.4", "open")]
    assert read.next_due == CLOSING
    run.go_to(HOUR)
    assert "4.4 Отчёт отправлен: Отчёт.xlsx" in details(run.state)
    assert read_out(run.state).stage_text == "отправлен"
