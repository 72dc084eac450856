"""A lead that only notes what a measure does to it, and refuses as told."""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from regulations.lead.messages import Deleted, Moved


@workflow.defn(name="StandInLead")
class StandInLead:
    """Runs until it is told of a deletion."""

    @workflow.init
    def __init__(self, refuses: str) -> None:
        self.told: list[str] = []
        self.refuses = refuses
        self.over = False

    @workflow.run
    async def run(self, refuses: str) -> list[str]:
        await workflow.wait_condition(lambda: self.over)
        return self.told

    @workflow.query(name="told")
    def read(self) -> list[str]:
        return self.told

    @workflow.update(name="moved")
    def moved(self, message: Moved) -> str:
        self.told.append(f"{message.centre} -> {message.to} by {message.by.role}: {message.measure}")
        return "in_progress"

    @moved.validator
    def check_moved(self, message: Moved) -> None:
        if self.refuses:
            raise ApplicationError("as told", type=self.refuses, non_retryable=True)

    @workflow.update(name="deleted")
    def deleted(self, message: Deleted) -> str:
        self.told.append(f"{message.centre} deleted: {message.measure}")
        self.over = True
        return "withdrawn"
