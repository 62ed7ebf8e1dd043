"""The doors of content, on a real log."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.content.schedule import publish_due
from services.content.tests.world import ADMIN, DUE, EDITOR, World
from shared.contracts.content.events import ArticlePublished
from shared.errors import Conflict, Invalid, RuleBroken, Unavailable
from shared.sealed import ERASED
from shared.testing import caller, request


def test_an_article_goes_from_draft_to_publication(either: World) -> None:
    unit = either.unit()
    article, channel = either.approved(unit), either.channel(unit)
    done = either.ask(
        "publish_article", article_id=article, channel_id=channel, published_at="2021-07-01T08:00:00+08:00"
    )
    either.ask("file_receipt", article_id=article, publication_id=done["id"], url="https://www.example.org/1")
    found = either.ask("get_article", article_id=article)
    assert (found["status"], found["version"]) == ("published", 5)
    assert found["publications"] == [
        {
            "id": done["id"],
            "channel_id": channel,
            "status": "published",
            "at": "2021-07-01T00:00:00Z",
            "by": str(EDITOR.account_id),
            "revision": 1,
            "url": "https://www.example.org/1",
        }
    ]


def test_a_command_answers_id_version_and_position(world: World) -> None:
    unit = world.unit()
    answer = world.ask("rename_unit", unit_id=unit, name="经管学院", since="2021-01-01")
    assert answer == {"id": unit, "version": 2, "position": "2", "replayed": False}


def test_the_same_key_answers_the_same_and_drafts_once(world: World) -> None:
    """F11."""
    body: dict[str, Any] = {"unit_id": world.unit(), "kind": "news", "title": "a", "body": "<p>b</p>", "byline": "张三"}
    first = world.ask("draft_article", key="k1", **body)
    again = world.ask("draft_article", key="k1", **body)
    assert again == first | {"replayed": True}
    assert len(world.ask("list_articles")["items"]) == 1


def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    """F11."""
    body: dict[str, Any] = {"unit_id": world.unit(), "kind": "news", "body": "<p>b</p>"}
    world.ask("draft_article", key="k1", title="a", **body)
    with pytest.raises(RuleBroken, match="key_reused"):
        world.ask("draft_article", key="k1", title="other", **body)


def test_a_repeated_key_is_answered_though_the_unit_takes_nothing_new_by_now(world: World) -> None:
    """F11."""
    old, new = world.unit("老院"), world.unit("新院")
    body: dict[str, Any] = {"unit_id": old, "kind": "news", "title": "a", "body": "<p>b</p>"}
    first = world.ask("draft_article", key="k1", **body)
    world.ask("merge_unit", unit_id=old, into_id=new, since="2021-01-01")
    assert world.ask("draft_article", key="k1", **body) == first | {"replayed": True}


def test_publishing_again_without_a_key_publishes_once(world: World) -> None:
    unit = world.unit()
    article, channel = world.approved(unit), world.channel(unit)
    first = world.ask("publish_article", article_id=article, channel_id=channel)
    again = world.ask("publish_article", article_id=article, channel_id=channel)
    assert again["id"] == first["id"]
    assert sum(isinstance(event, ArticlePublished) for event in world.history(article)) == 1


def test_a_change_made_on_an_old_version_is_refused(world: World) -> None:
    article = world.draft(world.unit())
    with pytest.raises(Conflict):
        world.ask("revise_article", if_match=7, article_id=article, title="x")
    world.ask("revise_article", if_match=1, article_id=article, title="x")


def test_a_revision_changes_what_it_names_and_keeps_the_rest(world: World) -> None:
    article = world.draft(world.unit(), tags=["校园", "校园"], topic="海洋")
    world.ask("revise_article", article_id=article, title="潮汐二", topic=None)
    found = world.ask("get_article", article_id=article)
    assert (found["title"], found["body"], found["tags"], found["topic"]) == ("潮汐二", "<p>正文</p>", ["校园"], None)


def test_html_is_cleaned_before_it_is_stored(world: World) -> None:
    """S29."""
    article = world.draft(world.unit(), body="<p onclick=x()>一</p><script>alert(1)</script>")
    assert world.runtime.log.load(f"article-{article}")[0].event.text.body == "<p>一</p>"  # type: ignore[attr-defined]


def test_html_stored_under_older_rules_is_cleaned_when_it_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S29."""
    unit = world.unit()
    with monkeypatch.context() as lax:
        lax.setattr("services.content.schemas.clean", lambda text: text)
        article = world.draft(unit, body="<p>一</p><script>alert(1)</script>")
    assert world.ask("get_article", article_id=article)["body"] == "<p>一</p>"
    assert world.ask("list_revisions", article_id=article)["items"][0]["body"] == "<p>一</p>"


def test_a_body_of_nothing_but_what_is_forbidden_is_refused(world: World) -> None:
    with pytest.raises(Invalid) as refusal:
        world.draft(world.unit(), body="<script>alert(1)</script>")
    assert list(refusal.value.fields) == ["body"]


def test_more_tags_than_anybody_writes_are_refused(world: World) -> None:
    with pytest.raises(Invalid) as refusal:
        world.draft(world.unit(), body="<ul><li>" * 10_000)
    assert list(refusal.value.fields) == ["body"]


