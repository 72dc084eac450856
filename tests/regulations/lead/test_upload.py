"""3.2, 5.3: a row of an upload becomes a creation, or says what is wrong in it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulations.lead.bulk import Frozen
from regulations.lead.messages import Created
from regulations.lead.upload import COLUMNS, UploadError, columns_of, row_of

RUSSIAN = ["Клиент", "ИНН", "Продукт", "Тип", "Источник", "Название клиента", "Контактное лицо", "Телефон", "E-mail", "Комментарий"]
RUSSIAN += ["Ссылка", "Сервисный центр", "Менеджер", "Температура", "Причина"]
GOOD = {
    "client": "c-311",
    "product": "bureau",
    "type": "connection",
    "origin": "call_order",
    "client_name": "ООО Ромашка",
    "contact_name": "Анна",
    "phone": "+7 423 222-10-35",
    "centre": "vlad-1",
}


def row(**changes: str) -> Frozen:
    return row_of({name: place for place, name in enumerate(COLUMNS)}, [{**GOOD, **changes}.get(name, "") for name in COLUMNS], None)


def created(one: Frozen) -> Created:
    return Created.model_validate({"key": "k", "happened_at": datetime(2026, 11, 22, tzinfo=UTC), **one.given})


def test_headings_are_known_in_both_languages_in_any_order_and_case() -> None:
    assert columns_of(RUSSIAN) == columns_of(list(COLUMNS)) == {name: place for place, name in enumerate(COLUMNS)}
    assert columns_of(["ТЕЛЕФОН ", "other", "client  name", "Тип продажи", "продукт", "Inn"]) == {
        "phone": 0,
        "client_name": 2,
        "type": 3,
        "product": 4,
        "inn": 5,
    }


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (["client", "product", "type", "phone"], "Название клиента"),
        (["product", "type", "client_name", "phone"], "Клиент / ИНН"),
        (["inn", "product", "type", "client_name"], "Телефон / E-mail"),
        (["client", "клиент", "product", "type", "client_name", "phone"], "дважды"),
    ],
)
def test_a_header_that_cannot_do_is_refused_by_name(header: list[str], words: str) -> None:
    with pytest.raises(UploadError, match=words):
        columns_of(header)


@pytest.mark.clause("lead 3.2")
def test_a_row_becomes_the_creation_of_a_principal() -> None:
    one = row(type="Подключение", origin="Заказ звонка", comment="просит перезвонить")
    assert (one.clause, one.reason) == ("", "")
    message = created(one)
    assert (message.creator, message.type, message.origin, message.centre) == ("principal", "connection", "call_order", "vlad-1")
    assert [(c.name, c.phone) for c in message.contacts] == [("Анна", "+7 423 222-10-35")]


def test_what_is_left_out_has_its_meaning() -> None:
    message = created(row(origin="", contact_name=""))
    assert (message.origin, message.contacts[0].name) == ("principal", "ООО Ромашка")
    assert row_of({"client": 0}, ["c-1"], "kgd").reason.count("Сервисный центр") == 0


def test_a_zero_that_a_spreadsheet_dropped_is_put_back() -> None:
    assert created(row(client="", inn="274062111")).inn == "0274062111"


@pytest.mark.parametrize(
    ("changes", "clause", "words"),
    [
        ({"client": ""}, "3.1", "Клиент: укажите клиента один раз"),
        ({"inn": "7707083893"}, "3.1", "Клиент: укажите клиента один раз"),
        ({"client": "", "inn": "7707083894"}, "3.1", "ИНН: 10 или 12 цифр"),
        ({"client": "анна@почта"}, "3.1", "Клиент: номер клиента"),
        ({"product": ""}, "3.1", "Продукт: не заполнено"),
        ({"type": "подарок"}, "4.1", "Тип: подключение"),
        ({"origin": "сорока"}, "5.1", "Источник: источник"),
        ({"client_name": ""}, "3.1", "Название клиента: не заполнено"),
        ({"phone": "", "email": ""}, "8.2.4", "Телефон: нужен телефон"),
        ({"phone": "звоните"}, "8.2.4", "Телефон: телефон: цифры"),
        ({"phone": "", "email": "никуда"}, "8.2.4", "E-mail: адрес"),
        ({"link": "ftp://x"}, "3.3", "Ссылка: ссылка"),
        ({"centre": ""}, "3.2", "Сервисный центр: не заполнено"),
        ({"origin": "другое"}, "8.1.3", "Температура: при источнике"),
        ({"temperature": "горячая"}, "8.1.3", "Температура: температуру определяет"),
        ({"origin": "other", "temperature": "кипит", "reason": "по словам"}, "8.1.3", "Температура: горячая, тёплая"),
    ],
)
def test_each_wrong_field_is_named_with_its_clause_and_in_words(changes: dict[str, str], clause: str, words: str) -> None:
    one = row(**changes)
    assert (one.given, one.clause) == ({}, clause)
    assert words in one.reason


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert row(product="", type="x", phone="").reason.count(": ") >= 4


@given(st.lists(st.text(max_size=30), min_size=len(COLUMNS), max_size=len(COLUMNS)))
def test_whatever_stands_in_a_row_it_is_a_creation_or_a_reason_without_a_value(cells: list[str]) -> None:
    one = row_of({name: place for place, name in enumerate(COLUMNS)}, cells, "v")
    if one.reason:
        assert (one.given, bool(one.clause)) == ({}, True)
    else:
        created(one)
