"""What is asked again happens once: keys of commands, and messages."""

from dataclasses import replace
from uuid import uuid4

import pytest

from shared.errors import RuleBroken
from shared.execute import cause_of
from shared.failpoints import Injected
from shared.log.store import Appended, Log
from tests.contract.logs import append, at_once, break_at, keyed, received, rows


def test_key_and_inbox_row_are_written_with_the_events_or_not_at_all(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """F11."""
    cause = cause_of("test", key=keyed().key, inbox=received(uuid4()).inbox)
    break_at(monkeypatch, "append.after_insert_before_commit:raise@1")
    with pytest.raises(Injected):
        append(log, "unit-1", "a", cause=cause)
    assert rows(log) == (0, 0, 0)
    append(log, "unit-1", "a", cause=cause)
    assert rows(log) == (1, 1, 1)


def test_the_same_key_answers_the_same_and_appends_nothing(log: Log) -> None:
    """F11."""
    first = append(log, "unit-1", "a", "b", cause=keyed())
    for again in (append(log, "unit-1", "c", at=2, cause=keyed()), append(log, "unit-9", "d", cause=keyed())):
        assert again == replace(first, replayed=True)
    assert log.answered(keyed()) == replace(first, replayed=True)
    assert rows(log) == (2, 1, 0)


def test_the_same_key_with_another_body_is_refused(log: Log) -> None:
    """F11."""
    append(log, "unit-1", "a", cause=keyed())
    other = keyed(fingerprint="body-2")
    for act in (lambda: append(log, "unit-1", "b", at=1, cause=other), lambda: log.answered(other)):
        with pytest.raises(RuleBroken) as refusal:
            act()
        assert refusal.value.code == "idempotency.key_reused" and not refusal.value.retryable
    assert rows(log) == (1, 1, 0)


def test_two_at_once_with_one_key_append_once(log: Log) -> None:
    """F11."""
    for number in range(5):
        cause = keyed(f"key-{number}")
        outcomes = at_once(4, lambda n, c=cause: append(log, f"unit-{n}-{c.key.key}", "a", cause=c))  # type: ignore[misc]
        assert all(isinstance(outcome, Appended) for outcome in outcomes), outcomes
        assert sorted(done.replayed for done in outcomes) == [False, True, True, True]
        assert len({(done.version, done.position) for done in outcomes}) == 1
    assert rows(log) == (5, 5, 0)


def test_a_message_delivered_twice_at_once_has_its_effect_once(log: Log) -> None:
    cause = received(uuid4())
    outcomes = at_once(4, lambda n: append(log, f"unit-{n}", "a", cause=cause))
    assert sorted(done.replayed for done in outcomes) == [False, True, True, True]
    assert rows(log) == (1, 0, 1)
    assert append(log, "unit-9", "b", cause=cause).replayed


def test_when_the_answer_was_lost_the_same_key_gets_it(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """F10."""
    break_at(monkeypatch, "append.after_commit_before_reply:raise@1")
    with pytest.raises(Injected):
        append(log, "unit-1", "a", "b", cause=keyed())
    answered, head = log.answered(keyed()), log.head()
    assert answered == append(log, "unit-1", "a", "b", cause=keyed())
    assert answered == Appended(version=2, position=head, replayed=True)
    assert rows(log) == (2, 1, 0)
