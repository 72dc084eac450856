"""Fixtures of databases for all tests, and how tests are shared out among processes."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from temporalio.worker import _worker
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

gc.disable()  # what is imported and collected is never garbage: see the end of the collection
MEMORY = Path("/dev/shm")  # noqa: S108 - the memory that Linux shows as a folder
if "TMPDIR" not in os.environ and MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 4 << 30:
    # Thousands of small databases live for a second each: on a disk the tests would take twice as long, waiting for it.
    os.environ["TMPDIR"], tempfile.tempdir = str(MEMORY), None
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # many tests start processes of ours: they share their bytecode
# The SDK names a worker by a hash of every module it has loaded, which takes each test process seconds. No test asks for it.
_worker._default_build_id = "tests"
# A machine that is busy makes no property false: how long things take is for benchmarks to say.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
pytest_plugins = ["tests.databases"]


class ByPlace(LoadScopeScheduling):  # type: ignore[misc]
    """The end-to-end tests run in one process, on one set of servers; every other test runs wherever there is room.

    The mark ``xdist_group`` says the same, but xdist 3.8 does not see it under pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "end_to_end" if nodeid.startswith("tests/end_to_end/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Any:
    return ByPlace(config, log)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
