"""A crowd of viewers in one process: each comes, reads the board, listens, comes back when cut off, and leaves."""

import random
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import gevent

from loadtests.live.plan import HERE, Plan
from loadtests.live.records import DELAYED, GAVE_UP, OK, Records, Segment
from loadtests.live.shapes import Arrival, Shape
from loadtests.live.wire import Answer, Connection, News

BOARD = "/v1/matrix"
REFUSED = frozenset({429, 503})
KNOWN = frozenset({200, 304})
SLOW_BUFFER, SLOW_READ, SLOW_PAUSE_S = 4096, 1024, 1.0
TROUBLE_PAUSE_S = (1.0, 3.0)  # after an error nobody told how long to wait
TICK_S = 0.25
DEBOUNCE_S = 0.25
_SPREAD = re.compile(rb'"spread_ms":(\d+)')


class Refused(OSError):
    """The platform did not answer as it should; the text is the outcome that is noted."""


@dataclass(eq=False)
class Crowd:
    """What the viewers of this process share. ``free`` are places for streams: each key has a few."""

    plan: Plan
    shape: Shape
    records: Records
    free: deque[str]
    connected: set["Viewer"] = field(default_factory=set)
    newest: int = 0

    def sleep_until(self, at_s: float) -> None:
        """Return at that second of the run, or at once when it is past."""
        gevent.sleep(max(0.0, at_s - self.records.now() / 1e6))

    def watch(self) -> None:
        """Note every quarter of a second how many are connected and how late this process is; cut when it is time."""
        cuts, due = list(self.shape.cuts), self.records.now() / 1e6
        while due < self.shape.ends_at:
            due += TICK_S
            self.sleep_until(due)
            self.records.tick(len(self.connected), self.records.now() - round(due * 1e6))
            if cuts and due >= cuts[0]:
                cuts.pop(0)
                for viewer in list(self.connected):
                    viewer.cut()


