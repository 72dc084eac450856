"""Calendars as data: what is refused and why, the canonical form, versions, and the zones they name."""

from __future__ import annotations

import copy
import pickle
from datetime import date, datetime
from typing import Any

import pytest

from regulations.time.calendar_spec import OFFICE_WEEK, CalendarError, CalendarSpec
from regulations.time.working_time import working_time
from regulations.time.zones import ZoneError, zone

MOSCOW = working_time(CalendarSpec.simple("Europe/Moscow", "RU"))


def test_rule_9_wrong_calendars_are_refused_with_field_and_remedy() -> None:
    base: dict[str, Any] = {"tz": "Europe/Moscow", "country": "RU"}
    fields: list[tuple[dict[str, Any], str]] = [
        ({"tz": "Moscow"}, "field 'tz'.*'Moscow'.*IANA"),
        ({"tz": "../../etc/passwd"}, "field 'tz'"),
        ({"tz": "zone.tab"}, "field 'tz'"),
        ({"tz": "tzdata.zi"}, "field 'tz'"),
        ({"tz": 3}, "field 'tz' is int"),
        ({"country": "DE"}, "use one of KZ, RU, UA"),
        ({"country": 3}, "field 'country' is int"),
        ({"subdivision": "XX"}, "'XX' is not in the production calendar"),
        ({"country": None, "subdivision": "MOW"}, "'subdivision' needs a country"),
        ({"weekly": []}, "field 'weekly': give an object"),
        ({"weekly": {"monday": []}}, "unknown day 'monday'"),
        ({"weekly": {"mon": "09:00-18:00"}}, "'weekly.mon': give a list"),
        ({"weekly": {"mon": [["09:00"]]}}, "an interval is a pair"),
        ({"weekly": {"mon": [["9:00", "18:00"]]}}, "write times as 09:00"),
        ({"weekly": {"mon": [["09:00", "24:01"]]}}, "write times as 09:00, at most 24:00"),
        ({"weekly": {"mon": [["09:00", "09:00"]]}}, "empty interval"),
        ({"weekly": {"mon": [["09:00", "13:00"], ["12:00", "18:00"]]}}, "overlap at 12:00"),
        ({"weekly": {"mon": []}}, "no day that is ever open"),
        ({"closed": "2026-12-31"}, "field 'closed': give a list"),
        ({"closed": ["31.12.2026"]}, "write dates as 2026-12-31"),
        ({"closed": ["2026-02-30"]}, "write dates as 2026-12-31"),
        ({"open": ["2026-12-31"]}, "field 'open': give an object"),
        ({"open": {"2026-12-26": [["18:00", "09:00"]]}}, "runs over midnight"),
        ({"short_days": 1}, "field 'short_days' is int: give true or false"),
        ({"layers": ["decree"]}, "field 'layers' has 'decree': use any of statute"),
        ({"layers": "statute"}, "field 'layers' is str"),
        ({"colour": "red"}, "unknown field 'colour'"),
    ]
    for wrong, message in fields:
        with pytest.raises(CalendarError, match=message):
            working_time(CalendarSpec.from_json({**base, **wrong}))
    none: Any = None
    for missing, message in [({"country": "RU"}, "no field 'tz'"), ({"tz": "Europe/Moscow"}, "no field 'country'"), (none, "missing")]:
        with pytest.raises(CalendarError, match=message):
            CalendarSpec.from_json(missing)


def test_a_spec_is_a_value_and_its_json_form_is_canonical() -> None:
    data = {
        "tz": "Europe/Moscow",
        "country": "RU",
        "weekly": {"mon": [["14:00", "18:00"], ["09:00", "13:00"]], "sun": [["00:00", "24:00"]]},
        "closed": ["2026-12-31", "2026-12-30", "2026-12-31"],
        "open": {"2026-12-26": [["09:00", "17:00"]]},
        "short_days": True,
        "layers": ["region", "statute"],
        "subdivision": "RU-TA",
        "name": "support",
    }
    spec = CalendarSpec.from_json(data)
    assert CalendarSpec.from_json(spec.to_json()) == spec
    assert hash(CalendarSpec.from_json(spec.to_json())) == hash(spec)
    assert spec.closed == (date(2026, 12, 30), date(2026, 12, 31))
    assert spec.to_json()["weekly"]["mon"] == [["09:00", "13:00"], ["14:00", "18:00"]]
    assert working_time(spec) is working_time(CalendarSpec.from_json(spec.to_json()))
    assert CalendarSpec.simple("Europe/Moscow", "RU").weekly == OFFICE_WEEK
    assert CalendarSpec.simple("Europe/Moscow", "RU", "09:00-13:00, 14:00-18:00").weekly[0] == ((32400, 46800), (50400, 64800))
    with pytest.raises(CalendarError, match="hours"):
        CalendarSpec.simple("Europe/Moscow", "RU", "nine to five")


def version(**fields: Any) -> str:
    return working_time(CalendarSpec.from_json({"tz": "Europe/Moscow", "country": "RU", **fields})).version


def test_the_version_names_everything_that_decides() -> None:
    assert MOSCOW.version.startswith("RU 2026.1; tz 20")
    assert version(name="other name") == MOSCOW.version
    assert version(short_days=True) != version(closed=["2026-12-30"]) != MOSCOW.version
    assert version(country=None).startswith("own; tz ")


def test_zones_can_be_copied_and_pickled_and_wrong_ones_are_refused() -> None:
    due = MOSCOW.due("3 working hours", datetime.fromisoformat("2026-11-20T17:30")).at
    assert copy.deepcopy(due) == due
    assert pickle.loads(pickle.dumps(due)).tzinfo is due.tzinfo  # noqa: S301 - our own bytes
    for name in ("", "Europe", "Europe/Moscow/", "Nowhere/Land", "/etc/localtime"):
        with pytest.raises(ZoneError, match="IANA"):
            zone(name)
