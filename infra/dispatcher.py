"""Hands the events of one log to its consumers in the same process: in order, each with one fate."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Engine, select

from shared.contracts.consumers import Consumer
from shared.database import reading, upsert, writing
from shared.events import Recorded
from shared.failpoints import failpoint
from shared.inbox import DONE, Fate, Waiting, due, fate_of, settle, standing, streams_waiting, wait
from shared.log.store import Log, Page
from shared.log.tables import consumer_position
from shared.logs import log as logger
from shared.logs import log_failure

POLL_S = 0.5
GATHER_S = 0.02  # in a burst of appends many events are read, and their rows written, in one go
PAUSE_S = 1.0
PAGE = 200
NOTE_S = 1.0


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A consumer, the database its effects are in, and its method."""

    consumer: Consumer
    engine: Engine
    handle: Callable[[Recorded], None]

    def listens_to(self, source: str) -> bool:
        """Return whether the consumer takes events of the source's log."""
        return not self.consumer.types or any(name.startswith(f"{source}.") for name in self.consumer.types)

    def position(self, source: str) -> int:
        """Return how far the consumer has read the source's log."""
        here = (consumer_position.c.consumer == self.consumer.name) & (consumer_position.c.source == source)
        with reading(self.engine) as db:
            return int(db.execute(select(consumer_position.c.position).where(here)).scalar() or 0)

    def move(self, source: str, position: int) -> None:
        """Note how far the consumer has read the source's log."""
        row = {"consumer": self.consumer.name, "source": source, "position": position}
        with writing(self.engine, repeatable=True) as db:
            upsert(db, consumer_position, ["consumer", "source"], row)


class Dispatcher:
    """One thread for one log."""

    def __init__(self, log: Log, subscribers: Sequence[Subscriber], ladder: Sequence[float]) -> None:
        self.listeners: list[Callable[[Log], None]] = []
        self._log, self._subscribers, self._ladder = log, subscribers, ladder
        self._positions: dict[str, int] = {}
        self._noted: dict[str, tuple[int, float]] = {}
        self._asked: dict[str, float] = {}
        self._waiting: dict[str, tuple[float, set[str]]] = {}
        self._at_hand: tuple[int, Page[Recorded]] | None = None
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"events of {log.name}", daemon=True)
        log.on_append(self._woken.set)

    def start(self) -> None:
        """Start where each consumer left off."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end."""
        self._stopping.set()
        self._woken.set()

    def join(self) -> None:
        """Wait for the event that is being handled."""
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            self._at_hand = None
            pauses = [self._fails(partial(self._serve, subscriber)) for subscriber in self._subscribers]
            pauses += [self._fails(partial(callback, self._log)) for callback in self.listeners]
            if any(pauses):
                self._stopping.wait(PAUSE_S)
            else:
                self._woken.wait(POLL_S)
                self._stopping.wait(GATHER_S)

    def _fails(self, work: Callable[[], None]) -> bool:
        """Do the work; return whether it failed and is to be tried again after a pause."""
        try:
            work()
        except Exception as error:  # a thread that ends would lose nothing and help nobody
            log_failure("dispatcher.failed", error, log=self._log.name)
            return True
        return False

    def _serve(self, subscriber: Subscriber) -> None:
        """Hand the consumer what is due again, then everything that is new to it."""
        name = subscriber.consumer.name
        for waiting in self._due(subscriber):
            recorded = next(iter(self._log.read(waiting.position - 1, 1).events))
            if self._stopping.is_set():
                return
            if standing(subscriber.engine, name, recorded).behind:
                continue
            if self._handle(subscriber, recorded, waiting.attempts + 1):
                settle(subscriber.engine, name, recorded.event_id)
        while (page := self._page(self._position(subscriber))).events:
            if not self._serve_page(subscriber, page):
                return  # it is read again; the inbox knows what was handled
            if len(page.events) < PAGE:
                return

    def _due(self, subscriber: Subscriber) -> Sequence[Waiting]:
        """Return what is to be tried again, asked for no more often than where nothing is appended."""
        name, now = subscriber.consumer.name, time.monotonic()
        if now - self._asked.get(name, -POLL_S) < POLL_S:
            return ()
        self._asked[name] = now
        return due(subscriber.engine, self._log.name, name)

    def _streams_waiting(self, subscriber: Subscriber) -> set[str]:
        """Return the streams of which an event waits, and perhaps some of which none does since half a second.

        None begins to wait but here, where it is noted in the set.
        """
        name, now = subscriber.consumer.name, time.monotonic()
        asked, streams = self._waiting.get(name, (-POLL_S, set()))
        if now - asked >= POLL_S:
            streams = streams_waiting(subscriber.engine, name)
            self._waiting[name] = now, streams
        return streams

    def _page(self, after: int) -> Page[Recorded]:
        """Return the page after a position; consumers that stand at one place share what a turn read there."""
        if self._at_hand is None or self._at_hand[0] != after:
            self._at_hand = (after, self._log.read(after, PAGE))
        return self._at_hand[1]

    def _serve_page(self, subscriber: Subscriber, page: Page[Recorded]) -> bool:
        """Hand the consumer a page and move its position behind it; return False when told to stop before that."""
        wait_already = self._streams_waiting(subscriber)
        for recorded in page.events:
            if self._stopping.is_set():
                return False
            if not subscriber.consumer.takes(recorded.type):
                continue
            if not self._meet(subscriber, recorded, recorded.stream in wait_already):
                wait_already.add(recorded.stream)
        self._move(subscriber, page.checkpoint)
        return True

    def _meet(self, subscriber: Subscriber, recorded: Recorded, others_wait: bool) -> bool:
        """Handle an event for the first time, unless it has its fate already or must wait for its turn.

        Only where others of its stream wait is it asked which. Return False when it was not handled well.
        """
        failpoint("consumer.after_receive")
        name, engine = subscriber.consumer.name, subscriber.engine
        if others_wait:
            stands = standing(engine, name, recorded)
            if stands.behind and not stands.known:
                fate = Fate("retry", self._ladder[0], "waits behind an earlier event")
                wait(engine, name, recorded, self._log.name, 0, fate)
            if stands.behind or stands.known:
                return False
        return self._handle(subscriber, recorded, 1)

    def _handle(self, subscriber: Subscriber, recorded: Recorded, attempt: int) -> bool:
        """Give the event its fate; return whether it was handled well.

        Raises where the consumer's database does not answer: then it has no fate yet.
        """
        name, engine = subscriber.consumer.name, subscriber.engine
        error = None
        try:
            subscriber.handle(recorded)
        except Exception as raised:  # whatever it is, the message gets a fate
            error = raised
        fate = fate_of(error, attempt, self._ladder)
        failpoint("consumer.after_commit_before_ack")
        if fate != DONE:
            logger.warning("message.failed", consumer=name, fate=fate.kind, attempt=attempt, reason=fate.reason)
            wait(engine, name, recorded, self._log.name, attempt, fate)
        return fate == DONE

    def _position(self, subscriber: Subscriber) -> int:
        name = subscriber.consumer.name
        if name not in self._positions:
            self._positions[name] = subscriber.position(self._log.name)
        return self._positions[name]

    def _move(self, subscriber: Subscriber, position: int) -> None:
        """Go on; note it at most once a second: what is read twice has its effect once."""
        name, now = subscriber.consumer.name, time.monotonic()
        self._positions[name] = position
        if position > self._noted.get(name, (0, 0.0))[0] and now - self._noted.get(name, (0, 0.0))[1] > NOTE_S:
            subscriber.move(self._log.name, position)
            self._noted[name] = (position, now)
