"""The short way for a question to the matrix that was answered before: the same caller in the same words.

What the long way found out (who may, what is meant, which headers every answer bears) holds as long as the caller's
access, the day and the read model stand where they stood: these are looked at for each answer, and nothing else.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from gateway.accounts import Identity, Proof
from gateway.auth import Access
from gateway.matrix.board import Board
from gateway.matrix.calendar import day_of
from gateway.matrix.query import Query
from gateway.middleware.front import Front
from gateway.responses import tagged
from shared.ids import new_id

PATH = "/v1/matrix"
ASIDE = "matrix.lane"  # where a request's scope holds what the resource found out
# Every header that an answer depends on; If-None-Match is looked at on the way.
DEPENDS = frozenset((b"authorization", b"cookie", b"host", b"origin", b"forwarded", b"x-forwarded-proto"))
OF_ONE_ANSWER = frozenset((b"etag", b"content-length", b"x-request-id"))
REMEMBERED = 2048

Headers = list[tuple[bytes, bytes]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the long way found out about one question."""

    proof: Proof
    identity: Identity
    query: Query
    day: date
    headers: Headers


class Lane:
    """Questions of this worker that go the short way. Belongs to one event loop."""

    def __init__(self, access: Access, board: Board, front: Front) -> None:
        self._access, self._board, self._front = access, board, front
        self._found: OrderedDict[bytes, Found] = OrderedDict()

    async def answers(self, scope: dict[str, Any], send: Send) -> bool:
        """Answer the question if it can go the short way; return whether it did."""
        began = time.perf_counter()
        key, known_tags = _asked(scope)
        found = self._found.get(key)
        at_hand = self._at_hand(found) if found is not None else None
        if found is None or at_hand is None:
            scope[ASIDE] = key
            return False
        body, tag = at_hand
        own = [(b"etag", tag.encode()), (b"x-request-id", str(new_id()).encode())]
        if known_tags is not None and tagged(known_tags.decode("latin1"), tag):
            status, body = 304, b""
        else:
            status = 200
            own.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": found.headers + own})
        await send({"type": "http.response.body", "body": body})
        self._front.count("GET", PATH, status, time.perf_counter() - began)
        return True

    def watching(self, scope: dict[str, Any], send: Send) -> Send:
        """Return a ``send`` that remembers an answer of the long way for those who ask the same again."""

        async def watched(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start" and message["status"] in (200, 304):
                self._remember(scope.get(ASIDE), message["headers"])
            await send(message)

        return watched

    def _at_hand(self, found: Found) -> tuple[bytes, str] | None:
        if self._access.at_hand(found.proof) is not found.identity or found.day != day_of(datetime.now(UTC)):
            return None
        return self._board.at_hand(found.query)

    def _remember(self, aside: Any, headers: Headers) -> None:
        if not isinstance(aside, Aside):
            return
        kept = [(name, value) for name, value in headers if name.lower() not in OF_ONE_ANSWER]
        self._found[aside.key] = Found(
            proof=aside.proof, identity=aside.identity, query=aside.query, day=day_of(aside.now), headers=kept
        )
        self._found.move_to_end(aside.key)
        if len(self._found) > REMEMBERED:
            self._found.popitem(last=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What the resource lays aside of a request for the short way."""

    key: bytes
    proof: Proof
    identity: Identity
    query: Query
    now: datetime


def lay_aside(req: Any, query: Query, now: datetime) -> None:
    """Lay aside what was found out about the request, if the lane asked for it."""
    key = req.scope.get(ASIDE)
    if isinstance(key, bytes):
        context = req.context
        req.scope[ASIDE] = Aside(key=key, proof=context.proof, identity=context.identity, query=query, now=now)


def _asked(scope: dict[str, Any]) -> tuple[bytes, bytes | None]:
    """Return what tells this question from others (a digest: no key or cookie is kept), and the tags it knows."""
    told, known = [scope["query_string"]], None
    # Any iterable may be given, and others read it after us.
    headers = scope["headers"] = [(name, value) for name, value in scope["headers"]]
    for name, value in headers:
        if name in DEPENDS:
            told += (name, value)
        elif name == b"if-none-match":
            known = value if known is None else known + b"," + value
    return sha256(b"\0".join(told)).digest(), known
