"""Finds the units, channels and articles that rows name."""

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlsplit

from gateway.importing.platform import Body, Platform, everything
from gateway.importing.reading.values import CHINA, When, plain, when
from gateway.importing.rows import ReadsRow
from shared.contracts.content.events import ChannelKind
from shared.errors import NotFound, RuleBroken

MAX_QUERY = 100


class Place(NamedTuple):
    """An article on a channel, by their ids, and the unit that owns the article."""

    article: str
    unit: str
    channel: str


class Directory:
    """What the platform knows, asked for when it is needed; ``unit`` and ``channel`` stand in where rows name none."""

    def __init__(self, platform: Platform, unit: str, channel: str) -> None:
        self._platform, self._unit, self._channel = platform, unit, channel

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

    def articles(self, title: str, **query: str) -> list[Body]:
        """Return the articles of that title, with their publications."""
        listed = everything(self._platform, "content", "list_articles", q=title[:MAX_QUERY], **query)
        return [self.article(item["id"]) for item in listed if plain(item["title"]) == plain(title)]

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


def same_link(url: str) -> str:
    """Return what two links to the same page have in common, whatever their scheme, fragment and last slash."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return url
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}?{parts.query}"


def same_day(publication: Body, published: When) -> bool:
    """Return whether the publication was on that day in China."""
    return when(publication["at"]).moment.astimezone(CHINA).date() == published.moment.astimezone(CHINA).date()


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
