"""Checking a text for terms beside the bare automaton, and cleaning HTML beside the bare library."""

import random
import time
from collections.abc import Callable
from html import escape
from typing import Any
from uuid import UUID

import ahocorasick
import nh3
from ahocorasick_rs import AhoCorasick

from infra.demo.year import news
from loadtests.peers import Comparison, Sample, compare
from services.content.html import ATTRIBUTES, TAGS, clean
from services.review.checker import TermList, check
from services.review.text import plain_text
from shared.contracts.review.events import Term

TERMS, CHARACTERS, SLICE_S = 10_000, 20_000, 0.4
PASTED = '<p class="MsoNormal" style="text-indent:2em">'  # what text editors leave; to be taken out


def texts() -> list[Comparison]:
    """Return megabytes per second: a text against 10 000 terms (ten times: 100 000), and an article's HTML."""
    html = _html()
    text, pasted = plain_text(html), html.replace("<p>", PASTED)
    few, many = (_terms(number) for number in (TERMS, 10 * TERMS))
    bare, documented = AhoCorasick([term.term for term in few.terms]), _automaton(few)
    size, page = len(text.encode()), len(pasted.encode())
    return [
        compare(
            "review-scan", f"check {len(text):,} characters for {TERMS:,} terms", "bare pyahocorasick", "MB/s",
            lambda: _rate(lambda: check("", text, [few]), size),
            lambda: _rate(lambda: list(documented.iter(text)), size),
        ),
        compare(
            "review-scan-rust", f"check {len(text):,} characters for {TERMS:,} terms", "bare ahocorasick_rs", "MB/s",
            lambda: _rate(lambda: check("", text, [few]), size),
            lambda: _rate(lambda: bare.find_matches_as_indexes(text, overlapping=True), size),
            ten=lambda: _rate(lambda: check("", text, [many]), size),
        ),
        compare(
            "html-clean", f"clean {page // 1000} kB of pasted HTML", "bare nh3.clean", "MB/s",
            lambda: _rate(lambda: clean(pasted), page),
            lambda: _rate(lambda: nh3.clean(pasted, tags=TAGS, attributes=ATTRIBUTES), page),
            ten=lambda: _rate(lambda: clean(pasted * 10), 10 * page),
        ),
    ]  # fmt: skip


def _html() -> str:
    """Return the golden year's articles, one after the other, until they are long enough."""
    html, length = "", 0
    for story in news():
        html += f"<h2>{escape(story.title)}</h2>{story.body}"
        length += len(story.title) + len(plain_text(story.body))
        if length >= CHARACTERS:
            break
    return html


def _terms(number: int) -> TermList:
    """Return a list of invented terms, each looked for through spaces and marks; its automaton is built."""
    chance = random.Random(number)
    han = [chr(code) for code in range(0x4E00, 0x9FA5)]
    words = sorted({"".join(chance.choices(han, k=chance.randint(3, 6))) for _ in range(number)})
    terms = tuple(
        Term(term=word, category="typo", severity="hint", suggestion=None, match="squeezed") for word in words
    )
    made = TermList(list_id=UUID(int=number), version=1, terms=terms, allow=())
    assert made.matchers
    return made


def _automaton(terms: TermList) -> Any:
    """Return the terms' automaton as pyahocorasick is documented to make it."""
    made = ahocorasick.Automaton()
    for term in terms.terms:
        made.add_word(term.term, term.term)
    made.make_automaton()
    return made


def _rate(work: Callable[[], object], size: int) -> Sample:
    """Return how many megabytes a second are worked through, when each turn is ``size`` bytes."""
    turns, started, used = 0, time.perf_counter(), time.process_time()
    while (now := time.perf_counter()) < started + SLICE_S:
        work()
        turns += 1
    return Sample(turns * size / 1e6 / (now - started), (time.process_time() - used) * 1e6 / turns / (size / 1e6))
