"""A manager's partners: the next meeting, its pack (partner 8.1), the report (8.2)."""

from __future__ import annotations

from temporalio import activity

from regulations.partner.effects import MeetingAnswer, MeetingQuestion, Pack, PackQuestion


class Portfolio:
    """Reads the registers of partner support."""

    @activity.defn
    async def next_meeting(self, question: MeetingQuestion) -> MeetingAnswer:
        """8.1: the next meeting by a schedule."""
        raise NotImplementedError

    @activity.defn
    async def build_pack(self, question: PackQuestion) -> Pack:
        """8.1, 8.2: build the pack of a meeting."""
        raise NotImplementedError
