"""What submissions are checked with, remembered: they come in bursts, and schemes and term lists seldom change."""

import threading
import time
from dataclasses import dataclass
from uuid import UUID
from weakref import WeakKeyDictionary

from services.review import queries
from services.review.checker import TermList
from services.review.scheme import Scheme
from shared.contracts.review.events import SchemeAdopted, SchemeRetired, TermListPublished
from shared.log.store import Log
from shared.projector import Projector
from shared.runtime import Runtime

LASTS_S = 1.0  # a read model that was rebuilt is seen then, and never falls far behind
PAGE = 100
CHANGES = (SchemeAdopted, SchemeRetired, TermListPublished)


@dataclass(frozen=True, slots=True)
class Rules:
    """The schemes that were not retired, and the newest version of every term list."""

    schemes: list[Scheme]
    lists: list[TermList]


class InForce:
    """The rules as they were read last; safe in several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lists: dict[UUID, TermList] = {}
        self._rules: Rules | None = None
        self._position, self._until = 0, 0.0

    def at_the_end(self, runtime: Runtime) -> Rules:
        """Return the rules in force at the log's end.

        Raises:
            Unavailable: the database did not answer.
        """
        with self._lock:
            if self._rules is None or time.monotonic() >= self._until or self._may_differ(runtime.log):
                self._rules = self._read(runtime)
            return self._rules

    def _may_differ(self, log: Log) -> bool:
        """Return whether the log tells of a change, or of more than is to be looked through."""
        page = log.told(self._position, PAGE)
        self._position = page.checkpoint
        return len(page.events) == PAGE or any(isinstance(told.event, CHANGES) for told in page.events)

    def _read(self, runtime: Runtime) -> Rules:
        self._rules = None  # should it fail: what was looked through is not looked at again
        with runtime.caught_up(None) as db:
            self._position = runtime.views.position  # asked before the rows are: they may know more, never less
            rules = Rules(queries.schemes_in_force(db), queries.lists_in_force(db, self._lists))
        self._until = time.monotonic() + LASTS_S
        return rules


_IN_FORCE: WeakKeyDictionary[Projector, InForce] = WeakKeyDictionary()


def in_force(views: Projector) -> InForce:
    """Return what is remembered of a read model, the same in every call of the process."""
    return _IN_FORCE.setdefault(views, InForce())
