"""Entering records into the CRM, each external id once, whether the CRM has an upsert of its own or not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio import activity

from activities import errors
from activities.keyed import Allowance, once
from regulations.effects import CrmOutcome, CrmRecord
from regulations.partner.effects import NextDealAnswer, NextDealQuestion
from runtime.crm import CrmMisconfiguredError, CrmPort, CrmRefusedError, CrmUnavailableError, RecordKind, SoughtDeals
from runtime.effect_ledger import EffectLedger

_KIND = "crm"


class Crm:
    """Writes to the CRM, and looks for deals in it."""

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
        return await once(self._ledger, record.key, _KIND, record, CrmOutcome, lambda: self._enter(record), _crm_errors)

    @activity.defn
    async def find_next_deal(self, question: NextDealQuestion) -> NextDealAnswer:
        """6.3: the deals that the CRM's automation has opened for a partner since its renewal was paid, the oldest first.

        A deal of the last seconds may be missing: the CRM's search lags behind.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal); ``Misconfigured`` or ``Refused`` (for good).
        """
        sought = SoughtDeals(
            contact=question.contact,
            partner=question.partner,
            direction=question.direction,
            status=question.status,
            since=question.since,
        )
        with _crm_errors():
            async with asyncio.timeout_at(Allowance.of_this_attempt().stop_at()):
                return NextDealAnswer(deals=await self._crm.deals(sought))

    async def _enter(self, record: CrmRecord) -> CrmOutcome:
        what = record.what
        if self._crm.upserts_natively(what):
            record_id, action = await self._crm.upsert(what, record.external_id, record.fields)
            return CrmOutcome(record_id=record_id, action=action)
        found = await self._crm.find(what, record.external_id)
        if found:
            await self._crm.update(what, found[0], record.fields)
            return await self._keep_oldest(what, found, inserted=False)
        added = await self._crm.add(what, record.external_id, record.fields)
        # Somebody may have added the same record between our search and our addition: look again once the index is true.
        await asyncio.sleep(self._settle.total_seconds())
        found = await self._crm.find(what, record.external_id)
        if added not in found:
            found = (*found, added)
        if found[0] != added:
            await self._crm.update(what, found[0], record.fields)
        return await self._keep_oldest(what, found, inserted=found[0] == added)

    async def _keep_oldest(self, what: RecordKind, found: tuple[str, ...], *, inserted: bool) -> CrmOutcome:
        kept, *duplicates = found
        for duplicate in duplicates:
            await self._crm.mark_duplicate(what, duplicate, kept)
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
