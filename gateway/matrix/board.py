"""What a gateway worker knows of the matrix: built answers, how fresh they are, and where its read model stands."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import Engine

from gateway.matrix.answer import assemble
from gateway.matrix.cache import Built, Cache
from gateway.matrix.calendar import day_of
from gateway.matrix.freshness import Freshness
from gateway.matrix.query import Query
from gateway.matrix.read import read
from shared import codec
from shared.contracts import SERVICES

T = TypeVar("T")
THREADS = 4
MATRIX = "matrix"


class Board:
    """Answers matrix queries. Belongs to one event loop; the database is read on threads of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.freshness = Freshness(SERVICES)
        self.position = 0
        self._cache = Cache()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="matrix")

    async def answer(self, query: Query) -> tuple[bytes, str]:
        """Return the answer's JSON and its weak tag, which tells apart everything but position and age.

        Raises:
            Unavailable: the read model does not answer, and this was never asked before.
        """
        today = day_of(query.as_of or datetime.now(UTC))
        built, current = await self._cache.get(
            (query, today), self.position, lambda: self.in_thread(lambda: _build(self.engine, query, today))
        )
        self.position = max(self.position, built.position)
        return self._told(built, current)

    def at_hand(self, query: Query) -> tuple[bytes, str] | None:
        """Return the answer and its tag, if it is built and nothing happened since."""
        built = self._cache.at_hand((query, day_of(query.as_of or datetime.now(UTC))), self.position)
        return None if built is None else self._told(built, current=True)

    def _told(self, built: Built, current: bool) -> tuple[bytes, str]:
        now = time.time()
        missing = self.freshness.missing(now) + ([] if current else [MATRIX])
        age = self.freshness.age_s(now) if current else time.monotonic() - built.read_at
        tail = (
            f',"position":"{built.position}","missing":{codec.dumps(missing) if missing else "[]"},"age_s":{age:.1f}}}'
        )
        return built.body[:-1] + tail.encode(), f'W/"{built.etag}{"".join(f"-{part}" for part in missing)}"'

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Return what the work returns, done on one of the matrix's threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """Let go of the threads; what is being read is read to its end."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _build(engine: Engine, query: Query, today: date) -> Built:
    began = time.monotonic()
    found = read(engine, query)
    answer: dict[str, Any] = assemble(query, found, today)
    body = codec.dumps(answer).encode()
    return Built(body, sha256(body).hexdigest()[:20], found.position, began)
