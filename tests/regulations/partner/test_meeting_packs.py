"""A manager's meetings (partner 8.1): when the pack is due, when it goes, what meets the duty, and who is reminded of what."""

from __future__ import annotations

import pytest

from regulations.effects import LetterOutcome
from regulations.partner.meeting_messages import ExtendOfMeetings, PauseOfMeetings, ResumeOfMeetings, WaiveOfMeetings
from tests.regulations.course import at, local
from tests.regulations.partner.intakes import HEAD_OF_SUPPORT, SUPPORT
from tests.regulations.partner.meetings_course import FILE, Meetings, minutes, scheduled

FIRST, SECOND, THIRD = "2026-11-23", "2026-11-30", "2026-12-07"
DUE = "2026-11-23 11:00"


@pytest.mark.clause("partner 8.1")
def test_the_pack_goes_five_minutes_before_it_is_due_and_meets_the_duty() -> None:
    case = scheduled()
    assert case.known() == {FIRST: "2026-11-23 12:00"}
    assert local(case.duty(FIRST).due) == DUE
    assert (case.duty(FIRST).owner, case.duty(FIRST).escalation) == ("support_manager:u12", "head_of_support")
    case.go_to("2026-11-23 10:54:59")
    assert case.letters == []
    case.go_to("2026-11-23 10:55")
    assert case.sent() == [("2026-11-23 10:55", "pack", 2), ("2026-11-23 10:55", "pack", 1)]
    bosses, copy = (letter for letter in case.letters)
    assert bosses.to == ("head_of_support@company.example", "director_for_partners@company.example")
    assert copy.to == ("support_manager-u12@company.example",)
    assert bosses.files == copy.files == (FILE,)
    assert case.standings()[FIRST] == "met"
    assert case.breaches() == []


@pytest.mark.clause("partner 8.1")
@pytest.mark.parametrize(
    ("hour", "due", "sent"),
    [
        ("11:00", "2026-11-23 10:00", "2026-11-23 09:55"),
        ("10:59", "2026-11-20 18:59", "2026-11-20 18:54"),
        ("10:00", "2026-11-20 18:00", "2026-11-20 17:55"),
        ("08:00", "2026-11-20 18:00", "2026-11-20 17:55"),
        ("20:00", "2026-11-23 18:00", "2026-11-23 17:55"),
    ],
)
def test_the_hour_before_is_one_of_working_time(hour: str, due: str, sent: str) -> None:
    case = scheduled(hour=hour)
    assert case.duty(FIRST).due == at(due)
    assert case.go_to("2026-11-23 21:00").packs_sent() == [sent]
    assert case.breaches() == []


@pytest.mark.clause("partner 8.1")
@pytest.mark.parametrize(("seconds", "standing"), [(-1, "met"), (0, "met"), (1, "met_late")])
def test_what_counts_is_when_the_letter_has_gone_out(seconds: int, standing: str) -> None:
    case = scheduled()
    case.silent.add("post")
    case.go_to("2026-11-23 10:58")
    case.now = minutes(DUE, 0, seconds)
    case.back("post")
    assert case.standings()[FIRST] == standing
    assert [entry for _, entry in case.breaches()] == (["recorded", "met_late"] if standing == "met_late" else [])


@pytest.mark.clause("partner 8.1")
def test_a_mail_server_that_is_away_makes_a_breach_and_both_are_told() -> None:
    case = scheduled()
    case.silent.add("post")
    case.go_to("2026-11-23 12:30")
    assert case.standings()[FIRST] == "overdue"
    assert case.notices("breach") == [("8.1", "head_of_support"), ("8.1", "support_manager:u12")]
    assert len(case.packs_sent()) == 1, "the letter is with the post: it is not handed over again"
    case.back("post")
    assert case.standings()[FIRST] == "met_late"
    assert list(case.known()) == [SECOND]


@pytest.mark.clause("partner 8.1")
@pytest.mark.parametrize("outcome", [None, LetterOutcome(result="sent", message_id="<m@x>", subject="s", refused=1)])
def test_a_pack_that_did_not_reach_everybody_meets_nothing(outcome: LetterOutcome | None) -> None:
    case = scheduled()
    case.post = outcome
    case.go_to("2026-11-23 11:30")
    assert case.standings()[FIRST] == "overdue"
    assert case.incidents()[:1] == ["letter_refused" if outcome is None else "letter_doubtful"]
    case.go_to("2026-11-23 12:00")
    assert case.standings()[FIRST] == "waived", "the meeting has been; its breach stands"
    assert case.state.counts().breaches == 1


@pytest.mark.clause("partner 8.1")
def test_a_role_without_an_address_is_an_incident_and_the_other_gets_the_pack() -> None:
    case = Meetings()
    case.roles.discard("director_for_partners")
    case.schedule().go_to(DUE)
    assert [len(letter.to) for letter in case.letters] == [1, 1]
    assert case.incidents() == ["role_without_address"]
    assert case.standings()[FIRST] == "met"


# --- workers away -----------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 8.1")
def test_workers_that_were_away_at_the_hour_send_the_pack_when_they_are_back() -> None:
    case = scheduled().asleep_until("2026-11-23 11:40")
    assert case.packs_sent() == ["2026-11-23 11:40"]
    assert case.standings()[FIRST] == "met_late"
    assert case.breaches() == [("8.1", "recorded"), ("8.1", "met_late")]


