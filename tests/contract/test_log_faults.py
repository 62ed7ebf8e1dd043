"""A log among writers that hang, deadlock or write at once: nothing is lost, nothing waits for ever, no chain forks."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from infra.servers.ports import wait_until
from shared.database import writing
from shared.errors import Conflict, Unavailable
from shared.log.postgres import PostgresLog
from tests.contract.logs import touch

# A SQLite log has one writer at a time, and no connection to lose.
pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

PATIENCE_S = 60.0
APPEND = text(
    "select append_events(:stream, 0, array[gen_random_uuid()], array['content.unit.later.v9'],"
    " array['{}'], array[null]::bigint[], 'test', null, gen_random_uuid(), null, null, null, null, null)"
)


def session(engine: Engine, setting: str = "") -> Connection:
    """Return a connection with an open transaction."""
    db = engine.connect()
    db.begin()
    if setting:
        db.execute(text(setting))
    return db


def test_an_appender_that_hangs_is_named_and_then_put_out(log: PostgresLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """F04: a reader says within its patience whom it waits for; the database ends the session; nothing is lost."""
    monkeypatch.setattr("shared.log.postgres.FENCE_PATIENCE_S", 0.2)
    hanging = session(log.engine, "set local idle_in_transaction_session_timeout = '2s'")
    hanging.execute(APPEND, {"stream": "unit-hanging"})
    touch(log, "unit-after")
    with pytest.raises(Unavailable, match="appends still open"):
        log.read(0)

    def passes() -> bool:
        try:
            return [one.stream for one in log.read(0).events] == ["unit-after"]
        except Unavailable:
            return False

    assert wait_until(passes, PATIENCE_S)
    with pytest.raises(DBAPIError):
        hanging.execute(text("select 1"))
    hanging.invalidate()
    hanging.close()


def test_the_services_roles_may_not_idle_in_a_transaction(log: PostgresLog) -> None:
    """F04: what ends a hanging appender is set for the role, not left to the process that hangs."""
    with log.engine.connect() as db:
        assert db.execute(text("show idle_in_transaction_session_timeout")).scalar_one() == "15s"


def test_of_two_that_wait_for_each_other_one_is_told_to_come_again(log: PostgresLog) -> None:
    """F08: the platform writes one stream in a transaction; whoever writes two crosswise loses a race, and no more."""
    both_hold = threading.Barrier(2)

    def write(first: str, second: str) -> str:
        try:
            with writing(log.engine) as db:
                db.execute(APPEND, {"stream": first})
                both_hold.wait(PATIENCE_S)
                db.execute(APPEND, {"stream": second})
        except Conflict as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(write, f"unit-{one}", f"unit-{two}") for one, two in ("ab", "ba")]
    assert sorted(end.result() for end in ends) == ["database.raced", "done"] and Conflict.retryable
    assert sorted(recorded.stream for recorded in log.read(0).events) == ["unit-a", "unit-b"]


def test_one_chain_over_the_whole_log_would_fork(log: PostgresLog) -> None:
    """F64, mutant: two who append at once both build on the last hash that is committed."""
    touch(log, "unit-first")
    last = text("select hash from event order by position desc limit 1")
    one, two = session(log.engine), session(log.engine)
    previous = []
    for db in (one, two):
        previous.append(bytes(db.execute(last).scalar_one()))
        db.execute(APPEND, {"stream": f"unit-{uuid4()}"})
    for db in (one, two):
        db.commit()
        db.close()
    assert previous[0] == previous[1], "two events, one predecessor"
