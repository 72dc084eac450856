"""What a case is given at its opening, besides its terms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from activities.planning import Planning
from regulations.calendar_spec import CalendarSpec
from regulations.editions import load_editions
from regulations.plans import OpeningRequest
from runtime.settings import Settings

UI = "https://temporal.example.org/namespaces/default"


@pytest.mark.clause("lead 3.3")
@pytest.mark.parametrize("ui", ["", UI])
async def test_an_opening_tells_where_the_cases_are_shown(ui: str) -> None:
    calendars = {"company": CalendarSpec.simple("Europe/Moscow", "RU")}
    planning = Planning(company="c", calendars=calendars, roles={}, editions=load_editions(), ui=ui)
    opening = await planning.open_case(OpeningRequest(regulation="handoff", at=datetime(2026, 11, 20, tzinfo=UTC)))
    assert opening.ui == ui


@pytest.mark.parametrize("wrong", ["temporal.example.org", "https://temporal.example.org", "https://temporal.example.org/namespaces/"])
def test_an_address_without_a_namespace_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGLAMENT_TEMPORAL_UI", UI)
    assert Settings().temporal_ui == UI
    monkeypatch.setenv("REGLAMENT_TEMPORAL_UI", wrong)
    with pytest.raises(ValidationError, match="temporal_ui"):
        Settings()
