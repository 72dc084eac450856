"""4.4 as a case of its own: one run per month, which waits for its hour, has the report built and sent, and answers for the term. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from regulations.case import UNMET, CaseState, Evidence, Obligation, Refusal, Standing, Wait
from regulations.catalogue import text
from regulations.clocks import calendar_changed, next_due, next_instant, ran_out, warn_at
from regulations.dates import month_words
from regulations.handoff.duties import OWNERS
from regulations.handoff.report import Month
from regulations.handoff.report_effects import BuiltReport, ReportStanding, SentReport
from regulations.handoff.state import FINANCE, KIND, REGIONAL_DIRECTORATE, HandoffSettings
from regulations.messages import CalendarChanged, Message
from regulations.obligations import admit, breach, incident, notice, open_obligation, settle, taken
from regulations.read_out import ReadOut, duty, read_obligation
from regulations.wire import Wire

CLAUSE = "4.4"
RECIPIENTS = (REGIONAL_DIRECTORATE, FINANCE)
"""The roles that get the report."""
AGAIN = "1 working hours"
"""How long a report that the mail server refused for good waits until it is tried again: somebody has mended the cause meanwhile."""
CLOSED = frozenset({Standing.MET, Standing.MET_LATE, Standing.WAIVED})


class Stage(StrEnum):
    """Where the report of a month stands, and, from ``sent`` on, how its run ended."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    ALREADY_SENT = "already_sent"


# --- what the run is asked, and what it answers ---------------------------------------------------------------------


class ReportRequest(Wire):
    """Which report a run is for."""

    month: str | None = Field(None, pattern=r"^20\d\d-(0[1-9]|1[0-2])$")
    """``2026-10``; None: the calendar month before the run was to start, in the company's zone."""
    resend: bool = False
    """Send it at once and once more, also when it has been sent: the same file, in a letter of its own."""


class ReportResult(Wire):
    """How a run ended."""

    outcome: Literal["sent", "already_sent"]
    month: str
    name: str
    digest: str
    clients: int
    """How many accepted clients it counts."""
    sent_at: datetime | None
    """When the report went out first."""


# --- the state and its facts ----------------------------------------------------------------------------------------


class ReportState(CaseState):
    """The whole durable state of a `HandoffReport`."""

    request: ReportRequest
    resend_key: str | None = None
    month: Month | None = None
    recorded: str | None = None
    built: BuiltReport | None = None
    sending: bool = False
    evidence: Evidence | None = None
    """The letter that went out."""

    @property
    def of(self) -> Month:
        if self.month is None:
            raise LookupError("the month of the report is not known yet")
        return self.month

    @property
    def settings(self) -> HandoffSettings:
        if self.opening is None:
            raise LookupError("the report has not been opened")
        return HandoffSettings.model_validate(self.opening.edition.settings)

    @property
    def letter_key(self) -> str:
        """The same for every run of a month; of a letter that was forced, its own."""
        return f"{self.uid}#{CLAUSE}#{self.resend_key or 'report'}"


def begun(request: ReportRequest, address: str, key: str) -> ReportState:
    """The state of a run that knows its request and nothing else; ``key`` is that of its letter if that one is forced."""
    resend = key if request.resend else None
    return ReportState(kind=KIND, address=address, uid=f"report-{KIND}", stage=Stage.WAITING, request=request, resend_key=resend)


def prepare(state: ReportState, standing: ReportStanding) -> None:
    """Takes how the month stands. The uid is that of the month: whichever run records something of it, it counts once."""
    state.month, state.built, state.recorded = standing.month, standing.built, standing.recorded
    state.uid = f"report-{KIND}-{standing.month.text}"
    state.seq = standing.seq
    if standing.built is not None and standing.built.sent_at is not None:
        _proven(state, standing.built.sent_at)
        if state.resend_key is None:
            state.stage = Stage.ALREADY_SENT


def learn_sent(state: ReportState, built: BuiltReport, sent: SentReport, key: str, now: datetime) -> None:
    """The mail server took the letter: 4.4 is met."""
    state.sending = False
    state.built = built.model_copy(update={"sent_at": built.sent_at or now})
    state.stage = Stage.SENT
    _proven(state, built.sent_at or now)
    state.note("report", now, now, key=key, source="post", note=f"{built.name}, {sent.letter.subject}")
    for role in sent.missing:
        incident(state, f"no-address#{role}", "role_without_address", now, f"{KIND} {CLAUSE}: {role}")
    if sent.letter.refused or sent.letter.repeated:
        incident(state, f"{key}#partly", "letter_doubtful", now, f"{KIND} {CLAUSE}")


