"""Effects and look-ups: thin over ports that are given to their constructors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from activities.audit import Audits
from activities.billing import Billing
from activities.bulk import Bulks
from activities.centre_rounds import CentreRounds
from activities.comments import Comments
from activities.corrections import Corrections
from activities.crm import Crm
from activities.documents import Documents
from activities.email import Correspondence
from activities.invoices import Invoices
from activities.leads import Leads
from activities.measures import Measures
from activities.notices import Notices
from activities.payments import Payments
from activities.planning import Planning
from activities.portfolio import Portfolio
from activities.record import Registers
from activities.replacements import Replacements
from activities.reports import Reports
from activities.service import ServicePapers
from activities.sms import Texting
from activities.tell import CaseTeller
from activities.watching import Watching


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
    centre_rounds: CentreRounds
    leads: Leads
    measures: Measures
    teller: CaseTeller
    bulks: Bulks
    audits: Audits
    replacements: Replacements
    watching: Watching
    comments: Comments
    invoices: Invoices
    texting: Texting
    payments: Payments
    portfolio: Portfolio
    service_papers: ServicePapers

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
            self.centre_rounds.gather_centre_digest,
            self.centre_rounds.gather_hot_watch,
            self.leads.look_up_client,
            self.leads.link_invoice,
            self.measures.settle_proposal,
            self.teller.tell_case,
            self.bulks.freeze_bulk,
            self.bulks.bulk_page,
            self.audits.audit,
            self.audits.take_decision,
            self.replacements.look_up_account,
            self.replacements.check_links,
            self.replacements.credit,
            self.replacements.destroy_secret,
            self.watching.watch_step,
            self.watching.count_passing,
            self.comments.check_comment,
            self.invoices.compose_invoice,
            self.invoices.issue_invoice,
            self.texting.send_sms,
            self.payments.match_payment,
            self.payments.assign_payment,
            self.payments.enter_refund,
            self.portfolio.next_meeting,
            self.portfolio.build_pack,
            self.crm.find_next_deal,
            self.service_papers.next_papers,
            self.service_papers.draw_papers,
        ]
