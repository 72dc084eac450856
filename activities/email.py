"""Letters to people outside: each is rendered once, and handed to the mail server at most once unless its end is unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Literal

from pydantic import JsonValue
from temporalio import activity

from activities import errors
from activities.keyed import Allowance, database_errors, input_hash, ledger_errors
from regulations.effects import Letter, LetterOutcome, OnUnknown
from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
from runtime.effect_ledger import Claim, EffectLedger, Finished
from runtime.files import FileStore
from runtime.letters import Composition, File, InReplyTo, LetterRefusedError, Letters, checked_recipients, subject_of
from runtime.mail import Mailer, MailFailedError

_KIND = "letter"
# The first is decided once and frozen, the second is how to behave, the third is the key itself: none of them is the letter.
_NOT_THE_LETTER = {"now", "on_unknown", "key"}


class Correspondence:
    """Sends the letters of the cases."""

    def __init__(self, ledger: EffectLedger, letters: Letters, mailer: Mailer, kept: FileStore | None = None) -> None:
        """All are shared with other activities and closed by whoever made them. ``kept`` has the files that letters name; None: none do."""
        self._ledger = ledger
        self._letters = letters
        self._mailer = mailer
        self._kept = kept

    @activity.defn(name="send_letter")
    async def send_letter(self, letter: Letter) -> LetterOutcome:
        """Send the letter; the same key is sent once.

        Args:
            letter: What to send, to whom, rendered from which template. Its ``now`` becomes the Date of the first rendering.

        Returns:
            ``sent``, or ``held`` when the server may have taken an earlier attempt and the letter is not one to be doubled.

        Raises:
            ApplicationError: ``Unavailable``, ``InProgress`` or ``DeliveryUnknown`` (repeated by Temporal); ``Conflict``,
                ``Invalid``, ``Misconfigured`` or ``Refused`` (for good).
        """
        allowance = Allowance.of_this_attempt()
        stop_at = allowance.stop_at()
        digest = input_hash(letter, leaving_out=_NOT_THE_LETTER)
        with ledger_errors():
            claim = await self._ledger.claim(letter.key, _KIND, digest, allowance.lease)
            if isinstance(claim, Finished):
                return LetterOutcome.model_validate(claim.result)
            if claim.handovers and letter.on_unknown is OnUnknown.HOLD:
                return await self._hold(claim)
            try:
                return await self._send(claim, letter, stop_at)
            except Exception:
                # Whatever went wrong, this attempt has stopped: the next one need not wait for the lease.
                with suppress(DatabaseUnavailableError, DatabaseRefusedError):
                    await self._ledger.release(claim)
                raise

    async def _send(self, claim: Claim, letter: Letter, stop_at: float) -> LetterOutcome:
        try:
            recipients = checked_recipients(letter.to)
            content = claim.payload
            if content is None:
                composed = self._letters.compose(_composition(letter, await self._files(letter)))
                content = composed.content
                claim = await self._ledger.freeze(claim, composed.message_id, content)
        except LetterRefusedError as error:
            raise errors.permanent(f"letter {letter.template}: {error}", type=errors.INVALID) from None
        handover = _Handover(self._ledger, claim)
        within = timedelta(seconds=stop_at - asyncio.get_running_loop().time())
        try:
            delivery = await self._mailer.deliver(recipients, content, handover.begin, within)
        except MailFailedError as error:
            return await self._failed(handover, error, letter.on_unknown)
        outcome = _outcome(handover.claim, "sent", delivery.refused)
        if outcome.repeated:
            _count("reglament_letters_repeated", "Letters handed over more than once: a double may exist.")
        await self._ledger.finish(handover.claim, _stored(outcome))
        return outcome

    async def _files(self, letter: Letter) -> list[File]:
        """What goes with the letter, the files that are kept among it."""
        files = [File(file.name, file.content_type, file.content) for file in letter.attachments]
        for kept in letter.files:
            with database_errors():
                content = None if self._kept is None else await self._kept.get(kept.sha256)
            if content is None:
                raise LetterRefusedError(f"the file {kept.name} that goes with it is not kept any more")
            files.append(File(kept.name, kept.content_type, content))
        return files

    async def _failed(self, handover: _Handover, error: MailFailedError, on_unknown: OnUnknown) -> LetterOutcome:
        if error.kind == "unknown":
            if on_unknown is OnUnknown.HOLD:
                return await self._hold(handover.claim)
            raise errors.transient(str(error), type=errors.DELIVERY_UNKNOWN)
        if handover.begun:
            await self._ledger.handover_refused(handover.claim)
        if error.kind == "transient":
            raise errors.transient(str(error))
        if error.stage in {"connect", "sign-in"}:
            raise errors.permanent(str(error), type=errors.MISCONFIGURED)
        raise errors.refused(str(error), code=error.code)

    async def _hold(self, claim: Claim) -> LetterOutcome:
        outcome = _outcome(claim, "held")
        _count("reglament_letters_held", "Letters with an unknown end that were left to a person.")
        await self._ledger.hold(claim, _stored(outcome))
        return outcome


class _Handover:
    """The claim on its way through the mail server."""

    def __init__(self, ledger: EffectLedger, claim: Claim) -> None:
        self._ledger = ledger
        self.claim = claim
        self.begun = False

    async def begin(self) -> None:
        """Commit, before the first byte of DATA, that the end may be unknown."""
        self.claim = await self._ledger.begin_handover(self.claim)
        self.begun = True


def _composition(letter: Letter, files: Sequence[File]) -> Composition:
    thread = letter.thread
    return Composition(
        key=letter.key,
        template=letter.template,
        language=letter.language,
        recipients=letter.to,
        values=letter.values,
        date=letter.now,
        thread=None if thread is None else InReplyTo(thread.message_id, thread.references, thread.subject),
        files=tuple(files),
    )


def _outcome(claim: Claim, result: Literal["sent", "held"], refused: int = 0) -> LetterOutcome:
    if claim.message_id is None or claim.payload is None:
        raise AssertionError("only a frozen letter has an outcome")
    return LetterOutcome(
        result=result,
        message_id=claim.message_id,
        subject=subject_of(claim.payload),
        refused=refused,
        repeated=claim.handovers > 1,
    )


def _count(name: str, description: str) -> None:
    activity.metric_meter().create_counter(name, description).add(1)


def _stored(outcome: LetterOutcome) -> JsonValue:
    stored: JsonValue = outcome.model_dump(mode="json")
    return stored
