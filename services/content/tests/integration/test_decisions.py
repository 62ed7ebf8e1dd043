"""What review decided of an article, whenever it comes."""

from dataclasses import replace
from uuid import uuid4

import pytest

from services.content.article import digest
from services.content.tests.world import World
from shared.contracts.content.events import ArticleApproved, ArticleDrafted, ArticleSubmitted
from shared.errors import RuleBroken, Unavailable


def test_the_submission_carries_the_digest_of_the_text(world: World) -> None:
    """S13."""
    drafted, submitted = world.history(world.submitted(world.unit()))
    assert isinstance(drafted, ArticleDrafted) and isinstance(submitted, ArticleSubmitted)
    assert submitted.digest == digest(drafted.text)


def test_a_submission_that_was_refused_is_a_draft_again(world: World) -> None:
    article = world.submitted(world.unit())
    world.service.on_submission_refused(world.decision(article, "refused"))
    found = world.ask("get_article", article_id=article)
    assert (found["status"], found["reason"]) == ("draft", "no scheme matches")


def test_changes_requested_and_a_rejection_say_why(world: World) -> None:
    unit = world.unit()
    first, second = world.submitted(unit), world.submitted(unit)
    world.service.on_case_changes_requested(world.decision(first, "changes_requested"))
    world.service.on_case_rejected(world.decision(second, "rejected"))
    found = [world.ask("get_article", article_id=article) for article in (first, second)]
    assert [(each["status"], each["reason"]) for each in found] == [
        ("changes_requested", "标题太长"),
        ("rejected", "不宜发布"),
    ]


def test_an_approval_delivered_twice_approves_once(world: World) -> None:
    article = world.submitted(world.unit())
    approval = world.decision(article)
    world.service.on_case_approved(approval)
    world.service.on_case_approved(approval)
    assert sum(isinstance(event, ArticleApproved) for event in world.history(article)) == 1


def test_an_approval_of_another_text_leaves_the_article_submitted(world: World) -> None:
    """S13."""
    article = world.submitted(world.unit())
    world.service.on_case_approved(world.decision(article, digest="0" * 64))
    assert world.ask("get_article", article_id=article)["status"] == "submitted"


def test_an_approval_that_comes_after_the_edit_approves_nothing(world: World) -> None:
    """S13: both orders."""
    article = world.submitted(world.unit())
    late = world.decision(article)
    world.ask("withdraw_article", article_id=article, reason="错字")
    world.ask("revise_article", article_id=article, title="潮汐二")
    world.service.on_case_approved(late)
    world.ask("submit_article", article_id=article)
    world.service.on_case_approved(replace(late, event_id=uuid4()))
    assert world.ask("get_article", article_id=article)["status"] == "submitted"


def test_an_edit_that_comes_after_the_approval_voids_it(world: World) -> None:
    """S13: both orders."""
    unit = world.unit()
    article, channel = world.approved(unit), world.channel(unit)
    world.ask("revise_article", article_id=article, title="潮汐二")
    with pytest.raises(RuleBroken, match="not_approved"):
        world.ask("publish_article", article_id=article, channel_id=channel)


def test_a_decision_before_its_article_is_tried_again(world: World) -> None:
    approval = world.decision(world.submitted(world.unit()), article_id=uuid4())
    with pytest.raises(Unavailable):
        world.service.on_case_approved(approval)
