"""What a manager's meetings do now: the pure decision over their state and the time (partner 8.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from regulations.breaches import (
    LATE,
    earliest_wake,
    end_pauses,
    hour_has_come,
    newly_breached,
    reminder_due,
    run_out,
    settle_all,
    tell_breach,
    tell_inside,
    tell_undone,
    tell_withdrawn,
    uncounted,
)
from regulations.case import UNMET, Obligation, Standing, Tell, Wait
from regulations.catalogue import text
from regulations.effects import Letter
from regulations.obligations import close, incident, waive
from regulations.partner.case import DIRECTOR_FOR_PARTNERS, HEAD_OF_SUPPORT, SUPPORT_MANAGER
from regulations.partner.effects import MeetingQuestion, Pack, PackQuestion
from regulations.partner.meeting_facts import letter_key
from regulations.partner.meeting_state import GAPS, KIND, PACK, Build, Meeting, MeetingStage, MeetingState

AHEAD = timedelta(minutes=5)
"""The pack goes so long before it is due: what is in it is as new as can be, and it is there in time."""
READERS = (HEAD_OF_SUPPORT, DIRECTOR_FOR_PARTNERS)
"""8.1: who must have the pack."""


@dataclass
class Decision:
    """What is to be done now. ``state`` replaces the state that was decided on."""

    state: MeetingState
    seek: MeetingQuestion | None = None
    builds: list[Build] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    wake_at: datetime | None = None
    wake_for: str = ""

    @property
    def acts(self) -> bool:
        """Whether anything is to be started."""
        return self.seek is not None or bool(self.builds or self.letters)


def decide(before: MeetingState, now: datetime) -> Decision:
    """Decides on everything known at ``now``. Pure: the given state stays as it is.

    All terms must have been counted (`regulations.clocks.terms_to_plan` gives none).
    """
    state = before.model_copy(deep=True)
    decision = Decision(state)
    if state.started is None:
        return decision
    end_pauses(state, now)
    withdrawn = settle_all(state, now)
    _known_too_late(state)
    run_out(state, now)
    withdrawn += settle_all(state, now)
    _begin(state, now)
    tell_withdrawn(state, withdrawn, now)
    tell_undone(state, now)
    for o in newly_breached(state):
        tell_breach(state, o)
    if state.stage != MeetingStage.WITHDRAWN:
        _seek(state, decision, now)
        _remind(state, now)
        _build(state, decision, now)
    _say(state, decision, now)
    state.letters_out += [letter.key for letter in decision.letters]
    state.forget()
    if state.stage == MeetingStage.WITHDRAWN and not (state.tells or state.letters_out or uncounted(state)):
        state.ended, state.outcome = True, state.stage
    if (wake := earliest_wake(state, now, more=_instants(state))) is not None:
        decision.wake_at, decision.wake_for = wake
    return decision


# --- the meetings ---------------------------------------------------------------------------------------------------


def _known_too_late(state: MeetingState) -> None:
    """A meeting that was set when the instant of 8.1 had passed: nobody owes what could not be done, and the pack goes at once."""
    for meeting in state.meetings:
        duty = state.duty_of(meeting)
        if duty.standing is Standing.OPEN and duty.due is not None and duty.due <= meeting.known_at:
            meeting.short = True
            close(state, duty, Standing.WAIVED, "short_notice")


def _begin(state: MeetingState, now: datetime) -> None:
    """A meeting that begins is over for us, once the outcome of its pack is known: what has not gone out by then goes no more."""
    for meeting in list(state.meetings):
        if now < meeting.at:
            continue
        state.before = meeting.at if state.before is None else max(state.before, meeting.at)
        duty = state.duty_of(meeting)
        if letter_key(state, PACK, meeting) in state.letters_out or _uncounted(duty):
            continue
        if duty.standing in UNMET:
            waive(state, duty, meeting.at, "meeting_over")
        state.meetings.remove(meeting)


def _uncounted(duty: Obligation) -> bool:
    return duty.standing in UNMET and duty.plan is None


def _seek(state: MeetingState, decision: Decision, now: datetime) -> None:
    """There is always a meeting of the schedule that is known and lies ahead, as long as the schedule has one."""
    if state.seek_at is not None and now >= state.seek_at and not state.seeking and state.opening is not None:
        state.seeking, decision.seek = True, state.question()


# --- 8.1: reminder and pack -----------------------------------------------------------------------------------------


def _remind(state: MeetingState, now: datetime) -> None:
    """The one reminder to the manager; if we come to it late, it waits for working time."""
    for meeting in state.meetings:
        duty = state.duty_of(meeting)
        if (at := reminder_due(state, duty, now)) is None:
            continue
        duty.warned = True
        name = None
        if now >= at + LATE:
            name = f"tell:{GAPS}#{duty.key}"
            state.waits[name] = Wait(term="at once", start=now)
        state.tells.append(Tell(role=duty.owner, what=GAPS, key=duty.key, wait=name))


def _build(state: MeetingState, decision: Decision, now: datetime) -> None:
    """The pack as the registers stand: for the reminder, and shortly before it is due."""
    for meeting in state.meetings:
        at = send_at(state, meeting)
        if now < meeting.at and at is not None and now >= at and not meeting.building:
            meeting.building = True
            decision.builds.append(_build_of(state, meeting, PACK, now))
    for tell in [t for t in state.tells if t.what == GAPS and hour_has_come(state, t, now)]:
        state.tells.remove(tell)
        state.waits.pop(tell.wait or "", None)
        meeting_of = next((one for one in state.meetings if one.duty == tell.key), None)
        if meeting_of is not None and not meeting_of.building:
            decision.builds.append(_build_of(state, meeting_of, GAPS, now))


def send_at(state: MeetingState, meeting: Meeting) -> datetime | None:
    """When the pack of a meeting goes out: shortly before it is due, at the latest before the meeting; None: it does not, or not yet."""
    duty = state.duty_of(meeting)
    if meeting.short:
        return meeting.known_at
    if duty.standing not in UNMET or _uncounted(duty):
        return None
    return min(duty.due or meeting.at, meeting.at) - AHEAD


def _build_of(state: MeetingState, meeting: Meeting, letter: str, now: datetime) -> Build:
    opening = state.opening
    assert opening is not None  # noqa: S101 - taken before anything is decided
    question = PackQuestion(
        manager=state.manager,
        meeting=meeting.at,
        since=state.before,
        language=state.language,
        calendar=opening.calendar,
        now=now,
    )
    return Build(letter=letter, duty=meeting.duty, question=question)


# --- what is said ---------------------------------------------------------------------------------------------------


def _say(state: MeetingState, decision: Decision, now: datetime) -> None:
    """Hands on what has been built as letters, and every notice."""
    for meeting in state.meetings:
        if (pack := meeting.pack) is not None:
            meeting.pack = None
            decision.letters += _pack_letters(state, meeting, pack, now) if now < meeting.at else []
        if (gaps := meeting.gaps) is not None:
            meeting.gaps = None
            duty = state.duty_of(meeting)
            if gaps.gaps and duty.standing is Standing.OPEN and not meeting.building:
                decision.letters += _letter(state, meeting, GAPS, (duty.owner,), gaps, now)
    for tell in [t for t in state.tells if t.what != GAPS]:
        tell_inside(state, tell, now)
        state.tells.remove(tell)


def _pack_letters(state: MeetingState, meeting: Meeting, pack: Pack, now: datetime) -> list[Letter]:
    """8.1: to those who must have it; and a copy to the manager, so that everybody at the meeting has the same."""
    copy = _letter(state, meeting, PACK, (state.role(SUPPORT_MANAGER),), pack, now, "#copy")
    return _letter(state, meeting, PACK, READERS, pack, now) + copy


def _letter(
    state: MeetingState, meeting: Meeting, template: str, roles: tuple[str, ...], pack: Pack, now: datetime, more: str = ""
) -> list[Letter]:
    """A letter to these roles; one without an address is an incident, and the others get theirs all the same."""
    to: list[str] = []
    for role in roles:
        address = state.opening.address_of(role) if state.opening is not None else None
        if address is None:
            incident(state, f"no-address#{role}", "role_without_address", now, f"{role}: {template}")
        elif address.email not in to:
            to.append(address.email)
    if not to:
        return []
    values = {**pack.values, "company": state.company, "due": state.duty_of(meeting).due_text}
    return [
        Letter(
            key=f"{letter_key(state, template, meeting)}{more}",
            template=template,
            language=state.language,
            to=tuple(to),
            values=values,
            files=(pack.file,),
            now=now,
        )
    ]


# --- the next instant -----------------------------------------------------------------------------------------------


def _instants(state: MeetingState) -> list[tuple[datetime, str]]:
    """Besides the terms: when a meeting begins, when its pack goes out, when the next one is sought."""
    instants: list[tuple[datetime, str]] = []
    if state.stage == MeetingStage.WITHDRAWN:
        return instants
    if state.seek_at is not None:
        instants.append((state.seek_at, text(state.language, KIND, "timer", "seek")))
    for meeting in state.meetings:
        instants.append((meeting.at, text(state.language, KIND, "timer", "begins", at=state.local(meeting.at))))
        at = send_at(state, meeting)
        if at is not None and not meeting.building:
            instants.append((at, text(state.language, KIND, "timer", "pack", at=state.local(meeting.at))))
    return instants
