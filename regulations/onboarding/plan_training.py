"""4.2: as many users as the contract wants are trained and certified, each counted once, by the first certificate."""

from __future__ import annotations

import hashlib
from datetime import datetime

from regulations.case import Evidence
from regulations.catalogue import text
from regulations.obligations import only, open_obligation
from regulations.onboarding.plan_messages import CertificateIssued
from regulations.onboarding.plan_rows import record
from regulations.onboarding.plan_state import KIND, MOST_USERS, SERVES, TRAINED, TRAINING, PlanState


def certificate_issued(state: PlanState, message: CertificateIssued) -> str:
    """A user is certified; the earliest time of each stands."""
    if message.by is not None:
        only(SERVES, message.by, "report a certificate")
    user = hashlib.sha256(message.user.encode()).hexdigest()[:12]
    known = state.certified.get(user)
    if known is not None or len(state.certified) < MOST_USERS:
        state.certified[user] = min(message.happened_at, known or message.happened_at)
    record(state, "certificate", message.certificate, message, [text(state.language, KIND, "record", "certificate", user=message.user)])
    return message.certificate


def keep_training(state: PlanState, now: datetime) -> None:
    """Owed once, from the installation on: within the contract's term, else the edition's."""
    if state.newest(TRAINING) is None:
        owner, escalation = state.owners[TRAINING]
        open_obligation(
            state,
            TRAINED,
            clause=TRAINING,
            owner=state.role(owner),
            escalation=escalation,
            started_at=state.begun.installed_at,
            now=now,
            term=state.begun.training_term or state.term(TRAINING),
        )
    times, wanted = sorted(state.certified.values()), state.to_certify
    if len(times) >= wanted:
        state.evidence[TRAINED] = Evidence(happened_at=times[wanted - 1], key="certificates")
