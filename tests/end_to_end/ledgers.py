"""Nothing lost, nothing done twice: three ledgers of different keepers, held against each other.

The sender's (what it was answered), those of the effects (the mail server's Maildir, the CRM's file, the registers in the database), and
the histories of the cases. They are joined by the keys of events and effects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter

from deploy.demo.stage import Stage
from regulations.read_out import ReadOut
from runtime import tables
from runtime.database import open_database
from tests.end_to_end.deals import Deal, Sender
from tests.workflows.replaying import replay, silent_tasks

CONVERTER = pydantic_data_converter.payload_converter


@dataclass(frozen=True)
class Found:
    """What the ledgers say of one deal, after they were found to agree."""

    read: ReadOut
    history: WorkflowHistory
    letters: dict[str, int]
    """Template → how many copies the mail server holds."""
    held: list[str]
    repeated: list[str]
    """Templates of letters whose end was unknown, by what became of them."""
    incidents: list[str]


async def rows_of(stage: Stage, table: Any, address: str) -> list[Any]:
    """The rows of a register that belong to a case, in its own order."""
    engine = open_database(stage.database_url)
    try:
        async with engine.connect() as connection:
            return list((await connection.execute(select(table).where(table.c.address == address).order_by(table.c.seq))).all())
    finally:
        await engine.dispose()


def accepted_keys(history: WorkflowHistory) -> list[str]:
    """The keys of the messages in the order in which the case accepted them."""
    keys = []
    for event in history.events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
            payloads = event.workflow_execution_update_accepted_event_attributes.accepted_request.input.args.payloads
            keys.append(CONVERTER.from_payload(payloads[0])["key"])
    return keys


def scheduled(history: WorkflowHistory, activity: str) -> list[dict[str, Any]]:
    """The inputs with which the case asked for an activity."""
    asked = (
        e.activity_task_scheduled_event_attributes for e in history.events if e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    )
    return [CONVERTER.from_payload(a.input.payloads[0]) for a in asked if a.activity_type.name == activity]


def attempts(history: WorkflowHistory, activity: str) -> list[int]:
    """At which attempt each activity of this name succeeded, in the order in which the case asked for them."""
    names, begun = {}, {}
    for e in history.events:
        if e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            names[e.event_id] = e.activity_task_scheduled_event_attributes.activity_type.name
        elif e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
            begun[e.activity_task_started_event_attributes.scheduled_event_id] = e.activity_task_started_event_attributes.attempt
    return [begun[id] for id, name in names.items() if name == activity and id in begun]


async def agree(sender: Sender, deals: Sequence[Deal]) -> dict[str, Found]:
    """Holds the ledgers of these deals, all of them done, against each other."""
    stage = sender.stage
    engine = open_database(stage.database_url)
    async with engine.connect() as connection:
        effects = list((await connection.execute(select(tables.effects))).all())
    await engine.dispose()
    found = {}
    for deal in deals:
        history = await deal.handle.fetch_history()
        found[deal.deal] = await _agree_on(deal, history, effects)
    for one in found.values():
        await replay(one.history)
    copies = Counter(str(letter.message["Message-ID"]) for letter in stage.mail.letters)
    assert copies.keys() <= {e.message_id for e in effects}, "the mail server holds a letter that no ledger knows"
    return found


async def _agree_on(deal: Deal, history: WorkflowHistory, effects: list[Any]) -> Found:
    stage = deal.sender.stage
    assert silent_tasks(history) == []
    read = await deal.read()
    uid = read.uid
    # A server that dies between a start and its message leaves an empty case, which ends by itself: no message, no effect.
    runs = [one async for one in stage.client.list_workflows(f"WorkflowId = '{deal.case}'")]
    empty = [one for one in runs if one.run_id != history.run_id]
    for one in empty:
        assert one.status is WorkflowExecutionStatus.FAILED, f"{deal.case} was begun twice"
        other = await stage.client.get_workflow_handle(deal.case, run_id=one.run_id).fetch_history()
        assert accepted_keys(other) == []
        assert [e for e in other.events if e.HasField("activity_task_scheduled_event_attributes")] == []

    # Every message that was answered as taken stands in the trail once, in the order in which the case accepted them.
    answered = {key for key, _ in deal.sender.answers if key.startswith(f"{deal.deal}.")}
    order = accepted_keys(history)
    trail = [f.key for f in read.facts if f.key.startswith(f"{deal.deal}.")]
    assert len(order) == len(set(order)), f"{deal.case} accepted a message twice"
    assert trail == order, f"{deal.case}: the trail's order is not the order of acceptance"
    assert set(trail) == answered, f"{deal.case}: answered but lost, or taken but never answered"

    # Every letter that the case asked for has one effect, and the mail server as many copies as that effect admits.
    letters, held, repeated = _letters(stage, uid, history, effects)

    # One record in the CRM, with the newest state; one row each in the registers, equal to the state.
    records = [r for r in stage.crm.records.values() if r.get("External_Id") == f"handoff-{deal.deal}"]
    assert [r["Handoff_Status"] for r in records] == ["accepted"], f"{deal.case}: {len(records)} CRM records"
    assert len([f for f in read.facts if f.what == "crm"]) == 1
    accepted = await rows_of(stage, tables.accepted_clients, deal.case)
    assert [(r.case_uid, r.round, r.entry) for r in accepted] == [(uid, read.round, "accepted")]
    entered = await rows_of(stage, tables.payments_register, deal.case)
    assert [(r.case_uid, r.round, r.entry, r.payment_reference) for r in entered] == [(uid, read.round, "entered", f"pay-{deal.deal}")]
    written = {r.key: (r.clause, r.state, r.due, r.met_at) for r in await rows_of(stage, tables.obligations, deal.case)}
    assert written == {o.key: (o.clause.removeprefix("handoff "), o.state, o.due, o.met_at) for o in read.obligations}
    assert await rows_of(stage, tables.breaches, deal.case) == []

    # Whatever ended unknown is an incident for a person, and nothing else is.
    incidents = [(r.what, r.text) for r in await rows_of(stage, tables.incidents, deal.case)]
    doubts = [("letter_held", t) for t in held] + [("letter_doubtful", t) for t in repeated]
    assert sorted(incidents) == sorted(doubts)
    return Found(read, history, letters, held, repeated, [what for what, _ in incidents])


def _letters(stage: Stage, uid: str, history: WorkflowHistory, effects: list[Any]) -> tuple[dict[str, int], list[str], list[str]]:
    copies = Counter(str(letter.message["Message-ID"]) for letter in stage.mail.letters)
    asked = {letter["key"]: letter for letter in scheduled(history, "send_letter")}
    mine = {e.key: e for e in effects if e.kind == "letter" and e.key.startswith(uid)}
    assert mine.keys() == asked.keys()
    letters: dict[str, int] = {}
    held, repeated = [], []
    for key, effect in mine.items():
        letter, there = asked[key], copies[effect.message_id]
        letters[letter["template"]] = letters.get(letter["template"], 0) + there
        if letter.get("on_unknown") == "hold":
            assert there <= 1, f"{key}: a letter that must not be doubled was sent {there} times"
        else:
            assert 1 <= there <= effect.handovers, f"{key}: {there} copies"
        assert effect.stage in ("done", "held")
        if effect.stage == "held":
            assert letter.get("on_unknown") == "hold"
            held.append(letter["template"])
        else:
            assert there >= 1, f"{key}: said to be sent, but the mail server has it not"
            assert effect.result["repeated"] == (effect.handovers > 1)
            repeated += [letter["template"]] if effect.handovers > 1 else []
    return letters, held, repeated
