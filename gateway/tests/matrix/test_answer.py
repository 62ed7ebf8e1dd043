"""What the matrix answers: figures, kinds, precision, coverage, names, scopes."""

from datetime import date, timedelta
from json import JSONDecodeError
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from gateway.matrix import answer
from gateway.tests.matrix.kit import History, apply, ask, at, totals
from shared.contracts.content.events import ChannelStatusChanged, UnitMerged, UnitRenamed


def figures(answer: dict[str, Any], unit: UUID) -> dict[str, Any]:
    """Return a unit's figures."""
    found: dict[str, Any] = next(each for each in answer["units"] if each["id"] == str(unit))["figures"]
    return found


def test_a_published_news_article_counts_for_its_unit_channel_kind_and_total(model: Engine) -> None:
    history = History()
    unit = history.unit("海洋学院")
    site = history.channel(unit, "website", "学院网站")
    history.define("news_published", "additive", "articles")
    history.publish(unit, site, at("2021-07-01T00:00"))
    apply(model, history.events)
    answer = ask(model, "2021-H2")
    href = "/v1/figures/news_published/events?period=2021-H2"
    cell = {
        "value": 1, "unit": "articles", "precision": "exact", "coverage": {"from": "2021-07-01", "to": "2021-12-31"},
        "definition": 1, "href": href,
    }  # fmt: skip
    (row,) = answer["units"]
    assert (row["name"], row["kind"]) == ("海洋学院", "college")
    assert row["figures"] == {"news_published": {**cell, "href": f"{href}&unit={unit}"}}
    (channel,) = row["channels"]
    assert (channel["name"], channel["kind"], channel["status"]) == ("学院网站", "website", "active")
    assert channel["figures"] == {"news_published": {**cell, "href": f"{href}&unit={unit}&channel={site}"}}
    assert answer["totals"]["figures"] == {"news_published": cell}
    kind = {"news_published": {**cell, "href": f"{href}&kind=website"}}
    assert answer["totals"]["kinds"] == {"website": {"figures": kind}}
    assert ask(model, "2021-H1")["totals"]["figures"] == {}


