"""Requests that hide another in themselves."""

import socket

import httpx
import pytest

from tests.e2e.platforms import Platform

BEHIND = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
SIGN_IN, ASK = "POST /v1/session HTTP/1.1\r\nHost: x\r\n", "GET /livez HTTP/1.1\r\nHost: x\r\n"
SMUGGLED = {
    "both lengths": f"{SIGN_IN}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{BEHIND}",
    "two lengths": f"{SIGN_IN}Content-Length: 0\r\nContent-Length: 28\r\n\r\n{BEHIND}",
    "a folded header": f"{ASK}X-A: 1\r\n Transfer-Encoding: chunked\r\n\r\n",
    "a space before the colon": f"{ASK}Content-Length : 28\r\n\r\n{BEHIND}",
    "a strange encoding": f"{SIGN_IN}Transfer-Encoding: xchunked\r\n\r\n{BEHIND}",
    "a bare line feed": f"GET /livez HTTP/1.1\nHost: x\nContent-Length: 28\n\n{BEHIND}",
}


@pytest.mark.parametrize("how", SMUGGLED)
def test_no_request_hides_in_another(embedded: Platform, how: str) -> None:
    """S26: refused as malformed, and what came behind it is not answered."""
    url = httpx.URL(embedded.url)
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(SMUGGLED[how].encode())
        connection.shutdown(socket.SHUT_WR)
        said = b""
        while some := connection.recv(65536):
            said += some
    assert said.count(b"HTTP/1.1 ") <= 1 and b" 200 " not in said.split(b"\r\n")[0], said[:300]
