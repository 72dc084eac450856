"""8.2.4: contacts that nobody can be reached at look made up; those of real numbering plans and domains do not."""

from __future__ import annotations

import pytest

from runtime.contacts import made_up_email, made_up_phone

pytestmark = pytest.mark.clause("lead 8.2.4")


@pytest.mark.parametrize(
    "phone",
    [
        "+7 111 111-11-11",
        "+7 999 999-99-99",
        "+7 (912) 345-67-89",
        "8 987 654 32 10",
        "+7 900 000-00-00",
        "1234567890",
        "123456",
        "+7 4212 45-10",
        "+999 123 456 789",
        "+0 423 222 33 44",
        "0000000000",
        "+7 (200) 222-33-44",
        "+1 111 222 3344",
    ],
)
def test_a_number_that_nobody_has(phone: str) -> None:
    assert made_up_phone(phone)


@pytest.mark.parametrize(
    "phone",
    [
        "+7 914 123-45-67",
        "89141234567",
        "79141234567",
        "9141234567",
        "8 (423) 222-33-44",
        "+7 495 777-77-77",
        "8 800 555-35-35",
        "+7 4012 59-01-01",
        "+375 29 123 45 67",
        "+77172742800",
    ],
)
def test_a_number_that_somebody_may_have(phone: str) -> None:
    assert not made_up_phone(phone)


def test_a_number_without_its_country_is_read_as_one_of_the_country_given() -> None:
    assert made_up_phone("067 123 45 68")
    assert not made_up_phone("067 123 45 68", "UA")


@pytest.mark.parametrize(
    "email",
    [
        "ivan@example.com",
        "ivan@EXAMPLE.ORG",
        "ivan@mail.example.net",
        "ivan@firma.example",
        "ivan@test",
        "ivan@firma.test",
        "ivan@localhost",
        "ivan@firma.localhost",
        "ivan@firma.invalid",
        "ivan@firma.local",
        "ivan@example.com.",
    ],
)
def test_an_address_at_a_domain_that_stands_for_nobody(email: str) -> None:
    assert made_up_email(email)


@pytest.mark.parametrize(
    "email", ["ivan@example.ru", "ivan@myexample.com", "ivan@test.ru", "test@firma.ru", "ivan@почта.рф", "ivan@example.com.ru"]
)
def test_an_address_that_somebody_may_have(email: str) -> None:
    assert not made_up_email(email)
