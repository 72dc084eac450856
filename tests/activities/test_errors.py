"""Errors of activities: which are repeated, and that none tells what it must not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from temporalio.exceptions import ApplicationErrorCategory

from activities import errors
from activities.keyed import Allowance, input_hash


def test_a_transient_error_is_repeated_when_asked_to() -> None:
    error = errors.transient("away", after=timedelta(seconds=7))
    assert (error.type, error.non_retryable, error.next_retry_delay) == ("Unavailable", False, timedelta(seconds=7))
    assert error.category is ApplicationErrorCategory.UNSPECIFIED
    assert errors.transient("not yet", expected=True).category is ApplicationErrorCategory.BENIGN


def test_permanent_and_refused_errors_are_not_repeated() -> None:
    assert errors.permanent("no", type=errors.CONFLICT).non_retryable
    error = errors.refused("no", code="INVALID_DATA")
    assert (error.type, error.non_retryable, error.details) == ("Refused", True, ("INVALID_DATA",))


@pytest.mark.parametrize(
    "secret",
    ["romashka@client.example", "+7 (912) 345-67-89", "89123456789", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0", "7707083893"],
)
def test_a_text_keeps_no_address_number_or_token(secret: str) -> None:
    assert secret not in str(errors.permanent(f"refused for {secret} today", type=errors.INVALID))


@given(st.text(max_size=2000))
def test_a_text_is_one_short_line(text: str) -> None:
    safe = errors.safe_text(text)
    assert len(safe) <= 200
    assert "\n" not in safe


def test_each_type_is_either_repeated_or_not() -> None:
    assert not errors.TRANSIENT_TYPES & errors.PERMANENT_TYPES


@given(st.timedeltas(min_value=timedelta(milliseconds=10), max_value=timedelta(days=1)))
def test_a_client_stops_before_its_lease_and_the_lease_ends_before_the_attempt(start_to_close: timedelta) -> None:
    allowance = Allowance.of(start_to_close)
    assert timedelta(0) < allowance.client < allowance.lease < start_to_close


class _Before(BaseModel):
    key: str
    values: dict[str, int]


class _After(_Before):
    added_later: str | None = None


def test_a_hash_knows_no_order_and_no_field_added_later() -> None:
    before = input_hash(_Before(key="k", values={"a": 1, "b": 2}), leaving_out={"key"})
    assert input_hash(_After(key="other", values={"b": 2, "a": 1}), leaving_out={"key"}) == before
    assert input_hash(_After(key="k", values={"a": 1, "b": 2}, added_later="x"), leaving_out={"key"}) != before
    assert input_hash(_Before(key="k", values={"a": 1, "b": 3}), leaving_out={"key"}) != before
