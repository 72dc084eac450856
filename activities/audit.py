"""The audit of an export, and quality control's decision on it: both in a process of their own, with limits."""

from __future__ import annotations

from temporalio import activity

from regulations.replacement.effects import AuditAnswer, AuditQuestion, DecisionAnswer, DecisionQuestion


class Audits:
    """Judges exports and reads decisions."""

    @activity.defn
    async def audit(self, question: AuditQuestion) -> AuditAnswer:
        """3.1 to 4.2, 6.4: judge an export; asked again it gives the same answer."""
        raise NotImplementedError

    @activity.defn
    async def take_decision(self, question: DecisionQuestion) -> DecisionAnswer:
        """5.2, 6.2: check a decision against the audit and write it down; asked again it gives the same answer."""
        raise NotImplementedError
