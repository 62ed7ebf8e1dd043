"""Compares what was promised with what is there, after everything calmed: logs, inboxes, the matrix and the wire."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shared.contracts.consumers import CONSUMERS, MATRIX
from tests.chaos.facts import Facts
from tests.chaos.history import History, Operation
from tests.chaos.stage import DISTRIBUTED, Stage
from tests.chaos.wire import Copy

# The event that an acknowledged operation must have left.
LEAVES = {
    "draft": "content.article.drafted.v1",
    "submit": "content.article.submitted.v1",
    "retract": "content.article.submission_retracted.v1",
    "decide": "review.case.approved.v1",
    "publish": "content.article.published.v1",
    "count": "metrics.followers.counted.v1",
    "upload": "media.asset.added.v1",
    "train": "training.session.scheduled.v1",
}
PUBLISHED = "content.article.published.v1"


@dataclass(kw_only=True)
class Verdict:
    """What was found. Lists hold a line for each finding; all but ``raw`` have to be empty."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    raw: int | None = None  # copies that were sent more than once; None where nothing is sent

    @property
    def holds(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.doubled or self.reordered or self.unexpected)


def left_to_do(facts: Facts) -> int:
    """Return how much is still to come: handlings, waiting messages, publications not counted and events not read."""
    return len(_unhandled(facts)) + len(facts.letters) + len(_uncounted(facts)) + facts.unread


def passed_over(before: Facts, after: Facts) -> list[str]:
    """Return the events that the matrix had not met, although nothing was left to do, and met when it was rebuilt."""
    return [f"the matrix had passed over {event_id}" for event_id in sorted(after.applied - before.applied)]


def judge(stage: Stage, history: History, facts: Facts) -> Verdict:
    """Return what does not fit."""
    verdict = judge_effects(stage, facts)
    imports_lost, imports_doubled = _imports(history, facts)
    verdict.lost += operations_lost(history, facts) + imports_lost
    verdict.doubled += _operations_doubled(history, facts) + imports_doubled
    verdict.unexpected += [*_refused(history), *_strangers(history, facts)]
    return verdict


def judge_effects(stage: Stage, facts: Facts) -> Verdict:
    """Return what does not fit in logs, inboxes, matrix and wire, whoever asked for it."""
    verdict = Verdict()
    verdict.lost += _unhandled(facts) + _uncounted(facts)
    verdict.doubled += _effects_doubled(facts)
    verdict.reordered += _effects_reordered(facts)
    verdict.unexpected += [*_gaps(facts), *(f"waits or is dead: {letter}" for letter in facts.letters)]
    if stage.mode == DISTRIBUTED:
        _judge_wire(stage.sent.copies, facts, verdict)
    return verdict


def questions(stage: Stage) -> list[str]:
    """Verify every chain, build every read model anew, look for dead letters; return what is not as it should be."""
    found = []
    if (verified := stage.matrix("verify")).returncode:
        found.append(f"matrix verify: {verified.stdout}{verified.stderr[-500:]}")
    rebuilt = stage.matrix("rebuild")
    if rebuilt.stdout.count("it was right already") != 6:
        found.append(f"matrix rebuild: {rebuilt.stdout}{rebuilt.stderr[-500:]}")
    letters = stage.matrix("dead-letters", "list")
    if not letters.stdout.startswith("0 dead letters"):
        found.append(f"matrix dead-letters: {letters.stdout}{letters.stderr[-500:]}")
    return found


def operations_lost(history: History, facts: Facts) -> list[str]:
    """Return what was acknowledged and is in no log."""
    return [
        f"acknowledged and not in the log: {one.kind} {one.key}"
        for one in history.acknowledged()
        if one.kind in LEAVES and not facts.there[LEAVES[one.kind], _stream(one)]
    ]


def _operations_doubled(history: History, facts: Facts) -> list[str]:
    asked = Counter((LEAVES[one.kind], _stream(one)) for one in history.operations if one.kind in LEAVES)
    return [
        f"{name} asked {times} times and done {facts.there[name, stream]} times in {stream}"
        for (name, stream), times in asked.items()
        if facts.there[name, stream] > times
    ]


def _imports(history: History, facts: Facts) -> tuple[list[str], list[str]]:
    """Return what is missing of imported rows, and what is there twice."""
    lost, doubled = [], []
    asked = [one for one in history.operations if one.kind == "import"]
    for channel in {str(one.body["channel"]) for one in asked}:
        mine = [one for one in asked if one.body["channel"] == channel]
        there = facts.there[LEAVES["count"], f"followers-{channel}"]
        if there < (least := sum(one.body["rows"] for one in mine if one.outcome == "ok")):
            lost.append(f"{least} rows were taken on to be imported, {there} are there")
        if there > (most := sum(one.body["rows"] for one in mine)):
            doubled.append(f"{most} rows were sent to be imported, {there} are there")
    return lost, doubled


