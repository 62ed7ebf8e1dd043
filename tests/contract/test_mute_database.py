"""A PostgreSQL that is gone without a word: whoever talks to it notices, and the next has another connection."""

import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, make_url, text

from conftest import FreshDatabase
from shared.database import NETWORK, open_engine, reading
from shared.errors import Unavailable
from tests.chaos.proxy import Wire, Wires

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

MUCH = 64 * 1024 * 1024  # more than both ends' buffers hold
PROMPTLY_S = 20.0


@pytest.fixture
def wire(fresh: FreshDatabase) -> Iterator[Wire]:
    """Give a wire to it."""
    wires = Wires()
    yield wires.to(make_url(fresh.url).port or 0)
    wires.close()


@pytest.fixture
def engine(fresh: FreshDatabase, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Give an engine over the wire that waits a second for the network, where it would wait thirty."""
    monkeypatch.setitem(NETWORK, "tcp_user_timeout", 1000)
    engine = open_engine(make_url(fresh.url).set(port=wire.port).render_as_string(hide_password=False))
    yield engine
    engine.dispose()


def promptly(say: Callable[[], None], wire: Wire) -> None:
    """Return when ``say`` has, or raise what it raised; fail when it waits on."""
    with ThreadPoolExecutor(1) as pool:
        try:
            pool.submit(say).result(PROMPTLY_S)
        finally:
            wire.cut()


def test_what_nobody_takes_off_the_wire_is_given_up_and_the_next_has_another(engine: Engine, wire: Wire) -> None:
    def say() -> None:
        with reading(engine) as db:
            db.execute(text("select 1"))
            wire.forget()
            db.execute(text("select length(:much)"), {"much": "x" * MUCH})

    with pytest.raises(Unavailable):
        promptly(say, wire)
    with reading(engine) as db:
        assert db.execute(text("select 1")).scalar_one() == 1


def test_a_connection_that_rests_asks_whether_its_peer_is_there(fresh: FreshDatabase) -> None:
    """What the kernel does with it, no test on one machine can see: a peer that is gone answers nothing here either."""
    engine = open_engine(fresh.url)
    with engine.connect() as db, socket.socket(fileno=os.dup(db.connection.dbapi_connection.fileno())) as wire:  # type: ignore[union-attr]
        assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        assert [wire.getsockopt(socket.IPPROTO_TCP, name) for name in names] == [10, 5, 3, 30_000]
    engine.dispose()
