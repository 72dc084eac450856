"""The rows of a service plan in the registers: what was done for the client, and the client as it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from regulations.amounts import money
from regulations.messages import Message
from regulations.onboarding.case import CLIENT_MANAGER
from regulations.onboarding.plan_state import PAYMENT, UPDATE, PlanStage, PlanState
from regulations.onboarding.rows import ServiceClientRow, ServiceRecordRow

CURRENCY = "UAH"


def in_hryvnias(amount: Decimal) -> str:
    """A sum of the contract as people read it."""
    return money(amount, CURRENCY)


def record(
    state: PlanState,
    what: Literal["visit", "certificate", "competitor", "need", "contact", "document"],
    id: str,
    message: Message,
    words: Iterable[str],
    *,
    minutes: int | None = None,
) -> None:
    """4.1, 4.2, 4.5 to 4.9: something that was done, a line of the daily report of whoever did it; empty words are left out."""
    begun, by = state.begun, message.by
    state.put(
        ServiceRecordRow(
            seq=state.next_seq(),
            what=what,
            id=id,
            client=begun.client,
            client_name=begun.person.name,
            manager=by.id if by is not None and by.role == CLIENT_MANAGER else begun.manager or "",
            at=message.happened_at,
            minutes=minutes,
            text=". ".join(word for word in words if word),
        )
    )


def register(state: PlanState) -> None:
    """Queues the client's row when it has changed; an older one that is still unwritten is replaced."""
    row = _client_row(state)
    digest = hashlib.sha256(row.model_dump_json(exclude={"seq"}).encode()).hexdigest()[:16]
    if digest == state.filed:
        return
    state.filed = digest
    state.rows = [r for r in state.rows if not isinstance(r, ServiceClientRow)]
    state.put(row.model_copy(update={"seq": state.next_seq()}))


def _client_row(state: PlanState) -> ServiceClientRow:
    begun, figures = state.begun, state.figures
    assert state.begun_at is not None  # noqa: S101 - it has begun
    active = state.at is PlanStage.ACTIVE
    return ServiceClientRow(
        seq=0,
        client=begun.client,
        name=begun.person.name,
        contract=begun.contract,
        manager=begun.manager or "",
        group_head=begun.group_head or "",
        zone=begun.zone,
        active=active,
        begun_at=state.begun_at,
        installed_at=begun.installed_at,
        update_set=begun.update_set,
        next_update_due=state.next_due(UPDATE) if active else None,
        last_update_at=state.last_update_at,
        next_payment_due=state.next_due(PAYMENT) if active else None,
        paid_at=state.paid_at,
        certified=len(state.certified),
        to_certify=state.to_certify,
        **(figures.model_dump(exclude={"noted_at"}) if figures is not None else {}),
    )
