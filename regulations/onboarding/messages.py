"""What the messages of onboarding and service share: the client, terms of the contract, zones."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, EmailStr, StringConstraints

from regulations import messages as m
from regulations.time import term_forms as forms
from regulations.time.terms import TermError, parse_term

KYIV = "Europe/Kyiv"
LONGEST_DAYS, LONGEST_RHYTHM = 366, 186
"""Days that a term of a contract, and its period, may last at most: beyond, production calendars end, and the whole case would stop."""
WORKING_SECONDS = 4 * 3600
"""Of the shortest working day that is thought of."""


def _term(value: str) -> str:
    try:
        term = parse_term(value)
    except TermError as e:  # its words begin with what was sent, which is never said again
        raise ValueError(str(e).removeprefix(repr(value)).lstrip(": ")) from None
    if getattr(term, "before", False):
        raise ValueError("must be a term that runs forwards, such as '5 working days'")
    if _most_days(term) > LONGEST_DAYS:
        raise ValueError(f"must be a term of at most {LONGEST_DAYS} days")
    return str(term)


def _most_days(term: forms.Term) -> int:
    """How many days a term lasts at most, about; one that is bound to a day, a month or a quarter is short."""
    match term:
        case forms.PhysicalSpan():
            return term.seconds // 86_400
        case forms.WorkingSpan():
            return 2 * (term.seconds // WORKING_SECONDS)
        case forms.WorkingDays():
            return 7 * term.days // 5
        case forms.CalendarDays():
            return term.days
        case forms.CalendarMonths():
            return 31 * term.months
        case forms.Every():
            return _most_days(term.term)
        case forms.EarliestOf():
            return min(map(_most_days, term.terms))
    return 0


def _rhythm(value: str) -> str:
    term = parse_term(value)
    while isinstance(term, forms.Every):
        term = term.term
    match term:
        case forms.WorkingDays(first_included=False) | forms.CalendarDays(opening=None, rolled=False) | forms.CalendarMonths(rolled=False):
            if _most_days(term) <= LONGEST_RHYTHM:
                return str(term)
    raise ValueError(
        "must be a period that leads on from its own end, such as '7 calendar days', '5 working days' or '1 calendar month', "
        f"of at most {LONGEST_RHYTHM} days; one that is rolled would shift all that follow"
    )


Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_term)]
"""A term of the contract, in the language of terms, in its canonical form."""
Rhythm = Annotated[Term, AfterValidator(_rhythm)]
"""A period of the contract: counted from each due instant anew, it comes again for years."""


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
