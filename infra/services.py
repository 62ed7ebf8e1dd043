"""The five service classes. A service process loads only its own."""

from shared.contracts import SERVICES


def service_class(name: str) -> type:
    """Return the class of the service.

    Raises:
        ValueError: there is no such service.
    """
    found: type
    match name:
        case "content":
            from services.content.service import ContentService

            found = ContentService
        case "review":
            from services.review.service import ReviewService

            found = ReviewService
        case "media":
            from services.media.service import MediaService

            found = MediaService
        case "training":
            from services.training.service import TrainingService

            found = TrainingService
        case "metrics":
            from services.metrics.service import MetricsService

            found = MetricsService
        case _:
            raise ValueError(f"no such service: {name}; there are {', '.join(SERVICES)}")
    return found


def service_classes() -> tuple[type, ...]:
    """Return the classes of all services."""
    return tuple(service_class(name) for name in SERVICES)
