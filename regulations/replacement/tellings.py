"""What a replacement says: letters to the franchisee and to quality control, notices to people inside, and the words in them.

The client's password and its login to its own CRM stand in no text, and neither does the link to it, which may hold them.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from regulations import breaches
from regulations.breaches import hour_has_come, tell_inside
from regulations.case import UNMET, Obligation, Tell
from regulations.catalogue import text
from regulations.effects import KeptFile, Letter, OnUnknown, Thread
from regulations.obligations import incident, notice
from regulations.plans import ui_link
from regulations.replacement.crediting import amount_of
from regulations.replacement.duties import HELD, newest
from regulations.replacement.state import ENDS, FRANCHISEE, KIND, TECHNICAL, Ground, ReplacementState, Stage
from regulations.rows import NoticeKind

EXPORT_WANTED = "export_wanted"
NEEDS_DUE = frozenset({"replacement/taken", EXPORT_WANTED})
"""Tellings that name the term of 5.2: they wait until it is counted."""
KINDS: dict[str, NoticeKind] = breaches.KINDS | {"credit_given_up": "ended", "request_barred": "ended"}
"""What is told → kind of notice; everything else is an incident."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def say(state: ReplacementState, now: datetime) -> list[Letter]:
    """Hands on every telling whose hour has come: letters from the case itself, notices to the rounds, which keep the hours."""
    letters: list[Letter] = []
    waiting: list[Tell] = []
    for tell in state.tells:
        if _out_of_date(state, tell):
            state.waits.pop(tell.wait or "", None)
            continue
        if not _ripe(state, tell, now):
            waiting.append(tell)
            continue
        state.waits.pop(tell.wait or "", None)
        if tell.what.startswith(f"{KIND}/"):
            letters += _letter(state, tell, now)
        elif tell.what == EXPORT_WANTED:
            _want_export(state, now)
        else:
            tell_inside(state, tell, now, KINDS)
    state.tells = waiting
    return letters


def _out_of_date(state: ReplacementState, tell: Tell) -> bool:
    """What has been overtaken is not said: a wish for an export of a request that is over, an audit that has been decided on."""
    match tell.what:
        case "replacement/taken" | "replacement/fewer_cards" | "export_wanted":
            return state.at in ENDS
        case "replacement/audit" | "replacement/decision_problems":
            return state.at in ENDS or state.decided_at is not None
        case "replacement/held":
            return state.at is not Stage.HELD
    return False


def _ripe(state: ReplacementState, tell: Tell, now: datetime) -> bool:
    if not hour_has_come(state, tell, now):
        return False
    if tell.what == "replacement/held":
        held = state.waits.get(HELD)
        return held is not None and held.plan is not None
    duty = newest(state, "5.2")
    counting = duty is not None and duty.standing in UNMET and duty.plan is None and not duty.paused
    return not (tell.what in NEEDS_DUE and counting)


# --- notices --------------------------------------------------------------------------------------------------------


def _want_export(state: ReplacementState, now: datetime) -> None:
    """5.2: the technical specialists make the export; of an integrated client they need the access to its CRM, shown on the record."""
    duty = newest(state, "5.2")
    due, due_text = (duty.due, duty.due_text) if duty is not None else (None, "")
    said = text(state.language, "notice", EXPORT_WANTED, case=state.address, due=due_text or text(state.language, "case", "no_term"))
    notice(state, TECHNICAL, "warning", said, key=EXPORT_WANTED, clause="5.2", due=due, earliest=now)
    if state.secret is not None:
        said = text(state.language, "notice", "crm_access", case=state.address)
        notice(state, TECHNICAL, "warning", said, key="crm_access", clause="5.1", due=due, earliest=now)


def remind_of_export(state: ReplacementState, o: Obligation, at: datetime) -> None:
    """5.2: while there is no export, the technical specialists are reminded together with quality control, which waits for them."""
    if o.clause == "5.2" and state.at is Stage.AWAITING_EXPORT:
        said = text(state.language, "notice", "export_missing", case=state.address)
        notice(state, TECHNICAL, "warning", said, key=o.key, clause=o.clause, due=o.due, earliest=at)


# --- letters --------------------------------------------------------------------------------------------------------


def _letter(state: ReplacementState, tell: Tell, now: datetime) -> list[Letter]:
    """A letter; its key tells what it is about, so that the same letter never goes twice."""
    opening, request = state.opening, state.request
    assert opening is not None  # noqa: S101 - taken before anything is decided
    to, thread = request.franchisee.email, _thread(state)
    if tell.role != FRANCHISEE:
        address = opening.roles.get(tell.role)
        if address is None:
            incident(state, f"no-address#{tell.role}", "role_without_address", now, f"{tell.role}: {tell.what}")
            return []
        to, thread = address.email, None
    return [
        Letter(
            key=f"{state.uid}#{tell.what}#{tell.key}",
            template=tell.what,
            language=state.language,
            to=(to,),
            values={**_to_all(state), **_values(state, tell)},
            thread=thread,
            on_unknown=OnUnknown.HOLD if tell.what == "replacement/credited" else OnUnknown.REPEAT,
            files=_files(state, tell.what),
            now=now,
        )
    ]


