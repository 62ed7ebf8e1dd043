"""What tests of a log append, and how they look at it."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from shared.contracts.content.events import UnitRenamed
from shared.database import reading
from shared.events import Recorded
from shared.execute import cause_of
from shared.failpoints import Faults
from shared.log.store import Appended, Cause, CommandKey, InboxKey, Log
from shared.log.tables import command, event, inbox

UNIT = UUID(int=7)
STORES = ("shared.log.postgres", "shared.log.sqlite")


def renamed(name: str) -> UnitRenamed:
    return UnitRenamed(unit_id=UNIT, name=name, since=date(2021, 9, 1))


def append(log: Log, stream: str, *names: str, at: int = 0, cause: Cause | None = None) -> Appended:
    events = [renamed(name) for name in names]
    return log.append(stream, events, expected_version=at, cause=cause or cause_of("test"), unit=UNIT)


def keyed(key: str = "key-1", fingerprint: str = "body-1") -> Cause:
    return cause_of("test", key=CommandKey(key=key, fingerprint=fingerprint))


def received(event_id: UUID) -> Cause:
    return cause_of("test", inbox=InboxKey(consumer="content.on-test", event_id=event_id))


def names(events: Sequence[Recorded]) -> list[str]:
    return [recorded.event.name for recorded in events if isinstance(recorded.event, UnitRenamed)]


def rows(log: Log) -> tuple[int, int, int]:
    """Return how many events, answered commands and handled messages are stored."""
    with reading(log.engine) as db:
        events, commands, messages = (
            db.execute(select(func.count()).select_from(table)).scalar_one() for table in (event, command, inbox)
        )
    return events, commands, messages


def break_at(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Have failpoints of both stores act as told."""
    for store in STORES:
        monkeypatch.setattr(f"{store}.failpoint", Faults(what, seed=7))


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Return what ``count`` threads, let go together, got or raised."""
    gate = threading.Barrier(count)

    def run(number: int) -> Any:
        gate.wait()
        try:
            return act(number)
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def touch(log: Log, stream: str, at: int = 0, key: str | None = None) -> Appended:
    """Append one event that bears its stream's name."""
    cause = cause_of("test", key=CommandKey(key=key, fingerprint="body") if key else None)
    return log.append(stream, [renamed(stream)], expected_version=at, cause=cause)


def streams(events: Sequence[Recorded]) -> list[str]:
    return [recorded.stream for recorded in events]
