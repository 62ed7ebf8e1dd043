"""A question to the matrix on the day it is asked: what built answers are kept by."""

from datetime import datetime
from math import inf

from gateway.matrix.calendar import day_of, seconds_of
from gateway.matrix.query import Query


class Asked:
    """Equal where the question and the day in Shanghai are; hashed once, for it is looked up again and again.

    The day is from ``since`` to ``until`` (seconds since the epoch); as of a moment it is that moment's for ever.
    """

    __slots__ = ("_hash", "query", "since", "today", "until")

    def __init__(self, query: Query, now: datetime) -> None:
        self.query, self.today = query, day_of(query.as_of or now)
        self._hash = hash((query, self.today))
        self.since, self.until = seconds_of(self.today) if query.as_of is None else (0.0, inf)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Asked) and (self.query, self.today) == (other.query, other.today)
