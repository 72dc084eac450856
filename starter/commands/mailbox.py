"""``reglament mailbox``: whether the mailboxes answer, and one stored e-mail handed to their door."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from starter.commands.command import AWAY, JSON_OPTION, REFUSED, WRONG_USE, company_or_fail, fail, run, settings_or_fail

if TYPE_CHECKING:
    from regulations.effects import Letter

app = typer.Typer(no_args_is_help=True, help="The mailboxes that python -m starter reads: whether they answer; one stored e-mail by hand.")


class PurposeOption(StrEnum):
    """What the e-mails of a mailbox are."""

    REPLACEMENT = "replacement"
    HANDOFF = "handoff"


@app.command()
def check(as_json: JSON_OPTION = False) -> None:
    """Log in to every mailbox, and count what lies in its folders. A folder that is missing is made; nothing is read."""
    run(_check(as_json))


async def _check(as_json: bool) -> int:
    from runtime.mailbox import Mailbox, MailboxError

    worst, found = 0, list[dict[str, Any]]()
    for number, settings in enumerate(settings_or_fail().mailboxes, 1):
        said: dict[str, Any] = {"mailbox": number, "purpose": settings.purpose, "host": settings.host}
        mailbox = Mailbox(settings)
        try:
            counts = await mailbox.counts()
            said |= {"waiting": counts[settings.folder], "taken": counts[settings.taken], "answered": counts[settings.answered]}
        except MailboxError as e:
            said["error"] = str(e)
            worst = AWAY
        finally:
            await mailbox.close()
        found.append(said)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    elif not found:
        print("no mailboxes are set: REGLAMENT_MAILBOXES is a JSON list, an object for each")
    for said in [] if as_json else found:
        words = said.get("error") or f"{said['waiting']} waiting, {said['taken']} taken, {said['answered']} answered"
        print(f"mailbox {said['mailbox']} ({said['purpose']}, {said['host']}): {words}")
    return worst


@app.command()
def read(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="An e-mail as a mail server keeps it (.eml).")],
    purpose: Annotated[PurposeOption, typer.Option(help="What it is: as if it lay in a mailbox of this purpose.")],
    received: Annotated[
        str | None, typer.Option(help="When the mail server received it, with its offset: from then terms run. (default: now)")
    ] = None,
    as_json: JSON_OPTION = False,
) -> None:
    """Hand one stored e-mail to the same door. It counts once, also when it lies in the mailbox too. The file stays as it is."""
    try:
        at = datetime.now(UTC) if received is None else datetime.fromisoformat(received)
    except ValueError:
        fail(WRONG_USE, f"--received {received} is no time; write it like 2026-11-23T09:00+03:00")
    if at.tzinfo is None:
        fail(WRONG_USE, f"--received {received} needs its offset, like 2026-11-23T09:00+03:00")
    run(_read(file.read_bytes(), purpose, at, as_json))


async def _read(content: bytes, purpose: PurposeOption, received_at: datetime, as_json: bool) -> int:
    from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
    from starter.commands.inbox import opened_inbox
    from starter.mail.answers import AnswerUnavailableError, start_answer
    from starter.mail.door import LARGEST_MAIL
    from starter.mail.mailboxes import opened_mail_door

    settings = settings_or_fail()
    company = company_or_fail(settings)
    async with opened_inbox(settings) as opened:

        async def start(address: str, letter: Letter) -> None:
            if opened.client is None:
                raise AnswerUnavailableError(opened.away or "Temporal is away")
            await start_answer(opened.client, settings.task_queue, address, letter)

        async with opened_mail_door(settings, opened.engine, opened.inbox, opened.incidents, company.name, start) as door:
            try:
                take = door.take if len(content) <= LARGEST_MAIL else door.too_large
                fate = await take(content, received_at, purpose.value)
            except AnswerUnavailableError as e:
                fail(AWAY, f"{e}: nothing was answered; hand it over again")
            except (DatabaseUnavailableError, DatabaseRefusedError) as e:
                fail(AWAY, f"the database does not answer ({e}): nothing was kept; reglament doctor checks it")
    if as_json:
        print(json.dumps({"fate": fate.place, "why": fate.why, "case": fate.case}, ensure_ascii=False))
    else:
        print(" → ".join(filter(None, (fate.case, f"{fate.place}: {fate.why}" if fate.why != fate.place else fate.place))))
    return {"taken": 0, "answered": REFUSED, "stays": AWAY}[fate.place]
