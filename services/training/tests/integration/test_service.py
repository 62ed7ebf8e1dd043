"""The doors of training, on a real SQLite log."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.training.projections import VIEWS
from services.training.service import TrainingService
from shared.context import Caller
from shared.errors import NotFound, RuleBroken
from shared.keys import SqlKeyRing
from shared.messaging import instance
from shared.sealed import ERASED
from shared.testing import caller, open_test_runtime, request

OFFICE, UNIT = caller("office_editor"), str(uuid4())
PLAN = {
    "unit_id": UNIT, "kind": "training", "title": "写作", "starts_at": "2021-09-01T06:00:00Z",
    "ends_at": "2021-09-01T08:00:00Z",
}  # fmt: skip


class World:
    """A training service and what a test asks of it."""

    def __init__(self, folder: Path) -> None:
        self.runtime = open_test_runtime("training", folder, VIEWS)
        self.service: Any = instance(TrainingService, self.runtime)

    def ask(self, method: str, who: Caller = OFFICE, key: str | None = None, /, **body: Any) -> Any:
        return getattr(self.service, method)(request(self.runtime, who, body, key))

    def session(self, *people: UUID, name: str | None = None, kind: str = "training", unit_id: str = UNIT) -> str:
        session_id = str(self.ask("schedule_session", **{**PLAN, "kind": kind, "unit_id": unit_id})["id"])
        if people:
            self.attend(session_id, *people, name=name)
        return session_id

    def attend(self, session_id: str, *people: UUID, name: str | None = None, who: Caller = OFFICE) -> Any:
        attendees = [{"person_id": str(person), "name": name} for person in people]
        return self.ask("record_attendances", who, session_id=session_id, attendees=attendees)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_person_times_and_distinct_people_are_different_figures(world: World) -> None:
    one, two = uuid4(), uuid4()
    world.session(one, two)
    world.session(one)
    listed = world.ask("list_sessions")
    assert (listed["person_times"], listed["distinct_people"]) == (3, 2)


def test_names_are_unsealed_when_no_connection_is_held_any_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant asks for keys amid its reading: as many callers as there are connections wait for each other."""
    session_id, pool = world.session(uuid4(), uuid4(), name="王芳"), world.runtime.engine.pool
    asked: list[int] = []
    key = SqlKeyRing.key

    def noted(ring: SqlKeyRing, person: UUID) -> bytes | None:
        asked.append(pool.checkedout())  # type: ignore[attr-defined]
        return key(ring, person)

    monkeypatch.setattr(SqlKeyRing, "key", noted)
    found = world.ask("get_session", session_id=session_id)
    assert [one["name"] for one in found["attendances"]] == ["王芳"] * 2
    assert asked == [pool.checkedout()] * 2  # type: ignore[attr-defined]


def test_a_session_says_what_it_teaches(world: World) -> None:
    made = world.ask("schedule_session", **{**PLAN, "skills": ["photo", "layout"]})["id"]
    assert world.ask("get_session", session_id=made)["skills"] == ["photo", "layout"]
    assert world.ask("get_session", session_id=world.session())["skills"] == PLAN.get("skills", [])


def test_an_erased_person_still_counts_and_has_no_name(world: World) -> None:
    """F59."""
    person = uuid4()
    session = world.session(person, name="张三")
    assert world.ask("get_session", session_id=session)["attendances"][0]["name"] == "张三"
    world.ask("erase_person", caller("admin"), person_id=str(person))
    found = world.ask("get_session", session_id=session)
    assert (found["attendances"][0]["name"], found["person_times"]) == (ERASED, 1)


def test_a_list_counts_person_times_and_people_of_what_it_was_asked_for(world: World) -> None:
    one, two = uuid4(), uuid4()
    world.session(one, two)
    world.session(one, kind="talk")
    world.session(two, unit_id=str(uuid4()))
    talks, ours = world.ask("list_sessions", kind="talk"), world.ask("list_sessions", unit_id=UNIT)
    assert (talks["person_times"], talks["distinct_people"]) == (1, 1)
    assert (ours["person_times"], ours["distinct_people"]) == (3, 2)
    bound = world.ask("list_sessions", caller("viewer", UNIT))
    assert (bound["person_times"], bound["distinct_people"]) == (3, 2)


def test_telling_a_list_again_changes_nothing_even_when_one_of_it_was_erased_since(world: World) -> None:
    person = uuid4()
    session = world.session(person, name="张三")
    world.ask("erase_person", caller("admin"), person_id=str(person))
    before = world.runtime.log.head()
    world.attend(session, person, name="张三")
    assert world.runtime.log.head() == before


def test_no_personal_data_is_taken_of_who_was_erased(world: World) -> None:
    """F59."""
    person = uuid4()
    world.ask("erase_person", caller("admin"), person_id=str(person))
    with pytest.raises(RuleBroken, match="erased"):
        world.session(person, name="张三")


def test_the_same_key_answers_the_same_and_schedules_once(world: World) -> None:
    first = world.ask("schedule_session", OFFICE, "k1", **PLAN)
    assert world.ask("schedule_session", OFFICE, "k1", **PLAN) == first | {"replayed": True}
    assert len(world.ask("list_sessions")["items"]) == 1


def test_pages_show_every_session_once_and_end(world: World) -> None:
    made = {world.session() for _ in range(4)}
    shown: list[str] = []
    after = None
    while not shown or after:
        page = world.ask("list_sessions", limit=2, after=after)
        shown += [item["id"] for item in page["items"]]
        after = page["next"]
    assert len(shown) == 4 and set(shown) == made


def test_a_session_is_listed_as_held_or_cancelled(world: World) -> None:
    held, cancelled = world.session(), world.session()
    world.ask("hold_session", session_id=held)
    world.ask("cancel_session", session_id=cancelled, reason="雨")
    for status, session in (("held", held), ("cancelled", cancelled)):
        assert [item["id"] for item in world.ask("list_sessions", status=status)["items"]] == [session]


def test_another_units_session_is_answered_like_one_that_does_not_exist(world: World) -> None:
    """S10: no existence oracle, and a refused caller leaves no person's key behind."""
    stranger, person = caller("college_editor", uuid4()), uuid4()
    assert world.ask("list_sessions", stranger)["items"] == []
    for session in (world.session(uuid4()), str(uuid4())):
        for asking in (
            lambda session=session: world.ask("get_session", stranger, session_id=session),
            lambda session=session: world.ask("hold_session", stranger, session_id=session),
            lambda session=session: world.ask("cancel_session", stranger, session_id=session, reason="x"),
            lambda session=session: world.attend(session, person, name="张三", who=stranger),
        ):
            with pytest.raises(NotFound) as refusal:
                asking()
            assert refusal.value.code == "training.session_not_found"
    assert world.runtime.keys.key(person) is None


def test_another_units_session_is_not_scheduled(world: World) -> None:
    """S11."""
    with pytest.raises(NotFound):
        world.ask("schedule_session", caller("college_editor", uuid4()), **PLAN)
