"""Signing in and out of a browser, who one is, and one's own password."""

from typing import Any

from falcon.asgi import Request, Response

from gateway.accounts import Identity
from gateway.accounts.passwords import Login, login_of
from gateway.accounts.sign_in import Proven
from gateway.accounts.tokens import read_key, read_session
from gateway.auth import Refused, Unknown, cookie_name, is_secure, proof_of
from gateway.bodies import read_body
from gateway.dependencies import Dependencies
from gateway.limits import sign_in_limits
from gateway.responses import answer
from shared import codec
from shared.errors import RuleBroken
from shared.logs import log
from shared.roles import ACTIONS


class Sessions:
    """POST signs in with a password or an API key, DELETE signs out; ``me`` tells who is asking."""

    def __init__(self, deps: Dependencies) -> None:
        self._access, self._accounts, self._limits = deps.access, deps.access.accounts, deps.limits
        self._addresses = deps.addresses

    async def on_post(self, req: Request, resp: Response) -> None:
        """Open a session; its cookie is out of the reach of scripts. The one that the browser had ends."""
        body = await read_body(req)
        proven = await (self._by_key(req, body["key"]) if "key" in body else self._by_password(req, body))
        identity = await self._open(req, resp, proven)
        log.warning("session.opened", account=str(identity.account.id), by="key" if proven.key_id else "password")
        self._tell(req, resp, identity)

    async def on_delete(self, req: Request, resp: Response) -> None:
        """Close the session. Signing out with a key changes nothing about the key."""
        proof = proof_of(req)
        if proof.kind == "session":
            await self._access.write(lambda: self._accounts.sessions.close(proof))
        self._forget(req, resp)

    async def on_delete_all(self, req: Request, resp: Response) -> None:
        """Close every session of the account, on every machine."""
        account = req.context.identity.account.id
        await self._access.write(lambda: self._accounts.sessions.close_all(account))
        log.warning("session.all_closed", account=str(account), by=str(account))
        self._forget(req, resp)

    async def on_put_password(self, req: Request, resp: Response) -> None:
        """Choose another password: every session ends, and this browser gets a new one."""
        body, account = await read_body(req), req.context.identity.account
        if account.login is None:
            raise RuleBroken("password.no_login", "this account has no name to sign in with")
        proven = await self._prove(req, Login(account.login, body["password"]))
        chosen = await self._choose(req, proven, body["new_password"])
        self._tell(req, resp, await self._open(req, resp, chosen))

    async def on_get_me(self, req: Request, resp: Response) -> None:
        """Tell who is asking and what they may do."""
        self._tell(req, resp, req.context.identity)

    async def _by_key(self, req: Request, text: str) -> Proven:
        await self._limits.take(*sign_in_limits(self._addresses.of(req)))
        key = read_key(text.strip())
        proven = None if key is None else await self._access.in_thread(lambda: self._accounts.keys.prove(key))
        if proven is None:
            raise Unknown("auth.refused", "the key is unknown, expired or revoked")
        return proven

    async def _by_password(self, req: Request, body: dict[str, Any]) -> Proven:
        proven = await self._prove(req, Login(body["login"], body["password"]))
        if not proven.must_change:
            return proven
        if "new_password" not in body:
            raise Refused("password.must_change", "this password holds once: choose one of your own (new_password)")
        if body["new_password"] == body["password"]:
            raise RuleBroken("password.unchanged", "a one-time password is not kept: choose another")
        return await self._choose(req, proven, body["new_password"])

    async def _prove(self, req: Request, login: Login) -> Proven:
        """Return whom the password proves; who guesses waits longer and longer, whoever's name they try."""
        limits = sign_in_limits(self._addresses.of(req), login_of(login.name))
        await self._limits.take(*limits)
        proven = await self._access.in_hashing_thread(lambda: self._accounts.passwords.prove(login))
        if proven is None:
            log.warning("session.refused", address=self._addresses.of(req))  # not the name: people type passwords there
            raise Unknown("auth.refused", "the login or the password is wrong, or the account is closed")
        await self._limits.give_back(*limits)
        return proven

    async def _choose(self, req: Request, proven: Proven, text: str) -> Proven:
        choose = self._accounts.passwords.choose
        chosen = await self._access.in_hashing_thread(lambda: choose(proven.account_id, text, proven))
        self._access.changed()
        log.warning("password.chosen", account=str(proven.account_id), address=self._addresses.of(req))
        return chosen

    async def _open(self, req: Request, resp: Response, proven: Proven) -> Identity:
        former = read_session(req.cookies.get(cookie_name(req), ""))
        if former is not None:
            await self._access.write(lambda: self._accounts.sessions.close(former))
        token = await self._access.in_thread(lambda: self._accounts.sessions.open(proven))
        proof = None if token is None else read_session(token)
        if token is None or proof is None:
            raise Unknown("auth.refused", "the password was changed meanwhile")
        identity = await self._access.identify(proof)
        resp.set_cookie(
            cookie_name(req), token, path="/", secure=is_secure(req), http_only=True, same_site="Lax"
        )  # fmt: skip
        return identity

    @staticmethod
    def _forget(req: Request, resp: Response) -> None:
        resp.set_cookie(
            cookie_name(req), "", path="/", max_age=0, secure=is_secure(req), http_only=True, same_site="Lax"
        )  # fmt: skip
        resp.set_header("Cache-Control", "no-store")
        resp.status = 204

    @staticmethod
    def _tell(req: Request, resp: Response, identity: Identity) -> None:
        account = identity.account
        me: dict[str, Any] = {
            "id": str(account.id),
            "name": account.name,
            "login": account.login,
            "role": account.role,
            "units": sorted(account.units),
            "actions": sorted(ACTIONS[account.role]),
            "expires_at": codec.unstructure(identity.expires_at),
        }
        resp.set_header("Cache-Control", "no-store")
        answer(req, resp, me)
