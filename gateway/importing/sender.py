"""Sends rows to the services. Every row goes as far as it can; the next run takes it on from there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.importing.directory import Directory, has_link, same_day
from gateway.importing.platform import Body, Platform, Sent, key_of
from gateway.importing.reading.values import iso
from gateway.importing.rows import AnyRow, ArticleRow, FollowersRow, ReadsRow, RowError, about
from shared.errors import PlatformError, RuleBroken

WAITS = "in review; import the file again after the approval, to note where it was published"
Verdict = Literal["accepted", "repeated", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a row: ``repeated`` says that it had been told before.

    ``reason`` says why it was rejected, and ``field`` where (else it is the refusal's code); or what is still to come.
    """

    place: str
    verdict: Verdict
    about: str
    field: str = ""
    reason: str = ""
    thing: str = ""


class Sender:
    """``unit`` and ``channel`` stand in where rows name none."""

    def __init__(self, platform: Platform, unit: str = "", channel: str = "") -> None:
        self._platform, self._directory = platform, Directory(platform, unit, channel)

    def look_up(self, rows: Sequence[AnyRow]) -> None:
        """Ask in one go for what ``send`` will want to know of rows that are about different things.

        Raises:
            Unavailable: a service does not answer.
        """
        try:
            self._directory.look_up(rows)
        except PlatformError as refusal:  # each row will meet it, and be told
            if refusal.retryable:
                raise

    def send(self, row: AnyRow) -> Outcome:
        """Send a row and return what became of it.

        Raises:
            Unavailable: a service does not answer; what was sent before stays, the row may be sent again.
        """
        try:
            match row:
                case RowError():
                    return _rejected(row, row.field, row.reason)
                case ReadsRow():
                    return self._send_reads(row)
                case FollowersRow():
                    return self._send_followers(row)
                case ArticleRow():
                    return self._send_article(row)
        except PlatformError as refusal:
            if refusal.retryable:
                raise
            field, reasons = next(iter(refusal.fields.items()), (refusal.code, [refusal.detail]))
            return _rejected(row, field, " ".join(reasons))

    def _send_reads(self, row: ReadsRow) -> Outcome:
        read = self._directory.read_article(row)
        about = {"article_id": read.article, "unit_id": read.unit, "channel_id": read.channel}
        told = {"source": row.source, "taken_at": iso(row.taken_at)}
        sent = [
            self._do("metrics", "count_reads", {**about, **told, "value": value, "unit": unit})
            for unit, value in row.counts.items()
        ]
        return _done(row, read.article, any(one.new for one in sent))

    def _send_followers(self, row: FollowersRow) -> Outcome:
        channel = self._directory.channel(row.channel, row.channel_kind)
        about = {"channel_id": channel["id"], "unit_id": channel["unit_id"]}
        told = {"followers": row.followers, "source": row.source, "taken_at": iso(row.taken_at)}
        return _done(row, str(channel["id"]), self._do("metrics", "count_followers", {**about, **told}).new)

    def _send_article(self, row: ArticleRow) -> Outcome:
        unit = self._directory.unit(row.unit)
        place = self._place(row)
        alike = self._directory.articles(row.title, unit_id=unit, kind=row.kind)
        known = next((article for article in alike if _is_same(article, row)), None)
        if known is None:
            sent = self._draft(row, unit)
            known = {"id": sent.id, "status": "draft", "revision": 1, "author_ids": [self._platform.account_id]}
            outcome = _done(row, sent.id, sent.new)
        else:
            outcome = _done(row, str(known["id"]), new=False)
        return self._advance(row, known, place, outcome) if place else outcome

    def _place(self, row: ArticleRow) -> Body | None:
        """Return the publication that the row tells of, looked up before anything is sent."""
        if row.published_at is None:
            return None
        channel = str(self._directory.channel(row.channel)["id"])
        return {"channel_id": channel, "published_at": iso(row.published_at), "url": row.url}

    def _draft(self, row: ArticleRow, unit: str) -> Sent:
        body = {"unit_id": unit, "kind": row.kind, "title": row.title, **row.text}
        identity = (unit, row.kind, row.title, _day_of(row.published_at), row.url)
        return self._platform.do("content", "draft_article", key_of("draft_article", *identity), body)

    def _advance(self, row: ArticleRow, known: Body, place: Body, so_far: Outcome) -> Outcome:
        """Take an article one step on towards its publication."""
        status, article = known["status"], str(known["id"])
        if status in ("draft", "submitted"):
            return self._submit(row, known, place, so_far)
        if status in ("changes_requested", "rejected"):
            raise RuleBroken("import.not_approved", f"the review said {status.replace('_', ' ')}; see the article")
        if status == "withdrawn" or place["channel_id"] in {one["channel_id"] for one in known["publications"]}:
            return so_far
        return _done(row, article, self._do("content", "publish_article", {"article_id": article, **place}).new)

    def _submit(self, row: ArticleRow, known: Body, place: Body, so_far: Outcome) -> Outcome:
        if known["status"] == "submitted":
            return _done(row, so_far.thing, new=False, still=WAITS)
        if self._platform.account_id not in known["author_ids"]:
            raise RuleBroken("import.not_yours", "somebody else has a draft of this title")
        body = {"article_id": known["id"], "submitted_at": place["published_at"]}
        key = key_of("submit_article", known["id"], known["revision"])
        sent = self._platform.do("content", "submit_article", key, body)
        return _done(row, so_far.thing, sent.new or so_far.verdict == "accepted", still=WAITS)

    def _do(self, service: str, operation: str, body: Body) -> Sent:
        return self._platform.do(service, operation, key_of(operation, body), body)


def _is_same(article: Body, row: ArticleRow) -> bool:
    """Return whether an article of the row's title is the row's: a yearly notice has last year's title."""
    published = [one for one in article["publications"] if one["status"] == "published"]
    if not published or row.published_at is None:
        return True
    return any(has_link(one, row.url) or same_day(one, row.published_at) for one in published)


def _day_of(moment: datetime | None) -> str:
    return iso(moment) if moment else ""


def _done(row: AnyRow, thing: str, new: bool, still: str = "") -> Outcome:
    verdict: Verdict = "accepted" if new else "repeated"
    return Outcome(place=row.place, verdict=verdict, about=about(row), reason=still, thing=thing)


def _rejected(row: AnyRow, field: str, reason: str) -> Outcome:
    return Outcome(place=row.place, verdict="rejected", about=about(row), field=field, reason=reason)
