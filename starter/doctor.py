"""``reglament doctor``: what a worker needs, checked one by one, and mended where that can be done."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from regulations.company import CompanyError, load_company
from regulations.editions import EditionError, load_editions
from regulations.handoff.state import ROLES
from regulations.lead.state import COMPANY_ROLES as LEAD_ROLES
from regulations.onboarding.case import ACCOUNTANT, GROUP_HEAD, HEAD_OF_SALES, LAWYER, SALES_MANAGER, SERVICE_GROUP_HEAD
from regulations.onboarding.case import COMPANY_ROLES as ONBOARDING_ROLES
from regulations.onboarding.messages import KYIV
from regulations.partner.case import COMPANY_ROLES as PARTNER_ROLES
from regulations.partner.case import FINANCE
from regulations.replacement.state import COMPANY_ROLES as REPLACEMENT_ROLES
from regulations.time.calendar_change import day_table, difference
from regulations.time.production_calendars import ProductionCalendar, production_calendar
from regulations.time.working_time import working_time
from runtime import published_calendars
from runtime.account_billing import AccountReader
from runtime.billing import BillingReader
from runtime.centres import CentreReader
from runtime.connection import connect
from runtime.database import (
    DatabaseRefusedError,
    DatabaseUnavailableError,
    create_billing_tables,
    migrate,
    open_billing,
    open_database,
    schema_state,
)
from runtime.lead_billing import LeadBilling
from runtime.mail import Mailer
from runtime.mailbox import Mailbox, MailboxSettings
from runtime.settings import Settings
from runtime.zoho import ZohoCrm
from starter.control_times import control_times
from starter.people import listed
from starter.schedules import apply as apply_schedules
from starter.schedules import wanted, zones_of_registers
from starter.views import Unavailable
from workflows import attributes

T = TypeVar("T")
RETENTION = timedelta(days=90)
"""How long the namespace keeps closed cases: senders repeat their webhooks for days, and people ask for weeks."""
WITH_PERSONS = (LAWYER, ACCOUNTANT, GROUP_HEAD, HEAD_OF_SALES, SERVICE_GROUP_HEAD)
"""The roles of onboardings in which only persons of the company's file are let act."""


@dataclass(frozen=True)
class Finding:
    """One check: whether all is well, what was seen, and what to do."""

    check: str
    ok: bool
    seen: str
    remedy: str = ""
    mended: bool = False


async def examine(*, fix: bool, as_json: bool) -> int:
    """Runs every check and prints the findings; the exit code is 0 when all is well (after mending)."""
    try:
        settings = Settings()
    except ValidationError as e:
        print(f"settings: {e}")
        return 2
    findings = [
        *check_files(settings),
        *await _database(settings, fix),
        *await _temporal(settings, fix),
        *await _published(settings, fix),
        *await check_leads(settings),
        *await check_replacements(settings),
        *check_partners(settings),
        *check_onboardings(settings),
        *await check_absences(settings),
        await _asked("mail", settings.mail is not None, "REGLAMENT_MAIL__HOST …", lambda: Mailer(_given(settings.mail)).check()),
        await _asked("crm", settings.crm is not None, "REGLAMENT_CRM__API …", lambda: _crm(settings)),
    ]
    if as_json:
        print(json.dumps([f.__dict__ for f in findings], ensure_ascii=False))
    else:
        table = Table("check", "", "seen", "remedy")
        for f in findings:
            mark = "[green]ok[/green]" if f.ok else "[red]wrong[/red]"
            table.add_row(f.check, "[green]mended[/green]" if f.mended else mark, f.seen, f.remedy)
        Console().print(table)
    return 0 if all(f.ok for f in findings) else 1


def _given(value: T | None) -> T:
    assert value is not None  # noqa: S101 - asked only where it is set
    return value


def check_files(settings: Settings) -> list[Finding]:
    """The company's file with its roles and calendars, and the editions."""
    findings = []
    try:
        company = load_company(settings.company)
        absent = sorted(set(ROLES) - company.roles.keys())
        remedy = f"add to [roles]: {', '.join(absent)}" if absent else ""
        findings.append(Finding("company", not absent, f"{company.name}; roles: {', '.join(sorted(company.roles))}", remedy))
        for name, spec in company.calendars.items():
            if spec.country is not None:
                findings.append(_calendar(name, production_calendar(spec.country), datetime.now(UTC).date()))
    except CompanyError as e:
        findings.append(Finding("company", False, str(e), "mend the file that REGLAMENT_COMPANY names"))
    try:
        editions = load_editions(settings.editions)
        findings.append(Finding("editions", True, ", ".join(f.id for f in editions.files)))
    except EditionError as e:
        findings.append(Finding("editions", False, str(e), "mend the edition"))
    return findings


