"""The check of the comment after a call (partner 4.2)."""

from __future__ import annotations

from temporalio import activity

from regulations.partner.effects import CommentQuestion, CommentVerdict


class Comments:
    """Checks comments by rules; no network."""

    @activity.defn
    async def check_comment(self, question: CommentQuestion) -> CommentVerdict:
        """4.2: whether the comment has its three parts, each with substance, and what is missing."""
        raise NotImplementedError
