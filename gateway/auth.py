"""Who is asking: an API key or a session cookie becomes a caller, and a withdrawn right ends within half a second."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from falcon.asgi import Request

from gateway.accounts import Accounts, Identity, Proof
from gateway.accounts.tokens import read_key, read_session
from gateway.lookups import Lookups
from shared.context import Caller
from shared.errors import PlatformError, RuleBroken, Unavailable
from shared.logs import log_failure

FRESH_S = 0.5
LEFT_ALONE_S = 60.0
NOTED_S = 60.0
TOGETHER_S = 1.0
REMEMBERED = 10_000
THREADS = 4
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
COOKIE, SECURE_COOKIE = "matrix_session", "__Host-matrix_session"
T = TypeVar("T")
Standing = tuple[int, Identity]  # at a revision of access, a proof stood for this identity


class Unknown(PlatformError):
    """Nobody, or nobody any more."""

    status = 401


class Refused(RuleBroken):
    """The request is not one the caller meant to make."""

    status = 403


def proof_of(req: Request) -> Proof:
    """Return what the request shows: its API key, else its session.

    Raises:
        Unknown: ``auth.required`` when it shows nothing, ``auth.refused`` when what it shows is none of ours.
    """
    header = req.get_header("Authorization")
    if header is not None:
        scheme, _, key = header.partition(" ")
        proof = read_key(key.strip()) if scheme.lower() == "bearer" else None
    elif token := req.cookies.get(cookie_name(req)):
        proof = read_session(token)
    else:
        raise Unknown("auth.required", "sign in, or send an API key as Authorization: Bearer mm_…")
    if proof is None:
        raise _refused()
    return proof


def is_secure(req: Request) -> bool:
    """Return whether the browser keeps secure cookies of ours: over HTTPS, and from its own machine also without.

    Chromium and Firefox take ``Secure`` and ``__Host-`` cookies from http://127.0.0.1 and http://localhost; a plain
    connection from elsewhere gets a plain cookie, as there nothing would keep another.
    """
    return req.forwarded_scheme == "https" or req.host in LOOPBACK


def cookie_name(req: Request) -> str:
    """Return the session cookie's name: where ``is_secure``, one that no other host and no plain connection can set."""
    return SECURE_COOKIE if is_secure(req) else COOKIE


