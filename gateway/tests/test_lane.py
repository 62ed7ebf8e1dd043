"""The short way to the matrix answers as the long way does, and notices everything that the long way would."""

from typing import Any
from uuid import UUID

import pytest

from gateway import lane
from gateway.auth import Access
from gateway.matrix.board import Board
from gateway.tests.kit import World
from gateway.tests.matrix.kit import History, apply, at

PATH = "/v1/matrix?period=2021"
ORIGIN = {"Origin": "https://portal.example.edu"}


@pytest.fixture
def history(world: World) -> History:
    """Give a history of two units that the world's matrix knows."""
    history = History()
    for name in ("mine", "other"):
        history.publish(history.unit(name), UUID(int=9), at("2021-03-01T12:00"))
    apply(world.deps.engine, history.events)
    return history


def units(history: History) -> tuple[UUID, UUID]:
    """Return the history's two units."""
    mine, other = dict.fromkeys(recorded.event.unit_id for recorded in history.events)  # type: ignore[attr-defined]
    return mine, other


@pytest.fixture
def long_way(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the list that grows with each question that goes the long way."""
    went: list[str] = []

    def noted(req: Any, *found: Any) -> None:
        went.append(req.path)
        lane.lay_aside(req, *found)

    monkeypatch.setattr("gateway.resources.matrix.lay_aside", noted)
    return went


def test_what_is_asked_again_goes_the_short_way_and_gets_the_same(
    world: World, history: History, long_way: list[str]
) -> None:
    first, again = world.ask("GET", PATH), world.ask("GET", PATH)
    assert long_way == ["/v1/matrix"]
    assert first.status_code == again.status_code == 200
    assert {**first.json(), "age_s": 0} == {**again.json(), "age_s": 0}
    assert {**first.headers, "x-request-id": ""} == {**again.headers, "x-request-id": ""}
    assert first.headers["X-Request-Id"] != again.headers["X-Request-Id"]
    assert (
        'gateway_requests_total{method="GET",route="/v1/matrix",status="200"} 2.0' in world.ask("GET", "/metrics").text
    )


def test_who_has_the_answer_already_is_told_so_on_both_ways(
    world: World, history: History, long_way: list[str]
) -> None:
    tag = {"If-None-Match": world.ask("GET", PATH).headers["ETag"]}
    short = world.ask("GET", PATH, headers=tag)
    other = world.ask("GET", PATH + "&kind=college", headers=tag)
    long = world.ask("GET", PATH, world.add("admin", name="newcomer"), headers=tag)
    assert [short.status_code, other.status_code, long.status_code] == [304, 200, 304]
    assert short.content == b"" and len(long_way) == 2
    assert dict(short.headers) == dict(long.headers)
    assert set(short.headers) == {"etag", "cache-control", "vary"}


def test_another_question_of_a_known_caller_goes_the_short_way_and_gets_what_the_long_way_would_say(
    world: World, history: History, long_way: list[str]
) -> None:
    world.ask("GET", PATH)
    mine, _ = units(history)
    for more in (
        "&kind=college",
        f"&unit={mine}",
        "&as_of=2021-06-01T00:00:00%2B08:00",
        "&channel=" + str(UUID(int=9)),
    ):
        short = world.ask("GET", PATH + more)
        assert len(long_way) == 1
        lane, world.app.lane = world.app.lane, None
        long = world.ask("GET", PATH + more)
        world.app.lane = lane
        assert {**short.json(), "age_s": 0} == {**long.json(), "age_s": 0}
        assert {**short.headers, "x-request-id": ""} == {**long.headers, "x-request-id": ""}
        long_way.pop()


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ("&period=2020", 400), ("&limit=3", 400), ("&kind=planet", 400), ("&unit=7", 400), ("&kind=", 400),
        ("&unit=" + "-" * 100 + UUID(int=1).hex, 400), ("&%FF=1", 400), ("&as_of=2999-01-01T00:00:00Z", 400),
    ],
)  # fmt: skip
def test_what_is_no_question_is_refused_by_the_long_way_every_time(
    world: World, history: History, more: str, status: int
) -> None:
    world.ask("GET", PATH)
    refused = [world.ask("GET", PATH + more) for _ in range(2)]
    assert [each.status_code for each in refused] == [status] * 2
    assert all(each.headers["Content-Type"] == "application/problem+json" for each in refused)


def test_anothers_unit_does_not_exist_on_the_short_way_either(world: World, history: History) -> None:
    mine, other = units(history)
    key = world.add("college_editor", mine, name="editor")
    asked = [world.ask("GET", f"{PATH}&unit={unit}", key).status_code for unit in (mine, other, mine, other)]
    assert asked == [200, 404, 200, 404]


def access_acts_at_once(world: World) -> None:
    """Assert that who lost a right on the long way has lost it on the short one."""
    viewer = world.add("viewer", name="viewer")
    account = world.ask("GET", "/v1/me", viewer).json()["id"]
    assert [world.ask("GET", PATH, viewer).status_code for _ in range(2)] == [200, 200]
    change = {"units": [str(UUID(int=1))]}
    assert world.ask("PATCH", f"/v1/accounts/{account}", headers={"If-Match": "*"}, json=change).status_code == 200
    assert world.ask("GET", PATH, viewer).json()["units"] == []
    assert world.ask("GET", PATH, viewer).json()["units"] == []
    off = {"disabled": True}
    assert world.ask("PATCH", f"/v1/accounts/{account}", headers={"If-Match": "*"}, json=off).status_code == 200
    assert world.ask("GET", PATH, viewer).status_code == 401


def test_a_right_that_was_taken_away_is_gone_on_the_short_way_too(world: World, history: History) -> None:
    """S09."""
    access_acts_at_once(world)


def test_a_lane_that_does_not_look_at_access_would_answer_for_ever(
    world: World, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S09: the mutant."""
    monkeypatch.setattr(Access, "holds", lambda self, standing: True)
    with pytest.raises(AssertionError):
        access_acts_at_once(world)


def no_question_outlives_a_right(world: World, history: History) -> None:
    """Assert that whoever lost a unit has lost it in every question that he asked before."""
    mine, other = units(history)
    editor = world.add("college_editor", mine, other, name="editor")
    account = world.ask("GET", "/v1/me", editor).json()["id"]
    questions = [PATH, PATH + "&kind=college", f"{PATH}&unit={other}"]
    assert all(str(other) in world.ask("GET", question, editor).text for question in questions * 2)
    change = {"units": [str(mine)]}
    assert world.ask("PATCH", f"/v1/accounts/{account}", headers={"If-Match": "*"}, json=change).status_code == 200
    seen = [world.ask("GET", question, editor) for question in questions * 2]
    assert [each.status_code for each in seen] == [200, 200, 404] * 2
    assert all(str(mine) in each.text for each in seen if each.status_code == 200)
    assert not any(str(other) in each.text for each in seen)


def test_a_unit_that_was_taken_away_is_gone_from_every_question_asked_before(world: World, history: History) -> None:
    """G7: what is remembered of a caller's questions holds what he might see when he asked them."""
    no_question_outlives_a_right(world, history)


def test_a_lane_that_keeps_questions_for_who_looks_the_same_would_tell_what_is_anothers(
    world: World, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G7: the mutant."""
    monkeypatch.setattr(lane.Asker, "__eq__", lambda self, other: self.whole == other.whole)
    monkeypatch.setattr(lane.Asker, "__hash__", lambda self: 0)
    with pytest.raises(AssertionError):
        no_question_outlives_a_right(world, history)


def test_two_callers_with_the_same_words_never_get_each_others_units(world: World, history: History) -> None:
    """G7."""
    mine, other = units(history)
    keys = {unit: world.add("college_editor", unit, name=str(unit)) for unit in (mine, other)}
    for unit in (mine, other) * 3:
        seen = world.ask("GET", PATH, keys[unit]).text
        assert str(unit) in seen and str(other if unit == mine else mine) not in seen
    assert world.ask("GET", PATH, None).status_code == 401


def test_another_origin_is_another_question(world: World, history: History) -> None:
    for headers in (ORIGIN, None, ORIGIN, None):
        answered = world.ask("GET", PATH, headers=headers)
        assert ("Access-Control-Allow-Origin" in answered.headers) == bool(headers)


def test_what_happens_is_seen_on_the_short_way(world: World, history: History) -> None:
    before = [world.ask("GET", PATH).headers["ETag"] for _ in range(2)]
    board: Board = world.deps.matrix.board
    published = history.publish(units(history)[0], UUID(int=9), at("2021-04-01T12:00"))
    board.position = apply(world.deps.engine, [published]) or 0
    after = [world.ask("GET", PATH).headers["ETag"] for _ in range(2)]
    assert len(set(before)) == len(set(after)) == 1 and before != after
