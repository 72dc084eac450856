"""What partners buy: the catalogue of services (partner 7.1), and exact amounts of money."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from regulations.amounts import exact
from regulations.wire import Wire

CURRENCY = "RUB"
ZERO = Decimal(0)
KOPECK = Decimal("0.01")


Amount = Annotated[Decimal, BeforeValidator(exact), Field(gt=0, max_digits=14, decimal_places=2)]
"""A sum of money above nothing, exact to the kopeck."""
Place = Annotated[str, StringConstraints(pattern=r"^(\d\w*([./-]\w+)*|[^\W\d_]\w*([/-]\w+)*)$", max_length=20)]
"""The number of an appendix, or of a service in it: one word, such as ``2``, ``2.3`` or ``2а``, by which a purpose names it."""
Percent = Annotated[Decimal, BeforeValidator(exact), Field(ge=0, lt=100, max_digits=5, decimal_places=2)]


class Service(Wire):
    """A service of the catalogue; each is a line of its own in an invoice (7.1)."""

    code: str
    name: str
    price: Decimal
    appendix: str
    """Number of the appendix of the contract that holds it."""
    number: str
    """Its number in that appendix."""
    marketing: bool = False
    """The invoice of a marketing service names the city (7.1)."""
    package: bool = False
    """What a renewal prolongs (6.2)."""
    executor: str = ""
    """The company's role that executes it (5.6); empty: support itself opens the access."""
