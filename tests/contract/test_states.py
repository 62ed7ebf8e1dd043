"""Every operation on a thing, in every state it can be in: by hand once more; who may not may not in any of them.

An operation on a thing that is neither in the table nor among those apart fails.
"""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.operations import SAFE
from gateway.routes import ROUTES
from gateway.tests.kit import sample
from infra.servers.ports import wait_until
from shared.roles import Role
from tests.contract.office import DAY, NOON, PATIENCE_S, Office, approved, reviewed
from tests.contract.units_at_work import Unit

# + done, - refused by a rule (422), . not there (404), in the order of the states.
STATES = {
    "article": "draft submitted approved changes_requested rejected published withdrawn",
    "case": "open approved changes_requested rejected closed",
    "shoot": "planned completed",
    "stream": "planned live ended",
    "session": "scheduled held cancelled",
    "channel": "building active dormant closed",
    "publication": "planned published cancelled",
    "asset": "available withdrawn",
    "unit": "active merged",
    "scheme": "in_force retired",
    "account": "open disabled",
}
TABLE = """
PATCH  /v1/articles/{article_id}                    +-++++-
POST   /v1/articles/{article_id}/submission         ++-----
POST   /v1/articles/{article_id}/withdrawal         +++++++
POST   /v1/articles/{article_id}/publications       --+--+-
POST   /v1/articles/{article_id}/reads              +++++++
POST   /v1/reviews/{case_id}/claim                  +----
DELETE /v1/reviews/{case_id}/claim                  +----
POST   /v1/reviews/{case_id}/decision               +----
POST   /v1/shoots/{shoot_id}/completion             ++
POST   /v1/live-streams/{stream_id}/start           ++-
POST   /v1/live-streams/{stream_id}/viewers         -++
POST   /v1/live-streams/{stream_id}/end             -++
POST   /v1/training-sessions/{session_id}/attendances   ++-
POST   /v1/training-sessions/{session_id}/completion    ++-
POST   /v1/training-sessions/{session_id}/cancellation  +-+
POST   /v1/channels/{channel_id}/status             ++++
POST   /v1/channels/{channel_id}/name               +++-
POST   /v1/channels/{channel_id}/snapshots          ++++
POST   /v1/shoots/{shoot_id}/photographs            ++
DELETE /v1/articles/{article_id}/publications/{publication_id}          +-+
PUT    /v1/articles/{article_id}/publications/{publication_id}/receipt  .+.
PATCH  /v1/assets/{asset_id}                        +-
POST   /v1/assets/{asset_id}/withdrawal             ++
POST   /v1/units/{unit_id}/name                     +-
POST   /v1/units/{unit_id}/parent                   +-
POST   /v1/units/{unit_id}/merger                   ++
DELETE /v1/review-schemes/{scheme_id}               ++
PATCH  /v1/accounts/{account_id}                    ++
POST   /v1/accounts/{account_id}/keys               ++
POST   /v1/accounts/{account_id}/password           ++
DELETE /v1/accounts/{account_id}/password           ++
DELETE /v1/accounts/{account_id}/sessions           ++
"""
# Why an operation has no row. Their roles and units are in test_roles.py.
APART = {
    "/v1/term-lists/": "no unit's, and always the same",
    "/v1/keys/": "a key that was revoked is gone",
    "/v1/imports/": "their account's: gateway/tests/importing",
    "/v1/assets/uploads/": "their account's: services/media/tests/integration/test_uploads.py",
}
ROWS = [(line.split()[0], line.split()[1], line.split()[2]) for line in TABLE.strip().splitlines()]
OUTCOME = {"+": range(200, 300), "-": range(422, 423), ".": range(404, 405)}
BODIES: dict[str, dict[str, Any]] = {
    "POST /v1/channels/{channel_id}/status": {"status": "closed"},
    "PATCH /v1/articles/{article_id}": {"title": "another"},
    "POST /v1/articles/{article_id}/reads": {"value": 10, "unit": "reads", "taken_at": "2026-08-01T00:00:00Z"},
    "POST /v1/channels/{channel_id}/snapshots": {"followers": 5, "taken_at": NOON},
    "POST /v1/reviews/{case_id}/decision": {"decision": "approve"},
    "PATCH /v1/accounts/{account_id}": {"name": "another"},
}


