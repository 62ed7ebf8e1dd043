"""The automatic check against a search that is as plain as it is slow, and on texts made to tire it."""

import gc
import time
from collections.abc import Iterator
from itertools import product
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.review.checker import MAX_FINDINGS, TermList, check
from services.review.normalise import reading
from shared.contracts.review.events import Finding, Match, Severity, Term

MATCHES: tuple[Match, ...] = ("literal", "normalised", "squeezed")
SEVERITIES: tuple[Severity, ...] = ("blocking", "warning", "hint")
LETTERS = "国國家级 ·\u200bＡa，"
WORDS = st.text(alphabet="国國家级a", min_size=1, max_size=3)
TERMS = st.lists(st.tuples(WORDS, st.sampled_from(MATCHES), st.sampled_from(SEVERITIES)), max_size=5)
Span = tuple[int, int]


def term(word: str, match: Match = "normalised", severity: Severity = "warning") -> Term:
    return Term(term=word, category="c", severity=severity, suggestion=None, match=match)


def a_list(*terms: Term, allow: tuple[str, ...] = (), number: int = 1) -> TermList:
    return TermList(UUID(int=number), 1, terms, allow)


def spans(text: str, word: str, match: Match) -> Iterator[Span]:
    """Yield where the word stands: every place is tried."""
    channel, pattern = reading(text, match), reading(word, match).text
    for start in range(len(channel.text)):
        if channel.text.startswith(pattern, start):
            yield channel.span(start, start + len(pattern))


def naive(text: str, terms: list[Term], allow: list[str], severity: Severity) -> list[Span]:
    """Return what the check must find of one severity."""
    allowed = [span for phrase in allow for span in spans(text, phrase, "squeezed")]
    hits = {span for one in terms if one.severity == severity for span in spans(text, one.term, one.match)}
    free = [hit for hit in hits if not any(start <= hit[0] and hit[1] <= end for start, end in allowed)]
    chosen: list[Span] = []
    for hit in sorted(free, key=lambda hit: (hit[0], -hit[1])):
        if not chosen or hit[0] >= chosen[-1][1]:
            chosen.append(hit)
    return chosen


@given(st.text(alphabet=LETTERS, max_size=30), TERMS, st.lists(WORDS, max_size=2))
def test_the_check_finds_what_a_naive_search_finds(
    text: str, drawn: list[tuple[str, Match, Severity]], allow: list[str]
) -> None:
    terms = [term(*one) for one in drawn]
    findings = check("", text, [a_list(*terms, allow=tuple(allow))])
    for severity in SEVERITIES:
        found = [(finding.start, finding.end) for finding in findings if finding.severity == severity]
        assert found == naive(text, terms, allow, severity)


@given(st.text(alphabet=LETTERS, max_size=30), TERMS)
def test_what_stands_at_a_finding_is_its_term(text: str, drawn: list[tuple[str, Match, Severity]]) -> None:
    terms = [term(*one) for one in drawn]
    by_place: dict[tuple[str, Severity], set[Match]] = {}
    for one in terms:
        by_place.setdefault((one.term, one.severity), set()).add(one.match)
    for finding in check(text, "", [a_list(*terms)]):
        assert (finding.part, finding.found) == ("title", text[finding.start : finding.end])
        matches = by_place[finding.term, finding.severity]
        assert any(reading(finding.found, match).text == reading(finding.term, match).text for match in matches)


@given(st.text(alphabet=LETTERS, max_size=12), TERMS, st.text(alphabet=LETTERS, max_size=12))
def test_an_allowed_text_holds_no_finding_whatever_stands_around_it(
    before: str, drawn: list[tuple[str, Match, Severity]], after: str
) -> None:
    phrase = "国家级a国"
    text = f"{before}，{phrase}，{after}"
    inside = range(len(before) + 1, len(before) + 1 + len(phrase))
    for finding in check("", text, [a_list(*(term(*one) for one in drawn), allow=(phrase,))]):
        assert finding.start not in inside or finding.end - 1 not in inside


def test_what_one_list_allows_no_list_finds() -> None:
    lists = [a_list(term("国家级")), a_list(allow=("国家级a",), number=2)]
    assert check("", "国家级a", lists) == () and len(check("", "国家级", lists)) == 1


def test_the_order_of_lists_changes_nothing() -> None:
    lists = [a_list(term("国家"), number=1), a_list(term("国家", severity="hint"), term("国家"), number=2)]
    found: tuple[Finding, ...] = check("国家", "国家级国家", lists)
    assert check("国家", "国家级国家", lists[::-1]) == found
    assert [(one.part, one.start, one.severity, one.list_id.int) for one in found] == [
        (part, start, severity, 1 if severity == "warning" else 2)
        for (part, start), severity in product((("title", 0), ("body", 0), ("body", 3)), ("warning", "hint"))
    ]


def test_no_number_of_hints_pushes_a_blocking_finding_out() -> None:
    findings = check(
        "", "国，" * 3000 + "家级", [a_list(term("国", severity="hint"), term("家级", severity="blocking"))]
    )
    assert len(findings) == MAX_FINDINGS and findings[-1].severity == "blocking"


def test_four_times_the_text_takes_about_four_times_as_long() -> None:
    """S23. What grows with the square would take sixteen times as long; the bound leaves room for a busy machine."""
    one = a_list(term("国家级"), term("国" * 50), term("最佳", "squeezed"), allow=("国家级一流专业",))
    one.matchers, one.allowed  # noqa: B018
    for piece in ("国", "最·佳", "1 ", "a@"):
        short, long = (_seconds(one, piece * (size // len(piece.encode()))) for size in (250_000, 1_000_000))
        assert long < 10 * max(short, 0.1), piece


def _seconds(one: TermList, text: str) -> float:
    """Return the processor time of a check, without the collector's, which looks through every object of all tests."""
    gc.disable()
    try:
        begun = time.process_time()
        check("", text, [one])
        return time.process_time() - begun
    finally:
        gc.enable()
