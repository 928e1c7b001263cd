"""Where a request may go: decided by the address that is connected to, never by its spelling."""

import asyncio
import socket
import ssl
import threading

import httpx
import pytest
from conftest import KEY
from servers import PNG, answer, expect_look, read_request, task

from piooy_cli.api.addresses import AssetAddresses, Origin, is_own_machine, is_public
from piooy_cli.api.connect import AddressRefused
from piooy_cli.api.transport import H11Transport

GENERATE = ("generate", "image", "-m", "m", "x")
INWARDS = [
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "0x7f.1", "0x7f000001", "2130706433",
    "017700000001", "0177.0.0.1", "0", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[64:ff9b::127.0.0.1]", "[2002:7f00:1::1]", "localhost", "LOCALHOST", "localhost.",
    "a.localhost", "127.0.0.1.", "①②⑦.⓪.⓪.①", "127。0。0。1",
]  # fmt: skip
PRIVATE = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "198.18.0.1",
    "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "[fe80::1]", "[fc00::1]",
    "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[64:ff9b::a00:1]", "[64:ff9b:1::a00:1]",
    "[2002:a00:1::1]", "[2001:0:a00:1::1]", "[::a00:1]", "[::ffff:169.254.169.254]",
]  # fmt: skip


class Listener:
    """Notes every connection to a port of this machine."""

    def __init__(self) -> None:
        self.met: list[bytes] = []
        self._server = socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            connection.settimeout(2)
            self.met.append(connection.recv(4096))
            connection.sendall(answer(PNG))
            connection.close()

    def close(self) -> None:
        """Stop listening."""
        self._server.close()


@pytest.fixture
def inside():
    """A service of this machine that nothing but its owner should reach."""
    listener = Listener()
    yield listener
    listener.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_result_leads_to_no_service_of_this_machine(piooy, api, inside, scheme):
    """However the address is written: exit 12, no connection, and the option that allows it."""
    urls = [f"{scheme}://{host}:{inside.port}/a.png" for host in INWARDS]
    expect_look(api, task(result={"results": urls}))

    ran = piooy("download", task()["data"]["id"], "--allow-http-assets")

    assert (ran.code, ran.lines, inside.met) == (12, [], [])
    assert "--allow-private-assets" in ran.err


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_redirect_leads_to_no_service_of_this_machine(piooy, api, inside, scheme):
    """Each hop is checked as the first address is, from this machine's own API too."""
    urls = []
    for n, host in enumerate(INWARDS):
        target = f"{scheme}://{host}:{inside.port}/a.png"
        head = {"location": target.encode("ascii", "xmlcharrefreplace").decode()}
        api.expect_request(f"/{n}.png").respond_with_data("", 302, headers=head)
        urls.append(api.url_for(f"/{n}.png"))
    expect_look(api, task(result={"results": urls}))

    ran = piooy("download", task()["data"]["id"], "--allow-http-assets")

    assert (ran.code, ran.lines, inside.met) == (12, [], [])


def test_private_networks_are_refused_unless_allowed(piooy, api):
    """No time is spent on a connection either."""
    expect_look(api, task(result={"results": [f"https://{host}/a.png" for host in PRIVATE]}))

    ran = piooy("download", task()["data"]["id"])

    assert ran.code == 12 and ran.err.count("an address inside your network") == len(PRIVATE)


def test_the_option_and_the_setting_allow_it(piooy, api, inside, monkeypatch):
    """For object storage on this machine or inside a company's network."""
    expect_look(api, task(result={"results": [f"http://127.0.0.1:{inside.port}/a.png"]}))

    assert piooy("download", task()["data"]["id"]).code == 12
    assert piooy("download", task()["data"]["id"], "--allow-private-assets").code == 0
    monkeypatch.setenv("PIOOY_ALLOW_PRIVATE_ASSETS", "1")
    assert piooy("download", task()["data"]["id"], "--on-exists", "rename").code == 0
    assert inside.met[0].startswith(b"GET /a.png") and KEY.encode() not in inside.met[0]


def test_assets_of_a_service_on_this_machine_come_from_its_own_port(piooy, api, inside):
    """A sandbox serves its own files, and names no other port."""
    api.expect_request("/a.png").respond_with_data(PNG)
    urls = [api.url_for("/a.png"), f"http://localhost:{inside.port}/a.png"]
    expect_look(api, task(result={"results": urls}))

    ran = piooy("download", task()["data"]["id"])

    assert ran.code == 12 and len(ran.lines) == 1 and inside.met == []


def test_a_name_that_changes_between_look_up_and_connection(piooy, api, inside, monkeypatch):
    """It is resolved once: what was checked is what is connected to."""
    asked = []

    def resolve(host, port, *rest, **more):
        asked.append(host)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    expect_look(api, task(result={"results": [f"https://rebind.example:{inside.port}/a.png"]}))
    original = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo",
        lambda host, *rest, **more: (
            resolve(host, *rest, **more) if host == "rebind.example" else original(host, *rest, **more)
        ),
    )  # fmt: skip

    ran = piooy("download", task()["data"]["id"])

    assert ran.code == 12 and inside.met == []


