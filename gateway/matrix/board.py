"""What a gateway worker knows of the matrix: built answers, how fresh they are, and where its read model stands."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import TypeVar

from sqlalchemy import Engine

from gateway.matrix.answer import assemble
from gateway.matrix.asked import Asked
from gateway.matrix.cache import Built, Cache
from gateway.matrix.freshness import Freshness
from gateway.matrix.read import Reader, Reading
from shared import codec
from shared.contracts import SERVICES

T = TypeVar("T")
THREADS = 4
MATRIX = "matrix"


class Board:
    """Answers matrix queries. Belongs to one event loop; what takes longer than a glance is read on threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.freshness = Freshness(SERVICES)
        self.position = 0
        self._cache = Cache()
        self._reader = Reader(engine)
        self._moment: tuple[int, int, int] = (-1, -1, -1)
        self._tail: tuple[bytes, str] = (b"", "")
        self._wholes: dict[Asked, tuple[bytes, str]] = {}  # of this moment
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="matrix")

    async def answer(self, asked: Asked) -> tuple[bytes, str]:
        """Return the answer's JSON and its weak tag, which tells apart everything but position and age.

        Raises:
            Unavailable: the read model does not answer, and this was never asked before.
        """
        built, current = self._cache.at_hand(asked, self.position) or self._at_once(asked), True
        if built is None:
            built, current = await self._cache.get(
                asked, self.position, lambda: self.in_thread(lambda: _build(self._reader, asked))
            )
        self.position = max(self.position, built.position)
        if current:
            self._look(time.time())
            return _whole(built, *self._tail)
        tail = _tail([*self.freshness.missing(time.time()), MATRIX], time.monotonic() - built.read_at)
        return _whole(built, *tail)

    def at_hand(self, asked: Asked) -> tuple[bytes, str] | None:
        """Return the answer and its tag, if it is built and nothing happened since."""
        self._look(time.time())
        whole = self._wholes.get(asked)
        if whole is not None:
            return whole
        if not asked.since <= time.time() < asked.until:
            return None
        built = self._cache.at_hand(asked, self.position)
        if built is None:
            return None
        whole = self._wholes[asked] = _whole(built, *self._tail)
        return whole

    def _at_once(self, asked: Asked) -> Built | None:
        """Return the answer, built here and now: the way to a thread and back costs more than a short one."""
        if self._cache.is_building(asked):
            return None  # a long one: who comes now shares it
        began = time.monotonic()
        found = self._reader.glance(asked.query)
        if found is None:
            return None
        built = _put_together(asked, found, began)
        self._cache.keep(asked, built)
        return built

    def _look(self, now: float) -> None:
        """Forget what was told if something else is true by now.

        Age is told in tenths of a second: until the next one begins (a new day begins with one too), or something
        is heard, what was told is.
        """
        moment = (int(now * 10), self.freshness.news, self.position)
        if moment != self._moment:
            self._moment, self._tail = moment, _tail(self.freshness.missing(now), self.freshness.age_s(now))
            self._wholes.clear()

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Return what the work returns, done on one of the matrix's threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """Let go of the threads; what is being read is read to its end."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _tail(missing: list[str], age_s: float) -> tuple[bytes, str]:
    """Return how an answer ends that misses these parts and is so old, and how its tag does."""
    told = f',"missing":{codec.dumps(missing)},"age_s":{age_s:.1f}}}'
    return told.encode(), "".join(f"-{part}" for part in missing)


def _whole(built: Built, tail: bytes, parts: str) -> tuple[bytes, str]:
    return b'%b,"position":"%d"%b' % (built.body, built.position, tail), f'W/"{built.etag}{parts}"'


def _build(reader: Reader, asked: Asked) -> Built:
    began = time.monotonic()
    return _put_together(asked, reader.read(asked.query), began)


def _put_together(asked: Asked, found: Reading, began: float) -> Built:
    body = assemble(asked.query, found, asked.today).encode()
    return Built(body[:-1], sha256(body).hexdigest()[:20], found.position, began)
