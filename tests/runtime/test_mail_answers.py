"""Each e-mail is answered at most once, and no address too often; on both kinds of database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.mail_answers import MailAnswers

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


async def test_an_e_mail_keeps_its_place_and_an_address_has_so_many_within_a_day(engine: AsyncEngine) -> None:
    answers = MailAnswers(engine)
    assert [await answers.admit(f"m-{n}", "h-1", 3, DAY, NOW) for n in range(5)] == [True, True, True, False, False]
    assert await answers.admit("m-0", "h-1", 3, DAY, NOW)
    assert await answers.admit("m-9", "h-2", 3, DAY, NOW)
    assert [await answers.answered(f"m-{n}") for n in (0, 2, 3)] == [True, True, False]


async def test_a_day_after_an_answer_there_is_room_for_another_one(engine: AsyncEngine) -> None:
    answers = MailAnswers(engine)
    assert await answers.admit("m-1", "h-1", 1, DAY, NOW)
    assert not await answers.admit("m-2", "h-1", 1, DAY, NOW + DAY - timedelta(seconds=1))
    assert await answers.admit("m-2", "h-1", 1, DAY, NOW + DAY)


async def test_the_databases_own_time_counts_where_none_is_given(engine: AsyncEngine) -> None:
    answers = MailAnswers(engine)
    assert await answers.admit("m-1", "h-1", 1, DAY)
    assert not await answers.admit("m-2", "h-1", 1, DAY)
