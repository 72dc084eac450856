"""What stands in a report and in a plan (onboarding 4.4), and how people read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulations.onboarding.effects import PaperToDraw
from regulations.onboarding.paper_lines import Done, Kept, Plan, Report, plan, report
from regulations.onboarding.paper_words import Heading, file_name, plan_sheets, plan_values, report_sheets, report_values
from regulations.pages import LISTED, LONGEST
from tests.regulations.course import KYIV, at
from tests.regulations.onboarding.kept import NOW, client, day_of, done, kept, kyiv, report_of, visit, week_of


def reported(held: Kept, paper: PaperToDraw | None = None, reported_at: str | None = None) -> Report:
    return report(paper or report_of(), held, at(reported_at, KYIV) if reported_at else None, NOW, kyiv)


def planned(held: Kept, paper: PaperToDraw | None = None) -> Plan:
    return plan(paper or day_of(), held, NOW, kyiv)


def heading(paper: PaperToDraw) -> Heading:
    return Heading("Олена Коваль", paper, NOW, "uk", kyiv)


# --- the report --------------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 4.4.1")
def test_a_report_tells_what_was_done_on_its_day_by_the_hour() -> None:
    held = kept(
        done=(
            done("2026-11-17 15:00", "contact", "k-1", minutes=20),
            done("2026-11-17 00:00:00", minutes=60),
            done("2026-11-16 23:59:59", id="v-0"),
            done("2026-11-17 17:00:01", id="v-9"),
            done("2026-11-17 12:00", id="v-2", manager="u42"),
        )
    )
    found = reported(held)
    assert [one.row.id for one in found.done] == ["v-1", "k-1"]
    assert (found.minutes, found.earlier, found.missed) == (80, (), ())


@pytest.mark.clause("onboarding 4.4.1")
def test_days_off_stand_in_the_report_after_them() -> None:
    held = kept(done=(done("2026-11-14 12:00"), done("2026-11-13 12:00", id="v-0")))
    assert [one.row.id for one in reported(held, report_of("2026-11-16", since="2026-11-14")).done] == ["v-1"]


@pytest.mark.clause("onboarding 4.4.1")
@pytest.mark.parametrize(("learnt", "told"), [("2026-11-16 17:30", 0), ("2026-11-16 17:30:01", 1)])
def test_what_was_learnt_after_the_report_before_stands_in_this_one(learnt: str, told: int) -> None:
    held = kept(done=(done("2026-11-13 12:00", learnt=learnt), done("2026-11-17 09:00", id="v-2", learnt="2026-11-17 09:01")))
    found = reported(held, reported_at="2026-11-16 17:30")
    assert (len(found.earlier), [one.row.id for one in found.done]) == (told, ["v-2"])
    assert reported(held).earlier == (), "before the first report nothing is late"


@pytest.mark.clause("onboarding 4.4.1")
def test_a_planned_visit_that_nobody_made_is_told() -> None:
    held = kept(
        done=(done("2026-11-17 14:00", id="v-3"), done("2026-11-16 10:00", id="v-2", client="c-2", manager="u42")),
        visits=(
            visit("2026-11-17 10:00", "v-1", client="c-2"),
            visit("2026-11-17 11:00", "v-2", client="c-2"),  # made a day earlier, by somebody else
            visit("2026-11-17 12:00", "v-4"),  # made at another hour, under another id
            visit("2026-11-17 13:00", "v-5", client="c-2", state="cancelled"),
            visit("2026-11-17 17:00", "v-6", client="c-2"),  # it may still be made
        ),
    )
    assert [one.visit for one in reported(held).missed] == ["v-1"]


# --- the plan ----------------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 4.4.2")
def test_a_plan_has_the_visits_of_its_days_with_their_times() -> None:
    held = kept(
        visits=(
            visit("2026-11-18 15:00", "v-2"),
            visit("2026-11-18 00:00", "v-1"),
            visit("2026-11-19 00:00", "v-3"),
            visit("2026-11-18 16:00", "v-4", state="cancelled"),
        )
    )
    assert [one.visit for one in planned(held).visits] == ["v-1", "v-2"]
    assert [one.visit for one in planned(kept(visits=(visit("2026-11-21 10:00"),)), day_of("2026-11-23", "2026-11-21")).visits] == ["v-1"]


@pytest.mark.clause("onboarding 4.4.2")
@pytest.mark.parametrize(
    ("due", "visits", "named"),
    [
        ("2026-11-29 23:59:59", (), True),
        ("2026-11-30 00:00", (), False),
        ("2026-11-13 18:00", (), True),  # overdue
        (None, (), False),
        ("2026-11-27 18:00", (visit("2026-11-25 10:00"),), False),
        ("2026-11-27 18:00", (visit("2026-11-20 10:00"),), False),  # before the period, and yet in time
        ("2026-11-27 18:00", (visit("2026-11-25 10:00", state="cancelled"),), True),
        ("2026-11-27 18:00", (visit("2026-11-25 10:00", client="c-2"),), True),
        ("2026-11-27 18:00", (visit("2026-11-30 10:00"),), True),  # after the period
        ("2026-11-27 18:00", (visit("2026-11-17 16:59"),), True),  # it has been
    ],
)
def test_a_plan_names_the_clients_who_need_a_visit_and_have_none(due: str | None, visits: Any, named: bool) -> None:
    found = planned(kept(clients=(client(due=due),), visits=visits), week_of())
    assert bool(found.without_visit) is named


# --- as people read it -------------------------------------------------------------------------------------------------


@pytest.mark.clause("onboarding 4.4")
def test_an_empty_report_is_still_a_report() -> None:
    values: dict[str, Any] = report_values(reported(kept()), kept(), heading(report_of()))
    assert values["title"] == "Звіт за 17.11.2026"
    assert [(s["caption"], s["lines"], s["none"]) for s in values["sections"]] == [("Виконано", [], "Нічого не записано.")]
    assert plan_values(planned(kept()), kept(), heading(day_of()))["sections"][0]["none"] == "Візитів не заплановано."  # type: ignore[index,call-overload]


@pytest.mark.clause("onboarding 4.4.1")
def test_a_report_in_words() -> None:
    held = kept(
        done=(
            done("2026-11-17 10:00", minutes=80, text="оновлено\nкомплект"),
            done("2026-11-17 12:00", "competitor", "x-1", text="знижка"),
            done("2026-11-10 12:00", "need", "n-1", learnt="2026-11-17 09:00", text="друге місце"),
        ),
        visits=(visit("2026-11-17 14:00", "v-7", client="c-2", minutes=30, purpose="навчання"),),
    )
    values: dict[str, Any] = report_values(reported(held, reported_at="2026-11-16 17:30"), held, heading(report_of()))
    assert [(s["caption"], s["note"], s["lines"]) for s in values["sections"]] == [
        (
            "Виконано",
            "витрачено 1 год 20 хв",
            [
                "10:00 ТОВ «Ромашка»: візит, 80 хв. оновлено комплект",
                "12:00 ТОВ «Ромашка»: дії конкурента. знижка",
            ],
        ),
        ("Заплановано, але не відбулося", "", ["14:00–14:30 ПП «Волошка»: навчання"]),
        (
            "Виконано раніше, внесено після попереднього звіту",
            "",
            ["вт 10.11.2026 12:00 ТОВ «Ромашка»: потреба клієнта. друге місце"],
        ),
    ]
    (sheet,) = report_sheets(reported(held, reported_at="2026-11-16 17:30"), held, heading(report_of()))
    assert [len(table.rows) for table in sheet.tables] == [2, 1, 1]
    assert sheet.above == ("Звіт за 17.11.2026", "Менеджер: Олена Коваль", "Станом на вт 17.11.2026 17:00")
    assert len(report_sheets(reported(kept()), kept(), heading(report_of()))[0].tables) == 2


@pytest.mark.clause("onboarding 4.4.2")
def test_a_plan_in_words() -> None:
    late, soon = client("c-1", "2026-11-13 18:00"), client("c-2", "2026-11-27 18:00")
    held = kept(clients=(soon, late), visits=(visit("2026-11-24 10:00", client="c-9"),))
    values: dict[str, Any] = plan_values(planned(held, week_of()), held, heading(week_of()))
    assert values["title"] == "План візитів на тиждень 23.11.2026–29.11.2026"
    assert [s["lines"] for s in values["sections"]] == [
        ["вт 24.11.2026 10:00 c-9"],
        [
            "ТОВ «Ромашка»: оновлення прострочено, строк був пт 13.11.2026 18:00 (комплект «Законодавство»)",
            "ПП «Волошка»: оновити до пт 27.11.2026 18:00 (комплект «Законодавство»)",
        ],
    ]
    (sheet,) = plan_sheets(planned(held, week_of()), held, heading(week_of()))
    assert [len(table.rows) for table in sheet.tables] == [1, 2]


def test_file_names_name_no_person() -> None:
    month = PaperToDraw(paper="month_plan", since=NOW.date(), first=NOW.date().replace(day=1), last=NOW.date())
    named = [file_name(heading(paper)) for paper in (report_of(), day_of(), week_of(), month)]
    assert named == [
        "Звіт 2026-11-17.xlsx",
        "План на день 2026-11-18.xlsx",
        "План на тиждень 2026-11-23.xlsx",
        "План на місяць 2026-11.xlsx",
    ]


def test_an_e_mail_names_so_many_and_says_how_many_more() -> None:
    many = tuple(done("2026-11-17 09:00", id=f"v-{number}", text="х" * 1_000) for number in range(LISTED + 5))
    values: dict[str, Any] = report_values(reported(kept(done=many)), kept(done=many), heading(report_of()))
    (section,) = values["sections"]
    assert (len(section["lines"]), section["more"]) == (LISTED, 5)
    assert {len(line) for line in section["lines"]} == {LONGEST}


MOMENTS = st.integers(0, 15 * 24 * 60).map(lambda minutes: at("2026-10-19 00:00", KYIV) + timedelta(minutes=minutes))


@pytest.mark.clause("onboarding 4.4.1")
@settings(max_examples=30)
@given(st.lists(st.tuples(MOMENTS, st.integers(0, 3000)), max_size=12))
def test_nothing_that_was_done_is_missing_from_the_reports_and_nothing_stands_twice(works: list[tuple[Any, int]]) -> None:
    """Two weeks of reports over the change of the clock, each as of 18:00; what is learnt later stands in the one after that."""
    held = [
        Done(row=done("2026-11-17 09:00", id=f"v-{number}").row.model_copy(update={"at": when}), learnt_at=when + timedelta(minutes=delay))
        for number, (when, delay) in enumerate(works)
    ]
    told: list[str] = []
    before = None
    for day in range(19 + 1, 32):
        now = at(f"2026-10-{day} 18:00", KYIV)
        known = kept(done=tuple(one for one in held if one.learnt_at <= now))
        found = report(report_of(f"2026-10-{day}"), known, before, now, kyiv)
        told += [one.row.id for one in (*found.done, *found.earlier)]
        before = now
    first, last = at("2026-10-20 00:00", KYIV), at("2026-10-31 18:00", KYIV)
    assert len(told) == len(set(told))
    wanted = {one.row.id for one in held if one.row.at >= first and one.learnt_at <= last}
    assert wanted <= set(told)
