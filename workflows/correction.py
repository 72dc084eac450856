"""A fact learnt after its case has ended: a short run over the registers, one per fact.

Promise: the fact is written down once; a breach that was none is withdrawn by a second row, one that stands is confirmed; whoever was told
of the breach is told that it was none, people outside in working time.
"""

from __future__ import annotations

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.corrections import Corrections
    from activities.documents import Documents
    from activities.email import Correspondence
    from activities.planning import Planning
    from activities.record import Registers
    from regulations.catalogue import text
    from regulations.corrections import Corrected, CorrectionOutcome, LateNews, LearntFact, ToCorrect
    from regulations.effects import Letter
    from regulations.handoff import corrections
    from regulations.handoff.state import KIND
    from regulations.plans import OpeningRequest
    from regulations.record_batch import RecordBatch
    from workflows import options
    from workflows.docket import record_summary
    from workflows.local_reads import read


@workflow.defn(name="Correction")
class Correction:
    """One late fact; its id is ``correction/{address of the case}/{hash of the fact's key}``."""

    @workflow.run
    async def run(self, news: LateNews) -> CorrectionOutcome:
        """Corrects the registers, then tells whoever is outside."""
        fact = await self._with_its_files_read(news.fact) if news.fact.unread else news.fact
        known = ToCorrect(address=news.address, ended_at=news.ended_at, fact=fact, now=workflow.now())
        summary = text("ru", "activity", "correct")
        corrected = await workflow.execute_activity_method(Corrections.correct, known, summary=summary, **options.RECORD)
        workflow.set_current_details(self._details(corrected))
        if corrected.letter is None:
            return CorrectionOutcome(results=corrected.results, letter=None)
        wait = corrected.not_before - workflow.now()
        if wait.total_seconds() > 0:
            await workflow.sleep(wait, summary=text(corrected.language, "letter", corrected.letter.template))
        sent = await self._send(corrected.letter)
        if not sent:
            await self._record_unsent(corrected, news.address)
        return CorrectionOutcome(results=corrected.results, letter="sent" if sent else "unsent")

    async def _with_its_files_read(self, fact: LearntFact) -> LearntFact:
        """2.1.4: an attachment that cannot be read proves nothing."""
        asked = OpeningRequest(regulation=KIND, at=workflow.now())
        opening = await read(Planning.open_case, asked, text("ru", "activity", "open"), options.PLANNING)
        summary = text(opening.language, "activity", "read_documents")
        question = corrections.to_read(fact, opening)
        try:
            answer = await workflow.execute_activity_method(Documents.read_documents, question, summary=summary, **options.DOCUMENTS)
        except ActivityError:  # tried for days
            answer = None
        return corrections.read(fact, answer)

    async def _send(self, letter: Letter) -> bool:
        letter = letter.model_copy(update={"now": workflow.now()})
        summary = text(letter.language, "letter", letter.template)
        try:
            outcome = await workflow.execute_activity_method(Correspondence.send_letter, letter, summary=summary, **options.CORRESPONDENCE)
        except ActivityError:  # refused for good; what can be tried again is tried again until it works
            return False
        return outcome.result == "sent"

    async def _record_unsent(self, corrected: Corrected, address: str) -> None:
        batch = RecordBatch(
            case_uid=corrected.case_uid,
            address=address,
            kind=corrected.kind,
            edition=corrected.edition,
            now=corrected.decided_at,
            rows=corrected.if_unsent,
        )
        summary = record_summary(corrected.language, batch)
        await workflow.execute_activity_method(Registers.record, batch, summary=summary, **options.RECORD)

    def _details(self, corrected: Corrected) -> str:
        say = corrected.language
        return "\n".join(f"- {clause}: {text(say, 'correction', result)}" for clause, result in corrected.results.items())
