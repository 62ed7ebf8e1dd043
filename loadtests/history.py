"""A past to measure with: articles that were drafted, submitted, approved, published and withdrawn, in the content log.

They are written by one statement, as the owner of the tables: through ``append_events`` a million would take minutes.
Rows, sizes and indexes are as it writes them, but for the hashes, which prove nothing.
"""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text

from shared.config import Settings
from shared.contracts.content.events import (
    ArticleApproved,
    ArticleDrafted,
    ArticlePublished,
    ArticleSubmitted,
    ArticleText,
    ArticleWithdrawn,
)
from shared.database import open_engine, writing
from shared.events import Event, encode

UNIT, PERSON, CHANNEL, ARTICLE = (UUID(int=number) for number in (7, 8, 9, 10))  # ARTICLE's place is each article's id
NOON = datetime(2021, 9, 1, 4, tzinfo=UTC)
BODY = "<p>体育学院代表队在全国大学生运动会上获得两金一银。</p>" * 3
TEXT = ArticleText(
    title="校代表队载誉归来", body=BODY, originality="original", source_url=None, tags=("体育",), topic=None,
    series=None, event_ended_at=NOON, asset_ids=(),
)  # fmt: skip
PUBLISHED = ArticlePublished(
    article_id=ARTICLE, unit_id=UNIT, publication_id=ARTICLE, kind="news", title=TEXT.title, revision=1,
    channel_id=CHANNEL, channel_kind="website", tier="school_home", event_ended_at=NOON, published_at=NOON,
    url=None, by=PERSON,
)  # fmt: skip
STREAM: tuple[Event, ...] = (
    ArticleDrafted(article_id=ARTICLE, unit_id=UNIT, kind="news", author_id=PERSON, byline=None, text=TEXT),
    ArticleSubmitted(
        article_id=ARTICLE, unit_id=UNIT, kind="news", revision=1, digest="d" * 64, author_ids=(PERSON,),
        title=TEXT.title, body=BODY, submitted_at=NOON,
    ),
    ArticleApproved(article_id=ARTICLE, unit_id=UNIT, revision=1, digest="d" * 64, case_id=ARTICLE),
    PUBLISHED,
    ArticleWithdrawn(article_id=ARTICLE, unit_id=UNIT, by=PERSON, reason="误发"),
)  # fmt: skip
_WRITE = text(
    "insert into event (event_id, stream, version, type, occurred_at, recorded_at, actor, unit, correlation_id,"
    " causation_id, data, hash)"
    " select gen_random_uuid(), 'article-' || article, version, type, 1630468800000000, 1630468800000000 + n, 'bench',"
    " :unit, gen_random_uuid(), null, replace(data, :place, article::text), decode(repeat('00', 32), 'hex')"
    " from (select n, gen_random_uuid() as article from generate_series(1, :streams) as n) as articles,"
    " unnest(cast(:types as text[]), cast(:data as text[])) with ordinality as template (type, data, version)"
    " order by n, version"
)


def write_articles(settings: Settings, events: int) -> None:
    """Write so many events (a multiple of five) to the end of the content log, a stream of five for each article."""
    engine = open_engine(settings.owner_url("content"))
    with writing(engine) as db:
        told = {"types": [event.type for event in STREAM], "data": [encode(event) for event in STREAM]}
        place = {"unit": UNIT, "place": str(ARTICLE), "streams": events // len(STREAM)}
        db.execute(_WRITE, {**told, **place})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(text("vacuum analyze event"))
    engine.dispose()
