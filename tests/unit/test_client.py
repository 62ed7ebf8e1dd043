"""The client tells refusals apart: its key, its address, and what the gateway itself says."""

import httpx
import pytest

from infra.client import Client
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
