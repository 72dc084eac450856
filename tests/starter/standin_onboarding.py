"""Stands in for a running onboarding: hears that people have changed, each time once."""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from regulations.messages import PeopleChanged
    from workflows.docket import Receipt


@workflow.defn
class StandInOnboarding:
    """Runs until it is terminated."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.update
    def people_changed(self, message: PeopleChanged) -> Receipt:
        self.heard.append(message.key)
        return Receipt(stage="collecting_visas", revision=len(self.heard), next_due=None)

    @people_changed.validator
    def check(self, message: PeopleChanged) -> None:
        if message.key in self.heard:
            raise ApplicationError("1", type="Repeated", non_retryable=True)

    @workflow.query
    def keys(self) -> list[str]:
        return self.heard
