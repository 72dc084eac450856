"""Writing what a case decided: obligation rows, breaches, notices, registers and incidents."""

from __future__ import annotations

from temporalio import activity

from activities.keyed import database_errors
from regulations.record_batch import RecordBatch
from runtime.registers import Origin, RegisterRow, RegisterWriter


class Registers:
    """Writes the registers."""

    def __init__(self, writer: RegisterWriter) -> None:
        """The writer's engine is closed by whoever made it."""
        self._writer = writer

    @activity.defn(name="record")
    async def record(self, batch: RecordBatch) -> int:
        """Write all rows of the batch in one transaction; twice is the same as once.

        Args:
            batch: Rows of one case, in order. An obligation and an accepted client take the newest state by ``seq``; in the
                other registers the first row of a key stands.

        Returns:
            How many rows changed something: zero for a repeat.

        Raises:
            ApplicationError: ``Unavailable`` (repeated by Temporal) or ``Invalid`` (for good).
        """
        origin = Origin(
            case_uid=batch.case_uid,
            address=batch.address,
            case_kind=batch.kind,
            edition=batch.edition,
            decided_at=batch.now,
        )
        rows = [RegisterRow(row.table, row.model_dump(exclude={"table"})) for row in batch.rows]
        with database_errors():
            return await self._writer.write(origin, rows)