class Things:
    """Makes things of one unit, in any state. ``key`` writes, ``approver`` decides."""

    def __init__(self, office: Office) -> None:
        self.office, self.work = office, Unit(office)
        self.unit = self.work.id
        self.site = self.channel("active")
        office.post("/v1/review-schemes", {"name": "all", "article_kinds": ["news"]})
        self.viewer, self.stranger = self._key("viewer", *self.work.ids), self._key("admin", str(uuid4()))

    def _key(self, role: Role, *units: str) -> str:
        made = self.office.accounts.people.add("x", role, list(units))
        return str(self.office.accounts.keys.issue(UUID(made.body["id"]), "x").body["key"])

    def article(self, state: str) -> str:
        draft = {"unit_id": self.unit, "kind": "news", "title": "t", "body": "<p>b</p>"}
        article = self.office.post("/v1/articles", draft)
        if state == "withdrawn":
            self.office.post(f"/v1/articles/{article}/withdrawal", {"reason": "r"})
        if state not in ("draft", "withdrawn"):
            self.office.post(f"/v1/articles/{article}/submission")
        if state in ("approved", "published", "changes_requested", "rejected"):
            self._decide(reviewed(self.office, article), state)
            wait_for(self.office, article, "approved" if state == "published" else state)
        if state == "published":
            self.office.post(f"/v1/articles/{article}/publications", {"channel_id": self.site})
        return article

    def case(self, state: str) -> str:
        article = self.article("submitted")
        case = reviewed(self.office, article)
        if state == "closed":
            self.office.post(f"/v1/articles/{article}/withdrawal", {"reason": "r"})
            wait_until_closed(self.office, case)
        elif state != "open":
            self._decide(case, state)
        return case

    def _decide(self, case: str, state: str) -> None:
        words = {"changes_requested": "request_changes", "rejected": "reject"}
        body = {"decision": words.get(state, "approve"), **({"reason": "r"} if state in words else {})}
        self.office.post(f"/v1/reviews/{case}/decision", body, self.office.approver)

    def shoot(self, state: str) -> str:
        made = self.office.post("/v1/shoots", {"unit_id": self.unit, "title": "t", "kind": "photo", "starts_at": NOON})
        if state == "completed":
            self.office.post(f"/v1/shoots/{made}/completion")
        return made

    def stream(self, state: str) -> str:
        made = self.office.post("/v1/live-streams", {"unit_id": self.unit, "title": "t", "starts_at": NOON})
        if state in ("live", "ended"):
            self.office.post(f"/v1/live-streams/{made}/start")
        if state == "ended":
            self.office.post(f"/v1/live-streams/{made}/end")
        return made

    def session(self, state: str) -> str:
        hours = {"starts_at": NOON, "ends_at": "2021-07-01T14:00:00+08:00"}
        body = {"unit_id": self.unit, "kind": "training", "title": "t", **hours}
        made = self.office.post("/v1/training-sessions", body)
        if state == "held":
            self.office.post(f"/v1/training-sessions/{made}/completion")
        if state == "cancelled":
            self.office.post(f"/v1/training-sessions/{made}/cancellation", {"reason": "r"})
        return made

    def channel(self, state: str) -> str:
        body = {"unit_id": self.unit, "kind": "website", "name": "n", "tier": "college_site"}
        first = state if state in ("building", "active") else "active"
        made = self.office.post("/v1/channels", {**body, "opened_at": NOON, "status": first})
        if first != state:
            self.office.post(f"/v1/channels/{made}/status", {"status": state})
        return made

    def publication(self, state: str) -> str:
        made = self.work.publication(**({} if state == "published" else {"due_at": "2099-01-01T00:00:00Z"}))
        if state == "cancelled":
            self.office.ask("DELETE", f"/v1/articles/{self.work.approved}/publications/{made}")
        return made

    def asset(self, state: str) -> str:
        made = self.work.photograph()
        if state == "withdrawn":
            self.office.post(f"/v1/assets/{made}/withdrawal", {"reason": "r"})
        return made

    def unit_(self, state: str) -> str:
        body = {"name": "Arts", "kind": "college", "since": DAY, "parent_id": self.unit}
        made = self.office.post("/v1/units", body)
        if state == "merged":
            self.office.post(f"/v1/units/{made}/merger", {"into_id": self.unit, "since": DAY})
        return made

    def scheme(self, state: str) -> str:
        made = self.work.scheme()
        if state == "retired":
            self.office.ask("DELETE", f"/v1/review-schemes/{made}")
        return made

    def account(self, state: str) -> str:
        made = self.work.account().id
        self.office.accounts.people.change(UUID(made), {"disabled": state == "disabled"})
        return made


