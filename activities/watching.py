"""The steps of a lead watch: rows are written, leads are looked at, reminders become notices, all in one transaction."""

from __future__ import annotations

from temporalio import activity

from regulations.replacement.effects import PassingAnswer, PassingQuestion, WatchStep, WatchStepDone


class Watching:
    """Watches the leads of tariffs."""

    @activity.defn
    async def watch_step(self, step: WatchStep) -> WatchStepDone:
        """3.3, 3.4: one step; repeated it changes nothing more."""
        raise NotImplementedError

    @activity.defn
    async def count_passing(self, question: PassingQuestion) -> PassingAnswer:
        """1: how many cards would pass the audit today. Only reads."""
        raise NotImplementedError
