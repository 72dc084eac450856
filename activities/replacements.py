"""What a replacement needs of billing, of the network and of the secret store."""

from __future__ import annotations

from temporalio import activity

from regulations.replacement.effects import (
    AccountAnswer,
    AccountQuestion,
    CreditOrder,
    CreditOutcome,
    LinksAnswer,
    LinksQuestion,
    SecretToDestroy,
)


class Replacements:
    """Look-ups and effects of replacements."""

    @activity.defn
    async def look_up_account(self, question: AccountQuestion) -> AccountAnswer:
        """1, 2, 3.5, 6.1, 6.3: what billing and the registers say of an account. Only reads."""
        raise NotImplementedError

    @activity.defn
    async def check_links(self, question: LinksQuestion) -> LinksAnswer:
        """5.1: whether the links of a request may be followed, and answer."""
        raise NotImplementedError

    @activity.defn
    async def credit(self, order: CreditOrder) -> CreditOutcome:
        """5.3, 6.1, 6.3: credit identifications in billing, once."""
        raise NotImplementedError

    @activity.defn
    async def destroy_secret(self, secret: SecretToDestroy) -> None:
        """5.1: destroy the client's password."""
        raise NotImplementedError