def test_a_name_with_a_private_address_beside_a_public_one(monkeypatch, piooy, api, inside):
    """Only the public one is tried."""
    both = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, inside.port))
        for address in ("127.0.0.1", "192.0.2.1")
    ]
    original = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo",
        lambda host, *rest, **more: (
            both if host == "both.example" else original(host, *rest, **more)
        ),
    )  # fmt: skip
    expect_look(api, task(result={"results": [f"https://both.example:{inside.port}/a.png"]}))

    assert piooy("download", task()["data"]["id"]).code == 12 and inside.met == []


def test_a_key_in_the_open_goes_to_this_machine_only(piooy, api, monkeypatch):
    """`x.localhost` may resolve to anything: what counts is the address."""
    original = socket.getaddrinfo
    elsewhere = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.2", 80))]
    monkeypatch.setattr(
        socket, "getaddrinfo",
        lambda host, *rest, **more: (
            elsewhere if host == "api.localhost" else original(host, *rest, **more)
        ),
    )  # fmt: skip
    monkeypatch.setenv("PIOOY_BASE_URL", "http://api.localhost:8000")

    ran = piooy(*GENERATE)

    assert ran.code == 10 and "192.0.2.2, which is not this machine" in ran.err


def test_a_proxy_is_not_told_of_addresses_inside(piooy, api, raw, monkeypatch):
    """What is written as an address is checked before the proxy is asked; names are its own."""
    asked = []

    def proxy(connection):
        asked.append(read_request(connection))
        connection.sendall(answer(PNG))

    server = raw(proxy, is_api=False)
    monkeypatch.delenv("PIOOY_ALLOW_PRIVATE_ASSETS")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, server.url)
    hosts = ["10.0.0.1", "169.254.169.254", "0x7f.1", "2130706433", "[fe80::1]", "assets.example"]
    expect_look(api, task(result={"results": [f"http://{host}/a.png" for host in hosts]}))

    ran = piooy("download", task()["data"]["id"], "--allow-http-assets")

    assert ran.code == 12 and len(asked) == 1
    assert asked[0].startswith(b"GET http://assets.example/a.png")


def test_another_host_does_not_redirect_to_the_services_own_port(piooy, api, raw, monkeypatch):
    """That the service's own assets may be here is no permission for others, or for later."""

    def proxy(connection):
        read_request(connection)
        connection.sendall(answer(b"", "302 Found", f"Location: {api.url_for('/admin.png')}"))

    server = raw(proxy, is_api=False)
    monkeypatch.delenv("PIOOY_ALLOW_PRIVATE_ASSETS")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, server.url)
    for path in ("/a.png", "/admin.png"):
        api.expect_request(path).respond_with_data(PNG)
    urls = [api.url_for("/a.png"), "http://assets.example/b.png"]
    expect_look(api, task(result={"results": urls}))

    ran = piooy("download", task()["data"]["id"], "--allow-http-assets", "-j", "1")

    assert ran.code == 12 and len(ran.lines) == 1
    assert [request.path for request, _ in api.log if request.path == "/admin.png"] == []


@pytest.mark.parametrize(
    "location",
    ["https:////[", "http://[::1", "ftp://e.example/a", "https://u:p@e.example/a", "//["],
)
def test_a_location_that_leads_nowhere(piooy, api, raw, location):
    """Exit 12 at once, never an internal error."""
    asked = []

    def host(connection):
        asked.append(read_request(connection))
        connection.sendall(answer(b"", "302 Found", f"Location: {location}"))

    elsewhere = raw(host, is_api=False)
    expect_look(api, task(result={"results": [f"{elsewhere.url}/hop.png"]}))

    ran = piooy("download", task()["data"]["id"])

    assert ran.code == 12 and "redirects to an address that is not allowed" in ran.err
    assert len(asked) == 1


def test_a_kept_connection_is_checked_again(raw):
    """What one request may reach, the next one on the same connection may not."""

    def host(connection):
        for _ in range(2):
            read_request(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    server = raw(host)

    async def twice() -> None:
        transport = H11Transport(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), keep=True)
        async with httpx.AsyncClient(transport=transport) as client:
            allowed = {"addresses": AssetAddresses(private=True)}
            assert (await client.get(server.url, extensions=allowed)).text == "ok"
            await client.get(server.url, extensions={"addresses": AssetAddresses()})

    with pytest.raises(AddressRefused):
        asyncio.run(twice())


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True), ("2002:808:808::1", True), ("192.88.99.1", True),
        ("192.0.0.1", False), ("198.51.100.1", False), ("203.0.113.1", False),
        *((host.strip("[]"), False) for host in PRIVATE),
    ],
)  # fmt: skip
def test_public_addresses(address, public):
    """An IPv4 address inside an IPv6 address counts as itself."""
    assert is_public(address) is public


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_addresses_of_this_machine(address):
    """Only its own service's origin is excepted."""
    own = Origin("http", "localhost", 8787)
    assert is_own_machine(address)
    assert AssetAddresses(own)(own, address) is None
    assert AssetAddresses(own)(own._replace(port=2375), address)
    assert AssetAddresses()(own, address)
    assert AssetAddresses(private=True)(own._replace(port=2375), address) is None
