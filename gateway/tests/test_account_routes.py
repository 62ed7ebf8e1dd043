"""Accounts over HTTP: made once, changed with the version one saw, and never beyond one's own units."""

from typing import Any

import pytest

from gateway.tests.kit import OTHER_UNIT, OWN_UNIT, World

NEW = {"name": "Li Hua", "role": "correspondent", "units": [str(OWN_UNIT)]}


def made(world: World, **more: Any) -> str:
    return str(world.ask("POST", "/v1/accounts", json={**NEW, **more}).json()["id"])


def test_an_account_is_made_shown_and_listed(world: World) -> None:
    answered = world.ask("POST", "/v1/accounts", json=NEW)
    assert answered.status_code == 201
    shown = world.ask("GET", answered.headers["Location"]).json()
    assert {name: shown[name] for name in NEW} == NEW
    assert shown["keys"] == [] and not shown["disabled"]
    assert shown["id"] in [account["id"] for account in world.ask("GET", "/v1/accounts").json()["items"]]


def test_accounts_come_page_by_page(world: World) -> None:
    everybody = {made(world, name=str(number)) for number in range(5)}
    found, path = [], "/v1/accounts?limit=2"
    while path:
        page = world.ask("GET", path).json()
        found += [account["id"] for account in page["items"]]
        path = page["next"] and f"/v1/accounts?limit=2&cursor={page['next']}"
    assert everybody < set(found) and len(found) == len(set(found)) == 6


def test_the_same_key_makes_one_account_and_another_body_is_refused(world: World) -> None:
    headers = {"Idempotency-Key": "monday"}
    first = world.ask("POST", "/v1/accounts", headers=headers, json=NEW)
    again = world.ask("POST", "/v1/accounts", headers=headers, json=NEW)
    assert again.json() == first.json() and again.headers["Idempotent-Replayed"] == "true"
    other = world.ask("POST", "/v1/accounts", headers=headers, json={**NEW, "role": "admin"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")


def test_a_key_is_shown_once_and_listed_without_its_secret(world: World) -> None:
    account = made(world)
    issued = world.ask("POST", f"/v1/accounts/{account}/keys", json={"label": "phone", "days": 1})
    assert issued.headers["Cache-Control"] == "no-store"
    assert world.ask("GET", "/v1/me", issued.json()["key"]).json()["id"] == account
    shown = world.ask("GET", f"/v1/accounts/{account}")
    assert shown.json()["keys"][0]["label"] == "phone"
    assert issued.json()["key"] not in shown.text and "digest" not in shown.text


def test_a_change_needs_the_version_one_saw(world: World) -> None:
    path = f"/v1/accounts/{made(world)}"
    tag = world.ask("GET", path).headers["ETag"]
    assert world.ask("PATCH", path, json={"role": "viewer"}).status_code == 428
    assert world.ask("PATCH", path, headers={"If-Match": tag}, json={"role": "viewer"}).status_code == 200
    assert world.ask("PATCH", path, headers={"If-Match": tag}, json={"role": "photographer"}).status_code == 412


def test_an_administrator_of_one_unit_gives_away_nothing_of_another(world: World) -> None:
    """S14."""
    key = world.add("admin", OWN_UNIT)
    for units in (["*"], [str(OTHER_UNIT)], [str(OWN_UNIT), str(OTHER_UNIT)]):
        answered = world.ask("POST", "/v1/accounts", key, json={**NEW, "units": units})
        assert (answered.status_code, answered.json()["code"]) == (422, "accounts.beyond_your_units")
    mine = world.ask("POST", "/v1/accounts", key, json=NEW).json()["id"]
    widened = world.ask("PATCH", f"/v1/accounts/{mine}", key, {"If-Match": "*"}, json={"units": ["*"]})
    assert widened.status_code == 422
    everybodys = world.ask("GET", "/v1/me").json()["id"]
    assert (
        world.ask("PATCH", f"/v1/accounts/{everybodys}", key, {"If-Match": "*"}, json={"disabled": True}).status_code
        == 404
    )
    assert everybodys not in world.ask("GET", "/v1/accounts", key).text


@pytest.mark.parametrize(
    ("change", "field"),
    [({"role": "king"}, "role"), ({"units": ["*", str(OWN_UNIT)]}, "units"), ({"units": ["x"]}, "units"),
     ({"name": ""}, "name"), ({"version": 7}, "version"), ({"created_at": "2021-01-01"}, "created_at")],
)  # fmt: skip
def test_what_no_account_can_be_is_refused(world: World, change: dict[str, Any], field: str) -> None:
    answered = world.ask("POST", "/v1/accounts", json={**NEW, **change})
    assert answered.status_code == 400 and field in answered.json()["errors"][0]["field"]


def test_the_last_administrator_stays(world: World) -> None:
    """S14."""
    me = world.ask("GET", "/v1/me").json()["id"]
    answered = world.ask("PATCH", f"/v1/accounts/{me}", headers={"If-Match": "*"}, json={"disabled": True})
    assert (answered.status_code, answered.json()["code"]) == (422, "accounts.last_admin")
