"""Routes of units, channels and articles."""

from gateway.operations import Operation, route
from gateway.resources.articles import Articles
from gateway.resources.channels import Channels
from gateway.resources.units import Units
from gateway.routes.rows import does, lists, makes, reads
from gateway.schemas import without
from gateway.schemas.content import (
    Article,
    Channel,
    Compared,
    OneArticle,
    OneUnit,
    Publish,
    RevisionsOrDifference,
    Unit,
)
from shared.contracts.content import requests as content
from shared.contracts.metrics import requests as metrics

UNIT, CHANNEL, ARTICLE = "/v1/units/{unit_id:uuid}", "/v1/channels/{channel_id:uuid}", "/v1/articles/{article_id:uuid}"
PUBLICATION = ARTICLE + "/publications/{publication_id:uuid}"


def _on_article(action: str, summary: str, body: type, needs_version: bool = False) -> Operation:
    return does(action, summary, without(body, "article_id"), needs_version=needs_version)


ROUTES = (
    route("/v1/units", Units,
          GET=lists("unit.read", "Units.", content.ListUnits, Unit),
          POST=makes("unit.write", "Establish a unit.", content.EstablishUnit())),
    route(UNIT, Units, "one", GET=reads("unit.read", "A unit with its names and parents over time.", OneUnit,
                                       without(content.GetUnit, "unit_id"))),
    route(UNIT + "/name", Units, "name",
          POST=does("unit.write", "Rename a unit from a day on.", without(content.RenameUnit, "unit_id"))),
    route(UNIT + "/parent", Units, "parent",
          POST=does("unit.write", "Move a unit below another from a day on.", without(content.MoveUnit, "unit_id"))),
    route(UNIT + "/merger", Units, "merger",
          POST=does("unit.write", "Merge a unit into another.", without(content.MergeUnit, "unit_id"))),
    route("/v1/channels", Channels,
          GET=lists("channel.read", "Channels.", content.ListChannels, Channel),
          POST=makes("channel.write", "Open a channel.", content.OpenChannel())),
    route(CHANNEL, Channels, "one", GET=reads("channel.read", "A channel.", Channel)),
    route(CHANNEL + "/status", Channels, "status",
          POST=does("channel.write", "Change a channel's status.", without(content.ChangeChannelStatus, "channel_id"))),
    route(CHANNEL + "/name", Channels, "name",
          POST=does("channel.write", "Rename a channel.", without(content.RenameChannel, "channel_id"))),
    route(CHANNEL + "/snapshots", Channels, "snapshots",
          POST=does("figure.write", "Note a channel's followers at one moment.",
                    without(metrics.CountFollowers, "channel_id", "unit_id"))),
    route("/v1/articles", Articles,
          GET=lists("article.read", "Articles, last changed first.", content.ListArticles, Article),
          POST=makes("article.write", "Draft an article.", content.DraftArticle())),
    route(ARTICLE, Articles, "one",
          GET=reads("article.read", "An article.", OneArticle),
          PATCH=_on_article("article.write", "Revise an article.", content.ReviseArticle, needs_version=True)),
    route(ARTICLE + "/submission", Articles, "submission",
          POST=_on_article("article.submit", "Submit an article for review.", content.SubmitArticle)),
    route(ARTICLE + "/withdrawal", Articles, "withdrawal",
          POST=_on_article("article.withdraw", "Withdraw an article or its submission.", content.WithdrawArticle)),
    route(ARTICLE + "/revisions", Articles, "revisions",
          GET=reads("article.read", "Revisions, or what changed between two.", RevisionsOrDifference, Compared())),
    route(ARTICLE + "/publications", Articles, "publications",
          POST=makes("article.publish", "Publish an article, or plan it.", without(Publish, "article_id"))),
    route(PUBLICATION, Articles, "publication",
          DELETE=does("article.publish", "Cancel a planned publication.",
                      query=without(content.CancelPublication, "article_id", "publication_id"))),
    route(PUBLICATION + "/receipt", Articles, "receipt",
          PUT=does("article.publish", "File the link of a publication.",
                   without(content.FileReceipt, "article_id", "publication_id"))),
    route(ARTICLE + "/reads", Articles, "reads",
          POST=does("figure.write", "Note an article's reads or readers at one moment.",
                    without(metrics.CountReads, "article_id", "unit_id"))),
)  # fmt: skip
