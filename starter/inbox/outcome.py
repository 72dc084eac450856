"""What becomes of an event that is delivered: it was taken, or why it was not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

MOST_ERRORS = 50
NO_CASE = "NoCase"
"""The type of refusal that may be none tomorrow: a case that is not there yet."""

FOR_NOW = frozenset({"InvoicePending", "BillingUnheard", "NotCounted", "Checking", "Deciding", "Busy"})
"""The types of refusal that pass by themselves, once billing has answered, a term is counted, a decision is read or a flood is written: the
event is delivered again."""

Source = Literal["event", "mailbox", "cli", "ui"]
"""The door through which an event came."""


@dataclass(frozen=True)
class Delivered:
    """What became of an event that was taken."""

    case: str
    duplicate: bool
    stage: str | None
    revision: int | None
    next_due: datetime | None
    answer: str = ""
    """What came of it, where a regulation has more than one answer: a creation of a lead has ``created``, ``updated``, ``exists``."""

    def json(self) -> dict[str, Any]:
        told = asdict(self)
        told["next_due"] = self.next_due.isoformat() if self.next_due else None
        if not self.answer:
            del told["answer"]
        return told


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of an event; never its value."""

    field: str
    message: str


class DeliveryError(Exception):
    """The event was not taken. ``kind``: ``invalid`` (mend the event), ``refused`` (the case says no), ``unavailable`` (come again)."""

    def __init__(
        self,
        kind: Literal["invalid", "refused", "unavailable"],
        type: str,
        text: str,
        case: str | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(text)
        self.kind, self.type, self.case, self.errors = kind, type, case, tuple(errors)

    @classmethod
    def of_data(cls, type: str, field: str, text: str, address: str) -> DeliveryError:
        """A ``refused`` event, with the field of its data that the refusal is about."""
        return cls("refused", type, text, address, [FieldError(f"data.{field}", text)])

    @classmethod
    def of_fields(cls, type: str, *errors: FieldError) -> DeliveryError:
        """An ``invalid`` event, with what is wrong in it: the first `MOST_ERRORS` things."""
        errors = errors[:MOST_ERRORS]
        return cls("invalid", type, "; ".join(f"{e.field}: {e.message}" for e in errors), errors=errors)
