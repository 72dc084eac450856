"""Chapter 2: in whose right a visa is given: by whoever has the role, by a deputy on the days of an absence, by nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from regulations.messages import Actor, PeopleChanged
from regulations.onboarding.slip_messages import VisaGiven, VisaRefused, VisaWithdrawn
from tests.regulations.onboarding.slips import DEPUTY, LAWYER, MONDAY, REASON, SALES, Slip, away, register, visa


@pytest.mark.clause("onboarding 2.1")
@pytest.mark.parametrize(
    ("moment", "counts"),
    [
        ("2026-11-16 23:59", False),
        ("2026-11-17 00:00", True),
        ("2026-11-18 12:00", True),
        ("2026-11-19 23:59", True),
        ("2026-11-20 00:00", False),
    ],
)
def test_a_deputy_acts_from_the_first_day_of_the_absence_to_the_last(moment: str, counts: bool) -> None:
    slip = Slip(MONDAY)
    slip.roster = register({LAWYER.id: away("2026-11-17", "2026-11-19")})
    slip.begin().go_to(moment)
    deputy = Actor(id=DEPUTY, role="lawyer")
    if not counts:
        assert slip.refused(VisaGiven, **visa("2.1", by=deputy)) == "NotInRole"
        return
    slip.visa("2.1", by=deputy)
    row = slip.visa_row("2.1")
    assert (row.person, row.by) == (LAWYER.id, DEPUTY)
    assert any("за l1" in fact.note for fact in slip.state.facts)


@pytest.mark.clause("onboarding 2.1")
def test_it_counts_on_which_day_the_visa_was_given_not_on_which_it_is_told() -> None:
    slip = Slip()
    slip.roster = register({LAWYER.id: away("2026-11-17", "2026-11-17")})
    slip.begin().go_to("2026-11-18 10:00")
    deputy = Actor(id=DEPUTY, role="lawyer")
    assert slip.refused(VisaGiven, **visa("2.1", by=deputy)) == "NotInRole"
    slip.visa("2.1", slip.at("2026-11-17 10:00"), by=deputy)
    assert slip.standings()["2.1/1"] == "met"


@pytest.mark.clause("onboarding 2.1")
def test_whoever_has_the_role_and_comes_back_early_acts_too_and_both_visas_are_one() -> None:
    slip = Slip()
    slip.roster = register({LAWYER.id: away("2026-11-16", "2026-11-20")})
    slip.begin().visa("2.1", by=Actor(id=DEPUTY, role="lawyer")).visa("2.1")
    assert (slip.visa_row("2.1").by, slip.state.answer) == (DEPUTY, "stands")


@pytest.mark.clause("onboarding 2.3")
@pytest.mark.parametrize(
    ("absences", "acts"),
    [
        ({"a1": away("2026-11-16", "2026-11-16", "l1"), "l1": away("2026-11-16", "2026-11-16")}, True),
        ({"a1": away("2026-11-16", "2026-11-16", "l1"), "l1": away("2026-11-16", "2026-11-16", "a1")}, False),
    ],
)
def test_a_deputy_who_is_absent_too_is_stood_in_for_and_a_ring_gives_nobody_a_right(absences: dict[str, Any], acts: bool) -> None:
    slip = Slip()
    slip.roster = register(absences)
    slip.begin()
    for id, may in ((DEPUTY, acts), ("l1", False)):
        if may:
            assert slip.visa("2.3", by=Actor(id=id, role="accountant")).visa_row("2.3").person == "a1"
        else:
            assert slip.refused(VisaGiven, **visa("2.3", by=Actor(id=id, role="accountant"))) == "NotInRole"


@pytest.mark.clause("onboarding 2")
def test_a_person_may_hold_two_roles() -> None:
    slip = Slip()
    slip.roster = tuple(
        holder.model_copy(update={"roles": ("lawyer", "accountant")}) if holder.person == LAWYER.id else holder for holder in register()
    )
    slip.begin().visa("2.1").visa("2.3", by=Actor(id=LAWYER.id, role="accountant"))
    slip.roster = register()
    slip.say(PeopleChanged)
    assert slip.refused(VisaWithdrawn, item="2.3", reason=REASON, by=Actor(id=LAWYER.id, role="accountant")) == "NotInRole"
    assert slip.states()["2.3"] == "given", "what was given in its right stands"


@pytest.mark.clause("onboarding 2.1")
def test_somebody_who_says_to_have_a_role_and_has_it_not_in_the_register_is_refused() -> None:
    slip = Slip().begin()
    pretender = Actor(id=SALES.id, role="lawyer")
    assert slip.refused(VisaGiven, **visa("2.1", by=pretender)) == "NotInRole"
    for kind in (VisaRefused, VisaWithdrawn):
        assert slip.refused(kind, item="2.1", reason=REASON, by=pretender) == "NotInRole"
    assert slip.refused(VisaGiven, **visa("2.1", by=Actor(id="nobody", role="lawyer"))) == "NotInRole"
