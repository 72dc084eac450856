"""Servers for workflow tests: the real one (shared), and the time-skipping one (a fresh one per test: its clock is global)."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from tests.databases import sqlite_in
from workflows import attributes


def binary(name: str) -> str:
    """A server that came with the requirements, beside the interpreter."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found, f"{name} is not installed; make test installs it"
    return found


@asynccontextmanager
async def real_time(continue_at: int, identity: str | None = None) -> AsyncIterator[WorkflowEnvironment]:
    """The real Temporal server, in real time; it suggests to continue as new from so many events on."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=binary("temporal"),
        dev_server_log_level="error",
        data_converter=pydantic_data_converter,
        search_attributes=list(attributes.ALL),
        identity=identity,
        dev_server_extra_args=["--dynamic-config-value", f"limit.historyCount.suggestContinueAsNew={continue_at}"],
    ) as env:
        yield env


@pytest_asyncio.fixture(loop_scope="session")
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on a database of this test alone: what the databases do differently is tested where they are used."""
    async with sqlite_in(tmp_path) as engine:
        yield engine


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server() -> AsyncIterator[WorkflowEnvironment]:
    """The real Temporal server. A case of a test can grow long enough to continue as new."""
    async with real_time(continue_at=400) as env:
        yield env


@asynccontextmanager
async def time_skipping(identity: str | None = None) -> AsyncIterator[WorkflowEnvironment]:
    """A test server of its own whose time is skipped; ``identity`` is how client and workers call themselves."""
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=binary("temporal-test-server"), data_converter=pydantic_data_converter, identity=identity
    ) as env:
        wanted = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in attributes.ALL}
        request = AddSearchAttributesRequest(namespace=env.client.namespace, search_attributes=wanted)
        await env.client.operator_service.add_search_attributes(request)
        yield env


@pytest_asyncio.fixture(loop_scope="session")
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    async with time_skipping() as env:
        yield env
