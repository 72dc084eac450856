"""One file per case kind; each reads as its regulation reads."""

from temporalio import workflow

if not workflow.unsafe.in_sandbox():  # the sandbox loads each workflow by itself, and no other beside it
    from workflows.bulk_action import BulkAction
    from workflows.centre_digest import CentreDigest
    from workflows.client_handoff import ClientHandoff
    from workflows.client_onboarding import ClientOnboarding
    from workflows.correction import Correction
    from workflows.daily_digest import DailyDigest
    from workflows.handoff_report import HandoffReport
    from workflows.hot_watch import HotWatch
    from workflows.incoming_payment import IncomingPayment
    from workflows.lead_replacement import LeadReplacement
    from workflows.lead_watch import LeadWatch
    from workflows.mail_answer import MailAnswer
    from workflows.manager_meetings import ManagerMeetings
    from workflows.notice_round import NoticeRound
    from workflows.partner_account import PartnerAccount
    from workflows.partner_intake import PartnerIntake
    from workflows.potential_sale import PotentialSale
    from workflows.renewal import Renewal
    from workflows.service_centre import ServiceCentre
    from workflows.service_diary import ServiceDiary
    from workflows.service_order import ServiceOrder
    from workflows.service_plan import ServicePlan

    WORKFLOWS = (
        ClientHandoff,
        Correction,
        HandoffReport,
        NoticeRound,
        DailyDigest,
        PotentialSale,
        ServiceCentre,
        BulkAction,
        CentreDigest,
        HotWatch,
        LeadReplacement,
        LeadWatch,
        MailAnswer,
        PartnerIntake,
        PartnerAccount,
        ServiceOrder,
        Renewal,
        IncomingPayment,
        ManagerMeetings,
        ClientOnboarding,
        ServicePlan,
        ServiceDiary,
    )
    """Every workflow: read by the worker, the replay tests and the test of command sequences."""
