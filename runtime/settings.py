"""The settings of a worker and of the command line: environment variables ``REGLAMENT_*``, or a file ``.env``.

Nested settings are joined by two underscores: ``REGLAMENT_MAIL__HOST``, ``REGLAMENT_CRM__API``. The Temporal connection has its own
configuration (``TEMPORAL_ADDRESS``, ``TEMPORAL_PROFILE``, …), as every Temporal tool reads it.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime.billing_api import BillingApiSettings
from runtime.crm import CrmSettings
from runtime.mail import MailSettings
from runtime.mailbox import MailboxSettings
from runtime.sms import SmsSettings


class Settings(BaseSettings):
    """All that a deployment may set."""

    model_config = SettingsConfigDict(
        env_prefix="REGLAMENT_",
        env_file=".env",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    company: Path = Path("company.toml")
    """The company: its name, its calendars, and where each role is reached."""
    editions: Path | None = None
    """A folder of the company's own editions (``*.toml``), beside those of the product."""
    letters: Path | None = None
    """A folder of the company's own letters; a letter found there replaces the product's."""
    database_url: SecretStr = SecretStr("sqlite:///reglament.db")
    """Registers and effects: ``sqlite:///file`` or ``postgresql://…``."""
    billing_url: SecretStr | None = None
    """Where billing is read; none: the same database."""
    billing_api: BillingApiSettings | None = None
    """Where billing takes credits and numbers invoices; none: a replacement that is confirmed and an invoice wait until it is set."""
    sms: SmsSettings | None = None
    """The gateway of short messages; none: nobody gets any, and the cases go on."""
    mail: MailSettings | None = None
    mailboxes: tuple[MailboxSettings, ...] = ()
    """Read by ``python -m starter``: a JSON list, an object for each mailbox."""
    crm: CrmSettings | None = None
    task_queue: str = "reglament"
    hash_key: SecretStr = SecretStr("")
    """Key of the hashes that stand for logins and INNs where the CRM has no number for a client. Keep it: another key is another client."""
    encryption_keys: SecretStr = SecretStr("")
    """Keys for what is kept at rest (bodies of the inbox, files): base64 of 32 random bytes each, joined by commas, the newest first."""
    webhook_secrets: SecretStr = SecretStr("")
    """Secrets of signed webhooks (``whsec_…``), joined by commas: during a rotation the old and the new one are both good."""
    http_host: str = "127.0.0.1"
    http_port: int = Field(8080, ge=0, lt=65536)
    """Where the webhooks are served."""
    temporal_ui: str | None = Field(None, pattern=r"^https?://[\x21-\x7e]+/namespaces/[\x21-\x7e]+$")
    """The Temporal UI with the namespace, as people open it, for links in letters: ``https://temporal.example.org/namespaces/default``."""
    deployment_name: str | None = None
    """With ``build_id``: the worker takes part in Worker Deployment Versioning (AUTO_UPGRADE)."""
    build_id: str | None = None
    drain_seconds: int = Field(60, ge=0)
    """How long a stopping worker lets running activities finish; keep it below the grace period of whatever stops it."""
