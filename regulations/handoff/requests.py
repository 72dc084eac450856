"""The partner's request (2.1.3, 2.1.4, 3.3): what several e-mails bring together, files that have yet to be read, when all is there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from regulations.case import Refusal
from regulations.documents import DocumentsAnswer, DocumentsQuestion, Found
from regulations.handoff.checks import counts, missing_files, wanted_files
from regulations.handoff.duties import advance
from regulations.handoff.state import CC_HEAD, ENDS, PARTNER, HandoffState, Request, Stage, UnreadFile
from regulations.messages import RequestFile, RequestReceived
from regulations.obligations import incident


def take_request(state: HandoffState, message: RequestReceived, now: datetime) -> str:
    """Takes a request. It is judged at once, or, where files of it have yet to be read, once they have been.

    Returns:
        What is missing, as codes, for the trail.

    Raises:
        Refusal: ``WrongStage`` after an acceptance, ``ImpossibleDate`` for a resubmission that lies before the return.
    """
    if state.stage == Stage.ACCEPTED:
        raise Refusal("WrongStage", "the client is accepted already; a new request needs a return first")
    if _of_an_earlier_round(state, message.happened_at):
        raise Refusal("ImpossibleDate", "this request was received before the return; a resubmission comes after it")
    at = message.happened_at
    request = state.request = _brought_together(state, message)
    unread = [f for f in message.files if f.sha256 is not None and f.problem is None and f.kind in wanted_files(state.sold)]
    state.unread += [UnreadFile(file=f, happened_at=at, message=message.key) for f in unread]
    for f in message.files:
        if f not in unread:
            _take_file(state, request, f, at)
    for name, value in message.questionnaire.items():
        if at >= request.said_at.get(name, at):
            request.questionnaire[name], request.said_at[name] = value, at
    state.prove("2.1.3", at, message.key)
    if message.told_client:
        state.prove("2.1.1", at, message.key)
    state.look_up_wanted = state.look_up_wanted or state.access is None or state.payment is None
    return "" if unread else ", ".join(_judge(state, request, at, message.key, now))


def _of_an_earlier_round(state: HandoffState, at: datetime) -> bool:
    return state.stage == Stage.RETURNED and state.returned_at is not None and at < state.returned_at


def _brought_together(state: HandoffState, message: RequestReceived) -> Request:
    """The request with this message: answers go into the thread of the newest one, e-mails may reach us out of order."""
    request = state.request or Request(subject="", message_id=None, references=(), received_at=message.happened_at)
    if message.happened_at >= request.received_at:
        request.subject, request.message_id, request.references = message.subject, message.message_id, message.references
        request.received_at = message.happened_at
    if state.stage in (Stage.AWAITING_PAYMENT, Stage.AWAITING_TRANSFER):
        request.complete_at = None  # it may turn out to have been complete earlier
    return request


def _take_file(state: HandoffState, request: Request, f: RequestFile, at: datetime) -> None:
    """The file that stands for its kind: one that counts is undone by no scan beside it.

    What was there before a return is undone by a file of the resubmission that cannot be read: else nobody would ask for it again.
    """
    resubmitted = state.stage == Stage.RETURNED and not _of_an_earlier_round(state, at)
    if counts(f):
        request.there[f.kind] = min(request.there.get(f.kind, at), at)
        request.anew += [f.kind] if resubmitted and f.kind not in request.anew else []
    known = next((k for k in request.files if k.kind == f.kind), None)
    undone = f.problem is not None and resubmitted and f.kind not in request.anew and request.complete_at is None
    if known is None or counts(f) or not counts(known) or undone:
        request.files = [*(k for k in request.files if k is not known), f]


def _judge(state: HandoffState, request: Request, at: datetime, key: str, now: datetime) -> list[str]:
    """2.1.4: whether all attachments are there, and since when; what is missing is told, once nothing is left to be read.

    Args:
        at: When the message came whose last file has now been read, or which had none to read: never the time of the reading.
    """
    if _of_an_earlier_round(state, at):
        return []
    missing = missing_files(state, request)
    if not missing:
        all_there = max(request.there[kind] for kind in wanted_files(state.sold))
        state.prove("2.1.4", all_there, key)
        if state.stage == Stage.RETURNED:
            request.complete_at = request.complete_at or max(all_there, at)
        elif state.stage in (Stage.AWAITING_PAYMENT, Stage.AWAITING_TRANSFER):
            request.complete_at = all_there
        return []
    if state.unread:
        return []
    for older in [t for t in state.tells if t.what == "handoff/incomplete"]:  # the newest word on what is missing is enough
        state.tells.remove(older)
        state.waits.pop(older.wait or "", None)
    state.tell(PARTNER, "handoff/incomplete", key, now, {"missing": list(missing)})
    return missing


def learn_documents(state: HandoffState, question: DocumentsQuestion, answer: DocumentsAnswer | None, now: datetime) -> None:
    """Takes what was found in the files that the question names, which are the first unread ones; judges each message read to its end.

    None: they could not be read at all. The request counts as incomplete with that, and a person is told: the fault is ours.
    """
    state.reading = False
    if state.stage in ENDS or state.request is None:
        state.unread = []
        return
    if answer is None or len(answer.found) != len(question.documents):
        answer = DocumentsAnswer(found=tuple(Found(problem="unread") for _ in question.documents))
    read = state.unread[: len(question.documents)]
    notes = []
    for entry, found in zip(read, answer.found, strict=True):
        state.unread = state.unread[1:]
        _take_file(state, state.request, entry.file.model_copy(update={"problem": found.problem}), entry.happened_at)
        _take_read_fields(state.request, found.fields, entry.happened_at)
        notes.append(entry.file.kind if found.problem is None else f"{entry.file.kind}:{found.problem}")
        if not any(later.message == entry.message for later in state.unread):
            _judge(state, state.request, entry.happened_at, entry.message, now)
    key = f"{read[0].message}#{question.documents[0].sha256[:16]}"
    state.note("documents", now, now, key=key, note=", ".join(notes))
    for what in sorted({found.problem for found in answer.found if found.problem in ("unread", "lost")}):
        incident(state, f"{key}#{what}", f"documents_{what}", now, "handoff 2.1.4")
        state.tell(CC_HEAD, f"documents_{what}", key, now)
    advance(state, now)


def _take_read_fields(request: Request, fields: Mapping[str, str], at: datetime) -> None:
    """The newest word on a field stands; of one message, what it says itself, then what its first file says."""
    for name, value in fields.items():
        if name not in request.said_at or at > request.said_at[name]:
            request.questionnaire[name], request.said_at[name] = value, at
