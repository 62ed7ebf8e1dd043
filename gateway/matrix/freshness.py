"""How old what we know is, by source, and which parts do not answer."""

import time
from collections.abc import Iterable

STALE_S = 15.0
LATE_S = 10.0


class Freshness:
    """Fed by the matrix's feeds and by what answers of services tell. Safe to call from any thread."""

    def __init__(self, sources: Iterable[str], now: float | None = None) -> None:
        start = time.time() if now is None else now
        self._sources = tuple(sources)
        self._seen = dict.fromkeys(self._sources, start)
        self._positions = dict.fromkeys(self._sources, 0)
        self._expected: dict[str, tuple[int, float]] = {}
        self._silent: set[str] = set()
        self.news = 0  # grows whenever something was noted: what was told before may differ from now on

    def seen(self, source: str, position: int, at: float) -> None:
        """Note that at ``at`` (seconds since the epoch) everything up to ``position`` of the source was in."""
        self._seen[source] = max(at, self._seen.get(source, at))
        self._positions[source] = max(position, self._positions.get(source, 0))
        self.news += 1

    def expect(self, source: str, position: int, now: float | None = None) -> None:
        """Note that the source's log has reached ``position``: a command's answer says so before the feed does."""
        if position > self._positions.get(source, 0) and source not in self._expected:
            self._expected[source] = (position, time.time() if now is None else now)
            self.news += 1

    def answers(self, source: str, alive: bool) -> None:
        """Note whether the service behind the source answers."""
        (self._silent.discard if alive else self._silent.add)(source)
        self.news += 1

    def missing(self, now: float) -> list[str]:
        """Return the sources that do not answer, were not seen for 15 s, or are more than 10 s behind."""
        return [source for source in self._sources if self._is_missing(source, now)]

    def age_s(self, now: float) -> float:
        """Return the age in seconds of the oldest thing we know."""
        return max(0.0, now - min(self._seen.values(), default=now))

    def _is_missing(self, source: str, now: float) -> bool:
        expected = self._expected.get(source)
        if expected is not None and self._positions[source] >= expected[0]:
            del self._expected[source]
            expected = None
        late = expected is not None and now - expected[1] > LATE_S
        return late or source in self._silent or now - self._seen[source] > STALE_S
