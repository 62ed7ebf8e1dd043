"""Messages to commands."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.metrics.figure import DefineFigure
from services.metrics.followers import CountFollowers
from services.metrics.reads import CountReads
from services.metrics.timeliness import AdoptTimelinessPolicy, JudgePublication
from shared.context import Call
from shared.contracts.content.events import ArticlePublished
from shared.contracts.metrics import requests
from shared.contracts.metrics.events import TimelinessPolicyAdopted


def define_figure(call: Call) -> DefineFigure:
    """Return the command in the call."""
    return DefineFigure(**requests.DefineFigure.read(call.body))


def adopt_timeliness_policy(call: Call) -> AdoptTimelinessPolicy:
    """Return the command in the call."""
    return AdoptTimelinessPolicy(**requests.AdoptTimelinessPolicy.read(call.body))


def count_followers(call: Call) -> CountFollowers:
    """Return the command in the call."""
    return CountFollowers(now=datetime.now(UTC), **requests.CountFollowers.read(call.body))


def count_reads(call: Call) -> CountReads:
    """Return the command in the call."""
    return CountReads(now=datetime.now(UTC), **requests.CountReads.read(call.body))


def judge_publication(event: ArticlePublished, policies: Sequence[TimelinessPolicyAdopted]) -> JudgePublication:
    """Return the command that a publication asks for."""
    return JudgePublication(
        publication_id=event.publication_id,
        article_id=event.article_id,
        unit_id=event.unit_id,
        channel_id=event.channel_id,
        title=event.title,
        tier=event.tier,
        event_ended_at=event.event_ended_at,
        published_at=event.published_at,
        policies=tuple(policies),
    )
