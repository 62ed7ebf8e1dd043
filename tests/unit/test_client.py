"""The client tells refusals apart: its key, its address, and what the gateway itself says."""

import json

import httpx
import pytest

from infra.client import Client, Command
from shared.errors import Invalid, RuleBroken


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (401, {}, Invalid, "client.key"),
        (422, {"code": "metrics.counted_in_future", "detail": "no"}, RuleBroken, "metrics.counted_in_future"),
        (404, None, Invalid, "client.address"),
        (200, None, Invalid, "client.address"),
    ],
)
def test_refusals_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, status: int, body: dict[str, str] | None, error: type[Exception], code: str
) -> None:
    client = _client(
        monkeypatch, lambda _: httpx.Response(status, **({"text": "hi"} if body is None else {"json": body}))
    )
    with pytest.raises(error) as refused:
        client.get("units")
    assert refused.value.args[0] == code


def test_what_passes_with_time_is_asked_again_with_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = []
    answers = iter([httpx.Response(503), httpx.Response(422, json={"code": "not.yet", "detail": ""})])
    last = httpx.Response(201, json={"id": "x"})

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        return next(answers, last)

    assert _client(monkeypatch, answer).post("articles", "标题", {}, until=("not.yet",)) == {"id": "x"}
    assert len(keys) == 3 and len(set(keys)) == 1


def test_of_a_batch_only_what_passes_with_time_is_sent_again_each_with_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []
    rounds = iter(
        [[(201, ""), (503, "rpc.timeout"), (422, "not.yet"), (201, "")], [(201, ""), (429, "x")], [(200, "")]]
    )

    def answer(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)["requests"]
        sent.append([(one["body"]["n"], one["key"]) for one in asked])
        told = zip(asked, next(rounds), strict=True)
        answers = [{"status": s, "headers": {}, "body": {"id": one["body"]["n"], "code": c}} for one, (s, c) in told]
        return httpx.Response(200, json={"answers": answers})

    commands = [Command("articles", f"标题 {n}", {"n": n}) for n in range(4)]
    answers = _client(monkeypatch, answer).batch(commands, until=("not.yet",))
    assert [answer["id"] for answer in answers] == [0, 1, 2, 3]
    assert [[n for n, _ in asked] for asked in sent] == [[0, 1, 2, 3], [1, 2], [2]]
    assert {key for asked in sent for n, key in asked if n == 2} == {sent[0][2][1]}


def test_a_refusal_in_a_batch_is_told_as_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"status": 422, "headers": {}, "body": {"code": "content.unit_closed", "detail": "no"}}
    client = _client(monkeypatch, lambda _: httpx.Response(200, json={"answers": [told]}))
    with pytest.raises(RuleBroken, match=r"content\.unit_closed"):
        client.batch([Command("articles", "k", {})])


@pytest.mark.parametrize(("url", "key"), [("http://a:b", "k"), ("http://127.0.0.1", "密")])
def test_what_is_no_address_or_key_is_said(url: str, key: str) -> None:
    with pytest.raises(Invalid, match=r"client\.address"):
        Client(url, key)


def _client(monkeypatch: pytest.MonkeyPatch, answer: httpx._types.SyncByteStream | object) -> Client:
    made = httpx.Client
    monkeypatch.setattr("infra.client.PAUSE_S", 0.0)
    transport = httpx.MockTransport(answer)  # type: ignore[arg-type]
    monkeypatch.setattr(httpx, "Client", lambda **told: made(**told, transport=transport))
    return Client("http://127.0.0.1:1", "key")
