"""What happens to a manager's meetings: messages from outside, and what its own activities answered.

Every function changes the given state and raises `Refusal` when the rules do not take the fact; the caller works on a copy.
"""

from __future__ import annotations

from datetime import date, datetime

from regulations import correspondence
from regulations.case import UNMET, Refusal
from regulations.clause_case import owe, prove
from regulations.clocks import calendar_changed
from regulations.effects import Letter, LetterOutcome
from regulations.messages import CalendarChanged, CaseMessage, Message, Pause
from regulations.obligations import LONGEST, admit, apply_to_docket, check_instant, incident, only, settle_open, taken, waive, waive_all
from regulations.partner.case import DIRECTOR_FOR_PARTNERS, HEAD_OF_SUPPORT, SUPPORT_MANAGER
from regulations.partner.effects import MeetingAnswer, MeetingQuestion, Pack
from regulations.partner.meeting_messages import (
    WEEKDAYS,
    MeetingCancelled,
    MeetingMoved,
    MeetingsScheduled,
    OfMeetings,
    WithdrawOfMeetings,
)
from regulations.partner.meeting_state import KIND, MOST_EXEMPT, PACK, Build, Meeting, MeetingStage, MeetingState

PLANNERS = (SUPPORT_MANAGER, HEAD_OF_SUPPORT, DIRECTOR_FOR_PARTNERS)
"""Who sets, moves and cancels meetings: those who take part."""


# --- messages -------------------------------------------------------------------------------------------------------


def meeting_address(message: OfMeetings) -> str:
    """The workflow id that a message goes to."""
    return f"{KIND}/{message.manager}"


def check_meeting(message: MeetingsScheduled, now: datetime) -> None:
    """The starting checks that door and workflow make alike.

    Raises:
        Refusal: with the type and the words for the sender.
    """
    check_instant(message.happened_at, now, "happened_at")
    only(PLANNERS, message.by, "set a schedule of meetings")
    if message.first is None:
        return
    if WEEKDAYS[message.first.weekday()] != message.weekday:
        raise Refusal("WrongDay", f"partner 8.1: 'first' is a {WEEKDAYS[message.first.weekday()]}: name a day of the schedule's weekday")
    if abs(message.first - now.date()) > LONGEST:
        raise Refusal("TooFar", f"partner 8.1: 'first' lies more than {LONGEST.days} days away")


def apply(state: MeetingState, message: Message, now: datetime) -> None:
    """Applies one message from outside.

    Raises:
        Refusal: with the type and the words for the sender; the state must then be thrown away.
    """
    if state.started is None and not isinstance(message, MeetingsScheduled):
        raise Refusal("NotBegun", "this manager has no schedule of meetings; deliver partner-meetings.scheduled first")
    admit(state, message, now)
    if state.stage == MeetingStage.WITHDRAWN:
        raise Refusal("Ended", "this manager has no meetings any more")
    if isinstance(message, OfMeetings) and meeting_address(message) != state.address:
        raise Refusal("OtherManager", "the manager of the message is not the one of this case")
    check_instant(message.happened_at, now, "happened_at")
    taken(state, message, type(message).__name__, now, _take(state, message, now))


def _take(state: MeetingState, message: Message, now: datetime) -> str:
    """Applies the message by its kind; returns the words for the trail."""
    match message:
        case MeetingsScheduled():
            return _schedule(state, message, now)
        case MeetingMoved():
            return _move(state, message, now)
        case MeetingCancelled():
            return _cancel(state, message, now)
        case CalendarChanged():
            return _calendar(state, message, now)
        case WithdrawOfMeetings():
            only((HEAD_OF_SUPPORT,), message.by, "end a manager's meetings")
            waive_all(state, message.happened_at, "withdrawn")
            state.stage, state.meetings, state.tells, state.waits, state.seek_at = MeetingStage.WITHDRAWN, [], [], {}, None
            return message.reason
        case Pause():
            raise Refusal("NoPause", "partner 8.1: this term runs backwards from the meeting: move the meeting, or extend the term")
        case CaseMessage():
            return apply_to_docket(state, message, now)
    raise Refusal("UnknownMessage", f"{type(message).__name__} is not a message of a manager's meetings")


