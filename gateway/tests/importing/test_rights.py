"""Imports are their account's: they do what it may, as long as it may, and nobody else sees them."""

from typing import Any
from uuid import UUID

import pytest

from gateway.tests.importing.kit import CHANNEL, begin, counted, lines, work
from gateway.tests.kit import OTHER_UNIT, OWN_UNIT, World


def test_rows_are_sent_with_the_callers_own_account_and_units(services: World) -> None:
    """G7: never a wider right than the caller's."""
    key = services.add("college_editor", OWN_UNIT)
    begin(services, lines(1), key)
    work(services)
    for _, _, request in services.services.requests:
        caller = services.deps.calls.signer.verify(request["caller"])
        assert (caller.role, caller.units) == ("college_editor", frozenset({str(OWN_UNIT)}))


def test_an_import_of_another_unit_is_not_there(services: World) -> None:
    """G7."""
    mine, theirs = (services.add("college_editor", unit) for unit in (OWN_UNIT, OTHER_UNIT))
    both = services.add("college_editor", OWN_UNIT, OTHER_UNIT)
    where = begin(services, lines(1), mine).headers["Location"]
    wide = begin(services, lines(1), both).headers["Location"]

    for path in (where, f"{where}/rows", f"{where}/report"):
        assert services.ask("GET", path, theirs).status_code == 404
    seen = {key: services.ask("GET", "/v1/imports", key).json()["items"] for key in (mine, theirs, both)}
    assert [one["id"] for one in seen[mine]] == [where[-36:]] and seen[theirs] == []
    assert [one["id"] for one in seen[both]] == [wide[-36:], where[-36:]]
    assert services.ask("GET", wide, mine).status_code == 404


def test_who_is_bound_to_no_unit_imports_nothing_that_others_could_see(services: World) -> None:
    """G7."""
    account = services.accounts.people.add("nobody", "college_editor", [])
    key = str(services.accounts.keys.issue(UUID(account.body["id"]), "x").body["key"])
    refused = begin(services, lines(1), key)
    assert (refused.status_code, refused.json()["code"]) == (422, "import.no_unit")
    assert services.ask("GET", "/v1/imports").json()["items"] == []


@pytest.mark.parametrize("query", [{"unit": "理学院"}, {"unit": str(OTHER_UNIT)}, {"channel": "抖音"}])
def test_a_unit_or_channel_that_is_not_the_callers_is_not_there(services: World, query: dict[str, str]) -> None:
    assert begin(services, lines(1), **query).status_code == 404
    assert services.ask("GET", "/v1/imports").json()["items"] == []


@pytest.mark.parametrize("how", ["revoked", "role", "disabled"])
def test_a_right_that_is_taken_away_ends_the_import_at_the_next_row(services: World, how: str) -> None:
    """The naive mutant sends all rows with the rights of the beginning."""
    key = services.add("college_editor", OWN_UNIT)
    account = UUID(services.ask("GET", "/v1/me", key).json()["id"])

    def second_takes_it_away(request: dict[str, Any]) -> dict[str, Any]:
        if request["body"]["followers"] == 1002:
            match how:
                case "revoked":
                    services.accounts.keys.revoke(services.accounts.keys.all(account)[0].id)
                case "role":
                    services.accounts.people.change(account, {"role": "viewer"})
                case _:
                    services.accounts.people.change(account, {"disabled": True})
        return {"id": CHANNEL}

    services.services.answers["count_followers"] = second_takes_it_away
    where = begin(services, lines(5), key).headers["Location"]
    work(services)
    ended = services.ask("GET", where).json()
    assert (ended["state"], ended["rows"]["done"], len(counted(services))) == ("failed", 2, 2)
    assert "do not hold" in ended["reason"]
