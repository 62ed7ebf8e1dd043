"""The harness itself: a short run in each mode, what its checker finds, and that its mutants still fit the code."""

from collections import Counter, defaultdict
from pathlib import Path
from uuid import uuid4

import pika
import pytest
from pika.frame import Header, Method
from pika.spec import Basic

from infra.supervisor import COMMANDS
from tests.chaos.checker import judge, left_to_do
from tests.chaos.facts import Facts, Stored
from tests.chaos.faults import deck, expected
from tests.chaos.history import History
from tests.chaos.mutants import MUTANTS, write_tree
from tests.chaos.report import summary, write_report
from tests.chaos.run import Plan, Result, not_brought_about, run
from tests.chaos.stage import DISTRIBUTED, EMBEDDED, Stage
from tests.chaos.wire import Copy, Sent

SMOKE = {
    EMBEDDED: ("run dies at append.after_insert_before_commit",),
    DISTRIBUTED: ("review dies at consumer.after_receive", "database: connections reset"),
}
SUBMITTED = "content.article.submitted.v1"


@pytest.mark.timeout(400)
@pytest.mark.parametrize("mode", SMOKE)
def test_a_short_run_keeps_every_promise(mode: str, tmp_path: Path) -> None:
    drills = mode == EMBEDDED  # on servers they take half a minute; `make chaos` carries them out in both modes
    result = run(Plan(mode=mode, seed=14, seconds=0, names=SMOKE[mode], durable=False, drills=drills), print)
    assert result.holds, summary(result) + result.said
    assert len(result.history.faults) == len(SMOKE[mode]) and not any(one.detail for one in result.history.faults)
    assert len(result.history.acknowledged("publish")) > 0
    page = write_report([result], tmp_path).read_text()
    assert all(name in page for name in SMOKE[mode]) and "<svg" in page
    assert "src=" not in page and "href=" not in page, "the page needs nothing but itself"


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_still_fits_the_code(name: str, tmp_path: Path) -> None:
    """Each is run by ``make chaos MUTANT=``; here only that its words are still there to be changed."""
    mutant = MUTANTS[name]
    write_tree(mutant.edits, tmp_path)
    assert set(mutant.faults) <= {harm.name for harm in deck(mutant.mode)}


@pytest.mark.parametrize("mode", [EMBEDDED, DISTRIBUTED])
def test_a_run_brings_about_every_failpoint(mode: str) -> None:
    told = {harm.name.rpartition(" ")[2] for harm in deck(mode) if " dies at " in harm.name}
    assert expected(mode) - told == {"erase.after_key_delete_before_event"}, "the last one has a turn of its own"


def event(position: int, stream: str, version: int, name: str, by: str = "x", cause: str | None = None) -> Stored:
    event_id = f"{stream}/{version}"
    return Stored(event_id=event_id, position=position, stream=stream, version=version, type=name, actor=by,
                  caused_by=cause)  # fmt: skip


def facts(content: list[Stored], review: list[Stored], handled: set[str]) -> Facts:
    logs = {"content": content, "review": review}
    return Facts(logs=logs, handled=defaultdict(set, {"review.on-submission": handled}), published=Counter(),
                 summed=0, applied=frozenset(), letters=[], unread=0)  # fmt: skip


def stage(tmp_path: Path, mode: str = EMBEDDED) -> Stage:
    return Stage(mode=mode, folder=tmp_path, env={}, port=0, commands={})


def test_an_acknowledged_operation_without_its_event_is_lost(tmp_path: Path) -> None:
    history = History()
    history.close(history.invoke("submit", "key", "/v1/articles/1/submission", {}), "ok")
    verdict = judge(stage(tmp_path), history, facts([], [], set()))
    assert verdict.lost == ["acknowledged and not in the log: submit key"] and not verdict.holds


def test_an_event_that_a_consumer_did_not_handle_is_lost(tmp_path: Path) -> None:
    found = facts([event(1, "article-1", 1, SUBMITTED)], [], set())
    assert left_to_do(found) == 1
    assert "review.on-submission did not handle" in judge(stage(tmp_path), History(), found).lost[0]