def _schedule(state: MeetingState, message: MeetingsScheduled, now: datetime) -> str:
    """8.1: the newest schedule stands, from now on; the same again changes nothing. What was moved by hand stays where it is."""
    check_meeting(message, now)
    before = state.started
    if before is not None and message.happened_at < before.happened_at:
        raise Refusal(
            "Outdated", "a later schedule of this manager is known; send this one with the time at which it was made, or not at all"
        )
    fields = ("weekday", "at", "every_weeks", "first")
    state.started = message
    if before is None or any(getattr(before, field) != getattr(message, field) for field in fields):
        state.since = message.happened_at
        state.after = state.seek_at = now
    return f"{message.weekday} {message.at}, {message.every_weeks}"


def _known(state: MeetingState, day: date, now: datetime) -> Meeting:
    """The meeting that a message names, before it has begun."""
    found = state.meeting(day)
    if found is not None and found.at > now:
        return found
    days = ", ".join(str(meeting.day) for meeting in state.meetings if meeting.at > now) or "none"
    raise Refusal(
        "NoSuchMeeting",
        f"partner 8.1: no meeting of {day} is ahead; known are those of {days}, and a later one can be named once it is the next",
    )


def _move(state: MeetingState, message: MeetingMoved, now: datetime) -> str:
    """8.1: the duty for the old hour is let go, and another one owed for the new hour.

    Where the pack has gone out, a meeting that is earlier than thought keeps it; one that is later gets a new one.
    """
    only(PLANNERS, message.by, "move a meeting")
    meeting = _known(state, message.meeting, now)
    if message.to <= now:
        raise Refusal("PastMeeting", "partner 8.1: a meeting cannot be moved to an instant that has passed; name one that lies ahead")
    if message.to > now + LONGEST:
        raise Refusal("TooFar", f"partner 8.1: a meeting can be moved at most {LONGEST.days} days ahead")
    words = f"{meeting.day}: {state.local(meeting.at)} → {state.local(message.to)}"
    if message.to == meeting.at:
        return words
    settle_open(state, now)
    if message.to < meeting.at and _has_gone_out(state, meeting):
        meeting.at, meeting.moved = message.to, True
    else:
        _let_go(state, meeting, "meeting_moved", message.happened_at)
        _expect(state, meeting.day, message.to, now, now, moved=True)
    _not_by_schedule(state, meeting.day, now)
    return words


def _has_gone_out(state: MeetingState, meeting: Meeting) -> bool:
    """Whether the pack has gone out, or is on its way."""
    return state.proof(state.duty_of(meeting)) is not None or letter_key(state, PACK, meeting) in state.letters_out


def _cancel(state: MeetingState, message: MeetingCancelled, now: datetime) -> str:
    """8.1: no pack is owed for it."""
    only(PLANNERS, message.by, "cancel a meeting")
    meeting = _known(state, message.meeting, now)
    settle_open(state, now)
    _let_go(state, meeting, message.reason, message.happened_at)
    _not_by_schedule(state, meeting.day, now)
    return f"{meeting.day}: {message.reason}"


def _not_by_schedule(state: MeetingState, day: date, now: datetime) -> None:
    """The meeting of this day is none of the schedule's any more: there is always one known that is."""
    if day not in state.exempt:
        state.exempt = [*state.exempt, day][-MOST_EXEMPT:]
    if state.seek_at is not None and not any(one.at > now and not one.moved for one in state.meetings):
        state.seek_at = now


def _calendar(state: MeetingState, message: CalendarChanged, now: datetime) -> str:
    """A day of the schedule may have become a day off, or be none any more: the next meeting is sought anew."""
    ours = state.opening is not None and state.opening.calendar == message.calendar
    try:
        words = calendar_changed(state, message, now)
    except Refusal:
        if not ours or not any(_falls_on(state, meeting, message) for meeting in state.meetings):
            raise
        words = f"{message.calendar} {message.version}"
    if ours and state.started is not None:
        state.after = state.seek_at = now
    return words


