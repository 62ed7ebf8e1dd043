"""How much anybody may do in a while: counted once for all workers, refused with the time to wait."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from falcon.asgi import Request
from falcon.testing import create_scope
from sqlalchemy import Engine
from structlog.testing import capture_logs

from conftest import MakeDatabase
from gateway import limits
from gateway.addresses import Addresses
from gateway.limits import SECOND, Allowances, Limit, Limits, Rate, TooMany
from gateway.tests.kit import OWN_UNIT, World
from shared.config import BadSetting
from shared.database import open_engine
from shared.errors import Unavailable

T = TypeVar("T")
UNIT = {"name": "x", "kind": "college", "since": "2021-01-01"}
RATE = Rate("limit.test", 3, 60)
MINE = Limit(RATE, "me")


@pytest.fixture
def engine(database: MakeDatabase) -> Iterator[Engine]:
    engine = open_engine(database("gateway").url)
    yield engine
    engine.dispose()


async def at_once(work: Callable[[], T]) -> T:
    return work()


def test_an_allowance_is_a_burst_and_then_a_steady_rate(engine: Engine) -> None:
    book = Allowances(engine)
    assert [book.take(MINE, now_us=0) for _ in range(4)] == [0, 0, 0, 1]
    assert book.take(MINE, now_us=SECOND // 2) == 0.5
    assert [book.take(MINE, now_us=SECOND) for _ in range(2)] == [0, 1]
    assert [book.take(MINE, now_us=3600 * SECOND) for _ in range(4)] == [0, 0, 0, 1]
    assert book.take(Limit(RATE, "you"), now_us=0) == 0


def test_what_is_given_back_may_be_taken_again(engine: Engine) -> None:
    book = Allowances(engine)
    assert [book.take(MINE) for _ in range(3)] == [0, 0, 0] and book.take(MINE) > 0
    book.give_back([MINE])
    assert book.take(MINE) == 0 and book.take(MINE) > 0


def test_two_workers_and_many_threads_share_one_allowance(engine: Engine) -> None:
    """S21: ten times the quota, and not one more is let in than the quota (and what grew back meanwhile)."""
    limit = Limit(Rate("limit.test", 100, 0.001), "me")
    books = [Allowances(engine), Allowances(engine)]
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda number: books[number % 2].take(limit), range(300)))
    assert sum(wait == 0 for wait in taken) == 100


def test_workers_take_portions_and_the_database_is_seldom_asked(engine: Engine) -> None:
    """S21: accepted at most the quota, whatever the number of workers; a call of the database for every fifty."""
    limit, asked = Limit(Rate("limit.test", 1000, 0.001), "me"), 0

    async def in_thread(work: Callable[[], Any]) -> Any:
        nonlocal asked
        asked += 1
        return work()

    workers = [Limits(Allowances(engine), in_thread), Limits(Allowances(engine), in_thread)]

    async def spend() -> int:
        let_in = 0
        for number in range(3000):
            try:
                await workers[number % 2].take(limit)
                let_in += 1
            except TooMany:
                pass
        return let_in

    assert asyncio.run(spend()) == 1000
    assert asked < 120


def test_those_who_wait_for_one_allowance_have_it_asked_once(engine: Engine) -> None:
    """Fifty requests of a batch ask at once: a portion for each would be the whole allowance, and fifty waits."""
    limit, asked = Limit(Rate("limit.test", 2500, 0.001), "me"), 0

    async def in_thread(work: Callable[[], Any]) -> Any:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return work()

    async def spend() -> list[Any]:
        limits = Limits(Allowances(engine), in_thread)
        return await asyncio.gather(*(limits.take(limit) for _ in range(2501)), return_exceptions=True)

    refused = [error for error in asyncio.run(spend()) if error is not None]
    assert [type(error) for error in refused] == [TooMany]
    assert asked < 60


def test_a_silent_database_lets_pass_what_it_cannot_count(engine: Engine) -> None:
    class Silent(Allowances):
        def take(self, limit: Limit, count: int = 1, now_us: int | None = None) -> float:
            raise Unavailable("database.unavailable")

    async def many() -> None:
        limits = Limits(Silent(engine), at_once)
        for _ in range(20):
            await limits.take(Limit(Rate("limit.silent", 3, 60), "me"))

    with capture_logs() as lines:
        asyncio.run(many())
    assert len([line for line in lines if line["event"] == "limits.uncounted"]) <= 1  # a minute


def test_more_writes_than_a_person_makes_are_refused_with_the_time_to_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S21, S24: also what one approves, samples or uploads; reading goes on."""
    monkeypatch.setattr(limits, "WRITES", Rate("limit.writes", 3, 6))
    opened = world.ask("POST", "/v1/session", None, json={"key": world.key})
    shown = {"Cookie": opened.headers["set-cookie"].partition(";")[0], "X-Matrix-Request": "1"}
    told = [world.ask("POST", "/v1/units", None, shown, json=UNIT) for _ in range(5)]
    assert [answered.status_code for answered in told] == [201, 201, 201, 429, 429]
    assert 1 <= int(told[-1].headers["Retry-After"]) <= 10 and told[-1].json()["code"] == "limit.writes"
    assert world.services.methods == ["establish_unit"] * 3
    assert world.ask("GET", "/v1/units", None, shown).status_code == 200
    assert world.ask("POST", "/v1/units", world.add("admin"), json=UNIT).status_code == 201


def test_uploads_are_counted_by_themselves(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """S21."""
    monkeypatch.setattr(limits, "KEY_UPLOADS", Rate("limit.key_uploads", 1, 6))
    unit = "dW5pdA=="
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": f"filename eA==,unit_id {unit}"}
    told = [world.ask("POST", "/v1/assets/uploads", headers=headers).status_code for _ in range(2)]
    assert told[0] != 429 and told[1] == 429
    assert world.ask("POST", "/v1/units", json={**UNIT, "parent_id": str(OWN_UNIT)}).status_code != 429


@pytest.mark.parametrize(
    ("trusted", "forwarded", "peer", "found"),
    [
        ((), "203.0.113.9", "127.0.0.1", "127.0.0.1"),
        (("127.0.0.1",), "203.0.113.9", "127.0.0.1", "203.0.113.9"),
        (("127.0.0.1",), "1.1.1.1, 203.0.113.9", "127.0.0.1", "203.0.113.9"),
        (("127.0.0.1", "10.0.0.0/8"), "203.0.113.9, 10.1.2.3", "127.0.0.1", "203.0.113.9"),
        (("10.0.0.0/8",), "203.0.113.9", "192.0.2.1", "192.0.2.1"),
        (("127.0.0.1",), None, "127.0.0.1", "127.0.0.1"),
        (("127.0.0.1",), "x" * 500, "127.0.0.1", "x" * 45),
    ],
)
def test_only_a_proxy_of_the_list_is_believed(
    trusted: tuple[str, ...], forwarded: str | None, peer: str, found: str
) -> None:
    """S07."""
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    req = Request({**create_scope(headers=headers), "client": (peer, 1)}, None)  # type: ignore[arg-type]
    assert Addresses(trusted).of(req) == found


def test_a_trusted_proxy_is_an_address() -> None:
    with pytest.raises(BadSetting, match="MATRIX_TRUSTED_PROXIES"):
        Addresses(["proxy.example.edu"])
