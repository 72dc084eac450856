"""Effects and look-ups: thin over ports that are given to their constructors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from activities.billing import Billing
from activities.crm import Crm
from activities.email import Correspondence
from activities.planning import Planning
from activities.record import Registers


@dataclass(frozen=True)
class Activities:
    """The activities of a worker, each with what it needs."""

    planning: Planning
    registers: Registers
    billing: Billing
    correspondence: Correspondence
    crm: Crm

    def all(self) -> list[Callable[..., Any]]:
        """Every activity, to be registered with a worker; a test holds that none is forgotten."""
        return [
            self.planning.open_case,
            self.planning.plan,
            self.registers.record,
            self.billing.look_up_billing,
            self.billing.await_payment,
            self.correspondence.send_letter,
            self.crm.enter_into_crm,
        ]