def _calendar(name: str, days: ProductionCalendar, today: date) -> Finding:
    """Whether the days of the next two months are certain; where a regime without a known end decides on holidays, covered is enough."""
    known, seen = days.known_through, f"{days.country} known through {days.known_through}"
    if days.under_regime:
        known, seen = date(days.last_year, 12, 31), f"{seen}; later holidays stay as they are now, provisionally"
    soon = known < today + timedelta(days=60)
    return Finding(f"calendar {name}", not soon, seen, "update reglament: next year's decree is out by autumn" if soon else "")


async def _temporal(settings: Settings, fix: bool) -> list[Finding]:
    try:
        client = await connect(patience=timedelta(seconds=3))
    except RuntimeError as e:
        return [Finding("temporal", False, str(e), "start the server, or set TEMPORAL_ADDRESS")]
    found = [Finding("temporal", True, f"{client.service_client.config.target_host}, namespace {client.namespace}")]
    try:
        found.append(await _retention(client, fix))
        found.append(await _search_attributes(client, fix))
        found += await _schedules(client, settings, fix)
    except (RPCError, Unavailable) as e:
        seen = e.status.name if isinstance(e, RPCError) else str(e)
        found.append(Finding("namespace", False, seen, "check the namespace and your rights in it"))
    return found


async def _schedules(client: Client, settings: Settings, fix: bool) -> list[Finding]:
    """Without its schedules nobody is reminded and no report goes out."""
    try:
        company = load_company(settings.company)
    except CompanyError:
        return []  # a finding of its own says so
    try:
        zones = await zones_of_registers(settings)
    except Unavailable as e:
        return [Finding("schedules", False, str(e), "mend the database first: reglament doctor --fix")]
    changes = await apply_schedules(client, wanted(company, settings.task_queue, zones.centres, zones.watches), dry_run=not fix)
    differing = [f"{c.id}: {c.change}" for c in changes if c.change != "unchanged"]
    if fix or not differing:
        return [Finding("schedules", True, ", ".join(differing) or f"{len(changes)} as wanted", mended=bool(differing))]
    return [Finding("schedules", False, "to be " + ", ".join(differing), "reglament schedules apply (or doctor --fix)")]


async def _retention(client: Client, fix: bool) -> Finding:
    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    kept = timedelta(seconds=described.config.workflow_execution_retention_ttl.seconds)
    if kept >= RETENTION or not fix:
        return Finding(
            "retention", kept >= RETENTION, f"{kept.days} days", "" if kept >= RETENTION else "reglament doctor --fix sets 90 days"
        )
    wanted = Duration(seconds=int(RETENTION.total_seconds()))
    await client.workflow_service.update_namespace(
        UpdateNamespaceRequest(namespace=client.namespace, config=NamespaceConfig(workflow_execution_retention_ttl=wanted))
    )
    return Finding("retention", True, f"{RETENTION.days} days", mended=True)


async def _search_attributes(client: Client, fix: bool) -> Finding:
    known = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=client.namespace))
    missing = [key for key in attributes.ALL if key.name not in known.custom_attributes]
    if not missing:
        return Finding("search attributes", True, f"all {len(attributes.ALL)}")
    names = ", ".join(key.name for key in missing)
    if not fix:
        return Finding("search attributes", False, f"missing: {names}", "reglament doctor --fix registers them")
    wanted = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in missing}
    await client.operator_service.add_search_attributes(AddSearchAttributesRequest(namespace=client.namespace, search_attributes=wanted))
    return Finding("search attributes", True, f"registered: {names}", mended=True)


async def _database(settings: Settings, fix: bool) -> list[Finding]:
    url = settings.database_url.get_secret_value()
    try:
        current, head = await schema_state(url)
        mended = current != head and fix
        if mended:
            await migrate(url)
            current = head
        remedy = "" if current == head else "reglament doctor --fix migrates it"
        found = [Finding("database", current == head, f"revision {current or 'none'}, newest {head}", remedy, mended)]
    except (DatabaseUnavailableError, DatabaseRefusedError, ValueError) as e:
        return [Finding("database", False, str(e), "check REGLAMENT_DATABASE_URL and that the database is up")]
    billing = open_billing(settings.billing_url.get_secret_value() if settings.billing_url else url)
    try:
        if fix and settings.billing_url is None:
            await create_billing_tables(url)  # embedded: billing's tables live in our own database
        await BillingReader(billing).rows("doctor", "doctor")
        found.append(Finding("billing", True, "payments, invoices, tariffs and grants can be read"))
    except (DatabaseUnavailableError, DatabaseRefusedError) as e:
        found.append(Finding("billing", False, str(e), "REGLAMENT_BILLING_URL must give the billing_* tables or views"))
    finally:
        await billing.dispose()
    return found


