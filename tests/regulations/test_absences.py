"""Absences: which may be entered, whom a case is told of, and who reads what is addressed to somebody who is absent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.absences import AbsenceRefused, Absences, StandIns, check_absence, holders, kept
from regulations.company import Company, Person
from regulations.plans import Address
from regulations.roster import Absence, Holder, stands_in
from regulations.time.calendar_spec import CalendarSpec

ZONES = {"company": "Europe/Moscow", "kyiv": "Europe/Kyiv", "vladivostok": "Asia/Vladivostok"}
CALENDARS = {name: CalendarSpec.simple(tz, None, name=name) for name, tz in ZONES.items()}


def person(id: str, *roles: str, calendar: str = "company", email: str = "") -> Person:
    return Person(id, f"Name of {id}", email or f"{id}@company.example", calendar, roles)


PEOPLE = {
    p.id: p
    for p in (
        person("u1", "lawyer", "head"),
        person("u2", "accountant", calendar="kyiv"),
        person("u3", "lawyer", calendar="vladivostok"),
        person("u4"),
    )
}
COMPANY = Company("Company", CALENDARS, {}, people=PEOPLE)


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


def absence(first: str, last: str, deputy: str) -> Absence:
    return Absence(first=day(first), last=day(last), deputy=deputy)


def refusal(who: str, one: Absence, absences: Absences | None = None) -> str:
    with pytest.raises(AbsenceRefused) as refused:
        check_absence(who, one, PEOPLE, absences or {})
    return str(refused.value)


# --- which may be entered -------------------------------------------------------------------------------------------


def test_an_absence_may_be_of_one_day_and_ends_no_earlier_than_it_begins() -> None:
    check_absence("u1", absence("08-03", "08-03", "u2"), PEOPLE, {})
    assert "before it begins on 2026-08-03" in refusal("u1", absence("08-03", "08-02", "u2"))


@pytest.mark.parametrize(("who", "deputy", "words"), [("u9", "u2", "id u9"), ("u1", "u9", "id u9"), ("u1", "u1", "stand in for itself")])
def test_person_and_deputy_are_two_of_the_file(who: str, deputy: str, words: str) -> None:
    assert words in refusal(who, absence("08-03", "08-03", deputy))


@pytest.mark.parametrize(
    ("first", "last", "free"),
    [("08-01", "08-09", True), ("08-01", "08-10", False), ("08-12", "08-13", False), ("08-14", "08-20", False), ("08-15", "08-20", True)],
)
def test_absences_of_one_person_never_share_a_day(first: str, last: str, free: bool) -> None:
    entered = {"u1": (absence("08-10", "08-14", "u2"),), "u2": (absence("09-01", "09-30", "u4"),)}
    asked = absence(first, last, "u3")
    if free:
        check_absence("u1", asked, PEOPLE, entered)
    else:
        assert "from 2026-08-10 to 2026-08-14 already" in refusal("u1", asked, entered)


@pytest.mark.parametrize(("last", "free"), [("08-09", True), ("08-10", False), ("08-30", False)])
def test_a_day_on_which_deputies_stand_in_for_each_other_in_a_ring_is_refused_by_name(last: str, free: bool) -> None:
    entered = {"u2": (absence("08-10", "08-14", "u3"),), "u3": (absence("08-01", "08-20", "u1"),)}
    asked = absence("08-03", last, "u2")
    if free:
        check_absence("u1", asked, PEOPLE, entered)
    else:
        assert "on 2026-08-10 nobody would be there for u1: u2 is absent too" in refusal("u1", asked, entered)


FIRST = day("08-03")
Entry = tuple[str, int, int, str]
ENTRIES = st.lists(
    st.tuples(st.sampled_from(list(PEOPLE)), st.integers(0, 9), st.integers(-1, 6), st.sampled_from(list(PEOPLE))), max_size=12
)


@given(ENTRIES)
def test_whatever_is_entered_on_every_day_somebody_who_is_there_stands_in_for_everybody(entries: list[Entry]) -> None:
    entered: dict[str, tuple[Absence, ...]] = {}
    for who, begins, lasts, deputy in entries:
        first = FIRST + timedelta(days=begins)
        one = Absence(first=first, last=first + timedelta(days=lasts), deputy=deputy)
        try:
            check_absence(who, one, PEOPLE, entered)
        except AbsenceRefused:
            continue
        entered[who] = (*entered.get(who, ()), one)
    roster = [Holder(person=id, roles=(), absences=theirs) for id, theirs in entered.items()]
    for number in range(20):
        on = FIRST + timedelta(days=number)
        away = {id for id, theirs in entered.items() if any(one.first <= on <= one.last for one in theirs)}
        assert len([one for theirs in entered.values() for one in theirs if one.first <= on <= one.last]) == len(away)
        for id in PEOPLE:
            assert stands_in(roster, id, on) not in away


# --- whom a case is told of -----------------------------------------------------------------------------------------


def test_a_case_is_told_of_the_holders_of_its_roles_and_of_all_who_stand_in_for_them() -> None:
    entered = {"u1": (absence("08-03", "08-07", "u2"),), "u2": (absence("08-05", "08-05", "u4"),)}
    assert holders(PEOPLE, entered, ("lawyer", "clerk")) == (
        Holder(person="u1", roles=("lawyer",), absences=entered["u1"]),
        Holder(person="u2", roles=(), absences=entered["u2"]),
        Holder(person="u3", roles=("lawyer",)),
        Holder(person="u4", roles=()),
    )
    assert [h.person for h in holders(PEOPLE, {}, ("accountant",))] == ["u2"]
    assert holders(PEOPLE, entered, ("clerk",)) == ()


def test_a_ring_of_deputies_is_told_as_it_is() -> None:
    entered = {"u1": (absence("08-03", "08-07", "u2"),), "u2": (absence("08-05", "08-05", "u1"),)}
    assert [h.person for h in holders(PEOPLE, entered, ("head",))] == ["u1", "u2"]


def test_a_deputy_who_has_left_the_company_acts_for_nobody() -> None:
    entered = {"u1": (absence("08-03", "08-07", "gone"), absence("09-01", "09-02", "u2")), "gone": (absence("08-03", "08-07", "u1"),)}
    assert kept(PEOPLE, entered) == {"u1": (absence("09-01", "09-02", "u2"),)}
    assert [(h.person, len(h.absences)) for h in holders(PEOPLE, entered, ("head",))] == [("u1", 1), ("u2", 0)]


# --- who reads ------------------------------------------------------------------------------------------------------


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "reader"),
    [
        ("08-02 23:59:59", "u3"),
        ("08-03 00:00:00", "u2"),
        ("08-07 23:59:59", "u2"),
        ("08-08 00:00:00", "u3"),
    ],
)
def test_the_days_of_an_absence_are_those_where_the_absent_person_works(moment: str, reader: str) -> None:
    stand_ins = StandIns(COMPANY, {"u3": (absence("08-03", "08-07", "u2"),)})
    at = local("Asia/Vladivostok", moment)
    assert stand_ins.reader("u3@company.example", at) == f"{reader}@company.example"
    assert stand_ins.reader("u2@company.example", at) == "u2@company.example"


@pytest.mark.parametrize(
    ("moment", "reader"),
    [("10-25 00:00", "u1"), ("10-25 23:59:59", "u1"), ("10-26 00:00", "u2"), ("03-29 00:00", "u1"), ("03-30 00:00", "u2")],
)
def test_a_day_on_which_the_clock_changes_is_one_day(moment: str, reader: str) -> None:
    """25 October has 25 hours in Kyiv, 29 March has 23."""
    stand_ins = StandIns(COMPANY, {"u2": (absence("03-29", "03-29", "u1"), absence("10-25", "10-25", "u1"))})
    assert stand_ins.reader("u2@company.example", local("Europe/Kyiv", moment)) == f"{reader}@company.example"


NOON = local("Europe/Moscow", "08-05 12:00")


def reader(recipient: str, company: Company = COMPANY, **absences: tuple[Absence, ...]) -> str:
    return StandIns(company, absences).reader(f"{recipient}@company.example", NOON).partition("@")[0]


def test_a_chain_of_deputies_is_read_by_its_end_and_a_ring_by_the_absent_person_itself() -> None:
    away = absence("08-03", "08-07", "u2")
    assert reader("u1", u1=(away,), u2=(absence("08-05", "08-05", "u3"),)) == "u3"
    assert reader("u1", u1=(away,), u2=(absence("08-05", "08-05", "u1"),)) == "u1"
    assert reader("u1", u1=(away,), u2=(absence("08-05", "08-05", "gone"),)) == "u2", "who has left stands in for nobody"
    assert reader("u1", u1=(absence("08-03", "08-07", "gone"),)) == "u1"


def test_the_mailbox_of_a_role_is_read_by_those_who_have_the_role() -> None:
    roles = {role: Address(email=f"{role}s@company.example") for role in ("lawyer", "head", "clerk")}
    company = replace(COMPANY, roles=roles)
    one, other = (absence("08-03", "08-07", "u2"),), (absence("08-05", "08-09", "u4"),)
    assert [reader(f"{role}s", company, u1=one) for role in roles] == ["lawyers", "u2", "clerks"], "another lawyer is there"
    assert [reader(f"{role}s", company, u1=one, u3=other) for role in roles] == ["u2", "u2", "clerks"]
    assert reader("lawyers", company, u1=one, u3=(absence("08-05", "08-05", "u1"),)) == "u2", "a deputy who is absent too"
    assert reader("lawyers", company, u1=(absence("08-03", "08-07", "u3"),)) == "lawyers"
    assert StandIns(company, {}).names("lawyers@company.example") == "Name of u1, Name of u3"
    assert reader("nobody", company, u1=one, u3=other) == "nobody"


def test_a_mailbox_of_two_is_read_elsewhere_only_while_both_are_absent() -> None:
    shared = {id: replace(PEOPLE[id], email="both@company.example", calendar="company") for id in ("u1", "u3")}
    company = Company("Company", CALENDARS, {}, people={**PEOPLE, **shared})
    one, other = (absence("08-03", "08-07", "u2"),), (absence("08-05", "08-09", "u4"),)
    assert reader("both", company, u1=one) == "both"
    assert reader("both", company, u1=one, u3=other) == "u2"
    assert StandIns(company, {}).names("both@company.example") == "Name of u1, Name of u3"
