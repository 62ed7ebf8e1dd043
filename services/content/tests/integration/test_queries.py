"""What content answers, from its read models and streams, in both databases."""

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.content.tests.world import World
from shared.errors import Invalid, NotFound


def names(page: dict[str, Any]) -> list[str]:
    return [item["name"] for item in page["items"]]


def test_a_renamed_unit_keeps_its_old_name_at_the_old_time(either: World) -> None:
    unit = either.unit("传媒学院")
    either.ask("rename_unit", unit_id=unit, name="传媒与设计学院", since="2021-09-01")
    assert names(either.ask("list_units", at="2021-08-31")) == ["传媒学院"]
    assert names(either.ask("list_units", at="2021-09-01")) == ["传媒与设计学院"]
    assert names(either.ask("list_units")) == ["传媒与设计学院"]
    assert either.ask("get_unit", unit_id=unit, at="2020-06-01")["name"] == "传媒学院"


def test_a_name_of_the_future_is_not_shown_before_its_day(either: World) -> None:
    unit = either.unit("传媒学院")
    either.ask("rename_unit", unit_id=unit, name="未来学院", since="2199-01-01")
    found = either.ask("get_unit", unit_id=unit)
    assert (found["name"], found["version"]) == ("传媒学院", 2)
    assert [change["name"] for change in found["history"]] == ["传媒学院", "未来学院"]


def test_two_changes_of_one_day_are_both_kept(either: World) -> None:
    parent, unit = either.unit("校"), either.unit("院")
    either.ask("rename_unit", unit_id=unit, name="新院", since="2021-09-01")
    either.ask("move_unit", unit_id=unit, parent_id=parent, since="2021-09-01")
    assert either.ask("get_unit", unit_id=unit)["history"] == [
        {"since": "2020-01-01", "name": "院", "parent_id": None},
        {"since": "2021-09-01", "name": "新院", "parent_id": parent},
    ]


def test_a_unit_is_listed_from_its_first_day_and_says_when_it_became_part_of_another(either: World) -> None:
    old, new = either.unit("老院"), either.unit("新院", since="2021-01-01")
    either.ask("merge_unit", unit_id=old, into_id=new, since="2021-06-01")
    assert names(either.ask("list_units", at="2020-12-31")) == ["老院"]
    before, after = (
        either.ask("list_units", at=day, kind="college")["items"][0] for day in ("2021-05-31", "2021-06-01")
    )
    assert (before["merged_into"], after["merged_into"]) == (None, new)


def test_what_does_not_exist_is_not_found(either: World) -> None:
    nothing = str(uuid4())
    assert either.refusal("get_unit", unit_id=nothing) == (NotFound, "content.unit_not_found")
    assert either.refusal("get_channel", channel_id=nothing) == (NotFound, "content.channel_not_found")
    assert either.refusal("get_article", article_id=nothing) == (NotFound, "content.article_not_found")


def ids(world: World, method: str, **asked: Any) -> list[str]:
    return [item["id"] for item in world.ask(method, **asked)["items"]]


def test_channels_are_listed_by_unit_kind_and_status(either: World) -> None:
    first, second = either.unit(), either.unit("别院")
    site, douyin = either.channel(first), either.channel(second, kind="douyin", tier="none", status="building")
    listed = partial(ids, either, "list_channels")
    assert sorted(listed()) == sorted([site, douyin])
    assert listed(unit_id=first) == listed(kind="website") == listed(status="active") == [site]
    assert listed(unit_id=second, kind="website") == []


def test_articles_are_listed_by_unit_kind_status_and_title(either: World) -> None:
    first, second = either.unit(), either.unit("别院")
    plain = either.draft(first, title="100% Sea_Day")
    post = either.draft(second, title="100 sea days", kind="wechat_post")
    ready = either.submitted(first)
    listed = partial(ids, either, "list_articles")
    assert listed() == [ready, post, plain]
    assert listed(unit_id=second) == listed(kind="wechat_post") == [post]
    assert listed(status="submitted") == [ready]
    assert listed(q="SEA") == [post, plain]
    assert listed(q="0%") == listed(q="a_d") == [plain]


