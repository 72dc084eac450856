"""A lead as people read it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from regulations.lead.state import LeadState
from regulations.read_out import ReadOut


class LeadResult(BaseModel):
    """How a lead ended."""

    model_config = ConfigDict(frozen=True)

    outcome: str
    centre: str
    met: int
    met_late: int
    waived: int
    breaches: int


def read_out(state: LeadState) -> ReadOut:
    raise NotImplementedError


def result(state: LeadState) -> LeadResult:
    raise NotImplementedError


def details(state: LeadState) -> str:
    raise NotImplementedError
