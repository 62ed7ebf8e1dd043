"""Many at once, on one article."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any
from uuid import uuid4

from services.content.tests.facts import assert_published_as_approved
from services.content.tests.world import World
from shared.contracts.content.events import ArticleApproved, ArticlePublished
from shared.errors import Conflict, PlatformError, RuleBroken

THREADS = 32


def all_at_once(*acts: Any) -> list[Any]:
    """Return what each act returned, or the refusal it met, all having started together."""
    start = Barrier(len(acts))

    def run(act: Any) -> Any:
        start.wait()
        try:
            return act()
        except PlatformError as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_approval_against_edit_never_approves_the_edited_text(either: World) -> None:
    """S13: a race of 32."""
    unit = either.unit()
    for _ in range(3):
        article = either.submitted(unit)
        approval = either.decision(article)

        def approve(approval: Any = approval) -> None:
            either.service.on_case_approved(replace(approval, event_id=uuid4()))

        def edit(article: str = article) -> None:
            either.ask("withdraw_article", article_id=article, reason="错字")
            either.ask("revise_article", article_id=article, title="改过")

        all_at_once(*[approve, edit] * (THREADS // 2))
        history = either.history(article)
        assert_published_as_approved(history)
        assert sum(isinstance(event, ArticleApproved) for event in history) <= 1


def test_publication_against_edit_never_publishes_the_edited_text(either: World) -> None:
    """S13: a race of 32."""
    unit = either.unit()
    article, channels = either.approved(unit), [either.channel(unit) for _ in range(THREADS // 2)]
    publish = [
        lambda channel=channel: either.ask("publish_article", article_id=article, channel_id=channel)
        for channel in channels
    ]
    edit = [lambda n=n: either.ask("revise_article", article_id=article, title=f"改过{n}") for n in range(THREADS // 2)]
    refusals = [found for found in all_at_once(*publish, *edit) if isinstance(found, PlatformError)]
    assert all(isinstance(refusal, Conflict | RuleBroken) for refusal in refusals)
    assert_published_as_approved(either.history(article))


def test_one_publication_in_one_channel_however_many_ask(either: World) -> None:
    unit = either.unit()
    article, channel = either.approved(unit), either.channel(unit)
    ask = [lambda: either.ask("publish_article", article_id=article, channel_id=channel)] * THREADS
    ids = {found["id"] for found in all_at_once(*ask) if isinstance(found, dict)}
    assert len(ids) == 1
    assert sum(isinstance(event, ArticlePublished) for event in either.history(article)) == 1
