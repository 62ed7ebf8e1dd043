"""Requests drawn from the description, against both run modes: nothing fails, and nothing of another unit is seen.

schemathesis draws what a request may be (and what it may not) from the description alone; whose it is and what it is
about is drawn from two units that are at work, and from what earlier requests made. Seeded: always the same sequence,
and with FUZZ_SEED another one. What luck left out is asked at the end: each operation at least once.
"""

import os
from base64 import b64encode
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

SEED, ROUNDS, STEPS = int(os.environ.get("FUZZ_SEED", "20211121")), 40, 8
APART = {
    "GET /v1/stream": "has no end",
    "POST /v1/session": "would hand whoever asks a cookie; guesses are counted in gateway/tests/test_passwords.py",
}
DAY = "2018-09-01"
MOMENTS = st.builds("{}T{:%H:%M:%S}Z".format, st.dates(date(1900, 1, 2), date(2199, 12, 30)), st.times())
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31)).map(date.isoformat)
ADDRESSES = st.integers(1, 10**9).map(lambda page: f"https://news.example.edu/{page}")
MADE_AT = {
    "/v1/articles": "article_id", "/v1/channels": "channel_id", "/v1/shoots": "shoot_id",
    "/v1/live-streams": "stream_id", "/v1/training-sessions": "session_id", "/v1/units": "unit_id",
    "/v1/articles/{article_id}/publications": "publication_id", "/v1/term-lists": "list_id",
    "/v1/review-schemes": "scheme_id", "/v1/accounts": "account_id", "/v1/accounts/{account_id}/keys": "key_id",
    "/v1/imports": "import_id",
}  # fmt: skip
LISTS = ("/v1/articles", "/v1/channels", "/v1/shoots", "/v1/live-streams", "/v1/training-sessions", "/v1/units",
         "/v1/accounts", "/v1/imports")  # fmt: skip
# Bodies that are no JSON are made by hand: a file to import, bytes of an upload.
FILES = (b"", b"\0" * 10, b"channel,taken_at,followers\nA,2021-07-01,5\n", b"title\n=1+1\n", b"PK\x03\x04" + b"\0" * 40,
         b"\xff\xd8\xff\xe0 no picture", b"<html><table><tr><td>x")  # fmt: skip
LENGTHS, OFFSETS = ("10", "10", "41", "0", "-1", "x"), ("0", "0", "0", "3", "-1", "x", str(2**70))
SHOWN = ("article_id", "channel_id", "shoot_id", "stream_id", "session_id", "unit_id", "account_id", "import_id")
Ids = dict[str, list[str]]  # by the name of the parameter that takes them


@dataclass
class College:
    """A unit with something of everything; ``word`` is in all of it, ``ids`` are its things by what they are."""

    word: str
    unit: str
    people: list[Person]
    ids: Ids = field(default_factory=dict)
    made: Ids = field(default_factory=dict)


