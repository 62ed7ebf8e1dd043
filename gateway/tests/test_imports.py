"""Imports over HTTP: a file becomes rows, a row a command of the caller's own, and a report says what became of it."""

import csv
import io
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.importing.book import Book, Wanted
from gateway.importing.desk import ImportDesk
from gateway.importing.reading.sniff import MAX_BYTES
from gateway.importing.turns import Turns
from gateway.tests.importing import samples
from gateway.tests.kit import OTHER_UNIT, OWN_UNIT, World
from shared.errors import NotFound, RuleBroken, Unavailable

MEGABYTE = 2**20
CHANNEL = "6a000000-0000-4000-8000-000000000001"
NOW, NOTHING = datetime(2022, 1, 1, tzinfo=UTC), timedelta(0)
HEAD = "channel,taken_at,followers\n"


def lines(days: int) -> str:
    counted = (date(2021, 7, 1) + timedelta(days=day) for day in range(days))
    return HEAD + "".join(f"官微,{day},{1001 + number}\n" for number, day in enumerate(counted))


@pytest.fixture
def services(world: World) -> World:
    """Return the world, whose services know one unit with one channel, and do every command once."""
    world.services.answers |= {
        "list_units": page({"id": str(OWN_UNIT), "name": "文学院"}),
        "list_channels": page({"id": CHANNEL, "unit_id": str(OWN_UNIT), "name": "官微", "kind": "wechat_oa"}),
    }
    return world


def page(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "next": None}


def begin(world: World, content: str | bytes, key: str = "", **query: Any) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return world.ask("POST", "/v1/imports", key, params=query, content=data)


def work(world: World, desk: ImportDesk | None = None) -> None:
    """Send rows until no import waits."""

    async def through() -> None:
        while await (desk or world.deps.imports).runner.step():
            pass

    world.runner.run(through())


def counted(world: World) -> list[Any]:
    """Return the followers that were counted, in order, with the keys they were sent under."""
    return [
        (request["body"]["followers"], request["key"])
        for _, method, request in world.services.requests
        if method == "count_followers"
    ]


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


def test_rows_are_sent_with_the_callers_own_account_and_units(services: World) -> None:
    """G7: never a wider right than the caller's."""
    key = services.add("college_editor", OWN_UNIT)
    begin(services, lines(1), key)
    work(services)
    for _, _, request in services.services.requests:
        caller = services.deps.calls.signer.verify(request["caller"])
        assert (caller.role, caller.units) == ("college_editor", frozenset({str(OWN_UNIT)}))


def test_an_import_of_another_unit_is_not_there(services: World) -> None:
    """G7."""
    mine, theirs = (services.add("college_editor", unit) for unit in (OWN_UNIT, OTHER_UNIT))
    both = services.add("college_editor", OWN_UNIT, OTHER_UNIT)
    where = begin(services, lines(1), mine).headers["Location"]
    wide = begin(services, lines(1), both).headers["Location"]

    for path in (where, f"{where}/rows", f"{where}/report"):
        assert services.ask("GET", path, theirs).status_code == 404
    seen = {key: services.ask("GET", "/v1/imports", key).json()["items"] for key in (mine, theirs, both)}
    assert [one["id"] for one in seen[mine]] == [where[-36:]] and seen[theirs] == []
    assert [one["id"] for one in seen[both]] == [wide[-36:], where[-36:]]
    assert services.ask("GET", wide, mine).status_code == 404


def test_who_is_bound_to_no_unit_imports_nothing_that_others_could_see(services: World) -> None:
    """G7."""
    account = services.accounts.people.add("nobody", "college_editor", [])
    key = str(services.accounts.keys.issue(UUID(account.body["id"]), "x").body["key"])
    refused = begin(services, lines(1), key)
    assert (refused.status_code, refused.json()["code"]) == (422, "import.no_unit")
    assert services.ask("GET", "/v1/imports").json()["items"] == []


@pytest.mark.parametrize("query", [{"unit": "理学院"}, {"unit": str(OTHER_UNIT)}, {"channel": "抖音"}])
def test_a_unit_or_channel_that_is_not_the_callers_is_not_there(services: World, query: dict[str, str]) -> None:
    assert begin(services, lines(1), **query).status_code == 404
    assert services.ask("GET", "/v1/imports").json()["items"] == []


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


