"""The letters to people inside: both forms say all they were given, in both languages, and load nothing from elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest

from runtime.letters import Composition, Letters
from tests.activities.test_letter_templates import LETTERS, Page

COMMON: dict[str, Any] = {"subject": "reglament: 1 нарушение", "more": "… и ещё 3 строки.", "footer": "Сформировано", "company": "Компания"}
ITEM = {"text": "2.2.4 Первый контакт", "due": "пт 20.11.2026 18:00 (+03:00)"}
OWN: dict[str, dict[str, Any]] = {
    "round": {
        "groups": [
            {"title": "Нарушения", "cases": [{"case": "handoff/D-1", "items": [ITEM, {"text": "без срока", "due": ""}]}]},
            {"title": "Напоминания", "cases": [{"case": "handoff/D-2", "items": [ITEM]}]},
        ]
    },
    "digest": {
        "title": "Просрочено",
        "items": [
            {"case": "handoff/D-1", "text": "2.2.4 Контакт", "owner": "контакт-центр", "due": "срок пт", "late": "на 10 ч"},
            {"case": "handoff/D-2", "text": "2.2.5 CRM", "owner": "контакт-центр", "due": "срок чт", "late": ""},
        ],
    },
}


def rendered(language: str, name: str, **values: Any) -> tuple[str, str, Page]:
    composition = Composition(
        key="key",
        template=f"notices/{name}",
        language=language,
        recipients=("cc@company.example",),
        values=COMMON | OWN[name] | values,
        date=datetime(2026, 3, 2, tzinfo=UTC),
    )
    composed = Letters([LETTERS], "robot@company.example").compose(composition)
    message = message_from_bytes(composed.content, policy=policy.default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    page = Page()
    page.feed(html.get_content())
    return composed.subject, text.get_content().replace("\r\n", "\n"), page


def said(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    inner = value.values() if isinstance(value, dict) else value
    return [text for one in inner for text in said(one)]


def test_every_language_has_every_letter() -> None:
    names = {f"{name}.{part}.j2" for name in OWN for part in ("subject", "txt", "html")}
    assert {p.name for p in (LETTERS / "uk" / "notices").iterdir()} == names
    assert {p.name for p in (LETTERS / "ru" / "notices").iterdir()} == names | {"layout.html.j2"}


@pytest.mark.parametrize("language", ["ru", "uk"])
@pytest.mark.parametrize("name", OWN)
def test_both_forms_say_all_in_one_order(language: str, name: str) -> None:
    subject, text, page = rendered(language, name)
    assert subject == COMMON["subject"]
    for form in text, "".join(page.text):
        places = []
        for words in said(OWN[name]):
            assert words in form
            places.append(form.index(words))
        assert places[0] == min(places)
        assert form.index(COMMON["more"]) > max(places)
        assert form.index("Компания. Сформировано") > form.index(COMMON["more"])
    assert page.loaded == []
    assert page.open == []


@pytest.mark.parametrize("name", OWN)
def test_nothing_more_leaves_no_hole(name: str) -> None:
    _, text, page = rendered("ru", name, more="")
    assert "ещё" not in text + "".join(page.text)
    assert "\n\n\n" not in text
    assert all(line == line.rstrip() or line == "-- " for line in text.split("\n"))
    assert "без срока —" not in text
    assert "срок чт;" not in text


@pytest.mark.parametrize("name", OWN)
def test_markup_in_a_value_is_text(name: str) -> None:
    own = str(OWN[name]).replace("2.2.4", "<b>2.2.4</b>")
    page = rendered("ru", name, **eval(own))[2]  # noqa: S307 - our own literal
    assert "<b>2.2.4</b>" in "".join(page.text)
