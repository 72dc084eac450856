"""How a bulk action tells a lead: as any door does, so that beginning a lead, repeats and ends are decided in one place."""

from __future__ import annotations

from pydantic import JsonValue
from temporalio.client import Client

from activities.bulk import LeadAnswer, LeadAway
from starter.inbox.delivery import deliver
from starter.inbox.outcome import DeliveryError


class BulkDoor:
    """Delivers the events of bulk actions; given to their activities by the worker."""

    def __init__(self, client: Client, task_queue: str, hash_key: str) -> None:
        """The client stays the caller's; the rest as `starter.inbox.delivery.deliver` has it."""
        self._client, self._task_queue, self._hash_key = client, task_queue, hash_key

    async def deliver(self, event: dict[str, JsonValue]) -> LeadAnswer:
        """Delivers one event to its lead.

        Raises:
            LeadAway: nobody could take it now.
        """
        try:
            taken = await deliver(self._client, event, task_queue=self._task_queue, hash_key=self._hash_key, source="event")
        except DeliveryError as e:
            if e.kind == "unavailable":
                raise LeadAway(e.type) from None
            return LeadAnswer(False, e.case or "", type=e.type, reason=str(e))
        return LeadAnswer(True, taken.case, answer=taken.answer)
