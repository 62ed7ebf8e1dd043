"""Alert rules: about measures that exist, explained in the runbook, and right by promtool's own tests."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from gateway.matrix.census import FeedCensus
from gateway.matrix.stream import Hub
from gateway.measures import StreamMeasures
from gateway.middleware.front import Front
from gateway.room import Gateway
from infra.servers.packages import promtool
from shared import meters
from shared.database import open_engine
from shared.log.census import MEASURES

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra/prometheus"
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"][0]["rules"]
of_every_rule = pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])


def measured() -> str:
    """Return every measure of ours, as Prometheus would read it."""
    registry = CollectorRegistry()
    Front(registry)
    StreamMeasures(registry, Hub(), Gateway(streams=lambda: 0))
    registry.register(FeedCensus(open_engine("sqlite://")))
    for one in (meters.CALLS, meters.SECONDS, meters.IN_USE, meters.SIZE):
        registry.register(one)
    return generate_latest(registry).decode() + "\n".join(MEASURES)


@of_every_rule
def test_an_alert_watches_measures_that_there_are(rule: dict[str, Any]) -> None:
    watched = set(re.findall(r"\b(?:matrix|gateway)_\w+", rule["expr"]))
    assert {re.sub("_(total|bucket)$", "", name) for name in watched} <= set(re.findall(r"\w+", measured())) | {
        re.sub("_total$", "", name) for name in re.findall(r"\w+", measured())
    }


@of_every_rule
def test_an_alert_has_its_line_in_the_runbook(rule: dict[str, Any]) -> None:
    chapter = (ROOT / "docs/runbook.md").read_text().partition("## Alerts")[2].partition("\n## ")[0]
    assert re.search(rf"^\| [^|]*\b{rule['alert']}\b[^|]* \| [^|]+ \| .+ \|$", chapter, re.MULTILINE)


@pytest.mark.parametrize("name", [*MEASURES, "matrix_feed_position", "matrix_calls_total", "matrix_pool_in_use"])
def test_a_measure_is_explained(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs/metrics.md").read_text()


def found(folder: Path, *words: str) -> str:
    """Return what promtool finds wrong with the files of the folder: nothing when all is right."""
    done = subprocess.run([promtool(), *words], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize("words", [("check", "config", "prometheus.yml"), ("test", "rules", "alerts.test.yml")])
def test_promtool_finds_the_rules_right(words: tuple[str, ...]) -> None:
    assert not found(FOLDER, *words)


@pytest.mark.parametrize("mutant", ["vector(1)", "vector(0) > 1"], ids=["always", "never"])
def test_alerts_that_are_always_or_never_there_are_found_out_one_by_one(mutant: str, tmp_path: Path) -> None:
    """An alert that nobody wrote both tests for stays unnoticed, and fails here."""
    rules = [{**rule, "expr": mutant} for rule in RULES]
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump({"groups": [{"name": "platform", "rules": rules}]}))
    (tmp_path / "alerts.test.yml").write_text((FOLDER / "alerts.test.yml").read_text())
    said = found(tmp_path, "test", "rules", "alerts.test.yml")
    assert set(re.findall(r"alertname: ?(\w+)", said)) == {rule["alert"] for rule in RULES}