def learn_already_sent(state: ReportState, built: BuiltReport, sent_at: datetime) -> None:
    """Another run has sent it meanwhile."""
    state.sending = False
    state.built, state.stage = built, Stage.ALREADY_SENT
    _proven(state, sent_at)


def learn_failure(state: ReportState, kind: str, now: datetime) -> None:
    """The report cannot be built or sent as things are: somebody has to mend the cause, and it is tried again until it works."""
    state.sending, state.stage = False, Stage.WAITING
    state.waits["again"] = Wait(term=AGAIN, start=now)
    key = f"{CLAUSE}#{kind}"
    if any(f.key == key for f in state.facts):
        return  # said already
    why = text(state.language, "report", "failure", kind)
    said = text(state.language, "notice", "report_failed", month=month_words(state.language, state.of.text), why=why)
    incident(state, key, "report_failed", now, said)
    for role in sorted(OWNERS[CLAUSE]):
        notice(state, role, "incident", said, key=key, clause=CLAUSE, earliest=now)


def _proven(state: ReportState, at: datetime) -> None:
    state.evidence = Evidence(happened_at=at, key=state.letter_key)


def apply(state: ReportState, message: Message, now: datetime) -> None:
    """Applies a message: a calendar that was published anew, and no other.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if not isinstance(message, CalendarChanged):
        raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of a report")
    admit(state, message, now)
    taken(state, message, type(message).__name__, now, calendar_changed(state, message, now))


# --- the decision ---------------------------------------------------------------------------------------------------


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: ReportState
    send: bool = False
    """Build the report, and send it."""
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        return self.send


def decide(before: ReportState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure; all terms must have been counted."""
    state = before.model_copy(deep=True)
    decision = Decision(state)
    over = state.stage in (Stage.SENT, Stage.ALREADY_SENT)
    o = _owed(state, now)
    if o is not None:
        _judge(state, o, now)
    if over:
        state.waits.clear()
        uncounted = o is not None and o.standing in UNMET  # its term is being counted
        state.ended, state.outcome = not uncounted, state.stage
    elif not state.sending and _is_time(state, now):
        state.waits.pop("again", None)
        state.sending = decision.send = True
        state.stage = Stage.SENDING
    _next(state, decision, now)
    return decision


def _owed(state: ReportState, now: datetime) -> Obligation | None:
    """4.4 of this month, opened once. Where another run has closed it in the register, nothing is owed any more."""
    if state.recorded in CLOSED:
        return None
    owner, escalation = OWNERS[CLAUSE]
    start = state.of.ends
    return open_obligation(
        state, CLAUSE, clause=CLAUSE, owner=owner, escalation=escalation, started_at=start, now=now, term=state.term(CLAUSE)
    )


def _judge(state: ReportState, o: Obligation, now: datetime) -> None:
    """Met, missed, reminded of."""
    told, was = o.escalated, o.standing
    settle(state, o, state.evidence, now)
    if ran_out(o, now):
        breach(state, o)
        settle(state, o, state.evidence, now)
    at = warn_at(state, o)
    # A run that began after the moment of the reminder sends at once instead.
    reminded = at is not None and o.opened_at < at <= now
    if reminded and o.plan is not None and not o.warned and o.standing is Standing.OPEN:
        notice(
            state,
            o.owner,
            "warning",
            _words(state, "warning", o),
            key=o.key,
            clause=CLAUSE,
            due=o.due,
            earliest=now,
            at_once=o.plan.warn_at_once,
        )
        o.warned = True
    if o.undone is not None:  # a changed calendar moved the term
        _tell(state, o, "breach_withdrawn", "breach_withdrawn" if o.standing is Standing.MET else "breach_moved", o.undone.due, now)
        o.undone = None
    if o.breached_at is not None and not o.escalated and o.standing is not Standing.MET:
        o.escalated = o.told = True
        _tell(state, o, "breach", "breach", o.breached_at, o.breached_at)
    elif told and o.standing is Standing.MET and was is not Standing.MET:  # another run had sent it in time
        _tell(state, o, "breach_withdrawn", "breach_withdrawn", o.breached_at, now)


