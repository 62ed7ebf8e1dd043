"""One unit's callers, on another unit's things: they see nothing, change nothing, and cannot tell it from nothing."""

from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.content.tests.world import World
from shared.context import Caller
from shared.contracts.content.events import ArticleDrafted, ArticleSubmitted
from shared.errors import NotFound
from shared.testing import caller

CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("revise_article", {"title": "新题"}),
    ("submit_article", {}),
    ("withdraw_article", {"reason": "错字"}),
    ("cancel_publication", {"publication_id": str(uuid4())}),
    ("file_receipt", {"publication_id": str(uuid4()), "url": "https://www.example.org/"}),
)
READS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_article", {}),
    ("list_revisions", {}),
    ("diff_revisions", {"from_revision": 1, "to_revision": 1}),
)


class Colleges(RuleBasedStateMachine):
    """Three colleges, their editors and their articles; everybody tries everything on everything."""

    world: World

    @initialize()
    def found(self) -> None:
        self.units = [self.world.unit(f"学院{n}") for n in range(3)]
        self.editors = [caller("college_editor", unit) for unit in self.units]
        self.channels = [self.world.channel(unit) for unit in self.units]
        self.articles = [self.world.draft(unit, editor) for unit, editor in zip(self.units, self.editors, strict=True)]

    @rule(mine=st.integers(0, 2), theirs=st.integers(0, 2), change=st.sampled_from(CHANGES + READS))
    def ask(self, mine: int, theirs: int, change: tuple[str, dict[str, Any]]) -> None:
        self.attempt(self.editors[mine], mine == theirs, change[0], article_id=self.articles[theirs], **change[1])

    @rule(mine=st.integers(0, 2), theirs=st.integers(0, 2), where=st.integers(0, 2))
    def publish(self, mine: int, theirs: int, where: int) -> None:
        body = {"article_id": self.articles[theirs], "channel_id": self.channels[where]}
        self.attempt(self.editors[mine], mine == theirs == where, "publish_article", **body)

    @rule(theirs=st.integers(0, 2), said=st.integers(0, 2))
    def approve(self, theirs: int, said: int) -> None:
        """Review's news name a unit; the article's own is the one that counts."""
        history = self.world.history(self.articles[theirs])
        if any(isinstance(event, ArticleSubmitted) for event in history):
            told = self.world.decision(self.articles[theirs], unit_id=UUID(self.units[said]))
            self.world.service.on_case_approved(told)

    @rule(mine=st.integers(0, 2), theirs=st.integers(0, 2))
    def draft(self, mine: int, theirs: int) -> None:
        body = {"unit_id": self.units[theirs], "kind": "news", "title": "新稿", "body": "<p>文</p>"}
        drafted = self.attempt(self.editors[mine], mine == theirs, "draft_article", **body)
        if drafted:
            self.articles[mine] = drafted["id"]

    def attempt(self, who: Caller, own: bool, method: str, **body: Any) -> Any:
        """Ask; what is not the caller's own is not found, and nothing is recorded."""
        head = self.world.runtime.log.head()
        if own:
            return None if self.world.refusal(method, who, **body) else self.answered(method, who, **body)
        refusal = self.world.refusal(method, who, **body)
        assert refusal is not None and refusal[0] is NotFound
        assert self.world.runtime.log.head() == head
        return None

    def answered(self, method: str, who: Caller, **body: Any) -> Any:
        """Return what a door that makes things answered: asking again makes another one."""
        return self.world.ask(method, who, **body) if method == "draft_article" else None

    @invariant()
    def every_fact_of_an_article_is_its_units_and_its_editors(self) -> None:
        for unit, editor, article in zip(self.units, self.editors, self.articles, strict=True):
            for recorded in self.world.runtime.log.load(f"article-{article}"):
                assert str(recorded.unit) == unit
                assert str(cast(ArticleDrafted, recorded.event).unit_id) == unit
                assert recorded.actor in (str(editor.account_id), "content.on-case-approved")

    @invariant()
    def everybody_lists_exactly_what_is_their_own(self) -> None:
        for unit, editor, article in zip(self.units, self.editors, self.articles, strict=True):
            listed = self.world.ask("list_articles", editor, limit=200)["items"]
            assert {item["unit_id"] for item in listed} == {unit}
            assert article in {item["id"] for item in listed}


def test_no_college_touches_anothers_articles(world: World) -> None:
    """S12."""
    machine = type("CollegesHere", (Colleges,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


@pytest.mark.parametrize("method", [method for method, _ in CHANGES + READS])
def test_anothers_article_is_answered_like_one_that_does_not_exist(world: World, method: str) -> None:
    """S10, S12."""
    theirs = world.draft(world.unit())
    stranger = caller("college_editor", world.unit("别院"))
    body = dict(CHANGES + READS)[method]
    other = str(uuid4())
    with pytest.raises(NotFound) as refusal:
        world.ask(method, stranger, article_id=theirs, **body)
    with pytest.raises(NotFound) as absent:
        world.ask(method, stranger, article_id=other, **body)
    assert refusal.value.code == absent.value.code
    assert refusal.value.detail.replace(theirs, other) == absent.value.detail


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("get_channel", {}),
        ("rename_channel", {"name": "我们的"}),
        ("change_channel_status", {"status": "closed"}),
    ],
)
def test_anothers_channel_is_answered_like_one_that_does_not_exist(
    world: World, method: str, body: dict[str, Any]
) -> None:
    """S10."""
    theirs = world.channel(world.unit())
    stranger = caller("college_editor", world.unit("别院"))
    refusals = {world.refusal(method, stranger, channel_id=channel, **body) for channel in (theirs, str(uuid4()))}
    assert refusals == {(NotFound, "content.channel_not_found")}
    assert world.ask("list_channels", stranger)["items"] == []


def test_the_unit_in_the_body_is_not_believed(world: World) -> None:
    """S11."""
    theirs = world.unit()
    stranger = caller("college_editor", world.unit("别院"))
    for method, body in (
        ("draft_article", {"kind": "news", "title": "t", "body": "<p>b</p>"}),
        ("open_channel", {"kind": "douyin", "name": "n", "opened_at": "2020-01-01T00:00:00Z"}),
        ("get_unit", {}),
    ):
        refusals = {world.refusal(method, stranger, unit_id=unit, **body) for unit in (theirs, str(uuid4()))}
        assert refusals == {(NotFound, "content.unit_not_found")}
    assert [unit["name"] for unit in world.ask("list_units", stranger)["items"]] == ["别院"]


def test_an_editor_of_two_units_publishes_in_both(world: World) -> None:
    first, second = world.unit(), world.unit("别院")
    editor = caller("college_editor", first, second)
    article = world.approved(first, editor)
    assert world.ask("publish_article", editor, article_id=article, channel_id=world.channel(second))["version"] == 4
