"""Messages from one of our workflows to a case: delivered as an Update, as a door would."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from activities import errors
from regulations.lead.effects import CaseMessageToTell, Told

PATIENCE = timedelta(seconds=15)
"""For a worker to answer; less than an attempt of the activity may take."""


class CaseTeller:
    """Tells running cases."""

    def __init__(self, client: Client) -> None:
        """The client stays the caller's."""
        self._client = client

    @activity.defn(name="tell_case")
    async def tell_case(self, message: CaseMessageToTell) -> Told:
        """Deliver a message to a case and give its answer. The message's key makes it count once, however often it is delivered.

        Raises:
            ApplicationError: ``Unavailable``: no worker or no server answered, or the case is about to end (repeated by Temporal).
        """
        handle = self._client.get_workflow_handle(message.address)
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                await handle.execute_update(message.update, message.message)
        except WorkflowUpdateFailedError as e:
            return _refused(e)
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
            raise errors.transient("no worker of the case answered in time") from None
        except RPCError as e:
            if e.status is RPCStatusCode.NOT_FOUND:
                return Told(result="no_case")
            raise errors.transient(f"the Temporal server said {e.status.name}") from None
        return Told(result="done")


def _refused(error: WorkflowUpdateFailedError) -> Told:
    cause = error.cause
    if not isinstance(cause, ApplicationError):
        raise errors.transient("the case could not take the message now") from None
    if cause.type == "Ended":  # it writes its last rows: then it is gone, or another centre's lead has its address
        raise errors.transient("the case is about to end", expected=True) from None
    return Told(result="repeated") if cause.type == "Repeated" else Told(result="refused", type=cause.type or "", text=cause.message)
