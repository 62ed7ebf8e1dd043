"""Requests drawn from the description, against both run modes: nothing fails, and nothing of another unit is seen.

schemathesis draws what a request may be (and what it may not) from the description alone; whose it is and what it is
about is drawn from two units that are at work, and from what earlier requests made. Seeded: always the same sequence.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.e2e.platforms import Person, Platform

SEED, ROUNDS, STEPS = 20211121, 40, 8
# A stream has no end; who signs people out or changes accounts would end the test itself.
APART = ("/v1/stream", "/v1/session", "/v1/me", "/v1/accounts", "/v1/keys", "/metrics")
DAY = "2018-09-01"
MOMENTS = st.builds("{}T{:%H:%M:%S}Z".format, st.dates(date(1900, 1, 2), date(2199, 12, 30)), st.times())
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31)).map(date.isoformat)
ADDRESSES = st.integers(1, 10**9).map(lambda page: f"https://news.example.edu/{page}")
MADE_AT = {
    "/v1/articles": "article_id", "/v1/channels": "channel_id", "/v1/shoots": "shoot_id",
    "/v1/live-streams": "stream_id", "/v1/training-sessions": "session_id", "/v1/units": "unit_id",
    "/v1/articles/{article_id}/publications": "publication_id", "/v1/term-lists": "list_id",
    "/v1/review-schemes": "scheme_id",
}  # fmt: skip
LISTS = ("/v1/articles", "/v1/channels", "/v1/shoots", "/v1/live-streams", "/v1/training-sessions", "/v1/units")
Ids = dict[str, list[str]]  # by the name of the parameter that takes them


@dataclass
class College:
    """A unit with something of everything; ``word`` is in all of it, ``ids`` are its things by what they are."""

    word: str
    unit: str
    editor: Person
    ids: Ids = field(default_factory=dict)


@dataclass
class Fuzz:
    """Whoever of ``mine`` asks for whatever may be wanted, and what came of it."""

    wanted: list[Any]
    people: list[Person]
    mine: College
    theirs: College
    asked: set[str] = field(default_factory=set)
    answers: Counter[tuple[GenerationMode, int]] = field(default_factory=Counter)
    made: Ids = field(default_factory=dict)

    def ask(self, data: st.DataObject) -> None:
        """Send one request that is drawn; it must not fail, nor tell of what is theirs."""
        operation = data.draw(st.sampled_from(self.wanted))
        mode = data.draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        whose = data.draw(st.sampled_from([self.mine, self.mine, self.mine, self.theirs]))
        # What there is to choose from grows: it is not hypothesis's choice.
        luck = Random(data.draw(st.integers(0, 2**32)))
        answered = _send(data.draw(st.sampled_from(self.people)), case, _Chosen(luck, whose, self.made))
        self.asked.add(operation.label)
        self.answers[mode, answered.status_code] += 1
        assert answered.status_code < 500, (operation.label, answered.status_code, answered.text[:500])
        assert self.theirs.word not in answered.text, (operation.label, whose.unit, answered.text[:500])
        if answered.status_code == 201 and "id" in (told := answered.json()):
            self.made.setdefault(MADE_AT.get(operation.path, "id"), []).append(str(told["id"]))


@pytest.fixture
def colleges(platform: Platform) -> tuple[College, College]:
    """Give two units at work."""
    return _college(platform), _college(platform)


def test_no_request_fails_and_none_shows_what_is_anothers(
    platform: Platform, colleges: tuple[College, College]
) -> None:
    """S10, S11, S15, S22: every operation, valid and invalid requests, own and others' ids, in any order."""
    mine, theirs = colleges
    wanted = _operations(platform)
    others = [platform.person(role, mine.unit) for role in ("office_editor", "viewer")]
    fuzz = Fuzz(wanted, [mine.editor, mine.editor, *others], mine, theirs)

    @seed(SEED)
    @settings(
        max_examples=ROUNDS, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data())
    def run(data: st.DataObject) -> None:
        for _ in range(STEPS):
            fuzz.ask(data)

    run()
    assert len(fuzz.asked) > len(wanted) / 2
    assert {200, 201, 400, 403, 404} <= {status for _, status in fuzz.answers}
    _assert_understood(fuzz.answers)
    assert platform.is_ready()
    for thing in (each for ids in theirs.ids.values() for each in ids):  # all of it is as it was
        assert thing in "".join(theirs.editor.http.get(path).text for path in LISTS)


