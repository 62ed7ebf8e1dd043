"""Which schemes and term lists a submission is judged by."""

from unittest.mock import Mock

import pytest

from services.review import in_force, queries
from services.review.tests.world import World
from shared.contracts.review.events import CaseOpened, SubmissionRefused


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


def test_without_a_scheme_the_submission_is_refused(world: World) -> None:
    world.submitted()
    assert world.ask("list_cases")["items"] == []
    assert [r.type for r in world.runtime.log.read(0).events] == ["review.submission.refused.v1"]


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


def test_after_the_last_scheme_is_retired_submissions_are_refused(world: World) -> None:
    world.adopt()
    world.ask("retire_scheme", scheme_id=world.ask("list_schemes")["items"][0]["id"])
    world.submitted()
    assert isinstance(world.runtime.log.read(0).events[-1].event, SubmissionRefused)
