"""Building the matrix anew from five logs beside COPY of the same events, and the memory it takes.

For each article of the content log there are an approval in review's, and in metrics' a judgement and a count of reads,
spread over 20 units, 60 channels and a year. One live row is wrong before each rebuild.
"""

from contextlib import ExitStack

from sqlalchemy import Engine, text

from gateway.matrix.rebuild import fill, rebuild
from loadtests.history import ARTICLE, CHANNEL, NOON, PERSON, STREAM, TEXT, UNIT
from loadtests.peers import Comparison, Sample, Slice, compare
from loadtests.rebuild import Copied, Model, memory
from loadtests.world import World
from shared.config import Settings
from shared.contracts import SERVICES
from shared.contracts.metrics.events import ReadsCounted, TimelinessJudged
from shared.contracts.review.events import CaseApproved
from shared.database import open_engine, writing
from shared.events import Event, encode
from shared.log import open_log
from shared.projector import Rebuilt

ROUNDS = 3  # ten times the events take most of a minute
REVIEW = (
    CaseApproved(
        case_id=ARTICLE, article_id=ARTICLE, unit_id=UNIT, kind="news", revision=1, digest="d" * 64, title=TEXT.title,
        char_count=800, char_rule="1", by=PERSON, at=NOON, override_reason=None,
    ),
)  # fmt: skip
METRICS = (
    TimelinessJudged(
        publication_id=ARTICLE, article_id=ARTICLE, unit_id=UNIT, channel_id=CHANNEL, title=TEXT.title,
        tier="school_home", event_ended_at=NOON, published_at=NOON, taken_s=3600, limit_hours=24, on_time=True,
        policy_version=1,
    ),
    ReadsCounted(
        article_id=ARTICLE, unit_id=UNIT, channel_id=CHANNEL, value=100, unit="reads", source="bench", taken_at=NOON,
    ),
)  # fmt: skip
WORK: dict[str, tuple[Event, ...]] = {"review": REVIEW, "metrics": METRICS}
# A place, and a day of the year in the place of NOON's, by the article's number.
_WRITE = text("""
  insert into event (event_id, stream, version, type, occurred_at, recorded_at, actor, unit, correlation_id,
    causation_id, data, hash)
  select gen_random_uuid(), 'article-' || article, version, type, day, day + 7200000000 + n, 'bench', unit,
    gen_random_uuid(), null,
    replace(replace(replace(replace(data, :article, article::text), :unit, unit::text), :channel, channel::text),
      :noon, to_char(to_timestamp(day / 1000000) at time zone 'utc', 'YYYY-MM-DD"T"HH24')),
    decode(repeat('00', 32), 'hex')
  from (
    select n, gen_random_uuid() as article, 1609473600000000 + n % 365 * 86400000000 as day,
      lpad(to_hex(1000 + n % 20), 32, '0')::uuid as unit, lpad(to_hex(2000 + n % 60), 32, '0')::uuid as channel
    from generate_series(1, :articles) as n
  ) as articles, unnest(cast(:types as text[]), cast(:data as text[])) with ordinality as template (type, data, version)
  order by n, version
""")


def rebuilding_matrix(world: World) -> list[Comparison]:
    """Return events per second, and mebibytes of the process at its peak."""
    with ExitStack() as stack:
        once, ten = (_Matrix(settings, world, stack) for settings in (world.settings, world.large))
        what = f"rebuild of the matrix from {once.events:,} events"
        speed = compare(
            "rebuild-matrix", what, "COPY of the same events", "events/s", once.model.sample, once.copies(world),
            ROUNDS, ten=ten.model.sample,
        )  # fmt: skip
        peer = "a service's, with no events"
        return [speed, memory("rebuild-matrix-memory", what, peer, once.model, ten.model, world)]


def write_work(settings: Settings, articles: int) -> None:
    """Write what came of so many articles to the ends of review's and metrics' logs."""
    for name, events in WORK.items():
        owner = open_engine(settings.owner_url(name))
        told = {"types": [event.type for event in events], "data": [encode(event) for event in events]}
        ids = {"article": ARTICLE, "unit": UNIT, "channel": CHANNEL}
        texts = {name: str(value) for name, value in ids.items()}
        with writing(owner) as db:
            db.execute(_WRITE, {**told, **texts, "noon": f"{NOON:%Y-%m-%dT%H}", "articles": articles})
        with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.execute(text("vacuum analyze event"))
        owner.dispose()


class _Matrix:
    """A matrix that is up to date with its logs; ``stack`` closes what it opens."""

    def __init__(self, settings: Settings, world: World, stack: ExitStack) -> None:
        own = open_engine(settings.owner_url("gateway"))
        self._owners = {name: open_engine(settings.owner_url(name)) for name in SERVICES}
        for engine in (own, *self._owners.values()):
            stack.callback(engine.dispose)
        self._logs = [open_log(name, owner) for name, owner in self._owners.items()]
        write_work(settings, self._logs[SERVICES.index("content")].head() // len(STREAM))
        self.events = fill(own, self._logs)
        self.model = Model(
            name="matrix", owner=own, database_pid=world.database_pid, rebuild=lambda: self._rebuild(own),
            wrong="update month_sum set value = value + 1 where month = (select max(month) from month_sum)",
        )  # fmt: skip

    def copies(self, world: World) -> Slice:
        """Return what measures COPY of the same events, log after log."""
        copied = [Copied(self._owners[name]) for name in ("content", *WORK)]

        def sample() -> Sample:
            found = [(each.events, each.sample(world)) for each in copied]
            seconds = sum(events / one.value for events, one in found)
            return Sample(self.events / seconds, sum(events * one.cpu_us for events, one in found) / self.events)

        return sample

    def _rebuild(self, own: Engine) -> Rebuilt:
        done = rebuild(own, self._logs)
        assert done.events == self.events
        return done