def test_what_one_worker_left_behind_another_goes_on_with_and_sends_no_row_twice(
    services: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The naive mutant, which notes what became of rows when all are through, sends the first three again."""
    monkeypatch.setattr("gateway.importing.platform.PAUSE_S", 0.0)
    monkeypatch.setattr("gateway.importing.runner.PAUSE", NOTHING)
    done = iter(range(3))

    def three(_: dict[str, Any]) -> dict[str, Any]:
        if next(done, None) is None:
            raise Unavailable("rpc.timeout")
        return {"id": CHANNEL}

    services.services.answers["count_followers"] = three
    where = begin(services, lines(9)).headers["Location"]
    services.runner.run(services.deps.imports.runner.step())
    stopped = services.ask("GET", where).json()
    assert (stopped["state"], stopped["rows"]["done"]) == ("running", 3) and "does not answer" in stopped["reason"]

    del services.services.answers["count_followers"]
    failed = len(counted(services)) - 3
    with closing(ImportDesk(services.deps.engine, services.accounts, services.deps.calls)) as other:
        work(services, other)
    sent = counted(services)
    assert [followers for followers, _ in sent[:3] + sent[3 + failed :]] == list(range(1001, 1010))
    assert len({key for _, key in sent}) == 9
    ended = services.ask("GET", where).json()
    assert (ended["state"], ended["rows"]["accepted"], ended["reason"]) == ("done", 9, None)


def test_a_row_that_a_service_cannot_take_does_not_hold_up_the_others(services: World) -> None:
    def odd(request: dict[str, Any]) -> dict[str, Any]:
        if request["body"]["followers"] == 1002:
            raise RuleBroken("metrics.counted_in_future", "no")
        if request["body"]["followers"] == 1003:
            raise NotFound("caller.no_such_unit", "no")
        return {"id": CHANNEL}

    services.services.answers["count_followers"] = odd
    where = begin(services, lines(4)).headers["Location"]
    work(services)
    rows = services.ask("GET", f"{where}/rows").json()["items"]
    assert [row["outcome"] for row in rows] == ["accepted", "rejected", "rejected", "accepted"]
    assert [row["field"] for row in rows if row["field"]] == ["metrics.counted_in_future", "caller.no_such_unit"]


@pytest.mark.parametrize("how", ["revoked", "role", "disabled"])
def test_a_right_that_is_taken_away_ends_the_import_at_the_next_row(services: World, how: str) -> None:
    """The naive mutant sends all rows with the rights of the beginning."""
    key = services.add("college_editor", OWN_UNIT)
    account = UUID(services.ask("GET", "/v1/me", key).json()["id"])

    def second_takes_it_away(request: dict[str, Any]) -> dict[str, Any]:
        if request["body"]["followers"] == 1002:
            match how:
                case "revoked":
                    services.accounts.keys.revoke(services.accounts.keys.all(account)[0].id)
                case "role":
                    services.accounts.people.change(account, {"role": "viewer"})
                case _:
                    services.accounts.people.change(account, {"disabled": True})
        return {"id": CHANNEL}

    services.services.answers["count_followers"] = second_takes_it_away
    where = begin(services, lines(5), key).headers["Location"]
    work(services)
    ended = services.ask("GET", where).json()
    assert (ended["state"], ended["rows"]["done"], len(counted(services))) == ("failed", 2, 2)
    assert "do not hold" in ended["reason"]


def test_an_import_that_is_given_up_sends_no_more_and_says_what_was_sent(services: World) -> None:
    mine, theirs = (services.add("college_editor", unit) for unit in (OWN_UNIT, OTHER_UNIT))
    where = begin(services, lines(58), mine).headers["Location"]

    def give_up(request: dict[str, Any]) -> dict[str, Any]:
        if request["body"]["followers"] == 1004:
            services.deps.imports.book.give_up(UUID(where[-36:]), services.accounts.people.all()[0].caller())
        return {"id": CHANNEL}

    services.services.answers["count_followers"] = give_up
    assert services.ask("DELETE", where, theirs).status_code == 404
    work(services)
    ended = services.ask("GET", where, mine).json()
    assert (ended["state"], ended["rows"]["accepted"]) == ("failed", 50) and "given up" in ended["reason"]
    assert len(counted(services)) == 50
    assert services.ask("DELETE", where, mine).status_code == 204
    assert services.ask("GET", where, mine).json() == ended


def test_an_import_is_held_by_one_worker_and_they_take_turns(services: World) -> None:
    first, second = (begin(services, lines(1)).json()["id"] for _ in range(2))
    one, two = (Turns(services.deps.engine, name) for name in ("one", "two"))
    turn = one.take()
    assert turn is not None and str(turn.import_id) in (first, second)
    other = two.take()
    assert other is not None and {str(turn.import_id), str(other.import_id)} == {first, second}
    assert one.take() is None
    one.give_back(turn)
    taken = two.take()
    assert taken is not None and taken.import_id == turn.import_id


def test_an_import_that_was_held_by_a_clock_that_ran_ahead_is_taken(
    services: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F16: a killed worker's clock was two hours fast; the mutant waits for two hours."""
    begin(services, lines(3))
    fast, right = (Turns(services.deps.engine, name) for name in ("fast", "right"))

    clock = SimpleNamespace(now=lambda zone: datetime.now(zone) + timedelta(hours=2))
    with monkeypatch.context() as patched:
        patched.setattr("gateway.importing.turns.datetime", clock)
        assert fast.take() is not None
    assert right.take() is not None
    assert Turns(services.deps.engine, "late").take() is None


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
    monkeypatch.setattr("gateway.importing.book.KEPT", NOTHING)
    book.begin(uuid4(), caller, uuid4(), wanted)
    with pytest.raises(NotFound):
        book.get(old, caller)
