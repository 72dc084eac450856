"""Effects and look-ups: thin over ports that are given to their constructors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from activities.billing import Billing
from activities.corrections import Corrections
from activities.crm import Crm
from activities.documents import Documents
from activities.email import Correspondence
from activities.notices import Notices
from activities.planning import Planning
from activities.record import Registers
from activities.reports import Reports


@dataclass(frozen=True)
class Activities:
    """The activities of a worker, each with what it needs."""

    planning: Planning
    registers: Registers
    billing: Billing
    correspondence: Correspondence
    crm: Crm
    documents: Documents
    corrections: Corrections
    reports: Reports
    notices: Notices

    def all(self) -> list[Callable[..., Any]]:
        """Every activity, to be registered with a worker; a test holds that none is forgotten."""
        return [
            self.planning.open_case,
            self.planning.plan,
            self.registers.record,
            self.billing.look_up_billing,
            self.billing.await_payment,
            self.correspondence.send_letter,
            self.crm.enter_into_crm,
            self.documents.read_documents,
            self.corrections.correct,
            self.reports.standing,
            self.reports.build,
            self.reports.send,
            self.reports.mark_sent,
            self.notices.gather_notices,
            self.notices.gather_digest,
            self.notices.notices_sent,
            self.notices.notices_refused,
        ]
