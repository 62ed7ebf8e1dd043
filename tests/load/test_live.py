"""The harness at work: a server that cheats is found out, and fifty viewers of the real platform lose nothing."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.servers.ports import answers as listens
from infra.servers.ports import free_port, wait_until
from loadtests.live.judge import conclude, limits
from loadtests.live.ledger import Verdict, judge
from loadtests.live.plan import Plan
from loadtests.live.platform import CannotLoad, address, people, platform
from loadtests.live.report import Run, page
from loadtests.live.run import run
from loadtests.live.shapes import shape_of

SHORT = {"calm_s": 1.5, "load_s": 3.0, "after_s": 0.5, "news_per_s": 10.0}
SMOKE = {"calm_s": 3.0, "load_s": 4.0, "after_s": 5.0, "news_per_s": 3.0}


def watched(folder: Path, fault: str) -> Verdict:
    """Return what forty viewers who are cut off twice had from a bare server with a fault."""
    port = free_port()
    bare = subprocess.Popen([sys.executable, "-m", "loadtests.live.bare", str(port), "10", *filter(None, [fault])])
    try:
        assert wait_until(lambda: listens(port), 30)
        plan = Plan(
            port=port, folder=str(folder), shape="storm", viewers=40, seed=1, crowds=1, starts_at=0.0, keys=("mm_x",),
            options=SHORT,
        )  # fmt: skip
        return judge([segments for part in run(plan, ["crowd-0"]) for segments in part.viewers])
    finally:
        bare.kill()
        bare.wait()


def test_a_server_that_drops_or_doubles_an_event_is_found_out(tmp_path: Path) -> None:
    """The checker's own mutants: one viewer in ten is cheated, of every third event."""
    faults = ("", "drop", "double")
    folders = [tmp_path / (fault or "honest") for fault in faults]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor() as pool:
        honest, dropped, doubled = pool.map(watched, folders, faults)
    assert honest.delivered > 500 and (honest.missing, honest.doubled, honest.disordered) == (0, 0, 0)
    assert dropped.missing > 0 and dropped.doubled == 0
    assert doubled.doubled > 0 and doubled.missing == 0


def test_fifty_viewers_who_are_cut_off_twice_lose_nothing(tmp_path: Path) -> None:
    """F50, on the whole platform, with editors at work; and its report is whole in itself."""
    shape = shape_of("storm", 50, 1, **SMOKE)
    with platform(None, fresh=True) as of, people(of, 150, channels=2) as who:
        plan = Plan(
            port=of.port, folder=str(tmp_path), shape="storm", viewers=50, seed=1, crowds=1, starts_at=0.0,
            keys=who.viewers, editor_key=who.editor, unit=who.unit, channels=who.channels, options=SMOKE,
        )  # fmt: skip
        parts = run(plan, ["desk", "crowd-0"])
    said = conclude(parts, [], shape, limits())
    assert said.verdict.news >= 5 and said.verdict.delivered > 200 and said.held >= 50, said
    assert (said.verdict.missing, said.verdict.doubled, said.verdict.disordered) == (0, 0, 0)
    assert next(line for line in said.lines if line.name == "changes nobody heard of").value == 0
    html = page(Run(shape=shape, parts=parts, rehearsal=[], judgement=said, gauge=[], facts={"seed": 1}))
    assert html.count("<svg") >= 5 and "src=" not in html and "http" not in html.replace("http://127.0.0.1", "")


def test_of_many_processes_three_fail_one_after_the_other_and_there_is_time_to_recover() -> None:
    one, many = shape_of("fault", 10, 1), shape_of("fault", 10, 1, many=1.0)
    assert one.faults == (21.0,) and many.faults == (21.0, 25.0, 40.0)
    assert many.disturbed_until + 10 <= many.ends_at


@pytest.mark.parametrize("url", ["http://matrix.example.edu", "http://10.0.0.1:8000", "http://127.0.0.1.example.edu"])
def test_load_goes_to_this_machine_only(url: str) -> None:
    with pytest.raises(CannotLoad, match="is not this machine"):
        address(url)


def test_a_platform_that_gives_no_key_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs on another DATA=, or in containers that are gone: the command prints no key."""
    monkeypatch.delenv("MATRIX_KEY", raising=False)
    monkeypatch.setattr("loadtests.live.platform._is_ready", lambda _: True)
    monkeypatch.setattr("loadtests.live.platform._made_key", lambda: "")
    with pytest.raises(CannotLoad, match="set MATRIX_KEY"), platform("http://127.0.0.1:8000", fresh=False):
        pass
