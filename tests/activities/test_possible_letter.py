"""The letter that a replacement may be asked for (1): both forms say the same, and load nothing from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.activities.test_letter_templates import Page, composed

VALUES: dict[str, Any] = {
    "company": "Компания",
    "franchisee": "ИП <b>Петров</b>",
    "account": "a-2071",
    "period": "2026-10",
    "balance": 248,
    "identifications": 1_000,
    "replace": 331,
    "listen": 77,
    "reject": 442,
}


def rendered(**values: Any) -> tuple[str, str, Page]:
    return composed("replacement/possible", VALUES | values)


@pytest.mark.clause("replacement 1")
def test_both_forms_name_the_tariff_what_is_left_of_it_and_how_many_cards_would_pass() -> None:
    subject, text, page = rendered()
    assert "2026-10" in subject
    for form in text, "".join(page.text):
        places = [form.index(word) for word in ("ИП <b>Петров</b>", "аккаунт a-2071", "248", "1000", "331", "77", "442", "Компания")]
        assert places == sorted(places)
        assert "просить не о чем" not in form
    assert (page.loaded, page.open, page.links) == ([], [], [])


def test_where_nothing_would_pass_it_says_so_and_a_nameless_franchisee_is_greeted() -> None:
    _, text, page = rendered(replace=0, listen=0, franchisee="")
    for form in text, "".join(page.text):
        assert "просить не о чем" in form
        assert "Здравствуйте!" in form
    assert "\n\n\n" not in text
    assert "просить не о чем" not in rendered(replace=0, listen=1)[1]
