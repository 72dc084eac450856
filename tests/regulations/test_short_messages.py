"""Short messages hold what three segments hold, whatever the values."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regulations.short_messages import LONGEST, short_message

pytestmark = pytest.mark.clause("partner 5.2")

SHORT = {"number": "N101", "sum": "1,00\u00a0₽"}


def units(words: str) -> int:
    return len(words.encode("utf-16-le")) // 2


def test_three_segments_are_filled_and_no_more() -> None:
    free = LONGEST - units(short_message("ru", "invoice", {**SHORT, "company": ""}))
    whole = short_message("ru", "invoice", {**SHORT, "company": "К" * free})
    assert (units(whole), whole.endswith("К…")) == (201, False)
    longer = short_message("ru", "invoice", {**SHORT, "company": "К" * (free + 1)})
    assert longer.endswith("без изменений.…"), "the word that is too long goes as a whole"
    assert units(longer) < 201


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=400))
@example("😀" * 200)
@example("слово " * 60)
def test_a_message_is_never_too_long_and_begins_as_it_should(company: str) -> None:
    said = short_message("ru", "invoice", {**SHORT, "company": company})
    assert units(said) <= LONGEST
    assert said.startswith("Счёт N101 на 1,00\u00a0₽ ")
    assert said.endswith(("…", company))


@pytest.mark.parametrize(("template", "values"), [("nothing", SHORT), ("invoice", SHORT)])
def test_what_cannot_be_said_is_refused(template: str, values: dict[str, str]) -> None:
    with pytest.raises(LookupError):
        short_message("ru", template, values)
