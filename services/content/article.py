"""An article from its first draft to its withdrawal: revisions, submission, what review decided. Pure rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

from services.content import publication
from services.content.publication import Publication
from shared import codec
from shared.contracts.content.events import (
    ArticleApproved,
    ArticleChangesRequested,
    ArticleDrafted,
    ArticleKind,
    ArticlePublished,
    ArticleRejected,
    ArticleRevised,
    ArticleSubmissionRefused,
    ArticleSubmissionRetracted,
    ArticleSubmitted,
    ArticleText,
    ArticleWithdrawn,
    PublicationCancelled,
    PublicationUpdated,
)
from shared.errors import NotFound, RuleBroken, Unavailable
from shared.events import Event
from shared.sealed import Sealed

# Of the current revision; what was published before it stays in ``publications``.
Status = Literal["absent", "draft", "submitted", "approved", "changes_requested", "rejected", "published", "withdrawn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftArticle:
    article_id: UUID
    unit_id: UUID
    kind: ArticleKind
    author_id: UUID
    byline: Sealed | None
    text: ArticleText


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseArticle:
    """``changes`` are the fields of the text that are to be others."""

    article_id: UUID
    editor_id: UUID
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitArticle:
    """``submitted_at`` may lie in the past (it is told later), never in the future."""

    article_id: UUID
    submitted_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawArticle:
    """Takes a submission back; anything else, and whatever stands published, is taken down for good."""

    article_id: UUID
    by: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDecision:
    """What review said about one revision. ``digest`` is that of the text review saw; an approval needs it."""

    article_id: UUID
    case_id: UUID
    revision: int
    decision: Literal["approved", "changes_requested", "rejected", "refused"]
    digest: str
    reason: str


Command = DraftArticle | ReviseArticle | SubmitArticle | WithdrawArticle | TakeDecision | publication.Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    unit_id: UUID | None = None
    article_id: UUID | None = None
    kind: ArticleKind = "news"
    status: Status = "absent"
    revision: int = 0
    text: ArticleText | None = None
    author_ids: tuple[UUID, ...] = ()
    publications: Mapping[UUID, Publication] = field(default_factory=dict)

    @property
    def approved(self) -> bool:
        """Whether the current revision is approved: editing it voids that."""
        return self.status in ("approved", "published")

    @property
    def published(self) -> bool:
        """Whether any revision stands anywhere."""
        return any(known.status == "published" for known in self.publications.values())


def digest(text: ArticleText) -> str:
    """Return the SHA-256 (hex) of a revision's text: what an approval is bound to."""
    return sha256(codec.dumps(codec.unstructure(text)).encode()).hexdigest()


def initial() -> Article:
    """Return an article nobody drafted."""
    return Article()


def evolve(article: Article, event: Event) -> Article:
    """Return the article after the event."""
    match event:
        case ArticleDrafted():
            return Article(
                unit_id=event.unit_id,
                article_id=event.article_id,
                kind=event.kind,
                status="draft",
                revision=1,
                text=event.text,
                author_ids=(event.author_id,),
            )
        case ArticleRevised():
            authors = tuple(dict.fromkeys((*article.author_ids, event.editor_id)))
            return replace(article, status="draft", revision=event.revision, text=event.text, author_ids=authors)
        case ArticleSubmitted():
            return replace(article, status="submitted")
        case ArticleSubmissionRetracted() | ArticleSubmissionRefused():
            return replace(article, status="draft")
        case ArticleApproved():
            return replace(article, status="approved")
        case ArticleChangesRequested():
            return replace(article, status="changes_requested")
        case ArticleRejected():
            return replace(article, status="rejected")
        case ArticleWithdrawn():
            return replace(article, status="withdrawn")
    status: Status = "published" if isinstance(event, ArticlePublished | PublicationUpdated) else article.status
    return replace(article, status=status, publications=publication.evolve(article.publications, event))


