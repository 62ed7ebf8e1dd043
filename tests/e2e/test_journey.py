"""An article's way through the platform, and a person's way out of it, in both run modes."""

import io
import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from PIL import Image, ImageDraw

from tests.e2e.platforms import Person, Platform, eventually

OFTEN_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class College:
    """A unit with its website and its people: ``stranger`` edits for another, ``name`` is the author's."""

    platform: Platform
    name: str
    unit: str
    channel: str
    author: Person
    editor: Person
    stranger: Person


@pytest.fixture
def college(platform: Platform) -> College:
    """Give a college where articles are reviewed."""
    admin, day, name = platform.admin, "2018-09-01", f"金丝雀{uuid4().hex[:8]}"
    units = [admin.post("units", {"name": f"学院{uuid4().hex[:6]}", "kind": "college", "since": day})["id"]
             for _ in range(2)]  # fmt: skip
    channel = {"unit_id": units[0], "kind": "website", "name": "网站", "tier": "college_site",
               "opened_at": f"{day}T00:00:00Z"}  # fmt: skip
    admin.post("review-schemes", {"name": "一审", "article_kinds": ["news"]})
    admin.post("term-lists", {"name": "错别字", "terms": [
        {"term": "登陆", "category": "typo", "severity": "hint", "suggestion": "登录"}]})  # fmt: skip
    return College(
        platform=platform,
        name=name,
        unit=units[0],
        channel=admin.post("channels", channel)["id"],
        author=platform.person("correspondent", units[0], name=name),
        editor=platform.person("college_editor", units[0]),
        stranger=platform.person("college_editor", units[1]),
    )


def test_an_article_with_a_photograph_is_reviewed_by_another_person_published_and_counted(college: College) -> None:
    """Done when: submitted by one, approved by another, published, and the cell changes by itself."""
    author, editor, year = college.author, college.editor, _year()
    photo = upload(author, college.unit)
    assert author.http.get(f"/v1/assets/{photo}/renditions/web").headers["Content-Type"].startswith("image/")
    article, case = submitted(college, photo)
    assert [found["term"] for found in editor.get(f"reviews/{case}")["findings"]] == ["登陆"]

    decision = {"decision": "approve"}
    assert author.ask("POST", f"reviews/{case}/decision", decision).status_code == 403
    promote(college.platform.admin, author, "college_editor")
    refused = author.ask("POST", f"reviews/{case}/decision", decision)
    assert refused.status_code == 422, refused.text
    editor.post(f"reviews/{case}/decision", decision)
    eventually(lambda: editor.get(f"articles/{article}")["status"] == "approved")

    assert "news_published" not in figures(college)
    with listening(editor) as news:
        published = editor.post(f"articles/{article}/publications", {"channel_id": college.channel})
        assert any(kind == "change" and college.unit in (data["units"] or ()) for kind, data in news)
    assert published["id"]
    eventually(lambda: "news_published" in figures(college))
    cell = figures(college)["news_published"]
    assert (cell["value"], cell["precision"]) == (1, "exact")
    facts = editor.http.get(cell["href"]).json()["items"]
    assert [(fact["unit_id"], fact["channel_id"], fact["value"]) for fact in facts] == [
        (college.unit, college.channel, 1)
    ]  # fmt: skip
    shown = editor.get(f"articles/{article}")
    assert (shown["status"], shown["byline"], shown["asset_ids"]) == ("published", college.name, [photo])
    assert shown["publications"][0]["at"][:4] == str(year)