def _thread(state: ReplacementState) -> Thread | None:
    """5.1: what came by e-mail, with any subject or none, is answered in its thread."""
    request = state.request
    if request.message_id is None:
        return None
    subject = request.subject or text(state.language, KIND, "case", "subject")
    return Thread(message_id=request.message_id, references=request.references, subject=subject)


def _to_all(state: ReplacementState) -> dict[str, JsonValue]:
    request = state.request
    return {
        "company": state.company,
        "franchisee": request.franchisee.name or "",
        "account": request.account,
        "login": request.login,
        "period": request.period,
        "n": request.n,
        "asked": request.asked,
    }


def _values(state: ReplacementState, tell: Tell) -> dict[str, JsonValue]:
    """What a letter tells besides what all tell."""
    match tell.what:
        case "replacement/taken":
            duty = newest(state, "5.2")
            return {"due": duty.due_text if duty is not None else ""}
        case "replacement/refused":
            return {"grounds": [{"clause": g.clause, "text": ground_words(state, g)} for g in state.grounds]}
        case "replacement/audit":
            return _audit_values(state)
        case "replacement/decision_problems":
            return {**tell.values, "case": state.address}
        case "replacement/held":
            wait = state.waits.get(HELD)
            until = wait.plan.due_text if wait is not None and wait.plan is not None else ""
            return {**tell.values, **_decision_values(state), "until": until, "amount": amount_of(state, "replacement")}
        case "replacement/credited" | "replacement/nothing_confirmed":
            return {**_decision_values(state), "credits": _credits(state)}
        case "replacement/withdrawn":
            return {**tell.values, "credits": _credits(state)}
    return dict(tell.values)


def ground_words(state: ReplacementState, ground: Ground) -> str:
    """Why a request is refused, in words."""
    code = f"{ground.code}_{ground.clause}" if ground.code == "barred" else ground.code
    values = dict(ground.values)
    if "link" in values:
        values["link"] = link_words(state, str(values["link"]))
    return text(state.language, KIND, "ground", code, **values)


def link_words(state: ReplacementState, link: str) -> str:
    return text(state.language, KIND, "link", link)


def _audit_values(state: ReplacementState) -> dict[str, JsonValue]:
    """What quality control needs besides the sheet: the counts, the cap of 6.2, links that do not answer, how to decide."""
    audit, account, duty = state.audit, state.account, newest(state, "5.2")
    assert audit is not None and account is not None  # noqa: S101, PT018 - there is a sheet
    cap = account.identifications * state.settings.cap_percent // 100
    return {
        "cards": audit.cards,
        "replace": audit.replace,
        "reject": audit.reject,
        "listen": audit.listen,
        "doubtful": audit.doubtful_rows,
        "identifications": account.identifications,
        "balance": account.balance,
        "percent": state.settings.cap_percent,
        "cap": max(0, cap - account.replaced),
        "silent": [link_words(state, link) for link in state.links.silent] if state.links is not None else [],
        "crm": state.secret is not None,
        "due": duty.due_text if duty is not None and duty.standing in UNMET else "",
        "case": state.address,
        "ui": ui_link(state.opening.ui if state.opening else "", state.address),
    }


def _decision_values(state: ReplacementState) -> dict[str, JsonValue]:
    """What quality control decided. Without a decision, of a top-up, nothing was asked."""
    decision = state.decision
    wrong = decision.wrong if decision is not None else ()
    return {
        "accepted": decision.accepted if decision is not None else 0,
        "rejected": decision.rejected if decision is not None else 0,
        "capped": decision is not None and decision.capped,
        "wrong": list(wrong),
        "more_wrong": max(0, decision.wrong_count - len(wrong)) if decision is not None else 0,
        "percent": state.settings.cap_percent,
        "listed": bool(_files(state, "replacement/credited")),
    }


def _credits(state: ReplacementState) -> list[JsonValue]:
    return [
        {"words": text(state.language, KIND, "entry", b.entry), "identifications": b.identifications, "period": b.period}
        for b in state.booked
    ]


def _files(state: ReplacementState, template: str) -> tuple[KeptFile, ...]:
    """The audit's sheet goes to quality control, the list of outcomes to the franchisee."""
    audit, decision = state.audit, state.decision
    if template == "replacement/audit" and audit is not None and audit.sheet is not None:
        return (KeptFile(name=audit.sheet_name, content_type=XLSX, sha256=audit.sheet),)
    told = ("replacement/credited", "replacement/nothing_confirmed", "replacement/held")
    if template in told and decision is not None and decision.outcome is not None:
        return (KeptFile(name=decision.outcome_name, content_type=XLSX, sha256=decision.outcome),)
    return ()
