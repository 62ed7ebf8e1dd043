"""Publishes what was scheduled, when its time has come."""

from datetime import datetime

from services.content import article, channel, queries
from services.content.publication import PublishDue, facts_of
from shared.errors import PlatformError
from shared.execute import cause_of, execute, state_of
from shared.logs import log
from shared.runtime import Runtime


def publish_due(runtime: Runtime, now: datetime) -> None:
    """Publish what was scheduled until ``now``; several processes may: the stream's version lets one of them."""
    with runtime.caught_up(None) as db:
        due = queries.due_publications(db, now)
    for row in due:
        try:
            state, _ = state_of(runtime.log, f"channel-{row.channel_id}", channel)
            command = PublishDue(article_id=row.article_id, channel=facts_of(row.channel_id, state), now=now)
            execute(runtime.log, f"article-{row.article_id}", article, command, cause_of("content.publish-due"))
        except PlatformError as error:  # one that fails must not hold up the others; it is due again in a second
            log.warning("publication.not_published", publication_id=str(row.publication_id), code=error.code)
