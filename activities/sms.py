"""Notices by SMS (partner 5.2)."""

from __future__ import annotations

from temporalio import activity

from regulations.partner.effects import Sms, SmsOutcome


class Texting:
    """Sends short messages through the gateway."""

    @activity.defn
    async def send_sms(self, sms: Sms) -> SmsOutcome:
        """Send a short message, once under its key."""
        raise NotImplementedError