def _stream(one: Operation) -> str:
    """Return the stream in which an operation leaves its event; its path or its answer names it."""
    match one.kind:
        case "draft":
            return f"article-{one.answer.get('id')}"
        case "submit" | "retract" | "publish":
            return f"article-{one.path.split('/')[3]}"
        case "decide":
            return f"case-{one.path.split('/')[3]}"
        case "count":
            return f"followers-{one.path.split('/')[3]}"
        case "train":
            return f"session-{one.answer.get('id')}"
    return f"asset-{one.answer.get('id')}"


def _unhandled(facts: Facts) -> list[str]:
    return [
        f"{consumer.name} did not handle {event.type} {event.event_id}"
        for consumer in CONSUMERS
        if consumer != MATRIX
        for log in facts.logs.values()
        for event in log
        if consumer.takes(event.type) and event.event_id not in facts.handled[consumer.name]
    ]


def _uncounted(facts: Facts) -> list[str]:
    events = [event for event in facts.logs["content"] if event.type == PUBLISHED]
    missing = [f"the matrix did not count {one.event_id}" for one in events if not facts.published[one.event_id]]
    if not missing and facts.summed < len(events):
        missing.append(f"the matrix sums {facts.summed} of {len(events)} publications")
    return missing


def _effects_doubled(facts: Facts) -> list[str]:
    found = [f"the matrix counted {one} {times} times" for one, times in facts.published.items() if times > 1]
    events = sum(event.type == PUBLISHED for event in facts.logs["content"])
    if facts.summed > events:
        found.append(f"the matrix sums {facts.summed} of {events} publications")
    effects = Counter(
        (event.actor, event.caused_by, event.stream, event.type)
        for log in facts.logs.values()
        for event in log
        if event.caused_by is not None
    )
    return found + [f"{actor} did {name} {times} times for {cause}"
                    for (actor, cause, _, name), times in effects.items() if times > 1]  # fmt: skip


def _effects_reordered(facts: Facts) -> list[str]:
    """Return effects that stand in another order than their causes, within one consumer and one stream of causes."""
    causes = {event.event_id: event for log in facts.logs.values() for event in log}
    last: dict[tuple[str, str], int] = {}
    found = []
    for log in facts.logs.values():
        for effect in log:
            if effect.caused_by is None or (cause := causes.get(effect.caused_by)) is None:
                continue
            lane = (effect.actor, cause.stream)
            if cause.version < last.get(lane, 0):
                found.append(f"{effect.actor} took version {cause.version} of {cause.stream} after {last[lane]}")
            last[lane] = cause.version
    return found


def _refused(history: History) -> Iterator[str]:
    for one in history.operations:
        if one.outcome == "fail":
            yield f"refused: {one.kind} {one.key}: {one.detail}"
        elif one.outcome != "ok" and one.kind != "read":
            yield f"never answered: {one.kind} {one.key}: {one.detail}"


def _strangers(history: History, facts: Facts) -> Iterator[str]:
    """Yield articles that nobody asked for."""
    drafts = sum(one.kind == "draft" for one in history.operations)
    there = sum(event.type == LEAVES["draft"] for event in facts.logs["content"])
    if there > drafts:
        yield f"{there} articles were drafted, {drafts} were asked for"


def _gaps(facts: Facts) -> Iterator[str]:
    for service, log in facts.logs.items():
        versions: dict[str, int] = {}
        for event in log:
            if event.version != versions.get(event.stream, 0) + 1:
                yield f"{service}: version {event.version} of {event.stream} follows {versions.get(event.stream, 0)}"
            versions[event.stream] = event.version


def _judge_wire(copies: Sequence[Copy], facts: Facts, verdict: Verdict) -> None:
    """Judge what relays sent: nothing uncommitted, each log in its order; doubles are counted only."""
    committed = {event.event_id for log in facts.logs.values() for event in log}
    ghosts = {copy.event_id for copy in copies} - committed
    verdict.unexpected += [f"sent and not in any log: {ghost}" for ghost in ghosts]
    seen: set[tuple[str, str]] = set()
    last: dict[tuple[str, str], int] = {}
    for copy in copies:
        if (copy.receiver, copy.event_id) in seen:
            continue
        seen.add((copy.receiver, copy.event_id))
        lane = (copy.receiver, copy.source)
        if copy.position < last.get(lane, 0):
            verdict.reordered.append(f"{copy.source} {copy.position} sent to {copy.receiver} after {last[lane]}")
        last[lane] = copy.position
    verdict.raw = len(copies) - len(seen)
