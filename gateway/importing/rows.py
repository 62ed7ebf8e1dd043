"""What a row of a file says, as it is sent on; the reading program says it in JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.importing.reading.values import CHINA
from shared import codec
from shared.contracts.content.events import ArticleKind, ChannelKind
from shared.contracts.metrics.events import ReadUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRow:
    """An article; ``text`` are the further fields of a draft. ``unit`` and ``channel`` are names or ids, or empty."""

    place: str
    unit: str
    kind: str
    title: str
    text: Mapping[str, Any]
    published_at: datetime | None
    url: str | None
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadsRow:
    """How often a published article was read. Reads and readers are two figures, never added."""

    place: str
    title: str
    published: datetime
    url: str | None
    counts: Mapping[ReadUnit, int]
    kind: ArticleKind
    channel_kind: ChannelKind
    source: str
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowersRow:
    """A channel's followers at one moment; ``channel`` is a name or id, or empty."""

    place: str
    channel: str
    channel_kind: ChannelKind | None
    taken_at: datetime
    followers: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """Why a row cannot be imported: where it is, the column to blame, and the reason; ``about`` says what it was."""

    place: str
    field: str
    reason: str
    about: str = ""


ReadRow = ArticleRow | ReadsRow | FollowersRow
AnyRow = ReadRow | RowError
SAYS: dict[str, type[AnyRow]] = {"article": ArticleRow, "reads": ReadsRow, "followers": FollowersRow, "error": RowError}


def about(row: AnyRow) -> str:
    """Return the words by which people know the row."""
    match row:
        case ArticleRow() | ReadsRow():
            return row.title
        case FollowersRow():
            return f"{row.channel} {row.taken_at.astimezone(CHINA):%Y-%m-%d}".strip()
        case RowError():
            return row.about


def read_row(says: str) -> AnyRow:
    """Return the row in what the reading program told of it; what is none of that is a row in error.

    The program met the file: what it tells is believed no more than the file.
    """
    try:
        told: Any = json.loads(says)
        row: AnyRow = codec.structure(told, SAYS[told["says"]])
    except (ValueError, KeyError, TypeError, RecursionError):
        return RowError(place="", field="", reason="the row cannot be read")
    return row
