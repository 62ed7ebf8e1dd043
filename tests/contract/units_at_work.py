"""Units that have one of everything, and whoever asks about it."""

import io
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

import httpx
from PIL import Image

from gateway.operations import Operation, Route
from gateway.tests.kit import sample
from shared.roles import Role
from tests.contract.office import DAY, NOON, Office, approved, reviewed

TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
Row = tuple[Route, str, Operation]


def photograph() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((64, 48), 100).save(file, "JPEG")  # never the same twice: it would be the same asset
    return file.getvalue()


@dataclass
class Account:
    """An account of units, and its key."""

    id: str
    key: str


class Unit:
    """A unit; ``word`` is in the names of all that is its. Each thing is made when somebody wants it."""

    def __init__(self, office: Office) -> None:
        self.office, self.word = office, f"canary{uuid4().hex[:12]}"
        self.id, self.second, self.third = (self._unit() for _ in range(3))
        self.site = self.channel()

    @property
    def ids(self) -> list[str]:
        return [self.id, self.second, self.third]

    def _unit(self) -> str:
        return self.office.post("/v1/units", {"name": f"{self.word} unit", "kind": "college", "since": DAY})

    def account(self, role: Role = "viewer") -> Account:
        login = f"of-{uuid4().hex[:12]}"
        made = self.office.accounts.people.add(f"{self.word} {role}", role, self.ids, login=login)
        key = self.office.accounts.keys.issue(UUID(made.body["id"]), "x").body["key"]
        return Account(made.body["id"], str(key))

    def key_of(self, account: Account) -> str:
        return str(self.office.accounts.keys.all(UUID(account.id))[0].id)

    def channel(self) -> str:
        body = {"unit_id": self.id, "kind": "website", "name": f"{self.word} site", "opened_at": f"{DAY}T00:00:00Z"}
        return self.office.post("/v1/channels", body)

    def draft(self, key: str | None = None) -> str:
        body = {"unit_id": self.id, "kind": "news", "title": f"{self.word} news", "body": f"<p>{self.word}</p>"}
        return self.office.post("/v1/articles", body, key)

    def case(self) -> str:
        article = self.draft()
        self.office.post(f"/v1/articles/{article}/submission")
        return reviewed(self.office, article)

    @cached_property
    def approved(self) -> str:
        """An article that may be published."""
        article = self.draft()
        self.office.post(f"/v1/articles/{article}/submission")
        self.office.post(f"/v1/reviews/{reviewed(self.office, article)}/decision", {"decision": "approve"},
                         self.office.approver)  # fmt: skip
        approved(self.office, article)
        return article

    def publication(self, **more: str) -> str:
        return self.office.post(f"/v1/articles/{self.approved}/publications", {"channel_id": self.channel(), **more})

    def scheme(self) -> str:
        return self.office.post("/v1/review-schemes", sample_scheme(self.word, self.id))

    def terms(self) -> str:
        return self.office.post("/v1/term-lists", {"name": "words", "terms": [], "allow": []})

    def shoot(self) -> str:
        return self.office.post("/v1/shoots", {**self._planned(), "kind": "photo"})

    def stream(self, live: bool) -> str:
        made = self.office.post("/v1/live-streams", self._planned())
        if live:
            self.office.post(f"/v1/live-streams/{made}/start")
        return made

    def session(self) -> str:
        hours = {**self._planned(), "ends_at": "2021-07-01T14:00:00+08:00"}
        return self.office.post("/v1/training-sessions", {**hours, "kind": "training"})

    def _planned(self) -> dict[str, str]:
        return {"unit_id": self.id, "title": f"{self.word} title", "starts_at": NOON}

    def upload(self, key: str | None = None, length: int = 10, content: bytes = b"") -> httpx.Response:
        facts = {"filename": f"{self.word}.jpg", "unit_id": self.id}
        told = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in facts.items())
        headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": told}
        return self.office.ask("POST", "/v1/assets/uploads", key, headers=headers, content=content)

    @cached_property
    def asset(self) -> str:
        """A photograph that stays."""
        return self.photograph()

    def photograph(self) -> str:
        file = photograph()
        return self.upload(None, len(file), file).headers["Upload-Asset"].rpartition("/")[2]

    def file_import(self, key: str | None) -> str:
        file = f"channel,taken_at,followers\n{self.word},2021-07-01,5\n".encode()
        return str(self.office.ask("POST", f"/v1/imports?unit={self.id}", key, content=file).json()["id"])


