"""The matrix over HTTP: gate, parameters, tags, cursors and the stream."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import falcon.asgi
import pytest
from falcon.testing import ASGIConductor

from gateway.dependencies import open_dependencies
from gateway.matrix import add_matrix
from gateway.middleware.gate import Gate
from gateway.problems import add_error_handlers
from gateway.responses import pick
from gateway.routes.metrics import ROUTES
from gateway.tests.matrix.kit import History, apply, at
from shared.config import load_settings
from shared.migrations import migrate
from shared.roles import Role
from shared.testing import SECRET


class NoRpc:
    """Services that were never started."""

    async def call(self, service: str, method: str, request: dict[str, Any], timeout: float = 5.0) -> dict[str, Any]:
        raise AssertionError(f"{service}.{method} was called: portals' reads go through the read model alone")

    async def close(self) -> None:
        """Nothing to close."""


class World:
    """A gateway with the matrix alone, and what is in it."""

    def __init__(self, folder: Path) -> None:
        settings = load_settings({"MATRIX_DATA": str(folder), "MATRIX_SECRET": SECRET})
        migrate("gateway", settings.owner_url("gateway"))
        self.deps = open_dependencies(settings, NoRpc())
        self.engine, self.accounts = self.deps.engine, self.deps.access.accounts
        app = falcon.asgi.App(middleware=[Gate(self.deps.access, ROUTES, self.deps.limits)])
        app.req_options.keep_blank_qs_values = True
        add_error_handlers(app)
        add_matrix(app, self.deps)
        self.app = app
        self.history = History()
        self.mine, self.other = self.history.unit("mine"), self.history.unit("other")
        self.site = self.history.channel(self.mine)
        self.history.define("news_published", "additive", "articles")
        for day in range(1, 8):
            self.history.publish(self.mine, self.site, at(f"2021-03-0{day}T12:00"))
        self.history.publish(self.other, self.history.channel(self.other), at("2021-05-05T12:00"))
        apply(self.engine, self.history.events)

    def signed(self, role: Role = "viewer", *units: UUID) -> dict[str, str]:
        made = self.accounts.people.add("Somebody", role, [str(unit) for unit in units] or ["*"])
        key = self.accounts.keys.issue(UUID(made.body["id"]), "test").body["key"]
        return {"Authorization": f"Bearer {key}"}

    def serve(self, scene: Callable[[ASGIConductor], Awaitable[None]]) -> None:
        """Run the gateway while the scene is played."""

        async def run() -> None:
            async with ASGIConductor(self.app) as http:
                await scene(http)

        asyncio.run(run())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.deps.access.close()
    world.engine.dispose()


async def get(http: ASGIConductor, path: str, headers: dict[str, str], **params: Any) -> Any:
    return await http.simulate_get(path, headers=headers, params=params, params_csv=False)


def test_the_matrix_is_for_those_we_know(world: World) -> None:
    async def scene(http: ASGIConductor) -> None:
        assert (await get(http, "/v1/matrix", {})).status_code == 401
        assert (await get(http, "/v1/stream", {})).status_code == 401
        assert (await get(http, "/v1/figures", world.signed("ops"))).status_code == 403

    world.serve(scene)


def test_the_answer_is_what_the_description_promises(world: World) -> None:
    async def scene(http: ASGIConductor) -> None:
        answer = await get(http, "/v1/matrix", world.signed(), period="2021")
        assert answer.status_code == 200
        schema = ROUTES[0].operations["GET"].answer
        assert pick(schema, answer.json) == answer.json
        assert schema is not None and set(schema.fields) == set(answer.json)
        assert answer.json["totals"]["figures"]["news_published"]["value"] == 8
        assert answer.json["position"] == "13" and answer.json["missing"] == []

    world.serve(scene)


def test_a_client_that_has_the_answer_gets_304_until_it_changes(world: World) -> None:
    async def scene(http: ASGIConductor) -> None:
        headers = world.signed()
        first = await get(http, "/v1/matrix", headers, period="2021")
        known = {**headers, "If-None-Match": first.headers["etag"]}
        again = await get(http, "/v1/matrix", known, period="2021")
        assert again.status_code == 304 and not again.content
        published = world.history.publish(world.mine, world.site, at("2021-04-05T12:00"))
        world.deps.matrix.board.position = apply(world.engine, [published]) or 0
        assert (await get(http, "/v1/matrix", known, period="2021")).status_code == 200
        assert (await get(http, "/v1/matrix", known, period="2021", as_of="2021-01-01T00:10:00Z")).status_code == 200

    world.serve(scene)


def test_a_bound_caller_gets_its_own_and_anothers_unit_is_404(world: World) -> None:
    """S11 and S56 at the door."""

    async def scene(http: ASGIConductor) -> None:
        headers = world.signed("college_editor", world.mine)
        answer = (await get(http, "/v1/matrix", headers, period="2021")).json
        assert [unit["name"] for unit in answer["units"]] == ["mine"]
        assert answer["totals"]["figures"]["news_published"]["value"] == 7
        refused = await get(http, "/v1/matrix", headers, period="2021", unit=str(world.other))
        assert refused.status_code == 404
        facts = await get(http, "/v1/figures/news_published/events", headers, period="2021", limit="50")
        assert {item["unit_id"] for item in facts.json["items"]} == {str(world.mine)}

    world.serve(scene)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"period": "soon"}, "period"),
        ({"period": "2021", "as_of": "later"}, "as_of"),
        ({"period": "2021", "kind": "planet"}, "kind"),
        ({"period": "2021", "colour": "red"}, "colour"),
        ({"period": ["2021", "2022"]}, "period"),
    ],
)
def test_a_bad_parameter_is_a_problem_that_names_it(world: World, params: dict[str, Any], field: str) -> None:
    async def scene(http: ASGIConductor) -> None:
        answer = await get(http, "/v1/matrix", world.signed(), **params)
        assert answer.status_code == 400
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json["errors"][0]["field"] == field

    world.serve(scene)


def test_the_links_of_a_figure_lead_to_facts_that_add_up_to_it(world: World) -> None:
    async def scene(http: ASGIConductor) -> None:
        headers = world.signed()
        answer = await get(http, "/v1/matrix", headers, period="2021-03-02..2021-12-31")
        figure = answer.json["totals"]["figures"]["news_published"]
        path, _, query = figure["href"].partition("?")
        parameters = dict(part.split("=") for part in query.split("&"))
        items: list[Any] = []
        cursor: dict[str, str] = {}
        for page_number in (1, 2, 3):
            page = (await get(http, path, headers, **parameters, limit="3", **cursor)).json
            items += page["items"]
            assert (page["next"] is None) == (page_number == 3)
            cursor = {"cursor": page["next"]}
        assert sum(item["value"] for item in items) == figure["value"] == 7
        assert len({item["event_id"] for item in items}) == 7
        assert [item["occurred_at"] for item in items] == sorted((item["occurred_at"] for item in items), reverse=True)
        assert items[0]["href"].startswith("/v1/articles/") and items[0]["label"] == "News"

    world.serve(scene)


def test_a_cursor_holds_for_its_own_list_only(world: World) -> None:
    async def scene(http: ASGIConductor) -> None:
        headers = world.signed()
        path = "/v1/figures/news_published/events"
        cursor = (await get(http, path, headers, period="2021", limit="1")).json["next"]
        assert (await get(http, path, headers, period="2021", cursor=cursor)).status_code == 200
        assert (await get(http, path, headers, period="2022", cursor=cursor)).status_code == 400
        assert (await get(http, "/v1/figures/shoots/events", headers, period="2021", cursor=cursor)).status_code == 400

    world.serve(scene)


def test_figures_are_listed_and_an_unknown_one_is_404(world: World) -> None:
    async def scene(http: ASGIConductor) -> None:
        headers = world.signed()
        (figure,) = (await get(http, "/v1/figures", headers)).json["items"]
        assert (figure["name"], figure["version"], figure["unit"]) == ("news_published", 1, "articles")
        assert (await get(http, "/v1/figures/happiness/events", headers)).status_code == 404
        shoots = await get(http, "/v1/figures/shoots/events", headers, period="2021")
        assert shoots.json == {"items": [], "next": None}

    world.serve(scene)


def test_the_stream_tells_of_a_change_and_ends_with_the_right_to_listen(world: World) -> None:
    """S55."""
    world.signed("admin")
    headers = world.signed()
    account = next(each for each in world.accounts.people.all() if each.role == "viewer")

    async def scene(http: ASGIConductor) -> None:
        heard: list[str] = []
        async with http.simulate_get_stream("/v1/stream", headers=headers) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            await hear(stream, heard, "event: hello")
            published = world.history.publish(world.mine, uuid4(), at("2021-06-05T12:00"))
            await asyncio.to_thread(apply, world.engine, [published])
            await hear(stream, heard, "event: change")
            world.accounts.people.change(account.id, {"disabled": True})
            world.deps.access.changed()
            await world.deps.matrix.hub.check()
            await hear(stream, heard, "event: denied")
        data = next(line for line in "".join(heard).splitlines() if '"units"' in line).partition(": ")[2]
        assert json.loads(data) == {"position": "14", "units": {str(world.mine): {"news_published": ["2021-06"]}}}

    world.serve(scene)


async def hear(stream: Any, heard: list[str], wanted: str) -> None:
    async with asyncio.timeout(5):
        while wanted not in "".join(heard):
            heard.append((await stream.stream.read()).decode())
            await asyncio.sleep(0.01)  # nothing to read comes at once: spinning would starve the threads


def test_a_seventh_stream_of_one_key_is_refused(world: World) -> None:
    """S55."""
    headers = world.signed()

    async def scene(http: ASGIConductor) -> None:
        async with AsyncExitStack() as open_streams:
            for _ in range(6):
                stream = await open_streams.enter_async_context(http.simulate_get_stream("/v1/stream", headers=headers))
                await hear(stream, [], "event: hello")
            refused = await get(http, "/v1/stream", headers)
            assert refused.status_code == 429 and refused.headers["retry-after"] == "10"
            world.deps.matrix.hub.drain()

    world.serve(scene)


def test_age_is_how_long_ago_the_oldest_feed_was_seen(world: World) -> None:
    async def scene(http: ASGIConductor) -> None:
        world.deps.matrix.board.freshness._seen["media"] = time.time() - 5
        age = (await get(http, "/v1/matrix", world.signed(), period="2021")).json["age_s"]
        assert 5.0 <= age < 8.0

    world.serve(scene)
