"""One file per case kind; each reads as its regulation reads."""

from workflows.client_handoff import ClientHandoff

WORKFLOWS = (ClientHandoff,)
"""Every workflow: read by the worker, the replay tests and the test of command sequences."""
