"""Days, instants and months as people read them. Russian and Ukrainian write them alike, but for the words."""

from __future__ import annotations

from datetime import date, datetime

from regulations.catalogue import text


def day_text(day: date) -> str:
    """``23.11.2026``; of a local instant its day."""
    return f"{day:%d.%m.%Y}"


def minute_text(local: datetime) -> str:
    """A local instant whose zone is said elsewhere: ``23.11.2026 12:00``."""
    return f"{local:%d.%m.%Y %H:%M}"


def offset_text(local: datetime) -> str:
    """An aware local instant with its offset: ``23.11.2026 12:00 (+03:00)``."""
    return f"{minute_text(local)} ({local.isoformat()[-6:]})"


def weekday_word(language: str, day: date) -> str:
    """The day of the week, short: ``пн``."""
    return text(language, "weekday", str(day.isoweekday()))


def local_text(local: datetime, language: str) -> str:
    """An aware local instant as a term ends: ``пн 23.11.2026 12:00 (+03:00)``."""
    return f"{weekday_word(language, local)} {offset_text(local)}"


def month_words(language: str, month: str) -> str:
    """``октябрь 2026`` of ``2026-10``."""
    year, _, number = month.partition("-")
    return f"{text(language, 'month', str(int(number)))} {year}"
