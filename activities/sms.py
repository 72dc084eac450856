"""Notices by SMS (partner 5.2)."""

from __future__ import annotations

from functools import partial

from temporalio import activity

from activities import errors
from activities.keyed import api_errors, once
from regulations.partner.effects import Sms, SmsOutcome
from regulations.short_messages import short_message
from runtime.effect_ledger import EffectLedger
from runtime.keyed_api import ApiRefusedError
from runtime.sms import SmsGateway

_KIND = "sms"


class Texting:
    """Sends short messages through the gateway."""

    def __init__(self, ledger: EffectLedger, gateway: SmsGateway | None) -> None:
        """Both stay with whoever made them. ``gateway`` None: nothing is sent, and the case is told so."""
        self._ledger = ledger
        self._gateway = gateway

    @activity.defn
    async def send_sms(self, sms: Sms) -> SmsOutcome:
        """Send a short message; the same key is sent once. Neither the phone nor the text stands in an error or a log.

        Args:
            sms: The phone, and which text of the catalogue with which values.

        Returns:
            ``sent`` with the gateway's reference, or ``refused`` with its reason. Where no gateway is set the message is refused too: it
            goes beside an e-mail that says the same, so the case does not wait for it.

        Raises:
            ApplicationError: ``Unavailable`` or ``InProgress`` (repeated by Temporal); ``Conflict``, ``Misconfigured`` or ``Invalid``
                (for good).
        """
        try:
            words = short_message(sms.language, sms.template, sms.values)
        except LookupError:
            raise errors.permanent("sms: no such text, or not all of its values", type=errors.INVALID) from None
        return await once(self._ledger, sms.key, _KIND, sms, SmsOutcome, lambda: self._sent(sms, words), partial(api_errors, "sms"))

    async def _sent(self, sms: Sms, words: str) -> SmsOutcome:
        if self._gateway is None:
            return SmsOutcome(result="refused", reason="REGLAMENT_SMS__URL is not set")
        try:
            return SmsOutcome(result="sent", reference=await self._gateway.send(sms.key, sms.to, words))
        except ApiRefusedError as refusal:
            return SmsOutcome(result="refused", reason=errors.safe_text(str(refusal)))
