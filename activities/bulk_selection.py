"""What a bulk action selects: leads by address or by a visibility query, or the rows of an upload."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import NoReturn

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities import errors
from activities.keyed import database_errors
from regulations.catalogue import text
from regulations.control_time import calendar_named, control_name, working_days_left
from regulations.lead.bulk import LANGUAGE, Frozen, LeadToSpread, assign, spread
from regulations.lead.messages import BulkStarted
from regulations.lead.state import KIND
from regulations.lead.upload import MOST_ROWS, UploadError, columns_of, row_of
from regulations.time.calendar_spec import CalendarError
from regulations.time.working_time import working_time
from runtime.bulks import BulkStore, NewItem
from runtime.centres import Centre, CentreReader
from runtime.documents.reader import ReaderUnavailableError
from runtime.files import FileStore
from runtime.uploads import LARGEST, TableError, rows_of

MOST_LEADS = 100_000
_WRITTEN_AT_ONCE = 1_000


class VisibleLeads:
    """The open leads that Temporal's visibility lists: it follows them by a moment, and each lead checks for itself."""

    def __init__(self, client: Client) -> None:
        """The client stays the caller's."""
        self._client = client

    async def addresses(self, query: str) -> AsyncIterator[str]:
        """The addresses that a query finds.

        Raises:
            ApplicationError: ``Refused``: it is no query; ``Unavailable``.
        """
        whole = f"WorkflowType = 'PotentialSale' AND ExecutionStatus = 'Running' AND ({query})"
        try:
            async for found in self._client.list_workflows(whole, page_size=1_000):
                if found.id.startswith(f"{KIND}/"):
                    yield found.id
        except RPCError as e:
            if e.status is RPCStatusCode.INVALID_ARGUMENT:
                _refuse("query")
            raise errors.transient(f"visibility: {e.status.name}") from None


class Selecting:
    """Finds what a request selects, and what each lead of it is to be told."""

    def __init__(self, store: BulkStore, centres: CentreReader, files: FileStore, visible: VisibleLeads) -> None:
        """
        Args:
            store: The tables of bulk actions; the rows of an upload are written while they are read.
            centres: The register of service centres.
            files: Where uploads are kept.
            visible: The leads that a query finds.
        """
        self._store = store
        self._centres = centres
        self._files = files
        self._visible = visible

    async def items(self, started: BulkStarted, now: datetime) -> list[NewItem]:
        """The items that are still to be written, with the last of an upload.

        Raises:
            ApplicationError: ``Refused`` (for good), with words for whoever asked; ``Unavailable``.
        """
        if started.action == "create":
            return await self._uploaded(started, now)
        selected = list(dict.fromkeys(started.leads)) if started.query is None else await self._found(started.query)
        match started.action:
            case "assign":
                told = await self._assigned(started, selected)
            case "spread":
                told = await self._spread(started, selected, now)
            case _:
                told = [Frozen(address, {"until": started.until.isoformat() if started.until else None}) for address in selected]
        return [NewItem(n, one.address, one.given, one.clause, one.reason) for n, one in enumerate(told, 1)]

    async def _found(self, query: str) -> list[str]:
        found: dict[str, None] = {}
        async for address in self._visible.addresses(query):
            found[address] = None
            if len(found) > MOST_LEADS:
                _refuse("too_many", most=MOST_LEADS)
        return sorted(found)

    async def _centre(self, started: BulkStarted) -> Centre:
        code = started.centre or ""
        with database_errors():
            centre = await self._centres.centre(code)
        if centre is None:
            _refuse("no_centre", centre=code)
        return centre

    async def _assigned(self, started: BulkStarted, selected: Sequence[str]) -> list[Frozen]:
        centre = await self._centre(started)
        known = {manager for manager, *_ in centre.managers}
        if strangers := [quota.manager for quota in started.quotas if quota.manager not in known]:
            _refuse("no_manager", centre=centre.code, managers=", ".join(strangers))
        return assign(selected, started.quotas)

    async def _spread(self, started: BulkStarted, selected: Sequence[str], now: datetime) -> list[Frozen]:
        centre = await self._centre(started)
        try:
            hours = working_time(calendar_named(control_name(centre.zone), {}))
            days = working_days_left(hours, started.first, started.last, now) if started.first and started.last else []
        except CalendarError:
            days = []
        if not days:
            _refuse("no_days")
        with database_errors():
            rows = await self._store.known_leads(selected)
        known = [
            LeadToSpread(row.address, row.centre, row.status, row.temperature, hours.local(row.due).date() if row.due else None)
            for row in rows
        ]
        return spread(selected, known, centre.code, days)

    async def _uploaded(self, started: BulkStarted, now: datetime) -> list[NewItem]:
        """Writes the rows of the file as they are read; gives the last ones."""
        with database_errors():
            content = await self._files.get(started.file or "")
        if content is None:
            _refuse("no_file")
        items: list[NewItem] = []
        columns: dict[str, int] | None = None
        written = 0
        try:
            async for number, cells in rows_of(content):
                if columns is None:
                    columns = columns_of(cells)
                    continue
                row = row_of(columns, cells, started.centre)
                items.append(NewItem(number, row.address, row.given, row.clause, row.reason))
                if len(items) == _WRITTEN_AT_ONCE:
                    with database_errors():
                        await self._store.add(started.bulk, items, now)
                    written += len(items)
                    items = []
                if written + len(items) > MOST_ROWS:
                    _refuse("too_many_rows", most=MOST_ROWS)
        except TableError as e:
            _refuse(e.problem, most=LARGEST // 1024 // 1024)
        except UploadError as e:
            raise errors.refused(str(e), code="columns") from None
        except ReaderUnavailableError as e:
            raise errors.transient(str(e)) from None
        return items


def _refuse(why: str, **values: object) -> NoReturn:
    raise errors.refused(text(LANGUAGE, "bulk", "problem", why, **values), code=why)