def _operations(platform: Platform) -> list[Any]:
    """Return what the platform's own description says may be asked in JSON."""
    description = httpx.get(f"{platform.url}/v1/openapi.json", trust_env=False).json()
    for name, drawn in {"date-time": MOMENTS, "date": DAYS, "uri": ADDRESSES}.items():
        schemathesis.openapi.format(name, drawn)
    schema = schemathesis.openapi.from_dict(description)
    operations: list[Any] = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]
    return [each for each in operations if not each.path.startswith(APART) and _is_json(each)]


def _is_json(operation: Any) -> bool:
    return all(body.media_type == "application/json" for body in operation.body)


def _assert_understood(answers: Counter[tuple[GenerationMode, int]]) -> None:
    """What fits the description fits the gateway: few such requests are malformed, and many of them do something."""
    fitting = Counter({status: many for (mode, status), many in answers.items() if mode is GenerationMode.POSITIVE})
    done = sum(many for status, many in fitting.items() if status < 300)
    assert fitting[400] < fitting.total() * 0.1 and done > fitting.total() * 0.3, answers


@dataclass
class _Chosen:
    """Chooses ids for the places of ids: of the right kind where there is one, else of anything or of nothing."""

    random: Random
    whose: College
    made: Ids

    def id(self, name: str) -> str:
        if name in ("unit_id", "into_id", "parent_id", "unit"):
            return self.whose.unit
        fitting = [*self.whose.ids.get(name, []), *self.made.get(name, [])]
        anything = [each for ids in self.whose.ids.values() for each in ids]
        return self.random.choice([*(fitting * 5 or anything), *anything, str(uuid4())])

    def body(self, body: Any) -> Any:
        if isinstance(body, list):
            return [self.body(each) for each in body]
        if not isinstance(body, dict):
            return body
        return {
            name: self.id(name) if name.endswith("_id") and value else self.body(value) for name, value in body.items()
        }


def _send(who: Person, case: Any, chosen: _Chosen) -> httpx.Response:
    path = case.path
    for name, value in (case.path_parameters or {}).items():
        place = chosen.id(name) if name.endswith("_id") else httpx.URL(f"/{value}").raw_path.decode()[1:]
        path = path.replace("{" + name + "}", place)
    more: dict[str, Any] = {}
    if isinstance(case.body, dict | list | str | int | float | bool) and not isinstance(case.body, bytes):
        more["json"] = chosen.body(case.body)
    headers = {"If-Match": "*"} if case.method in ("PATCH", "PUT", "DELETE", "POST") else {}
    drawn = {name: value for name, value in (case.query or {}).items() if isinstance(value, str | int | float | bool)}
    query: dict[str, Any] = {name: value for name, value in drawn.items() if name != "cursor"}  # only the gateway signs
    ids = {name: chosen.id(name) for name in query if name in ("unit_id", "unit", "channel_id", "article_id")}
    return who.http.request(case.method, path, params=query | ids, headers=headers, **more)


def _college(platform: Platform) -> College:
    word = f"canary{uuid4().hex[:12]}"
    admin = platform.admin
    unit = str(admin.post("units", {"name": f"{word} unit", "kind": "college", "since": DAY})["id"])
    editor = platform.person("college_editor", unit)
    start = {"starts_at": "2021-07-01T02:00:00Z", "title": f"{word} title", "unit_id": unit}
    made = {
        "article_id": editor.post(
            "articles", {"unit_id": unit, "kind": "news", "title": f"{word} news", "body": f"<p>{word}</p>"}
        ),
        "channel_id": editor.post(
            "channels", {"unit_id": unit, "kind": "website", "name": word, "opened_at": f"{DAY}T00:00:00Z"}
        ),
        "shoot_id": editor.post("shoots", {**start, "kind": "photo"}),
        "stream_id": editor.post("live-streams", start),
        "session_id": editor.post("training-sessions", {**start, "kind": "lecture", "ends_at": "2021-07-01T04:00:00Z"}),
    }
    return College(word, unit, editor, {"unit_id": [unit]} | {name: [str(told["id"])] for name, told in made.items()})
