"""What services answer is what the gateway promises: nothing it promises is missing, nothing they say is dropped."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import pytest
from marshmallow import fields
from PIL import Image

from gateway.operations import Operation
from gateway.responses import pick
from gateway.routes import ROUTES
from tests.contract.office import DAY, NOON, Office, approved, reviewed

TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("office"))
    yield made
    made.close()


def photograph() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(file, "JPEG")
    return file.getvalue()


def year(office: Office) -> dict[str, str]:
    """Live through one of everything; return the ids."""
    unit = office.post("/v1/units", {"name": "Law", "kind": "college", "since": DAY})
    site = {"unit_id": unit, "kind": "website", "name": "Law site", "opened_at": NOON, "tier": "college_site"}
    channel = office.post("/v1/channels", site)
    office.post("/v1/review-schemes", {"name": "all", "article_kinds": ["news"]})
    term = {"term": "最佳", "category": "advertising", "severity": "warning"}
    terms = office.post("/v1/term-lists", {"name": "words", "terms": [term], "allow": []})
    draft = {"unit_id": unit, "kind": "news", "title": "Moot court", "body": "<p>最佳 team</p>", "byline": "Li Hua"}
    article = office.post("/v1/articles", {**draft, "event_ended_at": NOON})
    office.post(f"/v1/articles/{article}/submission")
    case = reviewed(office, article)
    office.post(f"/v1/reviews/{case}/claim", key=office.approver)
    office.post(f"/v1/reviews/{case}/decision", {"decision": "approve"}, office.approver)
    approved(office, article)
    office.post(f"/v1/articles/{article}/publications", {"channel_id": channel})
    office.post(f"/v1/articles/{article}/reads", {"value": 10, "unit": "reads", "taken_at": "2021-08-01T00:00:00Z"})
    office.post(f"/v1/channels/{channel}/snapshots", {"followers": 5, "taken_at": NOON})
    told = f"filename {base64.b64encode(b'a.jpg').decode()},unit_id {base64.b64encode(unit.encode()).decode()}"
    file = photograph()
    headers = {**TUS, "Upload-Length": str(len(file)), "Upload-Metadata": told}
    uploaded = office.ask("POST", "/v1/assets/uploads", headers=headers, content=file).headers
    asset = uploaded["Upload-Asset"].rpartition("/")[2]
    shoot = office.post("/v1/shoots", {"unit_id": unit, "title": "t", "kind": "photo", "starts_at": NOON})
    office.post(f"/v1/shoots/{shoot}/completion")
    office.post(f"/v1/shoots/{shoot}/photographs", {"asset_ids": [asset]})
    stream = office.post("/v1/live-streams", {"unit_id": unit, "title": "t", "starts_at": NOON})
    office.post(f"/v1/live-streams/{stream}/start")
    office.post(f"/v1/live-streams/{stream}/viewers", {"viewers": 7, "method": "concurrent"})
    hours = {"starts_at": NOON, "ends_at": "2021-07-01T14:00:00+08:00"}
    session = office.post("/v1/training-sessions", {"unit_id": unit, "kind": "training", "title": "t", **hours})
    office.post(f"/v1/training-sessions/{session}/attendances", {"attendees": [{"person_id": unit, "name": "Wang"}]})
    policy = {"status": "trial", "effective_from": DAY, "school_home_hours": 24, "college_site_hours": 48}
    office.post("/v1/policies/timeliness", policy)
    return {
        "unit_id": unit, "channel_id": channel, "article_id": article, "case_id": case, "list_id": terms,
        "asset_id": asset, "shoot_id": shoot, "stream_id": stream, "session_id": session,
    }  # fmt: skip


@pytest.fixture(scope="module")
def things(office: Office) -> dict[str, str]:
    return year(office)


OWN = ("account.write", "import.write", "signed_in")  # what the gateway itself answers
READS: list[tuple[str, Operation]] = [
    (route.template, operation)
    for route in ROUTES
    if route.resource is not None and route.template.startswith("/v1/")
    for method, operation in route.operations.items()
    if method == "GET" and operation.answer is not None and operation.action not in OWN
]


@pytest.mark.parametrize(("path", "operation"), READS, ids=[path for path, _ in READS])
def test_nothing_promised_is_missing_and_nothing_told_is_dropped(
    office: Office, things: dict[str, str], path: str, operation: Operation
) -> None:
    """S16: the allow-list is the answer, no more and no less."""
    office.rpc.heard.clear()
    shown = office.ask("GET", path.format(**things)).json()
    (heard,) = office.rpc.heard.values()
    for name in ("next", "decision"):  # a cursor is wrapped; a decision is an event that repeats much of its case
        heard.pop(name, None)
    assert pick(operation.answer, heard) == heard, "the service tells more than is promised"
    assert operation.answer is not None
    assert not missing(operation.answer.fields, shown)


LISTS = [
    route.template
    for route in ROUTES
    if "{" not in route.template
    for method, operation in route.operations.items()
    if method == "GET" and operation.query is not None and {"limit", "cursor"} <= operation.query.fields.keys()
]


@pytest.mark.parametrize("path", LISTS)
def test_a_page_that_is_just_full_promises_no_further_one(office: Office, things: dict[str, str], path: str) -> None:
    """The naive list, which asks for as many as it shows, promises an empty page."""
    everything = office.ask("GET", f"{path}?limit=200").json()
    there = len(everything["items"])
    assert everything["next"] is None
    if there:
        full = office.ask("GET", f"{path}?limit={there}").json()
        assert (len(full["items"]), full["next"]) == (there, None)
    if there > 1:
        assert office.ask("GET", f"{path}?limit={there - 1}").json()["next"] is not None


def missing(promised: dict[str, fields.Field[Any]], shown: dict[str, Any]) -> list[str]:
    """Return the promised fields that are not there, at every level."""
    found = [name for name, field in promised.items() if field.required and (field.data_key or name) not in shown]
    for name, field in promised.items():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested) and shown.get(name):
            below = shown[name] if isinstance(shown[name], list) else [shown[name]]
            found += [f"{name}.{each}" for one in below for each in missing(inner.schema.fields, one)]
    return found
