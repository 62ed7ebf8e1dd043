"""What a caller asks the matrix for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

from gateway.matrix.periods import Period, current_year, parse
from shared.codec import instant
from shared.context import Caller
from shared.contracts.content.events import ChannelKind, UnitKind
from shared.errors import Invalid, NotFound

UNIT_KINDS: tuple[str, ...] = get_args(UnitKind)
CHANNEL_KINDS: tuple[str, ...] = get_args(ChannelKind)
PARAMETERS = frozenset(("period", "as_of", "unit", "kind", "channel"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A period, optionally as it was known at ``as_of`` (UTC), in one unit or one kind of unit or channel.

    ``scope`` is what the caller may see: ids of units, or None for all.
    """

    period: Period
    as_of: datetime | None = None
    unit: UUID | None = None
    kind: str | None = None
    channel: UUID | None = None
    scope: frozenset[UUID] | None = None

    @property
    def unit_kind(self) -> str | None:
        """The kind of unit asked for, if any."""
        return self.kind if self.kind in UNIT_KINDS else None

    @property
    def channel_kind(self) -> str | None:
        """The kind of channel asked for, if any."""
        return self.kind if self.kind in CHANNEL_KINDS else None

    def units(self) -> frozenset[UUID] | None:
        """Return the units that may be read for this query, or None for all."""
        return self.scope if self.unit is None else frozenset({self.unit})

    def parameters(self) -> dict[str, str]:
        """Return the query as the parameters of a link (without its scope, which is the reader's own)."""
        values = {
            "period": self.period.name,
            "as_of": self.as_of and instant(self.as_of),
            "unit": self.unit,
            "kind": self.kind,
            "channel": self.channel,
        }
        return {name: str(value) for name, value in values.items() if value is not None}


def query_of(parameters: Mapping[str, str], caller: Caller, now: datetime) -> Query:
    """Return the query in the parameters ``period``, ``as_of``, ``unit``, ``kind`` and ``channel``.

    Without a period it is the current year (Shanghai).

    Raises:
        Invalid: ``matrix.period``, ``matrix.as_of``, ``matrix.kind`` or ``request.invalid``.
        NotFound: the unit is none of the caller's.
    """
    text = parameters.get("period")
    unit = _id(parameters, "unit")
    if unit is not None and not caller.sees(unit):
        raise NotFound("caller.no_such_unit", "no such object in your units")
    return Query(
        period=current_year(now) if text is None else parse(text),
        as_of=_moment(parameters.get("as_of"), now),
        unit=unit,
        kind=_kind(parameters.get("kind")),
        channel=_id(parameters, "channel"),
        scope=caller.unit_filter(),
    )


def _moment(text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    day, at, clock = text.partition("T")
    try:
        moment = datetime.fromisoformat(day + at + clock.replace(" ", "+"))  # a + in a query arrives as a space
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _refusal("as_of", f"not an instant: {text[:40]!r}; say 2021-12-31T23:59:59+08:00") from error
    if moment.tzinfo is None:
        raise _refusal("as_of", "the instant names no time zone; say 2021-12-31T23:59:59+08:00")
    if moment > now:
        raise _refusal("as_of", "the instant has not come yet")
    return in_utc


def _kind(text: str | None) -> str | None:
    if text is None or text in UNIT_KINDS or text in CHANNEL_KINDS:
        return text
    raise _refusal("kind", f"no kind of unit or channel; known are {', '.join(UNIT_KINDS + CHANNEL_KINDS)}")


def _id(parameters: Mapping[str, str], name: str) -> UUID | None:
    text = parameters.get(name)
    try:
        return None if text is None else UUID(text)
    except ValueError as error:
        raise _refusal(name, "not an id") from error


def _refusal(name: str, reason: str) -> Invalid:
    return Invalid(f"matrix.{name}", f"{name}: {reason}", {name: [reason]})
