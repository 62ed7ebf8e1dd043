"""The public API as an import uses it: every POST may be repeated, and says whether it was new."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from shared.errors import Invalid, RuleBroken, Unavailable
from shared.ids import named_id

PATIENCE_S, PAUSE_S, LONGEST_PAUSE_S = 60.0, 0.2, 3.0
TRY_AGAIN = frozenset({409, 429, 502, 503, 504})
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """What a POST did; ``new`` is false when it had been done before."""

    id: str
    new: bool


class Platform(Protocol):
    """What an import asks of the platform."""

    def get(self, path: str, **query: str) -> Body:
        """Return what is at the path. Raises: RuleBroken: refused. Unavailable: no answer."""

    def post(self, path: str, key: str, body: Body) -> Sent:
        """Send a command under an idempotency key. Raises: RuleBroken: refused. Unavailable: no answer."""


def everything(platform: Platform, path: str, **query: str) -> list[Body]:
    """Return every item of a list, page by page."""
    items: list[Body] = []
    page = platform.get(path, limit="200", **query)
    while True:
        items += page["items"]
        if not page.get("next"):
            return items
        page = platform.get(path, limit="200", cursor=page["next"], **query)


def key_of(path: str, *identity: object) -> str:
    """Return the idempotency key of a command: the same for the same identity, in every run, on every machine."""
    return str(named_id("import", path, json.dumps(identity, sort_keys=True, ensure_ascii=False, default=str)))


class Rehearsal:
    """Looks things up and sends nothing."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def get(self, path: str, **query: str) -> Body:
        """Return what is at the path."""
        return self._platform.get(path, **query)

    def post(self, path: str, key: str, body: Body) -> Sent:
        """Do nothing."""
        return Sent("new", new=True)


class HttpPlatform:
    """Speaks to a gateway; asks again for a minute where that can help."""

    def __init__(self, url: str, key: str) -> None:
        try:
            headers = {"Authorization": f"Bearer {key}".encode("ascii").decode()}
            self._http = httpx.Client(base_url=f"{url.rstrip('/')}/v1/", headers=headers, timeout=30, trust_env=False)
        except (httpx.InvalidURL, UnicodeEncodeError) as error:
            raise Invalid("import.address", f"not an address or a key: {error}") from error

    def get(self, path: str, **query: str) -> Body:
        """Return what is at the path.

        Raises:
            RuleBroken: refused, with the code that the platform gave.
            Invalid: ``import.address`` or ``import.key``, it is no platform, or does not know the key.
            Unavailable: no answer.
        """
        body: Body = self._send(lambda: self._http.get(path, params=query)).json()
        return body

    def post(self, path: str, key: str, body: Body) -> Sent:
        """Send a command; raises as ``get`` does."""
        headers = {"Idempotency-Key": key}
        answer = self._send(lambda: self._http.post(path, json=body, headers=headers))
        return Sent(answer.json()["id"], new="Idempotent-Replayed" not in answer.headers)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _send(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        ends, pause = time.monotonic() + PATIENCE_S, PAUSE_S
        while True:
            try:
                answer = ask()
            except httpx.UnsupportedProtocol as error:
                raise Invalid("import.address", str(error)) from error
            except httpx.TransportError as error:
                last = repr(error)
            else:
                if answer.status_code not in TRY_AGAIN:
                    return _accepted(answer)
                last = f"{answer.status_code} {answer.text[:200]}"
            if time.monotonic() > ends:
                reason = f"the platform does not answer ({last}); run the import again, it goes on where it stopped"
                raise Unavailable("import.no_answer", reason)
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_S)


def _accepted(answer: httpx.Response) -> httpx.Response:
    if answer.is_success and "json" in answer.headers.get("Content-Type", ""):
        return answer
    if answer.status_code == 401:
        raise Invalid("import.key", "the platform does not know this key, or not any more")
    try:
        problem = answer.json()
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid("import.address", f"no media matrix answers at {answer.request.url}") from error
    raise RuleBroken(code, detail)
