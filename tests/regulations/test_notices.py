"""What people inside are told, when, and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.company import Company
from regulations.notices import (
    LISTED,
    LeftOut,
    Overdue,
    Pending,
    digest_day,
    digest_key,
    digest_letter,
    is_open,
    late_words,
    left_out,
    ripe,
    round_key,
    round_letter,
)
from regulations.plans import Address
from regulations.time.calendar_spec import CalendarSpec
from regulations.time.working_time import WorkingTime, working_time

ZONES = {"company": "Europe/Moscow", "vladivostok": "Asia/Vladivostok", "kaliningrad": "Europe/Kaliningrad"}
CALENDARS = {name: CalendarSpec.simple(tz, "RU", name=name) for name, tz in ZONES.items()}
ROLES = {name: Address(email=f"{name}@company.example", calendar=name) for name in ZONES}
COMPANY = Company("Компания", CALENDARS, ROLES)
SECOND = timedelta(seconds=1)


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def moscow(text: str) -> datetime:
    return local("Europe/Moscow", text)


def hours(name: str = "company") -> WorkingTime:
    return working_time(CALENDARS[name])


FRIDAY = moscow("2026-11-20 18:00")


def pending(kind: str = "breach", **changes: Any) -> Pending:
    plain: dict[str, Any] = {
        "case_uid": "uid",
        "address": "handoff/D-1041",
        "key": "2.2.4/1",
        "kind": kind,
        "recipient": "company@company.example",
        "text": "2.2.4 Первый контакт с клиентом: срок пропущен",
        "due": FRIDAY,
        "earliest": FRIDAY,
        "at_once": False,
        "state": "overdue" if kind == "breach" else "open",
        "state_due": FRIDAY,
        "withdrawn": False,
        "told": False,
    }
    return Pending(**{**plain, **changes})


# --- when -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ZONES)
def test_a_breach_at_fridays_closing_goes_on_monday_at_the_recipients_opening(name: str) -> None:
    opening = local(ZONES[name], "2026-11-23 09:00")
    notice = pending(earliest=moscow("2026-11-20 18:00"))
    assert not ripe(notice, hours(name), opening - SECOND)
    assert ripe(notice, hours(name), opening)
    if name != "kaliningrad":  # where it is 17:00: they still work
        assert not ripe(notice, hours(name), FRIDAY)
    else:
        assert ripe(notice, hours(name), FRIDAY)


@pytest.mark.parametrize("name", ZONES)
def test_over_new_year_it_goes_on_the_first_working_day_of_january(name: str) -> None:
    # 31 December 2026 is a day off by decree, as are the days to 10 January 2027.
    notice = pending(earliest=local(ZONES[name], "2026-12-30 18:00"))
    opening = local(ZONES[name], "2027-01-11 09:00")
    for moment in ("2026-12-31 10:00", "2027-01-04 12:00", "2027-01-08 09:00", "2027-01-11 08:59:59"):
        assert not ripe(notice, hours(name), local(ZONES[name], moment))
    assert ripe(notice, hours(name), opening)


@given(st.integers(0, 14 * 24 * 3600))
def test_what_is_ripe_is_past_its_instant_and_in_working_time(seconds: int) -> None:
    at = moscow("2026-11-16 00:00") + timedelta(seconds=seconds)
    notice = pending()
    here = at.astimezone(ZoneInfo("Europe/Moscow"))
    expected = at >= FRIDAY and here.weekday() < 5 and 9 <= here.hour < 18
    assert ripe(notice, hours(), at) == expected


def test_a_closing_is_no_working_time() -> None:
    assert is_open(hours(), FRIDAY - SECOND)
    assert not is_open(hours(), FRIDAY)


def test_beyond_the_calendar_people_are_told_rather_than_not() -> None:
    assert is_open(hours(), moscow("2040-01-01 03:00"))
    assert ripe(pending(), hours(), moscow("2040-01-01 03:00"))
    assert digest_day(hours(), moscow("2040-01-01 10:00")) is not None


def test_what_goes_at_once_waits_for_no_working_time() -> None:
    night = moscow("2026-11-21 03:00")
    assert ripe(pending("warning", at_once=True, due=night + timedelta(hours=1), state_due=night + timedelta(hours=1)), hours(), night)
    assert not ripe(pending("incident", due=None), hours(), night)
    assert ripe(pending("incident", due=None, at_once=True), hours(), night)
    assert not ripe(pending("incident", due=None, at_once=True, earliest=night + SECOND), hours(), night)


def test_a_reminder_goes_at_once_when_its_recipient_has_no_working_time_left() -> None:
    """Due at 09:30 in Moscow: in Kaliningrad, at 08:30, nobody is at work yet."""
    due = moscow("2026-11-24 09:30")
    notice = pending("warning", due=due, state_due=due, earliest=moscow("2026-11-24 09:05"))
    assert ripe(notice, hours("kaliningrad"), moscow("2026-11-24 09:05"))
    assert not ripe(replace(notice, earliest=moscow("2026-11-23 19:10")), hours(), moscow("2026-11-23 19:10"))
    assert ripe(replace(notice, earliest=moscow("2026-11-23 19:10")), hours("kaliningrad"), moscow("2026-11-23 19:10"))


def test_a_reminder_of_a_clock_that_stands_waits_and_tells_the_new_term() -> None:
    monday = moscow("2026-11-23 10:00")
    stands = pending("warning", due=moscow("2026-11-23 15:00"), state_due=None)
    assert left_out(stands, monday) is None
    assert not ripe(stands, hours(), monday)
    goes_on = replace(stands, state_due=moscow("2026-11-24 11:00"))
    later = moscow("2026-11-23 16:00")  # after the term that it was written for
    assert left_out(goes_on, later) is None
    assert ripe(goes_on, hours(), later)
    letter = round_letter(COMPANY, "k", [goes_on], later)
    assert "вт 24.11.2026 11:00" in str(letter.values["groups"])


@pytest.mark.parametrize("state", ["met", "met_late", "waived", "overdue"])
def test_a_reminder_of_what_is_no_longer_open_is_left_out(state: str) -> None:
    assert left_out(pending("warning", due=FRIDAY + timedelta(days=9), state=state), FRIDAY) is LeftOut.CLOSED


@pytest.mark.parametrize(("seconds", "passed"), [(-1, False), (0, True), (1, True)])
def test_a_reminder_after_the_term_is_left_out(seconds: int, passed: bool) -> None:
    found = left_out(pending("warning"), FRIDAY + seconds * SECOND)
    assert found is (LeftOut.PASSED if passed else None)


def test_a_breach_that_was_none_and_its_withdrawal_are_left_out_together() -> None:
    assert left_out(pending(withdrawn=True), FRIDAY) is LeftOut.WITHDRAWN
    assert left_out(pending("breach_withdrawn", due=None, withdrawn=True), FRIDAY) is LeftOut.NOT_TOLD


def test_who_was_told_of_a_breach_is_told_that_it_was_none() -> None:
    assert left_out(pending("breach_withdrawn", due=None, withdrawn=True, told=True), FRIDAY) is None


@pytest.mark.parametrize("kind", ["breach", "incident", "ended"])
def test_what_is_true_is_never_left_out(kind: str) -> None:
    assert left_out(pending(kind, state="met_late"), FRIDAY + timedelta(days=400)) is None


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-20 10:00", True),
        ("2026-11-20 17:59:59", True),
        ("2026-11-20 18:00", False),
        ("2026-11-21 10:00", False),
        ("2026-12-31 10:00", False),
        ("2027-01-11 10:00", True),
    ],
)
def test_digests_are_of_working_days_until_they_close(moment: str, expected: bool) -> None:
    at = moscow(moment)
    assert digest_day(hours(), at) == (datetime.fromisoformat(moment).date() if expected else None)


# --- the words ------------------------------------------------------------------------------------------------------


def test_the_subject_counts_each_kind_in_its_right_form_and_order() -> None:
    notices = [pending("warning"), *[pending(key=f"{n}") for n in range(3)], pending("warning", key="x"), pending("ended", due=None)]
    letter = round_letter(COMPANY, "k", notices, FRIDAY)
    assert letter.values["subject"] == "reglament: 3 нарушения, 2 напоминания, 1 завершение"
    groups: Any = letter.values["groups"]
    titles = [g["title"] for g in groups]
    assert titles == ["Нарушения", "Напоминания", "Завершённые дела"]


def test_the_lines_of_a_case_stand_together_and_the_most_urgent_first() -> None:
    late = [("handoff/B", 3), ("handoff/A", 2), ("handoff/B", 1), ("handoff/C", 4)]
    notices = [pending(address=a, key=str(d), due=FRIDAY - timedelta(days=9 - d), text=f"n{d}") for a, d in late]
    notices.append(pending(address="handoff/A", key="none", due=None, text="n0"))
    groups: Any = round_letter(COMPANY, "k", notices, FRIDAY).values["groups"]
    told = [(c["case"], [i["text"] for i in c["items"]]) for g in groups for c in g["cases"]]
    assert told == [("handoff/B", ["n1", "n3"]), ("handoff/A", ["n2", "n0"]), ("handoff/C", ["n4"])]


def test_the_term_is_told_in_the_zone_of_the_recipient() -> None:
    far = round_letter(COMPANY, "k", [pending(recipient="vladivostok@company.example")], FRIDAY)
    assert "сб 21.11.2026 01:00 (+10:00)" in str(far.values["groups"])
    gone = round_letter(COMPANY, "k", [pending(recipient="gone@company.example")], FRIDAY)
    assert "пт 20.11.2026 18:00 (+03:00)" in str(gone.values["groups"])
    assert gone.to == ("gone@company.example",)


@pytest.mark.parametrize(("n", "more"), [(LISTED, ""), (LISTED + 1, "… и ещё 1 строка"), (1_322, "… и ещё 1122 строки")])
def test_a_letter_lists_two_hundred_and_counts_the_rest(n: int, more: str) -> None:
    letter = round_letter(COMPANY, "k", [pending(key=str(i), address=f"handoff/{i}") for i in range(n)], FRIDAY)
    assert str(letter.values["more"]).startswith(more)
    assert bool(letter.values["more"]) == bool(more)
    assert str(letter.values["groups"]).count("'text'") == LISTED
    assert f"{n} нарушен" in str(letter.values["subject"])
    assert len(letter.model_dump_json().encode()) < 100_000


def test_a_long_text_from_outside_is_one_short_line() -> None:
    groups = round_letter(COMPANY, "k", [pending("ended", text="a\n" * 5_000)], FRIDAY).values["groups"]
    assert len(str(groups)) < 500
    assert "\\n" not in str(groups)


def test_keys_hold_no_address_and_tell_recipients_apart() -> None:
    keys = [round_key("r", "a@x.example"), round_key("r", "b@x.example"), round_key("s", "a@x.example")]
    keys.append(digest_key(FRIDAY.date(), "a@x.example"))
    assert len(set(keys)) == 4
    assert all("@" not in k and "x.example" not in k for k in keys)


def overdue(n: int = 1) -> list[Overdue]:
    return [Overdue(f"handoff/D-{i}", "handoff", "2.2.4", "cc", FRIDAY) for i in range(n)]


@pytest.mark.parametrize(
    ("n", "subject"),
    [
        (1, "reglament: 1 просроченное обязательство"),
        (22, "reglament: 22 просроченных обязательства"),
        (311, "reglament: 311 просроченных обязательств"),
    ],
)
def test_a_digest_counts_and_says_how_late_in_working_time(n: int, subject: str) -> None:
    at = moscow("2026-11-24 10:00")
    letter = digest_letter(COMPANY, "k", "company@company.example", overdue(min(n, LISTED)), n, at)
    assert letter.values["subject"] == subject
    items: Any = letter.values["items"]
    assert len(items) == min(n, LISTED)
    assert items[0] == {
        "case": "handoff/D-0",
        "text": "2.2.4 Первый контакт с клиентом",
        "owner": "контакт-центр",
        "due": "срок пт 20.11.2026 18:00 (+03:00)",
        "late": "просрочено на 10 ч 0 мин рабочего времени",
    }
    assert ("ещё 111 строк:" in str(letter.values["more"])) == (n == 311)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-21 12:00", "просрочено меньше чем на минуту рабочего времени"),
        ("2026-11-23 09:00:59", "просрочено меньше чем на минуту рабочего времени"),
        ("2026-11-23 09:01", "просрочено на 1 мин рабочего времени"),
        ("2026-11-23 10:30", "просрочено на 1 ч 30 мин рабочего времени"),
        ("2040-11-23 10:30", ""),
    ],
)
def test_how_late(at: str, words: str) -> None:
    assert late_words(hours(), FRIDAY, moscow(at), "ru") == words


def test_a_ukrainian_company_is_written_to_in_ukrainian() -> None:
    company = replace(COMPANY, language="uk")
    letter = round_letter(company, "k", [pending(), pending("warning", key="w")], FRIDAY)
    assert (letter.language, letter.values["subject"]) == ("uk", "reglament: 1 порушення, 1 нагадування")
    digest = digest_letter(company, "k", "company@company.example", overdue(), 1, FRIDAY)
    assert digest.values["title"] == "Прострочено і ще не виконано"


def test_each_address_is_written_to_in_its_own_language() -> None:
    company = replace(COMPANY, languages={"vladivostok@company.example": "uk"})
    far = round_letter(company, "k", [pending(recipient="vladivostok@company.example")], FRIDAY)
    here = round_letter(company, "k", [pending()], FRIDAY)
    assert [(one.language, one.values["subject"]) for one in (far, here)] == [
        ("uk", "reglament: 1 порушення"),
        ("ru", "reglament: 1 нарушение"),
    ]
    digest = digest_letter(company, "k", "vladivostok@company.example", overdue(), 1, FRIDAY)
    assert (digest.language, digest.values["title"]) == ("uk", "Прострочено і ще не виконано")


# --- in the place of somebody ---------------------------------------------------------------------------------------


def lines(*notices: Pending) -> list[str]:
    groups: Any = round_letter(COMPANY, "k", notices, FRIDAY).values["groups"]
    return [item["text"] for group in groups for case in group["cases"] for item in case["items"]]


def test_what_was_meant_for_somebody_absent_says_for_whom() -> None:
    own, others = pending(text="own"), pending(key="2.2.5/1", text="other", instead_of="Ольга Сергеева")
    assert lines(own, others) == ["own", "other (вместо: Ольга Сергеева)"]


def test_what_a_deputy_is_told_in_its_own_right_too_is_one_line_and_counts_once() -> None:
    twice = [pending(instead_of="Ольга Сергеева"), pending(), pending(instead_of="Павел Ким")]
    for order in (twice, twice[::-1]):
        assert lines(*order) == ["2.2.4 Первый контакт с клиентом: срок пропущен"]
        assert round_letter(COMPANY, "k", order, FRIDAY).values["subject"] == "reglament: 1 нарушение"
    other_case = pending(case_uid="other", address="handoff/D-2", instead_of="Павел Ким")
    assert len(lines(pending(), other_case)) == 2


def test_the_digest_of_somebody_absent_says_whose_it_is() -> None:
    letter = digest_letter(COMPANY, "k", "company@company.example", overdue(), 1, FRIDAY, "Ольга Сергеева")
    assert letter.values["title"] == "Просрочено и ещё не выполнено (вместо: Ольга Сергеева)"
    assert letter.to == ("company@company.example",)
