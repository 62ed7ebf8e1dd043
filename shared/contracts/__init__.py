"""The only language services share: published events and the requests a service answers."""

from shared.contracts.content import events as content
from shared.contracts.media import events as media
from shared.contracts.metrics import events as metrics
from shared.contracts.review import events as review
from shared.contracts.training import events as training
from shared.events import Registry

SERVICES = ("content", "review", "media", "training", "metrics")
REGISTRY = Registry(content.EVENTS + review.EVENTS + media.EVENTS + training.EVENTS + metrics.EVENTS)
