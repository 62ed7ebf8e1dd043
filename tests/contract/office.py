"""The embedded platform behind a gateway, and those who write and approve there."""

import asyncio
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from gateway.accounts import ensure_admin
from gateway.app import create_app
from gateway.dependencies import open_dependencies
from gateway.rpc import DEFAULT_TIMEOUT_S, DirectRpc
from infra.embedded import Platform
from infra.prepare import prepare
from shared.config import load_settings
from shared.roles import Role
from shared.testing import SECRET

PATIENCE_S = 20.0
DAY, NOON = "2021-07-01", "2021-07-01T12:00:00+08:00"


class Listening(DirectRpc):
    """Keeps the last answer of each operation."""

    heard: dict[str, dict[str, Any]] = {}

    async def call(
        self, service: str, method: str, request: dict[str, Any], timeout: float = DEFAULT_TIMEOUT_S
    ) -> dict[str, Any]:
        found = await super().call(service, method, request, timeout)
        self.heard[method] = dict(found)
        return found


class Office:
    """One editor, and a second one who approves; ``rpc`` keeps what services answered."""

    def __init__(self, folder: Path) -> None:
        settings = load_settings({"MATRIX_DATA": str(folder), "MATRIX_SECRET": SECRET})
        prepare(settings)
        self.platform = Platform(settings)
        self.rpc = Listening(self.platform)
        deps = open_dependencies(settings, self.rpc)
        self.platform.on_events(deps.matrix.embedded_feed())
        self.runner = asyncio.Runner()
        transport = httpx.ASGITransport(create_app(deps))  # type: ignore[arg-type]
        self.client = httpx.AsyncClient(transport=transport, base_url="http://matrix")
        self.accounts = deps.access.accounts
        self.key = ensure_admin(self.accounts)
        self.approver = self.add("office_editor")
        self.platform.start()

    def add(self, role: Role) -> str:
        made = self.accounts.people.add("another", role, ["*"])
        return str(self.accounts.keys.issue(UUID(made.body["id"]), "x").body["key"])

    def ask(self, method: str, path: str, key: str | None = None, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key or self.key}", **more.pop("headers", {})}
        answered = self.runner.run(self.client.request(method, path, headers=headers, **more))
        assert answered.status_code < 300, (method, path, answered.text)
        return answered

    def post(self, path: str, body: dict[str, Any] | None = None, key: str | None = None) -> str:
        return str(self.ask("POST", path, key, json=body or {}).json()["id"])

    def close(self) -> None:
        self.platform.stop()
        self.runner.run(self.client.aclose())
        self.runner.close()


def reviewed(office: Office, article: str) -> str:
    """Wait for the article's case and return it."""
    until = time.monotonic() + PATIENCE_S
    while not (found := office.ask("GET", f"/v1/reviews?article_id={article}").json()["items"]):
        assert time.monotonic() < until, "no case was opened"
        time.sleep(0.05)
    return str(found[0]["id"])


def approved(office: Office, article: str) -> None:
    """Wait until the article has heard of its approval."""
    until = time.monotonic() + PATIENCE_S
    while office.ask("GET", f"/v1/articles/{article}").json()["status"] != "approved":
        assert time.monotonic() < until, "the approval did not arrive"
        time.sleep(0.05)
