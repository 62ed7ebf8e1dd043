"""Addresses that people give (of a source, a publication, a live stream) are kept and shown; nobody goes there."""

import ast
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from marshmallow import fields

from gateway.routes import ROUTES
from tests.contract.office import DAY, NOON, Office, approved, reviewed

ROOT = Path(__file__).parents[2]
PARTS = ("shared", "services", "gateway", "infra")
# What can open a connection, by module; their exceptions open none.
CONNECTING = re.compile(
    r"(httpx|requests|urllib\.request|urllib3|http\.client|xmlrpc|aiohttp|websockets?|feedparser|ftplib|smtplib|poplib|"
    r"imaplib|telnetlib|paramiko|boto3|botocore|minio|socket|socketserver|pika|aio_pika|aiormq|amqp|kombu|nameko|psycopg2)"
    r"(\.|$)"
)
HARMLESS = re.compile(r"\.(exceptions|error|errors|constants|commonconfig|abc|connection_workflow)$")
OPENING = {
    "open_connection", "open_unix_connection", "create_connection", "create_datagram_endpoint", "sock_connect",
    "urlopen", "urlretrieve",
}  # fmt: skip
BROKER = "the broker, whose address the operator sets"
PARENT = "a pair of sockets, or one handed down: to its own parent or child"
PLATFORM = "the platform itself, or what its operator named on the command line"
ALLOWED = {
    "shared/dead_letters.py": BROKER,
    "shared/gathering.py": BROKER,
    "shared/impatient.py": BROKER,
    "shared/properties.py": BROKER,
    "shared/relay.py": BROKER,
    "shared/topology.py": BROKER,
    "shared/messaging/__init__.py": BROKER,
    "shared/messaging/connections.py": BROKER,
    "shared/messaging/reactions.py": BROKER,
    "shared/messaging/requests.py": BROKER,
    "shared/messaging/runtimes.py": BROKER,
    "gateway/matrix/consumer.py": BROKER,
    "gateway/matrix/subscriber.py": BROKER,
    "gateway/rpc.py": BROKER,
    "infra/runner.py": BROKER,
    "shared/blobs/__init__.py": "the store of files, whose address the operator sets",
    "shared/blobs/s3.py": "the store of files, whose address the operator sets",
    "infra/prepare.py": "the store of files, whose address the operator sets",
    "services/media/decoder.py": PARENT,
    "services/media/frames.py": PARENT,
    "services/media/imaging.py": PARENT,
    "infra/advice.py": "names the errors of database, broker and store",
    "infra/audit.py": "OSV, when an operator runs `make audit`",
    "infra/cli/processes.py": PLATFORM,
    "infra/client.py": PLATFORM,
    "infra/healthcheck.py": PLATFORM,
    "infra/monitor.py": "listens only",
    "infra/servers/ports.py": PLATFORM,
}


def connecting(source: str) -> set[str]:
    """Return by what names a program may open connections."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(module), names=names) if not HARMLESS.search(module):
                found |= {module, *(f"{module}.{alias.name}" for alias in names)}
            case ast.Call(func=ast.Name("__import__") | ast.Attribute(attr="import_module"), args=[ast.Constant(name)]):
                found.add(str(name))
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in OPENING:
                found.add(name)
    return {name for name in found if name in OPENING or CONNECTING.match(name)}


def test_no_part_of_the_platform_fetches_an_address_that_somebody_gave() -> None:
    """S27, S28: each file that can connect at all is known, and where to; no address is a user's."""
    paths = [path for part in PARTS for path in (ROOT / part).rglob("*.py") if "tests" not in path.parts]
    found = {str(path.relative_to(ROOT)) for path in paths if connecting(path.read_text())}
    assert found == ALLOWED.keys()


@pytest.mark.parametrize(
    "source",
    [
        "import httpx", "from urllib import request", "import urllib.request as r", "import http.client", "import pika",
        "from urllib.request import urlopen",
        "import urllib3", "from minio import Minio", "import socket", "from http import client",
        "import asyncio\nasyncio.open_connection('h', 80)", "from asyncio import open_connection\nopen_connection()",
        "loop.create_connection(x)", "def f():\n    import requests", "__import__('httpx')",
        "import importlib\nimportlib.import_module('aiohttp')", "from amqp import Connection",
    ],
)  # fmt: skip
def test_the_mutant_that_fetches_is_caught(source: str) -> None:
    assert connecting(source)


def test_who_only_takes_addresses_apart_is_not_taken_for_one() -> None:
    assert not connecting("from urllib.parse import urlsplit\nfrom http import HTTPStatus\nimport asyncio, requesting")
    assert not connecting("from pika.exceptions import AMQPError\nfrom nameko.constants import X")


