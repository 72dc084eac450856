"""The checks of requests for replacements against the registers, before the event is kept: also once Temporal has forgotten a case."""

from __future__ import annotations

from datetime import datetime

from regulations.replacement.messages import TOP_UP, Requested, ToppedUp
from regulations.replacement.state import ENDS, KIND, Stage
from starter.doors.door import LookUps
from starter.inbox.outcome import DeliveryError

USED = frozenset({Stage.CREDITED, Stage.NOTHING_CONFIRMED, Stage.NOT_DUE})
"""Ends after which a number of a tariff period is not used again."""


async def unused(message: Requested | ToppedUp, address: str, registers: LookUps, now: datetime) -> None:
    """6.1, 6.3: its number is not used up, no other request of this period is open, and the prolongation has not been credited before.

    Whether a case of this very address runs is the case's own to say.
    """
    numbers = await registers.replacement_numbers(message.account, message.period)
    if numbers.get(message.n) in USED:
        raise DeliveryError.of_data("Replaced", "n", _used(message, max(numbers)), address)
    if isinstance(message, ToppedUp):
        return
    still_open = [n for n, stage in sorted(numbers.items()) if n not in (TOP_UP, message.n) and stage not in ENDS]
    if still_open:
        other = f"{KIND}/{message.account}/{message.period}/{still_open[0]}"
        raise DeliveryError.of_data(
            "Open", "n", f"another request for this tariff period is open ({other}): wait for its end, or withdraw it", address
        )
    if message.prolongation is not None and await registers.tariff_credited(message.account, message.prolongation):
        text = "6.3: the new tariff was credited with an earlier request; a further replacement needs a further prolongation"
        raise DeliveryError.of_data("Prolonged", "prolongation", text, address)


def _used(message: Requested | ToppedUp, last: int) -> str:
    if isinstance(message, ToppedUp):
        return "6.1: this top-up was decided on before; it comes once for a tariff period"
    return f"6.3: this tariff period was replaced already; a further replacement comes with a prolongation, as n = {last + 1}"
