"""Calls made at once to the same service go to it as one message, and each caller gets his own answer."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from gateway.rpc import DEFAULT_TIMEOUT_S, Rpc, result_of
from shared.bundles import MANY, MAX_BYTES, MAX_CALLS
from shared.errors import PlatformError

WINDOW_S = 0.002  # a request on its way through the gateway may wait for a thread or two
OVERHEAD = 256  # bytes of a bundle that are no request
IN_TIME = 0.8  # of the time, after which a service answers with what it has: later the answer finds nobody


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    method: str
    request: dict[str, Any]
    timeout: float
    answer: asyncio.Future[dict[str, Any]]


@dataclass(slots=True, eq=False)
class _Bundle:
    """Calls that go together."""

    waiting: list[_Waiting] = field(default_factory=list)
    size: int = OVERHEAD

    def has_room(self, size: int) -> bool:
        return len(self.waiting) < MAX_CALLS and self.size + size <= MAX_BYTES

    def add(self, one: _Waiting, size: int) -> None:
        self.waiting.append(one)
        self.size += size


class Gathered:
    """``Rpc`` for somebody who asks much at once. A call that stays alone goes as it is.

    Whoever gathers makes one for himself: then nobody's call waits behind a stranger's. Belongs to one event loop.
    ``window_s`` is how long the first call of a bundle waits for others; no longer than until ``abreast`` of them are
    there, if he knows that more will not come.
    """

    def __init__(self, rpc: Rpc, window_s: float = WINDOW_S) -> None:
        self._rpc, self._window_s, self.abreast = rpc, window_s, MAX_CALLS
        self._open: dict[str, _Bundle] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def call(
        self, service: str, method: str, request: dict[str, Any], timeout: float = DEFAULT_TIMEOUT_S
    ) -> dict[str, Any]:
        """See ``Rpc.call``; also raises ``Unavailable`` (``rpc.not_reached``) where others took all the time."""
        loop = asyncio.get_running_loop()
        one, size = _Waiting(method, request, timeout, loop.create_future()), len(json.dumps([method, request])) + 2
        bundle = self._open.get(service)
        if bundle is None or not bundle.has_room(size):
            if bundle is not None:
                self._send(service, bundle)
            bundle = self._open[service] = _Bundle()
            loop.call_later(self._window_s, self._send, service, bundle)
        bundle.add(one, size)
        if len(bundle.waiting) >= self.abreast:
            self._send(service, bundle)
        return await one.answer

    async def close(self) -> None:
        """Nothing is open: the connection is another's."""

    def _send(self, service: str, bundle: _Bundle) -> None:
        """Send the bundle, unless it went before its time."""
        if self._open.get(service) is bundle:
            del self._open[service]
            task = asyncio.create_task(self._ask(service, [one for one in bundle.waiting if not one.answer.done()]))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _ask(self, service: str, calls: list[_Waiting]) -> None:
        try:
            replies = await self._replies(service, calls)
        except PlatformError as error:
            for one in calls:
                _fail(one, type(error)(error.code, error.detail, error.fields))
        except Exception as error:
            for one in calls:
                _fail(one, error)
        except BaseException:
            for one in calls:
                one.answer.cancel()
            raise
        else:
            for one, reply in zip(calls, replies, strict=True):
                _settle(service, one, reply)

    async def _replies(self, service: str, calls: list[_Waiting]) -> list[Any]:
        """Return for each call what came back, as ``result_of`` takes it."""
        if not calls:
            return []
        timeout = min(one.timeout for one in calls)
        if len(calls) == 1:
            return [{"result": await self._rpc.call(service, calls[0].method, calls[0].request, timeout)}]
        deadline = int((time.time() + timeout * IN_TIME) * 1000)
        told = {"calls": [[one.method, one.request] for one in calls], "deadline": deadline}
        answers = (await self._rpc.call(service, MANY, told, timeout)).get("answers")
        if not isinstance(answers, list) or len(answers) != len(calls):
            raise PlatformError("service.failed", f"{service} did not answer all calls of a bundle")
        return answers


def _settle(service: str, one: _Waiting, reply: Any) -> None:
    try:
        result = result_of(service, one.method, reply)
    except PlatformError as error:
        _fail(one, error)
    else:
        if not one.answer.done():
            one.answer.set_result(result)


def _fail(one: _Waiting, error: Exception) -> None:
    if not one.answer.done():  # else its caller went away
        one.answer.set_exception(error)
