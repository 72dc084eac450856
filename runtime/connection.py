"""The Temporal connection: envconfig profiles, the pydantic data converter, the sandbox in which workflows run."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

PASSED_THROUGH = (
    "activities",
    "regulations",
    "runtime",
    "workflows.attributes",
    "workflows.options",
    "pydantic",
    "pydantic_core",
    "email_validator",
    "dns",
    "idna",
)
"""What a workflow may import without a copy of its own. `regulations` is proven pure by a test over its syntax."""


async def connect(*, patience: timedelta = timedelta(seconds=30)) -> Client:
    """Connects with the profile of Temporal's own configuration (``TEMPORAL_PROFILE``, ``TEMPORAL_ADDRESS`` …; default ``localhost:7233``).

    A worker may boot before the server: the connection is tried again for as long as ``patience``.

    Raises:
        RuntimeError: the server did not answer in that time.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "localhost:7233")
    deadline = asyncio.get_running_loop().time() + patience.total_seconds()
    while True:
        try:
            return await Client.connect(**config, data_converter=pydantic_data_converter)
        except (RuntimeError, RPCError) as e:
            if asyncio.get_running_loop().time() > deadline:
                raise RuntimeError(f"the Temporal server at {config['target_host']} does not answer") from e
            await asyncio.sleep(0.5)


def workflow_runner() -> SandboxedWorkflowRunner:
    """The sandbox, strict: what is not named in `PASSED_THROUGH` may only be imported on purpose."""
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    return SandboxedWorkflowRunner(
        restrictions=restrictions.with_import_notification_policy(
            workflow.SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
        )
    )
