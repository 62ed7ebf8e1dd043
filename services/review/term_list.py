"""A term list, published whole in versions. Pure rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.review.normalise import reading
from shared.contracts.review.events import Match, Term, TermListPublished
from shared.errors import RuleBroken
from shared.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishTermList:
    list_id: UUID
    name: str
    terms: tuple[Term, ...]
    allow: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TermListState:
    version: int = 0
    published: TermListPublished | None = None


def initial() -> TermListState:
    """Return a list nobody published."""
    return TermListState()


def evolve(state: TermListState, event: Event) -> TermListState:
    """Return the list after the event."""
    if isinstance(event, TermListPublished):
        return TermListState(version=event.version, published=event)
    return state


def decide(state: TermListState, command: PublishTermList) -> Sequence[Event]:
    """Return the next version, or nothing where it says the same as the last.

    Raises:
        RuleBroken: a term stands twice, or nothing is left of a term or phrase once it is normalised.
    """
    _require_patterns(command)
    words = [(term.term, term.match) for term in command.terms]
    if len(set(words)) != len(words):
        twice = next(word for word, _ in words if [other for other, _ in words].count(word) > 1)
        raise RuleBroken("review.term_twice", f"the term {twice!r} stands twice in the list")
    new = TermListPublished(
        list_id=command.list_id,
        version=state.version + 1,
        name=command.name,
        terms=command.terms,
        allow=command.allow,
    )
    old = state.published
    if old is not None and (old.name, old.terms, old.allow) == (new.name, new.terms, new.allow):
        return []
    return [new]


def _require_patterns(command: PublishTermList) -> None:
    looked_for = [(term.term, term.match) for term in command.terms]
    allowed: list[tuple[str, Match]] = [(phrase, "squeezed") for phrase in command.allow]
    for word, match in looked_for + allowed:
        if not reading(word, match).text.strip():
            raise RuleBroken("review.term_empty", f"nothing is left of {word!r} to look for")
