"""Workers send an import's rows in turns: each row once, whoever is stopped, and none for what was given up."""

from contextlib import closing
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from gateway.importing.desk import ImportDesk
from gateway.importing.turns import Turns
from gateway.tests.importing.kit import CHANNEL, begin, counted, lines, work
from gateway.tests.kit import OTHER_UNIT, OWN_UNIT, World
from shared.errors import NotFound, RuleBroken, Unavailable


def test_what_one_worker_left_behind_another_goes_on_with_and_sends_no_row_twice(
    services: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The naive mutant, which notes what became of rows when all are through, sends the first three again."""
    monkeypatch.setattr("gateway.importing.platform.PAUSE_S", 0.0)
    monkeypatch.setattr("gateway.importing.runner.PAUSE", timedelta(0))
    done = iter(range(3))

    def three(_: dict[str, Any]) -> dict[str, Any]:
        if next(done, None) is None:
            raise Unavailable("rpc.timeout")
        return {"id": CHANNEL}

    services.services.answers["count_followers"] = three
    where = begin(services, lines(9)).headers["Location"]
    services.runner.run(services.deps.imports.runner.step())
    stopped = services.ask("GET", where).json()
    assert (stopped["state"], stopped["rows"]["done"]) == ("running", 3) and "does not answer" in stopped["reason"]

    del services.services.answers["count_followers"]
    failed = len(counted(services)) - 3
    with closing(ImportDesk(services.deps.engine, services.accounts, services.deps.calls)) as other:
        work(services, other)
    sent = counted(services)
    assert [followers for followers, _ in sent[:3] + sent[3 + failed :]] == list(range(1001, 1010))
    assert len({key for _, key in sent}) == 9
    ended = services.ask("GET", where).json()
    assert (ended["state"], ended["rows"]["accepted"], ended["reason"]) == ("done", 9, None)


def test_a_row_that_a_service_cannot_take_does_not_hold_up_the_others(services: World) -> None:
    def odd(request: dict[str, Any]) -> dict[str, Any]:
        if request["body"]["followers"] == 1002:
            raise RuleBroken("metrics.counted_in_future", "no")
        if request["body"]["followers"] == 1003:
            raise NotFound("caller.no_such_unit", "no")
        return {"id": CHANNEL}

    services.services.answers["count_followers"] = odd
    where = begin(services, lines(4)).headers["Location"]
    work(services)
    rows = services.ask("GET", f"{where}/rows").json()["items"]
    assert [row["outcome"] for row in rows] == ["accepted", "rejected", "rejected", "accepted"]
    assert [row["field"] for row in rows if row["field"]] == ["metrics.counted_in_future", "caller.no_such_unit"]


def test_an_import_that_is_given_up_sends_no_more_and_says_what_was_sent(services: World) -> None:
    mine, theirs = (services.add("college_editor", unit) for unit in (OWN_UNIT, OTHER_UNIT))
    where = begin(services, lines(58), mine).headers["Location"]

    def give_up(request: dict[str, Any]) -> dict[str, Any]:
        if request["body"]["followers"] == 1004:
            services.deps.imports.book.give_up(UUID(where[-36:]), services.accounts.people.all()[0].caller())
        return {"id": CHANNEL}

    services.services.answers["count_followers"] = give_up
    assert services.ask("DELETE", where, theirs).status_code == 404
    work(services)
    ended = services.ask("GET", where, mine).json()
    assert (ended["state"], ended["rows"]["accepted"]) == ("failed", 50) and "given up" in ended["reason"]
    assert len(counted(services)) == 50
    assert services.ask("DELETE", where, mine).status_code == 204
    assert services.ask("GET", where, mine).json() == ended


def test_an_import_is_held_by_one_worker_and_they_take_turns(services: World) -> None:
    first, second = (begin(services, lines(1)).json()["id"] for _ in range(2))
    one, two = (Turns(services.deps.engine, name) for name in ("one", "two"))
    turn = one.take()
    assert turn is not None and str(turn.import_id) in (first, second)
    other = two.take()
    assert other is not None and {str(turn.import_id), str(other.import_id)} == {first, second}
    assert one.take() is None
    one.give_back(turn)
    taken = two.take()
    assert taken is not None and taken.import_id == turn.import_id


def test_an_import_that_was_held_by_a_clock_that_ran_ahead_is_taken(
    services: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F16: a killed worker's clock was two hours fast; the mutant waits for two hours."""
    begin(services, lines(3))
    fast, right = (Turns(services.deps.engine, name) for name in ("fast", "right"))

    clock = SimpleNamespace(now=lambda zone: datetime.now(zone) + timedelta(hours=2))
    with monkeypatch.context() as patched:
        patched.setattr("gateway.importing.turns.datetime", clock)
        assert fast.take() is not None
    assert right.take() is not None
    assert Turns(services.deps.engine, "late").take() is None
