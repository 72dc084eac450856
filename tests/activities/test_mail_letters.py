"""The answers to e-mails that no case could take: every one renders, says what it must, and holds nothing to load."""

from __future__ import annotations

from typing import Any

import pytest

from regulations.catalogue import text
from regulations.replacement.form import OWN_CRM, SHORT_FORM, read_form
from tests.activities.test_letter_templates import LETTERS, Page, composed

ALL: dict[str, dict[str, Any]] = {
    "replacement_form": {"problems": ["«Логин клиента»: не указано", "«Скрипт»: нужна ссылка"]},
    "handoff_form": {"problems": ["логин клиента"]},
    "refused": {"reason": "Запрос уже принят", "case": "replacement/a-1/2026-01/1"},
    "too_large": {"megabytes": 30, "file_megabytes": 5},
}


def rendered(name: str, **changes: Any) -> tuple[str, str, Page]:
    return composed(f"mail/{name}", {**ALL[name], **changes, "company": "Моя компания"})


def test_every_template_is_tested() -> None:
    shipped = {path.name.partition(".")[0] for path in (LETTERS / "ru" / "mail").iterdir()} - {"layout"}
    assert shipped == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_both_forms_tell_all_and_a_page_loads_nothing(name: str) -> None:
    subject, plain, page = rendered(name)
    assert subject
    for value in ALL[name].values():
        for one in value if isinstance(value, list) else [value]:
            assert str(one) in plain
            assert str(one) in "".join(page.text)
    assert page.loaded == page.links == page.open == []
    assert "\n\n\n\n" not in plain
    assert "{" not in plain
    assert "Моя компания" in plain


def test_a_refusal_without_a_case_names_none() -> None:
    assert "Дело" not in rendered("refused", case="")[1]


@pytest.mark.clause("replacement 5.1")
def test_the_right_form_that_we_show_is_read_as_one_once_it_is_filled_in() -> None:
    """Label by label; as it stands it asks for nothing, so that nobody's quotation of it becomes a request."""
    plain = rendered("replacement_form", problems=["…"])[1]
    assert {flaw.field for flaw in read_form(plain).flaws} >= {"script", "crm"}
    filled = plain.replace("логин в системе, логин в админ. панели", "romashka").replace("https://…", "https://docs.example.org/s")
    form = read_form(filled.replace("входа: …", "входа: u").replace("Пароль: …", "Пароль: p"))
    assert (form.asked, form.login, form.long, form.flaws) == (25, "romashka", True, ())


@pytest.mark.parametrize("field", [*SHORT_FORM, *OWN_CRM])
def test_every_field_of_the_form_has_its_words(field: str) -> None:
    assert text("ru", "mail", "field", field) != field


@pytest.mark.parametrize("code", ["missing", "zero", "unreadable", "too_many", "twice", "no_link", "too_long"])
def test_every_flaw_has_its_words(code: str) -> None:
    assert text("ru", "mail", "flaw", code) != code


@pytest.mark.parametrize("what", ["unmatched", "unreadable", "not_taken", "too_large", "not_redacted", "no_keys", "without_answer"])
def test_every_notice_about_an_e_mail_has_its_words(what: str) -> None:
    assert "0123" in text("ru", "notice", f"mail_{what}", mail="0123")
