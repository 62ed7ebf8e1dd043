"""What comes in is limited, fits its schema, and reaches the service as it came."""

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import RAISE, Schema, fields

from gateway.bodies import MAX_DEPTH, parse
from gateway.operations import MAX_BODY_BYTES
from gateway.routes import ROUTES
from gateway.tests.kit import NOON, OTHER_UNIT, OWN, OWN_UNIT, World, sample
from shared.errors import Invalid

UNIT = {"name": "Law", "kind": "college", "since": "2021-01-01"}
DRAFT = {"unit_id": str(OWN_UNIT), "kind": "news", "title": "t", "body": "<p>b</p>"}


@pytest.fixture
def world(lasting_world: World) -> World:
    """Give the module's gateway, its services as at first."""
    return lasting_world.forget()


def refusal(world: World, method: str, path: str, **more: Any) -> tuple[int, list[str]]:
    answered = world.ask(method, path, **more)
    assert not world.services.requests, "a bad request must not reach a service"
    return answered.status_code, [error["field"] for error in answered.json()["errors"]]


def schemas_of(schema: Schema) -> list[Schema]:
    """Return the schema and all that are nested in it."""
    found = [schema]
    for field in schema.fields.values():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            found += schemas_of(inner.schema)
    return found


def test_every_schema_of_what_comes_in_refuses_unknown_fields() -> None:
    """S15: nested ones too."""
    operations = [operation for route in ROUTES for operation in route.operations.values()]
    taken = [schema for operation in operations for schema in (operation.body, operation.query) if schema]
    assert all(schema.unknown == RAISE for each in taken for schema in schemas_of(each))


@pytest.mark.parametrize("field", ["status", "author_id", "version", "id", "approved_by", "revision"])
def test_nobody_sets_what_is_not_theirs_to_set(world: World, field: str) -> None:
    """S15."""
    assert refusal(world, "POST", "/v1/articles", json={**DRAFT, field: "x"}) == (400, [field])


def test_the_unit_of_a_count_is_the_channels_whatever_the_client_says(world: World) -> None:
    """S15, S19: the unit comes from content, asked in the caller's name."""
    world.services.answers["get_channel"] = {"id": str(OWN), "unit_id": str(OTHER_UNIT), "version": 1}
    path = f"/v1/channels/{OWN}/snapshots"
    count = {"followers": 5, "taken_at": NOON}
    assert refusal(world, "POST", path, json={**count, "unit_id": str(OWN_UNIT)}) == (400, ["unit_id"])
    assert world.ask("POST", path, json=count).status_code == 200
    assert world.services.methods == ["get_channel", "count_followers"]
    assert world.services.last["body"] == {**count, "channel_id": str(OWN), "unit_id": str(OTHER_UNIT)}


def test_who_asks_is_signed_by_the_gateway_and_nothing_else_is_believed(world: World) -> None:
    """S19."""
    world.ask("GET", "/v1/units", world.add("viewer", OWN_UNIT), {"X-Caller": "admin", "X-Role": "admin"})
    caller = world.deps.calls.signer.verify(world.services.last["caller"])
    assert caller.role == "viewer" and caller.units == {str(OWN_UNIT)}


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=1000000000", "limit"), ("limit=0", "limit"), ("limit=x", "limit"), ("limit=-1", "limit"),
     ("limit=1&limit=2", "limit"), ("nothing=1", "nothing"), ("after=x", "after"), ("kind=castle", "kind"),
     ("kind=", "kind"), ("cursor=", "cursor")],
)  # fmt: skip
def test_a_query_that_does_not_fit_is_refused_by_field(world: World, query: str, field: str) -> None:
    """S22: no page has a thousand million items."""
    assert refusal(world, "GET", f"/v1/units?{query}") == (400, [field])


def test_a_query_reaches_the_service_as_json(world: World) -> None:
    world.ask("GET", "/v1/units?limit=7&kind=college&at=2021-03-01")
    assert world.services.last["body"] == {"limit": 7, "kind": "college", "at": "2021-03-01"}


def test_a_parameter_where_none_is_taken_is_refused(world: World) -> None:
    assert refusal(world, "GET", f"/v1/units/{OWN}?verbose=1") == (400, ["verbose"])


def test_a_body_of_more_than_a_mebibyte_is_refused_before_it_is_read(world: World) -> None:
    """S22."""
    big = json.dumps({**DRAFT, "body": "x" * MAX_BODY_BYTES})
    headers = {"Content-Type": "application/json"}
    assert refusal(world, "POST", "/v1/articles", headers=headers, content=big)[0] == 413


