"""Requests drawn from the description, against both run modes: nothing fails, and nothing of another unit is seen.

schemathesis draws what a request may be (and what it may not); whose it is and what it is about is drawn from two units
that are at work, and from what earlier requests made. Seeded: the same sequence at each run.
"""

import socket
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.e2e.platforms import Person, Platform

SEED, ROUNDS, STEPS = 20211121, 5, 30
# A stream has no end; who signs people out or changes accounts would end the test itself.
APART = ("/v1/stream", "/v1/session", "/v1/me", "/v1/accounts", "/v1/keys", "/metrics")
DAY = "2018-09-01"
MOMENT = "2021-07-01T02:00:00Z"


@dataclass
class College:
    """A unit with something of everything; ``word`` is in all of it, ``ids`` are its things."""

    word: str
    unit: str
    editor: Person
    ids: list[str] = field(default_factory=list)


@pytest.fixture
def colleges(platform: Platform) -> tuple[College, College]:
    """Give two units at work."""
    return _college(platform), _college(platform)


def test_no_request_fails_and_none_shows_what_is_anothers(
    platform: Platform, colleges: tuple[College, College]
) -> None:
    """S10, S11, S15, S22: every operation, valid and invalid requests, own and others' ids, in any order."""
    mine, theirs = colleges
    description = httpx.get(f"{platform.url}/v1/openapi.json", trust_env=False).json()
    schema = schemathesis.openapi.from_dict(description)
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    wanted = [each for each in operations if not each.path.startswith(APART) and _is_json(each)]
    people = [
        mine.editor,
        mine.editor,
        platform.person("office_editor", mine.unit),
        platform.person("viewer", mine.unit),
    ]
    asked: set[str] = set()
    statuses: set[int] = set()
    made: list[str] = []

    @seed(SEED)
    @settings(
        max_examples=ROUNDS, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data())
    def run(data: st.DataObject) -> None:
        for _ in range(STEPS):
            operation = data.draw(st.sampled_from(wanted))
            mode = data.draw(
                st.sampled_from([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
            )
            case = data.draw(operation.as_strategy(generation_mode=mode))
            if mode is GenerationMode.POSITIVE:
                case.body = _sayable(case.body)
            about = data.draw(st.sampled_from([*mine.ids, *theirs.ids, *made, str(uuid4())]))
            unit = data.draw(st.sampled_from([mine.unit, theirs.unit]))
            answered = _send(data.draw(st.sampled_from(people)), case, about, unit)
            asked.add(operation.label)
            statuses.add(answered.status_code)
            assert answered.status_code < 500, (operation.label, answered.status_code, answered.text[:500])
            assert theirs.word not in answered.text, (operation.label, about, answered.text[:500])
            if answered.status_code == 201 and "id" in (told := answered.json()):
                made.append(str(told["id"]))

    run()
    assert len(asked) > len(wanted) / 2 and {200, 201, 400, 403, 404} <= statuses
    assert platform.is_ready()
    for thing in theirs.ids:  # all of it is as it was
        assert thing in "".join(theirs.editor.http.get(path).text for path in LISTS)


LISTS = ("/v1/articles", "/v1/channels", "/v1/shoots", "/v1/live-streams", "/v1/training-sessions", "/v1/units")


def _is_json(operation: Any) -> bool:
    return all(body.media_type == "application/json" for body in operation.body)


def _send(who: Person, case: Any, about: str, unit: str) -> httpx.Response:
    path = case.path
    for name, value in (case.path_parameters or {}).items():
        path = path.replace(
            "{" + name + "}", about if name.endswith("_id") else httpx.URL(f"/{value}").raw_path.decode()[1:]
        )
    body = case.body
    more: dict[str, Any] = {}
    if isinstance(body, dict | list | str | int | float | bool) and not isinstance(body, bytes):
        more["json"] = _about(body, about, unit)
    headers = {"If-Match": "*"} if case.method in ("PATCH", "PUT", "DELETE", "POST") else {}
    query = {name: value for name, value in (case.query or {}).items() if isinstance(value, str | int | float | bool)}
    return who.http.request(case.method, path, params=query, headers=headers, **more)


def _sayable(body: Any) -> Any:
    """Return the body with what the description does not tell: no control characters, moments of our time."""
    if isinstance(body, list):
        return [_sayable(each) for each in body]
    if isinstance(body, dict):
        return {name: MOMENT if name.endswith("_at") and value else _sayable(value) for name, value in body.items()}
    return "".join(filter(str.isprintable, body)) or "x" if isinstance(body, str) else body


def _about(body: Any, about: str, unit: str) -> Any:
    """Return the body with ids that may exist in the places of ids, and a unit's where a unit is meant."""
    if isinstance(body, list):
        return [_about(each, about, unit) for each in body]
    if not isinstance(body, dict):
        return body
    ids = {name: unit if name == "unit_id" else about for name in body if name.endswith("_id")}
    return {name: ids[name] if name in ids else _about(value, about, unit) for name, value in body.items()}


def _college(platform: Platform) -> College:
    word = f"canary{uuid4().hex[:12]}"
    admin = platform.admin
    unit = str(admin.post("units", {"name": f"{word} unit", "kind": "college", "since": DAY})["id"])
    editor = platform.person("college_editor", unit)
    start = {"starts_at": "2021-07-01T02:00:00Z", "title": f"{word} title", "unit_id": unit}
    made = [
        editor.post("articles", {"unit_id": unit, "kind": "news", "title": f"{word} news", "body": f"<p>{word}</p>"}),
        editor.post("channels", {"unit_id": unit, "kind": "website", "name": word, "opened_at": f"{DAY}T00:00:00Z"}),
        editor.post("shoots", {**start, "kind": "photo"}),
    ]
    return College(word, unit, editor, [unit, *(str(each["id"]) for each in made)])


BEHIND = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
SIGN_IN, ASK = "POST /v1/session HTTP/1.1\r\nHost: x\r\n", "GET /livez HTTP/1.1\r\nHost: x\r\n"
SMUGGLED = {
    "both lengths": f"{SIGN_IN}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{BEHIND}",
    "two lengths": f"{SIGN_IN}Content-Length: 0\r\nContent-Length: 28\r\n\r\n{BEHIND}",
    "a folded header": f"{ASK}X-A: 1\r\n Transfer-Encoding: chunked\r\n\r\n",
    "a space before the colon": f"{ASK}Content-Length : 28\r\n\r\n{BEHIND}",
    "a strange encoding": f"{SIGN_IN}Transfer-Encoding: xchunked\r\n\r\n{BEHIND}",
    "a bare line feed": f"GET /livez HTTP/1.1\nHost: x\nContent-Length: 28\n\n{BEHIND}",
}


@pytest.mark.parametrize("how", SMUGGLED)
def test_no_request_hides_in_another(embedded: Platform, how: str) -> None:
    """S26: refused as malformed, and what came behind it is not answered."""
    url = httpx.URL(embedded.url)
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(SMUGGLED[how].encode())
        connection.shutdown(socket.SHUT_WR)
        said = b""
        while some := connection.recv(65536):
            said += some
    assert said.count(b"HTTP/1.1 ") <= 1 and b" 200 " not in said.split(b"\r\n")[0], said[:300]
