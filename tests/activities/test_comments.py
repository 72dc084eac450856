"""The activity that checks comments: what it answers, and that it is quick enough for a local read."""

from __future__ import annotations

from temporalio.testing import ActivityEnvironment

from activities.comments import Comments
from regulations.partner.effects import CommentQuestion, CommentVerdict
from tests.regulations.partner.labelled_comments import morphology

GOOD = "Было: прислал 5 записей звонков. Сейчас: 30 заявок, 2 договора. Планирует: нанять оператора до пятницы."


async def asked(text: str) -> CommentVerdict:
    return await ActivityEnvironment().run(Comments(morphology()).check_comment, CommentQuestion(comment="k-1", text=text))


async def test_it_says_of_each_part_whether_it_is_there() -> None:
    verdict = await asked(GOOD)
    assert verdict.counts
    assert [part for part, _ in verdict.found] == ["was", "now", "plans"]
    poor = await asked("Было: прислал 5 записей звонков. Сейчас: всё хорошо.")
    assert (poor.counts, poor.missing, poor.empty) == (False, ("plans",), ("now",))


async def test_the_same_comment_gets_the_same_verdict() -> None:
    assert await asked(GOOD) == await asked(GOOD)