def decide(article: Article, command: Command) -> Sequence[Event]:
    """Return what follows from the command; what is so already follows without an event.

    Raises:
        NotFound: the article was never drafted.
        RuleBroken: its state does not allow it.
        Unavailable: a decision came before the submission it is about; it is tried again.
    """
    if isinstance(command, DraftArticle):
        return _draft(article, command)
    if article.unit_id is None or article.text is None:
        if isinstance(command, TakeDecision):
            raise Unavailable("content.article_not_here_yet", f"article {command.article_id} is not here yet")
        raise NotFound("content.article_not_found", f"no article {command.article_id}")
    match command:
        case ReviseArticle():
            return _revise(article, article.unit_id, article.text, command)
        case SubmitArticle():
            return _submit(article, article.unit_id, article.text, command)
        case WithdrawArticle():
            return _withdraw(article, article.unit_id, command)
        case TakeDecision():
            return _take(article, article.unit_id, article.text, command)
    return publication.decide(
        publication.Publishable(
            article_id=command.article_id,
            unit_id=article.unit_id,
            kind=article.kind,
            revision=article.revision,
            text=article.text,
            approved=article.approved,
            withdrawn=article.status == "withdrawn",
            publications=article.publications,
        ),
        command,
    )


def _draft(article: Article, command: DraftArticle) -> Sequence[Event]:
    if article.unit_id is not None:
        raise RuleBroken("content.article_exists", f"article {command.article_id} was drafted before")
    return [
        ArticleDrafted(
            article_id=command.article_id,
            unit_id=command.unit_id,
            kind=command.kind,
            author_id=command.author_id,
            byline=command.byline,
            text=command.text,
        )
    ]


def _revise(article: Article, unit_id: UUID, text: ArticleText, command: ReviseArticle) -> Sequence[Event]:
    if article.status in ("submitted", "withdrawn"):
        raise RuleBroken("content.not_editable", f"the article is {article.status}")
    revised = replace(text, **command.changes)
    if revised == text:
        return []
    return [
        ArticleRevised(
            article_id=command.article_id,
            unit_id=unit_id,
            revision=article.revision + 1,
            editor_id=command.editor_id,
            text=revised,
        )
    ]


def _submit(article: Article, unit_id: UUID, text: ArticleText, command: SubmitArticle) -> Sequence[Event]:
    if article.status == "submitted":
        return []
    if article.status != "draft":
        raise RuleBroken("content.not_a_draft", f"the article is {article.status}; revise it first")
    if command.submitted_at > command.now:
        raise RuleBroken("content.in_future", "submitted_at lies in the future")
    return [
        ArticleSubmitted(
            article_id=command.article_id,
            unit_id=unit_id,
            kind=article.kind,
            revision=article.revision,
            digest=digest(text),
            author_ids=article.author_ids,
            title=text.title,
            body=text.body,
            submitted_at=command.submitted_at,
        )
    ]


def _withdraw(article: Article, unit_id: UUID, command: WithdrawArticle) -> Sequence[Event]:
    if article.status == "withdrawn":
        return []
    about: dict[str, Any] = {"article_id": command.article_id, "unit_id": unit_id, "reason": command.reason}
    retracted: list[Event] = []
    if article.status == "submitted":
        retracted = [ArticleSubmissionRetracted(**about, revision=article.revision, by=command.by)]
    if retracted and not article.published:
        return retracted
    planned = [known for known, place in article.publications.items() if place.status == "scheduled"]
    cancelled = [PublicationCancelled(**about, publication_id=known) for known in planned]
    return [*retracted, *cancelled, ArticleWithdrawn(**about, by=command.by)]


def _take(article: Article, unit_id: UUID, text: ArticleText, command: TakeDecision) -> Sequence[Event]:
    """A decision about any other revision or text than the one submitted changes nothing."""
    if article.status != "submitted" or command.revision != article.revision:
        return []
    about: dict[str, Any] = {"article_id": command.article_id, "unit_id": unit_id, "revision": command.revision}
    match command.decision:
        case "approved":
            if command.digest != digest(text):
                return []
            return [ArticleApproved(**about, digest=command.digest, case_id=command.case_id)]
        case "changes_requested":
            return [ArticleChangesRequested(**about, case_id=command.case_id, reason=command.reason)]
        case "rejected":
            return [ArticleRejected(**about, case_id=command.case_id, reason=command.reason)]
        case "refused":
            return [ArticleSubmissionRefused(**about, reason=command.reason)]
