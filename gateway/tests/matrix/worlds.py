"""Histories as hypothesis invents them: units, channels and everything that can be counted, around the year 2021."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import strategies as st

from gateway.tests.matrix.kit import History, at
from shared.contracts.media.events import LiveStreamEnded, PhotosDelivered, ShootCompleted
from shared.contracts.training.events import AttendanceRecorded, SessionHeld

BEGIN = at("2020-11-15T00:00")
SPAN_HOURS = 24 * 440
ACTS = (
    "news", "post", "followers", "reads", "approve", "judge", "shoot", "photos", "stream", "session", "attendance",
)  # fmt: skip


@dataclass(frozen=True)
class Act:
    """Something that happened: what, where (a number), when, and how much."""

    what: str
    place: int
    hours: int
    amount: int


acts = st.lists(
    st.builds(Act, st.sampled_from(ACTS), st.integers(0, 2), st.integers(0, SPAN_HOURS), st.integers(0, 500)),
    max_size=40,
)


def history_of(found: list[Act]) -> History:
    """Return the history in which the acts were recorded one after the other, whenever they happened."""
    history = History()
    units = [history.unit(f"unit {n}") for n in range(3)]
    sites = [history.channel(unit, "website") for unit in units]
    accounts = [history.channel(unit, "wechat_oa") for unit in units]
    articles = [uuid4() for _ in units]
    for act in found:
        place, when = act.place, BEGIN + timedelta(hours=act.hours)
        unit = units[place]
        match act.what:
            case "news":
                history.publish(unit, sites[place], when)
            case "post":
                history.publish(unit, accounts[place], when, "wechat_post", "wechat_oa")
            case "followers":
                history.followers(unit, accounts[place], when, act.amount)
            case "reads":
                history.reads(unit, articles[place], when, act.amount, sites[place])
            case "approve":
                history.approve(unit, when, act.amount)
            case "judge":
                history.judge(unit, sites[place], when, act.amount % 2 == 0)
            case other:
                _happen(history, other, unit, when, act.amount)
    return history


def _happen(history: History, what: str, unit: UUID, when: datetime, amount: int) -> None:
    thing = uuid4()
    common: dict[str, Any] = {"unit_id": unit, "title": "t", "at": when}
    events = {
        "shoot": lambda: ShootCompleted(shoot_id=thing, kind="photo", **common),
        "photos": lambda: PhotosDelivered(
            shoot_id=thing, asset_ids=tuple(uuid4() for _ in range(amount % 7)), **common
        ),
        "stream": lambda: LiveStreamEnded(stream_id=thing, **common),
        "session": lambda: SessionHeld(session_id=thing, kind="training", **common),
        "attendance": lambda: AttendanceRecorded(
            session_id=thing, session_kind="training", person_id=uuid4(), name=None, person_unit_id=None, **common
        ),
    }
    history.add(f"thing-{thing}", events[what]())
