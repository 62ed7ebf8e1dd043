"""Every operation, every role, own and others' things: who is let in is what the policy says, and nothing else."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from gateway.importing.book import Wanted
from gateway.operations import PUBLIC, SAFE, SIGNED_IN, Operation, Route
from gateway.routes import ROUTES
from gateway.tests.kit import BLOB, OTHER, OTHER_UNIT, OWN, OWN_UNIT, World, sample
from gateway.tests.policy import LETTERS, allowed
from shared.blobs import open_blobs
from shared.context import Caller

TABLE = [(route, method, operation) for route in ROUTES for method, operation in route.operations.items()]
# A stream has no end; a session's beginning, and a password that must be known, are their own tests.
APART = ("/v1/stream", "/v1/session", "/v1/me/password")
ASKED = [row for row in TABLE if row[0].template not in APART]
NAMES = [f"{method} {route.template}" for route, method, _ in ASKED]


@dataclass(frozen=True)
class Side:
    """One unit, and a thing, an account and a key in it."""

    unit: UUID
    thing: UUID
    account: UUID
    key: UUID


@pytest.fixture(scope="module")
def keys(lasting_world: World) -> dict[str, str]:
    return {letter: lasting_world.add(role, OWN_UNIT) for letter, role in LETTERS.items()}


@pytest.fixture(scope="module")
def own(lasting_world: World) -> Side:
    return side(lasting_world, OWN_UNIT, OWN)


@pytest.fixture(scope="module")
def other(lasting_world: World) -> Side:
    return side(lasting_world, OTHER_UNIT, OTHER)


@pytest.fixture(scope="module")
def rendition(lasting_world: World) -> None:
    open_blobs(lasting_world.deps.settings).put(BLOB, b"a picture")


def side(world: World, unit: UUID, thing: UUID) -> Side:
    world.add("viewer", unit)
    account = world.accounts.people.all()[-1].id
    add_import(world, thing, unit)
    world.accounts.people.change(account, {"login": f"of-{unit.hex}"})
    return Side(unit, thing, account, world.accounts.keys.all(account)[0].id)


def add_import(world: World, import_id: UUID, unit: UUID) -> None:
    """Note an import that somebody of the unit began."""
    book, caller = world.deps.imports.book, Caller(account_id=OWN, role="correspondent", units=frozenset({str(unit)}))
    now = datetime.now(UTC)
    wanted = Wanted(filename="x.csv", unit_id="", channel_id="", taken_at=now, rehearsal=False)
    book.begin(import_id, caller, OWN, wanted)
    book.open(import_id, 0, [], None)


def ask(world: World, row: tuple[Route, str, Operation], key: str | None, about: Side) -> int:
    """Return the status of a well-formed request about somebody's thing."""
    route, method, operation = row
    path = route.template.replace("{account_id}", str(about.account)).replace("{key_id}", str(about.key))
    path = path.replace("{name}", "web" if "renditions" in path else "news_published")
    path = "/".join(str(about.thing) if part.startswith("{") else part for part in path.split("/"))
    headers: dict[str, str] = {"If-Match": "*"}
    more: dict[str, Any] = {}
    if "uploads" in path:
        headers |= {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": operation.takes}
        unit = b64encode(str(about.unit).encode()).decode()
        headers |= {"Upload-Length": "10", "Upload-Metadata": f"filename eA==,unit_id {unit}"}
    elif operation.takes == "*/*":
        more["content"] = b"channel,taken_at,followers\nA,2021-07-01,5\n"
    elif operation.body is not None:
        more["json"] = sample(operation.body, about.unit)
    return world.ask(method, path, key, headers, **more).status_code


def test_every_operation_has_a_line_in_the_policy_and_the_other_way_round() -> None:
    """S17: an unlabelled route fails here."""
    assert {(method, route.template) for route, method, _ in TABLE} == set(allowed())
    assert all(operation.action for _, _, operation in TABLE)


@pytest.mark.parametrize("row", ASKED, ids=NAMES)
def test_nobody_gets_in_without_a_key(lasting_world: World, row: tuple[Route, str, Operation], own: Side) -> None:
    """S17."""
    status = ask(lasting_world, row, None, own)
    assert status < 300 if allowed()[row[1], row[0].template] == "-" else status == 401


@pytest.mark.usefixtures("rendition")
@pytest.mark.parametrize("row", ASKED, ids=NAMES)
def test_each_role_gets_exactly_what_the_policy_says(
    lasting_world: World, keys: dict[str, str], own: Side, other: Side, row: tuple[Route, str, Operation]
) -> None:
    """S02, S10, S17: 403 for the wrong role; another unit's thing is not there, whatever the role."""
    route, method, operation = row
    letters = allowed()[method, route.template]
    for letter, key in keys.items():
        may = letters in "*-" or letter in letters
        status = ask(lasting_world, row, key, own)
        assert status < 300 if may else status == 403, (letter, status)
        if "_id}" in route.template and operation.action != PUBLIC:
            assert ask(lasting_world, row, key, other) == (404 if may else 403), letter


@pytest.mark.parametrize("role", ["viewer", "ops"])
def test_a_reader_is_refused_every_write(world: World, role: Any) -> None:
    """S02."""
    key = world.add(role)
    for route, method, operation in ASKED:
        if method not in SAFE and operation.action != SIGNED_IN:
            path = "/".join(str(OWN) if "{" in part else part for part in route.template.split("/"))
            assert world.ask(method, path, key, json=sample(operation.body)).status_code == 403, (method, path)
    assert not world.services.requests


def test_reading_never_changes_anything(lasting_world: World, own: Side) -> None:
    """S18: no GET reaches an operation that is not a query."""
    lasting_world.services.requests.clear()
    for row in ASKED:
        if row[1] in SAFE:
            ask(lasting_world, row, lasting_world.key, own)
    assert all(method.startswith(("get_", "list_", "diff_")) for method in lasting_world.services.methods)


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_header_does_not_turn_a_read_into_a_write(world: World, header: str) -> None:
    """S18."""
    assert world.ask("GET", f"/v1/articles/{OWN}", headers={header: "DELETE"}).status_code == 200
    assert world.services.methods == ["get_article"]


def test_a_resource_that_nobody_put_into_the_table_is_refused(world: World) -> None:
    """S17: denied by default, not only by a test."""

    class Forgotten:
        async def on_get(self, req: Any, resp: Any) -> None:
            resp.media = "secrets"

    world.app.add_route("/v1/forgotten", Forgotten())
    assert world.ask("GET", "/v1/forgotten").status_code == 405
