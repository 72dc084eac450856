"""Entering records into the CRM, each external id once, whether the CRM has an upsert of its own or not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from pydantic import JsonValue
from temporalio import activity

from activities import errors
from activities.keyed import Allowance, input_hash, ledger_errors
from regulations.effects import CrmOutcome, CrmRecord
from runtime.crm import CrmMisconfiguredError, CrmPort, CrmRefusedError, CrmUnavailableError
from runtime.database import DatabaseRefusedError, DatabaseUnavailableError
from runtime.effect_ledger import EffectLedger, Finished

_KIND = "crm"


class Crm:
    """Writes to the CRM."""

    def __init__(self, ledger: EffectLedger, crm: CrmPort, settle: timedelta = timedelta(seconds=10)) -> None:
        """``settle`` is how long the search index of a CRM without an upsert may lag behind what was added."""
        self._ledger = ledger
        self._crm = crm
        self._settle = settle

    @activity.defn(name="enter_into_crm")
    async def enter_into_crm(self, record: CrmRecord) -> CrmOutcome:
        """Enter the record, or bring the one with its external id up to date; the same key counts once.

        Args:
            record: The fields in our words, and the external id that makes the record one.

        Returns:
            The CRM's id, what was done, and the ids of duplicates that were found and marked.

        Raises:
            ApplicationError: ``Unavailable`` or ``InProgress`` (repeated by Temporal); ``Conflict``, ``Misconfigured`` or
                ``Refused`` (for good).
        """
        allowance = Allowance.of_this_attempt()
        stop_at = allowance.stop_at()
        digest = input_hash(record, leaving_out={"now", "key"})
        with ledger_errors():
            claim = await self._ledger.claim(record.key, _KIND, digest, allowance.lease)
            if isinstance(claim, Finished):
                return CrmOutcome.model_validate(claim.result)
            try:
                with _crm_errors():
                    async with asyncio.timeout_at(stop_at):
                        outcome = await self._enter(record)
            except Exception:
                # This attempt has stopped: the next one need not wait for the lease.
                with suppress(DatabaseUnavailableError, DatabaseRefusedError):
                    await self._ledger.release(claim)
                raise
            stored: JsonValue = outcome.model_dump(mode="json")
            await self._ledger.finish(claim, stored)
            return outcome

    async def _enter(self, record: CrmRecord) -> CrmOutcome:
        if self._crm.upserts_natively:
            record_id, action = await self._crm.upsert(record.external_id, record.fields)
            return CrmOutcome(record_id=record_id, action=action)
        found = await self._crm.find(record.external_id)
        if found:
            await self._crm.update(found[0], record.fields)
            return await self._keep_oldest(found, inserted=False)
        added = await self._crm.add(record.external_id, record.fields)
        # Somebody may have added the same record between our search and our addition: look again once the index is true.
        await asyncio.sleep(self._settle.total_seconds())
        found = await self._crm.find(record.external_id)
        if added not in found:
            found = (*found, added)
        if found[0] != added:
            await self._crm.update(found[0], record.fields)
        return await self._keep_oldest(found, inserted=found[0] == added)

    async def _keep_oldest(self, found: tuple[str, ...], *, inserted: bool) -> CrmOutcome:
        kept, *duplicates = found
        for duplicate in duplicates:
            await self._crm.mark_duplicate(duplicate, kept)
        return CrmOutcome(record_id=kept, action="inserted" if inserted else "updated", duplicates=tuple(duplicates))


@contextmanager
def _crm_errors() -> Iterator[None]:
    try:
        yield
    except CrmUnavailableError as error:
        raise errors.transient(f"crm: {error}", after=error.after) from None
    except CrmMisconfiguredError as error:
        raise errors.permanent(f"crm: {error}", type=errors.MISCONFIGURED) from None
    except CrmRefusedError as error:
        raise errors.refused(f"crm: {error}", code=error.code) from None
    except TimeoutError:
        raise errors.transient("crm: no answer in time") from None
