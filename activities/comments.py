"""The check of the comment after a call (partner 4.2)."""

from __future__ import annotations

from temporalio import activity

from regulations.partner.comment import check
from regulations.partner.effects import CommentQuestion, CommentVerdict
from runtime.morphology import Morphology


class Comments:
    """Checks comments by rules; no network."""

    def __init__(self, morphology: Morphology) -> None:
        """``morphology`` knows the grammar of Russian words; it is loaded once for the process."""
        self._morphology = morphology

    @activity.defn
    async def check_comment(self, question: CommentQuestion) -> CommentVerdict:
        """4.2: whether the comment has its three parts, each with substance, and what is missing; some tens of milliseconds."""
        return check(question.text, self._morphology.grammar)
