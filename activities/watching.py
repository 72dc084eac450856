"""The steps of a lead watch: rows are written, leads are looked at, reminders become notices, all in one transaction."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from temporalio import activity

from activities.errors import MISCONFIGURED, transient
from activities.keyed import database_errors
from regulations.control_time import calendar_named
from regulations.notices import LeftOut
from regulations.plans import control_name
from regulations.replacement.audit import audit
from regulations.replacement.effects import PassingAnswer, PassingQuestion, WatchBatch, WatchStep, WatchStepDone
from regulations.replacement.export import Call, Card, Recording, Row
from regulations.replacement.findings import is_on_replacement
from regulations.replacement.messages import WatchedCall, WatchedCard
from regulations.replacement.watch_state import KIND, MANAGER, PAGE
from regulations.replacement.watching import Attempt, Looked, Missed, Reminder, Watched, watch_lead
from regulations.rows import NoticeRow
from regulations.time.calendar_spec import CalendarError
from regulations.time.working_time import WorkingTime, working_time
from runtime.registers import Origin, RegisterRow
from runtime.watches import CallRow, CardRow, LeadRow, OpenWatch, WatchStore

MOST_UNKNOWN = 20


class Watching:
    """Watches the leads of tariffs."""

    def __init__(self, store: WatchStore) -> None:
        """The engine of the store is closed by whoever made it."""
        self._store = store

    @activity.defn
    async def watch_step(self, step: WatchStep) -> WatchStepDone:
        """3.3, 3.4: one step; repeated it changes nothing more, and nobody is reminded twice.

        A batch is written as a whole; then the leads that it touches are looked at, and as many of those whose instant has come as a page
        has room for.

        Raises:
            ApplicationError: ``Unavailable`` or ``Misconfigured`` (repeated by Temporal), ``Invalid`` (for good).
        """
        hours = _hours(step.settings.zone)
        with database_errors():
            async with self._store.open(step.watch) as watch:
                touched, unknown = await _write(watch, step.batch) if step.batch is not None else (set[str](), list[str]())
                if step.recount:
                    await watch.recount(step.now)
                due = await watch.due(step.now, max(PAGE - len(touched), 0))
                await _look(watch, step, touched | set(due), hours)
                totals = await watch.totals()
        return WatchStepDone(
            next_at=totals.next_at,
            leads=totals.leads,
            calls=totals.calls,
            reminded=totals.reminders,
            missed=totals.late,
            unknown=tuple(unknown),
        )

    @activity.defn
    async def count_passing(self, question: PassingQuestion) -> PassingAnswer:
        """1: how many cards would pass the audit today, by what the watch knows. Only reads.

        Raises:
            ApplicationError: as `watch_step`.
        """
        hours = _hours(question.settings.zone)
        rows: list[Row] = []
        with database_errors():
            cards = [card async for card in self._store.cards(question.watch) if is_on_replacement(card.status)]
            rows += (Card(card.lead, card.appeared_at, card.status, card.comment) for card in cards)
            async for call in self._store.calls(question.watch, [card.lead for card in cards]):
                rows.append(Call(call.call, call.lead, call.at, call.answered, call.comment))
                rows += [Recording(call.call)] if call.recorded else []
        try:
            audited = await asyncio.to_thread(audit, rows, question.settings, hours, question.now)
        except CalendarError as e:
            raise transient(str(e), type=MISCONFIGURED) from e
        verdicts = Counter(judged.verdict for judged in audited.judged)
        return PassingAnswer(replace=verdicts["replace"], listen=verdicts["listen"], reject=verdicts["reject"])


def _hours(zone: str) -> WorkingTime:
    """The client's working time. A zone that is unknown here waits for workers that know it."""
    try:
        return working_time(calendar_named(control_name(zone), {}))
    except CalendarError as e:
        raise transient(str(e), type=MISCONFIGURED) from e


# --- what came ------------------------------------------------------------------------------------------------------


async def _write(watch: OpenWatch, batch: WatchBatch) -> tuple[set[str], list[str]]:
    """Writes a batch; gives the leads to be looked at for it, and those that it names and nobody has told of."""
    touched = await watch.put_leads({lead.lead: lead.at for lead in batch.leads}) if batch.leads else set[str]()
    if batch.calls:
        touched |= await watch.put_calls({call.call: _call(call) for call in batch.calls})
    if batch.cards:
        await watch.put_cards({card.lead: _card(card) for card in sorted(batch.cards, key=lambda card: card.at)})
    named = {call.lead for call in batch.calls} | {card.lead for card in batch.cards}
    return touched, await watch.unknown(named, MOST_UNKNOWN)


def _call(call: WatchedCall) -> CallRow:
    return CallRow(call.call, call.lead, call.at, call.answered, call.recorded, call.comment)


def _card(card: WatchedCard) -> CardRow:
    return CardRow(card.lead, card.status, card.comment, card.at)


# --- looking --------------------------------------------------------------------------------------------------------


async def _look(watch: OpenWatch, step: WatchStep, leads: set[str], hours: WorkingTime) -> None:
    """Looks at leads: keeps what came of it, reminds the manager, takes back what has been done before it was told."""
    rows = await watch.leads(leads)
    calls = await watch.calls([row.lead for row in rows])
    changed: list[LeadRow] = []
    reminders: list[NoticeRow] = []
    over: list[str] = []
    for row in rows:
        made = [Attempt(call.at, call.answered) for call in calls.get(row.lead, ())]
        try:
            looked = watch_lead(_watched(row), made, step.settings, hours, step.now, step.language)
        except CalendarError as e:
            raise transient(str(e), type=MISCONFIGURED) from e
        if (after := _after(row, looked)) != row:
            changed.append(after)
        reminders += (_notice(step, row.lead, reminder) for reminder in looked.reminders)
        over += (_key(row.lead, key) for key in looked.over)
    await watch.settle(changed)
    origin = Origin(step.watch, step.address, KIND, step.edition, step.now)
    await watch.tell(origin, [RegisterRow(row.table, row.model_dump(exclude={"table"})) for row in reminders])
    await watch.leave_out(over, LeftOut.CLOSED.value)


def _watched(row: LeadRow) -> Watched:
    return Watched(row.lead, row.appeared_at, tuple(row.reminded), tuple(_read(row)))


def _read(row: LeadRow) -> Iterator[Missed]:
    for clause, at, withdrawn_at in row.missed:
        yield Missed(str(clause), datetime.fromisoformat(str(at)), datetime.fromisoformat(withdrawn_at) if withdrawn_at else None)


def _after(row: LeadRow, looked: Looked) -> LeadRow:
    written = [[m.clause, m.at.isoformat(), m.withdrawn_at.isoformat() if m.withdrawn_at else None] for m in looked.missed]
    late = any(m.withdrawn_at is None for m in looked.missed)
    return replace(row, next_at=looked.next_at, reminded=list(looked.reminded), missed=written, late=late)


def _notice(step: WatchStep, lead: str, reminder: Reminder) -> NoticeRow:
    return NoticeRow(
        seq=0,  # the first row of its key stands, whatever its number
        key=_key(lead, reminder.key),
        clause=reminder.clause,
        kind="warning",
        role=MANAGER,
        recipient=step.manager,
        language=step.language,
        due=reminder.due,
        earliest=reminder.at,
        text=reminder.text,
    )


def _key(lead: str, key: str) -> str:
    return f"{lead}#{key}"
