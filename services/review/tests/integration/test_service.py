"""The doors of review, on a real SQLite log."""

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.review.projections import VIEWS
from services.review.service import ReviewService
from shared.context import Caller
from shared.contracts.content.events import ArticleSubmissionRetracted, ArticleSubmitted
from shared.contracts.review.events import CaseApproved, CaseOpened, CaseRejected
from shared.errors import NotFound, PlatformError
from shared.events import Event, Recorded
from shared.ids import new_id
from shared.messaging import instance
from shared.testing import caller, open_test_runtime, request

OFFICE = caller("office_editor")
UNIT, AUTHOR = uuid4(), uuid4()


class World:
    """A review service and what a test asks of it."""

    def __init__(self, folder: Path) -> None:
        self.runtime = open_test_runtime("review", folder, VIEWS)
        self.service: Any = instance(ReviewService, self.runtime)

    def ask(self, method: str, who: Caller = OFFICE, /, **body: Any) -> Any:
        return getattr(self.service, method)(request(self.runtime, who, body))

    def adopt(self) -> None:
        self.ask("adopt_scheme", name="一审", article_kinds=["news"])

    def submitted(self, body: str = "<p>正文</p>", revision: int = 1) -> ArticleSubmitted:
        event = ArticleSubmitted(
            article_id=uuid4(), unit_id=UNIT, kind="news", revision=revision, digest="d", author_ids=(AUTHOR,),
            title="潮汐", body=body, submitted_at=datetime.now(UTC),
        )  # fmt: skip
        self.service.on_submission(recorded(event))
        return event


def recorded(event: Event) -> Recorded:
    now = datetime.now(UTC)
    return Recorded(
        position=1, event_id=new_id(), stream="s", version=1, type=event.type, event=event, data="{}",
        occurred_at=now, recorded_at=now, actor="x", unit=UNIT, correlation_id=new_id(), causation_id=None, hash=b"",
    )  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_submission_is_checked_opened_and_approved_by_another(world: World) -> None:
    world.adopt()
    world.ask(
        "publish_term_list",
        name="广告法",
        terms=[{"term": "最佳", "category": "ad_law", "severity": "warning"}],
    )
    world.submitted("<p>最佳学校</p>")
    (row,) = world.ask("list_cases", status="open")["items"]
    found = world.ask("get_case", case_id=row["id"])
    assert [finding["found"] for finding in found["findings"]] == ["最佳"]
    assert found["char_count"] == 6
    world.ask("decide_case", case_id=row["id"], decision="approve")
    assert world.ask("get_case", case_id=row["id"])["status"] == "approved"


def test_a_new_version_of_a_term_list_is_used_from_then_on(world: World) -> None:
    world.adopt()
    made = world.ask("publish_term_list", name="x", terms=[])
    world.submitted("<p>最佳</p>")
    term = {"term": "最佳", "category": "c", "severity": "hint"}
    world.ask("publish_term_list", list_id=made["id"], name="x", terms=[term])
    world.submitted("<p>最佳</p>")
    assert [row["findings"] for row in world.ask("list_cases")["items"]] == [0, 1]


def test_without_a_scheme_the_submission_is_refused(world: World) -> None:
    world.submitted()
    assert world.ask("list_cases")["items"] == []
    assert [r.type for r in world.runtime.log.read(0).events] == ["review.submission.refused.v1"]


def test_a_submission_delivered_twice_opens_one_case(world: World) -> None:
    world.adopt()
    event = recorded(world.submitted())
    world.service.on_submission(event)
    world.service.on_submission(event)
    opened = [r for r in world.runtime.log.read(0).events if isinstance(r.event, CaseOpened)]
    assert len(opened) == 1


def test_a_submission_taken_back_and_made_again_is_open_again(world: World) -> None:
    world.adopt()
    event = world.submitted()
    retracted = ArticleSubmissionRetracted(article_id=event.article_id, unit_id=UNIT, revision=1, by=AUTHOR, reason="x")
    world.service.on_submission(recorded(retracted))
    assert [row["status"] for row in world.ask("list_cases")["items"]] == ["closed"]
    world.service.on_submission(recorded(event))
    assert [row["status"] for row in world.ask("list_cases")["items"]] == ["open"]


def test_another_units_caller_sees_and_decides_no_case(world: World) -> None:
    """S10."""
    world.adopt()
    world.submitted()
    (row,) = world.ask("list_cases")["items"]
    stranger = caller("college_editor", UUID(int=99))
    assert world.ask("list_cases", stranger)["items"] == []
    for method, body in (("get_case", {}), ("claim_case", {}), ("decide_case", {"decision": "approve"})):
        with pytest.raises(NotFound):
            world.ask(method, stranger, case_id=row["id"], **body)


def test_of_many_who_decide_at_once_exactly_one_wins(world: World) -> None:
    """S13."""
    world.adopt()
    world.submitted()
    (row,) = world.ask("list_cases")["items"]
    barrier, outcomes = threading.Barrier(16), []

    def decide(number: int) -> None:
        decision = "approve" if number % 2 else "reject"
        barrier.wait()
        try:
            world.ask("decide_case", caller("office_editor"), case_id=row["id"], decision=decision, reason="x")
            outcomes.append("won")
        except PlatformError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    decided = [r for r in world.runtime.log.read(0).events if isinstance(r.event, CaseApproved | CaseRejected)]
    assert (outcomes.count("won"), len(decided)) == (1, 1)
    assert set(outcomes) <= {"won", "review.case_decided", "stream.changed"}
