"""Billing's own interface for what we change there: crediting identifications (replacement 5.3, 6.1, 6.3)."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class BillingApiSettings(BaseModel):
    """Where billing takes credits: ``PUT {url}/credits/{key}``; the same key credits once."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(pattern=r"^https?://[\x21-\x7e]+$")
    token: SecretStr
    """Sent as ``Authorization: Bearer``."""
    timeout: timedelta = timedelta(seconds=20)
    """For one call, connection to answer."""
