"""What content may be asked: one schema an operation, each limited in length and range."""

from collections.abc import Callable
from typing import Any, get_args

from marshmallow import ValidationError, fields, validate, validates_schema

from shared.contracts.content.events import (
    ArticleKind,
    ChannelKind,
    ChannelStatus,
    Originality,
    Tier,
    UnitKind,
)
from shared.schema import Day, Listing, Moment, WireSchema

MAX_BODY, MAX_HTML_TAGS, MAX_URL, MAX_TAGS, MAX_ASSETS, MAX_REVISION = 200_000, 8_000, 2_000, 20, 100, 1_000_000
STATUSES = ("draft", "submitted", "approved", "changes_requested", "rejected", "published", "withdrawn")

NOT_BLANK = validate.Regexp(r"\s*\S", error="More than spaces is needed.")
NAME = [validate.Length(min=1, max=100), NOT_BLANK]
TITLE = [validate.Length(min=1, max=200), NOT_BLANK]
REASON = [validate.Length(min=1, max=500), NOT_BLANK]
URL: list[validate.Validator] = [validate.Length(max=MAX_URL), validate.URL(schemes={"http", "https"})]


def few_tags(text: str) -> None:
    """Pass when the text has few enough tags to be parsed within half a second.

    Raises:
        ValidationError: it has not.
    """
    if text.count("<") > MAX_HTML_TAGS:
        raise ValidationError(f"More than {MAX_HTML_TAGS} tags.")


HTML: list[Callable[[str], Any]] = [validate.Length(min=1, max=MAX_BODY), few_tags]


def one_of(names: Any, **more: Any) -> fields.String:
    """Return a field that takes one of the literal type's names."""
    return fields.String(validate=validate.OneOf(get_args(names)), **more)


class EstablishUnit(WireSchema):
    name = fields.String(required=True, validate=NAME)
    kind = one_of(UnitKind, required=True)
    parent_id = fields.UUID(load_default=None, allow_none=True)
    since = Day(required=True)


class RenameUnit(WireSchema):
    unit_id = fields.UUID(required=True)
    name = fields.String(required=True, validate=NAME)
    since = Day(required=True)


class MoveUnit(WireSchema):
    unit_id = fields.UUID(required=True)
    parent_id = fields.UUID(required=True, allow_none=True)
    since = Day(required=True)


class MergeUnit(WireSchema):
    unit_id = fields.UUID(required=True)
    into_id = fields.UUID(required=True)
    since = Day(required=True)


class GetUnit(WireSchema):
    """``at`` asks for name and place as they were that day (default: today in China)."""

    unit_id = fields.UUID(required=True)
    at = Day()


class ListUnits(Listing):
    """``at`` asks for the units there were that day, with name and place as they were."""

    kind = one_of(UnitKind)
    at = Day()


class OpenChannel(WireSchema):
    unit_id = fields.UUID(required=True)
    kind = one_of(ChannelKind, required=True)
    name = fields.String(required=True, validate=NAME)
    handle = fields.String(load_default=None, allow_none=True, validate=NAME)
    official = fields.Boolean(load_default=False)
    tier = one_of(Tier, load_default="none")
    status = fields.String(load_default="active", validate=validate.OneOf(("building", "active")))
    opened_at = Moment(required=True)


class ChangeChannelStatus(WireSchema):
    """``at`` is when it changed (default: now)."""

    channel_id = fields.UUID(required=True)
    status = one_of(ChannelStatus, required=True)
    at = Moment()


class RenameChannel(WireSchema):
    channel_id = fields.UUID(required=True)
    name = fields.String(required=True, validate=NAME)


class GetChannel(WireSchema):
    channel_id = fields.UUID(required=True)


class ListChannels(Listing):
    unit_id = fields.UUID()
    kind = one_of(ChannelKind)
    status = one_of(ChannelStatus)


