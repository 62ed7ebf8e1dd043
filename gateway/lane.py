"""The short way for questions to the matrix: the framework is asked once for each caller, and not again.

What the long way found out about a caller (who he is, that he may, which headers his answers bear) holds as long as
the caller's access stands where it stood; what is built holds as long as the day and the read model do. These are
looked at for each answer, and nothing else.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar

from falcon.uri import parse_query_string

from gateway.accounts import Identity, Proof
from gateway.auth import Access, Standing
from gateway.matrix.asked import Asked
from gateway.matrix.board import Board
from gateway.matrix.query import PARAMETERS, Query, query_of
from gateway.middleware.front import Front
from gateway.responses import tagged
from shared.errors import PlatformError
from shared.ids import new_name

PATH = "/v1/matrix"
ASIDE = "matrix.lane"  # where a request's scope holds what the resource found out
# Every header that an answer depends on; If-None-Match is looked at on the way.
DEPENDS = frozenset((b"authorization", b"cookie", b"host", b"origin", b"forwarded", b"x-forwarded-proto"))
OF_ONE_ANSWER = frozenset((b"etag", b"content-length", b"x-request-id"))
# A client that is told 304 has these from the answer it keeps (RFC 9110 §15.4.5); no log names such a request.
OF_A_BODY = frozenset(
    (
        b"content-type", b"content-length", b"content-security-policy", b"x-content-type-options",
        b"cross-origin-resource-policy", b"x-request-id",
    )
)  # fmt: skip
REMEMBERED = 2048
LONGEST = 100  # characters of a parameter, as its schema says

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Headers = list[tuple[bytes, bytes]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asker:
    """What the long way found out about a caller, and the headers of his answers: of whole ones, and of 304.

    Equal to itself only: who was looked up again may see other units, and what he asked before means something else.
    """

    standing: Standing
    whole: Headers
    known: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What the resource lays aside of a request for the short way."""

    asker: bytes
    proof: Proof
    identity: Identity
    asked: Asked


class Lane:
    """Callers and questions of this worker that go the short way. Belongs to one event loop."""

    def __init__(self, access: Access, board: Board, front: Front) -> None:
        self._access, self._board, self._front = access, board, front
        self._askers: OrderedDict[bytes, Asker] = OrderedDict()
        self._questions: OrderedDict[tuple[Asker, bytes], Asked] = OrderedDict()

    async def answers(self, scope: dict[str, Any], send: Send) -> bool:
        """Answer the question if its answer is built and current; return whether it was."""
        began = time.perf_counter()
        digest, tags = _asked(scope)
        scope[ASIDE] = (digest, tags)
        asker = self._standing(digest)
        if asker is None:
            return False
        asked = self._questions.get((asker, scope["query_string"]))
        at_hand = None if asked is None else self._board.at_hand(asked)
        if at_hand is None:
            return False
        await self._answer(asker, at_hand, tags, send, began)
        return True

    async def builds(self, scope: dict[str, Any], send: Send) -> bool:
        """Have the answer built if the caller is known and the question is a plain one; return whether it was."""
        began = time.perf_counter()
        digest, tags = scope[ASIDE]
        asker = self._standing(digest)
        if asker is None:
            return False
        now = datetime.now(UTC)
        query = _query(scope["query_string"], asker.standing[1], now)
        if query is None:
            return False
        asked = Asked(query, now)
        try:
            built = await self._board.answer(asked)
        except PlatformError:
            return False  # the long way meets the same, and has words for it
        if not self._access.holds(asker.standing):
            return False  # it was withdrawn while others were waited for
        _keep(self._questions, (asker, scope["query_string"]), asked)
        await self._answer(asker, built, tags, send, began)
        return True

    def watching(self, scope: dict[str, Any], send: Send) -> Send:
        """Return a ``send`` that remembers an answer of the long way for those who ask again."""

        async def watched(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start" and message["status"] in (200, 304):
                self._remember(scope, message["headers"])
                if message["status"] == 304:
                    message = {**message, "headers": _without(OF_A_BODY, message["headers"])}
            await send(message)

        return watched

    async def _answer(
        self, asker: Asker, built: tuple[bytes, str], tags: bytes | None, send: Send, began: float
    ) -> None:
        body, tag = built
        own = (b"etag", tag.encode())
        if tags is not None and tagged(tags.decode("latin1"), tag):
            status, body, headers = 304, b"", [*asker.known, own]
        else:
            more = (b"x-request-id", new_name().encode()), (b"content-length", b"%d" % len(body))
            status, headers = 200, [*asker.whole, own, *more]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self._front.count("GET", PATH, status, time.perf_counter() - began)

    def _standing(self, digest: bytes) -> Asker | None:
        asker = self._askers.get(digest)
        return asker if asker is not None and self._access.holds(asker.standing) else None

    def _remember(self, scope: dict[str, Any], headers: Headers) -> None:
        aside = scope.get(ASIDE)
        if not isinstance(aside, Aside):
            return
        standing = self._access.standing(aside.proof)
        if standing is None or standing[1] is not aside.identity:
            return
        whole = _without(OF_ONE_ANSWER, headers)
        asker = Asker(standing=standing, whole=whole, known=_without(OF_A_BODY, whole))
        _keep(self._askers, aside.asker, asker)
        _keep(self._questions, (asker, scope["query_string"]), aside.asked)


def lay_aside(req: Any, asked: Asked) -> None:
    """Lay aside what was found out about the request, if the lane asked for it."""
    found = req.scope.get(ASIDE)
    if isinstance(found, tuple):
        context = req.context
        req.scope[ASIDE] = Aside(asker=found[0], proof=context.proof, identity=context.identity, asked=asked)


def _asked(scope: dict[str, Any]) -> tuple[bytes, bytes | None]:
    """Return what tells this caller from others (a digest: no key or cookie is kept), and the tags he knows."""
    told: list[bytes] = []
    known = None
    if type(scope["headers"]) is not list:  # any iterable may be given, and others read it after us
        scope["headers"] = [(name, value) for name, value in scope["headers"]]
    for name, value in scope["headers"]:
        if name in DEPENDS:
            told += (name, value)
        elif name == b"if-none-match":
            known = value if known is None else known + b"," + value
    return sha256(b"\0".join(told)).digest(), known


def _query(text: bytes, identity: Identity, now: datetime) -> Query | None:
    """Return what is meant, or None where the long way is to find out: it says what is wrong."""
    try:
        given = parse_query_string(text.decode("ascii"), keep_blank=True)
        plain = {name: value for name, value in given.items() if isinstance(value, str) and len(value) <= LONGEST}
        if len(plain) < len(given) or not plain.keys() <= PARAMETERS:
            return None
        return query_of(plain, identity.account.caller(), now)
    except (PlatformError, UnicodeError):
        return None


def _without(names: frozenset[bytes], headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in names]


def _keep(kept: OrderedDict[K, V], key: K, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > REMEMBERED:
        kept.popitem(last=False)
