"""What doors may deliver: bounded, one line where it ends in a header, and the same message whatever way it came."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from regulations.messages import (
    Accepted,
    AccessGranted,
    Client,
    Extend,
    FirstContact,
    Partner,
    RequestReceived,
    Returned,
    Sold,
    Waive,
    is_inn,
)

NOON = "2026-11-16T12:00:00+03:00"
BY = {"id": "u1", "role": "cc_head"}
CONTACT: dict[str, Any] = {"key": "evt-1", "happened_at": NOON, "deal": "D-1"}
WAIVE: dict[str, Any] = {"key": "evt-1", "happened_at": NOON, "clause": "2.2.4", "reason": "клиент в отпуске", "by": BY}
REQUEST: dict[str, Any] = {"key": "evt-1", "happened_at": NOON, "deal": "D-1", "subject": "Обучение клиента от ИП Петров"}
SOLD: dict[str, Any] = {
    "key": "evt-1",
    "happened_at": NOON,
    "deal": "D-1",
    "partner": {"id": "p7", "name": "ИП Петров", "email": "partner@example.org", "collects_payments": False},
    "client": {"login": "client@example.org", "name": "ООО Ромашка", "inn": "7707083893"},
    "tariff_line": "bureau",
    "contract": "offer",
}


@pytest.mark.parametrize("inn", ["7707083893", "500100732259", "7830002293"])
def test_a_right_inn(inn: str) -> None:
    assert is_inn(inn)


@pytest.mark.parametrize("inn", ["7707083894", "500100732258", "770708389", "", "77070838931", "٧٧٠٧٠٨٣٨٩٣", "770708389a", " 7707083893"])
def test_a_wrong_inn(inn: str) -> None:
    assert not is_inn(inn)


@given(st.integers(0, 9), st.integers(0, 9))
def test_one_wrong_digit_is_always_found_but_where_the_check_cannot(place: int, digit: int) -> None:
    right = "7707083893"
    wrong = right[:place] + str(digit) + right[place + 1 :]
    # The last digit is the remainder by 11, by 10: a remainder of 10 looks like one of 0.
    assert is_inn(wrong) == (wrong == right)


def test_the_same_message_by_another_door_or_with_another_offset_is_a_repeat() -> None:
    one = FirstContact.model_validate(CONTACT)
    for other in (
        {**CONTACT, "source": "cli"},
        {**CONTACT, "happened_at": "2026-11-16T09:00:00Z"},
        {**CONTACT, "happened_at": "2026-11-16T14:00:00+05:00"},
    ):
        assert FirstContact.model_validate(other).digest() == one.digest()
    assert one.happened_at.tzinfo is UTC


def test_the_order_of_answers_in_a_questionnaire_is_no_difference() -> None:
    answers = {"name": "ООО Ромашка", "phone": "нет"}
    turned = dict(reversed(answers.items()))
    assert (
        RequestReceived.model_validate({**REQUEST, "questionnaire": answers}).digest()
        == RequestReceived.model_validate({**REQUEST, "questionnaire": turned}).digest()
    )


@pytest.mark.parametrize("change", [{"happened_at": "2026-11-16T12:00:01+03:00"}, {"deal": "D-2"}, {"key": "evt-2"}, {"by": BY}])
def test_whatever_says_something_else_is_a_conflict(change: dict[str, Any]) -> None:
    assert FirstContact.model_validate({**CONTACT, **change}).digest() != FirstContact.model_validate(CONTACT).digest()


def test_another_kind_with_the_same_fields_is_a_conflict() -> None:
    from regulations.messages import TrainingDone

    assert TrainingDone.model_validate(CONTACT).digest() != FirstContact.model_validate(CONTACT).digest()


@pytest.mark.parametrize("bad", ["\x00", "\n", "\r", "\x0b", "\x1c", "\x7f", "\x85", "\u2028", "\u2029", "=?utf-8?q?x?="])
def test_what_could_split_a_header_is_refused_in_every_line(bad: str) -> None:
    with pytest.raises(ValidationError):
        RequestReceived.model_validate({**REQUEST, "subject": f"Обучение{bad}клиента"})
    with pytest.raises(ValidationError):
        Partner.model_validate({**SOLD["partner"], "name": f"ИП{bad}Петров"})
    with pytest.raises(ValidationError):
        Client.model_validate({**SOLD["client"], "name": f"ООО{bad}Ромашка"})


@pytest.mark.parametrize("bad", ["\x00", "\x07", "\x1b", "\x7f", "\x9b"])
def test_what_no_database_takes_is_refused_in_every_text(bad: str) -> None:
    with pytest.raises(ValidationError):
        Waive.model_validate({**WAIVE, "reason": f"клиент{bad}в отпуске"})
    with pytest.raises(ValidationError):
        Returned.model_validate({**CONTACT, "by": BY, "reasons": [{"clause": "3.1", "text": f"не{bad}сказали"}]})
    with pytest.raises(ValidationError):
        Returned.model_validate({**CONTACT, "by": BY, "reasons": [{"clause": "3.1"}], "comment": f"не{bad}сказали"})


def test_a_text_may_have_lines() -> None:
    assert Waive.model_validate({**WAIVE, "reason": " раз\r\nдва\tтри "}).reason == "раз\nдва\tтри"


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (FirstContact, {**CONTACT, "happened_at": "2026-11-16T12:00:00"}),  # no offset
        (FirstContact, {**CONTACT, "key": "с пробелом"}),
        (FirstContact, {**CONTACT, "key": ""}),
        (FirstContact, {**CONTACT, "deal": "client@example.org"}),  # an address is no id
        (FirstContact, {**CONTACT, "surprise": 1}),
        (Accepted, CONTACT),  # nobody decided
        (Waive, {**WAIVE, "reason": "  "}),
        (Waive, {**WAIVE, "clause": "2.2.4 and all"}),
        (Extend, {**WAIVE, "new_due": "2026-12-01T10:00:00"}),
        (Returned, {**CONTACT, "by": BY, "reasons": []}),
        (Returned, {**CONTACT, "by": BY, "reasons": [{"clause": "3.1"}, {"clause": "3.1"}]}),
        (Returned, {**CONTACT, "by": BY, "reasons": [{"clause": "3.5"}]}),
        (Sold, {**SOLD, "tariff_line": "unknown"}),
        (Sold, {**SOLD, "client": {**SOLD["client"], "inn": "7707083894"}}),
        (RequestReceived, {**REQUEST, "message_id": "no brackets"}),
        (RequestReceived, {**REQUEST, "files": [{"name": "a.docx", "kind": "contract"}] * 51}),
        (AccessGranted, {**CONTACT, "reference": "a b", "tariff": "bureau-12"}),
    ],
)
def test_what_is_not_as_declared_is_refused(model: Any, given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(given)


def test_an_error_never_shows_what_was_sent() -> None:
    with pytest.raises(ValidationError) as error:
        Sold.model_validate({**SOLD, "client": {**SOLD["client"], "inn": "secret-number"}})
    assert "secret-number" not in str(error.value)
    assert "inn" in str(error.value)


def test_a_message_is_frozen_and_survives_being_written_down() -> None:
    message = Sold.model_validate(SOLD)
    with pytest.raises(ValidationError):
        message.deal = "D-2"  # type: ignore[misc]
    again = Sold.model_validate_json(message.model_dump_json())
    assert again == message
    assert again.digest() == message.digest()
    assert message.happened_at == datetime(2026, 11, 16, 9, tzinfo=UTC)
