"""TLS: certificates are checked, a refused one is never tried again, and nothing is sent to it."""

import socket
import ssl
import threading

import pytest
import trustme
from servers import accepted, expect_order
from test_generate import GENERATE

AUTHORITY = trustme.CA()


def serve(names, *, authority=AUTHORITY):
    """A TLS server with a certificate for these names; counts what it could read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    listening = socket.create_server(("127.0.0.1", 0))
    requests = []

    def run():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    with context.wrap_socket(connection, server_side=True) as secure:
                        requests.append(secure.recv(65536))
                        body = b'{"code":0,"data":{"taskId":"t-over-tls"}}'
                        head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n"
                        secure.sendall(head % len(body) + body)
                except OSError:
                    pass

    threading.Thread(target=run, daemon=True).start()
    return listening, requests


@pytest.fixture
def key(monkeypatch, home):
    """A key, and the test's own authority among the trusted ones."""
    AUTHORITY.cert_pem.write_to_path(str(home / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(home / "ca.pem"))
    monkeypatch.setenv("PIOOY_API_KEY", "test-key-0123456789abcdef")


def test_an_order_over_tls(piooy, key):
    """The certificate is trusted and names the host."""
    listening, requests = serve(["localhost"])

    ran = piooy(
        *GENERATE, "--no-wait", "x", "--base-url", f"https://localhost:{listening.getsockname()[1]}"
    )

    assert (ran.code, ran.out, len(requests)) == (0, "t-over-tls\n", 1)
    listening.close()


@pytest.mark.parametrize(
    "names", [["other.example"], None], ids=["wrong host", "unknown authority"]
)
def test_a_refused_certificate(piooy, key, names):
    """Exit 10 at once, the reason told, nothing sent."""
    listening, requests = serve(
        names or ["localhost"], authority=AUTHORITY if names else trustme.CA()
    )

    ran = piooy(*GENERATE, "x", "--base-url", f"https://localhost:{listening.getsockname()[1]}")

    assert (ran.code, requests) == (10, [])
    assert "certificate is not valid" in ran.err and "nothing was sent" in ran.err
    listening.close()


def test_a_server_without_tls(piooy, key, api):
    """Exit 10, nothing was sent."""
    expect_order(api, accepted())

    ran = piooy(*GENERATE, "x", "--base-url", f"https://localhost:{api.port}")

    assert (ran.code, api.log) == (10, [])


def test_a_handshake_that_never_ends(piooy, key, raw):
    """Exit 10 within its deadline."""
    server = raw(lambda c: c.recv(1 << 20) and c.recv(1 << 20), is_api=False)

    ran = piooy(*GENERATE, "x", "--base-url", server.url.replace("http:", "https:"))

    assert ran.code == 10
