"""What a handoff does now: the pure decision over its state and the time, clause by clause."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import JsonValue

from regulations.breaches import (
    LATE,
    earliest_wake,
    end_pauses,
    keys,
    learnt_late,
    newly_breached,
    remind,
    reminder_due,
    run_out,
    settle_all,
    tell_breach,
    tell_undone,
    tell_withdrawn,
    uncounted,
)
from regulations.case import Obligation, Standing, Wait
from regulations.catalogue import text
from regulations.clocks import untold, warn_at
from regulations.documents import Document, DocumentsQuestion
from regulations.effects import CrmRecord, Letter
from regulations.handoff.duties import on_opening, register_client, register_sale, waive_all
from regulations.handoff.state import CC_HEAD, ENDS, PARTNER, HandoffState, Stage
from regulations.handoff.tellings import duties, letter, say

PATIENCE = timedelta(minutes=10)
"""How long the partner's letter about 2.1.3 and 2.1.4 waits for billing's word on 2.1.2, so that one letter tells it all."""
READ_AT_ONCE = 8
"""Files in one question: read one after the other, in the worst case for 20 s each, within one attempt."""


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: HandoffState
    letters: list[Letter] = field(default_factory=list)
    records: list[CrmRecord] = field(default_factory=list)
    look_up: bool = False
    await_payment: bool = False
    stop_waiting: bool = False
    """The durable poll for the payment is no longer needed."""
    read: DocumentsQuestion | None = None
    stop_reading: bool = False
    """The case ends: what stands in its files changes nothing any more."""
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        reading = self.read is not None or self.stop_reading
        return bool(self.letters or self.records or self.look_up or self.await_payment or self.stop_waiting or reading)


def decide(before: HandoffState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is.

    All terms must have been counted (`regulations.clocks.terms_to_plan` gives none).
    """
    state = before.model_copy(deep=True)
    decision = Decision(state)
    on_opening(state, now)
    end_pauses(state, now)
    withdrawn = settle_all(state, now)
    ask = any(o.clause == "2.1.2" for o in run_out(state, now))  # billing is asked; a file is being read already
    settle_all(state, now)
    _withdraw_breaches(state, withdrawn, now)
    _tell_undone(state, now)
    ask = _warn(state, decision, now) or ask
    _tell_breaches(state, decision, now)
    ask = _stop_waiting(state, now) or ask
    _set_waits(state)
    if state.stage == Stage.ACCEPTED and not any(True for _ in state.unmet()) and not uncounted(state):
        state.stage = Stage.DONE
    decision.letters += say(state, now)
    state.letters_out += [sent.key for sent in decision.letters]
    register_client(state)
    register_sale(state)
    _enter_next(state, decision)
    _read_next(state, decision)
    if state.polling and state.stage != Stage.AWAITING_PAYMENT:
        state.polling, decision.stop_waiting = False, True
    if state.stage in ENDS:
        state.ended, state.outcome = not _unfinished(state), state.stage
    else:
        _ask_billing(state, decision, now, ask)
    _tidy(state)
    _next(state, decision, now)
    return decision


def _unfinished(state: HandoffState) -> bool:
    """Whether an ending case has yet to say something, or to learn what became of what it said: a refused letter is told to a person."""
    under_way = state.letters_out or state.record_out or state.records
    return bool(state.tells or under_way or uncounted(state) or any(untold(o) for o in state.obligations))


def _enter_next(state: HandoffState, decision: Decision) -> None:
    """2.2.5: one entry at a time, in order."""
    if state.records and state.record_out is None:
        decision.records.append(state.records.pop(0))
        state.record_out = decision.records[0].key


def _read_next(state: HandoffState, decision: Decision) -> None:
    """2.1.4, 3.3: the files that came are read, some at a time; a case that has ended reads no more."""
    if state.stage in ENDS:
        decision.stop_reading, state.reading, state.unread = state.reading, False, []
    elif state.unread and not state.reading:
        state.reading = True
        decision.read = DocumentsQuestion(
            documents=tuple(
                Document.model_validate({"sha256": entry.file.sha256, "name": entry.file.name, "kind": entry.file.kind})
                for entry in state.unread[:READ_AT_ONCE]
            ),
            fields=state.settings.questionnaire,
            language=state.language,
        )


