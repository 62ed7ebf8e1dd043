"""An import of articles beside one request after the other, into the whole embedded platform."""

import csv
import io
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

from loadtests.cpu import cpu_s
from loadtests.embedded import embedded
from loadtests.peers import Comparison, Sample, compare

ROWS, REQUESTS = 1_000, 200
LOOK_S = 0.05
UNIT = "宣传部"
BODY = "会议回顾了一年来的宣传工作，表彰了先进集体和先进个人。" * 4
Ask = Callable[[str, str, Any], dict[str, Any]]


def imported() -> list[Comparison]:
    """Return articles per second by an import, and by a request each; each is looked up by its title, none is there."""
    with tempfile.TemporaryDirectory(prefix="matrix-bench-") as folder, embedded(Path(folder)) as (served, key):
        ask = partial(_ask, HTTPConnection("127.0.0.1", served.port, timeout=120), key)
        unit = ask("POST", "/v1/units", {"name": UNIT, "kind": "department", "since": "2020-01-01"})["id"]
        titles = (f"学院召开第{number}次工作会议" for number in count())
        found = compare(
            "import-articles", f"import of {ROWS:,} articles", "one request at a time", "articles/s",
            partial(_rate, served.pids, ROWS, partial(_import, ask, titles)),
            partial(_rate, served.pids, REQUESTS, partial(_draft, ask, unit, titles)),
        )  # fmt: skip
    return [found]


def _rate(pids: list[int], articles: int, work: Callable[[], None]) -> Sample:
    used, began = cpu_s(pids), time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    return Sample(articles / seconds, (cpu_s(pids) - used) * 1e6 / articles)


def _import(ask: Ask, titles: Iterator[str]) -> None:
    written = io.StringIO()
    rows = ((UNIT, "news", next(titles), BODY) for _ in range(ROWS))
    csv.writer(written).writerows([("unit", "kind", "title", "body"), *rows])
    begun = ask("POST", "/v1/imports?filename=articles.csv", written.getvalue().encode())
    while (found := ask("GET", f"/v1/imports/{begun['id']}", None))["state"] == "running":
        time.sleep(LOOK_S)
    assert found["rows"]["accepted"] == ROWS, found


def _draft(ask: Ask, unit: str, titles: Iterator[str]) -> None:
    for _ in range(REQUESTS):
        ask("POST", "/v1/articles", {"unit_id": unit, "kind": "news", "title": next(titles), "body": f"<p>{BODY}</p>"})


def _ask(connection: HTTPConnection, key: str, method: str, path: str, body: Any) -> dict[str, Any]:
    """Return the answer to a request; ``body`` is JSON data, or a file's bytes."""
    data, kind = (body, "text/csv") if isinstance(body, bytes) else (json.dumps(body).encode(), "application/json")
    headers = {"Authorization": f"Bearer {key}", **({"Content-Type": kind} if body is not None else {})}
    connection.request(method, path, data if body is not None else None, headers)
    answer = connection.getresponse()
    said = answer.read()
    assert answer.status < 300, said
    found: dict[str, Any] = json.loads(said)
    return found
