"""4.4: the client's manager keeps a diary, which its first service plan begins; every further one tells it whose group it is."""

from __future__ import annotations

import hashlib
from datetime import datetime

from regulations.catalogue import text
from regulations.effects import Beginning, CaseMessageToTell, Told
from regulations.obligations import incident
from regulations.onboarding.case import GROUP_HEAD
from regulations.onboarding.diary_facts import diary_address
from regulations.onboarding.diary_messages import DiaryBegun
from regulations.onboarding.diary_state import KIND as DIARY
from regulations.onboarding.diary_state import DiaryStage
from regulations.onboarding.plan_state import PlanStage, PlanState


def begin_diary(state: PlanState) -> CaseMessageToTell | None:
    """The message to the manager's diary, where it has not been told of this manager and group head; None: it has, or nobody is named."""
    begun = state.begun
    wanted = f"{begun.manager}/{begun.group_head or ''}"
    if begun.manager is None or state.telling_diary or state.diary == wanted or state.at is PlanStage.ENDED:
        return None
    state.diary, state.telling_diary = wanted, True
    told_by = hashlib.sha256(begun.key.encode()).hexdigest()[:16]
    message = DiaryBegun(
        key=f"{state.uid}#diary#{told_by}",
        happened_at=begun.happened_at,
        manager=begun.manager,
        group_head=begun.group_head,
        zone=begun.zone,
    )
    return CaseMessageToTell(
        address=diary_address(message),
        update="begun",
        message=message.model_dump(mode="json"),
        begins=Beginning(
            workflow="ServiceDiary",
            kind=DIARY,
            stage=DiaryStage.KEPT,
            summary=text(state.language, "door", "summary", DIARY, manager=begun.manager),
        ),
    )


def learn_diary(state: PlanState, message: CaseMessageToTell, told: Told | None, now: datetime) -> None:
    """Takes what the diary answered; None: nobody was reached for a day. Where it did not begin, a person begins it."""
    state.telling_diary = False
    if told is not None and told.result in ("done", "repeated"):
        return
    why = told.type if told is not None and told.result == "refused" else "unreachable"
    key = str(message.message["key"])
    incident(state, key, "diary_failed", now, f"{message.address}: {why}")
    state.tell(state.role(GROUP_HEAD), "diary_failed", key, now, {"clause": "4.4.1", "manager": str(message.message["manager"])})