class DraftArticle(WireSchema):
    """``body`` is HTML and will be cleaned; ``byline`` the author's printed name; the author is the caller."""

    unit_id = fields.UUID(required=True)
    kind = one_of(ArticleKind, required=True)
    byline = fields.String(load_default=None, allow_none=True, validate=NAME)
    title = fields.String(required=True, validate=TITLE)
    body = fields.String(required=True, validate=HTML)
    originality = one_of(Originality, load_default="original")
    source_url = fields.String(load_default=None, allow_none=True, validate=URL)
    tags = fields.List(
        fields.String(validate=validate.Length(min=1, max=30)),
        load_default=list,
        validate=validate.Length(max=MAX_TAGS),
    )
    topic = fields.String(load_default=None, allow_none=True, validate=NAME)
    series = fields.String(load_default=None, allow_none=True, validate=NAME)
    event_ended_at = Moment(load_default=None, allow_none=True)
    asset_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=MAX_ASSETS))


class ReviseArticle(WireSchema):
    """What is to change; what is left out stays."""

    article_id = fields.UUID(required=True)
    title = fields.String(validate=TITLE)
    body = fields.String(validate=HTML)
    originality = one_of(Originality)
    source_url = fields.String(allow_none=True, validate=URL)
    tags = fields.List(fields.String(validate=validate.Length(min=1, max=30)), validate=validate.Length(max=MAX_TAGS))
    topic = fields.String(allow_none=True, validate=NAME)
    series = fields.String(allow_none=True, validate=NAME)
    event_ended_at = Moment(allow_none=True)
    asset_ids = fields.List(fields.UUID(), validate=validate.Length(max=MAX_ASSETS))

    @validates_schema
    def require_a_change(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a revision of nothing."""
        if not data.keys() - {"article_id"}:
            raise ValidationError("Nothing to change was given.")


class SubmitArticle(WireSchema):
    """``submitted_at`` is when it was handed in (default: now)."""

    article_id = fields.UUID(required=True)
    submitted_at = Moment()


class WithdrawArticle(WireSchema):
    article_id = fields.UUID(required=True)
    reason = fields.String(required=True, validate=REASON)


class PublishArticle(WireSchema):
    """``published_at`` is when it appeared (default: now)."""

    article_id = fields.UUID(required=True)
    channel_id = fields.UUID(required=True)
    published_at = Moment()
    url = fields.String(load_default=None, allow_none=True, validate=URL)


class SchedulePublication(WireSchema):
    article_id = fields.UUID(required=True)
    channel_id = fields.UUID(required=True)
    due_at = Moment(required=True)


class CancelPublication(WireSchema):
    article_id = fields.UUID(required=True)
    publication_id = fields.UUID(required=True)
    reason = fields.String(load_default="cancelled", validate=REASON)


class FileReceipt(WireSchema):
    article_id = fields.UUID(required=True)
    publication_id = fields.UUID(required=True)
    url = fields.String(required=True, validate=URL)


class GetArticle(WireSchema):
    article_id = fields.UUID(required=True)


class ListArticles(Listing):
    """``q`` is looked for in titles, whatever the case."""

    unit_id = fields.UUID()
    status = fields.String(validate=validate.OneOf(STATUSES))
    kind = one_of(ArticleKind)
    q = fields.String(validate=validate.Length(min=1, max=100))


class FindArticles(Listing):
    """Articles of these titles, however they are written (``shared.titles``), in the order of their ids."""

    titles = fields.List(fields.String(validate=validate.Length(min=1)), required=True, validate=validate.Length(1, 50))
    unit_id = fields.UUID()
    kind = one_of(ArticleKind)


class ListRevisions(WireSchema):
    article_id = fields.UUID(required=True)


class DiffRevisions(WireSchema):
    article_id = fields.UUID(required=True)
    from_revision = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=MAX_REVISION))
    to_revision = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=MAX_REVISION))


class ErasePerson(WireSchema):
    person_id = fields.UUID(required=True)
