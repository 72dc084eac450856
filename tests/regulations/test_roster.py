"""Who may act in a role, and who stands in for whom: chains of deputies, rings, the first and the last day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from regulations.roster import Absence, Authority, Holder, authority, stands_in

DAY = date(2026, 8, 3)


def absence(deputy: str, first: int = 0, last: int = 0) -> Absence:
    """Of days counted from `DAY`."""
    return Absence(first=DAY + timedelta(days=first), last=DAY + timedelta(days=last), deputy=deputy)


def holder(person: str, *roles: str, absences: tuple[Absence, ...] = ()) -> Holder:
    return Holder(person=person, roles=roles, absences=absences)


LAWYER = holder("u1", "lawyer", absences=(absence("u2", 0, 2),))


@pytest.mark.parametrize(("day", "acts"), [(-1, False), (0, True), (2, True), (3, False)])
def test_a_deputy_acts_from_the_first_day_to_the_last(day: int, acts: bool) -> None:
    found = authority([LAWYER, holder("u2", "accountant")], "u2", "lawyer", DAY + timedelta(days=day))
    assert found == (Authority(person="u1", deputy=True) if acts else None)


def test_who_has_a_role_acts_in_its_own_right_also_while_it_stands_in_or_is_absent() -> None:
    both = [LAWYER, holder("u2", "lawyer")]
    assert authority(both, "u2", "lawyer", DAY) == Authority(person="u2", deputy=False)
    assert authority(both, "u1", "lawyer", DAY) == Authority(person="u1", deputy=False)


def test_a_deputy_has_no_role_of_somebody_who_is_there() -> None:
    assert authority([LAWYER, holder("u3", "accountant")], "u2", "accountant", DAY) is None
    assert authority([LAWYER], "u9", "lawyer", DAY) is None


def test_a_deputy_who_is_absent_too_is_stood_in_for_and_may_not_itself() -> None:
    chain = [LAWYER, holder("u2", absences=(absence("u3", 1, 1),)), holder("u3", absences=(absence("u4", 5, 9),))]
    acts = {day: [p for p in ("u2", "u3", "u4") if authority(chain, p, "lawyer", DAY + timedelta(days=day))] for day in range(4)}
    assert acts == {0: ["u2"], 1: ["u3"], 2: ["u2"], 3: []}


def test_in_a_ring_of_absent_deputies_nobody_stands_in() -> None:
    ring = [LAWYER, holder("u2", absences=(absence("u3"),)), holder("u3", absences=(absence("u2"),)), holder("u4", "clerk")]
    for person in ("u1", "u2", "u3"):
        assert stands_in(ring, person, DAY) == person
    assert [p for p in ("u2", "u3", "u4") if authority(ring, p, "lawyer", DAY)] == []
    assert stands_in(ring, "u1", DAY + timedelta(days=1)) == "u2", "the ring holds on its day alone"


def test_somebody_whom_the_roster_does_not_know_is_there() -> None:
    assert stands_in([LAWYER], "u7", DAY) == "u7"
    assert stands_in([LAWYER], "u1", DAY) == "u2"