@pytest.mark.clause("partner 8.1")
def test_after_the_meeting_no_pack_is_sent_and_every_meeting_missed_is_a_breach() -> None:
    case = scheduled().asleep_until("2026-12-03 15:00")
    assert case.letters == []
    assert case.standings() == {FIRST: "waived", SECOND: "waived", THIRD: "open"}
    assert case.breaches() == [("8.1", "recorded")] * 2
    assert case.known() == {THIRD: "2026-12-07 12:00"}
    assert case.go_to("2026-12-07 12:00").packs_sent() == ["2026-12-07 10:55"]


@pytest.mark.clause("partner 8.1")
def test_a_pack_that_is_built_after_its_meeting_began_is_not_sent() -> None:
    case = scheduled()
    case.silent.add("pack")
    case.go_to("2026-11-23 12:05").back("pack")
    assert case.letters == []
    assert case.standings()[FIRST] == "waived"
    assert case.breaches() == [("8.1", "recorded")]


@pytest.mark.clause("partner 8.1")
def test_a_pack_that_cannot_be_built_is_an_incident_and_people_are_told() -> None:
    case = scheduled()
    case.packs = False
    case.go_to("2026-11-23 10:56")
    assert "pack_failed" in case.incidents()
    assert {role for _, role in case.notices("incident")} == {"support_manager:u12", "head_of_support"}
    assert case.go_to(DUE).standings()[FIRST] == "overdue"


# --- the reminder ----------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 8.1")
def test_the_manager_is_reminded_of_what_is_missing_when_three_quarters_of_the_time_are_over() -> None:
    """From Thursday 12:00 to Monday 11:00 there are 17 working hours: 12.75 of them are over on Friday at 15:45."""
    case = scheduled()
    case.gaps = 2
    case.go_to("2026-11-20 15:44:59")
    assert case.letters == []
    case.go_to("2026-11-20 15:50")
    [letter] = case.letters
    assert (letter.template, letter.to, letter.files) == ("partner/gaps", ("support_manager-u12@company.example",), (FILE,))
    assert "23.11.2026 11:00" in str(letter.values["due"])
    assert case.builds[0][1].question.since is None
    case.go_to("2026-11-24 10:00")
    assert [template for _, template, _ in case.sent()] == ["gaps", "pack", "pack"], "once"


@pytest.mark.clause("partner 8.1")
def test_who_has_prepared_everything_is_not_reminded() -> None:
    case = scheduled().go_to("2026-11-23 10:00")
    assert [build.letter for _, build in case.builds] == ["partner/gaps"]
    assert case.letters == []


@pytest.mark.clause("partner 8.1")
def test_a_reminder_that_we_come_to_late_waits_for_working_time() -> None:
    case = scheduled()
    case.gaps = 1
    case.asleep_until("2026-11-20 21:00")
    assert case.builds == []
    assert case.go_to("2026-11-23 10:30").sent() == [("2026-11-23 10:00", "gaps", 1)]


@pytest.mark.clause("partner 8.1")
def test_what_is_missing_is_counted_from_the_meeting_before() -> None:
    case = scheduled().go_to("2026-11-30 11:00")
    pack = [build for _, build in case.builds if build.letter == "partner/pack"]
    assert [build.question.since for build in pack] == [None, at("2026-11-23 12:00")]
    assert {build.question.manager for build in pack} == {"u12"}
    assert case.packs_sent() == ["2026-11-23 10:55", "2026-11-30 10:55"]


# --- the escalation role ------------------------------------------------------------------------------------------------


@pytest.mark.clause("partner 8.1")
def test_a_duty_that_is_let_go_has_no_pack() -> None:
    case = scheduled().say(WaiveOfMeetings, clause="8.1", reason="пакет не нужен", by=HEAD_OF_SUPPORT)
    assert case.go_to("2026-11-23 13:00").letters == []
    assert case.standings()[FIRST] == "waived"
    assert case.refused(WaiveOfMeetings, clause="8.1", reason="не нужен", by=SUPPORT) == "NotYours"


@pytest.mark.clause("partner 8.1")
@pytest.mark.parametrize(("new_due", "sent"), [("2026-11-23 11:30", "2026-11-23 11:25"), ("2026-11-23 15:00", "2026-11-23 11:55")])
def test_an_extended_pack_goes_before_its_new_due_and_never_after_the_meeting(new_due: str, sent: str) -> None:
    case = scheduled().say(ExtendOfMeetings, clause="8.1", new_due=at(new_due), reason="данные будут позже", by=HEAD_OF_SUPPORT)
    assert case.go_to("2026-11-23 18:00").packs_sent() == [sent]
    assert case.standings()[FIRST] == "met"


@pytest.mark.clause("partner 8.1")
def test_a_term_that_runs_backwards_has_no_clock_to_stop() -> None:
    case = scheduled()
    assert case.refused(PauseOfMeetings, clause="8.1", reason="сверка сумм", by=HEAD_OF_SUPPORT) == "NoPause"
    assert case.refused(ResumeOfMeetings, clause="8.1", by=HEAD_OF_SUPPORT) == "NotPaused"