class Access:
    """Turns proofs into identities. Remembers them while nobody's access changes; belongs to one event loop."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="accounts")
        self._hashing = ThreadPoolExecutor(1, thread_name_prefix="hashing")  # one at a time: 64 MiB each
        self._known: OrderedDict[Proof, Standing] = OrderedDict()
        self._lookups = Lookups(lambda proofs: self.in_thread(lambda: self.accounts.identify_all(proofs)))
        self._revision = -1
        self._asked_at = self._answered_at = self._changed_at = float("-inf")
        self._asking: asyncio.Task[int] | None = None
        self._noted: OrderedDict[object, float] = OrderedDict()
        self._used: dict[UUID, datetime] = {}
        self._writing: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[], Awaitable[None]]] = []

    async def identify(self, proof: Proof) -> Identity:
        """Return whom the proof stands for.

        Raises:
            Unknown: ``auth.refused``, nobody (any more).
            Unavailable: the accounts cannot be asked, and have not been for a minute.
        """
        revision = await self.revision()
        known = self._known.get(proof)
        if known is None or known[0] != revision:
            found = await self._lookups.find(proof)
            if found is None:
                self._known.pop(proof, None)
                raise _refused()
            known = self._remember(proof, revision, found)
        identity = known[1]
        if identity.expires_at <= datetime.now(UTC):
            raise _refused()
        self._note(identity)
        return identity

    def standing(self, proof: Proof) -> Standing | None:
        """Return whom the proof stood for when it was last looked up, and at which revision of access."""
        return self._known.get(proof)

    def holds(self, standing: Standing) -> bool:
        """Return whether that is so still, if it is known without asking anybody; if so, it counts as a use."""
        revision, identity = standing
        if revision != self._revision or time.monotonic() - self._asked_at >= FRESH_S:
            return False
        if identity.expires_at.timestamp() <= time.time():
            return False
        self._note(identity)
        return True

    async def check(self, proof: Proof) -> Caller | None:
        """Return the caller as he stands now, or None when he may no longer listen: for connections that stay open.

        Raises:
            Unavailable: the accounts cannot be asked.
        """
        try:
            return (await self.identify(proof)).account.caller()
        except Unknown:
            return None

    async def revision(self) -> int:
        """Return how often access changed, as of half a second ago at most.

        While the database is silent nobody's access can be changed either: then what was known holds for a minute.

        Raises:
            Unavailable: the database has been silent for a minute.
        """
        if time.monotonic() - self._asked_at < FRESH_S:
            return self._revision
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        try:
            return await asyncio.shield(self._asking)
        except Unavailable:
            if time.monotonic() - self._answered_at > LEFT_ALONE_S:
                raise
            self._asked_at = time.monotonic()  # not every request waits for the silence to end
            return self._revision

    def changed(self) -> None:
        """Forget what is known: this process just changed somebody's access."""
        self._asked_at, self._changed_at, self._asking = float("-inf"), time.monotonic(), None

    def on_change(self, listener: Callable[[], Awaitable[None]]) -> None:
        """Have the listener called within half a second of every change of access, while ``run`` runs."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Look for changes of access until cancelled."""
        told = -1
        while True:
            try:
                revision = await self.revision()
                if revision != told and told >= 0:
                    for listener in self._listeners:
                        await listener()
                told = revision
            except Exception as error:  # a listener's mistake must not leave open connections unchecked for ever
                log_failure("access.unchecked", error)
            await asyncio.sleep(FRESH_S / 2)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Return what the work returns, done on one of the threads for accounts."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def in_hashing_thread(self, work: Callable[[], T]) -> T:
        """Return what the work returns, done where passwords are checked: nobody else waits for that."""
        return await asyncio.get_running_loop().run_in_executor(self._hashing, work)

    async def write(self, work: Callable[[], T]) -> T:
        """Return what the work returns: a change of somebody's access, done on a thread, seen here at once."""
        try:
            return await self.in_thread(work)
        finally:
            self.changed()

    def close(self) -> None:
        """Let go of the threads."""
        self._hashing.shutdown(wait=False, cancel_futures=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self) -> int:
        began = time.monotonic()
        revision = await self.in_thread(self.accounts.revision)
        self._answered_at = time.monotonic()
        if began >= self._changed_at:  # else it may have been read before the change
            self._revision, self._asked_at = revision, began
        return revision

    def _remember(self, proof: Proof, revision: int, identity: Identity) -> Standing:
        known = self._known[proof] = (revision, identity)
        self._known.move_to_end(proof)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return known

    def _note(self, identity: Identity) -> None:
        """Note the key's use, at most once a minute, behind the request's back.

        Thousands who come at once use thousands of keys: a transaction for each would keep the disk from all the rest.
        """
        if identity.key_id is None:
            return
        now = time.monotonic()
        if now - self._noted.get(identity.key_id, float("-inf")) < NOTED_S:
            return
        self._noted[identity.key_id] = now
        if len(self._noted) > REMEMBERED:
            self._noted.popitem(last=False)
        self._used[identity.key_id] = datetime.now(UTC)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_uses())

    async def _write_uses(self) -> None:
        """Write down what was used; what is used within a second, or meanwhile, goes into one transaction."""
        while self._used:
            await asyncio.sleep(TOGETHER_S)
            used, self._used = self._used, {}
            try:
                await self.in_thread(lambda used=used: self.accounts.keys.used(used))  # type: ignore[misc]
            except Unavailable as error:
                log_failure("access.use_not_noted", error)


def _refused() -> Unknown:
    return Unknown("auth.refused", "the key or session is unknown, expired or revoked")