def test_a_body_that_does_not_tell_its_length_is_read_no_further_than_the_limit(world: World) -> None:
    """S22: chunked, and a megabyte a chunk."""
    taken = 0

    async def endless() -> Any:
        nonlocal taken
        while taken < 50:
            taken += 1
            yield b"x" * 1024 * 1024

    headers = {"Content-Type": "application/json"}
    assert refusal(world, "POST", "/v1/articles", headers=headers, content=endless())[0] == 413


@pytest.mark.parametrize("text", ['{"name": ' + "[" * 30 + "]" * 30 + "}", '{"a":' * 25 + "1" + "}" * 25])
def test_a_body_nested_too_deep_is_refused(world: World, text: str) -> None:
    """S22."""
    headers = {"Content-Type": "application/json"}
    answered = world.ask("POST", "/v1/units", headers=headers, content=text)
    assert (answered.status_code, answered.json()["code"]) == (400, "request.too_deep")


def test_ten_thousand_brackets_neither_crash_nor_hang() -> None:
    """S22."""
    with pytest.raises(Invalid):
        parse(b"[" * 1_000_000)
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert parse(deep) is not None


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[1]", b"null", b'"text"', b"{'a':1}", b'{"name":"a","name":"b"}', b'{"name":NaN}', b"\xff\xfe{}",
     b'{"name":"\\ud800"}', b'{"name":"a\\u0000b"}', b'{"since":1' + b"0" * 5000 + b"}"],
)  # fmt: skip
def test_what_is_no_json_object_that_can_be_kept_is_refused(world: World, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert refusal(world, "POST", "/v1/units", headers=headers, content=body)[0] == 400


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_no_bytes_make_the_parser_fail_otherwise(raw: bytes) -> None:
    try:
        value = parse(raw)
    except Invalid:
        return
    json.dumps(value, ensure_ascii=False).encode()


def test_a_body_where_none_is_taken_is_refused(world: World) -> None:
    assert refusal(world, "DELETE", f"/v1/reviews/{OWN}/claim", json={"x": 1})[0] == 400


def test_no_body_is_an_empty_object(world: World) -> None:
    assert world.ask("POST", f"/v1/articles/{OWN}/submission").status_code == 200
    assert world.services.last["body"] == {"article_id": str(OWN)}


def test_an_id_in_the_body_of_what_the_path_names_is_refused(world: World) -> None:
    path = f"/v1/articles/{OWN}/submission"
    assert refusal(world, "POST", path, json={"article_id": str(UUID(int=5))}) == (400, ["article_id"])


@pytest.mark.parametrize("path", ["/v1/units/1", "/v1/units/..%2f", "/v1/units/%00", "/v1/nothing", "/v2/units"])
def test_what_is_no_path_of_ours_is_not_there(world: World, path: str) -> None:
    answered = world.ask("GET", path)
    assert (answered.status_code, answered.json()["code"]) == (404, "http.not_found")


def test_a_publication_with_a_due_date_is_planned_and_one_without_is_noted(world: World) -> None:
    path, channel = f"/v1/articles/{OWN}/publications", {"channel_id": str(OWN)}
    assert world.ask("POST", path, json={**channel, "due_at": NOON}).status_code == 201
    assert world.ask("POST", path, json={**channel, "published_at": NOON}).status_code == 201
    assert world.services.methods == ["schedule_publication", "publish_article"]
    both = {**channel, "due_at": NOON, "published_at": NOON}
    assert world.ask("POST", path, json=both).json()["errors"][0]["field"] == "due_at"


def test_two_revisions_are_compared_or_all_are_listed(world: World) -> None:
    path = f"/v1/articles/{OWN}/revisions"
    world.ask("GET", path)
    world.ask("GET", f"{path}?from=1&to=2")
    assert world.services.methods == ["list_revisions", "diff_revisions"]
    assert world.services.last["body"] == {"article_id": str(OWN), "from_revision": 1, "to_revision": 2}
    assert world.ask("GET", f"{path}?from=1").json()["errors"][0]["field"] == "to"


def test_the_trace_of_the_client_is_the_correlation_of_everything_that_follows(world: World) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answered = world.ask("GET", "/v1/units", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert world.services.last["correlation_id"] == str(UUID(trace))
    world.ask("GET", "/v1/units", headers={"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"})
    assert world.services.last["correlation_id"] != str(UUID(int=0))
    assert UUID(answered.headers["X-Request-Id"])


def test_every_operations_least_body_is_understood_by_its_own_schema() -> None:
    for route in ROUTES:
        for operation in route.operations.values():
            if operation.body is not None:
                operation.body.load(sample(operation.body))
