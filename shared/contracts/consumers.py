"""Who takes which events: every consumer by its written name, which is its queue's name. A rename is a migration.

The relay must know all of them before it publishes: an event that no queue took is gone. A test holds this list equal
to the ``@subscribe`` doors of the services.
"""

from dataclasses import dataclass

from shared.contracts.content.events import (
    ArticlePublished,
    ArticleSubmissionRetracted,
    ArticleSubmitted,
)
from shared.contracts.review.events import CaseApproved, CaseChangesRequested, CaseRejected, SubmissionRefused
from shared.events import Event


@dataclass(frozen=True, slots=True)
class Consumer:
    """A consumer's name (``<service>.<what>``) and the event types it takes; no types means every event."""

    name: str
    types: frozenset[str]

    def takes(self, event_type: str) -> bool:
        """Return whether events of this type go to the consumer."""
        return not self.types or event_type in self.types


def consumer(name: str, *event_types: type[Event]) -> Consumer:
    """Return a consumer of these events (of every event when none is named)."""
    return Consumer(name, frozenset(event_type.type for event_type in event_types))


MATRIX = consumer("gateway.matrix")
CONSUMERS: tuple[Consumer, ...] = (
    consumer("review.on-submission", ArticleSubmitted, ArticleSubmissionRetracted),
    consumer("content.on-case-approved", CaseApproved),
    consumer("content.on-case-changes-requested", CaseChangesRequested),
    consumer("content.on-case-rejected", CaseRejected),
    consumer("content.on-submission-refused", SubmissionRefused),
    consumer("metrics.on-article-published", ArticlePublished),
    MATRIX,
)
