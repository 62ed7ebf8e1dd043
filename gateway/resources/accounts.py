"""Accounts and their keys, for administrators; nobody gives away units that are not theirs to give."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from falcon.asgi import Request, Response

from gateway.accounts import Account
from gateway.accounts.once import Answer, Once
from gateway.bodies import read_body, read_query
from gateway.cursors import Cursors
from gateway.dependencies import Dependencies
from gateway.responses import answer, expected_version
from gateway.services import idempotency_key
from shared import codec
from shared.context import Caller
from shared.errors import NotFound, RuleBroken
from shared.logs import log
from shared.roles import EVERY_UNIT

PAGE = 50
T = TypeVar("T")


class AccountBook:
    """The collection; POST makes one. A change acts at once, in open connections too."""

    def __init__(self, deps: Dependencies) -> None:
        self._access, self._accounts = deps.access, deps.access.accounts
        self._cursors = Cursors(deps.settings.secrets)

    async def on_get(self, req: Request, resp: Response) -> None:
        """List accounts."""
        query = read_query(req)
        cursor, limit = query.get("cursor"), query.get("limit", PAGE)
        after = None if cursor is None else self._cursors.unwrap(cursor, req.path, {})
        found = await self._access.in_thread(lambda: self._accounts.people.page(after, limit))
        end = None if found["next"] is None else self._cursors.wrap(found["next"], req.path, {})
        shown = [_shown(account) for account in found["items"] if _is_in(req.context.caller, account.units)]
        answer(req, resp, {"items": shown, "next": end})

    async def on_post(self, req: Request, resp: Response) -> None:
        """Make an account."""
        body = await read_body(req)
        _refuse_beyond(req.context.caller, body["units"])
        once, people = _once(req, "add_account", body), self._accounts.people
        who = (body["name"], body["role"], body["units"])
        made = await self._access.write(lambda: people.add(*who, once, body.get("login")))
        resp.set_header("Location", f"{req.path}/{made.body['id']}")
        self._done(req, resp, made, "account.added", role=body["role"])

    async def on_get_one(self, req: Request, resp: Response, account_id: UUID) -> None:
        """Show an account with its keys."""
        account = await self._own(req, account_id)
        keys = await self._access.in_thread(lambda: self._accounts.keys.all(account_id))
        standing = await self._access.in_thread(lambda: self._accounts.passwords.standing(account_id))
        more = {"keys": codec.unstructure(keys), "sign_in": codec.unstructure(standing)}
        answer(req, resp, {**_shown(account), **more})

    async def on_patch_one(self, req: Request, resp: Response, account_id: UUID) -> None:
        """Change its name, role, units, or whether it may do anything at all."""
        changes, version = await read_body(req), expected_version(req)
        await self._own(req, account_id)
        _refuse_beyond(req.context.caller, changes.get("units", ()))
        now_at = await self._access.write(lambda: self._accounts.people.change(account_id, changes, version))
        self._done(req, resp, Answer({"id": str(account_id), "version": now_at}), "account.changed", **changes)

    async def on_post_keys(self, req: Request, resp: Response, account_id: UUID) -> None:
        """Issue a key; it is shown this once."""
        body = await read_body(req)
        await self._own(req, account_id)
        once = _once(req, "issue_key", {**body, "account_id": str(account_id)})
        days = {"days": body["days"]} if "days" in body else {}
        issued = await self._access.write(
            lambda: self._accounts.keys.issue(account_id, body["label"], key=once, **days)
        )
        resp.set_header("Location", f"/v1/keys/{issued.body['id']}")
        resp.set_header("Cache-Control", "no-store")
        self._done(req, resp, issued, "key.issued", prefix=issued.body["prefix"])

    async def on_post_password(self, req: Request, resp: Response, account_id: UUID) -> None:
        """Give a one-time password; it is shown this once, and asking again gives another."""
        await read_body(req)
        account = await self._own(req, account_id)
        give = self._accounts.passwords.give
        text, ends = await self._access.in_hashing_thread(lambda: give(account_id))
        self._access.changed()
        log.warning("password.given", by=str(req.context.caller.account_id), account=str(account_id))
        resp.set_header("Cache-Control", "no-store")
        answer(req, resp, {"login": account.login, "one_time_password": text, "expires_at": codec.unstructure(ends)})

    async def on_delete_password(self, req: Request, resp: Response, account_id: UUID) -> None:
        """Take the password away."""
        await self._own(req, account_id)
        await self._access.write(lambda: self._accounts.passwords.take(account_id))
        log.warning("password.taken", by=str(req.context.caller.account_id), account=str(account_id))
        resp.status = 204

    async def on_delete_sessions(self, req: Request, resp: Response, account_id: UUID) -> None:
        """Sign somebody out everywhere."""
        await self._own(req, account_id)
        await self._access.write(lambda: self._accounts.sessions.close_all(account_id))
        log.warning("session.all_closed", account=str(account_id), by=str(req.context.caller.account_id))
        resp.status = 204

    async def on_delete_key(self, req: Request, resp: Response, key_id: UUID) -> None:
        """Revoke a key; it is worthless at once."""
        key = await self._access.in_thread(lambda: self._accounts.keys.get(str(key_id)))
        await self._own(req, key.account_id)
        await self._access.write(lambda: self._accounts.keys.revoke(key_id))
        log.info("key.revoked", by=str(req.context.caller.account_id), prefix=key.prefix)
        resp.status = 204

    async def _own(self, req: Request, account_id: UUID) -> Account:
        """Return an account that is the caller's to administer; another's is not there."""
        account = await self._access.in_thread(lambda: self._accounts.people.get(account_id))
        if not _is_in(req.context.caller, account.units):
            raise NotFound("accounts.not_found", "no such account")
        return account

    @staticmethod
    def _done(req: Request, resp: Response, done: Answer, word: str, **facts: Any) -> None:
        log.info(word, by=str(req.context.caller.account_id), thing=done.body["id"], **facts)
        if done.replayed:
            resp.set_header("Idempotent-Replayed", "true")
        answer(req, resp, done.body)


def _once(req: Request, operation: str, body: dict[str, Any]) -> Once | None:
    key = idempotency_key(req)
    if key is None:
        return None
    scoped = f"{req.context.caller.account_id}/{operation}/{key}"
    return Once(key=scoped, fingerprint=sha256(codec.dumps(body).encode()).hexdigest())


def _is_in(caller: Caller, units: Iterable[str]) -> bool:
    return EVERY_UNIT in caller.units or all(unit != EVERY_UNIT and caller.sees(unit) for unit in units)


def _refuse_beyond(caller: Caller, units: Iterable[str]) -> None:
    if not _is_in(caller, units):
        raise RuleBroken("accounts.beyond_your_units", "nobody gives away units that are not their own")


def _shown(account: Account) -> dict[str, Any]:
    shown: dict[str, Any] = codec.unstructure(account)
    return {**shown, "units": sorted(account.units)}