def _set_waits(state: HandoffState) -> None:
    """3.2: the end of waiting for a payment, and the moment from which billing is asked again and again.

    2.1.2: an access that is overdue is asked for once in a while, since nobody may tell us of it.
    """
    if state.looked_up_at is None:
        return
    if state.stage == Stage.AWAITING_PAYMENT:
        sold = state.sold.happened_at
        state.waits.setdefault("payment", Wait(term=state.settings.payment_wait, start=sold))
        state.waits.setdefault("poll", Wait(term=state.settings.poll_after, start=sold))
    else:
        state.waits.pop("payment", None)
        state.waits.pop("poll", None)
    access, wait = state.obligation("2.1.2"), state.waits.get("access")
    if access is None or access.standing is not Standing.OVERDUE:
        state.waits.pop("access", None)
    elif wait is None or wait.start < state.looked_up_at:
        state.waits["access"] = Wait(term=state.settings.poll_after, start=state.looked_up_at)


def _waits_for_billing(state: HandoffState, now: datetime) -> datetime | None:
    """Until when a letter to the partner waits for billing's word on 2.1.2; None: it need not, or has waited long enough."""
    for o in state.unmet():
        since = warn_at(state, o) if not o.warned and o.due is not None and now < o.due else o.due
        if since is not None and now >= since and state.billing_must_say(o, since) and now < since + PATIENCE:
            return since + PATIENCE
    return None


def _hour(state: HandoffState, what: str, o: Obligation, planned: datetime, now: datetime) -> datetime | None:
    """From when people may be told: the planned hour; if we come to it late, working time from now on. None: not counted yet."""
    if now < planned + LATE:
        return planned
    wait = state.waits.setdefault(f"hour:{what}:{o.key}", Wait(term="at once", start=now))
    return wait.plan.tell_at if wait.plan is not None else None


def _warn(state: HandoffState, decision: Decision, now: datetime) -> bool:
    """One reminder before the term: the partner by a letter, people inside by a notice. Says whether billing must be asked first."""
    ask = False
    due: list[Obligation] = []
    waits = _waits_for_billing(state, now)
    for o in state.unmet():
        at = reminder_due(state, o, now)
        if at is None or o.due is None:
            continue
        if state.billing_must_say(o, at):
            ask = True
            continue
        if o.owner != PARTNER:
            remind(state, o, at, now)
            continue
        earliest = _hour(state, "warning", o, at, now)
        if earliest is None:
            continue
        if earliest >= o.due:
            earliest = now  # no working time is left before the term: the reminder does not wait for it
        if now < earliest or waits:
            continue
        due.append(o)
        o.warned = True
    if due:
        late = any(learnt_late(state, o) for o in due)
        decision.letters.append(letter(state, "handoff/reminder", keys(due), now, duties=duties(state, due), learnt_late=late))
    return ask


def _tell_breaches(state: HandoffState, decision: Decision, now: datetime) -> None:
    """One word at the breach to the owner and to the escalation role: people inside by a notice, which waits for their working time in its
    register; the partner by a letter, for which the case itself waits. A breach recorded is told, also of a duty let go since."""
    told: list[Obligation] = []
    waits = _waits_for_billing(state, now)
    for o in newly_breached(state):
        tell_breach(state, o)
    for o in state.obligations:
        if not untold(o) or o.plan is None:
            continue
        earliest = _hour(state, "breach", o, o.plan.tell_at, now)
        if earliest is None or now < earliest or waits:
            continue
        o.told = True
        told.append(o)
    if told:
        late = any(learnt_late(state, o) for o in told)
        decision.letters.append(letter(state, "handoff/breach", keys(told), now, duties=duties(state, told), learnt_late=late))


def _withdraw_breaches(state: HandoffState, withdrawn: list[Obligation], now: datetime) -> None:
    """Who was told of a breach is told that it was none."""
    if partner := tell_withdrawn(state, withdrawn, now):
        values: dict[str, JsonValue] = {"duties": duties(state, partner), "learnt_late": True}
        state.tell(PARTNER, "handoff/breach_withdrawn", keys(partner), now, values)


