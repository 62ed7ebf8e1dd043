"""A case is decided once, by somebody else, and again when its text comes again."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.review.tests.world import AUTHOR, OFFICE, World, recorded, retraction_of
from shared.contracts.review.events import CaseApproved, CaseChangesRequested, CaseClosed, CaseRejected
from shared.errors import Conflict, PlatformError, RuleBroken
from shared.events import Event
from shared.testing import caller


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