@dataclass(eq=False)
class Viewer:
    """One viewer's life."""

    crowd: Crowd
    arrival: Arrival
    chance: random.Random
    key: str = ""
    segments: list[Segment] = field(default_factory=list)
    connection: Connection | None = None
    tag: str = ""
    position: int | None = None
    retry_s: float = 3.0
    known: int = 0
    reading: bool = False

    def live(self) -> None:
        """Come when it is time, stay, leave."""
        self.crowd.sleep_until(self.arrival.at)
        due = round(self.arrival.at * 1e6)
        self.key = self.crowd.free.popleft() if self.crowd.free else self.crowd.plan.keys[0]
        leaving = min(self.arrival.leaves, self.crowd.shape.ends_at)
        kind = "join"
        beating = gevent.spawn(self._beat) if self.crowd.shape.beat_s and not self.arrival.passer else None
        with gevent.Timeout(max(0.1, leaving - self.crowd.records.now() / 1e6), False):
            while True:
                self._come(kind, due)
                self._listen()
                gevent.sleep(0.0 if self.arrival.hostile else self.retry_s)
                kind, due = "reconnect", self.crowd.records.now()
        if kind == "join" and not self.segments:
            self.crowd.records.note(kind, due, due, GAVE_UP)
        if self in self.crowd.connected and self.segments:
            self.segments[-1].end = self.crowd.records.now()
        self._hang_up()
        if beating is not None:
            beating.kill(block=False)
        self.crowd.free.append(self.key)
        if self.segments:
            self.crowd.records.viewers.append(self.segments)

    def cut(self) -> None:
        """Break the connection."""
        if self.connection is not None:
            self.crowd.connected.discard(self)
            self.connection.cut()

    def _come(self, kind: str, due: int) -> None:
        """Be connected, after as many attempts as it takes; note how long it took since it was due."""
        records, began, refused = self.crowd.records, self.crowd.records.now(), False
        while True:
            try:
                answer = self._connect(kind)
            except (OSError, ValueError) as error:
                records.note(kind, due, began, _name(error))
                pause, due = self.chance.uniform(*TROUBLE_PAUSE_S), -1
            else:
                if answer.status == 200:
                    records.note(kind, due, began, DELAYED if refused else OK)
                    self.crowd.connected.add(self)
                    return
                refused, pause = True, answer.retry_after_s * self.chance.uniform(1.0, 1.5)
                records.count(f"{answer.status} with Retry-After")
            self._hang_up()
            gevent.sleep(pause)
            if due < 0:  # the failure was noted; what follows is another attempt
                kind, due, began, refused = "reconnect", records.now(), records.now(), False

    def _connect(self, kind: str) -> Answer:
        slow = SLOW_BUFFER if self.arrival.slow else None
        self.connection = Connection(HERE, self.crowd.plan.port, self.key, slow)
        if kind == "join" and (answer := self._read_board()).status not in KNOWN:
            return answer
        answer = self.connection.subscribe(self.position)
        if answer.status != 200 and not (answer.status in REFUSED and answer.retry_after_s):
            raise Refused(f"status {answer.status}")
        if answer.status == 200:
            self._events = self._start(self.connection)
        return answer

    def _start(self, connection: Connection) -> Iterator[News]:
        """Return the stream behind its greeting."""
        pace = (SLOW_READ, SLOW_PAUSE_S) if self.arrival.slow else ()
        events = connection.events(*pace)
        self.known = self.crowd.newest
        greeting = next(events)
        if greeting.name != "hello":
            raise Refused(f"greeted with {greeting.name}")
        self.retry_s = (greeting.retry_ms or 3000) / 1000
        if self.position is None:
            self.position = greeting.position or 0
            self.segments.append(Segment(self.position))
        return events

    def _read_board(self) -> Answer:
        """Read the board, whole at first, then only if it changed."""
        assert self.connection is not None
        records = self.crowd.records
        began = records.now()
        answer = self.connection.ask("GET", BOARD, {"If-None-Match": self.tag} if self.tag else {})
        self.tag = answer.tag or self.tag
        records.note("board", began, began, _outcome(answer))
        return answer

    def _listen(self) -> None:
        """Take news until the connection ends."""
        try:
            for news in self._events:
                self._take(news)
                if news.name == "drain":
                    self.retry_s = (news.retry_ms or 3000) / 1000
                    self.crowd.records.count("drained")
                    break
        except OSError as error:
            self.crowd.records.count(f"ended: {_name(error)}")
        except ValueError:
            self.crowd.records.count("malformed")
        self._hang_up()

    def _take(self, news: News) -> None:
        if news.position is None:
            return
        if news.name == "resync":
            self.segments.append(Segment(news.position))
        elif news.name == "change":
            segment = self.segments[-1]
            segment.ids.append(news.position)
            segment.at.append(-1 if news.position <= self.known else self.crowd.records.now())
            self.crowd.newest = max(self.crowd.newest, news.position)
            if self.arrival.heeds:
                self._heed(news)
        self.position = news.position

    def _heed(self, news: News) -> None:
        """Read the board again as the console does: a moment later, spread over what the platform says."""
        if not self.reading:
            self.reading = True
            spread = _SPREAD.search(news.data)
            wait = DEBOUNCE_S + self.chance.uniform(0, int(spread[1]) / 1000 if spread else 0)
            self._later(wait)

    def _beat(self) -> None:
        """Read the board now and then, whatever the news, from one's own moment on; later all at the same moment."""
        shape, at = self.crowd.shape, self.crowd.records.now() / 1e6
        halfway = shape.calm_s + shape.load_s / 2
        own = self.chance.uniform(0, shape.beat_s)
        while at < shape.ends_at:
            in_phase = shape.beats_in_phase and at >= halfway
            at = (at // shape.beat_s + 1) * shape.beat_s if in_phase else at + own
            own = shape.beat_s * self.chance.uniform(0.8, 1.2)
            self.crowd.sleep_until(at)
            self._read_apart()

    def _later(self, wait: float) -> None:
        gevent.spawn_later(wait, self._read_apart)

    def _read_apart(self) -> None:
        """Read the board on a connection of its own; a viewer who left meanwhile does not."""
        self.reading = False
        if self not in self.crowd.connected:
            return
        records, outcome = self.crowd.records, OK
        began = records.now()
        try:
            apart = Connection(HERE, self.crowd.plan.port, self.key)
            try:
                outcome = _outcome(apart.ask("GET", BOARD, {"If-None-Match": self.tag} if self.tag else {}))
            finally:
                apart.close()
        except OSError as error:
            outcome = _name(error)
        records.note("reread", began, began, outcome)

    def _hang_up(self) -> None:
        self.crowd.connected.discard(self)
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def _outcome(answer: Answer) -> str:
    """Return what came of reading the board; who is told when to ask again was not failed."""
    if answer.status in KNOWN:
        return OK
    return DELAYED if answer.status in REFUSED and answer.retry_after_s else f"status {answer.status}"


def _name(error: Exception) -> str:
    if isinstance(error, Refused):
        return str(error)
    return f"{type(error).__name__} {error.errno or ''}".strip() if isinstance(error, OSError) else type(error).__name__