def test_names_are_told_as_they_were_given_whatever_is_in_them(model: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """``ask`` checks the JSON; the mutant that writes a name as it is makes none of this one."""
    history, name = History(), '"海洋"\\ \n{}</script>\u2028'
    unit = history.unit(name)
    history.publish(unit, history.channel(unit, "website", name), at("2021-07-01T00:00"))
    apply(model, history.events)
    (row,) = ask(model, "2021")["units"]
    assert row["name"] == row["channels"][0]["name"] == name
    monkeypatch.setattr(answer, "_json", '"{}"'.format)
    with pytest.raises(JSONDecodeError):
        ask(model, "2021")


def test_the_year_begins_at_midnight_in_shanghai(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    site = history.channel(unit)
    history.publish(unit, site, at("2021-01-01T00:00"))
    history.publish(unit, site, at("2021-01-01T00:00") - timedelta(microseconds=1))
    apply(model, history.events)
    assert totals(ask(model, "2021")) == totals(ask(model, "2020")) == {"news_published": 1}


def test_what_nobody_measured_is_absent_and_never_nought(model: Engine) -> None:
    history = History()
    history.unit("u")
    apply(model, history.events)
    answer = ask(model, "2021")
    assert answer["units"][0]["figures"] == {} and answer["totals"] == {"figures": {}, "kinds": {}}


def test_growth_is_last_less_first_and_exact_with_a_count_at_the_start(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    account = history.channel(unit, "wechat_oa")
    for when, followers in (
        ("2021-01-01T00:00", 1000), ("2021-04-01T00:00", 1500), ("2021-07-01T00:00", 2682), ("2022-01-01T00:00", 5724),
    ):  # fmt: skip
        history.followers(unit, account, at(when), followers)
    apply(model, history.events)
    grown = {}
    for period in ("2021", "2021-H1", "2021-H2"):
        figure = ask(model, period)["totals"]["figures"]["net_follower_growth"]
        grown[period] = (figure["value"], figure["precision"], figure["coverage"]["to"])
    assert grown == {
        "2021": (4724, "exact", "2021-12-31"),
        "2021-H1": (1682, "exact", "2021-06-30"),
        "2021-H2": (3042, "exact", "2021-12-31"),
    }


def test_growth_without_a_count_before_the_period_is_at_least_that(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    douyin = history.channel(unit, "douyin")
    history.followers(unit, douyin, at("2021-09-10T12:00"), 500)
    history.followers(unit, douyin, at("2021-12-20T12:00"), 2600)
    apply(model, history.events)
    figure = ask(model, "2021-H2")["totals"]["kinds"]["douyin"]["figures"]["net_follower_growth"]
    assert (figure["value"], figure["precision"]) == (2100, "at_least")
    assert figure["coverage"] == {"from": "2021-09-10", "to": "2021-12-20"}
    assert ask(model, "2021-12")["totals"]["figures"]["net_follower_growth"]["precision"] == "exact"


def test_a_late_count_moves_growth_between_periods_and_leaves_the_whole(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    account = history.channel(unit, "wechat_oa")
    history.followers(unit, account, at("2021-01-01T00:00"), 100)
    history.followers(unit, account, at("2021-12-01T00:00"), 300)
    known = history.clock
    apply(model, history.events)
    assert totals(ask(model, "2021-H1")) == {}
    apply(model, [history.followers(unit, account, at("2021-06-30T12:00"), 180)])
    assert totals(ask(model, "2021-H1")) == {"net_follower_growth": 80}
    assert totals(ask(model, "2021-H2")) == {"net_follower_growth": 120}
    assert totals(ask(model, "2021")) == {"net_follower_growth": 200}
    assert totals(ask(model, "2021-H2", as_of=known)) == {"net_follower_growth": 200}


def test_an_earlier_first_count_makes_at_least_exact(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    account = history.channel(unit, "wechat_oa")
    history.followers(unit, account, at("2021-03-01T12:00"), 300)
    history.followers(unit, account, at("2021-05-01T12:00"), 350)
    apply(model, history.events)
    assert ask(model, "2021-H1")["totals"]["figures"]["net_follower_growth"]["precision"] == "at_least"
    apply(model, [history.followers(unit, account, at("2020-12-20T12:00"), 250)])
    figure = ask(model, "2021-H1")["totals"]["figures"]["net_follower_growth"]
    assert (figure["value"], figure["precision"]) == (100, "exact")


def test_reads_begin_at_nought_and_are_never_added_to_readers(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    article = uuid4()
    history.reads(unit, article, at("2021-06-20T12:00"), 200)
    history.reads(unit, article, at("2021-08-20T12:00"), 340)
    apply(model, history.events)
    assert totals(ask(model, "2021")) == {"view_count": 340}
    assert totals(ask(model, "2021-H1")) == {"view_count": 200}


def test_a_figure_covered_from_a_day_on_counts_from_that_day(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    history.approve(unit, at("2021-09-30T23:59"), 1000)
    history.approve(unit, at("2021-10-01T00:00"), 270)
    history.approve(unit, at("2021-11-05T00:00"), 30)
    history.define("char_count", "additive", "characters", date(2021, 10, 1))
    apply(model, history.events)
    figure = ask(model, "2021")["totals"]["figures"]["char_count"]
    assert figure["value"] == 300
    assert figure["coverage"] == {"from": "2021-10-01", "to": "2021-12-31"}
    assert ask(model, "2021-H1")["totals"]["figures"] == {}
    assert totals(ask(model, "2021-10-02..2021-12-31")) == {"char_count": 30}


def test_a_ratio_keeps_both_its_parts(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    site = history.channel(unit)
    for on_time in (True, True, False):
        history.judge(unit, site, at("2021-05-05T12:00"), on_time)
    apply(model, history.events)
    figure = ask(model, "2021")["totals"]["figures"]["on_time_ratio"]
    assert (figure["value"], figure["numerator"], figure["denominator"]) == (0.6667, 2, 3)


def test_a_caller_bound_to_a_unit_sees_its_rows_and_totals_only(model: Engine) -> None:
    history = History()
    mine, other = history.unit("mine"), history.unit("other")
    site, foreign = history.channel(mine), history.channel(other)
    history.publish(mine, site, at("2021-05-05T12:00"))
    for _ in range(5):
        history.publish(other, foreign, at("2021-05-05T12:00"))
    apply(model, history.events)
    answer = ask(model, "2021", scope=frozenset({mine}))
    assert [row["name"] for row in answer["units"]] == ["mine"]
    assert totals(answer) == {"news_published": 1}
    assert str(other) not in str(answer) and str(foreign) not in str(answer)
    assert ask(model, "2021", scope=frozenset())["units"] == []


def test_a_unit_that_published_on_anothers_channel_lists_it_and_gets_the_credit(model: Engine) -> None:
    history = History()
    college, office = history.unit("college"), history.unit("office", "office")
    home = history.channel(office, "website", "school home")
    history.publish(college, home, at("2021-05-05T12:00"))
    apply(model, history.events)
    answer = ask(model, "2021", scope=frozenset({college}))
    assert totals(answer) == {"news_published": 1}
    assert [channel["name"] for channel in answer["units"][0]["channels"]] == ["school home"]
    assert figures(ask(model, "2021"), office) == {}


def test_one_kind_of_unit_or_channel_can_be_asked_for(model: Engine) -> None:
    history = History()
    college, office = history.unit("college"), history.unit("office", "office")
    site, account = history.channel(college), history.channel(office, "wechat_oa")
    history.publish(college, site, at("2021-05-05T12:00"))
    history.publish(office, account, at("2021-05-05T12:00"), "wechat_post", "wechat_oa")
    apply(model, history.events)
    assert totals(ask(model, "2021", kind="office")) == {"wechat_posts": 1}
    assert totals(ask(model, "2021", kind="website")) == {"news_published": 1}
    assert [row["name"] for row in ask(model, "2021", kind="office")["units"]] == ["office"]
    assert totals(ask(model, "2021", unit=college)) == {"news_published": 1}


def test_a_period_shows_units_by_the_names_they_bore_at_its_end(model: Engine) -> None:
    history = History()
    unit = history.unit("old name")
    event = UnitRenamed(unit_id=unit, name="new name", since=date(2021, 7, 1))
    history.add(f"unit-{unit}", event)
    apply(model, history.events)
    assert ask(model, "2021-H1")["units"][0]["name"] == "old name"
    assert ask(model, "2021-H2")["units"][0]["name"] == "new name"
    before = history.clock - timedelta(minutes=1)
    assert ask(model, "2021-H2", as_of=before, today=date(2022, 1, 1))["units"][0]["name"] == "old name"


def test_a_merged_unit_keeps_what_it_did_and_is_shown_no_longer_than_that(model: Engine) -> None:
    history = History()
    unit, into = history.unit("old"), history.unit("into")
    history.publish(unit, history.channel(unit), at("2021-03-01T12:00"))
    history.add(f"unit-{unit}", UnitMerged(unit_id=unit, into_id=into, since=date(2021, 6, 1)))
    apply(model, history.events)
    assert {row["name"] for row in ask(model, "2021")["units"]} == {"old", "into"}
    assert figures(ask(model, "2021"), unit)["news_published"]["value"] == 1
    assert {row["name"] for row in ask(model, "2021-H2")["units"]} == {"into"}


def test_a_closed_channel_is_shown_until_its_last_period(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    channel = history.channel(unit)
    history.add(
        f"channel-{channel}",
        ChannelStatusChanged(channel_id=channel, unit_id=unit, status="closed", at=at("2021-05-01T12:00")),
    )
    apply(model, history.events)
    assert [each["status"] for each in ask(model, "2021-H1")["units"][0]["channels"]] == ["closed"]
    assert ask(model, "2021-H2")["units"][0]["channels"] == []


def test_an_answer_as_of_a_moment_knows_nothing_recorded_later(model: Engine) -> None:
    history = History()
    unit = history.unit("u")
    site = history.channel(unit)
    first = history.publish(unit, site, at("2021-03-01T12:00"), recorded_at=at("2021-03-02T10:00"))
    history.publish(unit, site, at("2021-03-01T13:00"), recorded_at=at("2021-03-02T11:00"))
    history.publish(unit, site, at("2021-03-01T14:00"), recorded_at=at("2021-04-02T10:00"))
    apply(model, history.events)
    assert totals(ask(model, "2021", as_of=first.recorded_at)) == {"news_published": 1}
    assert totals(ask(model, "2021", as_of=first.recorded_at - timedelta(microseconds=1))) == {}
    assert totals(ask(model, "2021", as_of=at("2021-03-20T00:00"))) == {"news_published": 2}
    assert totals(ask(model, "2021")) == {"news_published": 3}
