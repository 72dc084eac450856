"""Where the money of invoices goes (7.1)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from regulations import messages as m
from regulations.partner.messages import Kpp

_Account = Annotated[str, StringConstraints(pattern=r"^[0-9]{20}$")]


class Requisites(m.Model):
    """The company as the recipient of payments: what its invoices name (partner 7.1)."""

    name: m.Line
    """As it is registered."""
    inn: Annotated[str, AfterValidator(m.right_inn)]
    kpp: Kpp | None = None
    """None: a sole trader has none."""
    address: m.Line
    bank: m.Line
    bic: Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$")]
    account: _Account
    correspondent_account: _Account
    """Of the bank."""
    signatory: m.Line | None = None
    """Post and name of the person who signs."""
