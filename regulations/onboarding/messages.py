"""What the messages of onboarding and service share: the client, terms of the contract, zones."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, EmailStr, StringConstraints

from regulations import messages as m
from regulations.terms import TermError, parse_term

KYIV = "Europe/Kyiv"


def _term(value: str) -> str:
    try:
        term = parse_term(value)
    except TermError as e:
        raise ValueError(f"is not a term: {e}") from None
    if getattr(term, "before", False):
        raise ValueError("must be a term that runs forwards, such as '5 working days'")
    return str(term)


Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_term)]
"""A term of the contract, in the language of terms, in its canonical form."""


class Client(m.Model):
    """A regular client."""

    id: m.Ident
    """Its id in the CRM, never a name or an address."""
    name: m.Line
    contact: m.Line
    """The client's responsible person (3.1)."""
    email: EmailStr | None = None
    phone: m.Phone | None = None
    crm_contact: m.Ident | None = None
    """The CRM's contact, to which deals are tied (4.6)."""