def test_articles_are_found_by_their_titles_however_these_are_written(either: World) -> None:
    first, second = either.unit(), either.unit("别院")
    one = either.draft(first, title="ＡＢＣ  开学典礼")
    other = either.draft(second, title="abc 开学典礼", kind="wechat_post")
    renamed = either.draft(first, title="旧题")
    either.ask("revise_article", article_id=renamed, title="新题")
    found = partial(ids, either, "find_articles")
    assert sorted(found(titles=["Abc 开学典礼 ", "新题"])) == sorted([one, other, renamed])
    assert found(titles=["abc 开学典礼"], unit_id=first) == [one]
    assert found(titles=["abc 开学典礼"], kind="wechat_post") == [other]
    assert found(titles=["旧题", "开学典礼"]) == []
    assert "compared_title" not in either.ask("find_articles", titles=["新题"])["items"][0]


@pytest.mark.parametrize("method", ["list_articles", "list_channels", "list_units"])
def test_a_list_is_paged_without_gap_or_double(either: World, method: str) -> None:
    units = [either.unit(f"院{n}") for n in range(4)]
    made = {
        "list_units": lambda: units,
        "list_channels": lambda: [either.channel(units[0]) for _ in range(4)],
        "list_articles": lambda: [either.draft(units[0]) for _ in range(4)],
    }[method]()
    seen: list[str] = []
    after, pages = None, 0
    while pages == 0 or after:
        page = either.ask(method, limit=2, after=after)
        seen, after, pages = seen + [item["id"] for item in page["items"]], page["next"], pages + 1
    assert pages == 2
    assert sorted(seen) == sorted(made) and len(set(seen)) == len(seen)


@pytest.mark.parametrize("after", ["x", "1|x", f"x|{UUID(int=1)}", f"{10**30}|{UUID(int=1)}", "|"])
def test_a_place_that_is_none_is_refused(world: World, after: str) -> None:
    for method in ("list_articles", "list_channels", "list_units"):
        with pytest.raises(Invalid) as refusal:
            world.ask(method, after=after)
        assert list(refusal.value.fields) == ["after"]


def test_an_article_tells_its_text_its_people_and_its_times(either: World) -> None:
    article = either.draft(either.unit(), event_ended_at="2021-07-01T08:00:00+08:00", asset_ids=[str(uuid4())])
    found = either.ask("get_article", article_id=article)
    assert found["event_ended_at"] == "2021-07-01T00:00:00Z"
    assert found.keys() == {
        "id", "unit_id", "kind", "status", "revision", "author_ids", "byline", "reason", "publications", "drafted_at",
        "changed_at", "version", "title", "body", "originality", "source_url", "tags", "topic", "series",
        "event_ended_at", "asset_ids",
    }  # fmt: skip
    assert datetime.fromisoformat(found["drafted_at"]).tzinfo == UTC


def test_revisions_are_kept_and_compared(either: World) -> None:
    article = either.draft(either.unit(), body="<p>一</p><p>二</p>")
    either.ask("revise_article", article_id=article, title="潮汐二", body="<p>一</p><p>三</p>", topic="海洋")
    items = either.ask("list_revisions", article_id=article)["items"]
    assert [(item["revision"], item["title"]) for item in items] == [(1, "潮汐"), (2, "潮汐二")]
    difference = either.ask("diff_revisions", article_id=article, from_revision=1, to_revision=2)
    assert difference == {
        "from": 1,
        "to": 2,
        "title": ["@@ -1 +1 @@", "-潮汐", "+潮汐二"],
        "body": ["@@ -1,2 +1,2 @@", " <p>一</p>", "-<p>二</p>", "+<p>三</p>"],
        "fields": {"topic": {"from": None, "to": "海洋"}},
    }


def test_a_revision_that_is_none_is_not_compared(world: World) -> None:
    article = world.draft(world.unit())
    with pytest.raises(NotFound, match="revision_not_found"):
        world.ask("diff_revisions", article_id=article, from_revision=1, to_revision=2)