async def _published(settings: Settings, fix: bool) -> list[Finding]:
    """Whether each calendar is as it was published last; one that never was is stored as it is, to compare with from now on."""
    try:
        calendars = {**load_company(settings.company).calendars, **await control_times(settings)}
    except (CompanyError, Unavailable):
        return []  # said already
    check = "published calendars"
    unknown: list[str] = []
    try:
        async with published_calendars.opened(settings.database_url.get_secret_value()) as store:
            for name, spec in calendars.items():
                calendar = working_time(spec)
                if fix:
                    await store.store_first(name, calendar.version, day_table(calendar), datetime.now(UTC))
                if (before := await store.newest(name)) is None:
                    unknown.append(name)
                elif await store.unfinished(name) or difference([before.days], day_table(calendar)).changed:
                    return [Finding(check, False, f"{name} is not as published", f"reglament calendar publish {name}")]
    except (DatabaseUnavailableError, DatabaseRefusedError):
        return []
    remedy = "reglament doctor --fix stores them" if unknown else ""
    seen = f"never published: {', '.join(unknown)}" if unknown else f"{', '.join(calendars)} as loaded"
    return [Finding(check, not unknown, seen, remedy)]


async def check_leads(settings: Settings) -> list[Finding]:
    """What leads need; nothing is asked of a company that has defined no service centre."""
    own = settings.database_url.get_secret_value()
    async with AsyncExitStack() as stack:
        engine, billing = open_database(own), open_billing(settings.billing_url.get_secret_value() if settings.billing_url else own)
        stack.push_async_callback(engine.dispose)
        stack.push_async_callback(billing.dispose)
        try:
            absent = sorted(set(LEAD_ROLES) - load_company(settings.company).roles.keys())
            if not await CentreReader(engine).all():
                return []
        except (CompanyError, DatabaseUnavailableError, DatabaseRefusedError):
            return []  # said already
        found = [Finding("leads", not absent, "service centres are defined", f"add to [roles]: {', '.join(absent)}" if absent else "")]
        try:
            await LeadBilling(billing).check()
            found.append(Finding("billing of leads", True, "usage and product invoices can be read"))
        except (DatabaseUnavailableError, DatabaseRefusedError) as e:
            remedy = "REGLAMENT_BILLING_URL must give billing_usage and billing_product_invoices"
            found.append(Finding("billing of leads", False, str(e), remedy))
        return found


async def check_replacements(settings: Settings) -> list[Finding]:
    """What replacements need; nothing is asked of a company that has none of their roles."""
    try:
        company = load_company(settings.company)
    except CompanyError:
        return []  # said already
    found = [
        await _asked(f"mailbox {number} ({one.purpose})", True, "", partial(_mailbox, one))
        for number, one in enumerate(settings.mailboxes, 1)
    ]
    if not set(REPLACEMENT_ROLES) & company.roles.keys():
        return found
    absent = [f"roles.{role}" for role in REPLACEMENT_ROLES if role not in company.roles]
    absent += [] if company.scripts else ["scripts"]
    wanted = {"REGLAMENT_BILLING_API__URL": settings.billing_api, "REGLAMENT_ENCRYPTION_KEYS": settings.encryption_keys.get_secret_value()}
    unset = [name for name, value in wanted.items() if not value]
    remedies = [f"add to the company's file: {', '.join(absent)}" if absent else "", f"set {', '.join(unset)}" if unset else ""]
    remedy = "; ".join(filter(None, remedies))
    found.append(Finding("replacements", not remedy, f"{len(company.scripts)} agreed scripts", remedy))
    billing = open_billing((settings.billing_url or settings.database_url).get_secret_value())
    try:
        await AccountReader(billing).check()
        found.append(Finding("billing of accounts", True, "accounts, their tariffs and debts can be read"))
    except (DatabaseUnavailableError, DatabaseRefusedError) as e:
        remedy = "REGLAMENT_BILLING_URL must give billing_accounts, billing_account_tariffs and billing_debts"
        found.append(Finding("billing of accounts", False, str(e), remedy))
    finally:
        await billing.dispose()
    return found