def _tell_undone(state: HandoffState, now: datetime) -> None:
    """Who was told of a breach that a changed calendar has undone is told so."""
    for what, about in tell_undone(state, now).items():
        values: dict[str, JsonValue] = {"duties": duties(state, about), "learnt_late": False}
        state.tell(PARTNER, f"handoff/{what}", keys(about), now, values)


def _stop_waiting(state: HandoffState, now: datetime) -> bool:
    """3.2: no payment; a return that is not resubmitted. The partner is told, the case closes. The last word on a payment is billing's."""
    payment = state.waits.get("payment")
    if state.stage == Stage.AWAITING_PAYMENT and payment and payment.plan and now >= payment.plan.due and not state.looking_up:
        if state.looked_up_at is None or state.looked_up_at < payment.plan.due:
            return True
        _end_waiting(state, Stage.NOT_PAID, "handoff/not_paid", payment.plan.due, now, waited_until=payment.plan.due_text)
    wait = state.waits.get(f"resubmission/{state.round}")
    if state.stage == Stage.RETURNED and wait is not None and wait.plan is not None and now >= wait.plan.due and not state.unread:
        returned = state.local(state.returned_at or now)
        until = wait.plan.due_text
        _end_waiting(state, Stage.REFUSED, "handoff/not_resubmitted", wait.plan.due, now, waited_until=until, returned_on=returned)
    return False


def _end_waiting(state: HandoffState, stage: Stage, template: str, at: datetime, now: datetime, **values: JsonValue) -> None:
    state.stage = stage
    waive_all(state, at, stage, now)
    state.tell(PARTNER, template, stage, now, values)
    state.tell(CC_HEAD, stage, stage, now)


def _ask_billing(state: HandoffState, decision: Decision, now: datetime, ask: bool) -> None:
    """3.2, 2.1.2: asked at once, when somebody says that money came, before a breach of 2.1.2 is believed, and by an infrequent poll.

    ``ask`` is a need of this moment: it is seen again after the answer. ``look_up_wanted`` is news, which an answer under way may lack.
    """
    access = state.waits.get("access")
    ask = ask or (access is not None and access.plan is not None and now >= access.plan.due)
    if (ask or state.look_up_wanted) and not state.looking_up:
        state.look_up_wanted, state.looking_up, state.asked_at = False, True, now
        decision.look_up = True
    poll = state.waits.get("poll")
    unpaid = state.stage == Stage.AWAITING_PAYMENT and not state.looking_up
    if unpaid and poll and poll.plan and now >= poll.plan.due and not state.polling:
        state.polling = decision.await_payment = True


def _tidy(state: HandoffState) -> None:
    """Drops the hours of tellings that are done or needed no more."""
    for name in [n for n in state.waits if n.startswith("hour:")]:
        _, what, key = name.split(":", 2)
        o = state.obligation(key)
        needed = o is not None and (untold(o) if what == "breach" else o.standing is Standing.OPEN and not o.warned)
        if not needed:
            del state.waits[name]


def _next(state: HandoffState, decision: Decision, now: datetime) -> None:
    """The earliest instant at which the case must be awake, and the words for its timer."""
    more: list[tuple[datetime, str]] = []
    if (patience := _waits_for_billing(state, now)) is not None:
        more.append((patience, text(state.language, "activity", "look_up_billing")))
    for name, wait in state.waits.items():
        if name.startswith("hour:") and wait.plan is not None:
            more.append((wait.plan.tell_at, text(state.language, "activity", "tell")))
    ends = {
        "payment": state.stage == Stage.AWAITING_PAYMENT and not state.looking_up,
        "poll": state.stage == Stage.AWAITING_PAYMENT and not state.polling,
        "access": not state.looking_up,
        f"resubmission/{state.round}": state.stage == Stage.RETURNED,
    }
    waits = [name for name in state.waits if ends.get(name if name.startswith("resubmission/") else name.partition("/")[0])]
    if (wake := earliest_wake(state, now, waits, more)) is not None:
        decision.wake_at, decision.wake_for = wake
