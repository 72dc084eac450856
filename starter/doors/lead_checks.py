"""The checks of events about leads and centres against the registers, before the event is kept."""

from __future__ import annotations

from datetime import datetime

from regulations.case import Refusal
from regulations.control_time import is_zone
from regulations.lead import messages as lm
from regulations.lead.distribution import CentrePolicy, Way, check_centre_takes
from regulations.replacement.messages import WatchStarted
from starter.doors.door import LookUps
from starter.inbox.outcome import DeliveryError


def centre_address(code: str) -> str:
    """The workflow id of a service centre."""
    return f"service-centre/{code}"


async def _known_centre(code: str, field: str, address: str, registers: LookUps) -> CentrePolicy | None:
    """The centre; None: it has just been announced, and nothing is in force against it yet."""
    centre = await registers.centre(code)
    if centre is None and not await registers.announced(centre_address(code)):
        text = "no service centre of this code is known: mend the code, or deliver centre.defined for it first"
        raise DeliveryError.of_data("UnknownCentre", field, text, address)
    return centre


async def _takes(code: str, field: str, product: str, way: Way, address: str, registers: LookUps, now: datetime) -> None:
    centre = await _known_centre(code, field, address, registers)
    if centre is None:
        return
    try:
        check_centre_takes(centre, product, way, now)
    except Refusal as r:
        raise DeliveryError.of_data(r.type, field, str(r), address) from None


async def creation(message: lm.Created, address: str, registers: LookUps, now: datetime) -> None:
    """9.1.2, 9.1.3, 9.1.5, 9.2: the centre is known, and may get this lead.

    What a client or a principal says about a lead that some centre works on goes into its history (5.3), whatever is in force against
    the centre that the message names: nobody gets a lead by it.
    """
    if message.creator == "centre":
        await _takes(message.centre, "centre", message.product, "created_by_centre", address, registers, now)
    else:
        try:
            await _takes(message.centre, "centre", message.product, "given", address, registers, now)
        except DeliveryError as e:
            if e.type == "UnknownCentre" or not await registers.open_lead(address):
                raise


async def move(message: lm.Moved, address: str, registers: LookUps, now: datetime) -> None:
    """The centre that is to get the lead is known and may get it."""
    await _takes(message.to, "to", message.product, "given", address, registers, now)


async def zone_is_known(message: lm.CentreDefined | WatchStarted, address: str, registers: LookUps, now: datetime) -> None:
    """7.1, replacement 3.3: the zone is one in which time can be counted."""
    if not is_zone(message.zone):
        raise DeliveryError.of_data(
            "UnknownZone", "zone", "there is no such zone; name one of the IANA data base, such as Asia/Vladivostok", address
        )


async def about_proposal(
    message: lm.MeasureDecided | lm.Objected | lm.ObjectionDecided | lm.MeasureLifted, address: str, registers: LookUps, now: datetime
) -> None:
    """9.4, 10.1: the proposal is one about this centre; the centre that is to get the lead is known and may get it."""
    proposal = await registers.proposal(message.proposal)
    if proposal is None or proposal.centre != message.code:
        text = "no proposal of this key is made about this service centre; reglament leads measures lists them"
        raise DeliveryError.of_data("UnknownProposal", "proposal", text, address)
    if isinstance(message, lm.MeasureDecided) and message.to is not None:
        await _takes(message.to, "to", proposal.product, "given", address, registers, now)


async def bulk(message: lm.BulkStarted, address: str, registers: LookUps, now: datetime) -> None:
    """The centre whose leads they are is known."""
    if message.centre is not None:
        await _known_centre(message.centre, "centre", address, registers)
