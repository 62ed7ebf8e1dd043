"""Whatever anybody does in whatever order: only what was approved is published."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import reduce
from types import ModuleType, SimpleNamespace
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from services.content import article
from services.content.article import Article, TakeDecision, digest
from services.content.publication import CancelPublication, PublishDue, SchedulePublication
from services.content.tests.facts import (
    ARTICLE,
    CASE,
    DRAFT,
    EDITOR,
    NOON,
    PLACE,
    PUBLISH,
    REVISE,
    SUBMIT,
    UNIT,
    WEBSITE,
    WITHDRAW,
    assert_published_as_approved,
)
from shared.contracts.content.events import ArticleApproved, ArticlePublished, ArticleRevised, ArticleSubmitted
from shared.errors import PlatformError
from shared.events import Event

HOUR = timedelta(hours=1)
Decider = ModuleType | SimpleNamespace


class Desk(RuleBasedStateMachine):
    """Writers, reviewers, publishers and the clock, each doing what it likes to one article."""

    decider: Decider = article

    def __init__(self) -> None:
        super().__init__()
        self.history: list[Event] = list(self.decider.decide(self.decider.initial(), DRAFT))
        self.now = NOON
        self.approved: set[tuple[int, str]] = set()

    def do(self, command: Any) -> None:
        state = reduce(self.decider.evolve, self.history, self.decider.initial())
        with suppress(PlatformError):
            self.history += self.decider.decide(state, command)

    @rule(title=st.sampled_from(["潮汐", "潮汐二", "潮汐三"]), editor=st.sampled_from([EDITOR, UUID(int=9)]))
    def revise(self, title: str, editor: UUID) -> None:
        self.do(replace(REVISE, changes={"title": title}, editor_id=editor))

    @rule()
    def submit(self) -> None:
        self.do(replace(SUBMIT, now=self.now))

    @rule()
    def withdraw(self) -> None:
        if any(isinstance(event, ArticleSubmitted) for event in self.history[-1:]):
            self.do(WITHDRAW)  # taking it down for good would end the game early

    @rule(
        back=st.integers(0, 3),
        decision=st.sampled_from(["approved", "approved", "changes_requested", "rejected", "refused"]),
    )
    def decide(self, back: int, decision: Literal["approved", "changes_requested", "rejected", "refused"]) -> None:
        """Review decides on some submission; the news may be late, doubled, or overtaken by edits."""
        submitted = [event for event in self.history if isinstance(event, ArticleSubmitted)][-1 - back :]
        if submitted:
            seen = submitted[0]
            if decision == "approved":
                self.approved.add((seen.revision, seen.digest))
            self.do(
                TakeDecision(
                    article_id=ARTICLE,
                    case_id=CASE,
                    revision=seen.revision,
                    decision=decision,
                    digest=seen.digest,
                    reason="",
                )
            )

    @rule()
    def approve_a_text_nobody_submitted(self) -> None:
        self.do(
            TakeDecision(article_id=ARTICLE, case_id=CASE, revision=1, decision="approved", digest="0" * 64, reason="")
        )

    @rule(site=st.sampled_from([WEBSITE.channel_id, UNIT]))
    def publish(self, site: UUID) -> None:
        self.do(replace(PUBLISH, channel=replace(WEBSITE, channel_id=site), now=self.now))

    @rule(hours=st.integers(1, 5))
    def schedule(self, hours: int) -> None:
        due = self.now + hours * HOUR
        self.do(SchedulePublication(article_id=ARTICLE, channel=WEBSITE, due_at=due, by=EDITOR, now=self.now))

    @rule()
    def cancel(self) -> None:
        self.do(CancelPublication(article_id=ARTICLE, publication_id=PLACE, reason=""))

    @rule()
    def let_time_pass(self) -> None:
        self.now += 2 * HOUR
        self.do(PublishDue(article_id=ARTICLE, channel=WEBSITE, now=self.now))

    @invariant()
    def what_is_published_was_approved(self) -> None:
        assert_published_as_approved(self.history)

    @invariant()
    def what_is_approved_is_what_review_saw(self) -> None:
        taken = {(event.revision, event.digest) for event in self.history if isinstance(event, ArticleApproved)}
        assert taken <= self.approved

    @invariant()
    def a_submission_names_all_who_wrote(self) -> None:
        wrote = {DRAFT.author_id}
        for event in self.history:
            if isinstance(event, ArticleRevised):
                wrote.add(event.editor_id)
            if isinstance(event, ArticleSubmitted):
                assert set(event.author_ids) == wrote

    @invariant()
    def a_channel_has_the_article_once(self) -> None:
        places = [event.publication_id for event in self.history if isinstance(event, ArticlePublished)]
        assert len(places) == len(set(places))


def test_only_what_was_approved_is_published() -> None:
    """S13."""
    run_state_machine_as_test(Desk, settings=settings(max_examples=200, stateful_step_count=30, deadline=None))


def keep_approval(state: Article, event: Event) -> Article:
    """Return the article as a careless rule would leave it: an edit keeps the approval."""
    evolved = article.evolve(state, event)
    return replace(evolved, status=state.status) if isinstance(event, ArticleRevised) and state.approved else evolved


def believe_any_digest(state: Article, command: Any) -> Sequence[Event]:
    """Decide as a careless rule would: an approval holds for whatever text stands there."""
    if isinstance(command, TakeDecision) and state.text is not None:
        command = replace(command, revision=state.revision, digest=digest(state.text))
    return article.decide(state, command)


@pytest.mark.parametrize(
    "mutant",
    [
        SimpleNamespace(initial=article.initial, evolve=keep_approval, decide=article.decide),
        SimpleNamespace(initial=article.initial, evolve=article.evolve, decide=believe_any_digest),
    ],
    ids=["an edit keeps the approval", "any text will do"],
)
def test_a_careless_rule_is_caught(mutant: SimpleNamespace) -> None:
    """S13: the mutants."""

    class CarelessDesk(Desk):
        decider = mutant

    quick = settings(max_examples=1000, stateful_step_count=30, deadline=None, database=None, phases=[Phase.generate])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(CarelessDesk, settings=quick)
