"""The control time of a zone (7.1), and the working days of a period in it (6.2)."""

from __future__ import annotations

from datetime import date

import pytest

from regulations.control_time import calendar_named, control_name, is_zone, working_days_left
from regulations.time.working_time import working_time
from tests.regulations.lead.course import at

VLADIVOSTOK = working_time(calendar_named(control_name("Asia/Vladivostok"), {}))
NEW_YEAR = date(2026, 12, 29), date(2027, 1, 12)
WORKING = [date(2026, 12, 29), date(2026, 12, 30), date(2027, 1, 11), date(2027, 1, 12)]


@pytest.mark.clause("lead 6.2")
@pytest.mark.parametrize(
    ("now", "gone"), [("2026-12-29 23:59", 0), ("2026-12-30 00:00", 1), ("2027-01-11 23:59", 2), ("2027-01-13 00:00", 4)]
)
def test_a_period_has_the_working_days_that_are_not_over_in_the_centres_zone(now: str, gone: int) -> None:
    assert working_days_left(VLADIVOSTOK, *NEW_YEAR, at(now)) == WORKING[gone:]


@pytest.mark.clause("lead 7.1")
def test_a_zone_that_does_not_exist_has_no_control_time() -> None:
    assert is_zone("Europe/Kaliningrad")
    assert not is_zone("Europe/Vladivostok")
