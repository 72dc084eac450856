"""What a handoff does now: the pure decision over its state and the time, clause by clause."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import JsonValue

from regulations.case import Obligation, Standing, Tell, Wait
from regulations.catalogue import text
from regulations.clocks import next_instant, ran_out, warn_at
from regulations.effects import CrmRecord, Letter, OnUnknown, Thread
from regulations.handoff.duties import on_opening, register_client
from regulations.handoff.state import CC_HEAD, ENDS, KIND, PARTNER, HandoffState, Stage
from regulations.obligations import breach, close, notice, resume, settle

PATIENCE = timedelta(minutes=10)
"""How long the partner's letter about 2.1.3 and 2.1.4 waits for billing's word on 2.1.2, so that one letter tells it all."""
THREADED = frozenset({"handoff/accepted", "handoff/returned", "handoff/incomplete"})
"""Letters that answer the partner's own e-mail."""


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
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return bool(self.letters or self.records or self.look_up or self.await_payment or self.stop_waiting)


def decide(before: HandoffState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is.

    All terms must have been counted (`regulations.clocks.terms_to_plan` gives none).
    """
    state = before.model_copy(deep=True)
    decision = Decision(state)
    on_opening(state, now)
    _set_waits(state)
    _end_pauses(state, now)
    withdrawn = _settle(state)
    overdue = _run_out(state, now)
    _settle(state)
    _withdraw_breaches(state, withdrawn, now)
    _warn(state, decision, now)
    _tell_breaches(state, decision, now)
    _stop_waiting(state, now)
    if state.stage == Stage.ACCEPTED and not any(True for _ in state.unmet()) and not _uncounted(state):
        state.stage = Stage.DONE
    _say(state, decision, now)
    register_client(state)
    decision.records, state.records = state.records, []
    if state.polling and state.stage != Stage.AWAITING_PAYMENT:
        state.polling, decision.stop_waiting = False, True
    if state.stage in ENDS:
        state.ended, state.outcome = not (state.tells or _uncounted(state)), state.stage
    else:
        _ask_billing(state, decision, now, overdue)
    _next(state, decision, now)
    return decision


def _uncounted(state: HandoffState) -> bool:
    return any(w.plan is None for w in state.waits.values()) or any(
        o.term is not None and o.plan is None and not o.paused for o in state.unmet()
    )


def _set_waits(state: HandoffState) -> None:
    """Once billing knows of no payment: the end of waiting for it (3.2), and the moment from which billing is asked again and again."""
    if state.stage != Stage.AWAITING_PAYMENT or state.looked_up_at is None:
        return
    sold = state.sold.happened_at
    state.waits.setdefault("payment", Wait(term=state.settings.payment_wait, start=sold))
    state.waits.setdefault("poll", Wait(term=state.settings.poll_after, start=sold))


def _end_pauses(state: HandoffState, now: datetime) -> None:
    for o in state.unmet():
        if o.paused and (until := o.holds[-1].until) is not None and now >= until:
            resume(state, o, until)


def _settle(state: HandoffState) -> list[Obligation]:
    """Holds every duty against its proof; gives those whose recorded breach turned out to be none."""
    withdrawn = []
    for o in state.obligations:
        was = o.standing
        settle(state, o, state.proof(o))
        if o.breached_at is not None and o.standing is Standing.MET and was is not Standing.MET:
            withdrawn.append(o)
    return withdrawn


def _run_out(state: HandoffState, now: datetime) -> list[Obligation]:
    """Records the breaches. 2.1.2 waits for billing's answer: what counts is billing's own time, whether we were told or not."""
    asked_billing = []
    for o in list(state.unmet()):
        if not ran_out(o, now):
            continue
        if _billing_must_say(state, o, o.due):
            asked_billing.append(o)
        elif (proof := state.proof(o)) is None or proof.happened_at > (o.due or now):
            breach(state, o)
    return asked_billing


def _billing_must_say(state: HandoffState, o: Obligation, since: datetime | None) -> bool:
    return o.clause == "2.1.2" and since is not None and (state.looked_up_at is None or state.looked_up_at < since)


def _waits_for_billing(state: HandoffState, now: datetime) -> datetime | None:
    """Until when a letter to the partner waits for billing's word on 2.1.2; None: it need not, or has waited long enough."""
    for o in state.unmet():
        since = warn_at(state, o) if not o.warned and o.due is not None and now < o.due else o.due
        if since is not None and now >= since and _billing_must_say(state, o, since) and now < since + PATIENCE:
            return since + PATIENCE
    return None


def _warn(state: HandoffState, decision: Decision, now: datetime) -> None:
    """One reminder before the term: the partner by a letter, people inside by a notice."""
    due: list[Obligation] = []
    waits = _waits_for_billing(state, now)
    for o in state.unmet():
        at = warn_at(state, o)
        if o.warned or o.paused or o.standing is not Standing.OPEN or at is None or now < at or o.due is None or now >= o.due:
            continue
        if _billing_must_say(state, o, at):
            state.look_up_wanted = True
            continue
        if o.owner == PARTNER and waits:
            continue
        o.warned = True
        if o.owner == PARTNER:
            due.append(o)
        else:
            notice(state, o.owner, "warning", _words(state, "warning", o), key=o.key, clause=o.clause, due=o.due, earliest=at)
    if due:
        _letter(state, decision, "handoff/reminder", _keys(due), now, duties=_duties(state, due), learnt_late=False)


def _tell_breaches(state: HandoffState, decision: Decision, now: datetime) -> None:
    """One notice at the breach to the owner and to the escalation role, in their working time."""
    told: list[Obligation] = []
    waits = _waits_for_billing(state, now)
    for o in state.obligations:
        if o.told or o.breached_at is None or o.plan is None or o.standing in (Standing.WAIVED, Standing.MET):
            continue
        if o.owner == PARTNER:
            if now < o.plan.tell_at or waits:
                continue
            told.append(o)
        o.told = True
        for role in sorted({o.owner, o.escalation} - {PARTNER}):
            notice(
                state, role, "breach", _words(state, "breach", o), key=o.key, clause=o.clause, due=o.breached_at, earliest=o.plan.tell_at
            )
    if told:
        late = any(o.due is not None and o.opened_at >= o.due for o in told)
        _letter(state, decision, "handoff/breach", _keys(told), now, duties=_duties(state, told), learnt_late=late)


def _withdraw_breaches(state: HandoffState, withdrawn: list[Obligation], now: datetime) -> None:
    """Who was told of a breach is told that it was none."""
    partner = [o for o in withdrawn if o.told and o.owner == PARTNER]
    for o in withdrawn:
        if o.told:
            for role in sorted({o.owner, o.escalation} - {PARTNER}):
                state.tell(role, "breach_withdrawn", o.key, now, {"clause": o.clause})
    if partner:
        state.tell(PARTNER, "handoff/breach_withdrawn", _keys(partner), now, {"duties": _duties(state, partner), "learnt_late": False})


def _stop_waiting(state: HandoffState, now: datetime) -> None:
    """3.2: no payment; a return that is not resubmitted. The partner is told, the case closes."""
    payment = state.waits.get("payment")
    if state.stage == Stage.AWAITING_PAYMENT and payment and payment.plan and now >= payment.plan.due and not state.looking_up:
        if state.looked_up_at is None or state.looked_up_at < payment.plan.due:
            state.look_up_wanted = True  # the last word is billing's
        else:
            _end_waiting(state, Stage.NOT_PAID, "handoff/not_paid", now, waited_until=payment.plan.due_text)
    wait = state.waits.get(f"resubmission/{state.round}")
    if state.stage == Stage.RETURNED and wait is not None and wait.plan is not None and now >= wait.plan.due:
        returned = state.local(state.returned_at or now)
        _end_waiting(state, Stage.REFUSED, "handoff/not_resubmitted", now, waited_until=wait.plan.due_text, returned_on=returned)


def _end_waiting(state: HandoffState, stage: Stage, template: str, now: datetime, **values: JsonValue) -> None:
    state.stage = stage
    for o in list(state.unmet()):
        close(state, o, Standing.WAIVED, note=stage)
    state.tell(PARTNER, template, stage, now, values)
    state.tell(CC_HEAD, stage, stage, now)


def _ask_billing(state: HandoffState, decision: Decision, now: datetime, overdue: list[Obligation]) -> None:
    """3.2, 2.1.2: asked at once, when somebody says that money came, before a breach of 2.1.2 is believed, and by an infrequent poll."""
    state.look_up_wanted = state.look_up_wanted or bool(overdue)
    if state.look_up_wanted and not state.looking_up:
        state.look_up_wanted, state.looking_up = False, True
        decision.look_up = True
    poll = state.waits.get("poll")
    unpaid = state.stage == Stage.AWAITING_PAYMENT and not state.looking_up
    if unpaid and poll and poll.plan and now >= poll.plan.due and not state.polling:
        state.polling = decision.await_payment = True


# --- words ----------------------------------------------------------------------------------------------------------


def _say(state: HandoffState, decision: Decision, now: datetime) -> None:
    """Hands on every telling: letters to the partner when their hour has come, notices to people inside with their hour."""
    waiting: list[Tell] = []
    for tell in state.tells:
        wait = state.waits.get(tell.wait) if tell.wait else None
        if tell.what == "handoff/incomplete" and state.request is not None and state.request.complete_at is not None:
            state.waits.pop(tell.wait or "", None)
            continue  # what was missing has come meanwhile
        if tell.wait and (wait is None or wait.plan is None):
            waiting.append(tell)
            continue
        not_before = wait.plan.tell_at if wait and wait.plan else now
        if tell.role == PARTNER and now < not_before:
            waiting.append(tell)
            continue
        if tell.wait:
            del state.waits[tell.wait]
        if tell.role == PARTNER:
            _letter(state, decision, tell.what, tell.key, now, **_filled(state, tell))
        else:
            kind = "ended" if tell.what in ("ended", "not_paid", "refused") else "incident"
            kind = "breach_withdrawn" if tell.what == "breach_withdrawn" else kind
            clause = str(tell.values.get("clause", ""))
            words = text(state.language, "notice", tell.what, **{**tell.values, "duty": text(state.language, KIND, "duty", clause)})
            notice(state, tell.role, kind, words, key=tell.key, clause=clause, earliest=not_before)  # type: ignore[arg-type]
    state.tells = waiting


def _filled(state: HandoffState, tell: Tell) -> dict[str, JsonValue]:
    """Puts codes into words: missing files, missing fields, the grounds of chapter 3."""
    values = dict(tell.values)
    if tell.what == "handoff/incomplete":
        attachments = state.obligation("2.1.4")
        values["missing"] = [_file(state, code) for code in _strings(values["missing"])]
        values["due"] = attachments.due_text if attachments else ""
    if tell.what == "handoff/returned":
        wait = state.waits.get(f"resubmission/{state.round}")
        values["resubmit_by"] = wait.plan.due_text if wait and wait.plan else ""
        reasons = values["reasons"] if isinstance(values["reasons"], list) else []
        values["reasons"] = [
            {
                "clause": r["clause"],
                "text": r["text"] or text(state.language, KIND, "ground", str(r["clause"])),
                "details": [_field(state, code) for code in _strings(r["details"])],
            }
            for r in reasons
            if isinstance(r, dict)
        ]
    return values


def _strings(values: JsonValue) -> list[str]:
    return [str(v) for v in values] if isinstance(values, list) else []


def _file(state: HandoffState, code: str) -> str:
    kind, _, problem = code.partition(":")
    words = text(state.language, KIND, "file", kind)
    return f"{words}: {text(state.language, KIND, 'file', problem)}" if problem else words


def _field(state: HandoffState, code: str) -> str:
    name, _, problem = code.partition(":")
    words = text(state.language, KIND, "field", name)
    return f"{words} ({text(state.language, KIND, 'field', problem)})" if problem else words


def _letter(state: HandoffState, decision: Decision, template: str, key: str, now: datetime, **values: JsonValue) -> None:
    sale, request = state.sold, state.request
    thread = None
    if template in THREADED and request is not None and request.message_id is not None:
        thread = Thread(message_id=request.message_id, references=request.references, subject=request.subject)
    letter = Letter(
        key=f"{state.uid}#{template}#{key}",
        template=template,
        language=state.language,
        to=(sale.partner.email,),
        values={
            "deal": sale.deal,
            "partner": sale.partner.name,
            "client": sale.client.name,
            "login": sale.client.login,
            "company": state.company,
            **values,
        },
        thread=thread,
        on_unknown=OnUnknown.HOLD if template == "handoff/accepted" else OnUnknown.REPEAT,
        now=now,
    )
    decision.letters.append(letter)


def _keys(obligations: list[Obligation]) -> str:
    return "+".join(f"{o.key}@{(o.breached_at or o.due or o.started_at).isoformat()}" for o in obligations)


def _duties(state: HandoffState, obligations: list[Obligation]) -> list[JsonValue]:
    return [{"clause": o.clause, "duty": text(state.language, KIND, "duty", o.clause), "due": o.due_text} for o in obligations]


def _words(state: HandoffState, what: str, o: Obligation) -> str:
    return text(state.language, "notice", what, clause=o.clause, duty=text(state.language, KIND, "duty", o.clause), due=o.due_text)


def _next(state: HandoffState, decision: Decision, now: datetime) -> None:
    """The earliest instant at which the case must be awake, and the words for its timer."""
    language = state.language
    candidates: list[tuple[datetime, str]] = []
    if (instant := next_instant(state, now)) is not None:
        at, o = instant
        kind = "pause" if o.paused else "tell" if o.standing is Standing.OVERDUE else "due" if at == o.due else "warning"
        duty = text(language, KIND, "duty", o.clause)
        candidates.append((at, text(language, "timer", kind, clause=o.clause, duty=duty, due=o.due_text)))
    if (patience := _waits_for_billing(state, now)) is not None:
        candidates.append((patience, text(language, "activity", "look_up_billing")))
    for tell in state.tells:
        wait = state.waits.get(tell.wait) if tell.wait else None
        if wait is not None and wait.plan is not None:
            candidates.append((wait.plan.tell_at, text(language, "letter", tell.what)))
    for name, wait in state.waits.items():
        word = name.split("/")[0]
        relevant = {
            "payment": state.stage == Stage.AWAITING_PAYMENT and not state.looking_up,
            "poll": state.stage == Stage.AWAITING_PAYMENT and not state.polling,
            "resubmission": state.stage == Stage.RETURNED and name.endswith(f"/{state.round}"),
        }.get(word, False)
        if relevant and wait.plan is not None:
            what = text(language, KIND, "wait", word)
            candidates.append((wait.plan.due, text(language, "timer", "wait", what=what, due=wait.plan.due_text)))
    candidates = [c for c in candidates if c[0] > now]
    if candidates and not state.ended:
        decision.wake_at, decision.wake_for = min(candidates)
