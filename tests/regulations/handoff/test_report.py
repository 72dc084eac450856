"""The monthly report: who stands where, exactly once, and what it comes to, to the kopeck."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.catalogue import text
from regulations.handoff.report import (
    ENTRIES,
    ContactDuty,
    ContactState,
    Key,
    Line,
    Registered,
    Report,
    Section,
    build,
    month,
    month_before,
    must_be_asked,
)
from regulations.handoff.report_words import LISTED, sheets, summary
from regulations.handoff.rows import AcceptedClientRow
from regulations.sheets import Sheet
from regulations.time.working_time import working_time
from tests.regulations.course import at
from tests.regulations.handoff.course import CALENDAR

COMPANY = working_time(CALENDAR)
OCTOBER = "2026-10"


def row(uid: str = "u1", *, round: int = 1, entry: str = "accepted", **changes: Any) -> Registered:
    """An accepted client, with access on 12 October and accepted on the 14th unless said otherwise."""
    plain: dict[str, Any] = {
        "seq": 1,
        "round": round,
        "entry": entry,
        "at": at("2026-10-14 12:00"),
        "deal": f"D-{uid}",
        "partner_id": "p7",
        "partner_name": "ИП Петров",
        "client_login": f"{uid}@client.example",
        "client_name": f"ООО «{uid}»",
        "tariff_line": "bureau",
        "tariff": "bureau-12",
        "access_granted_at": at("2026-10-12 10:00"),
        "tariff_starts_on": date(2026, 11, 1),
        "payment_reference": f"pay-{uid}",
        "payment_amount": Decimal("12000.10"),
        "payment_currency": "RUB",
        "payment_reached_at": at("2026-10-11 00:00"),
        "first_contact_at": None,
    }
    return Registered(case_uid=uid, address=f"handoff/D-{uid}", row=AcceptedClientRow.model_validate(plain | changes))


def report(
    *register: Registered,
    of: str = OCTOBER,
    reported: dict[Key, str] | None = None,
    contacts: dict[tuple[str, int], ContactDuty] | None = None,
) -> Report:
    return build(month(of, COMPANY), register, contacts or {}, reported or {}, COMPANY)


def places(made: Report) -> dict[str, list[str]]:
    """Section → cases, the empty ones left out."""
    found = {section.value: [line.case_uid for line in made.section(section)] for section in Section}
    return {section: cases for section, cases in found.items() if cases}


# --- 4.1: the month of a client ---


@pytest.mark.clause("handoff 4.1")
@pytest.mark.parametrize(
    ("access", "section"),
    [
        ("2026-09-30 23:59:59", "accepted_later"),
        ("2026-10-01 00:00:00", "accepted"),
        ("2026-10-31 23:59:59", "accepted"),
        ("2026-11-01 00:00:00", "without_access"),
    ],
)
def test_the_month_is_that_of_the_access_grant_in_the_companys_zone(access: str, section: str) -> None:
    made = report(row(access_granted_at=at(access)))
    assert places(made) == {section: ["u1"]}


@pytest.mark.clause("handoff 4.1")
def test_the_month_before_is_told_by_the_companys_clock() -> None:
    assert month_before(at("2026-11-01 00:00"), COMPANY) == "2026-10"
    assert month_before(at("2026-10-31 23:59"), COMPANY) == "2026-09"
    assert month_before(at("2027-01-01 00:05"), COMPANY) == "2026-12"
    december = month("2026-12", COMPANY)
    assert (december.begins, december.ends) == (at("2026-12-01 00:00"), at("2027-01-01 00:00"))


@pytest.mark.parametrize("wrong", ["", "2026", "2026-13", "2026-00", "26-10", "2026-1", "2026-10-01", "1999-01", "2026-10\n", "октябрь"])
def test_what_is_no_month_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="2026-10"):
        month(wrong, COMPANY)


# --- 4.4: accepted later, once ---


@pytest.mark.clause("handoff 4.4")
def test_a_client_accepted_after_the_report_of_its_month_stands_in_the_next_one_with_its_access_month() -> None:
    late = row(at=at("2026-11-10 12:00"))
    made = report(late, of="2026-11")
    assert places(made) == {"accepted_later": ["u1"]}
    assert made.lines[0].access_month == OCTOBER
    assert report(late, of="2026-12", reported={("u1", 1, "accepted"): "2026-11"}).lines == ()


@pytest.mark.clause("handoff 4.4")
def test_a_client_accepted_between_the_end_of_the_month_and_the_building_stands_in_its_month() -> None:
    assert places(report(row(at=at("2026-11-02 09:30")))) == {"accepted": ["u1"]}


# --- 4.3: without access ---


@pytest.mark.clause("handoff 4.3")
def test_an_accepted_client_without_access_is_listed_apart_until_it_has_access_and_is_not_settled() -> None:
    waiting = row(access_granted_at=None)
    october, november = report(waiting), report(waiting, of="2026-11")
    assert places(october) == places(november) == {"without_access": ["u1"]}
    assert october.lines[0].unsettled == "no_access"
    assert (october.partners, october.currencies, list(october.counted())) == ((), (), [])
    granted = row(access_granted_at=at("2026-11-05 10:00"))
    assert report(granted).lines[0].unsettled == "access_after_month"
    settled = report(granted, of="2026-11")
    assert (places(settled), settled.lines[0].unsettled) == ({"accepted": ["u1"]}, None)


@pytest.mark.clause("handoff 4.3")
@pytest.mark.parametrize(("accepted", "listed"), [("2026-10-31 23:59:59", True), ("2026-11-01 00:00:00", False)])
def test_who_was_accepted_only_after_the_month_is_not_listed_in_it(accepted: str, listed: bool) -> None:
    assert bool(report(row(at=at(accepted), access_granted_at=None)).lines) is listed


# --- reversals ---


@pytest.mark.clause("handoff 4.4")
def test_a_reversal_of_a_reported_client_stands_apart_and_is_taken_off() -> None:
    undone = row(entry="reversed", at=at("2026-11-12 12:00"), reason="3.1")
    made = report(row(), undone, row("u2"), of="2026-11", reported={("u1", 1, "accepted"): OCTOBER, ("u2", 1, "accepted"): OCTOBER})
    assert places(made) == {"reversed": ["u1"]}
    assert (made.lines[0].reported_in, made.lines[0].unsettled, made.undone) == (OCTOBER, "reversed", 0)
    [total] = made.partners
    assert (total.accepted, total.reversed, total.amount, total.reversed_amount, total.net) == (
        0,
        1,
        Decimal(0),
        Decimal("12000.10"),
        Decimal("-12000.10"),
    )


@pytest.mark.clause("handoff 4.4")
def test_a_reversal_is_told_once_and_never_in_a_month_before_that_of_its_client() -> None:
    undone = row(entry="reversed", at=at("2026-11-12 12:00"))
    told: dict[Key, str] = {("u1", 1, "accepted"): OCTOBER}
    assert report(row(), undone, of="2026-09", reported=told).lines == ()
    assert report(row(), undone, of="2026-12", reported={**told, ("u1", 1, "reversed"): "2026-11"}).lines == ()


@pytest.mark.clause("handoff 4.4")
def test_an_acceptance_undone_before_any_report_stands_nowhere_but_in_a_number() -> None:
    undone = row(entry="reversed", at=at("2026-10-20 12:00"))
    made = report(row(), undone)
    assert (made.lines, made.undone) == ((), 1)
    assert report(row(), undone, of="2026-11").undone == 0


@pytest.mark.clause("handoff 4.4")
def test_a_deal_accepted_again_in_a_later_round_is_taken_off_and_counted_again() -> None:
    again = row(round=2, at=at("2026-11-20 12:00"), payment_amount=Decimal("7.70"))
    made = report(row(), row(entry="reversed", at=at("2026-11-12 12:00")), again, of="2026-11", reported={("u1", 1, "accepted"): OCTOBER})
    assert places(made) == {"accepted_later": ["u1"], "reversed": ["u1"]}
    assert [(line.round, line.section) for line in made.lines] == [(2, Section.LATER), (1, Section.REVERSED)]
    assert made.currencies[0].net == Decimal("7.70") - Decimal("12000.10")


# --- 2.2.4 in the report ---


@pytest.mark.clause("handoff 2.2.4")
@pytest.mark.parametrize(
    ("contact", "state", "late"),
    [
        ("2026-10-16 15:59:59", ContactState.IN_TIME, None),
        ("2026-10-16 16:00:00", ContactState.IN_TIME, None),
        ("2026-10-16 16:00:01", ContactState.LATE, 1),
        ("2026-10-17 12:00:00", ContactState.LATE, 2 * 3600),  # Saturday: two hours were left of Friday
        ("2026-10-19 10:30:00", ContactState.LATE, int(3.5 * 3600)),
    ],
)
def test_the_first_contact_is_in_time_or_late_by_working_time(contact: str, state: ContactState, late: int | None) -> None:
    met = at(contact)
    duty = ContactDuty(state="met", due=at("2026-10-16 16:00"), met_at=met)
    told = report(row(), contacts={("u1", 1): duty}).lines[0].contact
    assert (told.state, told.late_seconds, told.at) == (state, late, met)


@pytest.mark.clause("handoff 2.2.4")
@pytest.mark.parametrize(
    ("duty", "known", "state"),
    [
        (None, None, ContactState.UNKNOWN),
        (("open", True, None), None, ContactState.NOT_YET),
        (("open", False, None), None, ContactState.NOT_YET),  # its clock stands
        (("overdue", True, None), None, ContactState.OVERDUE),
        (("waived", True, None), None, ContactState.WAIVED),
        (("waived", True, None), "2026-10-16 12:00", ContactState.IN_TIME),
        (("met", False, "2026-10-16 12:00"), None, ContactState.MADE),
        (("open", True, None), "2026-10-16 12:00", ContactState.IN_TIME),
        (("overdue", True, None), "2026-10-16 16:00:01", ContactState.LATE),
    ],
)
def test_a_contact_that_is_not_there_says_how_it_stands(
    duty: tuple[str, bool, str | None] | None, known: str | None, state: ContactState
) -> None:
    contacts = {}
    if duty is not None:
        due = at("2026-10-16 16:00") if duty[1] else None
        contacts = {("u1", 1): ContactDuty(state=duty[0], due=due, met_at=at(duty[2]) if duty[2] else None)}
    made = report(row(first_contact_at=at(known) if known else None), contacts=contacts)
    assert made.lines[0].contact.state is state


@pytest.mark.clause("handoff 2.2.4")
@pytest.mark.parametrize(
    ("duty", "known", "asked"),
    [
        (None, False, True),
        ("open", False, True),
        ("open", True, True),
        ("overdue", True, True),
        ("met", False, False),
        ("met_late", True, False),
        ("waived", False, False),
        ("waived", True, False),
    ],
)
def test_the_running_case_is_asked_where_it_may_know_more(duty: str | None, known: bool, asked: bool) -> None:
    moment = at("2026-10-16 12:00")
    entry = row(first_contact_at=moment if known else None)
    met_at = moment if duty in ("met", "met_late") else None
    given = ContactDuty(state=duty, due=moment, met_at=met_at) if duty else None
    assert must_be_asked(entry.row, given) is asked


# --- any register, any months ---

MONTHS = ["2026-08", "2026-09", "2026-10", "2026-11", "2026-12", "2027-01", "2027-02"]
FIRST, LAST = at("2026-07-25 00:00"), at("2027-02-20 00:00")
INSTANTS = st.integers(0, int((LAST - FIRST).total_seconds() // 3600)).map(lambda h: FIRST + timedelta(hours=h))
AMOUNTS = st.one_of(st.none(), st.decimals(Decimal("0.01"), Decimal("99999999.99"), places=2))


@st.composite
def histories(draw: st.DrawFn) -> list[Registered]:
    """Rounds of cases as a register comes to hold them: accepted, perhaps with access, perhaps reversed, perhaps accepted again."""
    rows: list[Registered] = []
    for number in range(draw(st.integers(0, 6))):
        partner, currency = draw(st.sampled_from(["p1", "p2"])), draw(st.sampled_from(["RUB", "rub", "KZT", None]))
        access, since = draw(st.one_of(st.none(), INSTANTS)), draw(INSTANTS)
        for attempt in range(1, draw(st.integers(1, 3)) + 1):
            fields: dict[str, Any] = {
                "partner_id": partner,
                "partner_name": draw(st.sampled_from(["ИП Петров", "=cmd|' /C calc'!A0"])),
                "payment_currency": currency,
                "payment_amount": draw(AMOUNTS) if currency else None,
                "access_granted_at": access,
            }
            rows.append(row(f"u{number}", round=attempt, at=since, **fields))
            if draw(st.booleans()):
                break
            since += timedelta(hours=draw(st.integers(1, 900)))
            rows.append(row(f"u{number}", round=attempt, entry="reversed", **{**fields, "at": since}))
            since += timedelta(hours=draw(st.integers(1, 900)))
    return rows


def course_of(rows: list[Registered], months: list[str], seed: int) -> tuple[list[Report], dict[Key, str]]:
    """Builds months in the given order, each ten days after its end, from the rows that are there by then, in any order."""
    reports, reported = [], dict[Key, str]()
    shuffled = random.Random(seed)  # noqa: S311 - an order, not a secret
    clock = FIRST
    for text_of_month in months:
        clock = max(clock, month(text_of_month, COMPANY).ends + timedelta(days=10))
        there = [r for r in rows if r.row.at <= clock]
        shuffled.shuffle(there)
        made = build(month(text_of_month, COMPANY), there, {}, reported, COMPANY)
        again = build(month(text_of_month, COMPANY), reversed(there), {}, reported, COMPANY)
        assert made == again, "the order of rows changed the report"
        reports.append(made)
        for line in made.counted():
            key = (line.case_uid, line.round, ENTRIES[line.section])
            assert key not in reported, "a client stands twice"
            reported[key] = text_of_month
    return reports, reported


@pytest.mark.clause("handoff 4.1")
@pytest.mark.clause("handoff 4.4")
@settings(max_examples=300)
@given(rows=histories(), seed=st.integers(0, 9), orders=st.permutations(MONTHS[:4]))
def test_over_any_months_each_client_and_each_reversal_stands_in_exactly_one_report(
    rows: list[Registered], seed: int, orders: list[str]
) -> None:
    end = month(MONTHS[-1], COMPANY).ends + timedelta(days=10)
    rows = [r for r in rows if r.row.at <= end]
    reports, reported = course_of(rows, [*orders, *MONTHS[4:]], seed)
    undone = {(r.case_uid, r.row.round) for r in rows if r.row.entry == "reversed"}
    last = month(MONTHS[-1], COMPANY)
    for r in rows:
        place = (r.case_uid, r.row.round)
        told = (*place, "accepted") in reported
        if r.row.entry == "reversed":
            assert ((*place, "reversed") in reported) == told, "a reversal stands exactly where its client had stood"
        elif place not in undone:
            access = r.row.access_granted_at
            assert told == (access is not None and access < last.ends)
    for made in reports:
        assert not {line.case_uid for line in made.section(Section.ACCEPTED)} & {
            line.case_uid for line in made.section(Section.WITHOUT_ACCESS) if (line.case_uid, line.round) not in undone
        }


def _sum(lines: list[Line]) -> Decimal:
    return sum((line.client.payment_amount or Decimal(0) for line in lines if line.client.payment_currency), Decimal(0))


@pytest.mark.clause("handoff 4.4")
@settings(max_examples=200)
@given(rows=histories(), seed=st.integers(0, 9))
def test_totals_are_the_sums_of_the_lines_to_the_kopeck(rows: list[Registered], seed: int) -> None:
    for made in course_of(rows, MONTHS, seed)[0]:
        accepted = [*made.section(Section.ACCEPTED), *made.section(Section.LATER)]
        undone = list(made.section(Section.REVERSED))
        for totals in (made.partners, made.currencies):
            assert sum(t.accepted for t in totals) == len(accepted)
            assert sum(t.reversed for t in totals) == len(undone)
            assert sum((t.amount for t in totals if t.currency), Decimal(0)) == _sum(accepted)
            assert sum((t.reversed_amount for t in totals if t.currency), Decimal(0)) == _sum(undone)
            assert all(t.amount == t.reversed_amount == 0 for t in totals if t.currency is None)
        assert len(made.currencies) == len({t.currency for t in made.partners})


# --- its sheets and its words ---


def _sheets(made: Report) -> tuple[Sheet, ...]:
    return sheets(made, company="Моё дело", zone="Europe/Moscow", built_at=at("2026-11-02 10:00"), calendar=COMPANY, language="ru")


def test_a_workbook_has_a_summary_and_a_sheet_for_each_section_in_russian() -> None:
    made = _sheets(report(row(), row("u2", access_granted_at=None)))
    assert [sheet.title for sheet in made] == ["Итоги", "Приняты", "Приняты позже", "Без доступа", "Отмены"]
    assert made[0].above == (
        "Отчёт по принятым клиентам за октябрь 2026",
        "Моё дело",
        "Сформирован 02.11.2026 10:00; даты и время: Europe/Moscow",
    )
    words = [c.heading for sheet in made for table in sheet.tables for c in table.columns]
    assert all(word[0] in "АВДЗИКЛМНОПРСТЧ" for word in words), "a heading is not in the catalogue"
    cells = {c.heading: cell for c, cell in zip(made[1].tables[0].columns, made[1].tables[0].rows[0], strict=True)}
    assert cells["Доступ открыт"] == datetime(2026, 10, 12, 10, 0)  # noqa: DTZ001 - local
    assert cells["Начало тарифа"] == date(2026, 11, 1)
    assert cells["Дата платежа"] == date(2026, 10, 11)
    assert (cells["Сумма"], cells["Валюта"], cells["Линейка тарифов"]) == (Decimal("12000.10"), "RUB", "Бюро")
    assert (cells["Первый контакт (2.2.4)"], cells["В расчёты (4.3)"], cells["Почему нет"]) == ("пока неизвестно", "да", "")
    apart = {c.heading: cell for c, cell in zip(made[3].tables[0].columns, made[3].tables[0].rows[0], strict=True)}
    assert (apart["В расчёты (4.3)"], apart["Почему нет"]) == ("нет", "доступ в биллинге не открыт")


def test_every_word_of_the_report_stands_in_the_catalogue() -> None:
    for section in Section:
        for place in ("sheet", "section", "about"):
            assert text("ru", "report", place, section) != section
    for state in ContactState:
        assert text("ru", "report", "contact", state) != state
    for reason in ("no_access", "access_after_month", "reversed"):
        assert text("ru", "report", "unsettled", reason) != reason


def test_the_words_of_the_e_mail_name_at_most_so_many_and_say_how_many_more() -> None:
    waiting = [row(f"u{n}", access_granted_at=None) for n in range(LISTED + 3)]
    said = summary(report(row("u0", round=2), *waiting), COMPANY, "ru")
    assert said["counts"] == {"accepted": 1, "accepted_later": 0, "without_access": LISTED + 3, "reversed": 0, "undone": 0}
    assert isinstance(said["apart"], list)
    assert (len(said["apart"]), said["apart_more"]) == (LISTED, 3)
    assert said["totals"] == [
        {
            "accepted": 1,
            "amount": "12\u00a0000,10\u00a0₽",
            "reversed": 0,
            "reversed_amount": "0,00\u00a0₽",
            "net": "12\u00a0000,10\u00a0₽",
        }
    ]


def test_a_partner_of_two_names_is_one_partner_under_the_newest() -> None:
    made = report(row(), row("u2", partner_name="ООО Новое", at=at("2026-10-15 12:00")))
    [total] = made.partners
    assert (total.partner_name, total.accepted, total.amount) == ("ООО Новое", 2, Decimal("24000.20"))


def test_instants_are_utc_whatever_the_zone() -> None:
    assert month(OCTOBER, COMPANY).begins.tzinfo is UTC
