"""One run in one mode: set up, let people work and faults happen, let everything calm down, judge."""

import random
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.servers.ports import wait_until
from tests.chaos import checker, drills
from tests.chaos.checker import Verdict
from tests.chaos.clients import Crowd, Office
from tests.chaos.facts import read_facts, still_readable
from tests.chaos.faults import ERASURE, Harm, command_failpoint, deck, expected, hits
from tests.chaos.history import Fault, History
from tests.chaos.stage import EMBEDDED, Stage, distributed, embedded

AUTHORS = 6
CALM_S, LONGEST_CALM_S = 60.0, 400.0  # a message may wait five minutes for its next try
WARM_S = 1.0
BACK_S = 30.0
ROUND_S = 60.0
LOGS_KEPT = 20_000
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run. ``names``: only these faults, each once, and no failpoint has to be hit; else all there are."""

    mode: str
    seed: int
    seconds: float
    names: tuple[str, ...] | None = None
    calm_s: float = CALM_S
    durable: bool = True
    drills: bool = True


@dataclass(kw_only=True)
class Result:
    """How a run went. ``faults_s`` seconds passed from the first fault to the last."""

    plan: Plan
    history: History
    verdict: Verdict = field(default_factory=Verdict)
    faults_s: float = 0.0
    calmed_s: float = 0.0
    missed: list[str] = field(default_factory=list)  # failpoints, and faults that were not brought about
    restored: list[str] = field(default_factory=list)  # what was not as it should be after the copies were brought back
    said: str = ""

    @property
    def holds(self) -> bool:
        """Whether every promise was kept, every fault brought about, and every copy as good as what it was made of."""
        return self.verdict.holds and not self.missed and not self.restored


def run(plan: Plan, tell: Tell) -> Result:
    """Return how the run went; everything that was started for it has ended."""
    chance, began = random.Random(f"{plan.seed}/{plan.mode}"), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="matrix-chaos-") as name:
        folder = Path(name)
        stage = embedded(folder) if plan.mode == EMBEDDED else distributed(folder, durable=plan.durable)
        tell(f"{plan.mode}: ready after {time.monotonic() - began:.0f} s, seed {plan.seed}")
        try:
            return _on_stage(stage, plan, chance, tell)
        finally:
            stage.end()


def _on_stage(stage: Stage, plan: Plan, chance: random.Random, tell: Tell) -> Result:
    history = History()
    result = Result(plan=plan, history=history)
    office = Office(stage.url, stage.key, history)
    crowd = Crowd(office, AUTHORS)
    try:
        crowd.start()
        time.sleep(WARM_S)
        _harm(stage, plan, chance, history, tell)
        result.faults_s = history.now()
        _erase(stage, plan, office, history, tell)
        made = drills.copy(stage, history)
        stage.matrix("erase-person", office.erased_late, "--yes")  # the copy holds their key
        time.sleep(WARM_S)
        crowd.stop()
        tell(f"{history.now():6.1f} s  no more faults: everything calms down")
        stage.wait_until_ready()
        _calm(stage, plan, crowd)
        wait_until(lambda: not office.imports_unfinished(history), plan.calm_s)
        office.give_up()
        crowd.join(10.0)
        result.calmed_s = history.now() - result.faults_s
        facts = read_facts(stage)
        result.verdict = checker.judge(stage, history, facts)
        result.verdict.unexpected += checker.questions(stage) + still_readable(stage)
        result.verdict.unexpected += office.imports_unfinished(history) + office.ask_again(history)
        result.verdict.lost += checker.passed_over(facts, read_facts(stage))
        if plan.names is None:
            result.missed = sorted(expected(plan.mode) - hits(stage)) + not_brought_about(history.faults)
        if plan.drills:
            tell(f"{history.now():6.1f} s  copies made under load are brought back")
            result.restored = drills.bring_back(stage, office, made, history)
        if not result.holds:
            result.said = stage.last_words()[-LOGS_KEPT:]
        return result
    finally:
        office.give_up()
        office.close()


def _harm(stage: Stage, plan: Plan, chance: random.Random, history: History, tell: Tell) -> None:
    """Bring about every fault of the deck once in each round, lane beside lane; a round lasts a minute or longer."""
    harms = [harm for harm in deck(plan.mode) if plan.names is None or harm.name in plan.names]
    if plan.names is not None and (unknown := set(plan.names) - {harm.name for harm in harms}):
        raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")
    began, rounds = time.monotonic(), max(1, int(plan.seconds / ROUND_S))
    failures: list[BaseException] = []

    def work(lane: Sequence[Harm], mine: random.Random) -> None:
        try:
            for number in range(rounds):
                for place, harm in enumerate(mine.sample(lane, len(lane))):
                    due = began + plan.seconds * (number + place / len(lane)) / rounds  # spread over the time there is
                    time.sleep(max(mine.uniform(0.5, 2.0), due - time.monotonic()))
                    _bring(stage, harm, mine, history, tell)
                    wait_until(stage.is_ready, BACK_S)  # let people get something done in between
        except BaseException as error:  # told to the run, which ends with it
            failures.append(error)

    lanes = [[harm for harm in harms if harm.lane == lane] for lane in sorted({harm.lane for harm in harms})]
    threads = [
        threading.Thread(target=work, args=(lane, random.Random(chance.random())), daemon=True) for lane in lanes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    time.sleep(max(0.0, began + plan.seconds - time.monotonic()))


def _bring(stage: Stage, harm: Harm, chance: random.Random, history: History, tell: Tell) -> None:
    with history.fault(harm.name, harm.probe, tell) as fault:
        fault.detail = harm.act(stage, chance)
    if fault.detail:
        tell(f"{fault.end:6.1f} s  {harm.name}: {fault.detail}")


def not_brought_about(faults: Sequence[Fault]) -> list[str]:
    """Return the faults that did nothing in any round, and why: a run that did not try them shows nothing of them."""
    done = {fault.name for fault in faults if not fault.detail}
    return [f"{fault.name}: {fault.detail}" for fault in faults if fault.name not in done]


def _erase(stage: Stage, plan: Plan, office: Office, history: History, tell: Tell) -> None:
    """Erase a person while people still work; the first attempt dies between the key and the fact."""
    command = ("erase-person", office.erased, "--yes")
    if plan.names is None:
        _bring(stage, command_failpoint(ERASURE, command), random.Random(plan.seed), history, tell)
    stage.matrix(*command)


def _calm(stage: Stage, plan: Plan, crowd: Crowd) -> None:
    """Return when everybody is done and every effect is there, or when nothing can be hoped for any longer."""
    began = time.monotonic()
    crowd.join(plan.calm_s)

    def calm() -> bool:
        return checker.left_to_do(read_facts(stage)) == 0

    if not wait_until(calm, max(5.0, plan.calm_s - (time.monotonic() - began))):
        waits = read_facts(stage).letters
        if waits and plan.calm_s >= CALM_S:
            wait_until(calm, LONGEST_CALM_S)