def test_an_effect_that_is_there_twice_is_a_double(tmp_path: Path) -> None:
    cause = event(1, "article-1", 1, SUBMITTED)
    effects = [event(n, "case-1", n, "review.case.opened.v1", "review.on-submission", cause.event_id) for n in (1, 2)]
    found = judge(stage(tmp_path), History(), facts([cause], effects, {cause.event_id}))
    assert found.doubled and not found.lost


def test_effects_in_another_order_than_their_causes_are_found(tmp_path: Path) -> None:
    causes = [event(n, "article-1", n, SUBMITTED) for n in (1, 2)]
    effects = [
        event(1, "case-1", 1, "a.v1", "review.on-submission", causes[1].event_id),
        event(2, "case-1", 2, "b.v1", "review.on-submission", causes[0].event_id),
    ]
    found = judge(stage(tmp_path), History(), facts(causes, effects, {one.event_id for one in causes}))
    assert found.reordered == ["review.on-submission took version 1 of article-1 after 2"]


def test_a_refusal_and_an_operation_without_an_answer_are_unexpected(tmp_path: Path) -> None:
    history = History()
    history.close(history.invoke("draft", "one", "/v1/articles", {}), "fail", detail="500")
    history.invoke("draft", "two", "/v1/articles", {})
    assert len(judge(stage(tmp_path), history, facts([], [], set())).unexpected) == 2


def test_what_was_sent_and_not_committed_or_out_of_order_is_found(tmp_path: Path) -> None:
    log = [event(n, "article-1", n, "content.article.drafted.v1") for n in (1, 2)]
    sent = stage(tmp_path, DISTRIBUTED)
    for one in (log[1], log[0], log[1]):
        sent.sent.copies.append(
            Copy(event_id=one.event_id, receiver="r", source="content", position=one.position)
        )  # fmt: skip
    sent.sent.copies.append(Copy(event_id="ghost", receiver="r", source="content", position=3))
    found = judge(sent, History(), facts(log, [], set()))
    assert found.raw == 1 and len(found.reordered) == 1
    assert "sent and not in any log: ghost" in found.unexpected


def test_copies_are_read_off_the_wire_however_it_is_cut_into_pieces() -> None:
    event_id = str(uuid4())
    headers = {"ce-position": "7", "ce-source": "/matrix/content"}
    properties = pika.BasicProperties(message_id=event_id, headers=headers)
    publish = Method(1, Basic.Publish(exchange="matrix.events", routing_key="gateway.matrix")).marshal()
    said = b"AMQP\x00\x00\x09\x01" + publish + Header(1, 2, properties).marshal()
    sent = Sent()
    for at in range(0, len(said), 5):
        sent.see(1, said[at : at + 5])
    wanted = Copy(event_id=event_id.replace("-", ""), receiver="gateway.matrix", source="content", position=7)
    assert sent.copies == [wanted]


def test_a_fault_that_did_nothing_in_any_round_is_told_as_not_hit() -> None:
    """As a full disk where none may be mounted: the run says less than it seems to, and fails."""
    history = History()
    for name, detail in (("disk full", "no small disk"), ("kill -9 run", "not held"), ("kill -9 run", "")):
        with history.fault(name, "draft", lambda _: None) as fault:
            fault.detail = detail
    result = Result(plan=Plan(mode=EMBEDDED, seed=1, seconds=60), history=history)
    assert result.holds
    result.missed = not_brought_about(history.faults)
    assert result.missed == ["disk full: no small disk"] and not result.holds
    assert "not hit: disk full: no small disk" in summary(result)


def test_every_process_is_killed_and_frozen() -> None:
    harms = {harm.name for harm in deck(DISTRIBUTED)}
    assert harms >= {f"{what} {name}" for what in ("kill -9", "SIGSTOP") for name in COMMANDS}
