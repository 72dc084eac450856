"""Answering an e-mail that no case could take: once, and never so often that two machines write to each other for ever."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from pydantic import JsonValue
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from regulations.catalogue import text
from regulations.effects import Letter, Thread
from regulations.pseudonym import pseudonym
from runtime.mail_answers import MailAnswers
from starter.mail.meaning import LANGUAGE
from starter.mail.parts import Mail
from starter.mail.redaction import masked, secrets_of
from workflows.mail_answer import MailAnswer

MOST = 3
"""Answers to one address in a day."""
DAY = timedelta(days=1)

Start = Callable[[str, Letter], Awaitable[None]]
"""Begins the answer of an address ``mail/…``; one that was begun stays as it is. Raises AnswerUnavailableError."""


class AnswerUnavailableError(Exception):
    """Temporal is away: nothing was begun, and the same call may succeed later."""


class Answers:
    """Decides whether an e-mail is answered, and begins the answer."""

    def __init__(self, book: MailAnswers, start: Start, company: str, hash_key: str) -> None:
        """``company`` is its name, for the signature; the hash key stands in for addresses."""
        self._book, self._start, self._company, self._hash_key = book, start, company, hash_key

    async def begun(self, mail: Mail) -> bool:
        """Whether this e-mail has its answer, or will have it. Raises DatabaseUnavailableError, DatabaseRefusedError."""
        return await self._book.answered(mail.id)

    async def send(self, mail: Mail, template: str, values: Mapping[str, JsonValue], now: datetime) -> bool:
        """Has the e-mail answered, in its thread; the same one again is nothing new.

        Returns:
            False when it cannot be: it names no address, or that address was answered `MOST` times within a day.

        Raises:
            AnswerUnavailableError, DatabaseUnavailableError, DatabaseRefusedError: nothing is sent, or will be by an earlier call.
        """
        if mail.sender is None:
            return False
        recipient = pseudonym(mail.sender.lower(), self._hash_key)
        if not await self._book.admit(mail.id, recipient, MOST, DAY):
            return False
        address = f"mail/{mail.id}"
        await self._start(address, self._letter(mail, address, template, values, now))
        return True

    def _letter(self, mail: Mail, address: str, template: str, values: Mapping[str, JsonValue], now: datetime) -> Letter:
        thread = None
        if mail.message_id is not None and mail.sender is not None:
            subject = masked(mail.subject, secrets_of(mail)) or text(LANGUAGE, "mail", "no_subject")
            thread = Thread(message_id=mail.message_id, references=mail.references, subject=subject)
        return Letter(
            key=f"{address}#answer",
            template=template,
            language=LANGUAGE,
            to=(mail.sender or "",),
            values={**values, "company": self._company},
            thread=thread,
            now=now,
        )


async def start_answer(client: Client, task_queue: str, address: str, letter: Letter) -> None:
    """Begins the workflow that sends the answer, unless it has been begun before.

    Raises:
        AnswerUnavailableError: the Temporal server did not take it.
    """
    try:
        await client.start_workflow(
            MailAnswer.run,
            letter,
            id=address,
            task_queue=task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            static_summary=text(letter.language, "letter", letter.template),
        )
    except WorkflowAlreadyStartedError:
        return
    except RPCError as e:
        raise AnswerUnavailableError(f"the Temporal server said {e.status.name}") from None
