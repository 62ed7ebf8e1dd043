"""What each request may do, done too often or for show: approved in bulk, viewers inflated, attendance forged.

Whoever may decide, count or note may do so: what holds is that it takes its time, that each thing counts once, and that
the log says who it was.
"""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from gateway import limits
from gateway.limits import Rate
from tests.contract.office import NOON, Office, reviewed
from tests.contract.units_at_work import Unit

ALLOWED = 3  # beside the batch itself, which counts as well


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unit]:
    office = Office(tmp_path_factory.mktemp("flows"))
    office.post("/v1/review-schemes", {"name": "all", "article_kinds": ["news"]})
    yield Unit(office)
    office.close()


def said(office: Office, key: str | None, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
    """Return the status and the code of a refusal, or an empty one."""
    headers = {"Authorization": f"Bearer {key}"}
    answered = office.runner.run(office.client.post(path, headers=headers, json=body or {}))
    return answered.status_code, answered.json().get("code", "")


def many(office: Office, key: str, commands: list[tuple[str, dict[str, Any]]]) -> list[int]:
    """Send commands in one batch; return their statuses."""
    requests = [{"method": "POST", "path": path, "body": body} for path, body in commands]
    answered = office.ask("POST", "/v1/batch", key, json={"requests": requests})
    return [each["status"] for each in answered.json()["answers"]]


def slow_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an account that has not written yet write ``ALLOWED`` times, and then seldom."""
    monkeypatch.setattr(limits, "KEY_WRITES", Rate("limit.key_writes", 1 + ALLOWED, 0.001))


def test_who_approves_everything_at_once_is_slowed_down_also_in_a_batch(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S24: each decision counts by itself, and what was refused is not decided."""
    cases, approver = [unit.case() for _ in range(ALLOWED + 2)], unit.account("office_editor")
    slow_down(monkeypatch)
    told = many(
        unit.office, approver.key, [(f"/v1/reviews/{case}/decision", {"decision": "approve"}) for case in cases]
    )
    assert sorted(told) == [200] * ALLOWED + [429] * 2
    states = [unit.office.ask("GET", f"/v1/reviews/{case}").json()["status"] for case in cases]
    assert states.count("approved") == ALLOWED and states.count("open") == 2


def test_a_second_account_approves_nothing_that_was_decided_and_the_author_nothing_at_all(unit: Unit) -> None:
    """S13, S24: approvals cannot be heaped up on one text, and the first account's own are not its to give."""
    author, approver = unit.account("office_editor"), unit.account("office_editor")
    article = unit.draft(author.key)
    unit.office.post(f"/v1/articles/{article}/submission", key=author.key)
    case = reviewed(unit.office, article)
    assert said(unit.office, author.key, f"/v1/reviews/{case}/decision", {"decision": "approve"})[0] == 422
    assert said(unit.office, approver.key, f"/v1/reviews/{case}/decision", {"decision": "approve"})[0] == 200
    again = said(
        unit.office, unit.account("office_editor").key, f"/v1/reviews/{case}/decision", {"decision": "approve"}
    )
    assert again[0] == 422


def test_viewers_are_not_inflated(unit: Unit) -> None:
    """S24: nobody watching is counted by what they send; an editor's number stands once, within the stream's time."""
    editor, viewer = unit.account("college_editor"), unit.account("viewer")
    stream = unit.stream(live=True)
    path = f"/v1/live-streams/{stream}/viewers"
    one: dict[str, Any] = {"viewers": 100, "method": "concurrent"}
    assert said(unit.office, viewer.key, path, one)[0] == 403
    started = unit.office.ask("GET", f"/v1/live-streams/{stream}").json()["started_at"]
    at = {**one, "at": started}
    assert [said(unit.office, editor.key, path, at)[0] for _ in range(3)] == [200] * 3
    refused = {
        "live_stream.sampled_otherwise": {**at, "viewers": 100_000},
        "live_stream.other_method": {**at, "method": "unique"},
        "live_stream.sample_outside": {**one, "at": NOON},
    }
    for code, body in refused.items():
        assert said(unit.office, editor.key, path, body) == (422, code)
    for viewers in (-1, 10**10, 1.5, "100"):
        assert said(unit.office, editor.key, path, {**at, "viewers": viewers})[0] == 400
    shown = unit.office.ask("GET", f"/v1/live-streams/{stream}").json()
    assert [each["viewers"] for each in shown["samples"]] == [100]


def test_a_flood_of_samples_ends_at_the_allowance(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    """S24."""
    stream, editor = unit.stream(live=True), unit.account("college_editor")
    slow_down(monkeypatch)
    samples = [(f"/v1/live-streams/{stream}/viewers", {"viewers": n, "method": "concurrent"}) for n in range(50)]
    assert many(unit.office, editor.key, samples).count(429) == 50 - ALLOWED


def test_attendance_is_not_forged_by_repeating_it(unit: Unit) -> None:
    """S24: a person counts once for a session, whoever says so, however often; not at one that did not take place."""
    editor, viewer = unit.account("college_editor"), unit.account("viewer")
    session, cancelled = unit.session(), unit.session()
    person = {"person_id": str(uuid4()), "name": "Wang"}
    path = f"/v1/training-sessions/{session}/attendances"
    assert said(unit.office, viewer.key, path, {"attendees": [person]})[0] == 403
    for key in (editor.key, editor.key, unit.office.key):
        assert said(unit.office, key, path, {"attendees": [person, person, {**person, "name": "Li"}]})[0] == 200
    shown = unit.office.ask("GET", f"/v1/training-sessions/{session}").json()
    assert (shown["person_times"], shown["distinct_people"], len(shown["attendances"])) == (1, 1, 1)
    unit.office.post(f"/v1/training-sessions/{cancelled}/cancellation", {"reason": "r"})
    refused = said(unit.office, editor.key, f"/v1/training-sessions/{cancelled}/attendances", {"attendees": [person]})
    assert refused == (422, "training.session_cancelled")
    future = {"attendees": [{**person, "person_id": str(uuid4()), "at": "2099-01-01T00:00:00Z"}]}
    assert said(unit.office, editor.key, path, future)[0] == 422
