"""The real server of the workflow tests, for the doors."""

from tests.workflows.conftest import server

__all__ = ["server"]
