"""An HTTP client of the gateway that repeats what may be repeated."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from shared.errors import RuleBroken, Unavailable
from shared.ids import named_id

PATIENCE_S = 120.0
PAUSE_S = 0.2
LONGEST_PAUSE_S = 3.0
TRY_AGAIN = frozenset({429, 502, 503, 504})


class Client:
    """Speaks to ``/v1`` with a key. Every POST carries an idempotency key, so repeating it changes nothing."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=32),
            trust_env=False,
        )

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Return the answer. Raises: RuleBroken: the gateway refused. Unavailable: it did not answer in two minutes."""
        return self._repeat(lambda: self._http.get(f"/v1/{path}", params=query), ())

    def all(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Return every item of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.get(path, limit=200, **query, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            if not (cursor := page.get("next")):
                return items

    def post(self, path: str, key: str, body: dict[str, Any], until: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return the answer; refusals with a code in ``until`` are tried again, as they pass with time."""
        headers = {"Idempotency-Key": _ascii(key)}
        return self._repeat(lambda: self._http.post(f"/v1/{path}", json=body, headers=headers), until)

    def upload(self, key: str, headers: dict[str, str], content: bytes) -> str:
        """Upload a file in one request (tus creation-with-upload); return the asset's id."""
        told = {
            "Idempotency-Key": _ascii(key),
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(content)),
            "Content-Type": "application/offset+octet-stream",
            **headers,
        }
        answer = self._send(lambda: self._http.post("/v1/assets/uploads", content=content, headers=told), ())
        return answer.headers["Upload-Asset"].rpartition("/")[2]

    def ready(self) -> bool:
        """Return whether the gateway says that it is ready."""
        try:
            return self._http.get("/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _repeat(self, ask: Callable[[], httpx.Response], until: tuple[str, ...]) -> dict[str, Any]:
        answer: dict[str, Any] = self._send(ask, until).json()
        return answer

    def _send(self, ask: Callable[[], httpx.Response], until: tuple[str, ...]) -> httpx.Response:
        ends, pause, last = time.monotonic() + PATIENCE_S, PAUSE_S, "no answer"
        while time.monotonic() < ends:
            try:
                answer = ask()
            except httpx.TransportError as error:
                last = repr(error)
            else:
                if answer.is_success:
                    return answer
                last = f"{answer.status_code} {answer.text[:300]}"
                if answer.status_code not in TRY_AGAIN and not any(code in answer.text for code in until):
                    raise RuleBroken("demo.refused", f"{answer.request.method} {answer.request.url.path}: {last}")
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_S)
        raise Unavailable("demo.no_answer", f"no answer in {PATIENCE_S:g} s: {last}")


def _ascii(key: str) -> str:
    """Return the same key for the same text, of characters a header may hold."""
    return str(named_id("golden-year", key))
