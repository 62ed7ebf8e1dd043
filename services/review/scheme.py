"""A review scheme: which articles of which units it covers. Pure rules."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from shared.contracts.content.events import ArticleKind
from shared.contracts.review.events import SchemeAdopted, SchemeRetired
from shared.errors import NotFound, RuleBroken
from shared.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptScheme:
    """A new scheme, or a new version of one; no ``unit_ids`` means every unit."""

    scheme_id: UUID
    name: str
    article_kinds: tuple[ArticleKind, ...]
    unit_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireScheme:
    scheme_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """``adopted`` is the log position of the newest version, where a read model gives it."""

    scheme_id: UUID | None = None
    version: int = 0
    name: str = ""
    article_kinds: tuple[ArticleKind, ...] = ()
    unit_ids: tuple[UUID, ...] = ()
    retired: bool = False
    adopted: int = 0


def initial() -> Scheme:
    """Return a scheme nobody adopted."""
    return Scheme()


def evolve(scheme: Scheme, event: Event) -> Scheme:
    """Return the scheme after the event."""
    match event:
        case SchemeAdopted():
            return Scheme(
                scheme_id=event.scheme_id,
                version=event.version,
                name=event.name,
                article_kinds=event.article_kinds,
                unit_ids=event.unit_ids,
            )
        case SchemeRetired():
            return replace(scheme, retired=True)
    return scheme


def decide(scheme: Scheme, command: AdoptScheme | RetireScheme) -> Sequence[Event]:
    """Return what follows from the command.

    Raises:
        NotFound: there is no such scheme to retire.
        RuleBroken: the scheme covers no kind of article.
    """
    match command:
        case AdoptScheme():
            if not command.article_kinds:
                raise RuleBroken("review.scheme_covers_nothing", "a scheme covers at least one kind of article")
            return [
                SchemeAdopted(
                    scheme_id=command.scheme_id,
                    version=scheme.version + 1,
                    name=command.name,
                    article_kinds=command.article_kinds,
                    unit_ids=command.unit_ids,
                )
            ]
        case RetireScheme():
            if scheme.scheme_id is None:
                raise NotFound("review.scheme_not_found", f"no scheme {command.scheme_id}")
            return [] if scheme.retired else [SchemeRetired(scheme_id=command.scheme_id, reason=command.reason)]


def matching(schemes: Iterable[Scheme], kind: ArticleKind, unit_id: UUID) -> Scheme | None:
    """Return the scheme for an article: one that names the unit beats one for all; the latest adopted beats others."""
    fitting = [
        scheme
        for scheme in schemes
        if not scheme.retired and kind in scheme.article_kinds and (not scheme.unit_ids or unit_id in scheme.unit_ids)
    ]
    return max(fitting, key=lambda scheme: (bool(scheme.unit_ids), scheme.adopted), default=None)
