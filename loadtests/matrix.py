"""Reading the matrix beside a bare ASGI hello on the same gunicorn worker: built answers, and answers built anew.

The board is a university's: 20 units, 60 channels, and a year of facts, asked for as the console does.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import cycle, repeat

from loadtests.embedded import Served
from loadtests.facts import UNITS, board_of
from loadtests.peers import Comparison, Slice, compare
from loadtests.served import ask, hello, rate, request

FACTS = 10_000  # in two years: a year has as many as the golden one
MATRIX = "/v1/matrix?period="
YEAR = f"{MATRIX}2021"
OF_ONE = f"{YEAR}&unit={UNITS[0]}"
# More questions than a worker keeps answers: a year by names nobody remembers, each unit's twelve months of two years.
YEARS = [f"2021-01..{year}-{month:02}" for year in range(2022, 2200) for month in range(1, 13)]
MONTHS = [f"{year}-{month:02}" for year in (2020, 2021) for month in range(1, 13)]
TWELVE = [f"{first}{day}..{last}" for day in ("", "-01") for first, last in zip(MONTHS[:13], MONTHS[11:], strict=True)]
OF_UNITS = [f"{period}&unit={unit}" for period in TWELVE for unit in UNITS]


def matrix_reads() -> list[Comparison]:
    """Return answers per second: whole, ``304`` to who has it already, and built for each asker, all units or one."""
    with ExitStack() as stack:
        board, ten = (stack.enter_context(board_of(facts)) for facts in (FACTS, 10 * FACTS))
        bare = stack.enter_context(hello())

        def beside_hello(
            name: str, what: str, asked: Callable[[Served, str], Iterator[bytes]], status: int = 200
        ) -> Comparison:
            def asking(served: Served, key: str) -> Slice:
                questions = asked(served, key)
                return lambda: rate(served, questions.__next__, status)

            anybody = request("/", "")
            return compare(
                name, what, "bare ASGI hello", "answers/s", asking(*board),
                lambda: rate(bare, lambda: anybody, 200), ten=asking(*ten),
            )  # fmt: skip

        return [
            beside_hello(
                "matrix-unit-cached", "matrix of one unit, cached", lambda _, key: repeat(request(OF_ONE, key))
            ),
            beside_hello("matrix-cached", "matrix of 20 units, cached", lambda _, key: repeat(request(YEAR, key))),
            beside_hello("matrix-304", "matrix of 20 units, known already", _known, 304),
            beside_hello("matrix-uncached", "matrix of 20 units, built anew", lambda _, key: _new(YEARS, key)),
            beside_hello("matrix-unit", "matrix of one unit, built anew", lambda _, key: _new(OF_UNITS, key)),
        ]


def _known(served: Served, key: str) -> Iterator[bytes]:
    """Return the question of who has the answer already."""
    tag = ask(served.port, key, YEAR).headers["ETag"]
    return repeat(request(YEAR, key, f"If-None-Match: {tag}\r\n"))


def _new(asked: list[str], key: str) -> Iterator[bytes]:
    """Yield the questions, again and again."""
    return (request(f"{MATRIX}{question}", key) for question in cycle(asked))
