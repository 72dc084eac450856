"""The worker: the one place where settings, connections, activities and workflows are put together. ``python worker.py``."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import Worker, WorkerDeploymentConfig

from activities import Activities
from activities.audit import Audits
from activities.billing import Billing
from activities.bulk import Bulks
from activities.bulk_selection import Selecting, VisibleLeads
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
from activities.reports import CaseReader, Reports
from activities.service import ServicePapers
from activities.sms import Texting
from activities.tell import CaseTeller
from activities.watching import Watching
from regulations.company import CompanyError, load_company
from regulations.editions import EditionError, load_editions
from runtime.absences import AbsenceRegister
from runtime.account_billing import AccountReader
from runtime.billing import BillingReader
from runtime.billing_api import BillingApi
from runtime.bulks import BulkStore
from runtime.centres import CentreReader
from runtime.connection import connect, workflow_runner
from runtime.database import open_billing, open_database
from runtime.documents.reader import DocumentReader
from runtime.effect_ledger import EffectLedger
from runtime.encryption import EncryptionError, KeyRing
from runtime.files import FileStore
from runtime.held_registers import HeldRegisters
from runtime.invoice_pdf import InvoicePrinter
from runtime.lead_billing import LeadBilling, LeadInvoices
from runtime.leads import CentreLetters, LeadReader
from runtime.letters import Letters
from runtime.links import LinkGuard
from runtime.mail import Mailer
from runtime.measures import MeasureRegister
from runtime.morphology import Morphology
from runtime.notices import NoticeBook
from runtime.payments import PaymentLedger
from runtime.portfolio import PortfolioReader
from runtime.process import leave
from runtime.registers import RegisterWriter
from runtime.replacements import ReplacementRegister
from runtime.reports import ReportStore
from runtime.secrets import SecretStore
from runtime.service_reader import ServiceReader
from runtime.settings import Settings
from runtime.sms import SmsGateway
from runtime.verdicts import VerdictStore
from runtime.watches import WatchReader, WatchStore
from runtime.zoho import ZohoCrm
from starter.bulk_door import BulkDoor
from workflows import WORKFLOWS

log = logging.getLogger("reglament.worker")


class IncompleteSettings(ValueError):
    """A setting without which the worker cannot do its work is missing."""


@asynccontextmanager
async def activities(settings: Settings, client: Client) -> AsyncIterator[Activities]:
    """The activities over their real ports; what was opened is closed at the end. The client asks running cases.

    Raises:
        IncompleteSettings: mail or CRM are not set.
        CompanyError, EditionError: the company's files are wrong.
        EncryptionError: an encryption key is malformed.
    """
    if settings.mail is None or settings.crm is None:
        missing = [n for n, v in (("REGLAMENT_MAIL__…", settings.mail), ("REGLAMENT_CRM__…", settings.crm)) if v is None]
        raise IncompleteSettings(f"{' and '.join(missing)} must be set; see README.md, 'Settings'")
    company = load_company(settings.company)
    editions = load_editions(settings.editions)
    own = settings.database_url.get_secret_value()
    keys = KeyRing.parse(settings.encryption_keys.get_secret_value())
    async with AsyncExitStack() as stack:
        engine = open_database(own)
        stack.push_async_callback(engine.dispose)
        billing = open_billing(settings.billing_url.get_secret_value() if settings.billing_url else own)
        stack.push_async_callback(billing.dispose)
        ledger = EffectLedger(engine)
        shipped = Path(str(resources.files("regulations").joinpath("letters")))
        folders = [*([settings.letters] if settings.letters else []), shipped]
        planning = Planning(
            company=company.name,
            calendars=company.calendars,
            roles=company.roles,
            editions=editions,
            centres=CentreReader(engine),
            people=company.people,
            absences=AbsenceRegister(engine),
            ui=settings.temporal_ui or "",
        )
        letters = Letters(folders, settings.mail.sender, settings.mail.sender_name, company.cards)
        files = FileStore(engine, keys)
        billing_api = await stack.enter_async_context(BillingApi(settings.billing_api)) if settings.billing_api else None
        correspondence = Correspondence(ledger, letters, Mailer(settings.mail), files)
        yield Activities(
            planning=planning,
            registers=Registers(RegisterWriter(engine)),
            billing=Billing(BillingReader(billing)),
            correspondence=correspondence,
            crm=Crm(ledger, await stack.enter_async_context(ZohoCrm(settings.crm))),
            documents=Documents(files, DocumentReader()),
            corrections=Corrections(HeldRegisters(engine), planning),
            reports=Reports(
                ReportStore(engine),
                correspondence,
                CaseReader(client),
                company=company.name,
                calendar=company.calendars["company"],
                roles=company.roles,
            ),
            notices=Notices(NoticeBook(engine), company, CentreReader(engine), WatchReader(engine), AbsenceRegister(engine)),
            centre_rounds=CentreRounds(
                LeadReader(engine), CentreLetters(engine), CentreReader(engine), company=company.name, ui=settings.temporal_ui or ""
            ),
            leads=Leads(LeadBilling(billing), LeadInvoices(engine)),
            bulks=Bulks(
                BulkStore(engine),
                Selecting(BulkStore(engine), CentreReader(engine), files, VisibleLeads(client)),
                CentreReader(engine),
                BulkDoor(client, settings.task_queue, settings.hash_key.get_secret_value()),
            ),
            measures=Measures(MeasureRegister(engine)),
            teller=CaseTeller(client, settings.task_queue),
            audits=Audits(files, VerdictStore(engine)),
            replacements=Replacements(
                AccountReader(billing),
                ReplacementRegister(engine),
                LinkGuard(),
                ledger,
                billing_api,
                SecretStore(engine, keys),
                company.scripts,
            ),
            watching=Watching(WatchStore(engine)),
            comments=Comments(Morphology()),
            invoices=Invoices(
                company.services,
                company.requisites,
                ledger,
                billing_api,
                files,
                InvoicePrinter(shipped.with_name("forms") / "ru" / "invoice.typ"),
            ),
            texting=Texting(ledger, await stack.enter_async_context(SmsGateway(settings.sms)) if settings.sms else None),
            payments=Payments(PaymentLedger(engine), company.calendars["company"].tz),
            portfolio=Portfolio(PortfolioReader(engine), files, company.calendars, company.people),
            service_papers=ServicePapers(ServiceReader(engine), files, company.calendars, company.people),
        )


def build_worker(client: Client, settings: Settings, made: Activities) -> Worker:
    """A worker for all workflows and activities. Versioned when the deployment names itself: only here, never on a class."""
    deployment = None
    release = f"reglament {version('reglament')}"  # else the SDK reads and hashes every module at the start, for seconds
    if settings.deployment_name and settings.build_id:
        deployment = WorkerDeploymentConfig(
            version=WorkerDeploymentVersion(settings.deployment_name, settings.build_id),
            use_worker_versioning=True,
            default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
        )
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=WORKFLOWS,
        activities=made.all(),
        workflow_runner=workflow_runner(),
        graceful_shutdown_timeout=timedelta(seconds=settings.drain_seconds),
        deployment_config=deployment,
        build_id=None if deployment else release,
    )


async def run(settings: Settings) -> None:
    """Works until SIGTERM or SIGINT, then takes no more, lets running activities finish, and returns."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    client = await connect()
    async with activities(settings, client) as made, build_worker(client, settings, made):
        log.info("working on task queue %s", settings.task_queue)
        await stop.wait()
        log.info("stopping: running activities may finish within %d s", settings.drain_seconds)
    log.info("stopped")


def main() -> int:
    """The process: exit code 0 after a stop, 2 when the settings or the company's files are wrong, 1 when Temporal is away."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # its lines hold whole URLs
    try:
        asyncio.run(run(Settings()))
    except (ValidationError, IncompleteSettings, CompanyError, EditionError, EncryptionError) as e:
        print(f"reglament: {e}", file=sys.stderr)
        return 2
    except RuntimeError as e:
        print(f"reglament: {e}; is it running, and does TEMPORAL_ADDRESS name it?", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    leave(main())
