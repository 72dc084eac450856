"""Whether a phone or an e-mail address looks made up: judged by the numbering plans of `phonenumbers` and the names that nobody can own."""

from __future__ import annotations

from itertools import pairwise

import phonenumbers

# RFC 2606 and RFC 6761, and two that reach nobody outside a house: `.local` (RFC 6762) and `.internal`. `EmailStr` refuses some of them.
_NOBODYS_DOMAINS = frozenset(
    {"example.com", "example.net", "example.org", "example", "test", "invalid", "localhost", "local", "internal", "localdomain"}
)
_RUN = 9
"""So many last digits that go up or down by one were typed along the keyboard."""


def made_up_phone(phone: str, country: str = "RU") -> bool:
    """Whether a number cannot be anybody's: no number of its country, one digit only, digits in a row, or zeros for a subscriber.

    Args:
        phone: As it was typed; without ``+`` it is read as a number of the country.
        country: ISO code.
    """
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return True
    if not phonenumbers.is_valid_number(number):
        return True
    digits = phonenumbers.national_significant_number(number)
    return len(set(digits)) == 1 or digits.endswith("0" * 7) or _in_a_row(digits[-_RUN:])


def _in_a_row(digits: str) -> bool:
    """1234567890 and 9876543210: after nine comes nought."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(digits)}
    return steps in ({1}, {9})


def made_up_email(email: str) -> bool:
    """Whether an address is at a domain that stands for nobody."""
    labels = email.rpartition("@")[2].lower().rstrip(".").split(".")
    return any(".".join(labels[start:]) in _NOBODYS_DOMAINS for start in range(len(labels)))