def _falls_on(state: MeetingState, meeting: Meeting, message: CalendarChanged) -> bool:
    return not meeting.moved and meeting.day in message.changed


# --- the meetings ---------------------------------------------------------------------------------------------------


def _expect(state: MeetingState, day: date, at: datetime, known_at: datetime, now: datetime, *, moved: bool = False) -> None:
    """8.1: a meeting is known from now on, and its pack owed."""
    number = sum(o.key == f"8.1/{day}" or o.key.startswith(f"8.1/{day}/") for o in state.obligations)
    duty = owe(state, "8.1", at, now, mark=f"{day}/{number + 1}" if number else str(day))
    state.meetings.append(Meeting(day=day, at=at, known_at=known_at, duty=duty.key, moved=moved))
    state.meetings.sort(key=lambda one: one.at)


def _let_go(state: MeetingState, meeting: Meeting, note: str, at: datetime) -> None:
    """The meeting does not take place then: nothing is owed for it any more, nothing is said of it."""
    duty = state.duty_of(meeting)
    if duty.standing in UNMET:
        waive(state, duty, at, note)
    state.meetings.remove(meeting)
    for tell in [t for t in state.tells if t.key == meeting.duty]:
        state.tells.remove(tell)
        state.waits.pop(tell.wait or "", None)


def letter_key(state: MeetingState, template: str, meeting: Meeting) -> str:
    """The key of a letter about a meeting at its hour."""
    return f"{state.uid}#{template}#{meeting.duty}"


# --- what was answered ----------------------------------------------------------------------------------------------


def learn_meeting(state: MeetingState, question: MeetingQuestion, answer: MeetingAnswer | None, now: datetime) -> None:
    """8.1: takes the next meeting by the schedule; None: within a year it has none. A schedule that has changed meanwhile asks anew."""
    state.seeking = False
    if state.stage == MeetingStage.WITHDRAWN or question != state.question():
        return
    if answer is not None and answer.day in state.exempt:
        state.after, state.seek_at = answer.at, now
        return
    found = (answer.day, answer.at) if answer is not None else None
    for meeting in list(state.meetings):
        if not meeting.moved and meeting.at > max(now, question.after) and (meeting.day, meeting.at) != found:
            _let_go(state, meeting, "not_by_schedule", now)
    if answer is None:
        state.seek_at = None
        _tell_both(state, "no_meetings", f"no_meetings#{now.isoformat()}", now)
        return
    state.after = state.seek_at = answer.at
    if state.meeting(answer.day) is None:
        _expect(state, answer.day, answer.at, max(question.since, question.after), now)


def learn_pack(state: MeetingState, build: Build, pack: Pack | None, now: datetime) -> None:
    """8.1: takes the pack that was built for a meeting, or what is still missing for it; None: it cannot be built at all.

    Of a meeting that was moved or cancelled meanwhile nothing is taken.
    """
    meeting = next((one for one in state.meetings if one.duty == build.duty and one.at == build.question.meeting), None)
    if meeting is None:
        return
    if pack is None:
        incident(state, f"{build.letter}#{build.duty}", "pack_failed", now, f"partner 8.1: {build.letter}")
        _tell_both(state, "pack_failed", f"{build.letter}#{build.duty}", now)
    elif build.letter == PACK:
        meeting.pack = pack
    else:
        meeting.gaps = pack


def _tell_both(state: MeetingState, what: str, key: str, now: datetime) -> None:
    """The manager and the head of support are told of what only people can mend."""
    for role in (state.role(SUPPORT_MANAGER), HEAD_OF_SUPPORT):
        state.tell(role, what, key, now, {"clause": "8.1"})


def learn_letter(state: MeetingState, letter: Letter, outcome: LetterOutcome | None, now: datetime) -> None:
    """Takes what became of a letter. 8.1 is met when the pack has gone to everybody who must have it, and then for good."""
    correspondence.learn_letter(state, letter, outcome, state.role(SUPPORT_MANAGER), now)
    _, template, key = letter.key.split("#", 2)
    duty = state.obligation(key)
    if template != PACK or duty is None or outcome is None or outcome.result != "sent" or outcome.refused:
        return
    prove(state, duty, now, letter.key, now)