def check_partners(settings: Settings) -> list[Finding]:
    """What the support of partners needs; nothing is asked of a company that has none of its own roles."""
    try:
        company = load_company(settings.company)
    except CompanyError:
        return []  # said already
    if not set(PARTNER_ROLES) - {FINANCE} & company.roles.keys():
        return []
    absent = [f"roles.{role}" for role in PARTNER_ROLES if role not in company.roles]
    absent += [name for name, given in (("services", company.services), ("requisites", company.requisites)) if not given]
    absent += sorted({f"roles.{s.executor}" for s in company.services.values() if s.executor and s.executor not in company.roles})
    wanted = {"REGLAMENT_BILLING_API__URL": settings.billing_api, "REGLAMENT_CRM__DEALS": settings.crm and settings.crm.deals}
    unset = [name for name, value in wanted.items() if not value]
    remedies = [f"add to the company's file: {', '.join(absent)}" if absent else "", f"set {', '.join(unset)}" if unset else ""]
    remedy = "; ".join(filter(None, remedies))
    texting = "SMS go out" if settings.sms else "no SMS: REGLAMENT_SMS__URL is not set"
    seen = f"{len(company.people)} persons, {len(company.services)} services; {texting}"
    return [Finding("partners", not remedy, seen, remedy)]


def check_onboardings(settings: Settings) -> list[Finding]:
    """What onboardings need; nothing is asked of a company that has none of their own roles."""
    try:
        company = load_company(settings.company)
    except CompanyError:
        return []  # said already
    held = {role for person in company.people.values() for role in person.roles}
    if (set(ONBOARDING_ROLES) - {HEAD_OF_SALES, SALES_MANAGER}).isdisjoint(company.roles.keys() | held):
        return [Finding("onboardings", True, "none: the company's file has none of their roles")]
    absent = [f"roles.{role}" for role in ONBOARDING_ROLES if role not in company.roles]
    nobody = [role for role in WITH_PERSONS if role not in held]
    zones = {spec.tz for spec in company.calendars.values()}
    remedies = [
        f"add to the company's file: {', '.join(absent)}" if absent else "",
        f"give a person of [people] the role of {', '.join(nobody)}: nobody else may act in it" if nobody else "",
        "" if KYIV in zones else f'add a calendar with tz = "{KYIV}" to the company\'s file: clients in that zone wait for it',
    ]
    remedy = "; ".join(filter(None, remedies))
    holding = sum(not set(ONBOARDING_ROLES).isdisjoint(person.roles) for person in company.people.values())
    return [Finding("onboardings", not remedy, f"{holding} persons have their roles", remedy)]


async def check_absences(settings: Settings) -> list[Finding]:
    """Whether somebody who has an address stands in for everybody who is or will be absent."""
    try:
        company = load_company(settings.company)
        found = await listed(settings.database_url.get_secret_value(), company, datetime.now(UTC).date())
    except (CompanyError, Unavailable):
        return []  # said already
    entered = [(line.id, one) for line in found for one in line.absences]
    wrong = [(id, one) for id, one in entered if id not in company.people or one.deputy not in company.people]
    named = ", ".join(f"{id} from {one.first} by {one.deputy}" for id, one in wrong)
    remedy = (
        f"of these no letter goes on, since the company's file has no person of that id: {named}; reglament absence ID FIRST LAST --cancel,"
        " then --deputy with another"
        if wrong
        else ""
    )
    return [Finding("absences", not wrong, f"{len(entered)} now or to come", remedy)]


async def _mailbox(settings: MailboxSettings) -> None:
    mailbox = Mailbox(settings)
    try:
        await mailbox.counts()
    finally:
        await mailbox.close()


async def _asked(check: str, given: bool, setting: str, ask: Callable[[], Awaitable[object]]) -> Finding:
    if not given:
        return Finding(check, False, "not set", f"set {setting}")
    try:
        await ask()
    except Exception as e:  # every kind of failure is a finding here; the ports leave values out of their words
        return Finding(check, False, f"{type(e).__name__}: {e}", "check the settings and that the server is up")
    return Finding(check, True, "answers")


async def _crm(settings: Settings) -> None:
    async with ZohoCrm(_given(settings.crm)) as crm:
        await crm.check()
