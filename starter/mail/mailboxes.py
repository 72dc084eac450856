"""All mailboxes of a process: the door for their e-mails, put together, and the reading of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from runtime.account_billing import AccountReader
from runtime.database import open_billing
from runtime.documents.reader import DocumentReader
from runtime.mail_answers import MailAnswers
from runtime.mailbox import Mailbox
from runtime.replacements import ReplacementRegister
from runtime.sales import SaleReader
from runtime.settings import Settings
from starter.inbox.inbox import Inbox
from starter.inbox.incidents import Incidents
from starter.mail.answers import Answers, Start
from starter.mail.door import MailDoor
from starter.mail.handoff import HandoffMail
from starter.mail.mailbox import MailboxReading, Watch
from starter.mail.replacement import ReplacementMail


@asynccontextmanager
async def opened_mail_door(
    settings: Settings, engine: Any, inbox: Inbox, incidents: Incidents, company: str, start: Start
) -> AsyncIterator[MailDoor]:
    """The door for e-mails over an inbox and its database; ``company`` is the name under the answers, ``start`` begins them."""
    own = settings.mail.sender if settings.mail is not None else ""
    billing = open_billing((settings.billing_url or settings.database_url).get_secret_value())
    try:
        yield MailDoor(
            inbox,
            {
                "replacement": ReplacementMail(AccountReader(billing), ReplacementRegister(engine)),
                "handoff": HandoffMail(SaleReader(engine), DocumentReader(), own.rpartition("@")[2]),
            },
            Answers(MailAnswers(engine), start, company, settings.hash_key.get_secret_value()),
            incidents,
            [own, *(mailbox.address for mailbox in settings.mailboxes)],
        )
    finally:
        await billing.dispose()


async def read_mailboxes(settings: Settings, door: MailDoor, watch: Watch) -> None:
    """Reads every mailbox of the settings, each by itself, until it is cancelled."""
    readings = [
        MailboxReading(f"mailbox {number} ({one.purpose})", Mailbox(one), door, watch) for number, one in enumerate(settings.mailboxes, 1)
    ]
    await asyncio.gather(*(reading.run() for reading in readings))