def wait_for(office: Office, article: str, state: str) -> None:
    """Return when the decision arrived at the article."""
    if state == "approved":
        approved(office, article)
        return
    assert wait_until(lambda: office.ask("GET", f"/v1/articles/{article}").json()["status"] == state, PATIENCE_S)


def wait_until_closed(office: Office, case: str) -> None:
    assert wait_until(lambda: office.ask("GET", f"/v1/reviews/{case}").json()["status"] == "closed", PATIENCE_S)


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Things]:
    office = Office(tmp_path_factory.mktemp("states"))
    yield Things(office)
    office.close()


def kind_of(path: str) -> str:
    return path.split("{")[-1].split("_id")[0]


def try_it(things: Things, method: str, path: str, thing: str, key: str) -> int:
    """Return the status of the least request that fits."""
    route = next(each for each in ROUTES if each.template == path)
    body = BODIES.get(f"{method} {path}") or sample(route.operations[method].body, UUID(things.unit))
    told = {"channel_id": things.site, "asset_ids": [things.work.asset]}
    body = {name: told.get(name, value) for name, value in body.items()}
    url = path.replace("{" + kind_of(path) + "_id}", thing).replace("{article_id}", things.work.approved)
    headers = {"Authorization": f"Bearer {key}", "If-Match": "*"}
    more: dict[str, Any] = {} if route.operations[method].body is None else {"json": body}
    return things.office.runner.run(things.office.client.request(method, url, headers=headers, **more)).status_code


@pytest.mark.parametrize(("method", "path", "marks"), ROWS, ids=[f"{method} {path}" for method, path, _ in ROWS])
def test_what_may_be_done_in_each_state(things: Things, method: str, path: str, marks: str) -> None:
    """S10, S13: and in no state by a reader (403), nor by another unit's administrator, for whom it is not there."""
    kind = kind_of(path)
    make: Callable[[str], str] = getattr(things, "unit_" if kind == "unit" else kind)
    owner = things.office.approver if kind == "case" else things.office.key
    told = ""
    for state in STATES[kind].split():
        thing = make(state)
        assert try_it(things, method, path, thing, things.viewer) == 403, state
        assert try_it(things, method, path, thing, things.stranger) == 404, state
        status = try_it(things, method, path, thing, str(owner))
        told += next((mark for mark, statuses in OUTCOME.items() if status in statuses), f"<{status}>")
    assert told == marks


def test_every_operation_on_a_thing_has_its_row() -> None:
    on_things = {
        (method, route.template)
        for route in ROUTES
        for method in route.operations
        if method not in SAFE and "{" in route.template and not route.template.startswith(tuple(APART))
    }
    assert on_things == {(method, path) for method, path, _ in ROWS}
    assert all(len(marks) == len(STATES[kind_of(path)].split()) for _, path, marks in ROWS)
