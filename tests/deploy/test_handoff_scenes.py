"""The demo ends as expected on whatever day and at whatever hour it is run: its scenes, played in memory at many starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.demo.handoffs import CALENDAR, EXPECTED, HandoffPlayer, scenes
from regulations import messages as m
from regulations.time.terms import parse_term
from starter.doors.table import DOORS
from tests.regulations.handoff.course import FILES, QUESTIONNAIRE, Course, sale

STARTS = [datetime(2026, 1, 1, 5, tzinfo=UTC) + n * timedelta(days=5, hours=7) for n in range(100)]


class MemoryPlayer:
    """Plays a scene against the pure rules instead of a server: the same moves, the same words."""

    fulfil = HandoffPlayer.fulfil

    def __init__(self, start: datetime) -> None:
        self.course = Course(start)
        self.skips = 0

    async def now(self) -> datetime:
        return self.course.now

    async def sell(self) -> None:
        self.course.deliver(sale(self.course.now))

    async def pay(self) -> None:
        self.course.pay()
        self.course.say(m.PaymentReceived)

    async def grant(self) -> None:
        self.course.grant()

    async def request(self, *, without: tuple[str, ...] = ()) -> None:
        answers = {k: v for k, v in QUESTIONNAIRE.items() if k not in without}
        self.course.say(m.RequestReceived, subject="x", message_id="<a@b>", files=FILES, questionnaire=answers)

    async def say(self, what: str, **data: Any) -> None:
        self.course.say(DOORS[f"handoff.{what}"].message, **data)

    async def until(self, moment: datetime) -> None:
        self.skips += 1
        self.course.go_to(moment)

    async def until_term(self, term: str, *, after: timedelta = timedelta(0)) -> None:
        await self.until(CALENDAR.due(parse_term(term), self.course.now).at.astimezone(UTC) + after)

    async def dues(self) -> dict[str, datetime]:
        due = {o.clause: o.due for o in self.course.state.obligations if o.standing == "open" and o.due is not None}
        return dict(sorted(due.items(), key=lambda pair: pair[1]))

    async def done(self) -> None:
        assert self.course.state.ended


@pytest.mark.parametrize("deal", EXPECTED)
async def test_a_scene_ends_as_expected_whenever_it_is_played(deal: str) -> None:
    for start in STARTS:
        player = MemoryPlayer(start)
        await scenes[deal](player)  # type: ignore[arg-type]
        state = player.course.state
        standings = [o.standing.value for o in state.obligations]
        counts = tuple(standings.count(s) for s in ("met", "met_late", "waived"))
        breaches = sum(o.breached_at is not None for o in state.obligations)
        assert (state.outcome, *counts, breaches, len(player.course.letters), 1) == EXPECTED[deal], start


async def test_all_scenes_together_take_at_most_25_skips() -> None:
    players = [MemoryPlayer(STARTS[0]) for _ in scenes]
    for player, play in zip(players, scenes.values(), strict=True):
        await play(player)  # type: ignore[arg-type]
    assert sum(p.skips for p in players) <= 25
