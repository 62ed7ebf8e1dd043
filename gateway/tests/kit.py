"""A gateway without services: a client, stand-ins for the five services, and samples of what schemas ask for."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
from marshmallow import Schema, fields, validate

from gateway.accounts import Accounts
from gateway.app import create_app
from gateway.dependencies import Dependencies
from shared.bundles import MANY, answer_all
from shared.context import CallerSigner
from shared.errors import NotFound
from shared.roles import Role
from shared.testing import SECRETS

OWN_UNIT, OTHER_UNIT = UUID(int=0xA1), UUID(int=0xB2)
OWN, OTHER = UUID(int=0xA1A1), UUID(int=0xB2B2)
BLOB = "media/renditions/1/web"
NOON = "2021-07-01T12:00:00+08:00"
Answer = dict[str, Any] | Exception | Callable[[dict[str, Any]], dict[str, Any]]


class FakeServices:
    """Answers for every service as it would: verifies the caller, and knows one thing of each of two units."""

    def __init__(self) -> None:
        self.signer = CallerSigner(SECRETS)
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.bundles: list[list[str]] = []
        self.answers: dict[str, Answer] = {}

    async def call(self, service: str, method: str, request: dict[str, Any], timeout: float = 5.0) -> dict[str, Any]:
        """Return what the service would answer."""
        if method == MANY:
            self.bundles.append([asked for asked, _ in request["calls"]])
            return answer_all(request, lambda asked, one: self._answer(service, asked, one))
        return self._answer(service, method, request)

    def _answer(self, service: str, method: str, request: dict[str, Any]) -> dict[str, Any]:
        request = json.loads(json.dumps(request))
        self.requests.append((service, method, request))
        caller = self.signer.verify(request["caller"])
        text = json.dumps(request["body"])
        if (str(OTHER) in text or str(OTHER_UNIT) in text) and not caller.sees(OTHER_UNIT):
            raise NotFound("caller.no_such_unit", "no such object in your units")
        found = self.answers.get(method, thing())
        if isinstance(found, Exception):
            raise found
        return found(request) if callable(found) else dict(found)

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def last(self) -> dict[str, Any]:
        """The last request."""
        return self.requests[-1][2]

    @property
    def methods(self) -> list[str]:
        """What was called, in order."""
        return [method for _, method, _ in self.requests]


def thing(**more: Any) -> dict[str, Any]:
    """Return an answer with what answers of services have in common."""
    return {
        "id": str(OWN), "unit_id": str(OWN_UNIT), "version": 3, "position": "7", "replayed": False, "items": [],
        "next": None, "length": 10, "offset": 0, "asset_id": None, "expires_at": "2031-01-01T00:00:00Z",
        "blob": BLOB, "media_type": "image/jpeg", "filename": "x.jpg", "name": "web", "etag": "abc",
        **more,
    }  # fmt: skip


class World:
    """The gateway, who may use it, and a client of it. ``key`` is an administrator's of every unit."""

    def __init__(self, deps: Dependencies, services: FakeServices) -> None:
        self.deps, self.services = deps, services
        self.app = create_app(deps)
        self.accounts: Accounts = deps.access.accounts
        self.runner = asyncio.Runner()
        transport = httpx.ASGITransport(self.app)  # type: ignore[arg-type]
        self.client = httpx.AsyncClient(transport=transport, base_url="http://matrix")
        self.key = self.add("admin")

    def person(self, login: str, role: Role = "viewer", *units: UUID) -> str:
        """Return the one-time password of a new account that signs in as ``login``."""
        made = self.accounts.people.add(login, role, [str(unit) for unit in units] or ["*"], login=login)
        return self.accounts.passwords.give(UUID(made.body["id"]))[0]

    def add(self, role: Role, *units: UUID, name: str = "somebody") -> str:
        """Return the key of a new account, of every unit when none is named."""
        made = self.accounts.people.add(name, role, [str(unit) for unit in units] or ["*"])
        self.deps.access.changed()
        return str(self.accounts.keys.issue(UUID(made.body["id"]), name).body["key"])

    def ask(
        self, method: str, path: str, key: str | None = "", headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """Return the answer to one request, with ``key`` (the administrator's by default, none when None)."""
        shown = self.key if key == "" else key
        named = {} if shown is None else {"Authorization": f"Bearer {shown}"}
        return self.runner.run(self._ask(method, path, {**named, **(headers or {})}, more))

    async def _ask(self, method: str, path: str, headers: dict[str, str], more: dict[str, Any]) -> httpx.Response:
        answered = await self.client.request(method, more.pop("base_url", "") + path, headers=headers, **more)
        self.client.cookies.clear()
        return answered

    def forget(self) -> "World":
        """Return this world with services that answer as at first."""
        self.services.requests.clear()
        self.services.bundles.clear()
        self.services.answers.clear()
        return self

    def close(self) -> None:
        """Let go of everything."""
        self.runner.run(self.client.aclose())
        self.runner.close()
        self.deps.access.close()
        self.deps.files.close()
        self.deps.imports.close()
        self.deps.matrix.board.close()
        self.deps.engine.dispose()


def sample(schema: Schema | None, unit: UUID = OWN_UNIT) -> dict[str, Any]:
    """Return the least that fits the schema, of the unit where one is asked for."""
    wanted = {} if schema is None else schema.fields
    least = {name: _value(name, field, unit) for name, field in wanted.items() if field.required}
    return least or next(({name: "another"} for name in ("title", "key") if name in wanted), {})


def _value(name: str, field: fields.Field[Any], unit: UUID) -> Any:
    for rule in field.validators:
        if isinstance(rule, validate.OneOf):
            return next(iter(rule.choices))
    match field:
        case fields.UUID():
            return str(unit)
        case fields.List():
            return [_value(name, field.inner, unit)]
        case fields.Nested():
            return sample(field.schema, unit)
        case fields.AwareDateTime():
            return NOON
        case fields.Date():
            return "2021-07-01"
        case fields.Integer():
            return 5
        case fields.Boolean():
            return True
    known = {"units": str(unit), "url": "https://news.example.edu/1", "path": "/v1/articles"}
    return known.get(name, "some_text")
