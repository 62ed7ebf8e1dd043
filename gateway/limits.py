"""How much anybody may do in a while, counted in the gateway's database for all workers together.

Each name has an allowance that fills steadily (the generic cell rate algorithm: one moment says it all). A worker takes
a portion of a large allowance at a time and spends it by itself, so that most requests cost no database call.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import Engine, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.accounts.tables import allowance
from shared.database import writing
from shared.errors import PlatformError, Unavailable
from shared.logs import log, log_failure

SECOND = 1_000_000  # in microseconds
PORTION = 50  # of an allowance is taken at a time: workers' portions together stay a few parts in a hundred
PORTION_LIFE_S = 10.0
REMEMBERED = 10_000
T = TypeVar("T")


class InThread(Protocol):
    """Does work that blocks on a thread."""

    async def __call__(self, work: Callable[[], T]) -> T:
        """Return what the work returns."""


class TooMany(PlatformError):
    """More than the allowance; ``retry_after_s`` says when there will be some again."""

    status = 429

    def __init__(self, code: str, detail: str, retry_after_s: int) -> None:
        super().__init__(code, detail)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` at once, then ``per_minute``. ``code`` is what a refusal bears."""

    code: str
    burst: int
    per_minute: float

    @property
    def every_us(self) -> int:
        """Microseconds in which one more is allowed."""
        return round(60 * SECOND / self.per_minute)


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate, and whose it is."""

    rate: Rate
    whose: str

    @property
    def name(self) -> str:
        """The name of the allowance."""
        return f"{self.rate.code}/{self.whose}"


# Who guesses one person's password from one place; from many places; anybody's from one place.
GUESSES = Rate("limit.sign_in", 5, 2)
GUESSES_OF_ONE = Rate("limit.sign_in_account", 30, 2)
GUESSES_FROM_ONE = Rate("limit.sign_in_address", 60, 30)
# A person in a browser, and a program with a key (an import or the demonstration sends hundreds a second).
WRITES = Rate("limit.writes", 300, 240)
KEY_WRITES = Rate("limit.key_writes", 20_000, 60_000)
UPLOADS = Rate("limit.uploads", 200, 120)
KEY_UPLOADS = Rate("limit.key_uploads", 5_000, 6_000)


def sign_in_limits(address: str, login: str | None = None) -> tuple[Limit, ...]:
    """Return what one attempt to sign in counts against; who signs in with a key names nobody."""
    here = Limit(GUESSES_FROM_ONE, address)
    if login is None:
        return (here,)
    return here, Limit(GUESSES, f"{login}@{address}"), Limit(GUESSES_OF_ONE, login)


def write_limit(account: str, *, upload: bool, by_key: bool) -> Limit:
    """Return what one request that changes something counts against."""
    rates = (KEY_UPLOADS, KEY_WRITES) if by_key else (UPLOADS, WRITES)
    return Limit(rates[0] if upload else rates[1], account)


class Allowances:
    """The allowances in the database. All of it blocks: call it on a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._insert = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert

    def take(self, limit: Limit, count: int = 1, now_us: int | None = None) -> float:
        """Take ``count`` of the allowance, all or nothing; return 0, or the seconds until that many are there.

        Raises:
            Unavailable: the database did not answer.
        """
        now = time.time_ns() // 1000 if now_us is None else now_us
        cost, room = count * limit.rate.every_us, limit.rate.burst * limit.rate.every_us
        stands = allowance.c.whole_at
        after = case((stands > now, stands), else_=now) + cost
        first = self._insert(allowance).values(name=limit.name, whole_at=now + cost)
        taken = first.on_conflict_do_update(
            index_elements=["name"], set_={"whole_at": after}, where=after <= now + room
        )
        with writing(self._engine) as db:
            if db.execute(taken).rowcount:
                return 0.0
            whole_at = db.execute(select(stands).where(allowance.c.name == limit.name)).scalar_one()
        return float(max(whole_at, now) + cost - room - now) / SECOND

    def give_back(self, limits: Sequence[Limit]) -> None:
        """Give one back of each; drop what is whole again."""
        with writing(self._engine) as db:
            for limit in limits:
                mine = update(allowance).where(allowance.c.name == limit.name)
                db.execute(mine.values(whole_at=allowance.c.whole_at - limit.rate.every_us))
            db.execute(delete(allowance).where(allowance.c.whole_at < time.time_ns() // 1000))


class Limits:
    """What a worker asks before it lets somebody do something. Belongs to one event loop."""

    def __init__(self, allowances: Allowances, in_thread: InThread) -> None:
        self._allowances, self._in_thread = allowances, in_thread
        self._portions: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._empty: OrderedDict[str, float] = OrderedDict()
        self._asking: dict[str, asyncio.Task[float]] = {}

    async def take(self, *limits: Limit) -> None:
        """Count one against each limit.

        While the database is silent nothing is counted: what must not be done then is refused by whoever needs it.

        Raises:
            TooMany: one of the allowances is used up.
        """
        for limit in limits:
            try:
                while not self._spend(limit.name):
                    if wait := await self._more(limit):
                        raise _too_many(limit, wait)
            except Unavailable as error:
                log_failure("limits.uncounted", error, limit=limit.rate.code)

    async def give_back(self, *limits: Limit) -> None:
        """Give back what was taken for something that turned out well."""
        await self._in_thread(lambda: self._allowances.give_back(limits))

    def _spend(self, name: str) -> bool:
        left, until = self._portions.get(name, (0, 0.0))
        if not left or until < time.monotonic():
            return False
        self._portions[name] = (left - 1, until)
        return True

    async def _more(self, limit: Limit) -> float:
        """Have a portion fetched, once for all who wait for it; return 0, or the seconds until one is allowed."""
        if (until := self._empty.get(limit.name, 0.0)) > time.monotonic():
            return until - time.monotonic()
        asking = self._asking.get(limit.name)
        if asking is None:
            asking = self._asking[limit.name] = asyncio.create_task(self._fetch(limit))
        return await asyncio.shield(asking)  # who asked first may go away

    async def _fetch(self, limit: Limit) -> float:
        portion = max(1, limit.rate.burst // PORTION)
        try:
            wait = await self._in_thread(lambda: self._allowances.take(limit, portion))
            if wait and portion > 1:
                portion, wait = 1, await self._in_thread(lambda: self._allowances.take(limit))
        finally:
            del self._asking[limit.name]
        if wait:
            _keep(self._empty, limit.name, time.monotonic() + min(wait, 1.0))  # a flood does not reach the database
        else:
            _keep(self._portions, limit.name, (portion, time.monotonic() + PORTION_LIFE_S))
        return wait


def _too_many(limit: Limit, wait_s: float) -> TooMany:
    log.warning("limits.refused", limit=limit.rate.code, whose=limit.whose)
    seconds = max(1, math.ceil(wait_s))
    return TooMany(limit.rate.code, f"too many in a short while; again in {seconds} s", seconds)


def _keep(book: OrderedDict[str, T], name: str, value: T) -> None:
    book[name] = value
    book.move_to_end(name)
    if len(book) > REMEMBERED:
        book.popitem(last=False)
