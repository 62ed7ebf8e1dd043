"""Batches: every command as if it had come alone, in few messages, and nothing but commands."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.operations import SAFE, Operation, Route
from gateway.resources import batches
from gateway.routes import ROUTES
from gateway.schemas import Done
from gateway.schemas.batches import MAX_REQUESTS
from gateway.tests.kit import OTHER, OTHER_UNIT, OWN, OWN_UNIT, World, sample, thing
from gateway.tests.policy import LETTERS
from shared.errors import Conflict, RuleBroken

DRAFT = {"unit_id": str(OWN_UNIT), "kind": "news", "title": "t", "body": "<p>b</p>"}
CHANGES = [(r, m, o) for r in ROUTES for m, o in r.operations.items() if m not in SAFE]
COMMANDS = [row for row in CHANGES if isinstance(row[2].answer, Done)]
Answers = list[dict[str, Any]]


def one(path: str = "/v1/articles", body: dict[str, Any] | None = None, method: str = "POST", **more: Any) -> Any:
    return {"method": method, "path": path, **({} if body is None else {"body": body}), **more}


def draft(**more: Any) -> Any:
    return one(body=DRAFT, **more)


def send(world: World, *requests: Any, key: str | None = "", **headers: str) -> Answers:
    answered = world.ask("POST", "/v1/batch", key, headers, json={"requests": requests})
    assert answered.status_code == 200, answered.text
    return answered.json()["answers"]  # type: ignore[no-any-return]


def as_asked(row: tuple[Route, str, Operation], unit: UUID, thing_id: UUID) -> dict[str, Any]:
    """Return a well-formed command about somebody's thing."""
    route, method, operation = row
    path = "/".join(str(thing_id) if part.startswith("{") else part for part in route.template.split("/"))
    body = None if operation.body is None else sample(operation.body, unit)
    asked: dict[str, Any] = one(path, body, method, if_match="*")
    return asked


def test_commands_are_answered_in_their_order_as_if_each_had_come_alone(world: World):
    world.services.answers["submit_article"] = thing(version=4, replayed=True)
    article = f"/v1/articles/{OWN}"
    first, second, third = send(
        world, draft(key="a"), one(f"{article}/submission", {}, key="b"), one(article, {"title": "x"}, "PATCH")
    )
    assert first["status"] == 201
    assert first["headers"] == {"Location": f"/v1/articles/{OWN}", "ETag": '"v3"'}
    assert first["body"]["id"] == str(OWN)
    assert (second["status"], second["headers"]["Idempotent-Replayed"]) == (200, "true")
    assert (third["status"], third["body"]["code"]) == (428, "request.needs_version")


def test_the_calls_of_a_batch_reach_a_service_as_one_message(world: World):
    send(world, *(draft() for _ in range(20)))
    assert world.services.bundles == [["draft_article"] * 20]


def test_each_command_keeps_its_key_its_version_and_its_caller(world: World):
    asked = [draft(key=f"k{n}") for n in range(3)]
    send(world, *asked, one(f"/v1/articles/{OWN}", {"title": "x"}, "PATCH", if_match='"v7"'))
    told = [
        (request["key"], request["if_match"], request["body"].get("title")) for _, _, request in world.services.requests
    ]
    assert told == [("k0", None, "t"), ("k1", None, "t"), ("k2", None, "t"), (None, 7, "x")]
    assert len({request["correlation_id"] for _, _, request in world.services.requests}) == 1


def test_the_batchs_own_headers_are_nobodys(world: World):
    """A key on the batch would make every command in it the same one."""
    send(world, draft(), draft(key="mine"), **{"Idempotency-Key": "all", "If-Match": '"v1"'})
    assert [(request["key"], request["if_match"]) for _, _, request in world.services.requests] == [
        (None, None), ("mine", None),
    ]  # fmt: skip


def test_a_bad_command_fails_alone_with_its_own_problem(world: World):
    world.services.answers["submit_article"] = RuleBroken("content.not_a_draft", "no draft")
    world.services.answers["withdraw_article"] = Conflict("stream.changed", "somebody was faster")
    answers = send(
        world, draft(), one(body={"title": 5}), one("/v1/nothing", {}), one(f"/v1/articles/{OWN}/submission", {}),
        one(f"/v1/articles/{OWN}/withdrawal", {"reason": "x"}), one(method="PUT", body={}), draft(),
    )  # fmt: skip
    assert [answer["status"] for answer in answers] == [201, 400, 404, 422, 409, 405, 201]
    assert [answer["body"].get("code") for answer in answers[1:5]] == [
        "request.invalid", "http.not_found", "content.not_a_draft", "stream.changed",
    ]  # fmt: skip
    assert {error["field"] for error in answers[1]["body"]["errors"]} >= {"title", "kind"}


