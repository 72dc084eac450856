"""The batch of rows in which the decisions of a case are written into the registers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from regulations.handoff.rows import AcceptedClientRow, PaymentRegisterRow, SaleRow
from regulations.lead.rows import CentreRow, LeadRow, MeasureRow
from regulations.onboarding.rows import PlannedVisitRow, ServiceClientRow, ServiceRecordRow, VisaRow
from regulations.partner.rows import CallRow, DealRow, InvoiceRow, PartnerRow
from regulations.replacement.rows import CreditRow, ReplacementRow, WatchRow
from regulations.rows import BreachRow, CorrectionRow, IncidentRow, NoticeRow, ObligationRow
from regulations.wire import Wire

AnyRow = Annotated[
    ObligationRow
    | BreachRow
    | NoticeRow
    | AcceptedClientRow
    | PaymentRegisterRow
    | IncidentRow
    | CorrectionRow
    | LeadRow
    | CentreRow
    | MeasureRow
    | ReplacementRow
    | CreditRow
    | WatchRow
    | SaleRow
    | PartnerRow
    | CallRow
    | DealRow
    | InvoiceRow
    | ServiceClientRow
    | ServiceRecordRow
    | PlannedVisitRow
    | VisaRow,
    Field(discriminator="table"),
]


class RecordBatch(Wire):
    """All the rows that belong to decisions of one case, written in one transaction, in order."""

    case_uid: str
    address: str
    kind: str
    edition: str
    now: datetime
    rows: tuple[AnyRow, ...]

    def about(self) -> list[str]:
        """What it is about, for the Temporal UI: clauses, else the names of the registers."""
        clauses = {clause for row in self.rows if (clause := getattr(row, "clause", ""))}
        return sorted(clauses or {row.table for row in self.rows})
