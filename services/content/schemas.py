"""Messages to commands: shapes are checked, HTML is cleaned, names are sealed, the clock is read."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.content.article import DraftArticle, ReviseArticle, SubmitArticle, TakeDecision, WithdrawArticle
from services.content.channel import ChangeChannelStatus, OpenChannel, RenameChannel
from services.content.html import clean
from services.content.publication import (
    CancelPublication,
    ChannelFacts,
    FileReceipt,
    PublishArticle,
    SchedulePublication,
)
from services.content.unit import EstablishUnit, MergeUnit, MoveUnit, RenameUnit
from shared.context import Call
from shared.contracts.content import requests
from shared.contracts.content.events import ArticleText
from shared.contracts.review.events import CaseApproved, CaseChangesRequested, CaseRejected, SubmissionRefused
from shared.errors import Invalid
from shared.runtime import Runtime
from shared.sealed import seal

CALENDAR = ZoneInfo("Asia/Shanghai")
Body = dict[str, Any]


def day_asked(body: Body) -> date:
    """Return the day in ``at``, or today in China."""
    asked: date | None = body.get("at")
    return asked or datetime.now(CALENDAR).date()


def establish_unit(call: Call, runtime: Runtime) -> EstablishUnit:
    """Return the command in the call."""
    return EstablishUnit(unit_id=runtime.new_id(call), **requests.EstablishUnit.read(call.body))


def rename_unit(call: Call) -> RenameUnit:
    """Return the command in the call."""
    return RenameUnit(**requests.RenameUnit.read(call.body))


def move_unit(body: Body, ancestors: frozenset[Any]) -> MoveUnit:
    """Return the command for a loaded body and what is above the new parent."""
    return MoveUnit(**body, ancestors=ancestors)


def merge_unit(body: Body, ancestors: frozenset[Any]) -> MergeUnit:
    """Return the command for a loaded body and what is above the unit merged into."""
    return MergeUnit(**body, ancestors=ancestors)


def open_channel(call: Call, runtime: Runtime) -> OpenChannel:
    """Return the command in the call."""
    body = requests.OpenChannel.read(call.body)
    return OpenChannel(channel_id=runtime.new_id(call), now=datetime.now(UTC), **body)


def change_channel_status(call: Call) -> ChangeChannelStatus:
    """Return the command in the call."""
    now = datetime.now(UTC)
    return ChangeChannelStatus(**{"at": now, "now": now} | requests.ChangeChannelStatus.read(call.body))


def rename_channel(call: Call) -> RenameChannel:
    """Return the command in the call."""
    return RenameChannel(**requests.RenameChannel.read(call.body))


def draft_article(call: Call, runtime: Runtime) -> DraftArticle:
    """Return the command in the call: its author is the caller, under whose key the byline is sealed.

    Raises:
        RuleBroken: the author was erased.
    """
    body = requests.DraftArticle.read(call.body)
    author, byline = call.caller.account_id, body.pop("byline")
    return DraftArticle(
        article_id=runtime.new_id(call),
        unit_id=body.pop("unit_id"),
        kind=body.pop("kind"),
        author_id=author,
        byline=seal(runtime.keys, author, "byline", byline) if byline else None,
        text=ArticleText(**_written(body)),
    )


def revise_article(call: Call) -> ReviseArticle:
    """Return the command in the call."""
    body = requests.ReviseArticle.read(call.body)
    article_id = body.pop("article_id")
    return ReviseArticle(article_id=article_id, editor_id=call.caller.account_id, changes=_written(body))


def submit_article(call: Call) -> SubmitArticle:
    """Return the command in the call."""
    now = datetime.now(UTC)
    return SubmitArticle(**{"submitted_at": now, "now": now} | requests.SubmitArticle.read(call.body))


def withdraw_article(call: Call) -> WithdrawArticle:
    """Return the command in the call."""
    return WithdrawArticle(by=call.caller.account_id, **requests.WithdrawArticle.read(call.body))


def publish_article(call: Call, body: Body, channel: ChannelFacts) -> PublishArticle:
    """Return the command for a loaded body and the channel it names."""
    now = datetime.now(UTC)
    return PublishArticle(
        article_id=body["article_id"],
        channel=channel,
        published_at=body.get("published_at", now),
        url=body["url"],
        by=call.caller.account_id,
        now=now,
    )


def schedule_publication(call: Call, body: Body, channel: ChannelFacts) -> SchedulePublication:
    """Return the command for a loaded body and the channel it names."""
    return SchedulePublication(
        article_id=body["article_id"],
        channel=channel,
        due_at=body["due_at"],
        by=call.caller.account_id,
        now=datetime.now(UTC),
    )


def cancel_publication(call: Call) -> CancelPublication:
    """Return the command in the call."""
    return CancelPublication(**requests.CancelPublication.read(call.body))


def file_receipt(call: Call) -> FileReceipt:
    """Return the command in the call."""
    return FileReceipt(by=call.caller.account_id, **requests.FileReceipt.read(call.body))


def take_decision(event: CaseApproved | CaseChangesRequested | CaseRejected | SubmissionRefused) -> TakeDecision:
    """Return the command that a fact of review's asks for."""
    about: Body = {"article_id": event.article_id, "case_id": event.case_id, "revision": event.revision}
    match event:
        case CaseApproved():
            return TakeDecision(**about, decision="approved", digest=event.digest, reason="")
        case CaseChangesRequested():
            return TakeDecision(**about, decision="changes_requested", digest="", reason=event.reason)
        case CaseRejected():
            return TakeDecision(**about, decision="rejected", digest="", reason=event.reason)
        case SubmissionRefused():
            return TakeDecision(**about, decision="refused", digest="", reason=event.reason)


def _written(body: Body) -> Body:
    """Return fields of a text as they are kept: clean HTML, and every tag and asset once."""
    if "body" in body:
        body["body"] = clean(body["body"])
        if not body["body"].strip():
            raise Invalid("request.invalid", "body: nothing is left of it", {"body": ["Nothing is left of it."]})
    for name in body.keys() & {"tags", "asset_ids"}:
        body[name] = tuple(dict.fromkeys(body[name]))
    return body
