"""Finds the units, channels and articles that rows name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlsplit

from gateway.importing.platform import Body, Platform, everything
from gateway.importing.reading.values import CHINA, when
from gateway.importing.rows import AnyRow, ArticleRow, ReadsRow
from shared.contracts.content.events import ChannelKind
from shared.errors import NotFound, RuleBroken
from shared.titles import plain

MAX_TITLE = 200  # an article has none that is longer
Query = tuple[tuple[str, str], ...]


class Place(NamedTuple):
    """An article on a channel, by their ids, and the unit that owns the article."""

    article: str
    unit: str
    channel: str


class Directory:
    """What the platform knows, asked for when it is needed; ``unit`` and ``channel`` stand in where rows name none."""

    def __init__(self, platform: Platform, unit: str, channel: str) -> None:
        self._platform, self._unit, self._channel = platform, unit, channel
        self._looked_up: dict[tuple[str, Query], list[str]] = {}

    @cached_property
    def _units(self) -> list[Body]:
        return everything(self._platform, "content", "list_units")

    @cached_property
    def _channels(self) -> list[Body]:
        return everything(self._platform, "content", "list_channels")

    @cached_property
    def _published(self) -> dict[str, list[Body]]:
        """Every published article by its links: for those that were renamed since."""
        found: dict[str, list[Body]] = {}
        for item in everything(self._platform, "content", "list_articles", status="published"):
            article = self.article(item["id"])
            for link in {same_link(one["url"]) for one in article["publications"] if one["url"]}:
                found.setdefault(link, []).append(article)
        return found

    def unit(self, named: str) -> str:
        """Return the id of a unit.

        Raises:
            NotFound: there is none of that name.
            RuleBroken: none is named, or more than one have that name.
        """
        return str(_one("unit", self._units, named or self._unit)["id"])

    def channel(self, named: str, kind: ChannelKind | None = None) -> Body:
        """Return a channel: of the unit given for the import where there is one.

        Raises:
            NotFound: there is none of that name.
            RuleBroken: none is named, more than one have that name, or it is of another kind.
        """
        unit = self.unit("") if self._unit else None
        found = _one("channel", self._channels, named or self._channel, lambda one: unit in (None, one["unit_id"]))
        if kind is not None and found["kind"] != kind:
            raise RuleBroken("import.channel_kind", f"{found['name']} is a channel of kind {found['kind']}, not {kind}")
        return found

    def article(self, article_id: str) -> Body:
        """Return an article with its publications."""
        return self._platform.ask("content", "get_article", {"article_id": article_id})

    def look_up(self, rows: Iterable[AnyRow]) -> None:
        """Find at once which articles the rows name; of each row that is asked once, when it is sent."""
        asked: dict[Query, list[str]] = {}
        for row in rows:
            if (query := self._query(row)) is not None:
                asked.setdefault(query, []).append(row.title)  # type: ignore[union-attr]
        self._looked_up.clear()
        for query, titles in asked.items():
            self._looked_up |= {(title, query): ids for title, ids in self._found(titles, query).items()}

    def articles(self, title: str, **query: str) -> list[Body]:
        """Return the articles of that title, with their publications."""
        ids = self._looked_up.pop((plain(title), _query(query)), None)
        if ids is None:
            ids = self._found([title], _query(query))[plain(title)]
        return [self.article(one) for one in ids]

    def _query(self, row: AnyRow) -> Query | None:
        """Return what ``articles`` will be asked beside the title for a row; None where it will not come to that."""
        match row:
            case ArticleRow():
                with suppress(NotFound, RuleBroken):  # the row will be told so
                    return _query({"unit_id": self.unit(row.unit), "kind": row.kind})
            case ReadsRow():
                return _query({"kind": row.kind})
        return None

    def _found(self, titles: Sequence[str], query: Query) -> dict[str, list[str]]:
        """Return the ids of the articles of each title, as titles are compared."""
        ids: dict[str, list[str]] = {plain(title): [] for title in titles}
        if wanted := [title for title in titles if len(title) <= MAX_TITLE]:
            for item in everything(self._platform, "content", "find_articles", titles=wanted, **dict(query)):
                ids.get(plain(item["title"]), []).append(str(item["id"]))
        return ids

    def read_article(self, row: ReadsRow) -> Place:
        """Return the article that a row counts, and its channel: by link, else by title and day.

        Raises:
            RuleBroken: there is none, or more than one.
        """
        channels = self._channels_of(row)
        articles = self.articles(row.title, kind=row.kind)
        found = _places(articles, lambda one: has_link(one, row.url), channels)
        found = found or _places(articles, lambda one: same_day(one, row.published), channels)
        if not found and row.url:
            renamed = self._published.get(same_link(row.url), [])
            found = _places(renamed, lambda one: has_link(one, row.url), channels)
        if len(found) == 1:
            return found.pop()
        if found:
            raise RuleBroken("import.ambiguous", "several published articles have this title and day; name the channel")
        raise RuleBroken("import.no_article", f"no published {row.kind} has this link, or this title and day")

    def _channels_of(self, row: ReadsRow) -> set[str]:
        if self._channel:
            return {str(self.channel("", row.channel_kind)["id"])}
        unit = self.unit("") if self._unit else None
        fits = [one for one in self._channels if one["kind"] == row.channel_kind and unit in (None, one["unit_id"])]
        return {str(one["id"]) for one in fits}


def _query(asked: Mapping[str, str]) -> Query:
    return tuple(sorted(asked.items()))


def same_link(url: str) -> str:
    """Return what two links to the same page have in common, whatever their scheme, fragment and last slash."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return url
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}?{parts.query}"


def same_day(publication: Body, published: datetime) -> bool:
    """Return whether the publication was on that day in China."""
    return when(publication["at"]).moment.astimezone(CHINA).date() == published.astimezone(CHINA).date()


def has_link(publication: Body, url: str | None) -> bool:
    """Return whether the publication is under that link."""
    return bool(url and publication["url"]) and same_link(publication["url"]) == same_link(str(url))


def _places(articles: list[Body], fits: Callable[[Body], bool], channels: set[str]) -> set[Place]:
    return {
        Place(str(article["id"]), str(article["unit_id"]), str(one["channel_id"]))
        for article in articles
        for one in article["publications"]
        if one["status"] == "published" and one["channel_id"] in channels and fits(one)
    }


def _one(what: str, known: list[Body], named: str, fits: Callable[[Body], bool] = lambda one: True) -> Body:
    if not named:
        raise RuleBroken(f"import.no_{what}", f"no {what} is named: add a column {what}, or name one for all rows")
    found = [one for one in known if one["id"] == named.lower() or (fits(one) and plain(one["name"]) == plain(named))]
    if not found:
        raise NotFound(f"import.no_{what}", f"there is no {what} {named} that you may see")
    if len(found) > 1:
        raise RuleBroken("import.ambiguous", f"{len(found)} {what}s are named {named}; give its id")
    return found[0]
