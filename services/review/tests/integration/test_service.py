"""The doors of review, on a real SQLite log."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from uuid import UUID, uuid4

import pytest

from services.review import in_force, queries
from services.review.projections import VIEWS
from services.review.service import ReviewService
from shared.context import Caller
from shared.contracts.content.events import ArticleSubmissionRetracted, ArticleSubmitted
from shared.contracts.review.events import (
    CaseApproved,
    CaseChangesRequested,
    CaseClosed,
    CaseOpened,
    CaseRejected,
    SubmissionRefused,
)
from shared.errors import Conflict, Invalid, NotFound, PlatformError, RuleBroken
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


def retraction_of(event: ArticleSubmitted) -> ArticleSubmissionRetracted:
    return ArticleSubmissionRetracted(
        article_id=event.article_id, unit_id=UNIT, revision=event.revision, by=AUTHOR, reason="x"
    )


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


def changed_in_a_burst(world: World) -> list[int]:
    """Return how many findings each of three submissions has, a term list being published before the last."""
    world.adopt()
    world.submitted("<p>最佳</p>")
    world.submitted("<p>最佳</p>")
    term = {"term": "最佳", "category": "c", "severity": "hint"}
    world.ask("publish_term_list", name="x", terms=[term])
    world.submitted("<p>最佳</p>")
    return [row["findings"] for row in world.ask("list_cases")["items"]]


def test_a_burst_of_submissions_reads_the_rules_once_and_after_each_change(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Mock(wraps=queries.schemes_in_force)
    monkeypatch.setattr(queries, "schemes_in_force", read)
    monkeypatch.setattr(in_force, "LASTS_S", 3600)
    assert changed_in_a_burst(world) == [0, 0, 1]
    assert read.call_count == 2


def test_rules_remembered_without_looking_for_changes_are_old(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_force, "LASTS_S", 3600)
    monkeypatch.setattr(in_force, "CHANGES", ())
    assert changed_in_a_burst(world) == [0, 0, 0]


def test_a_term_list_is_read_in_any_of_its_versions(world: World) -> None:
    made = world.ask("publish_term_list", name="x", terms=[])
    term = {"term": "最佳", "category": "c", "severity": "hint"}
    world.ask("publish_term_list", list_id=made["id"], name="x", terms=[term], allow=["最佳实践"])
    newest = world.ask("get_term_list", list_id=made["id"])
    assert (newest["version"], newest["newest"], newest["terms"][0]["term"]) == (2, 2, "最佳")
    first = world.ask("get_term_list", list_id=made["id"], version=1)
    assert (first["version"], first["newest"], first["terms"], first["allow"]) == (1, 2, [], [])
    for nowhere in ({"list_id": made["id"], "version": 3}, {"list_id": str(uuid4())}):
        with pytest.raises(NotFound):
            world.ask("get_term_list", **nowhere)


def test_a_text_is_tried_with_terms_that_are_not_published_and_nothing_is_kept(world: World) -> None:
    term = {"term": "最佳", "category": "c", "severity": "blocking", "suggestion": "优秀"}
    world.ask("publish_term_list", name="x", terms=[{**term, "term": "登陆"}])
    before = world.runtime.log.head()
    tried = world.ask("try_terms", caller("correspondent"), text="最佳登陆，最佳实践", terms=[term], allow=["最佳实践"])
    assert [(each["found"], each["start"], each["suggestion"]) for each in tried["findings"]] == [("最佳", 0, "优秀")]
    in_force = world.ask("try_terms", text="最佳登陆")
    assert [each["found"] for each in in_force["findings"]] == ["登陆"]
    assert world.runtime.log.head() == before
    with pytest.raises(RuleBroken):
        world.ask("try_terms", caller("viewer"), text="最佳")


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
    world.service.on_submission(recorded(retraction_of(event)))
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


def run_together(jobs: Sequence[Callable[[], object]]) -> list[str]:
    """Start all jobs at the same moment; return ``won``, or the code each was refused with."""
    barrier, outcomes = threading.Barrier(len(jobs)), []

    def run(job: Callable[[], object]) -> None:
        barrier.wait()
        try:
            job()
            outcomes.append("won")
        except PlatformError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def ends_of(world: World) -> list[Event]:
    ends = CaseApproved | CaseRejected | CaseChangesRequested | CaseClosed
    return [record.event for record in world.runtime.log.read(0).events if isinstance(record.event, ends)]


def test_of_32_who_decide_at_once_exactly_one_wins(world: World) -> None:
    """S13."""
    world.adopt()
    world.submitted()
    (row,) = world.ask("list_cases")["items"]

    def deciding(number: int) -> Callable[[], object]:
        decision = ("approve", "reject", "request_changes")[number % 3]
        reason = None if decision == "approve" else "x"
        who = caller("office_editor")
        return lambda: world.ask("decide_case", who, case_id=row["id"], decision=decision, reason=reason)

    outcomes = run_together([deciding(number) for number in range(32)])
    assert (outcomes.count("won"), len(ends_of(world))) == (1, 1)
    assert set(outcomes) <= {"won", "review.case_decided", "stream.changed"}


def test_an_approval_and_a_retraction_at_once_end_the_case_once(world: World) -> None:
    """S13: 31 approve while the author takes the text back; the case is approved or closed, never both."""
    world.adopt()
    event = world.submitted()
    (row,) = world.ask("list_cases")["items"]
    retracted = recorded(retraction_of(event))

    def take_back() -> None:
        while True:  # as its host does: what may be retried is retried
            with suppress(Conflict):
                world.service.on_submission(retracted)
                return

    def approve() -> None:
        world.ask("decide_case", caller("office_editor"), case_id=row["id"], decision="approve")

    outcomes = run_together([take_back, *[approve] * 31])
    (end,) = ends_of(world)
    assert outcomes.count("won") == (2 if isinstance(end, CaseApproved) else 1)


def test_a_revision_taken_back_while_it_was_approved_can_be_submitted_again(world: World) -> None:
    world.adopt()
    event = world.submitted()
    (row,) = world.ask("list_cases")["items"]
    world.ask("decide_case", case_id=row["id"], decision="approve")
    world.service.on_submission(recorded(retraction_of(event)))
    world.service.on_submission(recorded(replace(event, submitted_at=datetime.now(UTC))))
    case = world.ask("get_case", case_id=row["id"])
    assert (case["status"], case["decision"]) == ("open", None)
    world.ask("decide_case", case_id=row["id"], decision="reject", reason="x")
    assert world.ask("get_case", case_id=row["id"])["decision"]["reason"] == "x"


def test_who_wrote_in_a_text_decides_nothing_in_whatever_role(world: World) -> None:
    """S13."""
    world.adopt()
    world.submitted()
    (row,) = world.ask("list_cases")["items"]
    for role in ("admin", "office_editor", "college_editor"):
        author = caller(role, account=AUTHOR)
        for method, body in (("claim_case", {}), ("decide_case", {"decision": "approve"})):
            with pytest.raises(RuleBroken) as refusal:
                world.ask(method, author, case_id=row["id"], **body)
            assert refusal.value.code == "review.own_text"


def test_a_blocking_finding_is_overruled_by_an_editor_in_chief_with_a_reason(world: World) -> None:
    world.adopt()
    world.submitted("<p>证号11010519491231002X</p>")
    (row,) = world.ask("list_cases")["items"]
    assert row["blocking"] == 1
    approve = {"case_id": row["id"], "decision": "approve", "override_reason": "样例号码"}
    with pytest.raises(RuleBroken):
        world.ask("decide_case", caller("college_editor"), **approve)
    world.ask("decide_case", OFFICE, **approve)
    assert world.ask("get_case", case_id=row["id"])["decision"]["override_reason"] == "样例号码"


def test_what_was_found_stands_where_the_case_shows_it(world: World) -> None:
    world.adopt()
    world.ask("publish_term_list", name="x", terms=[{"term": "最佳", "category": "c", "severity": "hint"}])
    world.submitted("<h2>题</h2><p>是<b>最</b>佳 &amp; 最&#8203;佳</p>")
    (row,) = world.ask("list_cases")["items"]
    case = world.ask("get_case", case_id=row["id"])
    places = [(finding["start"], finding["end"], finding["found"]) for finding in case["findings"]]
    assert [case["text"][start:end] for start, end, _ in places] == [found for _, _, found in places]
    assert [found for _, _, found in places] == ["最佳", "最\u200b佳"]


def test_of_two_schemes_for_every_unit_the_latest_adopted_counts(world: World) -> None:
    world.adopt()
    first = world.ask("list_schemes")["items"][0]["id"]
    second = world.ask("adopt_scheme", name="二审", article_kinds=["news"])["id"]
    event = world.submitted()
    world.ask("adopt_scheme", scheme_id=first, name="一审", article_kinds=["news", "wechat_post"])
    world.submitted()
    opened = [record.event for record in world.runtime.log.read(0).events if isinstance(record.event, CaseOpened)]
    assert opened[0].article_id == event.article_id
    assert [str(case.scheme_id) for case in opened] == [second, first]
    page = world.ask("list_schemes", limit=1)
    assert [page["items"][0]["id"], world.ask("list_schemes", after=page["next"])["items"][0]["id"]] == [second, first]


def test_a_scheme_for_every_unit_takes_a_caller_who_sees_every_unit(world: World) -> None:
    bound = caller("office_editor", UNIT)
    scheme = {"name": "一审", "article_kinds": ["news"]}
    with pytest.raises(RuleBroken):
        world.ask("adopt_scheme", bound, **scheme)
    with pytest.raises(NotFound):
        world.ask("adopt_scheme", bound, **scheme, unit_ids=[str(uuid4())])
    world.ask("adopt_scheme", bound, **scheme, unit_ids=[str(UNIT)])
    for_all = world.ask("adopt_scheme", **scheme)["id"]
    with pytest.raises(RuleBroken):
        world.ask("retire_scheme", bound, scheme_id=for_all)


def test_after_the_last_scheme_is_retired_submissions_are_refused(world: World) -> None:
    world.adopt()
    world.ask("retire_scheme", scheme_id=world.ask("list_schemes")["items"][0]["id"])
    world.submitted()
    assert isinstance(world.runtime.log.read(0).events[-1].event, SubmissionRefused)


def test_a_place_that_is_none_is_refused(world: World) -> None:
    for method, places in (
        ("list_schemes", ("x", "9" * 30)),
        ("list_cases", ("x", "1|x", f"{'9' * 30}|{uuid4()}", f"-|{uuid4()}")),
        ("list_term_lists", ("x",)),
    ):
        for place in places:
            with pytest.raises(Invalid):
                world.ask(method, after=place)
