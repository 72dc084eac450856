"""Links that came from outside: whether they lead to a public address, and answer. What is not public is never asked.

The address is looked at, not the name: a name is resolved once, every address that it has must be public, and exactly these addresses are
connected to. So neither a name that resolves otherwise the second time, nor a spelling of an address that one parser reads and another
does not, nor a redirect leads the server anywhere inside.
"""

from __future__ import annotations

import asyncio
import re
import socket
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal
from urllib.parse import unquote

import httpx2

from runtime import tls

Found = Literal["fine", "private", "silent"]
"""``private``: it leads to an address that is not public; it was not asked. ``silent``: no such host, no answer, or not to be asked."""
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name, as text; OSError or UnicodeError: it has none."""
Address = IPv4Address | IPv6Address

_PARTS = re.compile(r"^(https?):/*([^/?#]*)(.*)$", re.IGNORECASE | re.DOTALL)
_PORT = re.compile(r"^(.*?)(?::(\d*))?$", re.DOTALL)
_NOT_IN_A_HOST = re.compile(r"[\x00-\x20/?#@%\\<>^`{|}\x7f]")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_OF_OTHER_SERVICES = 1024
"""Ports below it belong to other services than web sites, but for the two above."""
_MOST_ADDRESSES = 3
"""So many addresses of one name are tried: the first may be of a network that is not reached from here."""
_ASSIGNED = IPv6Network("2000::/3")
_NOT_PUBLIC = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "3fff::/20")))
"""Special purposes and documentation, by IANA's registries: Python's own lists are older."""
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether the address is one host of the public Internet; an IPv4 address within an IPv6 one is judged by itself."""
    if any(address in network for network in _NOT_PUBLIC):
        return False
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not address.is_reserved
    if address.scope_id is not None:
        return False
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and (address in _NAT64 or int(address) < 1 << 32):  # the latter: "compatible" addresses, long out of use
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return is_public(inner)
    return address in _ASSIGNED


async def resolve(host: str, port: int) -> Sequence[str]:
    """By the resolver of this machine."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True)
class _Target:
    """A link taken apart as a browser would."""

    scheme: str
    host: str
    port: int
    rest: str
    """Path and query."""

    @property
    def authority(self) -> str:
        """Host and port, as the server is told whom is meant."""
        return _bracketed(self.host) + ("" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}")

    def at(self, address: Address) -> str:
        """The link with the address in place of the name."""
        return f"{self.scheme}://{_bracketed(str(address))}:{self.port}{self.rest}"


class LinkGuard:
    """Looks at links."""

    def __init__(
        self,
        resolve: Resolve = resolve,
        transport: Callable[[], httpx2.AsyncBaseTransport] | None = None,
        timeout: timedelta = timedelta(seconds=10),
    ) -> None:
        """``resolve`` and ``transport`` (of one look) stand in for the network in tests; ``timeout`` is for one link, name to answer."""
        self._resolve = resolve
        self._transport = transport or (lambda: httpx2.AsyncHTTPTransport(verify=tls.for_http(trust_env=False), trust_env=False))
        self._timeout = timeout.total_seconds()

    async def look(self, link: str) -> Found:
        """What is found of a link. Any answer of a web server counts, a refusal too: nobody is signed in here. Nothing is read but its
        head, and no redirect is followed. Raises nothing but what cancels it."""
        target = _taken_apart(link)
        if target is None:
            return "silent"
        try:
            async with asyncio.timeout(self._timeout):
                addresses = await self._addresses(target)
                if not all(map(is_public, addresses)):
                    return "private"
                if target.port < _OF_OTHER_SERVICES and target.port not in _DEFAULT_PORTS.values():
                    return "silent"
                return "fine" if await self._answers(target, addresses[:_MOST_ADDRESSES]) else "silent"
        except (OSError, UnicodeError, ValueError):  # no such name; TimeoutError is an OSError
            return "silent"

    async def _addresses(self, target: _Target) -> list[Address]:
        """At least one; each once, in the resolver's order."""
        with suppress(ValueError):  # an address itself
            return [ip_address(target.host)]
        found = list(dict.fromkeys(map(ip_address, await self._resolve(target.host, target.port))))
        if not found:
            raise OSError("the name has no address")
        return found

    async def _answers(self, target: _Target, addresses: Sequence[Address]) -> bool:
        # Neither proxies nor certificates nor sign-ins are taken from the environment.
        transport, each = self._transport(), self._timeout / 2
        headers = {"Host": target.authority, "User-Agent": "reglament", "Accept": "*/*"}
        async with httpx2.AsyncClient(transport=transport, timeout=each, trust_env=False, follow_redirects=False) as http:
            for address in addresses:
                try:
                    # To the address itself: whoever connects has no name to resolve once more. Its certificate is of the name.
                    async with http.stream("GET", target.at(address), headers=headers, extensions={"sni_hostname": target.host}):
                        return True
                except (httpx2.HTTPError, httpx2.InvalidURL):
                    continue
        return False


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _taken_apart(link: str) -> _Target | None:
    """The link as a browser reads it: ``\\`` is ``/``, whoever signs in is left out, what looks like a digit or a dot is one.

    None: it is no link that could be asked.
    """
    parts = _PARTS.match(link.strip().replace("\\", "/"))
    if parts is None:
        return None
    scheme, authority, rest = parts[1].lower(), parts[2].rpartition("@")[2], parts[3].partition("#")[0]
    authority = unicodedata.normalize("NFKC", unquote(authority)).replace("\u3002", ".")
    bracketed, bracket, after = authority.rpartition("]")
    split = _PORT.match(after if bracket else authority)
    if split is None:
        return None
    port = int(split[2][:6]) if split[2] else _DEFAULT_PORTS[scheme]
    if bracket:
        host = bracketed.removeprefix("[")
        if split[1] or _ipv6(host) is None:
            return None
    elif (named := _name(split[1])) is None:
        return None
    else:
        host = named
    return _Target(scheme, host, port, rest if rest.startswith("/") else f"/{rest}") if 0 < port < 65536 else None


def _name(host: str) -> str | None:
    """A host name in ASCII, in lower case, without a dot at its end; an IPv4 address in its usual form; None: it is neither."""
    host = host.removesuffix(".")
    if not host or ":" in host or _NOT_IN_A_HOST.search(host):
        return None
    with suppress(OSError, UnicodeError):  # octal, hexadecimal, one number: an address in any spelling that some program reads as one
        return str(IPv4Address(socket.inet_aton(host)))
    try:
        return httpx2.URL(f"http://{host}/").raw_host.decode("ascii").lower()
    except (httpx2.InvalidURL, UnicodeError):
        return None


def _ipv6(host: str) -> IPv6Address | None:
    try:
        return IPv6Address(host)
    except ValueError:
        return None
