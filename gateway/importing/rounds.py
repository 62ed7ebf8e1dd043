"""Which rows may be on their way at once: those of different things; those of one thing follow each other."""

from collections.abc import Sequence
from itertools import zip_longest

from gateway.importing.rows import AnyRow, ArticleRow, FollowersRow, ReadsRow, RowError
from shared.titles import plain

Numbered = tuple[int, AnyRow]


def rounds(rows: Sequence[Numbered]) -> list[list[Numbered]]:
    """Return the rows in rounds, in each of which no article and no channel is told of twice.

    What a file says of one thing keeps its order: the second row about an article finds what the first one drafted.
    """
    about: dict[object, list[Numbered]] = {}
    for number, row in rows:
        about.setdefault(_thing(number, row), []).append((number, row))
    return [[one for one in abreast if one is not None] for abreast in zip_longest(*about.values())]


def _thing(number: int, row: AnyRow) -> object:
    match row:
        case ArticleRow() | ReadsRow():
            return "article", plain(row.title)
        case FollowersRow():
            return "channel", plain(row.channel)
        case RowError():
            return "nothing", number
