"""The papers of a client manager: which are owed next, and what stands in them (onboarding 4.4)."""

from __future__ import annotations

from temporalio import activity

from activities import errors
from regulations.onboarding.effects import DrawnPaper, PaperQuestion, PapersAnswer, PapersQuestion


class ServicePapers:
    """Reads the calendars and the registers of service, and keeps the workbooks of papers."""

    @activity.defn(name="next_papers")
    async def next_papers(self, question: PapersQuestion) -> PapersAnswer:
        """The papers of the next working day.

        Raises:
            ApplicationError: ``Misconfigured`` (repeated by Temporal): there is no such calendar, or it ends.
        """
        raise errors.transient("not there yet", type=errors.MISCONFIGURED)

    @activity.defn(name="draw_paper")
    async def draw_paper(self, question: PaperQuestion) -> DrawnPaper:
        """A paper as the registers stand.

        Raises:
            ApplicationError: ``Unavailable`` or ``Misconfigured`` (repeated by Temporal).
        """
        raise errors.transient("not there yet", type=errors.MISCONFIGURED)