RUNNING = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)",
    "java\tscript:alert(1)", "javascript://x.edu/%0aalert(1)", "vbscript:msgbox(1)", "about:blank",
    "data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD4=", "blob:https://x.edu/1",
    "view-source:javascript:alert(1)", "http://x.edu/' onclick='alert(1)",
]  # fmt: skip
# Pages by their scheme: the console makes text and attributes of them, never markup (gateway/console/tests).
MARKUP = ['http://x.edu/"><script>alert(1)</script>', "http://x.edu/?<img/src=x/onerror=alert(1)>"]
ELSEWHERE = [
    "file:///etc/passwd", "file://x.edu/etc/passwd", "ftp://x.edu/1", "gopher://127.0.0.1:5672/_x", "dict://127.0.0.1:6379/x",
    "ldap://127.0.0.1/", "jar:http://x.edu!/", "netdoc:///etc/passwd", "//169.254.169.254/latest", "/v1/accounts",
    "http:///etc/passwd", "http://", "http:127.0.0.1",
]  # fmt: skip
INSIDE = [
    "http://127.0.0.1:5672/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://017700000001/",
    "http://0.0.0.0:5432/", "http://localhost:15672/api/users", "http://[::1]:5432/", "http://[::ffff:127.0.0.1]/",
    "http://[fd00::1]/", "http://169.254.169.254/latest/meta-data/", "http://100.100.100.200/latest/meta-data/",
    "http://10.0.0.1/", "http://192.168.1.1/", "http://100.64.0.1/", "http://127.0.0.1.nip.io/", "http://x.edu@127.0.0.1/",
    "http://x.edu#@127.0.0.1/", "https://broker:5671/", "http://ⓛocalhost/",
]  # fmt: skip
# Where an address may be given: a new place needs a line here, and a way to give one below.
GIVEN = {
    ("POST /v1/articles", "source_url"), ("PATCH /v1/articles/{article_id}", "source_url"),
    ("POST /v1/articles/{article_id}/publications", "url"),
    ("PUT /v1/articles/{article_id}/publications/{publication_id}/receipt", "url"),
    ("POST /v1/live-streams", "play_url"),
}  # fmt: skip
Place = tuple[str, str, dict[str, Any], str]


class Visited:
    """Where anybody in this process went, or asked the way to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.places: list[Any] = []
        monkeypatch.setattr(socket.socket, "connect", lambda _, place: self._note(place))
        monkeypatch.setattr(socket.socket, "connect_ex", lambda _, place: self._note(place))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *place, **_: self._note(place))

    def _note(self, place: Any) -> None:
        self.places.append(place)
        raise OSError(f"nobody goes to {place}")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("addresses"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def places(office: Office) -> list[Place]:
    """Give every request that takes an address: method, path, the rest of its body, the field."""
    unit = office.post("/v1/units", {"name": "Law", "kind": "college", "since": DAY})
    channels = [
        office.post(
            "/v1/channels", {"unit_id": unit, "kind": "website", "name": str(n), "opened_at": f"{DAY}T00:00:00Z"}
        )
        for n in range(2)
    ]
    office.post("/v1/review-schemes", {"name": "all", "article_kinds": ["news"]})
    draft = {"unit_id": unit, "kind": "news", "title": "t", "body": "<p>b</p>"}
    article, still = office.post("/v1/articles", draft), office.post("/v1/articles", draft)
    office.post(f"/v1/articles/{article}/submission")
    office.post(f"/v1/reviews/{reviewed(office, article)}/decision", {"decision": "approve"}, office.approver)
    approved(office, article)
    publications = f"/v1/articles/{article}/publications"
    publication = office.post(publications, {"channel_id": channels[0]})
    return [
        ("POST", "/v1/articles", draft, "source_url"),
        ("PATCH", f"/v1/articles/{still}", {}, "source_url"),
        ("POST", publications, {"channel_id": channels[1]}, "url"),
        ("PUT", f"{publications}/{publication}/receipt", {}, "url"),
        ("POST", "/v1/live-streams", {"unit_id": unit, "title": "t", "starts_at": NOON}, "play_url"),
    ]


def give(office: Office, place: Place, address: str) -> tuple[int, str]:
    """Return the status of a request with the address, and what it said."""
    method, path, body, name = place
    headers = {"Authorization": f"Bearer {office.key}", "If-Match": "*"}
    sent = office.client.request(method, path, headers=headers, json={**body, name: address})
    answered = office.runner.run(sent)
    return answered.status_code, answered.text


def test_every_place_for_an_address_is_known(places: list[Place]) -> None:
    found = {
        (f"{method} {route.template}", name)
        for route in ROUTES
        for method, operation in route.operations.items()
        for name, field in (operation.body.fields if operation.body else {}).items()
        if isinstance(field, fields.Url) or re.search(r"url|uri|href|link|callback|webhook", name)
    }
    assert found == GIVEN and len(places) == len(GIVEN)


@pytest.mark.parametrize("address", [*RUNNING, *ELSEWHERE])
def test_an_address_that_could_run_or_is_no_page_is_refused(office: Office, places: list[Place], address: str) -> None:
    """S27, S29: in every field, whatever else the request has."""
    assert [give(office, place, address)[0] for place in places] == [400] * len(places)


def test_nobody_goes_to_an_address_that_was_given(
    office: Office, places: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S27: refused, or kept as a text; also in an article's body, or as the path of a batch."""
    visited, kept = Visited(monkeypatch), 0
    for address in [*INSIDE, *MARKUP, *RUNNING, *ELSEWHERE]:
        for place in places:
            status, said = give(office, place, address)
            assert status in (200, 201, 400, 409, 422), (place, address, said)
            kept += status < 300
        _give_elsewhere(office, places[0][2], address)
    assert visited.places == [] and kept > len(INSIDE)


def _give_elsewhere(office: Office, draft: dict[str, Any], address: str) -> None:
    text = f'<p><a href="{address}">x</a><img src="{address}"></p>'
    office.post("/v1/articles", {**draft, "body": text})
    batch = {"requests": [{"method": "POST", "path": address, "body": {}}]}
    headers = {"Authorization": f"Bearer {office.key}"}
    answered = office.runner.run(office.client.post("/v1/batch", headers=headers, json=batch))
    statuses = [each["status"] for each in answered.json().get("answers", [])] or [answered.status_code]
    assert min(statuses) >= 400, answered.text


def test_the_mutant_that_looks_where_an_address_leads_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    visited = Visited(monkeypatch)
    with pytest.raises(OSError, match="nobody goes"):
        socket.create_connection(("169.254.169.254", 80), timeout=1)
    assert visited.places
