"""One file per case kind; each reads as its regulation reads."""

from temporalio import workflow

if not workflow.unsafe.in_sandbox():  # the sandbox loads each workflow by itself, and no other beside it
    from workflows.client_handoff import ClientHandoff
    from workflows.correction import Correction
    from workflows.daily_digest import DailyDigest
    from workflows.handoff_report import HandoffReport
    from workflows.notice_round import NoticeRound
    from workflows.potential_sale import PotentialSale

    WORKFLOWS = (ClientHandoff, Correction, HandoffReport, NoticeRound, DailyDigest, PotentialSale)
    """Every workflow: read by the worker, the replay tests and the test of command sequences."""
