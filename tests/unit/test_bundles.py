"""Several calls in one message: each in its place, none at another's cost, never more than there is time for."""

import json
import time
from typing import Any

import pytest

from shared import bundles
from shared.bundles import MAX_CALLS, answer_all
from shared.errors import Invalid, RuleBroken

MINUTE_MS = 60_000


def do(method: str, request: dict[str, Any]) -> Any:
    """Carry out a call as its method's name says."""
    match method:
        case "refuse":
            raise RuleBroken("toy.refused", "as asked", {"name": ["too long"]})
        case "break_down":
            raise KeyError("a mistake of ours")
        case "answer_a_set":
            return {1, 2}
    return {"heard": request}


def soon() -> int:
    return int(time.time() * 1000) + MINUTE_MS


def asked(*methods: str) -> list[dict[str, Any]]:
    calls = [[method, {"n": n}] for n, method in enumerate(methods)]
    answers: list[dict[str, Any]] = answer_all({"calls": calls, "deadline": soon()}, do)["answers"]
    return json.loads(json.dumps(answers))  # type: ignore[no-any-return]


def test_each_call_is_answered_in_its_place_and_none_fails_for_another():
    first, refused, broken, not_json, last = asked("echo", "refuse", "break_down", "answer_a_set", "echo")
    assert (first["result"], last["result"]) == ({"heard": {"n": 0}}, {"heard": {"n": 4}})
    assert refused["error"]["exc_args"] == ["toy.refused", "as asked", {"name": ["too long"]}]
    assert broken["error"] == {"exc_type": "KeyError", "exc_args": []}, "a mistake says nothing of itself"
    assert not_json["error"]["exc_type"] == "TypeError"


def test_what_the_deadline_leaves_undone_is_not_done_and_may_be_tried_again():
    done: list[int] = []

    def slowly(_: str, request: dict[str, Any]) -> Any:
        done.append(request["n"])
        while time.time() * 1000 < deadline:
            time.sleep(0.001)
        return {}

    deadline = int(time.time() * 1000) + 20
    calls = [["echo", {"n": n}] for n in range(3)]
    first, *rest = answer_all({"calls": calls, "deadline": deadline}, slowly)["answers"]
    assert done == [0]
    assert first["error"] is None
    assert [one["error"]["exc_type"] for one in rest] == ["Unavailable"] * 2
    assert rest[0]["error"]["exc_args"][0] == "rpc.not_reached"


def test_answers_that_grow_too_large_for_a_message_end_the_bundle(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bundles, "MAX_ANSWER_BYTES", 20)
    answers = asked("echo", "echo", "echo")
    assert [one["error"] is None for one in answers] == [True, True, False]


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"calls": [["echo", {}]]},
        {"calls": {}, "deadline": 10**15},
        {"calls": [["echo", {}]], "deadline": "soon"},
        {"calls": [["echo"]], "deadline": 10**15},
        {"calls": [["echo", []]], "deadline": 10**15},
        {"calls": [[5, {}]], "deadline": 10**15},
        {"calls": [["echo", {}]] * (MAX_CALLS + 1), "deadline": 10**15},
    ],
)
def test_what_is_no_bundle_is_refused_whole(told: dict[str, Any]):
    def never(*_: Any) -> None:
        pytest.fail("nothing of it may be carried out")

    with pytest.raises(Invalid, match=r"rpc\.bad_bundle"):
        answer_all(told, never)
