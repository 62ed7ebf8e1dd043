"""Failures: problems with a code for programs and a sentence for people, and never what happened inside."""

import errno
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.tests.kit import OWN, World
from shared.errors import Conflict, Invalid, NotFound, PlatformError, RuleBroken, Unavailable

PATH = f"/v1/articles/{OWN}"
INSIDE = "/srv/matrix/secret.py line 7 password=hunter2"


@pytest.fixture
def world(lasting_world: World) -> World:
    """Give the module's gateway, its services as at first."""
    return lasting_world.forget()


def refused(world: World, error: Exception) -> Any:
    world.services.answers["get_article"] = error
    return world.ask("GET", PATH)


@pytest.mark.parametrize(
    ("error", "status"),
    [(Invalid("a.b", "x"), 400), (NotFound("a.b", "x"), 404), (Conflict("a.b", "x"), 409),
     (RuleBroken("a.b", "x"), 422), (Unavailable("a.b", "x"), 503), (RuleBroken("caller.denied", "x"), 403),
     (RuleBroken("caller.forged", "x"), 401), (RuleBroken("idempotency.key_reused", "x"), 422)],
)  # fmt: skip
def test_each_failure_has_its_status_and_keeps_its_code(world: World, error: PlatformError, status: int) -> None:
    answered = refused(world, error)
    problem = answered.json()
    assert answered.status_code == problem["status"] == status
    assert answered.headers["Content-Type"] == "application/problem+json"
    assert (problem["code"], problem["detail"]) == (error.code, "x")
    assert problem["type"] == f"urn:matrix:problem:{error.code}"
    assert problem["request_id"] == answered.headers["X-Request-Id"]
    assert answered.headers["Cache-Control"] == "no-store"


def test_fields_to_blame_are_named_each_with_its_reasons(world: World) -> None:
    answered = refused(world, Invalid("request.invalid", "title: empty", {"title": ["Empty.", "Too plain."]}))
    assert answered.json()["errors"] == [
        {"field": "title", "reason": "Empty."}, {"field": "title", "reason": "Too plain."},
    ]  # fmt: skip


@pytest.mark.parametrize("code", ["database.full", "blobs.full"])
def test_a_full_disk_is_said_as_such_to_each_and_logged_once(world: World, code: str) -> None:
    with capture_logs() as lines:
        told = [refused(world, Unavailable(code, "no space is left")) for _ in range(5)]
    assert {(each.status_code, each.json()["code"]) for each in told} == {(507, code)}
    assert all("Retry-After" in each.headers for each in told)
    assert len([line for line in lines if line["event"] == "request.no_room"]) <= 1  # a minute


def test_a_file_for_which_there_is_no_room_on_its_way_in_is_no_crash(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("gateway.resources.imports.receive", full)
    answered = world.ask("POST", "/v1/imports?filename=a.csv", content=b"x", headers={"Content-Type": "text/csv"})
    assert (answered.status_code, answered.json()["code"]) == (507, "disk.full")


def test_who_must_wait_is_told_how_long(world: World) -> None:
    assert int(refused(world, Unavailable("rpc.timeout", "x")).headers["Retry-After"]) > 0


@pytest.mark.parametrize("service", ["get_article", "get_unit", "get_case", "get_asset", "get_session", "get_policy"])
@pytest.mark.parametrize("error", [KeyError(INSIDE), PlatformError("service.failed", INSIDE), RuntimeError(INSIDE)])
def test_a_failure_nobody_foresaw_says_nothing_of_the_inside(world: World, service: str, error: Exception) -> None:
    """S52: forced in each service."""
    paths = {
        "get_article": PATH, "get_unit": f"/v1/units/{OWN}", "get_case": f"/v1/reviews/{OWN}",
        "get_asset": f"/v1/assets/{OWN}", "get_session": f"/v1/training-sessions/{OWN}",
        "get_policy": "/v1/policies/timeliness",
    }  # fmt: skip
    world.services.answers[service] = error
    answered = world.ask("GET", paths[service])
    assert answered.status_code == 500
    assert answered.json()["request_id"] == answered.headers["X-Request-Id"]
    assert not [word for word in ("hunter2", "secret.py", "Traceback", "line 7", "KeyError") if word in answered.text]


def test_a_failure_in_the_gateway_itself_says_nothing_either(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """S52."""
    stranger = world.add("viewer")
    monkeypatch.setattr(world.accounts, "identify_all", lambda _: 1 / 0)
    answered = world.ask("GET", "/v1/me", stranger)
    assert answered.status_code == 500 and "division" not in answered.text


def test_an_answer_that_is_none_is_a_failure_like_any_other(world: World) -> None:
    world.services.answers["get_article"] = lambda _: {"bytes": {1, 2}}
    world.services.answers["draft_article"] = lambda _: {}
    draft = {"unit_id": str(OWN), "kind": "news", "title": "t", "body": "<p>b</p>"}
    assert world.ask("POST", "/v1/articles", json=draft).status_code == 500


def test_who_is_not_signed_in_is_told_how(world: World) -> None:
    answered = world.ask("GET", "/v1/me", None)
    assert answered.status_code == 401 and answered.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic dXNlcjpwYXNz", "Bearer mm_abcdefgh_" + "a" * 43])
def test_a_key_that_is_none_gets_the_same_answer_whatever_is_wrong_with_it(world: World, header: str) -> None:
    answered = world.ask("GET", "/v1/me", None, {"Authorization": header})
    assert (answered.status_code, answered.json()["code"]) == (401, "auth.refused")


def test_a_method_that_is_not_taken_says_which_are(world: World) -> None:
    answered = world.ask("PUT", "/v1/units")
    assert answered.status_code == 405 and answered.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize("path", ["/v1/units", "/livez", "/v1/nothing", "/nothing"])
def test_every_answer_carries_the_headers_that_protect_a_browser(world: World, path: str) -> None:
    headers = world.ask("GET", path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in headers
    assert "Strict-Transport-Security" in world.ask("GET", path, base_url="https://matrix").headers


def test_what_may_be_shown_as_a_document_says_who_may_frame_it_and_what_it_tells_others(world: World) -> None:
    """S30."""
    page, api = world.ask("GET", "/").headers, world.ask("GET", "/v1/units").headers
    told = {"X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"}
    assert {name: page.get(name) for name in told} == told
    assert not told.keys() & api.keys()


def test_requests_are_counted_by_route_and_never_by_what_a_client_typed(world: World) -> None:
    world.ask("GET", f"/v1/units/{OWN}")
    world.ask("GET", "/made-up-by-a-client")
    world.ask("BREW", "/v1/units")
    text = world.ask("GET", "/metrics", None).text
    assert 'gateway_requests_total{method="GET",route="/v1/units/{unit_id:uuid}",status="200"} 1.0' in text
    assert "made-up" not in text and "BREW" not in text and str(OWN) not in text


def test_a_part_that_is_down_is_shown_and_the_database_alone_decides(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deps.matrix.board.freshness.answers("review", alive=False)
    ready = world.ask("GET", "/readyz", None)
    assert ready.status_code == 200 and ready.json()["parts"]["review"] == "missing"

    def silent() -> int:
        raise Unavailable("database.unavailable")

    monkeypatch.setattr(world.accounts, "revision", silent)
    down = world.ask("GET", "/readyz", None)
    assert down.status_code == 503 and down.json()["parts"]["database"] == "down"
    assert world.ask("GET", "/livez", None).status_code == 200
