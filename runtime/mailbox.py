"""Reading a mailbox over IMAP: what lies in it, taken as bytes, filed once it has been taken."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, EmailStr, Field, SecretStr

Purpose = Literal["replacement", "handoff"]
"""What the e-mails of a mailbox are: requests for replacements (replacement 5.1), training requests of handoffs (handoff 2.1.3)."""


class MailboxSettings(BaseModel):
    """One mailbox."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    purpose: Purpose
    address: EmailStr
    """Its own address: what comes from it is our own, and never answered."""
    host: str
    port: int = Field(993, gt=0, lt=65536)
    security: Literal["tls", "starttls", "none"] = "tls"
    """``starttls`` never falls back to plain text; ``none`` is for a server on the same machine."""
    username: str
    password: SecretStr
    ca_file: Path | None = None
    """Certificates to trust instead of the system's, PEM."""
    folder: str = "INBOX"
    taken: str = "reglament-taken"
    """Folder for what a case has taken; made where it is missing."""
    answered: str = "reglament-answered"
    """Folder for what no case could take, and was answered or left to a person."""