@dataclass
class Fuzz:
    """People of either of two units ask for whatever may be wanted, and what came of it."""

    wanted: list[Any]
    colleges: tuple[College, College]
    asked: set[str] = field(default_factory=set)
    answers: Counter[tuple[GenerationMode, int]] = field(default_factory=Counter)

    def run(self, wanted: list[Any], rounds: int, steps: int) -> None:
        """Ask for any of what is ``wanted``, so many times."""

        @seed(SEED)
        @settings(
            max_examples=rounds, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(st.data())
        def run(data: st.DataObject) -> None:
            for _ in range(steps):
                self.ask(data, data.draw(st.sampled_from(wanted)))

        run()

    def ask(self, data: st.DataObject, operation: Any) -> None:
        """Send one request that is drawn; it must not fail, nor tell of what is the other unit's."""
        # What there is to choose from grows: it is not hypothesis's choice.
        luck = Random(data.draw(st.integers(0, 2**32)))
        home, other = luck.choice([self.colleges, self.colleges, self.colleges, self.colleges[::-1]])
        who, whose = luck.choice(home.people), luck.choice([home, home, home, other])
        chosen = _Chosen(luck, whose, home.made)
        mode, answered = GenerationMode.NEGATIVE, None
        if _is_json(operation):
            mode = data.draw(
                st.sampled_from([GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
            )
            answered = _send(who, data.draw(operation.as_strategy(generation_mode=mode)), chosen)
        else:
            answered = _send_file(who, operation, chosen)
        self.asked.add(operation.label)
        self.answers[mode, answered.status_code] += 1
        assert answered.status_code < 500, (operation.label, answered.status_code, answered.text[:500])
        assert other.word not in f"{answered.text}{answered.headers}", (
            operation.label,
            whose.unit,
            answered.text[:500],
        )
        if answered.status_code == 201 and answered.content and "id" in (told := answered.json()):
            home.made.setdefault(MADE_AT.get(operation.path, "id"), []).append(str(told["id"]))

    @property
    def unasked(self) -> list[Any]:
        """What nobody asked for yet."""
        return [operation for operation in self.wanted if operation.label not in self.asked]


@pytest.fixture
def colleges(platform: Platform) -> tuple[College, College]:
    """Give two units at work."""
    return _college(platform), _college(platform)


def test_no_request_fails_and_none_shows_what_is_anothers(
    platform: Platform, colleges: tuple[College, College]
) -> None:
    """S10, S11, S15, S22: every operation, valid and invalid requests, own and others' ids, in any order."""
    fuzz = Fuzz(_operations(platform), colleges)
    print(f"FUZZ_SEED={SEED}", *(f"{label} is not asked: it {why}" for label, why in APART.items()), sep="\n")  # noqa: T201

    fuzz.run(fuzz.wanted, ROUNDS, STEPS)
    for operation in fuzz.unasked:
        fuzz.run([operation], 1, 1)
    print(f"{fuzz.answers.total()} requests for {len(fuzz.asked)} operations: {dict(fuzz.answers)}")  # noqa: T201
    assert [operation.label for operation in fuzz.unasked] == []
    assert {200, 201, 400, 403, 404} <= {status for _, status in fuzz.answers}
    _assert_understood(fuzz.answers)
    assert platform.is_ready()
    for college in colleges:  # all of it is still there, for its own people
        told = "".join(college.people[0].http.get(path, params={"limit": 200}).text for path in LISTS)
        assert [
            thing for name, things in college.ids.items() for thing in things if name in SHOWN and thing not in told
        ] == []


def test_what_is_apart_is_in_the_description(platform: Platform) -> None:
    """An operation that nobody excluded is asked; one that is gone needs no reason."""
    labels = {operation.label for operation in _described(platform)}
    assert APART.keys() <= labels and len(labels) == len(_operations(platform)) + len(APART)


def _operations(platform: Platform) -> list[Any]:
    """Return what may be asked."""
    return [operation for operation in _described(platform) if operation.label not in APART]


def _described(platform: Platform) -> list[Any]:
    """Return every operation of the platform's own description."""
    description = httpx.get(f"{platform.url}/v1/openapi.json", trust_env=False).json()
    for name, drawn in {"date-time": MOMENTS, "date": DAYS, "uri": ADDRESSES}.items():
        schemathesis.openapi.format(name, drawn)
    schema = schemathesis.openapi.from_dict(description)
    return [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]


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
        return {name: self._field(name, value) for name, value in body.items()}

    def _field(self, name: str, value: Any) -> Any:
        if name.endswith("_id") and value:
            return self.id(name)
        if (name == "units" or name.endswith("_ids")) and isinstance(value, list):
            return [self.id(name.removesuffix("s"))] * min(len(value), 1)
        return self.body(value)


def _send_file(who: Person, operation: Any, chosen: _Chosen) -> httpx.Response:
    """Send a file to import, or bytes of an upload; whether they fit is left to luck."""
    luck, path = chosen.random, operation.path.replace("{upload_id}", chosen.id("upload_id"))
    headers, query = {}, {"unit": chosen.id("unit_id"), "dry_run": luck.choice(["true", "false"])}
    if "uploads" in path:
        headers, query = _announced("x.jpg", chosen.id("unit_id"), luck.choice(LENGTHS), luck.choice(OFFSETS)), {}
    return who.http.request(operation.method.upper(), path, params=query, headers=headers, content=luck.choice(FILES))


def _send(who: Person, case: Any, chosen: _Chosen) -> httpx.Response:
    path = case.path
    for name, value in (case.path_parameters or {}).items():
        place = chosen.id(name) if name.endswith("_id") else httpx.URL(f"/{value}").raw_path.decode()[1:]
        path = path.replace("{" + name + "}", place)
    more: dict[str, Any] = {}
    if isinstance(case.body, dict | list | str | int | float | bool) and not isinstance(case.body, bytes):
        more["json"] = chosen.body(case.body)
    headers = {"If-Match": "*"} if case.method in ("PATCH", "PUT", "DELETE", "POST") else {}
    headers |= {"Tus-Resumable": "1.0.0"} if "uploads" in path else {}
    drawn = {name: value for name, value in (case.query or {}).items() if isinstance(value, str | int | float | bool)}
    query: dict[str, Any] = {name: value for name, value in drawn.items() if name != "cursor"}  # only the gateway signs
    ids = {name: chosen.id(name) for name in query if name in ("unit_id", "unit", "channel_id", "article_id")}
    return who.http.request(case.method, path, params=query | ids, headers=headers, **more)


def _announced(filename: str, unit: str, length: str = "10", offset: str = "0") -> dict[str, str]:
    """Return what a client of tus sends with an upload."""
    facts = {"filename": filename, "unit_id": unit}
    told = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in facts.items())
    return {
        "Tus-Resumable": "1.0.0", "Upload-Length": length, "Upload-Metadata": told, "Upload-Offset": offset,
        "Content-Type": "application/offset+octet-stream",
    }  # fmt: skip


def _college(platform: Platform) -> College:
    """Return a unit at work, whose account and key are nobody's who asks."""
    word = f"canary{uuid4().hex[:12]}"
    unit = str(platform.admin.post("units", {"name": f"{word} unit", "kind": "college", "since": DAY})["id"])
    admin, editor, *others = (
        platform.person(role, unit, name=f"{word} {role}")
        for role in ("admin", "college_editor", "office_editor", "viewer")
    )
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
        "account_id": admin.post("accounts", {"name": word, "role": "viewer", "units": [unit], "login": word}),
        "import_id": editor.http.post("/v1/imports", params={"unit": unit, "filename": word}, content=FILES[2]).json(),
    }
    ids = {"unit_id": [unit]} | {name: [str(told["id"])] for name, told in made.items()}
    ids["key_id"] = [str(admin.post(f"accounts/{ids['account_id'][0]}/keys", {"label": word})["id"])]
    upload = editor.http.post("/v1/assets/uploads", headers=_announced(f"{word}.jpg", unit))
    ids["upload_id"] = [upload.headers["Location"].rpartition("/")[2]]
    return College(word, unit, [admin, editor, *others], ids)
