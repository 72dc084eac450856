"""Printed invoices as a reader of PDF sees them: all figures, the same bytes for the same invoice, markup from outside as plain text."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import unicodedata
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from regulations.partner.effects import InvoiceDraft
from regulations.partner.invoice_form import printed
from runtime.invoice_pdf import InvoicePrinter
from tests.regulations.partner.invoices import PAYER, REQUISITES, draft, order

pytestmark = pytest.mark.clause("partner 7.1")

TEMPLATE = Path(str(resources.files("regulations").joinpath("forms", "ru", "invoice.typ")))
PRINTER = InvoicePrinter(TEMPLATE)
DAY = date(2026, 11, 23)


def pdf(made: InvoiceDraft | None = None, number: str = "N101", **changes: Any) -> bytes:
    return PRINTER.printed(printed(order(made, **changes), number, DAY, REQUISITES))


def read(content: bytes) -> str:
    """All its words, with single spaces: where lines and columns break does not count."""
    pages = (page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return " ".join(" ".join(pages).replace("\u200b", "").split())


def test_everything_that_an_accountant_asks_for_is_there() -> None:
    made = draft("crm", "scripts", "network")
    said = read(pdf(made))
    requisites = REQUISITES.model_dump(exclude={"address", "signatory"}).values()
    for words in (
        "Счёт на оплату № N101 от 23.11.2026",
        *requisites,
        REQUISITES.address,
        "Генеральный директор И. И. Иванов",
        "ООО «Ромашка», ИНН 7707083893, КПП 770701001, 644099, г. Омск, ул. Ленина, д. 3",
        "договор оферты № ОФ-17/2026 от 21.11.2026",
        "1 Настройка CRM 2 / 2.3 1 45 000,00 45 000,00",
        "2 Материалы «Отдел продаж» 2 / 2.7 1 18 500,50 18 500,50",
        "3 Рекламная сеть 3 / 3.1 1 30 000,00 30 000,00",
        "93 500,50",
        "НДС: БЕЗ НДС",
        "Всего позиций 3, на сумму 93 500,50 ₽",
        "Девяносто три тысячи пятьсот рублей 50 копеек",
        made.purpose,
        "Счёт № N101, стр. 1 из 1",
    ):
        assert str(words) in said


def test_a_sole_trader_has_no_kpp() -> None:
    plain = PAYER.model_copy(update={"kpp": None, "address": None, "inn": "500100732259"})
    company = REQUISITES.model_copy(update={"kpp": None, "signatory": None})
    content = printed(order(payer=plain), "N101", DAY, company)
    said = read(PRINTER.printed(content))
    assert "ООО «Ромашка», ИНН 500100732259 " in said
    assert "КПП" not in said


def test_a_long_invoice_has_its_header_and_its_number_on_every_page() -> None:
    one = draft("crm")
    lines = tuple(one.lines[0].model_copy(update={"name": f"Услуга номер {n}"}) for n in range(1, 61))
    content = pdf(one.model_copy(update={"lines": lines, "total": sum(line.sum for line in lines)}))
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    assert len(pages) == 2
    for number, page in enumerate(pages, 1):
        assert "Прил. / услуга" in page
        assert f"Счёт № N101, стр. {number} из 2" in page
    whole = " ".join(" ".join(pages).split())
    assert all(f"Услуга номер {n} " in whole for n in range(1, 61))
    assert "2 700 000,00" in whole


HOSTILE = (
    "#panic()",
    '#read("/etc/passwd")',
    "#sys.inputs",
    "*жирный* _курсив_ `код`",
    "$x^2$",
    "\\u{41} \\ конец",
    "<метка> @ссылка",
    "= Заголовок",
    "- список",
    "// комментарий",
    "/* и так */",
    "[скобки] {фигурные}",
    "\"кавычки\" 'и' такие",
    "~ -- --- ...",
    "https://x.example",
    "{number} {page}",
    "%PDF-1.7",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_markup_from_outside_is_text(name: str) -> None:
    made = draft("crm")
    lines = (made.lines[0].model_copy(update={"name": f"а {name} я"}),)
    purpose = f"б {name} ю"
    said = read(pdf(made.model_copy(update={"lines": lines, "purpose": purpose}), payer=PAYER.model_copy(update={"name": f"в {name} э"})))
    for words in (f"а {name} я", purpose, f"в {name} э"):
        assert words in said


@settings(max_examples=15)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=300), st.text("#*_$\\<>@=[]{}`\"'~/-.", max_size=60))
def test_any_text_can_be_printed(name: str, signs: str) -> None:
    made = draft("crm")
    lines = (made.lines[0].model_copy(update={"name": name + signs}),)
    assert pdf(made.model_copy(update={"lines": lines, "purpose": signs + name})).startswith(b"%PDF-")


def test_a_word_that_no_column_holds_is_broken_and_not_lost() -> None:
    made = draft("crm")
    word = "Очень" * 30
    said = read(pdf(made.model_copy(update={"lines": (made.lines[0].model_copy(update={"name": word}),)})))
    assert word in unicodedata.normalize("NFC", said.replace(" ", ""))


def test_the_same_invoice_has_the_same_bytes_in_another_process_at_another_time() -> None:
    script = "import hashlib; from tests.runtime.test_invoice_pdf import pdf; print(hashlib.sha256(pdf()).hexdigest())"
    environment = {**os.environ, "TZ": "Asia/Vladivostok", "LC_ALL": "C", "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == hashlib.sha256(pdf()).hexdigest()
    assert hashlib.sha256(pdf(number="N102")).hexdigest() != done.stdout.strip()


def test_the_file_names_its_day_and_nothing_of_the_machine() -> None:
    about = PdfReader(io.BytesIO(pdf())).metadata
    assert about is not None
    assert (about.title, about.author) == ("Счёт на оплату № N101 от 23.11.2026", REQUISITES.name)
    assert about.creation_date is not None
    assert about.creation_date.date() == DAY
