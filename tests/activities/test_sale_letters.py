"""The letters of orders and renewals, as the rules hand them over: both forms tell the same, and the card's number stands only there."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from regulations.effects import Letter
from regulations.partner import sale_messages as m
from runtime.letters import Composition, LetterRefusedError, Letters
from tests.activities.test_letter_templates import Page
from tests.regulations.partner.intakes import SUPPORT
from tests.regulations.partner.sales import DIRECTOR, HALF, PURPOSE, SCRIPTS, Sale

LETTERS = Path(__file__).parents[2] / "regulations" / "letters"
CARD = "2200 0000 0000 0001"


def composed(letter: Letter) -> tuple[str, str, str, list[str]]:
    """Subject, text, what a reader sees of the page, its links."""
    composition = Composition(letter.key, letter.template, letter.language, letter.to, letter.values, letter.now)
    rendered = Letters([LETTERS], "robot@company.example", cards={"bank-1": CARD}).compose(composition)
    message = message_from_bytes(rendered.content, policy=policy.default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    page = Page()
    page.feed(html.get_content())
    assert (page.loaded, page.open) == ([], [])
    return rendered.subject, text.get_content(), " ".join("".join(page.text).split()), page.links


def sent() -> Sale:
    """An order with a partial payment, a card, and its withdrawal: every letter there is."""
    sale = Sale().invoiced().pays(HALF).say(m.CardAsked, bank="bank-1", reason="настаивает", by=SUPPORT)
    return sale.say(m.CardDecided, decision="approved", by=DIRECTOR).withdraw()


@pytest.mark.parametrize(
    ("template", "subject", "told"),
    [
        ("form", "Заявка Заказчика: заполните, пожалуйста, форму", ["ООО «Ромашка»", "http://www.law-group.biz/"]),
        ("invoice", "Счёт 17 на 45\u00a0000,00\u00a0₽", ["ООО «Лютик»", "от 16.11.2026", "Настройка CRM", PURPOSE, "приложен", "услуги"]),
        ("card", "Оплата на карту по счёту 17: 22\u00a0500,00\u00a0₽", [CARD, "22\u00a0500,00\u00a0₽"]),
        ("invoice_void", "Счёт 17 отозван", ["22\u00a0500,00\u00a0₽ не нужно"]),
    ],
)
def test_a_letter_tells_all_in_both_forms(template: str, subject: str, told: list[str]) -> None:
    found, text, page, links = composed(sent().letter(template))
    assert found == subject
    for words in (*told, "Моя компания"):
        assert " ".join(words.split()) in " ".join(text.split())
        assert " ".join(words.split()) in page
    assert links == (["http://www.law-group.biz/"] if template == "form" else [])
    assert "\n\n\n" not in text.replace("\r", "")
    assert "{" not in text


@pytest.mark.clause("partner 5.2")
def test_an_invoice_made_by_hand_is_told_without_file_and_date() -> None:
    made: dict[str, Any] = {
        "number": "H-5",
        "purpose": PURPOSE,
        "lines": [{"name": "Настройка CRM", "appendix": "2", "number": "2.3", "quantity": 3, "sum": "45000"}],
    }
    sale = Sale()
    sale.billing = "refused"
    sale.order(services=[SCRIPTS]).form().say(m.InvoiceMade, by=SUPPORT, **made)
    _, text, page, _ = composed(sale.letter("invoice"))
    for shown in (text, page):
        assert "приложен " not in shown
        assert "Настройка CRM, 3 шт." in shown
    assert "Счёт № H-5 на дополнительные услуги" in text
    assert "продление" in composed(Sale(renewal=True).invoiced().letter("invoice"))[1]


@pytest.mark.clause("partner 7.3")
def test_the_cards_number_is_in_no_value_and_an_unknown_bank_is_refused_without_it() -> None:
    letter = sent().letter("card")
    assert CARD not in letter.model_dump_json()
    with pytest.raises(LetterRefusedError) as refused:
        composed(letter.model_copy(update={"values": {**letter.values, "bank": "bank-9"}}))
    assert CARD not in str(refused.value)
