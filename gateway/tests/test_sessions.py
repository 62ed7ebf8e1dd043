"""Signing in with a browser: the cookie, its end, and what other sites' pages cannot do with it."""

from typing import Any

import pytest

from gateway.tests.kit import OWN, World

INTENT = {"X-Matrix-Request": "1"}
UNIT = {"name": "x", "kind": "college", "since": "2021-01-01"}


def cookie(world: World, **more: Any) -> tuple[str, str]:
    """Sign in; return the cookie as sent back, and the whole Set-Cookie."""
    answered = world.ask("POST", "/v1/session", None, json={"key": world.key}, **more)
    assert answered.status_code == 201
    set_cookie = answered.headers["set-cookie"]
    return set_cookie.partition(";")[0], set_cookie


def ask(world: World, method: str, path: str, shown: str, headers: dict[str, str] | None = None, **more: Any) -> int:
    return world.ask(method, path, None, {"Cookie": shown, **(headers or {})}, **more).status_code


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(world: World) -> None:
    """S54."""
    _, plain = cookie(world)
    assert plain.startswith("matrix_session=") and "HttpOnly" in plain and "SameSite=Lax" in plain
    assert "Secure" not in plain and "Domain" not in plain
    _, secure = cookie(world, base_url="https://matrix")
    assert secure.startswith("__Host-matrix_session=") and "Secure" in secure and "Path=/" in secure


def test_over_https_a_cookie_set_without_it_counts_nothing(world: World) -> None:
    shown, _ = cookie(world)
    assert ask(world, "GET", "/v1/me", shown) == 200
    assert ask(world, "GET", "/v1/me", shown, base_url="https://matrix") == 401


def test_signing_out_ends_the_session_on_the_server(world: World) -> None:
    shown, _ = cookie(world)
    assert ask(world, "DELETE", "/v1/session", shown, INTENT) == 204
    assert ask(world, "GET", "/v1/me", shown) == 401


def test_a_session_ends_with_the_key_it_was_opened_with(world: World) -> None:
    shown, _ = cookie(world)
    other = world.add("admin")
    key = world.accounts.keys.get(world.key.split("_")[1])
    assert world.ask("DELETE", f"/v1/keys/{key.id}", other).status_code == 204
    assert ask(world, "GET", "/v1/me", shown) == 401


@pytest.mark.parametrize("key", ["mm_abcdefgh_" + "a" * 43, "nonsense"])
def test_a_wrong_key_signs_nobody_in(world: World, key: str) -> None:
    answered = world.ask("POST", "/v1/session", None, json={"key": key})
    assert answered.status_code == 401 and "set-cookie" not in answered.headers


def test_who_one_is_and_may_do_is_told(world: World) -> None:
    me = world.ask("GET", "/v1/me").json()
    assert me["role"] == "admin" and "account.write" in me["actions"] and me["units"] == ["*"]


def test_a_write_signed_in_by_cookie_needs_the_header_no_form_can_send(world: World) -> None:
    """S54: with SameSite alone a sister site of the same domain could post a form."""
    shown, _ = cookie(world)
    assert ask(world, "POST", "/v1/units", shown, json=UNIT) == 403
    assert ask(world, "POST", "/v1/units", shown, INTENT, json=UNIT) == 201
    assert world.services.methods == ["establish_unit"]


@pytest.mark.parametrize(
    ("site", "status"), [("same-origin", 201), ("none", 201), ("same-site", 403), ("cross-site", 403)]
)
def test_a_write_that_another_sites_page_began_is_refused(world: World, site: str, status: int) -> None:
    """S54."""
    shown, _ = cookie(world)
    assert ask(world, "POST", "/v1/units", shown, {**INTENT, "Sec-Fetch-Site": site}, json=UNIT) == status


def test_nobody_is_signed_in_by_another_sites_page(world: World) -> None:
    """S54: signing a victim in to the attacker's account is an attack too."""
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert world.ask("POST", "/v1/session", None, headers, json={"key": world.key}).status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_form_can_send_is_not_taken_for_json(world: World, kind: str) -> None:
    """S54."""
    headers = {"Content-Type": kind}
    refused = world.ask("POST", "/v1/units", headers=headers, content=b'{"name":"x"}')
    assert refused.status_code == 415 and refused.json()["code"] == "request.not_json"


def test_a_key_in_the_header_goes_before_a_cookie(world: World) -> None:
    shown, _ = cookie(world)
    viewer = world.add("viewer")
    assert world.ask("GET", "/v1/me", viewer, {"Cookie": shown}).json()["role"] == "viewer"
    assert world.ask("GET", f"/v1/units/{OWN}", "nonsense", {"Cookie": shown}).status_code == 401
