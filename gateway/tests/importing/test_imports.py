"""Imports over HTTP: a file becomes rows, a row a command, and a report says what became of it."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from gateway.importing.book import Book, Wanted
from gateway.importing.reading.sniff import MAX_BYTES
from gateway.tests.importing import samples
from gateway.tests.importing.kit import CHANNEL, HEAD, begin, counted, lines, work
from gateway.tests.kit import World
from shared.errors import NotFound

MEGABYTE = 2**20
NOW = datetime(2022, 1, 1, tzinfo=UTC)


def test_a_file_is_understood_sent_and_reported_row_by_row(services: World) -> None:
    begun = begin(services, HEAD + "官微,2021-07-01,5\n=cmd(),2021-07-02,6\n官微,x,6\n", filename="关注.csv")
    assert begun.status_code == 202
    assert begun.json()["tables"][0] | {"sample": []} == {
        "name": "", "format": "channel statistics", "rows": 3, "sample": [],
        "columns": {"channel": "channel", "taken_at": "taken_at", "followers": "followers"},
    }  # fmt: skip
    assert begun.json()["tables"][0]["sample"][0] == ["2021-07-01", "5", "官微"]
    assert (begun.json()["state"], begun.json()["rows"]["done"]) == ("running", 0)

    work(services)

    where = begun.headers["Location"]
    ended = services.ask("GET", where).json()
    assert (ended["state"], ended["filename"]) == ("done", "关注.csv")
    assert ended["rows"] == {"total": 3, "done": 3, "accepted": 1, "repeated": 0, "rejected": 2, "waiting": 0}
    rows = services.ask("GET", f"{where}/rows?outcome=rejected").json()["items"]
    assert [(row["row"], row["field"]) for row in rows] == [("3", "import.no_channel"), ("4", "taken_at")]
    sent = services.ask("GET", f"{where}/report")
    assert sent.headers["Content-Type"].startswith("text/csv") and "report.csv" in sent.headers["Content-Disposition"]
    told = list(csv.DictReader(io.StringIO(sent.content.decode("utf-8-sig"), newline="")))
    assert [row["outcome"] for row in told] == ["accepted", "rejected", "rejected"]
    assert told[1]["about"].startswith("'=cmd()")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "import.empty"),
        (b"\x89PNG\r\n\x1a\n\x00", 415, "import.unknown_kind"),
        (b"\xff\xff\xff", 415, "import.encoding"),
        ("甲,乙\n1,2\n".encode("gb18030"), 422, "import.unknown_format"),
        (HEAD.encode(), 422, "import.no_rows"),
        (HEAD.encode() + b"A,x,5\n" * 100_000, 413, "import.too_large"),
        (samples.xlsx(("a",))[:-30], 422, "import.broken_zip"),
    ],
)
def test_what_cannot_be_imported_is_refused_at_once(services: World, content: bytes, status: int, code: str) -> None:
    refused = begin(services, content)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert services.ask("GET", "/v1/imports").json()["items"] == [] and not counted(services)


def test_a_file_over_the_limit_is_refused_by_its_declared_and_by_its_counted_size(services: World) -> None:
    """The naive mutant believes what the client declares, or that it declares anything."""
    declared = services.ask("POST", "/v1/imports", headers={"Content-Length": str(MAX_BYTES + 1)}, content=b"x")

    taken = []

    async def endless() -> Any:
        for _ in range(4 * MAX_BYTES // MEGABYTE):
            taken.append(MEGABYTE)
            yield b"," * MEGABYTE

    counted_ = services.ask("POST", "/v1/imports", content=endless())
    assert [one.status_code for one in (declared, counted_)] == [413, 413]
    assert declared.json()["code"] == counted_.json()["code"] == "import.too_large"
    assert sum(taken) <= MAX_BYTES + MEGABYTE


def test_a_file_that_did_not_come_to_its_end_is_not_imported(services: World) -> None:
    content = lines(9).encode()
    cut = services.ask("POST", "/v1/imports", headers={"Content-Length": str(len(content) + 5)}, content=content)
    assert (cut.status_code, cut.json()["code"]) == (400, "import.cut_short")


def test_the_same_key_begins_one_import_and_another_file_under_it_is_refused(services: World) -> None:
    headers = {"Idempotency-Key": "monday"}
    first, again, other = (
        services.ask("POST", "/v1/imports", headers=headers, content=lines(days).encode()) for days in (2, 2, 3)
    )
    assert again.json()["id"] == first.json()["id"] and again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    work(services)
    assert len(counted(services)) == 2 and len(services.ask("GET", "/v1/imports").json()["items"]) == 1


def test_the_same_file_again_sends_the_same_keys(services: World) -> None:
    """Services answer a key they know with what they did: nothing is told twice."""
    begin(services, lines(3))
    work(services)
    first = counted(services)
    services.services.answers["count_followers"] = {"id": CHANNEL, "replayed": True}
    again = begin(services, lines(3).replace("官微", "官微 ").encode("gb18030")).headers["Location"]
    work(services)
    assert counted(services) == first * 2
    assert services.ask("GET", again).json()["rows"]["repeated"] == 3


def test_a_rehearsal_says_what_would_be_and_does_nothing(services: World) -> None:
    where = begin(services, lines(2), dry_run="true").headers["Location"]
    work(services)
    ended = services.ask("GET", where).json()
    assert ended["dry_run"] and ended["rows"]["accepted"] == 2
    assert {method for _, method, _ in services.services.requests} == {"list_channels"}


def test_imports_and_rows_come_page_by_page(services: World) -> None:
    where = [begin(services, lines(4)).headers["Location"] for _ in range(4)][-1]
    for path in ("/v1/imports", f"{where}/rows"):
        first = services.ask("GET", f"{path}?limit=2").json()
        last = services.ask("GET", f"{path}?limit=2&cursor={first['next']}").json()
        assert len(first["items"]) == len(last["items"]) == 2 and last["next"] is None


def test_old_imports_are_forgotten_when_another_begins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book(world.deps.engine)
    caller = world.deps.access.accounts.people.all()[0].caller()
    wanted = Wanted(filename="x", unit_id="", channel_id="", taken_at=NOW, rehearsal=False)
    old = uuid4()
    book.begin(old, caller, uuid4(), wanted)
    book.open(old, 0, [], None)
    monkeypatch.setattr("gateway.importing.book.KEPT", timedelta(0))
    book.begin(uuid4(), caller, uuid4(), wanted)
    with pytest.raises(NotFound):
        book.get(old, caller)