def test_a_question_in_a_path_is_asked(world: World):
    scheme = f"/v1/review-schemes/{OWN}"
    refused, passed = send(world, one(f"{scheme}?nonsense=1", method="DELETE"), one(scheme, method="DELETE"))
    assert (refused["status"], passed["status"]) == (400, 200)


@pytest.mark.parametrize("row", [row for row in CHANGES if row not in COMMANDS], ids=lambda row: row[0].template)
def test_nothing_but_commands_may_be_in_a_batch(lasting_world: World, row: tuple[Route, str, Operation]):
    """No sign-in, no upload, no import, no batch in a batch, and no key that is shown once."""
    (answer,) = send(lasting_world, as_asked(row, OWN_UNIT, OWN))
    assert (answer["status"], answer["body"]["code"]) == (422, "batch.no_command")


def rights(world: World, rows: list[tuple[Route, str, Operation]]) -> list[str]:
    """Return where a batch lets somebody do what he may not do alone, or the other way round."""
    differ = []
    for letter, role in LETTERS.items():
        key = world.add(role, OWN_UNIT)
        for unit, thing_id in ((OWN_UNIT, OWN), (OTHER_UNIT, OTHER)):
            asked = [as_asked(row, unit, thing_id) for row in rows]
            together = send(world, *asked, key=key)
            for row, request, answer in zip(rows, asked, together, strict=True):
                body = {"json": request["body"]} if "body" in request else {}
                alone = world.ask(row[1], request["path"], key, {"If-Match": "*"}, **body)
                if (alone.status_code, alone.json().get("code")) != (answer["status"], answer["body"].get("code")):
                    differ.append(f"{letter} {row[1]} {row[0].template}")
    return differ


def test_in_a_batch_everybody_may_do_exactly_what_he_may_do_alone(lasting_world: World):
    """S02, S10, S17: every command, every role, own and others' things."""
    assert len(COMMANDS) > 35
    assert rights(lasting_world, COMMANDS) == []


def test_a_batch_that_speaks_with_a_key_of_its_own_is_found_out(lasting_world: World, monkeypatch: pytest.MonkeyPatch):
    """The mutant of the test above."""
    asked = batches._asked
    own = (b"authorization", f"Bearer {lasting_world.key}".encode())

    def careless(one: dict[str, Any], headers: Any, length: int) -> dict[str, Any]:
        return asked(one, [own, *(header for header in headers if header[0] != own[0])], length)

    monkeypatch.setattr(batches, "_asked", careless)
    assert rights(lasting_world, COMMANDS[:3])


def test_nobody_sends_a_batch_without_a_key(world: World):
    assert world.ask("POST", "/v1/batch", None, json={"requests": [draft()]}).status_code == 401
    assert world.services.requests == []


def test_a_batch_from_another_sites_page_is_refused_whole(world: World):
    headers = {"Sec-Fetch-Site": "cross-site", "Cookie": "matrix_session=mms_x"}
    assert world.ask("POST", "/v1/batch", None, headers, json={"requests": [draft()]}).status_code in (401, 403)
    assert world.services.requests == []


def test_every_command_of_a_batch_counts_against_the_allowance(world: World, monkeypatch: pytest.MonkeyPatch):
    taken: list[str] = []

    async def take(*limits: Any) -> None:
        taken.extend(limit.rate.code for limit in limits)

    monkeypatch.setattr(world.deps.limits, "take", take)
    send(world, *(draft() for _ in range(10)))
    assert taken == ["limit.key_writes"] * 11


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requests": []},
        {"requests": [draft()] * (MAX_REQUESTS + 1)},
        {"requests": [{**draft(), "method": "GET"}]},
        {"requests": [{**draft(), "path": "/livez"}]},
        {"requests": [{**draft(), "path": "//evil.example/v1/articles"}]},
        {"requests": [{**draft(), "path": "/v1/articles\r\nX: y"}]},
        {"requests": [{**draft(), "key": ""}]},
        {"requests": [{**draft(), "key": "a\r\nb"}]},
        {"requests": [{**draft(), "headers": {"Authorization": "Bearer x"}}]},
    ],
)
def test_what_is_no_batch_is_refused_whole(lasting_world: World, body: dict[str, Any]):
    lasting_world.services.requests.clear()
    answered = lasting_world.ask("POST", "/v1/batch", json=body)
    assert (answered.status_code, answered.json()["code"]) == (400, "request.invalid")
    assert lasting_world.services.requests == []


def test_a_full_batch_is_taken(world: World):
    answers = send(world, *(draft(key=str(uuid4())) for _ in range(MAX_REQUESTS)))
    assert [answer["status"] for answer in answers] == [201] * MAX_REQUESTS
    assert [len(bundle) for bundle in world.services.bundles] == [50, 50]
