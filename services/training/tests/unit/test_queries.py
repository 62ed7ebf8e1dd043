"""Person-times and people: two figures of the same attendances."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from services.training import queries
from services.training.projections import metadata, project
from shared.contracts.training.events import AttendanceRecorded, SessionScheduled
from shared.events import Told
from shared.read_model import read_model

NOON = datetime(2021, 9, 1, 4, tzinfo=UTC)
UNIT = UUID(int=99)
SESSIONS = range(1, 4)


def scheduled(session: int) -> SessionScheduled:
    return SessionScheduled(
        session_id=UUID(int=session), unit_id=UNIT, kind="training", title="t", place=None, speaker=None, skills=(),
        starts_at=NOON, ends_at=NOON + timedelta(hours=1),
    )  # fmt: skip


def attended(session: int, person: int) -> AttendanceRecorded:
    return AttendanceRecorded(
        session_id=UUID(int=session), unit_id=UNIT, session_kind="training", title="t", person_id=UUID(int=person),
        name=None, person_unit_id=None, at=NOON,
    )  # fmt: skip


def listed(came: Iterable[tuple[int, int]]) -> dict[str, Any]:
    engine = create_engine("sqlite://")
    with engine.begin() as db:
        metadata.create_all(db)
        with read_model(db) as model:
            for event in (*map(scheduled, SESSIONS), *(attended(*pair) for pair in came)):
                project(model, Told(position=1, version=1, recorded_at=NOON, event=event))
        found = queries.list_sessions(db, None, {"limit": 50, "after": None})
    engine.dispose()
    return found


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(SESSIONS), st.integers(1, 5)), max_size=15), st.randoms())
def test_person_times_are_never_fewer_than_people(came: list[tuple[int, int]], chance: Any) -> None:
    """F31: told twice and in any order, each attendance is one person-time and each person one person."""
    told = [*came, *came]
    chance.shuffle(told)
    found = listed(told)
    assert found["person_times"] == len(set(came)) == sum(item["person_times"] for item in found["items"])
    assert found["distinct_people"] == len({person for _, person in came})
    assert found["person_times"] >= found["distinct_people"]
