"""Reading the matrix from the worker's built answers, beside a bare ASGI hello on the same gunicorn worker."""

import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from pathlib import Path

from loadtests.embedded import embedded
from loadtests.peers import Comparison, compare
from loadtests.served import ask, hello, rate, request

UNITS = ("体育学院", "传媒学院", "法学院", "医学院", "新闻中心")
PATH = "/v1/matrix?period=2021"


def matrix_reads() -> list[Comparison]:
    """Return answers per second: the whole answer, ``304`` to who has it already, and one built for each asker."""
    with tempfile.TemporaryDirectory(prefix="matrix-bench-") as folder, embedded(Path(folder)) as served:
        gateway, key = served
        for name in UNITS:
            body = {"name": name, "kind": "college", "parent_id": None, "since": "2000-09-01"}
            ask(gateway.port, key, "/v1/units", body)
        time.sleep(1.0)  # the read model follows
        tag = str(ask(gateway.port, key, PATH).headers["ETag"])
        with hello() as bare_server:

            def beside_hello(name: str, what: str, asked: Callable[[], bytes], status: int) -> Comparison:
                bare = request("/", key)
                return compare(
                    name, what, "bare ASGI hello", "answers/s",
                    lambda: rate(gateway, asked, status), lambda: rate(bare_server, lambda: bare, 200),
                )  # fmt: skip

            whole, known = request(PATH, key), request(PATH, key, f"If-None-Match: {tag}\r\n")
            days = (date(1900, 1, 1) + timedelta(days=number) for number in count())  # nobody asked for these before
            return [
                beside_hello("matrix-cached", "matrix answer, cached", lambda: whole, 200),
                beside_hello("matrix-304", "matrix answer, known already", lambda: known, 304),
                beside_hello(
                    "matrix-uncached", "matrix answer, built anew",
                    lambda: request(f"/v1/matrix?period={next(days)}..2021-12-31", key), 200,
                ),
            ]  # fmt: skip
