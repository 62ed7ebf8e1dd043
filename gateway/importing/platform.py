"""The services as an import uses them: every command may be repeated, and says whether it was new."""

import asyncio
import threading
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

from gateway.calls import Calls
from gateway.gathered import Gathered
from shared import codec
from shared.bundles import MAX_CALLS
from shared.context import Caller
from shared.errors import PlatformError, Unavailable
from shared.ids import named_id

TRIES, PAUSE_S = 5, 0.2
ROUND_S = 0.01  # until all who ask at once have asked: not each row asks, and threads come when they come
PAGE = 200
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """What a command did; ``new`` is false when it had been done before."""

    id: str
    new: bool


class Platform(Protocol):
    """What an import asks of the services, in the name of one account."""

    @property
    def account_id(self) -> str:
        """The importing account."""

    def ask(self, service: str, operation: str, body: Body) -> Body:
        """Return what a query answers. Raises: PlatformError: refused; Unavailable: no answer."""

    def do(self, service: str, operation: str, key: str, body: Body) -> Sent:
        """Send a command under an idempotency key. Raises: PlatformError: refused; Unavailable: no answer."""


def everything(platform: Platform, service: str, operation: str, **asked: Any) -> list[Body]:
    """Return every item of a list, page by page."""
    items: list[Body] = []
    after: Body = {}
    while True:
        page = platform.ask(service, operation, {"limit": PAGE, **asked, **after})
        items += page["items"]
        if not page.get("next"):
            return items
        after = {"after": page["next"]}


def key_of(operation: str, *identity: object) -> str:
    """Return the idempotency key of a command: the same for the same identity, in every import of an account."""
    return str(named_id("import", operation, codec.dumps(identity)))


class Rehearsal:
    """Looks things up and sends nothing."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    @property
    def account_id(self) -> str:
        """The importing account."""
        return self._platform.account_id

    def ask(self, service: str, operation: str, body: Body) -> Body:
        """Return what a query answers."""
        return self._platform.ask(service, operation, body)

    def do(self, service: str, operation: str, key: str, body: Body) -> Sent:
        """Do nothing."""
        return Sent("", new=True)


class Services:
    """Calls services from threads, as ``caller``, by the event loop that holds the connections; asks again.

    What threads ask at once goes together.
    """

    def __init__(
        self, calls: Calls, loop: asyncio.AbstractEventLoop, caller: Caller, correlation_id: UUID,
        stopping: threading.Event,
    ) -> None:  # fmt: skip
        self._gathered = Gathered(calls.rpc, ROUND_S)
        self._calls, self._loop, self._stopping = replace(calls, rpc=self._gathered), loop, stopping
        self.expect(1)
        self._correlation_id = str(correlation_id)
        self.caller = caller

    @property
    def account_id(self) -> str:
        """The importing account."""
        return str(self.caller.account_id)

    def expect(self, abreast: int) -> None:
        """Know from how many threads is asked: when all of them wait, nobody else is waited for."""
        self._gathered.abreast = min(abreast, MAX_CALLS)

    def ask(self, service: str, operation: str, body: Body) -> Body:
        """Return what a query answers; raises as ``Platform.ask`` does."""
        return self._call(service, operation, body, None)

    def do(self, service: str, operation: str, key: str, body: Body) -> Sent:
        """Send a command; raises as ``Platform.do`` does."""
        done = self._call(service, operation, body, key)
        return Sent(str(done["id"]), new=not done.get("replayed"))

    def _call(self, service: str, operation: str, body: Body, key: str | None) -> Body:
        for left in reversed(range(TRIES)):
            asked = self._calls.ask(service, operation, self.caller, body, self._correlation_id, key)
            try:
                return asyncio.run_coroutine_threadsafe(asked, self._loop).result()
            except PlatformError as error:
                if not error.retryable:
                    raise
                if not left or self._stopping.wait(PAUSE_S * (TRIES - left)):
                    raise Unavailable("import.no_answer", f"{service} does not answer: {error.code}") from error
        raise AssertionError
