"""How far the matrix has followed each log, looked up when Prometheus asks."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine, select

from gateway.matrix.tables import feed
from shared.database import asking
from shared.errors import Unavailable


class FeedCensus(Collector):
    """Reads the matrix's checkpoints at every scrape; nothing where its database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        """Yield position and age for each log."""
        position = GaugeMetricFamily(
            "matrix_feed_position", "Position up to which the matrix holds the log.", labels=["log"]
        )
        age = GaugeMetricFamily("matrix_feed_age_seconds", "Age of what the matrix knows of the log.", labels=["log"])
        now = datetime.now(UTC)
        for row in self._rows():
            position.add_metric([row.source], row.position)
            age.add_metric([row.source], max(0.0, (now - row.fresh_at).total_seconds()))
        yield position
        yield age

    def _rows(self) -> Sequence[Any]:
        try:
            with asking(self._engine) as db:
                return db.execute(select(feed.c.source, feed.c.position, feed.c.fresh_at)).all()
        except Unavailable:
            return ()
