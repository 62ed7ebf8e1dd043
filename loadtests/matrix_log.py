"""Answers built anew beside a long log of facts: ten times the articles, and the matrix as of a past moment."""

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from itertools import count

from loadtests.embedded import Served
from loadtests.facts import DAYS, FIRST, board_of
from loadtests.peers import Comparison, compare, compare_latencies
from loadtests.served import ask, hello, rate, request

EVENTS = 1_000_000
QUESTIONS = 100


def matrix_with_a_long_log() -> list[Comparison]:
    """Return answers built anew, with ten times the articles too, and how long those as of a past moment take."""
    with ExitStack() as stack:
        (short, short_key), (long, key) = (stack.enter_context(board_of(facts)) for facts in (EVENTS // 10, EVENTS))
        bare = stack.enter_context(hello())
        here, there, past = _questions(), _questions(), _moments()
        return [
            compare(
                "matrix-year", f"a year of 60 channels, built anew, {EVENTS // 10:,} events", "bare ASGI hello",
                "answers/s",
                lambda: rate(short, lambda: request(next(here), short_key), 200),
                lambda: rate(bare, lambda: request("/", key), 200),
                ten=lambda: rate(long, lambda: request(next(there), key), 200),
            ),
            *compare_latencies(
                "matrix-as-of", f"the same as of a past moment, {EVENTS:,} events", "the present",
                lambda: _took(long, key, (f"{next(there)}&as_of={next(past)}" for _ in range(QUESTIONS))),
                lambda: _took(long, key, (next(there) for _ in range(QUESTIONS))),
            ),
        ]  # fmt: skip


def _moments() -> Iterator[str]:
    """Yield moments of the two years."""
    draw = random.Random(0)
    while True:
        yield f"{FIRST + timedelta(seconds=draw.randrange(86_400, DAYS * 86_400)):%Y-%m-%dT%H:%M:%SZ}"


def _questions() -> Iterator[str]:
    """Yield questions that nobody asked before: about a year, with days at both borders."""
    for n in count():
        first, last = date(2020, 6, 2) + timedelta(days=n % 170), date(2021, 6, 1) + timedelta(days=n // 170 % 180)
        yield f"/v1/matrix?period={first}..{last}"


def _took(served: Served, key: str, paths: Iterable[str]) -> list[float]:
    """Return the milliseconds each question took, asked one after the other."""
    took = []
    for path in paths:
        began = time.perf_counter()
        ask(served.port, key, path)
        took.append((time.perf_counter() - began) * 1000)
    return took
