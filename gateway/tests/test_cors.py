"""Other origins' pages: those on the list may read, all others may not. S53."""

import pytest

from gateway.middleware.cors import CrossOrigin
from gateway.tests.kit import World
from shared.config import BadSetting

LISTED = "https://portal.example.edu"
STRANGERS = [
    "https://evil.example", "null", "*", "https://portal.example.edu.evil.example", "http://portal.example.edu",
    "https://portal.example.edu:8443", "https://evil.portal.example.edu", "HTTPS://PORTAL.EXAMPLE.EDU", "",
]  # fmt: skip
PREFLIGHT = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture
def world(lasting_world: World) -> World:
    """Give the module's gateway, its services as at first."""
    return lasting_world.forget()


def test_a_listed_origin_may_read(world: World) -> None:
    """S53."""
    answered = world.ask("GET", "/v1/units", headers={"Origin": LISTED})
    assert answered.headers["Access-Control-Allow-Origin"] == LISTED
    assert "ETag" in answered.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answered.headers
    assert "Origin" in answered.headers["Vary"]


@pytest.mark.parametrize("origin", STRANGERS)
def test_no_other_origin_may(world: World, origin: str) -> None:
    """S53."""
    for headers in ({"Origin": origin}, {"Origin": origin, **PREFLIGHT}):
        for method in ("GET", "OPTIONS"):
            answered = world.ask(method, "/v1/units", headers=headers)
            assert not [name for name in answered.headers if name.startswith("access-control")]


def test_a_preflight_request_needs_no_key(world: World) -> None:
    """S53."""
    answered = world.ask("OPTIONS", "/v1/articles", None, {"Origin": LISTED, **PREFLIGHT})
    assert answered.status_code == 204
    assert "PATCH" in answered.headers["Access-Control-Allow-Methods"]
    assert "Idempotency-Key" in answered.headers["Access-Control-Allow-Headers"]
    assert not world.services.requests


def test_a_problem_can_be_read_by_a_listed_origin_too(world: World) -> None:
    answered = world.ask("GET", "/v1/units?x=1", headers={"Origin": LISTED})
    assert answered.status_code == 400 and answered.headers["Access-Control-Allow-Origin"] == LISTED


@pytest.mark.parametrize("origin", ["*", "null", "portal.example.edu", "https://*.example.edu", "https://x.edu/path"])
def test_a_setting_that_would_open_more_than_one_origin_is_refused(origin: str) -> None:
    """S53."""
    with pytest.raises(BadSetting):
        CrossOrigin([origin])