def test_what_a_client_has_already_is_not_sent_again(college: College) -> None:
    """F34."""

    def is_settled() -> bool:
        """Nothing of the college's own beginnings is on its way to the matrix any more."""
        answer = college.editor.get("matrix", period=_year())
        shown = [channel["id"] for unit in answer["units"] for channel in unit["channels"]]
        return shown == [college.channel] and not answer["missing"]

    eventually(is_settled)
    first = college.editor.http.get("/v1/matrix", params={"period": _year()})
    again = college.editor.http.get(
        "/v1/matrix", params={"period": _year()}, headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_a_repeated_request_answers_as_the_first_time_and_says_so(college: College) -> None:
    """F07."""
    key, body = str(uuid4()), {"unit_id": college.unit, "kind": "news", "title": "题目", "body": "<p>正文</p>"}
    first = college.author.ask("POST", "articles", body, key)
    again = college.author.ask("POST", "articles", body, key)
    assert first.json()["id"] == again.json()["id"]
    assert "Idempotent-Replayed" not in first.headers and again.headers["Idempotent-Replayed"] == "true"
    other = college.author.ask("POST", "articles", {**body, "title": "另一题目"}, key)
    assert other.status_code in (409, 422)


def test_what_belongs_to_another_unit_is_not_there(college: College) -> None:
    """S10, S12."""
    photo = upload(college.author, college.unit)
    article, case = submitted(college, photo)
    for path in (f"articles/{article}", f"reviews/{case}", f"assets/{photo}", f"articles/{article}/revisions"):
        assert college.stranger.ask("GET", path).status_code == 404, path
    assert college.stranger.ask("POST", f"reviews/{case}/decision", {"decision": "approve"}).status_code == 404
    assert college.stranger.ask("POST", f"articles/{article}/withdrawal", {"reason": "x"}).status_code == 404
    assert college.unit not in json.dumps(college.stranger.get("matrix", period=_year()))


def test_an_erased_person_is_nowhere(college: College) -> None:
    """F59: byline, photographer, attendance, portrait and account; the log stays whole."""
    platform, author = college.platform, college.author
    portrait = upload(author, college.unit, photographer=college.name, photographer_id=author.id, depicts_id=author.id)
    article, _ = submitted(college, upload(author, college.unit))
    session = attended(college)
    admin = platform.admin
    assert college.name in admin.http.get(f"/v1/articles/{article}").text
    assert college.name in admin.http.get(f"/v1/training-sessions/{session}").text

    done = platform.matrix("erase-person", author.id, "--yes")
    assert done.returncode == 0, done.stderr
    eventually(lambda: admin.get(f"articles/{article}")["byline"] == "[erased]")
    assert college.name not in admin.http.get(f"/v1/training-sessions/{session}").text
    assert college.name not in admin.http.get(f"/v1/assets/{portrait}").text
    assert admin.http.get(f"/v1/assets/{portrait}/renditions/web").status_code in (404, 410)
    eventually(lambda: author.ask("GET", "me").status_code == 401, OFTEN_S)
    assert platform.matrix("verify").returncode == 0
    assert [path.name for path in files_with(platform, college.name)] == []


@contextmanager
def listening(person: Person) -> Iterator[Iterator[tuple[str, Any]]]:
    """Give what the stream of news says after its greeting: kinds and data."""
    with person.http.stream("GET", "/v1/stream", timeout=OFTEN_S) as answer:
        news = _events(answer.iter_lines())
        assert next(news)[0] == "hello"
        yield news


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    kind = ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def upload(person: Person, unit: str, **more: str) -> str:
    """Return the id of an uploaded photograph, drawn here and never the same twice."""
    image, buffer, told = Image.new("RGB", (640, 480), "skyblue"), io.BytesIO(), {"unit_id": unit, **more}
    ImageDraw.Draw(image).text((20, 20), uuid4().hex, fill="black")
    image.save(buffer, "JPEG")
    content = buffer.getvalue()
    told["filename"] = "photo.jpg"
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(len(content)),
        "Content-Type": "application/offset+octet-stream",
        "Upload-Metadata": ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in told.items()),
        "Idempotency-Key": str(uuid4()),
    }
    answer = person.http.post("/v1/assets/uploads", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["Upload-Asset"].rpartition("/")[2]


def submitted(college: College, photo: str) -> tuple[str, str]:
    """Return an article of the author's that waits for review, and its case."""
    body = {"unit_id": college.unit, "kind": "news", "title": "登陆新站点", "body": "<p>师生积极参与。</p>",
            "byline": college.name, "asset_ids": [photo]}  # fmt: skip
    article = college.author.post("articles", body)["id"]
    college.author.post(f"articles/{article}/submission", {})

    def cases() -> list[str]:
        items = college.editor.get("reviews", unit_id=college.unit)["items"]
        return [case["id"] for case in items if case["article_id"] == article]

    eventually(cases)
    return article, cases()[0]


def attended(college: College) -> str:
    """Return a training that the author attended, under a name."""
    admin = college.platform.admin
    session = admin.post("training-sessions", {
        "unit_id": college.unit, "kind": "training", "title": "新闻写作", "starts_at": "2021-04-14T06:00:00Z",
        "ends_at": "2021-04-14T08:00:00Z"})["id"]  # fmt: skip
    people = [{"person_id": college.author.id, "name": college.name}]
    admin.post(f"training-sessions/{session}/attendances", {"attendees": people})
    return str(session)


def promote(admin: Person, person: Person, role: str) -> None:
    """Give an account another role."""
    account = admin.http.get(f"/v1/accounts/{person.id}")
    changed = admin.ask("PATCH", f"accounts/{person.id}", {"role": role}, **{"If-Match": account.headers["ETag"]})
    assert changed.status_code == 200, changed.text


def figures(college: College) -> dict[str, Any]:
    """Return this year's figures of the college."""
    answer = college.editor.get("matrix", period=str(_year()), unit=college.unit)
    return {name: figure for unit in answer["units"] for name, figure in unit["figures"].items()}


def files_with(platform: Platform, text: str) -> list[Any]:
    """Return the files of the platform that hold the text."""
    paths = (path for path in platform.folder.rglob("*") if path.is_file())
    return [path for path in paths if text.encode() in path.read_bytes()]


def _year() -> int:
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).year
