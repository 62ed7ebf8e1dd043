"""The golden year, loaded through the public API into a platform that is killed half-way."""

import subprocess
import sys
from typing import Any

import pytest

from infra.demo import year
from infra.servers.ports import wait_until
from shared.contracts.content.events import ArticleSubmitted
from shared.database import open_engine, reading
from tests.e2e.platforms import Platform

HALF_WAY = 600  # of 1330 articles handed in
PATIENCE_S = 240.0


@pytest.mark.timeout(600)
def test_the_year_is_exact_though_the_platform_was_killed_half_way(embedded: Platform) -> None:
    """Done when: killed with -9 half-way through the demonstration, started again, repeated: the totals are exact."""
    loader = subprocess.Popen(
        [sys.executable, "-m", "infra.cli", "demo"], env=embedded.env,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert wait_until(lambda: _handed_in(embedded) >= HALF_WAY or loader.poll() is not None, PATIENCE_S)
    embedded.kill("run")
    loader.kill()
    said, _ = loader.communicate()
    assert "loading the golden year" in said and "2021-H2" not in said, said
    assert embedded.folder.joinpath("data/content.db").exists()

    embedded.start()
    assert 0 < _handed_in(embedded) <= len(year.news()) + len(year.posts())
    again = embedded.matrix("demo", patience_s=PATIENCE_S)
    assert again.returncode == 0, again.stdout + again.stderr
    for period, wanted in year.TOTALS.items():
        totals = embedded.admin.get("matrix", period=period)["totals"]
        assert {name: _value(totals, name) for name in wanted} == wanted
        assert _value(totals["kinds"]["wechat_oa"], "net_follower_growth") == year.WECHAT_GROWTH[period]
    third = embedded.matrix("demo")
    assert third.returncode == 0 and "loading" not in third.stdout, third.stdout


def test_figures_say_how_much_they_know(embedded: Platform) -> None:
    """Douyin's growth is a lower bound; characters are covered from October on; the other half of the year fits."""
    whole, first, second = (embedded.admin.get("matrix", period=f"2021{half}")["totals"] for half in ("", "-H1", "-H2"))
    douyin = second["kinds"]["douyin"]["figures"]["net_follower_growth"]
    assert (douyin["precision"], douyin["value"] > 2_000) == ("at_least", True)
    characters = whole["figures"]["char_count"]
    assert characters["value"] > 270_000 and characters["coverage"]["from"] == "2021-10-01"
    for name in year.TOTALS["2021"]:
        halves = sum(_value(half, name) for half in (first, second) if name in half["figures"])
        assert halves == _value(whole, name), name
    assert embedded.matrix("verify").returncode == 0


def _handed_in(platform: Platform) -> int:
    """Return how many articles left the draft, as the log's file says."""
    engine = open_engine(platform.settings.database_url("content"))
    with reading(engine) as db:
        found = db.exec_driver_sql("select count(*) from event where type = ?", (ArticleSubmitted.type,)).scalar_one()
    engine.dispose()
    return int(found)


def _value(totals: dict[str, Any], name: str) -> Any:
    return totals["figures"][name]["value"]
