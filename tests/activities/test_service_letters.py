"""The letters of a manager's papers, as the rules hand them over: both forms tell the same, in Ukrainian."""

from __future__ import annotations

import pytest

from regulations.effects import KeptFile, Letter
from regulations.onboarding.diary_state import Draw
from regulations.onboarding.effects import DrawnPaper, DrawnPapers, PaperToDraw
from regulations.onboarding.paper_lines import plan, report
from regulations.onboarding.paper_words import Heading, file_name, plan_values, report_values
from tests.activities.test_sale_letters import composed
from tests.regulations.onboarding.diaries import Diary
from tests.regulations.onboarding.kept import client, done, kept, kyiv, visit

MONDAY = "2026-11-16"
HELD = kept(
    clients=(client("c-2"),),
    done=(done(f"{MONDAY} 09:30", minutes=45, text="оновлено <комплект> & звірено"),),
    visits=(visit("2026-11-17 10:00", minutes=60, purpose="навчання"),),
)


class Told(Diary):
    """A diary whose papers are drawn up from rows."""

    def drawn(self, draw: Draw) -> DrawnPapers:
        asked = draw.question
        return DrawnPapers(manager="Олена Коваль", papers=tuple(_drawn(paper, draw) for paper in asked.papers))


def _drawn(paper: PaperToDraw, draw: Draw) -> DrawnPaper:
    now = draw.question.now
    heading = Heading("Олена Коваль", paper, now, "uk", kyiv)
    if paper.paper == "day_report":
        values = report_values(report(paper, HELD, None, now, kyiv), HELD, heading)
    else:
        values = plan_values(plan(paper, HELD, now, kyiv), HELD, heading)
    return DrawnPaper(file=KeptFile(name=file_name(heading), content_type="a/b", sha256="a" * 64), values=values, lines=1)


def letters() -> dict[str, Letter]:
    """A draft, a report that is confirmed, a plan that is not."""
    case = Told()
    case.begin().go_to(f"{MONDAY} 17:30").confirm(MONDAY, "day_report", remark="усе <добре>").go_to(f"{MONDAY} 18:00")
    return dict(zip(("drafts", "confirmed", "unconfirmed"), case.letters, strict=True))


@pytest.mark.clause("onboarding 4.4")
@pytest.mark.parametrize(
    ("which", "subject", "told"),
    [
        (
            "drafts",
            "Підтвердьте: Звіт за 16.11.2026; План візитів на 17.11.2026",
            ["до пн 16.11.2026 18:00", "оновлено <комплект> & звірено", "10:00–11:00 ТОВ «Ромашка»: навчання"],
        ),
        (
            "confirmed",
            "Звіт за 16.11.2026, Олена Коваль",
            ["Підтверджено 16.11.2026 17:30", "усе <добре>", "09:30 ТОВ «Ромашка»: візит, 45 хв", "витрачено 45 хв"],
        ),
        (
            "unconfirmed",
            "Не підтверджено: План візитів на 17.11.2026, Олена Коваль",
            ["Менеджер не підтвердив: це чернетка", "10:00–11:00 ТОВ «Ромашка»: навчання"],
        ),
    ],
)
def test_a_letter_tells_all_in_both_forms(which: str, subject: str, told: list[str]) -> None:
    found, text, page, links = composed(letters()[which])
    assert (found, links) == (subject, [])
    for words in (*told, "Моя компанія", "Станом на", "Пункт 4.4"):
        assert " ".join(words.split()) in " ".join(text.split())
        assert " ".join(words.split()) in page
    assert "\n\n\n" not in text.replace("\r", "")
    assert "{" not in text


def test_an_empty_report_says_so() -> None:
    case = Told("2026-11-19 10:00")
    case.begin().go_to("2026-11-19 17:30")
    _, text, page, _ = composed(case.letters[0])
    for shown in (text, page):
        assert "Нічого не записано." in shown
        assert "Візитів не заплановано." in shown
