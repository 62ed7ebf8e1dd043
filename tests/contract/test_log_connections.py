"""What becomes of an append whose connection or server fails."""

import gc
import socket
import threading
from contextlib import suppress
from typing import cast

import pytest
from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.pool import QueuePool

from conftest import FreshDatabase
from infra.servers.ports import wait_until
from shared.database import open_engine, reading
from shared.driver import KEPT
from shared.errors import Conflict, PlatformError, Unavailable
from shared.log import open_log
from shared.log.postgres import PostgresLog
from shared.log.store import Appended
from shared.log.tables import command, event
from tests.contract.logs import streams, touch

# A SQLite log has one writer at a time, and no connection to lose.
pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.mark.parametrize(
    ("state", "error", "retryable"),
    [
        ("40001", Conflict, True),
        ("40P01", Conflict, True),
        ("55P03", Unavailable, True),
        ("57014", Unavailable, True),
        ("57P01", Unavailable, True),
        ("53100", Unavailable, True),
        ("22001", DataError, False),
        ("23505", IntegrityError, False),
        ("42501", ProgrammingError, False),
    ],
)
def test_only_what_may_pass_is_said_to_be_retryable(
    log: PostgresLog, monkeypatch: pytest.MonkeyPatch, state: str, error: type[Exception], retryable: bool
) -> None:
    """F09."""
    failing = f"do $$ begin raise exception 'injected' using errcode = '{state}'; end $$"
    with monkeypatch.context() as patch:
        patch.setattr("shared.log.postgres._ONE", failing)
        with pytest.raises((PlatformError, DBAPIError)) as refusal:
            touch(log, "a", key="key-1")
    assert type(refusal.value) is error
    assert getattr(refusal.value, "retryable", False) == retryable
    assert touch(log, "a", key="key-1").version == 1


def test_a_full_disk_of_the_server_is_said_as_such(log: PostgresLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.log.postgres._ONE", "do $$ begin raise exception 'x' using errcode = '53100'; end $$")
    with pytest.raises(Unavailable) as refusal:
        touch(log, "a")
    assert refusal.value.code == "database.full"


def test_a_connection_cut_while_it_rested_is_replaced_unseen(
    log: PostgresLog, fresh: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(log, "a")
    end_sessions(fresh.url)
    monkeypatch.setattr("shared.database.RESTED_S", 0.0)
    assert touch(log, "b").version == 1


def test_a_connection_cut_while_it_was_busy_costs_one_answer_and_the_next_is_well(
    log: PostgresLog, fresh: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.RESTED_S", 60.0)
    with reading(log.engine), reading(log.engine):
        touch(log, "a")  # three sessions are in the pool now
    end_sessions(fresh.url)
    with pytest.raises(Unavailable):
        touch(log, "b", key="key-1")
    assert touch(log, "b", key="key-1").version == 1
    assert streams(log.load("a")) == ["a"]


def test_sessions_ended_again_and_again_lose_nothing_and_leave_no_connection_behind(
    log: PostgresLog, fresh: FreshDatabase
) -> None:
    """F13: of the pool no place is lost, and of the server no session."""
    errors: list[Unavailable] = []
    written, done = [0] * WRITERS, threading.Event()

    def write(number: int) -> None:
        while not done.is_set():
            try:
                touch(log, f"s-{number}", at=written[number], key=f"{number}/{written[number]}")
                written[number] += 1
            except Unavailable as error:
                errors.append(error)  # the next attempt has the same key

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for _ in range(ROUNDS):
        end_sessions(fresh.url)
    done.set()
    for writer in writers:
        writer.join()
    afterwards = open_log("content", open_engine(fresh.url))
    there = [len(afterwards.load(f"s-{number}")) for number in range(WRITERS)]
    assert errors and all(0 <= more - sure <= 1 for more, sure in zip(there, written, strict=True)), (there, written)
    afterwards.engine.dispose()
    kept = cast(QueuePool, log.engine.pool).checkedout()
    assert kept <= KEPT, f"{kept} places of the pool are taken, and nobody works"
    log.engine.dispose()
    gc.collect()  # what rested beside a pool that was given up goes with it
    assert wait_until(lambda: sessions(fresh.url) == 0, 10)


WRITERS, ROUNDS = 4, 6


def sessions(url: str) -> int:
    """Return how many other sessions the role has in its database."""
    engine = open_engine(url)
    with engine.connect() as db:
        others = "usename = current_user and datname = current_database() and pid <> pg_backend_pid()"
        count = int(db.execute(text(f"select count(*) from pg_stat_activity where {others}")).scalar_one())
    engine.dispose()
    return count


def end_sessions(url: str) -> None:
    """End every other session of the role in its database."""
    engine = open_engine(url)
    with engine.connect() as db:
        db.execute(
            text(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where usename = current_user and datname = current_database() and pid <> pg_backend_pid()"
            )
        )
    engine.dispose()


class DeafProxy:
    """Passes bytes to and from a server until it has sent on ``after``: then the answer is cut off.

    With ``deliver=False`` the request itself does not arrive either.
    """

    def __init__(self, port: int, after: bytes, *, deliver: bool = True) -> None:
        self._target, self._after, self._deliver = port, after, deliver
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._server.close()

    def _serve(self) -> None:
        with suppress(OSError):
            client, _ = self._server.accept()
            with client, socket.create_connection(("127.0.0.1", self._target)) as server:
                self._pass_on(client, server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
        self._hearing = True
        back.start()
        while data := client.recv(65536):
            if self._after in data:
                self._hearing = False
                if self._deliver:
                    server.sendall(data)
                    back.join(10)  # it ends with the answer that nobody hears
                break
            server.sendall(data)
        for end in (server, client):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        back.join(10)

    def _pump(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while (data := server.recv(65536)) and self._hearing:
                client.sendall(data)


@pytest.mark.parametrize(
    ("after", "deliver", "committed"),
    [
        (b"append_event", True, True),
        (b"COMMIT", True, True),
        (b"append_event", False, False),
        (b"COMMIT", False, False),
    ],
)
def test_a_commit_whose_answer_was_cut_off_is_found_by_its_key(
    fresh: FreshDatabase,
    log: PostgresLog,
    monkeypatch: pytest.MonkeyPatch,
    after: bytes,
    deliver: bool,
    committed: bool,
) -> None:
    """F10."""
    if after == b"COMMIT":
        monkeypatch.setattr("shared.log.postgres.failpoint", lambda name: None)  # then the append says COMMIT itself
    url = make_url(fresh.url)
    assert url.port
    proxy = DeafProxy(url.port, after, deliver=deliver)
    cut = open_log("content", open_engine(url.set(port=proxy.port).render_as_string(hide_password=False)))
    with pytest.raises(Unavailable):
        touch(cut, "a", key="key-1")
    cut.engine.dispose()
    proxy.close()
    again = touch(log, "a", key="key-1")
    assert again == Appended(version=1, position=again.position, replayed=committed)
    assert touch(log, "a", at=1, key="key-1") == Appended(version=1, position=again.position, replayed=True)
    with reading(log.engine) as db:
        assert [db.execute(select(func.count()).select_from(table)).scalar_one() for table in (event, command)] == [
            1,
            1,
        ]
