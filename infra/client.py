"""An HTTP client of the gateway that repeats what may be repeated."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shared.errors import Invalid, RuleBroken, Unavailable
from shared.ids import named_id

PATIENCE_S = 120.0
PAUSE_S = 0.2
LONGEST_PAUSE_S = 3.0
TRY_AGAIN = frozenset({429, 502, 503, 504})
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    """What ``Client.post`` sends, to be sent with others."""

    path: str
    key: str
    body: Answer


class Client:
    """Speaks to ``/v1`` with a key. Every POST carries an idempotency key, so repeating it changes nothing.

    Each method raises ``RuleBroken`` with the gateway's own code where it refused, ``Invalid`` (``client.key``,
    ``client.address``) where it does not know the key or is no gateway, ``Unavailable`` when it did not answer in
    two minutes.
    """

    def __init__(self, url: str, key: str) -> None:
        try:
            headers = {"Authorization": f"Bearer {key}".encode("ascii").decode()}
            limits = httpx.Limits(max_connections=32, max_keepalive_connections=32)
            self._http = httpx.Client(
                base_url=url.rstrip("/"), headers=headers, timeout=30, limits=limits, trust_env=False
            )
        except (httpx.InvalidURL, UnicodeEncodeError) as error:
            raise Invalid("client.address", f"not an address or a key: {error}") from error

    def get(self, path: str, **query: Any) -> Answer:
        """Return the answer."""
        return _json(self._send(lambda: self._http.get(f"/v1/{path}", params=query)))

    def all(self, path: str, **query: Any) -> list[Answer]:
        """Return every item of a list, page by page."""
        items: list[Answer] = []
        cursor: str | None = None
        while True:
            page = self.get(path, limit=200, **query, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            if not (cursor := page.get("next")):
                return items

    def post(self, path: str, key: str, body: Answer, until: tuple[str, ...] = ()) -> Answer:
        """Return the answer; refusals with a code in ``until`` are tried again, as they pass with time."""
        headers = {"Idempotency-Key": _ascii(key)}
        return _json(self._send(lambda: self._http.post(f"/v1/{path}", json=body, headers=headers), until))

    def batch(self, commands: Sequence[Command], until: tuple[str, ...] = ()) -> list[Answer]:
        """Send up to 100 commands in one request and return their answers; those that may be repeated are, alone."""
        answers: dict[int, Answer] = {}
        waiting = dict(enumerate(commands))
        last = ""
        for _ in _attempts():
            for (number, command), told in zip(list(waiting.items()), self._ask_all(waiting.values()), strict=True):
                if told["status"] < 300:
                    answers[number] = told["body"]
                    del waiting[number]
                elif told["status"] in TRY_AGAIN or told["body"]["code"] in until:
                    last = f"{told['status']} {told['body']['code']}"
                else:
                    raise RuleBroken(told["body"]["code"], f"{told['body']['detail']} (POST /v1/{command.path})")
            if not waiting:
                return [answers[number] for number in range(len(commands))]
        raise _silent(last)

    def _ask_all(self, commands: Iterable[Command]) -> list[Answer]:
        asked = [
            {"method": "POST", "path": f"/v1/{one.path}", "key": _ascii(one.key), "body": one.body} for one in commands
        ]
        answers: list[Answer] = _json(self._send(lambda: self._http.post("/v1/batch", json={"requests": asked})))[
            "answers"
        ]
        return answers

    def send(self, path: str, key: str, file: Path, **query: Any) -> Answer:
        """Send a file as the body, and return the answer."""
        headers = {"Idempotency-Key": _ascii(key), "Content-Type": "application/octet-stream"}

        def ask() -> httpx.Response:
            with file.open("rb") as content:
                return self._http.post(f"/v1/{path}", params=query, content=content, headers=headers, timeout=300)

        return _json(self._send(ask))

    def save(self, path: str, file: Path) -> None:
        """Write what is at the path to a file. Raises: OSError: it cannot be written."""
        file.write_bytes(self._send(lambda: self._http.get(f"/v1/{path}")).content)

    def upload(self, key: str, headers: dict[str, str], content: bytes) -> str:
        """Upload a file in one request (tus creation-with-upload); return the asset's id."""
        told = {
            "Idempotency-Key": _ascii(key),
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(content)),
            "Content-Type": "application/offset+octet-stream",
            **headers,
        }
        return (
            self._send(lambda: upload_whole(self._http, told, content), ("upload.wrong_offset",))
            .headers["Upload-Asset"]
            .rpartition("/")[2]
        )

    def ready(self) -> bool:
        """Return whether the gateway says that it is ready."""
        try:
            return self._http.get("/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _send(self, ask: Callable[[], httpx.Response], until: tuple[str, ...] = ()) -> httpx.Response:
        last = "no answer"
        for _ in _attempts():
            try:
                answer = ask()
            except httpx.UnsupportedProtocol as error:
                raise Invalid("client.address", str(error)) from error
            except httpx.TransportError as error:
                last = repr(error)
            else:
                if answer.is_success:
                    return answer
                last = f"{answer.status_code} {answer.text[:300]}"
                if answer.status_code not in TRY_AGAIN and not any(code in answer.text for code in until):
                    raise _refusal(answer)
        raise _silent(last)


def _attempts() -> Iterator[None]:
    """Yield as often as something is to be tried, with longer and longer pauses between, until patience ends."""
    ends, pause = time.monotonic() + PATIENCE_S, PAUSE_S
    while time.monotonic() < ends:
        yield
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_S)


def _silent(last: str) -> Unavailable:
    return Unavailable("client.no_answer", f"the platform does not answer in {PATIENCE_S:g} s ({last}); run it again")


def _json(answer: httpx.Response) -> Answer:
    if "json" not in answer.headers.get("Content-Type", ""):
        raise _no_platform(answer)
    body: Answer = answer.json()
    return body


def _refusal(answer: httpx.Response) -> Invalid | RuleBroken:
    if answer.status_code == 401:
        return Invalid("client.key", "the platform does not know this key, or not any more")
    try:
        problem = answer.json()
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return _no_platform(answer)
    return RuleBroken(code, f"{detail} ({answer.request.method} {answer.request.url.path})")


def _no_platform(answer: httpx.Response) -> Invalid:
    return Invalid("client.address", f"no media matrix answers at {answer.request.url}")


def _ascii(key: str) -> str:
    """Return the same key for the same text, of characters a header may hold."""
    return str(named_id("client", key))


def upload_whole(http: httpx.Client, told: dict[str, str], content: bytes) -> httpx.Response:
    """Upload a file in one request, or the rest where an earlier attempt was cut in the middle; return the answer."""
    begun = http.post("/v1/assets/uploads", content=content, headers=told)
    if not begun.is_success or "Upload-Asset" in begun.headers:
        return begun
    at = begun.headers["Upload-Offset"]
    rest = {name: told[name] for name in ("Tus-Resumable", "Content-Type")} | {"Upload-Offset": at}
    return http.patch(begun.headers["Location"], content=content[int(at) :], headers=rest)
