"""Every operation, every role, own and others' things, with the services themselves behind the gateway.

``gateway/tests/test_policy.py`` asks stand-ins, which answer 404 of themselves; here the services must.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from gateway.operations import PUBLIC, SAFE, SIGNED_IN
from gateway.routes import ROUTES
from gateway.tests.policy import LETTERS, allowed
from shared.context import Caller
from tests.contract.office import Office
from tests.contract.units_at_work import Account, Row, Unit, ask, things_for

# Why an operation is not asked here.
APART = {
    "/v1/stream": "has no end: gateway/tests/test_stream_access.py",
    "/v1/batch": "whatever a command in it would be answered alone: gateway/tests/test_batches.py",
}
OPEN = (PUBLIC, SIGNED_IN)  # about no unit's things: gateway/tests/test_policy.py
# No unit's own: figures, rules and terms are everybody's, whoever's unit may define them.
FOR_ALL = {
    ("GET", "/v1/figures/{name}/events"), ("POST", "/v1/figures"), ("POST", "/v1/policies/timeliness"),
    ("POST", "/v1/term-lists"), ("POST", "/v1/term-lists/trial"), ("GET", "/v1/term-lists/{list_id}"),
    ("PUT", "/v1/term-lists/{list_id}"),
}  # fmt: skip
# Whom one may not give rights to is told so: it is one's own new account, not another's.
OTHERWISE = {("POST", "/v1/accounts"): 422}
TABLE: list[Row] = [
    (route, method, operation)
    for route in ROUTES
    for method, operation in route.operations.items()
    if operation.action not in OPEN and route.template not in APART
]
NAMES = [f"{method} {route.template}" for route, method, _ in TABLE]
# A rule refuses to do again what another role has just done; some things are gone then.
DONE_ALREADY = (409, 422)


@dataclass
class World:
    """Two units at work, and an account of each role in the first."""

    office: Office
    own: Unit
    other: Unit
    roles: dict[str, Account]
    others: Account

    def faults(self, row: Row) -> Iterator[str]:
        """Give what each role was answered that it should not be, about its own unit and about the other."""
        route, method, _ = row
        letters = allowed()[method, route.template]
        theirs = things_for(self.other, row, self.others.key)
        mine = {} if _is_its_makers(row) else things_for(self.own, row, self.office.key)
        done = False
        for letter, account in self.roles.items():
            may = letter in letters
            things = mine or things_for(self.own, row, account.key if may else self.roles["A"].key)
            own = ask(self.office, row, account.key, things, self.own)
            if not (own.is_success or (done and own.status_code in DONE_ALREADY) if may else own.status_code == 403):
                yield f"{letter} of their own: {own.status_code} {own.text[:200]}"
            done = done or own.is_success
            other = ask(self.office, row, account.key, theirs, self.other)
            if other.status_code != (_about_others(row) if may else 403):
                yield f"{letter} of another's: {other.status_code} {other.text[:200]}"
            if self.other.word in own.text + other.text + self._filtered(row, account):
                yield f"{letter} is shown another's"

    def _filtered(self, row: Row, account: Account) -> str:
        """Return what a list says that is asked for the other unit."""
        route, method, operation = row
        wanted = operation.query.fields.keys() & {"unit_id", "unit"} if operation.query and method in SAFE else ()
        asked = [f"{route.template}?{name}={self.other.id}" for name in wanted if "{" not in route.template]
        headers = {"Authorization": f"Bearer {account.key}"}
        return "".join(self.office.runner.run(self.office.client.get(path, headers=headers)).text for path in asked)


def _is_its_makers(row: Row) -> bool:
    """Return whether things of this kind are their account's: uploads and imports."""
    return "{upload_id}" in row[0].template or "{import_id}" in row[0].template


def _about_others(row: Row) -> int:
    """Return the status for who may do it, asking about another unit."""
    route, method, operation = row
    if (method, route.template) in FOR_ALL or (method in SAFE and "{" not in route.template):
        return operation.status  # of lists, what is in them
    return OTHERWISE.get((method, route.template), 404)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    office = Office(tmp_path_factory.mktemp("roles"))
    own, other = Unit(office), Unit(office)
    office.post("/v1/review-schemes", {"name": "all", "article_kinds": ["news"]})
    roles = {letter: own.account(role) for letter, role in LETTERS.items()}
    yield World(office, own, other, roles, other.account("admin"))
    office.close()


@pytest.mark.parametrize("row", TABLE, ids=NAMES)
def test_each_role_gets_its_own_units_things_and_no_others(world: World, row: Row) -> None:
    """S02, S10, S17: in every role, a thing of another unit is not there, and no list has it."""
    assert list(world.faults(row)) == []


@pytest.mark.parametrize("name", ["GET /v1/articles/{article_id}", "POST /v1/shoots", "GET /v1/channels"])
def test_the_mutant_whose_services_do_not_look_at_the_unit_is_caught(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Caller, "sees", lambda *_: True)
    monkeypatch.setattr(Caller, "unit_filter", lambda _: None)
    assert any("another's" in fault for fault in world.faults(TABLE[NAMES.index(name)]))


def test_what_is_apart_or_for_all_is_there() -> None:
    routes = {(method, route.template) for route, method, _ in TABLE}
    assert routes >= FOR_ALL | OTHERWISE.keys()
    assert APART.keys() <= {route.template for route in ROUTES}
