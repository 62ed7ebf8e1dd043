"""When something was: in the past, with some allowance for clocks that differ."""

from datetime import datetime, timedelta

from shared.errors import RuleBroken

SKEW = timedelta(minutes=5)


def require_past(at: datetime, now: datetime) -> None:
    """Pass when ``at`` is no more than five minutes ahead.

    Raises:
        RuleBroken: ``media.in_the_future``.
    """
    if at > now + SKEW:
        raise RuleBroken("media.in_the_future", "this has not happened yet: the time lies in the future")
