"""News of changes to every open connection (server-sent events): encoded once for all who may see the same."""

import asyncio
import random
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterable
from itertools import count, takewhile
from typing import TypeVar

from gateway.matrix.changes import Change
from gateway.matrix.client import BEAT, Check, Client, Encoded, Scope
from gateway.matrix.writer import RING
from shared import codec
from shared.context import Caller
from shared.logs import log_failure

ACTION = "matrix.read"
PER_KEY = 6
CHECK_S = 5
BEAT_S = 15
UNCHECKED_S = 60.0
RETRY_MS = (1_000, 10_000)  # spread: a thousand cut at once do not come back at once
ENCODED = 4096
MAX_DIGITS = 19
READS_PER_S = 1_000  # half of what a worker answers: so many who are told at once do not ask at once
FEW_MS = 100
SLICE = 64  # connections written to before the loop looks at requests again
REST = 3  # times as long as telling everybody took, until they are told more
LONGEST_REST_S = 2.0

K = TypeVar("K")


class Hub:
    """The open connections of this worker, by what they may see: ``room`` at most. Belongs to one event loop."""

    def __init__(self, per_key: int = PER_KEY, room: int = 10_000) -> None:
        self._per_key = per_key
        self.room = room
        self._clients: dict[Scope, set[Client]] = {}
        self._keys: dict[str, set[Client]] = {}
        self._recent: deque[Change] = deque(maxlen=RING)
        self._encoded: OrderedDict[tuple[int, Scope], Encoded | None] = OrderedDict()
        self.position = 0
        self.dropped = 0
        self.draining = False
        self._open = 0
        self._asleep: deque[Client] = deque()
        self._told = asyncio.Event()
        self._told.set()
        self._began = self._rested_at = 0.0

    def __len__(self) -> int:
        return self._open

    @property
    def crowded(self) -> bool:
        """Whether nobody more can be taken: another worker, or a later moment, is better."""
        return self.draining or self._open >= self.room

    def full(self, key: str) -> bool:
        """Return whether the key has as many connections open as it may."""
        return len(self._keys.get(key, ())) >= self._per_key

    async def events(self, key: str, scope: Scope, check: Check, last_id: str | None) -> AsyncIterator[Encoded]:
        """Give the events for one connection: a greeting, what it missed since ``last_id``, then what comes.

        ``check`` returns the caller as he stands now, or None when he may no longer listen.
        """
        client = Client(key, scope, check)
        self._open += 1
        self._clients.setdefault(scope, set()).add(client)
        self._keys.setdefault(key, set()).add(client)
        try:
            reached, missed = self.position, self._missed(last_id, scope)
            yield _greeting(reached if last_id is None else None)
            for event in missed:
                yield event
            while True:
                while client.buffer:
                    if news := client.take(reached):
                        yield news
                if client.ending:
                    return
                await client.told()
        finally:
            self._leave(client)

    def load(self, changes: Iterable[Change], position: int) -> None:
        """Start with the changes that were before this worker."""
        self._recent.extend(changes)
        self.position = position

    def publish(self, change: Change) -> None:
        """Tell every connection that may see it of a change; who is too slow is told to start over, and cut."""
        self._recent.append(change)
        self.position = change.position
        for scope, clients in list(self._clients.items()):
            event = self._encode(change, scope)
            if event is None:
                continue
            for client in clients:
                if not client.put(event):
                    self.dropped += 1
                    client.end(self._resync())
            self._wake(clients)

    def resync(self, position: int) -> None:
        """Tell every connection to ask for everything anew: nobody knows what it missed."""
        self._recent.clear()
        self.position = position
        for client in self._all():
            if not client.put(self._resync()):
                client.end(self._resync())
        self._wake(self._all())

    def drain(self) -> None:
        """Say good-bye to every connection; they come back to another worker, not all at once. Nobody more is taken."""
        self.draining = True
        for client in self._all():
            client.end(Encoded(f"event: drain\nretry: {random.randint(*RETRY_MS)}\ndata: {{}}\n\n".encode()))

    def beat(self, turn: int = 0, turns: int = 1) -> None:
        """Show idle connections that they are alive: those whose turn it is."""
        for client in self._all():
            if not client.buffer and hash(client) // 16 % turns == turn and client.put(BEAT):
                client.wake()

    async def rest(self) -> None:
        """Return once everybody was told the last news, and three times as long as that took have passed.

        What changes meanwhile is told together: telling takes a quarter of a worker, however many listen.
        """
        await self._told.wait()
        await asyncio.sleep(max(0.0, self._rested_at - time.monotonic()))

    async def check(self, key: str | None = None) -> None:
        """Ask again who may listen to what: of one key's connections, or of all."""
        for known in [key] if key is not None else list(self._keys):
            await self._check(list(self._keys.get(known, ())))

    async def run(self) -> None:
        """Check each caller every 5 s and beat each connection every 15 s until cancelled, a few every second."""
        for second in count():
            await asyncio.sleep(1.0)
            for key in list(self._keys):
                if hash(key) % CHECK_S == second % CHECK_S:
                    await self.check(key)
            self.beat(second % BEAT_S, BEAT_S)

    def _wake(self, clients: Iterable[Client]) -> None:
        """Wake the clients a few at a time: requests are answered between, however many listen."""
        idle = not self._asleep
        self._asleep.extend(clients)
        if idle and self._asleep:
            self._began = time.monotonic()
            self._told.clear()
            asyncio.get_running_loop().call_soon(self._wake_some)

    def _wake_some(self) -> None:
        for _ in range(min(SLICE, len(self._asleep))):
            self._asleep.popleft().wake()
        if self._asleep:
            asyncio.get_running_loop().call_soon(self._wake_some)
            return
        now = time.monotonic()
        self._rested_at = now + min(LONGEST_REST_S, REST * (now - self._began))
        self._told.set()

    async def _check(self, clients: list[Client]) -> None:
        if not clients:
            return
        try:
            caller = await clients[0].check()
        except Exception as error:  # also a mistake of ours: whoever is asked next must not go unchecked for it
            log_failure("stream.unchecked", error)
            old = [client for client in clients if time.monotonic() - client.checked_at > UNCHECKED_S]
            for client in old:
                client.end(self._resync())
            return
        for client in clients:
            if caller is None or not caller.may(ACTION):
                client.end(Encoded(b"event: denied\ndata: {}\n\n"))
            else:
                client.checked_at = time.monotonic()
                self._move(client, scope_of(caller))

    def _move(self, client: Client, scope: Scope) -> None:
        if scope == client.scope:
            return
        _discard(self._clients, client.scope, client)
        client.scope = scope
        self._clients.setdefault(scope, set()).add(client)
        client.buffer.clear()  # it may hold what the client must no longer see
        client.put(self._resync())
        client.wake()

    def _missed(self, last_id: str | None, scope: Scope) -> list[Encoded]:
        """Return what came after the last event a client had; when that is unknown, the word to start over."""
        if last_id is None or last_id == str(self.position):
            return []
        known = int(last_id) if last_id.isdecimal() and len(last_id) <= MAX_DIGITS else -1
        later = list(takewhile(lambda change: change.previous >= known, reversed(self._recent)))
        if not later or later[-1].previous != known:
            return [self._resync()]
        return [event for change in reversed(later) if (event := self._encode(change, scope)) is not None]

    def _encode(self, change: Change, scope: Scope) -> Encoded | None:
        key = (change.position, scope)
        if key not in self._encoded:
            self._encoded[key] = _encoded(change, scope, self._open * 1000 // READS_PER_S)
            if len(self._encoded) > ENCODED:
                self._encoded.popitem(last=False)
        return self._encoded[key]

    def _resync(self) -> Encoded:
        return Encoded(f"id: {self.position}\nevent: resync\ndata: {{}}\n\n".encode())

    def _all(self) -> list[Client]:
        return [client for clients in self._clients.values() for client in clients]

    def _leave(self, client: Client) -> None:
        client.left()
        self._open -= 1
        _discard(self._clients, client.scope, client)
        _discard(self._keys, client.key, client)


def _discard(index: dict[K, set[Client]], at: K, client: Client) -> None:
    index[at].discard(client)
    if not index[at]:
        del index[at]


def scope_of(caller: Caller) -> Scope:
    """Return the ids of the units the caller may see, or None for all."""
    units = caller.unit_filter()
    return None if units is None else frozenset(map(str, units))


def _greeting(position: int | None) -> Encoded:
    known = "" if position is None else f"id: {position}\n"
    data = codec.dumps({} if position is None else {"position": str(position)})
    return Encoded(f"retry: {random.randint(*RETRY_MS)}\n{known}event: hello\ndata: {data}\n\n".encode())


def _encoded(change: Change, scope: Scope, spread_ms: int) -> Encoded | None:
    """Return the event, or None where the scope may see none; ``spread_ms``: ask again within so long, not at once."""
    units = change.seen_by(scope)
    if units is not None and not units:
        return None
    told = {"position": str(change.position), "units": units}
    data = codec.dumps(told if spread_ms < FEW_MS else {**told, "spread_ms": spread_ms})
    wire = f"id: {change.position}\nevent: change\ndata: {data}\n\n".encode()
    return Encoded(wire, change.position)
