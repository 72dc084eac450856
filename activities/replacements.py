"""What a replacement needs of billing, of the network and of the secret store."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from temporalio import activity

from activities import errors
from activities.keyed import api_errors, database_errors, once
from regulations.replacement.effects import (
    AccountAnswer,
    AccountQuestion,
    CreditOrder,
    CreditOutcome,
    LinksAnswer,
    LinksQuestion,
    SecretToDestroy,
)
from runtime.account_billing import AccountReader, AccountStanding, Tariff
from runtime.billing_api import BillingApi, Credit
from runtime.effect_ledger import EffectLedger
from runtime.keyed_api import ApiRefusedError, ApiUnavailableError
from runtime.links import LinkGuard
from runtime.replacements import ReplacementRegister
from runtime.secrets import SecretStore

_KIND = "credit"


class Replacements:
    """Look-ups and effects of replacements. Not being able to look is an error, never an empty answer."""

    def __init__(
        self,
        accounts: AccountReader,
        register: ReplacementRegister,
        links: LinkGuard,
        ledger: EffectLedger,
        billing: BillingApi | None,
        secrets: SecretStore,
        scripts: Collection[str],
    ) -> None:
        """All stay with whoever made them. ``billing`` None: credits wait until it is set; ``scripts`` are the agreed ones (3.5)."""
        self._accounts = accounts
        self._register = register
        self._links = links
        self._ledger = ledger
        self._billing = billing
        self._secrets = secrets
        self._scripts = frozenset(map(_plain, scripts))

    @activity.defn
    async def look_up_account(self, question: AccountQuestion) -> AccountAnswer:
        """1, 2, 3.5, 6.1, 6.3: what billing and the registers say of an account. Only reads.

        Args:
            question: The account and its period, the logins, script and further period that a request names, and the instant.

        Returns:
            All that the checks of a request need; ``known`` False when billing has no such account or period.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal).
        """
        with database_errors():
            found = await self._accounts.standing(question.account, question.period, question.now, question.prolongation)
            if found is None or found.tariff is None:
                return AccountAnswer(script_agreed=self._agreed(question.script))
            replaced = await self._register.replaced(question.account, question.period)
            bought = question.prolongation is not None and await self._prolonged(found, found.tariff, question)
        try:
            ZoneInfo(found.account.zone)
            return AccountAnswer(
                known=True,
                login_right=question.login is None or found.account.goes_by(question.login, question.admin_login),
                mode=found.tariff.mode,
                identifications=found.tariff.identifications,
                balance=found.tariff.balance,
                ran_out_at=found.tariff.ran_out_at,
                zone=found.account.zone,
                past_due_since=found.past_due_since,
                script_agreed=self._agreed(question.script),
                replaced=replaced,
                prolonged=bought,
                prolonged_identifications=found.prolongation.identifications if found.prolongation else 0,
            )
        except (ValidationError, KeyError, ValueError, OSError):  # to be put right in billing, and asked for until it is
            raise errors.transient("billing: the mode or the zone of the account is none that we know") from None

    async def _prolonged(self, found: AccountStanding, period: Tariff, question: AccountQuestion) -> bool:
        """6.3: the further tariff is newer, paid for, and was not credited by an earlier request."""
        new = found.prolongation
        if new is None or new.began_at <= period.began_at or new.paid_at is None or new.paid_at > question.now:
            return False
        return not await self._register.tariff_credited(question.account, new.period)

    def _agreed(self, script: str | None) -> bool:
        return script is None or _plain(script) in self._scripts

    @activity.defn
    async def check_links(self, question: LinksQuestion) -> LinksAnswer:
        """5.1: whether the links of a request may be followed, and answer. What is not public is never asked.

        Args:
            question: The links by what they are.

        Returns:
            Those that lead inside, and those that do not answer now.
        """
        found = await asyncio.gather(*map(self._links.look, question.links.values()))
        named = list(zip(question.links, found, strict=True))
        return LinksAnswer(
            private=tuple(what for what, how in named if how == "private"),
            silent=tuple(what for what, how in named if how == "silent"),
        )

    @activity.defn
    async def credit(self, order: CreditOrder) -> CreditOutcome:
        """5.3, 6.1, 6.3: credit identifications in billing; the same key is credited once.

        After a crash the same call is made again under the same key, which billing answers with the same reference.

        Args:
            order: What is to be credited, to which period of which account, and for what.

        Returns:
            ``credited`` with billing's reference, or ``refused`` with its reason: then it is ordered again under another key.

        Raises:
            ApplicationError: ``Unavailable`` or ``InProgress`` (repeated by Temporal); ``Conflict``, ``Misconfigured`` or ``Invalid``
                (for good).
        """
        return await once(
            self._ledger, order.key, _KIND, order, CreditOutcome, lambda: self._credited(order), lambda: api_errors("billing")
        )

    async def _credited(self, order: CreditOrder) -> CreditOutcome:
        if self._billing is None:
            raise ApiUnavailableError("REGLAMENT_BILLING_API__URL is not set")
        credit = Credit(order.account, order.period, order.identifications, order.entry, order.of_period, order.case)
        try:
            return CreditOutcome(result="credited", reference=await self._billing.credit(order.key, credit))
        except ApiRefusedError as refusal:
            return CreditOutcome(result="refused", reason=errors.safe_text(str(refusal)))

    @activity.defn
    async def destroy_secret(self, secret: SecretToDestroy) -> None:
        """5.1: destroy the client's password; one that is destroyed already, or was never kept, is well.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal).
        """
        with database_errors():
            await self._secrets.destroy(secret.secret, secret.now)


def _plain(link: str) -> str:
    """A link as it is compared: scheme and host in lower case, without a slash at the end and without a place in the page."""
    try:
        parts = urlsplit(link.strip())
    except ValueError:  # no link at all: it is like itself only
        return link
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), path=parts.path.rstrip("/"), fragment="").geturl()