def sample_scheme(name: str, unit: str) -> dict[str, Any]:
    return {"name": name, "article_kinds": ["news"], "unit_ids": [unit]}


def things_for(unit: Unit, row: Row, key: str | None) -> dict[str, str]:
    """Return what the row's path names: new things of the unit, made by whose ``key`` that is where they are theirs.

    They are in a state in which the operation may be done.
    """
    route, method, _ = row
    path = route.template
    made: dict[str, str] = {"name": "web" if "renditions" in path else "news_published"}
    if "{unit_id}" in path:
        made["unit_id"] = unit.second if path.endswith("parent") else unit.third if path.endswith("merger") else unit.id
    if "{channel_id}" in path:
        made["channel_id"] = unit.channel()
    if "{article_id}" in path:
        made["article_id"] = unit.approved if "publications" in path else unit.draft()
    if "{publication_id}" in path:
        made["publication_id"] = unit.publication(**({"due_at": "2099-01-01T00:00:00Z"} if method == "DELETE" else {}))
    if "{account_id}" in path or "{key_id}" in path:
        account = unit.account()
        made |= {"account_id": account.id, "key_id": unit.key_of(account)}
    if "{upload_id}" in path:
        made["upload_id"] = unit.upload(key).headers["Location"].rpartition("/")[2]
    makers = {
        "case_id": unit.case, "scheme_id": unit.scheme, "list_id": unit.terms, "shoot_id": unit.shoot,
        "session_id": unit.session, "stream_id": lambda: unit.stream(not path.endswith("start")),
        "asset_id": unit.photograph, "import_id": lambda: unit.file_import(key),
    }  # fmt: skip
    return made | {name: make() for name, make in makers.items() if "{" + name + "}" in path}


def ask(office: Office, row: Row, key: str, things: dict[str, str], unit: Unit) -> httpx.Response:
    """Return the answer to a well-formed request about the things, with the unit's where a body names others."""
    route, method, operation = row
    path = route.template
    for name, thing in things.items():
        path = path.replace("{" + name + "}", thing)
    headers = {"Authorization": f"Bearer {key}", "If-Match": "*"}
    more: dict[str, Any] = {}
    if "uploads" in path:
        told = f"filename {b64encode(b'x.jpg').decode()},unit_id {b64encode(unit.id.encode()).decode()}"
        headers |= {**TUS, "Upload-Offset": "0", "Upload-Length": "10", "Upload-Metadata": told}
        more["content"] = b"12345" if method == "PATCH" else b""
    elif operation.takes == "*/*":
        path, more["content"] = f"{path}?unit={unit.id}", b"channel,taken_at,followers\nA,2021-07-01,5\n"
    elif operation.body is not None:
        more["json"] = sample(operation.body, UUID(unit.id)) | _body(route.template, unit)
    return office.runner.run(office.client.request(method, path, headers=headers, **more))


def _body(path: str, unit: Unit) -> dict[str, Any]:
    """Return what a body must say besides the least that fits its schema."""
    bodies: dict[str, dict[str, Any]] = {
        "/v1/units": {"parent_id": unit.id},
        "/v1/channels/{channel_id}/status": {"status": "closed"},
        "/v1/channels/{channel_id}/snapshots": {"followers": 5, "taken_at": NOON},
        "/v1/articles/{article_id}": {"title": "another"},
        "/v1/articles/{article_id}/publications": {"channel_id": unit.site},
        "/v1/articles/{article_id}/reads": {
            "channel_id": unit.site, "value": 10, "unit": "reads", "taken_at": "2026-08-01T00:00:00Z"
        },
        "/v1/reviews/{case_id}/decision": {"decision": "approve"},
        "/v1/training-sessions": {"ends_at": "2021-07-01T14:00:00+08:00"},
        "/v1/review-schemes": sample_scheme("x", unit.id),
        "/v1/shoots/{shoot_id}/photographs": {"asset_ids": [unit.asset]},
    }  # fmt: skip
    return bodies.get(path, {})
