"""Which e-mails we have answered: each at most once, and no address so often that two machines could write to each other for ever."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from runtime.database import database_errors, database_now, insert
from runtime.tables import mail_answers


class MailAnswers:
    """The table ``mail_answers``. All methods raise DatabaseUnavailableError or DatabaseRefusedError."""

    def __init__(self, engine: AsyncEngine) -> None:
        """The engine stays the caller's to dispose of."""
        self._engine = engine

    async def admit(self, mail: str, recipient: str, most: int, within: timedelta, now: datetime | None = None) -> bool:
        """Whether this e-mail may be answered; one that may keeps its place, however often it is asked for.

        Args:
            mail: Of the e-mail, always the same.
            recipient: A keyed hash of the address that the answer goes to.
            most: Answers to one recipient ``within`` that time.
            within: Counted back from ``now``.
            now: None: the database's own time.
        """
        with database_errors():
            async with self._engine.begin() as connection:
                known = select(mail_answers.c.mail).where(mail_answers.c.mail == mail)
                if (await connection.execute(known)).first() is not None:
                    return True
                at = now or await database_now(connection)
                counted = select(func.count()).where(mail_answers.c.recipient == recipient, mail_answers.c.at > at - within)
                if (await connection.execute(counted)).scalar_one() >= most:
                    return False
                row = insert(connection, mail_answers).values(mail=mail, recipient=recipient, at=at)
                await connection.execute(row.on_conflict_do_nothing(index_elements=["mail"]))
                return True

    async def answered(self, mail: str) -> bool:
        """Whether the e-mail has been answered, or is being answered."""
        with database_errors():
            async with self._engine.connect() as connection:
                known = select(mail_answers.c.mail).where(mail_answers.c.mail == mail)
                return (await connection.execute(known)).first() is not None
