"""4.5: what a competitor does against a client the group head hears at once, whatever the hour."""

from __future__ import annotations

from datetime import datetime

from regulations.case import Evidence, Refusal
from regulations.catalogue import text
from regulations.obligations import check_instant, not_before, notice, only, open_obligation
from regulations.onboarding.case import GROUP_HEAD
from regulations.onboarding.plan_messages import CompetitorActed
from regulations.onboarding.plan_rows import record
from regulations.onboarding.plan_state import COMPETITOR, KIND, SERVES, PlanState, Report

MOST_REPORTS = 40
"""That may wait to be told at a time."""


def competitor_acted(state: PlanState, message: CompetitorActed, now: datetime) -> str:
    """The report of the manager, held against the term from when it learnt of the action."""
    only(SERVES, message.by, "report a competitor's action")
    check_instant(message.learnt_at, now, "learnt_at")
    not_before(message.happened_at, message.learnt_at, "the moment at which the manager learnt of it")
    if len(state.reports) >= MOST_REPORTS:
        raise Refusal("Busy", "onboarding 4.5: many reports of this client wait to be told; deliver this again in a minute")
    state.competitors += 1
    at = max(message.happened_at, message.learnt_at)
    report = Report(key=f"{COMPETITOR}/{state.competitors}", message=message.key, learnt_at=message.learnt_at, at=at, action=message.action)
    state.reports.append(report)
    record(state, "competitor", str(state.competitors), message, [text(state.language, KIND, "record", "competitor"), message.action])
    return message.action


def tell_of_competitors(state: PlanState, now: datetime) -> None:
    """Opens the duty of each report, with the report as its proof, and tells the group head without waiting for working time."""
    owner, escalation = state.owners[COMPETITOR]
    for report in state.reports:
        open_obligation(
            state,
            report.key,
            clause=COMPETITOR,
            owner=state.role(owner),
            escalation=escalation,
            started_at=report.learnt_at,
            now=now,
            term=state.term(COMPETITOR),
        )
        state.evidence[report.key] = Evidence(happened_at=report.at, key=report.message)
        said = text(state.language, "notice", "competitor_acted", name=state.begun.person.name, action=report.action)
        key = f"{report.key}#{report.message}"
        notice(state, state.role(GROUP_HEAD), "incident", said, key=key, clause=COMPETITOR, earliest=now, at_once=True)
    state.reports = []
