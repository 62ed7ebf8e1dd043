"""The doors of metrics, on a real SQLite log."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.metrics.projections import VIEWS
from services.metrics.service import MetricsService
from shared.context import Caller
from shared.contracts.content.events import ArticlePublished, Tier
from shared.contracts.metrics.events import TimelinessJudged
from shared.errors import NotFound, RuleBroken
from shared.events import Recorded
from shared.ids import new_id
from shared.messaging import instance
from shared.runtime import inbox_cause
from shared.testing import caller, open_test_runtime, request

OFFICE = caller("office_editor")
END = datetime(2021, 11, 1, tzinfo=UTC)


class World:
    """A metrics service and what a test asks of it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.runtime = open_test_runtime("metrics", folder, VIEWS)
        self.service: Any = instance(MetricsService, self.runtime)

    def ask(self, method: str, who: Caller = OFFICE, /, **body: Any) -> Any:
        return getattr(self.service, method)(request(self.runtime, who, body))

    def publish(self, *publications: Recorded) -> None:
        for publication in publications:
            self.service.on_article_published(publication)

    def judged(self) -> list[TimelinessJudged]:
        return [r.event for r in self.runtime.log.read(0).events if isinstance(r.event, TimelinessJudged)]


def published(tier: Tier = "school_home", after: timedelta = timedelta(hours=48), **more: Any) -> Recorded:
    event = ArticlePublished(**{
        "article_id": UUID(int=1), "unit_id": uuid4(), "publication_id": uuid4(), "kind": "news", "title": "t",
        "revision": 1, "channel_id": uuid4(), "channel_kind": "website", "tier": tier, "event_ended_at": END,
        "published_at": END + after, "url": None, "by": uuid4(), **more,
    })  # fmt: skip
    return recorded(event)


def recorded(event: ArticlePublished) -> Recorded:
    now = datetime.now(UTC)
    return Recorded(
        position=1, event_id=new_id(), stream="s", version=1, type=event.type, event=event, data="{}",
        occurred_at=now, recorded_at=now, actor="x", unit=None, correlation_id=new_id(), causation_id=None, hash=b"",
    )  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_figures_and_the_policy_are_there_from_the_first_start(world: World) -> None:
    names = {item["name"] for item in world.ask("list_figures")["items"]}
    assert {"news_published", "char_count", "on_time_ratio"} <= names
    assert [item["school_home_hours"] for item in world.ask("get_policy")["items"]] == [48]


def test_a_second_start_adds_nothing(world: World) -> None:
    before = world.runtime.log.head()
    world.service.ensure_defaults()
    assert world.runtime.log.head() == before


def test_a_publication_delivered_twice_is_judged_once(world: World) -> None:
    """F31."""
    told = published()
    world.publish(told, told)
    assert [one.on_time for one in world.judged()] == [True]


def test_a_publication_told_by_another_event_is_judged_once(world: World) -> None:
    told = published()
    assert isinstance(told.event, ArticlePublished)
    world.publish(told, recorded(told.event))
    assert len(world.judged()) == 1


def test_publications_in_any_order_are_judged_alike(tmp_path: Path) -> None:
    """F31: shuffled and doubled, the verdicts are those of the clean run."""
    told = [published(tier, timedelta(hours=hours)) for tier in ("school_home", "college_site") for hours in (47, 73)]
    clean, shuffled = World(tmp_path / "clean"), World(tmp_path / "shuffled")
    clean.publish(*told)
    shuffled.publish(*reversed(told), *told)
    assert sorted(clean.judged(), key=_publication) == sorted(shuffled.judged(), key=_publication)
    assert [one.on_time for one in clean.judged()] == [True, False, True, False]


def test_an_article_in_two_places_is_judged_in_each(world: World) -> None:
    world.publish(published("school_home", timedelta(hours=60)), published("college_site", timedelta(hours=60)))
    assert [(one.limit_hours, one.on_time) for one in world.judged()] == [(48, False), (72, True)]


def test_what_has_no_limit_is_not_judged_and_not_asked_for_again(world: World) -> None:
    told = (published("none"), published(event_ended_at=None))
    world.publish(*told)
    assert world.judged() == []
    assert all(world.runtime.log.answered(inbox_cause("metrics.on-article-published", one)) for one in told)


def test_a_policy_adopted_later_judges_what_is_published_from_its_day_on(world: World) -> None:
    limits = {"status": "in_force", "school_home_hours": 24, "college_site_hours": 48}
    world.ask("adopt_timeliness_policy", effective_from="2021-12-01", **limits)
    world.publish(published(after=timedelta(hours=30)))
    world.publish(published(after=timedelta(hours=30), event_ended_at=END + timedelta(days=30),
                            published_at=END + timedelta(days=30, hours=30)))  # fmt: skip
    assert [(one.policy_version, one.on_time) for one in world.judged()] == [(1, True), (2, False)]


def test_judged_publications_are_listed_newest_first_in_the_units_seen(world: World) -> None:
    unit = uuid4()
    hours = (1, 49, 50)
    world.publish(*(published(after=timedelta(hours=number), unit_id=unit) for number in hours), published())
    ours = world.ask("list_judgements", caller("viewer", unit))
    assert [item["taken_s"] for item in ours["items"]] == [50 * 3600, 49 * 3600, 3600]
    late = world.ask("list_judgements", unit_id=str(unit), on_time=False, limit=1)
    assert [item["taken_s"] for item in late["items"]] == [50 * 3600]
    rest = world.ask("list_judgements", unit_id=str(unit), on_time=False, limit=1, after=late["next"])
    assert ([item["taken_s"] for item in rest["items"]], rest["next"]) == ([49 * 3600], None)


def test_a_new_definition_is_the_one_listed(world: World) -> None:
    new = {
        "unit": "characters",
        "kind": "additive",
        "meaning_zh": "字",
        "meaning_en": "c",
        "covered_from": "2021-07-01",
    }
    done = world.ask("define_figure", name="char_count", **new)
    (listed,) = [one for one in world.ask("list_figures")["items"] if one["name"] == "char_count"]
    assert listed == {"name": "char_count", "version": 2, **new}
    assert done["version"] == 2


def test_figures_and_policies_are_for_those_who_govern(world: World) -> None:
    with pytest.raises(RuleBroken, match="may not"):
        world.ask("adopt_timeliness_policy", caller("college_editor", uuid4()), status="trial",
                  effective_from="2021-12-01", school_home_hours=1, college_site_hours=1)  # fmt: skip


def test_a_count_told_again_changes_nothing(world: World) -> None:
    body = {"channel_id": str(uuid4()), "unit_id": str(uuid4()), "followers": 5, "taken_at": "2021-01-01T00:00:00Z"}
    first = world.ask("count_followers", **body)
    again = world.ask("count_followers", **{**body, "taken_at": "2021-01-01T08:00:00+08:00"})
    assert (first["version"], again["version"]) == (1, 1)


def test_another_units_counter_is_none_of_the_callers(world: World) -> None:
    """S10, S11."""
    unit, channel, stranger = uuid4(), str(uuid4()), uuid4()
    body = {"channel_id": channel, "followers": 5, "taken_at": "2021-01-01T00:00:00Z"}
    world.ask("count_followers", unit_id=str(unit), **body)
    for claimed in (unit, stranger):
        with pytest.raises(NotFound):
            world.ask("count_followers", caller("college_editor", stranger), unit_id=str(claimed), **body)


def _publication(judged: TimelinessJudged) -> UUID:
    return judged.publication_id
