"""Looks for terms and personal data in a title and a body, and says where in the original they stand."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Literal, NamedTuple
from uuid import UUID

from ahocorasick_rs import AhoCorasick

from services.review.normalise import Mapped, normalised, original, reading, squeeze, squeezed
from services.review.personal_data import CATEGORY, DETECTORS, sightings
from shared.contracts.review.events import Finding, ListVersion, Match, Severity, Term

MAX_FINDINGS = 1000
SEVERITIES: tuple[Severity, ...] = ("blocking", "warning", "hint")
Part = Literal["title", "body"]
Channels = dict[Match, Mapped]


@dataclass(frozen=True, slots=True)
class Matcher:
    """One automaton and what its patterns stand for, in their order."""

    automaton: AhoCorasick
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class TermList:
    """One version of a term list; its automata are built when it is first used, and kept."""

    list_id: UUID
    version: int
    terms: tuple[Term, ...]
    allow: tuple[str, ...]

    @cached_property
    def matchers(self) -> dict[Match, Matcher]:
        """An automaton for each channel. A term of which nothing is left in its channel is not looked for."""
        groups: dict[Match, list[tuple[str, Term]]] = {}
        for term in self.terms:
            if pattern := reading(term.term, term.match).text:
                groups.setdefault(term.match, []).append((pattern, term))
        return {
            match: Matcher(AhoCorasick([pattern for pattern, _ in group]), tuple(term for _, term in group))
            for match, group in groups.items()
        }

    @cached_property
    def allowed(self) -> AhoCorasick:
        """The automaton of the allowed phrases."""
        return AhoCorasick([pattern for phrase in self.allow if (pattern := squeezed(phrase).text)])


class _Hit(NamedTuple):
    """``rank`` decides between hits of one span: the earlier list, then the earlier term."""

    start: int
    end: int
    rank: int
    term: Term
    source: ListVersion
    masked: str | None


def check(title: str, body: str, lists: Iterable[TermList]) -> tuple[Finding, ...]:
    """Return what the lists and the detectors of personal data find, in order of part, place and severity.

    ``body`` is plain text. What stands inside an allowed phrase of any list is no hit. Of overlapping hits of one
    severity the leftmost counts, and of those the longest. Past 1 000 findings the least severe are left out.
    """
    ordered = sorted(lists, key=lambda term_list: term_list.list_id)
    parts: tuple[tuple[Part, str], ...] = (("title", title), ("body", body))
    found = [_finding(part, text, hit) for part, text in parts for hit in _hits(ordered, text)]
    kept = sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))[:MAX_FINDINGS]
    return tuple(sorted(kept, key=_place))


def _place(finding: Finding) -> tuple[bool, int, int, int]:
    return finding.part == "body", finding.start, finding.end, SEVERITIES.index(finding.severity)


def _finding(part: Part, text: str, hit: _Hit) -> Finding:
    return Finding(
        part=part,
        start=hit.start,
        end=hit.end,
        found=hit.masked or text[hit.start : hit.end],
        term=hit.term.term,
        category=hit.term.category,
        severity=hit.term.severity,
        suggestion=hit.term.suggestion,
        list_id=hit.source.list_id,
        list_version=hit.source.version,
    )


def _channels(text: str) -> Channels:
    plain = normalised(text)
    return {"literal": original(text), "normalised": plain, "squeezed": squeeze(plain)}


def _hits(lists: Sequence[TermList], text: str) -> Iterator[_Hit]:
    """Yield the hits that count, from left to right."""
    channels = _channels(text)
    allowed = _Allowed(lists, channels["squeezed"])
    hits = [*_personal_data(channels["normalised"]), *_terms(lists, channels)]
    hits.sort(key=lambda hit: (hit.start, -hit.end, hit.rank))
    free_from: dict[Severity, int] = dict.fromkeys(SEVERITIES, 0)
    for hit in hits:
        severity = hit.term.severity
        if hit.start >= free_from[severity] and not allowed.covers(hit.start, hit.end):
            free_from[severity] = hit.end
            yield hit


def _personal_data(channel: Mapped) -> Iterator[_Hit]:
    for seen in sightings(channel):
        detector = seen.detector
        term = Term(
            term=detector.name,
            category=CATEGORY,
            severity=detector.severity,
            suggestion=detector.suggestion,
            match="normalised",
        )
        yield _Hit(seen.start, seen.end, 0, term, DETECTORS, seen.masked)


def _terms(lists: Sequence[TermList], channels: Channels) -> Iterator[_Hit]:
    rank = 0
    for term_list in lists:
        source = ListVersion(list_id=term_list.list_id, version=term_list.version)
        for match, matcher in term_list.matchers.items():
            channel = channels[match]
            for index, start, end in matcher.automaton.find_matches_as_indexes(channel.text, overlapping=True):
                yield _Hit(*channel.span(start, end), rank + index + 1, matcher.terms[index], source, None)
            rank += len(matcher.terms)


class _Allowed:
    """The spans of the original that allowed phrases take."""

    def __init__(self, lists: Sequence[TermList], channel: Mapped) -> None:
        spans = sorted(
            channel.span(start, end)
            for term_list in lists
            for _, start, end in term_list.allowed.find_matches_as_indexes(channel.text, overlapping=True)
        )
        self._starts = [start for start, _ in spans]
        self._furthest = list(accumulate((end for _, end in spans), max))

    def covers(self, start: int, end: int) -> bool:
        """Return whether one phrase holds the whole of a hit."""
        begun = bisect_right(self._starts, start)
        return begun > 0 and self._furthest[begun - 1] >= end
