"""One open connection of the stream: what it may see, and the events it has not taken yet."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from falcon.asgi import SSEvent

from shared.context import Caller

BUFFER = 64
GRACE_S = 10.0

Scope = frozenset[str] | None
Check = Callable[[], Awaitable[Caller | None]]


class Encoded(SSEvent):
    """An event that is on the wire's form already."""

    def __init__(self, wire: bytes, position: int = 0) -> None:
        super().__init__(comment="encoded")
        self.wire, self.position = wire, position

    def serialize(self, handler: object = None) -> bytes:
        """Return the bytes."""
        return self.wire


BEAT = Encoded(b": beat\n\n")


class Client:
    """One connection. What it has not taken yet waits in a bounded buffer."""

    __slots__ = ("_cut", "_task", "_waiting", "buffer", "check", "checked_at", "ending", "key", "scope")

    def __init__(self, key: str, scope: Scope, check: Check) -> None:
        self.key, self.scope, self.check = key, scope, check
        self.buffer: list[Encoded] = []  # a list: a deque, or an event, takes more memory than all the rest of this
        self.ending = False
        self.checked_at = time.monotonic()
        self._waiting: asyncio.Future[None] | None = None
        self._task = asyncio.current_task()
        self._cut: asyncio.TimerHandle | None = None

    def put(self, event: Encoded) -> bool:
        """Let the client have an event; return False where it takes none because its buffer is full."""
        if self.ending:
            return True
        if len(self.buffer) >= BUFFER:
            return False
        self.buffer.append(event)
        return True

    def take(self, after: int) -> Encoded | None:
        """Return all that waits in one piece, without what was known at the position ``after``; None for nothing."""
        news = [event.wire for event in self.buffer if event.position == 0 or event.position > after]
        self.buffer.clear()
        return Encoded(b"".join(news)) if news else None

    def wake(self) -> None:
        """Let the connection take what waits."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def told(self) -> None:
        """Return once something waits."""
        while not self.buffer:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        self._waiting = None

    def end(self, last: Encoded) -> None:
        """Let ``last`` be all the client still gets; it is cut off when it does not take it within 10 s."""
        if self.ending:
            return
        self.buffer.clear()
        self.put(last)
        self.wake()
        self.ending = True
        if self._task is not None:
            self._cut = asyncio.get_running_loop().call_later(GRACE_S, self._task.cancel)

    def left(self) -> None:
        """Note that the connection is done with this: its task may serve another request."""
        if self._cut is not None:
            self._cut.cancel()
