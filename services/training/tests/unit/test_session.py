"""A session: who came counts once, and person-times are not people."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.training import session
from services.training.session import Attendee, CancelSession, HoldSession, RecordAttendances, ScheduleSession
from shared.contracts.training.events import AttendanceRecorded, SessionCancelled, SessionHeld, SessionScheduled
from shared.errors import NotFound, RuleBroken
from shared.testing import Scenario

SESSION, UNIT = UUID(int=1), UUID(int=2)
NOON = datetime(2021, 9, 1, 4, tzinfo=UTC)
LATER = NOON + timedelta(days=30)
PLAN = ScheduleSession(
    session_id=SESSION, unit_id=UNIT, kind="training", title="写作", place=None, speaker=None, skills=("writing",),
    starts_at=NOON, ends_at=NOON + timedelta(hours=2),
)  # fmt: skip
PLANNED = SessionScheduled(
    session_id=SESSION, unit_id=UNIT, kind="training", title="写作", place=None, speaker=None, skills=("writing",),
    starts_at=NOON, ends_at=NOON + timedelta(hours=2),
)  # fmt: skip
HELD = SessionHeld(session_id=SESSION, unit_id=UNIT, kind="training", title="写作", at=NOON)
CANCELLED = SessionCancelled(session_id=SESSION, unit_id=UNIT, reason="x")
training = Scenario(session)


def attendee(number: int) -> Attendee:
    return Attendee(person_id=UUID(int=number), name=None, unit_id=None, at=None)


def attended(number: int) -> AttendanceRecorded:
    return AttendanceRecorded(
        session_id=SESSION, unit_id=UNIT, session_kind="training", title="写作", person_id=UUID(int=number), name=None,
        person_unit_id=None, at=NOON,
    )  # fmt: skip


def test_a_session_is_scheduled() -> None:
    training.when(PLAN).then(PLANNED)


def test_who_came_is_recorded_from_the_sessions_beginning() -> None:
    record = RecordAttendances(session_id=SESSION, attendees=(attendee(7),), now=LATER)
    training.given(PLANNED).when(record).then(attended(7))


@given(st.lists(st.integers(1, 9), max_size=20), st.sets(st.integers(1, 9)))
def test_a_person_counts_once_a_session(told: list[int], before: set[int]) -> None:
    record = RecordAttendances(session_id=SESSION, attendees=tuple(attendee(number) for number in told), now=LATER)
    decided = training.given(PLANNED, *(attended(number) for number in before)).when(record).decided()
    people = [event.person_id.int for event in decided]  # type: ignore[attr-defined]
    assert len(people) == len(set(people))
    assert set(people) == set(told) - before


def test_a_session_is_held_once() -> None:
    hold = HoldSession(session_id=SESSION, at=NOON, now=LATER)
    training.given(PLANNED).when(hold).then(HELD)
    training.given(PLANNED, HELD).when(hold).then()


def test_a_cancelled_session_takes_nobody_and_a_held_one_is_not_cancelled() -> None:
    record = RecordAttendances(session_id=SESSION, attendees=(attendee(7),), now=LATER)
    cancel = CancelSession(session_id=SESSION, reason="x")
    training.given(PLANNED).when(cancel).then(CANCELLED)
    training.given(PLANNED, CANCELLED).when(cancel).then()
    training.given(PLANNED, CANCELLED).when(record).then_refused(RuleBroken, "training.session_cancelled")
    training.given(PLANNED, HELD).when(cancel).then_refused(RuleBroken, "training.session_held")


def test_a_session_that_people_attended_is_not_cancelled() -> None:
    cancel = CancelSession(session_id=SESSION, reason="x")
    training.given(PLANNED, attended(7)).when(cancel).then_refused(RuleBroken, "training.session_attended")


def test_who_is_noted_after_the_session_was_held_counts_too() -> None:
    record = RecordAttendances(session_id=SESSION, attendees=(attendee(7),), now=LATER)
    training.given(PLANNED, HELD).when(record).then(attended(7))


def test_a_late_report_counts_in_the_sessions_own_time() -> None:
    training.given(PLANNED).when(HoldSession(session_id=SESSION, at=None, now=LATER)).then(HELD)


def test_who_signs_in_early_came_when_they_signed_in() -> None:
    early = NOON - timedelta(minutes=10)
    record = RecordAttendances(session_id=SESSION, attendees=(attendee(7),), now=early)
    training.given(PLANNED).when(record).then(replace(attended(7), at=early))


def test_nobody_came_and_nothing_was_held_in_the_future() -> None:
    tomorrow = LATER + timedelta(days=1)
    record = RecordAttendances(session_id=SESSION, attendees=(replace(attendee(7), at=tomorrow),), now=LATER)
    hold = HoldSession(session_id=SESSION, at=tomorrow, now=LATER)
    training.given(PLANNED).when(record).then_refused(RuleBroken, "training.still_to_come")
    training.given(PLANNED).when(hold).then_refused(RuleBroken, "training.still_to_come")


def test_a_session_is_scheduled_once_and_ends_after_it_begins() -> None:
    training.given(PLANNED).when(PLAN).then_refused(RuleBroken, "training.session_exists")
    training.when(replace(PLAN, ends_at=NOON)).then_refused(RuleBroken, "training.session_ends_first")


def test_a_session_nobody_scheduled_is_not_found() -> None:
    training.when(HoldSession(session_id=SESSION, at=NOON, now=LATER)).then_refused(
        NotFound, "training.session_not_found"
    )
