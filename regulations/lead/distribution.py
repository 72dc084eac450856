"""Which service centre may get a lead (9.1.2, 9.1.3, 9.1.5, 9.2): asked before a lead is created at a centre or moved to one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from regulations.case import Refusal

Way = Literal["created_by_centre", "given"]
"""How a lead comes to a centre: it creates it itself, or gets it: from a client, a principal, by a move or a measure."""


class CentrePolicy(Protocol):
    """What is in force for a centre; a row of the register of centres is one."""

    @property
    def code(self) -> str: ...
    @property
    def products(self) -> Sequence[str]:
        """What it may sell now: products that a measure has closed (9.1.5) are left out."""

    @property
    def left_out(self) -> bool: ...
    @property
    def left_out_until(self) -> datetime | None:
        """The end of the quarter; None with ``left_out``: for good."""

    @property
    def disconnected(self) -> bool: ...


def check_centre_takes(centre: CentrePolicy, product: str, way: Way, now: datetime) -> None:
    """Refuses a lead that this centre may not get.

    A centre that is left out of distribution gets none from others, but may bring its own; one that is disconnected, or may not sell the
    product, does neither.

    Raises:
        Refusal: ``Disconnected``, ``NotSold`` or ``LeftOut``, with the clause and what would do.
    """
    if centre.disconnected:
        raise Refusal("Disconnected", f"lead 9.2: the service centre {centre.code} is disconnected; name another one")
    if product not in centre.products:
        raise Refusal(
            "NotSold",
            f"lead 9.1.5: the service centre {centre.code} may not sell this product; name another one, or define its products anew",
        )
    if way == "given" and centre.left_out:
        if centre.left_out_until is None:
            raise Refusal("LeftOut", f"lead 9.1.3: the service centre {centre.code} is left out of distribution for good; name another one")
        if now < centre.left_out_until:
            raise Refusal(
                "LeftOut",
                f"lead 9.1.2: the service centre {centre.code} is left out of distribution until its quarter ends; name another one",
            )
