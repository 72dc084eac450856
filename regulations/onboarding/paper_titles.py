"""What a manager's papers are called."""

from __future__ import annotations

from regulations.catalogue import text
from regulations.dates import day_text, month_words
from regulations.onboarding.diary_messages import Paper
from regulations.onboarding.diary_state import KIND
from regulations.onboarding.effects import DuePaper, PaperToDraw


def title(language: str, paper: DuePaper | PaperToDraw) -> str:
    """A paper in words: ``План візитів на 24.11.2026``."""
    kind: Paper = paper.paper
    values = {"day": day_text(paper.first), "last": day_text(paper.last), "month": month_words(language, f"{paper.first:%Y-%m}")}
    return text(language, KIND, "title", kind, **values)