def _tell(
    state: ReportState, o: Obligation, kind: Literal["breach", "breach_withdrawn"], what: str, due: datetime | None, earliest: datetime
) -> None:
    """Tells the owner and the escalation role."""
    for role in sorted({o.owner, o.escalation}):
        notice(state, role, kind, _words(state, what, o), key=o.key, clause=CLAUSE, due=due, earliest=earliest)


def _words(state: ReportState, what: str, o: Obligation) -> str:
    about = f"{duty(state, CLAUSE)} ({month_words(state.language, state.of.text)})"
    return text(state.language, "notice", what, clause=CLAUSE, duty=about, due=o.due_text)


def _is_time(state: ReportState, now: datetime) -> bool:
    """Whether the report is to go out now: at its hour, or at once when it is forced; after a failure a while later."""
    again = state.waits.get("again")
    if again is not None:
        return again.plan is not None and now >= again.plan.due
    if state.resend_key is not None:
        return True
    hour = state.waits.setdefault("send", Wait(term=state.settings.report_at, start=state.of.ends))
    return hour.plan is not None and now >= hour.plan.due


def _next(state: ReportState, decision: Decision, now: datetime) -> None:
    """The earliest instant at which the run must be awake, and the words for its timer."""
    language = state.language
    candidates: list[tuple[datetime, str]] = []
    if (instant := next_instant(state, now)) is not None:
        at, o = instant
        kind = "due" if at == o.due else "warning"
        candidates.append((at, text(language, "timer", kind, clause=o.clause, duty=duty(state, CLAUSE), due=o.due_text)))
    for name, wait in state.waits.items():
        if wait.plan is not None and not state.sending:
            what = text(language, "report", "wait", name)
            candidates.append((wait.plan.due, text(language, "timer", "wait", what=what, due=wait.plan.due_text)))
    candidates = [c for c in candidates if c[0] > now]
    if candidates and not state.ended:
        decision.wake_at, decision.wake_for = min(candidates)


# --- for people -----------------------------------------------------------------------------------------------------


def result(state: ReportState) -> ReportResult:
    """How the run ended."""
    built = state.built
    if built is None or state.stage not in (Stage.SENT, Stage.ALREADY_SENT):
        raise LookupError("the report has not been sent")
    outcome: Literal["sent", "already_sent"] = "sent" if state.stage == Stage.SENT else "already_sent"
    return ReportResult(
        outcome=outcome, month=state.of.text, name=built.name, digest=built.digest, clients=built.clients, sent_at=built.sent_at
    )


def read_out(state: ReportState) -> ReadOut:
    """The read-out of the run, as of any case."""
    edition = state.opening.edition if state.opening else None
    return ReadOut(
        kind=state.kind,
        id=state.address,
        uid=state.uid,
        stage=state.stage,
        stage_text=_stage_words(state),
        outcome=state.outcome,
        edition=edition.id if edition else None,
        rules=edition.rules if edition else None,
        revision=state.revision,
        round=0,
        next_due=next_due(state),
        obligations=[read_obligation(state, o) for o in state.obligations],
        facts=list(state.facts),
    )


def details(state: ReportState) -> str:
    """The run as Markdown for the Temporal UI."""
    say = state.language
    title = text(say, "report", "title", month=month_words(say, state.of.text))
    lines = [f"### {title}", f"**{text(say, 'case', 'stage')}:** {_stage_words(state)}"]
    for o in state.obligations:
        due = o.due_text or text(say, "case", "no_term")
        standing = text(say, "standing", o.standing)
        met = f" {state.local(o.met_at)}" if o.met_at is not None else ""
        lines.append(f"\n{CLAUSE} {duty(state, CLAUSE)} · {text(say, 'role', o.owner)} · {due} · {standing}{met}")
    if state.facts:
        lines += ["", f"#### {text(say, 'case', 'facts')}", ""]
    for f in reversed(state.facts[-10:]):
        lines.append(f"- {state.local(f.happened_at)} {text(say, KIND, 'fact', f.what)}: {f.note}")
    return "\n".join(lines)


def _stage_words(state: ReportState) -> str:
    words = text(state.language, "report", "stage", state.stage)
    wait = state.waits.get("again") or state.waits.get("send")
    return f"{words}: {wait.plan.due_text}" if state.stage == Stage.WAITING and wait is not None and wait.plan is not None else words
