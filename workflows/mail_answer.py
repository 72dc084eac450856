"""An e-mail that no case could take is answered: what is missing, and the form that would do. One run per e-mail, under ``mail/{id}``.

Promise: whoever wrote gets one answer, however often the mailbox is read and whatever dies in between.
"""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.email import Correspondence
    from regulations.catalogue import text
    from regulations.effects import Letter, LetterOutcome
    from workflows import options


@workflow.defn(name="MailAnswer")
class MailAnswer:
    """One answer."""

    @workflow.run
    async def run(self, letter: Letter) -> LetterOutcome:
        """Sends it; tried until it is sent or refused for good."""
        dated = letter.model_copy(update={"now": workflow.now()})
        summary = text(letter.language, "letter", letter.template)
        return await workflow.execute_activity_method(Correspondence.send_letter, dated, summary=summary, **options.CORRESPONDENCE)