def test_an_unknown_field_is_refused_by_name(world: World) -> None:
    """S15."""
    with pytest.raises(Invalid) as refusal:
        world.draft(world.unit(), status="published", author_id=str(uuid4()))
    assert refusal.value.fields.keys() == {"status", "author_id"}


def test_a_viewer_writes_nothing(world: World) -> None:
    with pytest.raises(RuleBroken, match=r"caller\.denied"):
        world.draft(world.unit(), caller("viewer"))


def test_a_forged_or_missing_caller_is_refused(world: World) -> None:
    """S19."""
    forged: list[dict[str, Any]] = [request(world.runtime, EDITOR, {}) | {"caller": "admin"}, {"body": {}}]
    for asked in forged:
        with pytest.raises(RuleBroken, match=r"caller\.forged"):
            world.service.list_articles(asked)


def test_a_scheduled_publication_happens_when_it_is_due(world: World) -> None:
    unit = world.unit()
    article, channel = world.approved(unit), world.channel(unit)
    world.ask("schedule_publication", article_id=article, channel_id=channel, due_at=DUE.isoformat())
    world.service.publish_due()
    assert world.ask("get_article", article_id=article)["status"] == "approved"
    publish_due(world.runtime, DUE)
    publish_due(world.runtime, DUE)
    published = [event for event in world.history(article) if isinstance(event, ArticlePublished)]
    assert [(event.published_at, event.by) for event in published] == [(DUE, EDITOR.account_id)]


def test_a_scheduled_publication_of_a_voided_approval_is_cancelled_with_its_reason(world: World) -> None:
    unit = world.unit()
    article, channel = world.approved(unit), world.channel(unit)
    world.ask("schedule_publication", article_id=article, channel_id=channel, due_at=DUE.isoformat())
    world.ask("revise_article", article_id=article, title="潮汐二")
    publish_due(world.runtime, DUE)
    found = world.ask("get_article", article_id=article)
    assert [place["status"] for place in found["publications"]] == ["cancelled"]
    assert found["reason"] == "revision 2 is not approved"


def test_one_publication_that_fails_does_not_hold_up_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = world.unit()
    channel = world.channel(unit)
    articles = [world.approved(unit), world.approved(unit)]
    for article in articles:
        world.ask("schedule_publication", article_id=article, channel_id=channel, due_at=DUE.isoformat())
    append = world.runtime.log.append

    def fail_first(stream: str, *rest: Any, **more: Any) -> Any:
        if stream == f"article-{articles[0]}":
            raise Unavailable("database.unavailable")
        return append(stream, *rest, **more)

    monkeypatch.setattr(world.runtime.log, "append", fail_first)
    publish_due(world.runtime, DUE)
    assert [world.ask("get_article", article_id=article)["status"] for article in articles] == ["approved", "published"]


def test_a_cancelled_schedule_is_not_published(world: World) -> None:
    unit = world.unit()
    article, channel = world.approved(unit), world.channel(unit)
    planned = world.ask("schedule_publication", article_id=article, channel_id=channel, due_at=DUE.isoformat())
    world.ask("cancel_publication", article_id=article, publication_id=planned["id"])
    publish_due(world.runtime, DUE)
    assert not any(isinstance(event, ArticlePublished) for event in world.history(article))


def test_what_lies_in_the_future_is_scheduled_and_not_published(world: World) -> None:
    unit = world.unit()
    article, channel = world.approved(unit), world.channel(unit)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    with pytest.raises(RuleBroken, match="in_future"):
        world.ask("publish_article", article_id=article, channel_id=channel, published_at=tomorrow)
    with pytest.raises(RuleBroken, match="due_in_past"):
        world.ask("schedule_publication", article_id=article, channel_id=channel, due_at="2021-01-01T00:00:00Z")


def test_an_erased_authors_byline_cannot_be_read_any_more(either: World) -> None:
    """F59."""
    article = either.draft(either.unit(), byline="张三丰")
    drafted = either.runtime.log.load(f"article-{article}")[0]
    assert "张三丰" not in drafted.data
    assert either.ask("get_article", article_id=article)["byline"] == "张三丰"
    for _ in range(2):
        either.ask("erase_person", ADMIN, person_id=str(EDITOR.account_id))
    assert either.ask("get_article", article_id=article)["byline"] == ERASED
    assert len(either.runtime.log.load(f"person-{EDITOR.account_id}")) == 1


def test_nothing_more_is_stored_about_an_erased_person(world: World) -> None:
    unit = world.unit()
    world.ask("erase_person", ADMIN, person_id=str(EDITOR.account_id))
    with pytest.raises(RuleBroken, match=r"person\.erased"):
        world.draft(unit, byline="张三丰")
    assert world.ask("get_article", article_id=world.draft(unit))["byline"] is None


def test_only_an_admin_erases_a_person(world: World) -> None:
    with pytest.raises(RuleBroken, match=r"caller\.denied"):
        world.ask("erase_person", EDITOR, person_id=str(uuid4()))


def test_correlation_and_actor_of_a_request_are_in_the_log(world: World) -> None:
    unit = world.unit()
    asked = request(world.runtime, EDITOR, {"unit_id": unit, "name": "新名", "since": "2021-01-01"})
    world.service.rename_unit(asked)
    last = world.runtime.log.load(f"unit-{unit}")[-1]
    assert (last.actor, last.correlation_id) == (str(EDITOR.account_id), UUID(asked["correlation_id"]))
    assert last.unit == UUID(unit)
