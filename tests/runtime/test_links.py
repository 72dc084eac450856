"""Links that came from outside, against real sockets: nothing that is not public is ever connected to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.links import LinkGuard, is_public

PUBLIC = "93.184.215.14"
QUICK = timedelta(seconds=5)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


@dataclass
class Listener:
    """A socket on loopback that notes who comes."""

    port: int = 0
    heads: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def listening(answer: bytes | None = OK) -> AsyncIterator[Listener]:
    """Answers so; None: never."""
    found, close = Listener(), asyncio.Event()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.heads.append(b"")
        try:
            found.heads[-1] = await reader.readuntil(b"\r\n\r\n")
            if answer is None:
                await close.wait()
            else:
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found
        close.set()


class Names:
    """A resolver that counts how often it is asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not found:
            raise OSError("no such name")
        return found


class Towards(httpx2.AsyncHTTPTransport):
    """The network: what is meant for a public address comes to a listener of the test, everything else goes where it is meant for."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(trust_env=False)
        self.listener = listener
        self.requests: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if is_public(ip_address(request.url.host)):
            url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.listener.port)
            request = httpx2.Request(request.method, url, headers=request.headers, extensions=request.extensions)
        return await super().handle_async_request(request)


PRIVATE_HOSTS = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "127.0.0.%31",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "\uff11\uff12\uff17.0.0.1",
    "0.0.0.0",  # noqa: S104 - nothing is bound to it
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.192",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[0:0:0:0:0:0:0:1]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fc00::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[2001::7f00:1]",
    "[3fff::1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::8.8.8.8]",
    "[2002:7f00:1::]",
    "[2002:c0a8:101::1]",
]


@pytest.mark.clause("replacement 5.1")
@pytest.mark.parametrize("host", PRIVATE_HOSTS)
async def test_an_address_that_is_not_public_is_told_in_every_spelling_and_never_connected_to(host: str) -> None:
    names = Names(["127.0.0.1"])
    async with listening() as listener:
        guard = LinkGuard(names, timeout=QUICK)
        assert await guard.look(f"http://{host}:{listener.port}/") == "private"
        assert await guard.look(f"https://{host}/") == "private"
        assert not listener.heads
    assert not names.asked, "an address is no name"


@pytest.mark.clause("replacement 5.1")
@pytest.mark.parametrize(
    "link",
    [
        "http://crm.example:{port}@127.0.0.1:{port}/",
        "http://crm.example%2f@127.0.0.1:{port}/",
        "http://crm.example@@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}\\@crm.example/",
        "http://127.0.0.1:{port}#@crm.example/",
        "http://127.0.0.1:{port}?@crm.example/",
        "http:///127.0.0.1:{port}/",
        "HTTP://127.0.0.1:{port}/",
    ],
)
async def test_whoever_seems_to_sign_in_hides_no_host(link: str) -> None:
    async with listening() as listener:
        guard = LinkGuard(Names([PUBLIC]), timeout=QUICK)
        assert await guard.look(link.format(port=listener.port)) == "private"
        assert not listener.heads


@pytest.mark.clause("replacement 5.1")
@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1", PUBLIC], ["2606:4700::1", "::ffff:127.0.0.1"], ["fe80::1%lo"]]
)
async def test_a_name_is_private_when_one_of_its_addresses_is(addresses: list[str]) -> None:
    async with listening() as listener:
        guard = LinkGuard(Names(addresses), timeout=QUICK)
        assert await guard.look(f"http://crm.example:{listener.port}/") == "private"
        assert not listener.heads


@pytest.mark.clause("replacement 5.1")
@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "ip6-localhost"])
async def test_the_machine_s_own_names_are_private(host: str) -> None:
    """By the real resolver."""
    async with listening() as listener:
        found = await LinkGuard(timeout=QUICK).look(f"http://{host}:{listener.port}/")
        assert found == "private" or (host.startswith("ip6") and found == "silent")
        assert not listener.heads


@pytest.mark.clause("replacement 5.1")
async def test_a_name_that_resolves_otherwise_the_second_time_leads_nowhere_inside() -> None:
    names = Names([PUBLIC], ["127.0.0.1"])
    async with listening() as inside, listening() as outside:
        network = Towards(outside)
        guard = LinkGuard(names, lambda: network, QUICK)
        assert await guard.look(f"http://crm.example:{inside.port}/path?q=1") == "fine"
        assert names.asked == ["crm.example"]
        assert [request.url.host for request in network.requests] == [PUBLIC]
        assert not inside.heads
        assert f"Host: crm.example:{inside.port}\r\n".encode() in outside.heads[0]
        assert outside.heads[0].startswith(b"GET /path?q=1 HTTP/1.1\r\n")


@pytest.mark.clause("replacement 5.1")
async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with listening() as inside:
        redirect = f"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{inside.port}/\r\ncontent-length: 0\r\n\r\n"
        async with listening(redirect.encode()) as outside:
            assert await LinkGuard(Names([PUBLIC]), lambda: Towards(outside), QUICK).look("http://crm.example/") == "fine"
            assert len(outside.heads) == 1
        assert not inside.heads


@pytest.mark.clause("replacement 5.1")
async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening() as proxy, listening() as outside:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert await LinkGuard(Names([PUBLIC]), lambda: Towards(outside), QUICK).look("http://crm.example/") == "fine"
        assert not proxy.heads


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "404 Not Found", "500 Internal Server Error"])
async def test_any_answer_of_a_web_server_counts_and_its_body_is_not_awaited(status: str) -> None:
    endless = f"HTTP/1.1 {status}\r\ncontent-length: 1000000000\r\n\r\n".encode() + b"x" * 1000
    async with listening(endless) as outside:
        assert await LinkGuard(Names([PUBLIC]), lambda: Towards(outside), QUICK).look("http://crm.example/") == "fine"


@pytest.mark.parametrize("answer", [None, b"220 mail.example ESMTP\r\n", b"", b"HTTP/1.1 200 OK\r\n" + b"x-pad: " + b"y" * 300_000])
async def test_what_is_no_answer_is_silent(answer: bytes | None) -> None:
    async with listening(answer) as outside:
        guard = LinkGuard(Names([PUBLIC]), lambda: Towards(outside), timedelta(seconds=2 if answer is None else 60))
        assert await guard.look("http://crm.example/") == "silent"
        assert len(outside.heads) == 1


async def test_the_next_address_is_tried_when_the_first_does_not_answer() -> None:
    async with listening() as outside:

        class OneIsAway(Towards):
            async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
                if request.url.host != PUBLIC:
                    raise httpx2.ConnectError("unreachable")
                return await super().handle_async_request(request)

        assert await LinkGuard(Names(["2606:4700::1", PUBLIC]), lambda: OneIsAway(outside), QUICK).look("http://crm.example/") == "fine"


def _slow() -> Callable[[str, int], Awaitable[Sequence[str]]]:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    return resolve


@pytest.mark.parametrize("resolve", [Names([]), _slow()], ids=["no such name", "no answer"])
async def test_a_name_that_does_not_resolve_is_silent(resolve: Callable[[str, int], Awaitable[Sequence[str]]]) -> None:
    assert await LinkGuard(resolve, timeout=timedelta(seconds=0.2)).look("http://crm.example/") == "silent"


@pytest.mark.parametrize("host", ["a..b", "a" * 300 + ".example"])
async def test_a_name_that_no_resolver_takes_is_silent(host: str) -> None:
    """By the real resolver."""
    assert await LinkGuard(timeout=QUICK).look(f"http://{host}/") == "silent"


@pytest.mark.parametrize(
    "link",
    [
        "http://crm.example:22/",
        "http://crm.example:0/",
        "http://crm.example:65536/",
        "http://crm.example:99999999999999999999/",
        "http://crm.example:x/",
        "http://",
        "http://@/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[crm.example]/",
        "http://crm\uff0fexample/",
        "http://crm%00.example/",
        "http://\udcff.example/",
        "ftp://crm.example/",
        "javascript:alert(1)",
        "",
    ],
)
async def test_what_is_no_web_site_is_not_asked(link: str) -> None:
    async with listening() as outside:
        network = Towards(outside)
        assert await LinkGuard(Names([PUBLIC]), lambda: network, QUICK).look(link) == "silent"
        assert not network.requests


@pytest.mark.parametrize(
    ("host", "named"), [("Пример.рф", "xn--e1afmkfd.xn--p1ai"), ("ＣＲＭ.Example.", "crm.example"), ("a_b.example", "a_b.example")]
)
async def test_a_name_in_any_alphabet_is_asked_for_and_its_server_is_told_it(host: str, named: str) -> None:
    names = Names([PUBLIC])
    async with listening() as outside:
        assert await LinkGuard(names, lambda: Towards(outside), QUICK).look(f"http://user:word@{host}/путь") == "fine"
        assert names.asked == [named]
        assert f"Host: {named}\r\n".encode() in outside.heads[0]
        assert b"authorization" not in outside.heads[0].lower()


async def test_the_certificate_is_asked_of_the_name_and_the_connection_made_to_the_address() -> None:
    async with listening() as outside:
        network = Towards(outside)
        assert await LinkGuard(Names(["2606:4700::1"]), lambda: network, QUICK).look("https://crm.example/") == "fine"
        (request,) = network.requests
        assert (request.url.scheme, request.url.host, request.url.port) == ("https", "2606:4700::1", None)
        assert request.extensions["sni_hostname"] == "crm.example"


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.215.14", "2606:4700::1", "2a02:6b8::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="127.0.0.0/8") | st.ip_addresses(v=4))
def test_an_address_within_another_is_judged_by_itself(inner: object) -> None:
    """IPv4 within IPv6: mapped, NAT64, 6to4."""
    number = int(ip_address(str(inner)))
    outer = [(0xFFFF << 32) + number, (0x64FF9B << 96) + number, (0x2002 << 112) + (number << 80)]
    assert {is_public(ip_address(one)) for one in map(_v6, outer)} == {is_public(ip_address(str(inner)))}


def _v6(number: int) -> str:
    return ":".join(f"{number >> shift & 0xFFFF:x}" for shift in range(112, -1, -16))
