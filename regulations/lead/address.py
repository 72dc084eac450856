"""The address of a lead: its client and its product. An INN is a person's own where the client is a sole trader: it never stands there."""

from __future__ import annotations

from regulations.case import Refusal
from regulations.lead.messages import OfLead
from regulations.lead.state import KIND
from regulations.pseudonym import pseudonym


def client_reference(client: str | None, inn: str | None, hash_key: str) -> str:
    """What stands for the client in addresses, search attributes and registers: the CRM's number, else the keyed hash of the INN.

    Raises:
        Refusal: ``NoHashKey``: there is only an INN, and no key is set.
    """
    if client is not None:
        return client
    if not hash_key:
        raise Refusal("NoHashKey", "no REGLAMENT_HASH_KEY is set to stand for an INN: set it, or name the client by 'client'")
    return pseudonym(inn or "", hash_key)


def lead_address(message: OfLead, hash_key: str) -> str:
    """The workflow id of the lead that a message is about. Raises as `client_reference`."""
    return f"{KIND}/{client_reference(message.client, message.inn, hash_key)}/{message.product}"
