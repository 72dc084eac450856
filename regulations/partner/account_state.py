"""What a partner's account knows."""

from __future__ import annotations

from enum import StrEnum

from regulations.partner.account_messages import AccountBegun
from regulations.partner.case import PartnerCase

KIND = "partner-account"


class AccountStage(StrEnum):
    """Where it stands."""

    ACTIVE = "active"
    ENDED = "ended"


class AccountState(PartnerCase):
    """The whole durable state of a `PartnerAccount`."""

    started: AccountBegun | None = None

    @property
    def begun(self) -> AccountBegun:
        if self.started is None:
            raise LookupError("it has not begun")
        return self.started
