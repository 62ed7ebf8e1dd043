"""Built answers: built once, kept apart by scope, served on when the read model is silent."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from gateway.matrix.asked import Asked
from gateway.matrix.board import Board
from gateway.matrix.cache import Built, Cache
from gateway.matrix.freshness import Freshness
from gateway.matrix.periods import parse
from gateway.matrix.query import Query, query_of
from gateway.matrix.read import Reader
from gateway.tests.matrix.kit import History, apply, at
from shared.errors import Invalid, NotFound, Unavailable
from shared.testing import caller

YEAR = parse("2021")


def built(position: int) -> Built:
    return Built(b"{}", str(position), position, time.monotonic())


def counted(cache: Cache, position: int, failing: bool = False) -> tuple[list[int], Callable[[], Awaitable[Built]]]:
    """Return a list that grows with each building, and the building."""
    calls: list[int] = []

    async def build() -> Built:
        calls.append(position)
        await asyncio.sleep(0.01)
        if failing:
            raise Unavailable("database.unavailable", "silent")
        return built(position)

    return calls, build


def test_five_hundred_who_ask_at_once_cost_one_building() -> None:
    """F54."""

    async def scene() -> None:
        cache = Cache()
        calls, build = counted(cache, 1)
        answers = await asyncio.gather(*(cache.get("key", 1, build) for _ in range(500)))
        assert len(calls) == 1 and len({answer[0].etag for answer in answers}) == 1
        await cache.get("key", 1, build)
        assert len(calls) == 1
        _, newer = counted(cache, 2)
        assert (await cache.get("key", 2, newer))[0].position == 2

    asyncio.run(scene())


def test_the_last_good_answer_is_served_while_the_read_model_is_silent() -> None:
    """F54."""

    async def scene() -> None:
        cache = Cache()
        _, good = counted(cache, 1)
        calls, bad = counted(cache, 2, failing=True)
        with pytest.raises(Unavailable):
            await cache.get("key", 1, bad)
        await cache.get("key", 1, good)
        answers = await asyncio.gather(*(cache.get("key", 2, bad) for _ in range(100)))
        assert {(answer.position, current) for answer, current in answers} == {(1, False)}
        await cache.get("key", 2, bad)
        assert len(calls) == 2  # one for the refusal at first, one for the hundred; the last did not ask again

    asyncio.run(scene())


def test_one_who_gives_up_does_not_take_the_building_from_the_others() -> None:
    async def scene() -> None:
        cache = Cache()
        calls, build = counted(cache, 1)
        impatient = asyncio.create_task(cache.get("key", 1, build))
        patient = asyncio.create_task(cache.get("key", 1, build))
        await asyncio.sleep(0)
        impatient.cancel()
        assert (await patient)[0].position == 1 and len(calls) == 1

    asyncio.run(scene())


def test_the_cache_forgets_what_was_asked_for_longest_ago() -> None:
    async def scene() -> None:
        cache = Cache(capacity=2)
        for key in ("a", "b", "c"):
            await cache.get(key, 1, counted(cache, 1)[1])
        calls, build = counted(cache, 1)
        await cache.get("c", 1, build)
        await cache.get("a", 1, build)
        assert len(calls) == 1

    asyncio.run(scene())


def test_what_could_not_be_built_is_not_remembered_for_ever() -> None:
    """The mutant keeps a note of each question that was asked while the database was silent."""

    async def silent() -> Built:
        raise Unavailable("database.unavailable")

    async def play() -> None:
        cache = Cache(capacity=2)
        for number in range(20):
            with pytest.raises(Unavailable):
                await cache.get(number, 0, silent)
        assert len(cache._failed_at) <= 2

    asyncio.run(play())


def two_units(model: Engine) -> tuple[History, UUID, UUID]:
    history = History()
    mine, other = history.unit("mine"), history.unit("other")
    history.publish(mine, history.channel(mine), at("2021-05-05T12:00"))
    history.publish(other, history.channel(other), at("2021-06-05T12:00"))
    apply(model, history.events)
    return history, mine, other


def asked(**query: Any) -> Asked:
    """Return a question about the year, asked now."""
    return Asked(Query(period=YEAR, **query), datetime.now(UTC))


async def answered(board: Board, **query: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((await board.answer(asked(**query)))[0])
    return answer


def test_two_callers_in_turns_never_get_each_others_units(model: Engine) -> None:
    """S56."""
    _, mine, other = two_units(model)

    async def scene() -> None:
        board = Board(model)
        for _ in range(1000):
            unit, foreign = random.sample([mine, other], 2)
            body, _ = await board.answer(asked(scope=frozenset({unit})))
            assert str(unit).encode() in body and str(foreign).encode() not in body
        board.close()

    asyncio.run(scene())


def test_position_is_text_and_the_tag_changes_with_the_answer_only(model: Engine) -> None:
    """F63."""
    history, mine, other = two_units(model)

    async def scene() -> None:
        board = Board(model)
        question = asked(scope=frozenset({mine}))
        body, tag = await board.answer(question)
        assert json.loads(body)["position"] == "6"
        board.position = apply(model, [history.publish(other, UUID(int=5), at("2021-07-05T12:00"))]) or 0
        body, same = await board.answer(question)
        assert same == tag and json.loads(body)["position"] == "7"
        board.position = apply(model, [history.publish(mine, UUID(int=5), at("2021-07-05T12:00"))]) or 0
        assert (await board.answer(question))[1] != tag
        board.close()

    asyncio.run(scene())


def test_a_silent_read_model_is_named_and_the_answer_is_the_last_good_one(
    model: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, mine, _ = two_units(model)

    async def scene() -> None:
        board = Board(model)
        good = await answered(board)
        assert good["missing"] == [] and good["age_s"] < 5

        def silent(*_: object) -> None:
            raise Unavailable("database.unavailable", "silent")

        monkeypatch.setattr(Reader, "_reading", silent)
        board.position += 1
        last = await answered(board)
        assert last["missing"] == ["matrix"] and last["units"] == good["units"]
        with pytest.raises(Unavailable):
            await answered(board, unit=mine)
        board.close()

    asyncio.run(scene())


def test_a_source_that_does_not_answer_is_named_and_the_rest_is_answered(model: Engine) -> None:
    two_units(model)

    async def scene() -> None:
        board = Board(model)
        tag = (await board.answer(asked()))[1]
        board.freshness.answers("media", alive=False)
        body, other_tag = await board.answer(asked())
        assert json.loads(body)["missing"] == ["media"] and tag != other_tag
        board.freshness.answers("media", alive=True)
        assert (await board.answer(asked()))[1] == tag
        board.close()

    asyncio.run(scene())


def told_at_once(model: Engine) -> None:
    """Assert that a board tells the same again until something else is true, and then that."""
    history, _, other = two_units(model)

    async def scene() -> None:
        board, question = Board(model), asked()
        await board.answer(question)
        body, tag = board.at_hand(question) or (b"", "")
        assert json.loads(body)["missing"] == [] and tag
        board.freshness.answers("media", alive=False)
        body, other_tag = board.at_hand(question) or (b"", "")
        assert json.loads(body)["missing"] == ["media"] and tag != other_tag
        board.position = apply(model, [history.publish(other, UUID(int=5), at("2021-07-05T12:00"))]) or 0
        assert board.at_hand(question) is None
        board.close()

    asyncio.run(scene())


def test_what_is_at_hand_is_told_until_something_is_heard_or_happens(model: Engine) -> None:
    """F63."""
    told_at_once(model)


def test_a_board_that_tells_what_it_told_would_be_caught(model: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """F63: the mutant."""
    look = Board._look
    monkeypatch.setattr(Board, "_look", lambda self, now: None if self._wholes else look(self, now))
    with pytest.raises(AssertionError):
        told_at_once(model)


def test_a_feed_is_missing_when_it_was_not_seen_or_lags_behind_what_a_command_said() -> None:
    freshness = Freshness(("content", "media"), now=100.0)
    assert freshness.missing(114.0) == [] and freshness.age_s(114.0) == 14.0
    freshness.seen("content", 7, 120.0)
    assert freshness.missing(120.0) == ["media"]
    freshness.seen("media", 1, 120.0)
    freshness.expect("content", 7, 121.0)
    freshness.expect("media", 3, 121.0)
    freshness.expect("media", 4, 130.0)
    assert freshness.missing(131.5) == ["media"]
    freshness.seen("media", 3, 131.0)
    assert freshness.missing(131.5) == []


NOW = datetime(2021, 12, 31, 16, 30, tzinfo=UTC)


def test_without_a_period_it_is_the_current_year_in_shanghai() -> None:
    assert query_of({}, caller("viewer"), NOW).period.name == "2022"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"period": "soon"}, "matrix.period"),
        ({"as_of": "yesterday"}, "matrix.as_of"),
        ({"as_of": "2021-12-01T00:00:00"}, "matrix.as_of"),
        ({"as_of": "2023-01-01T00:00:00Z"}, "matrix.as_of"),
        ({"kind": "planet"}, "matrix.kind"),
        ({"unit": "7"}, "matrix.unit"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(parameters: dict[str, str], code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        query_of(parameters, caller("viewer"), NOW)
    assert refusal.value.code == code and list(refusal.value.fields) == list(parameters)


def test_an_instant_may_name_any_time_zone_and_lose_its_plus_on_the_way() -> None:
    for text in ("2021-12-01T08:00:00+08:00", "2021-12-01T08:00:00 08:00", "2021-12-01T00:00:00Z"):
        assert query_of({"as_of": text}, caller("viewer"), NOW).as_of == datetime(2021, 12, 1, tzinfo=UTC)


def test_anothers_unit_does_not_exist() -> None:
    with pytest.raises(NotFound):
        query_of({"unit": str(UUID(int=1))}, caller("college_editor", UUID(int=2)), NOW)
