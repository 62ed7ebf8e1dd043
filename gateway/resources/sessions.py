"""Signing in and out of a browser, and who one is."""

from typing import Any

from falcon.asgi import Request, Response

from gateway.accounts import Identity
from gateway.accounts.tokens import read_key, read_session
from gateway.auth import Unknown, cookie_name, proof_of
from gateway.bodies import read_body
from gateway.dependencies import Dependencies
from gateway.responses import answer
from shared import codec
from shared.roles import ACTIONS


class Sessions:
    """POST signs in with an API key, DELETE signs out; ``me`` tells who is asking."""

    def __init__(self, deps: Dependencies) -> None:
        self._access, self._accounts = deps.access, deps.access.accounts

    async def on_post(self, req: Request, resp: Response) -> None:
        """Open a session; its cookie is out of the reach of scripts."""
        key = read_key((await read_body(req))["key"].strip())
        token = None if key is None else await self._access.in_thread(lambda: self._accounts.sessions.open(key))
        proof = None if token is None else read_session(token)
        if token is None or proof is None:
            raise Unknown("auth.refused", "the key is unknown, expired or revoked")
        identity = await self._access.identify(proof)
        secure = req.forwarded_scheme == "https"
        resp.set_cookie(cookie_name(req), token, path="/", secure=secure, http_only=True, same_site="Lax")
        self._tell(req, resp, identity)

    async def on_delete(self, req: Request, resp: Response) -> None:
        """Close the session. Signing out with a key changes nothing about the key."""
        proof = proof_of(req)
        if proof.kind == "session":
            await self._access.in_thread(lambda: self._accounts.sessions.close(proof))
            self._access.changed()
        secure = req.forwarded_scheme == "https"
        resp.set_cookie(cookie_name(req), "", path="/", max_age=0, secure=secure, http_only=True, same_site="Lax")
        resp.set_header("Cache-Control", "no-store")
        resp.status = 204

    async def on_get_me(self, req: Request, resp: Response) -> None:
        """Tell who is asking and what they may do."""
        self._tell(req, resp, req.context.identity)

    @staticmethod
    def _tell(req: Request, resp: Response, identity: Identity) -> None:
        account = identity.account
        me: dict[str, Any] = {
            "id": str(account.id),
            "name": account.name,
            "role": account.role,
            "units": sorted(account.units),
            "actions": sorted(ACTIONS[account.role]),
            "expires_at": codec.unstructure(identity.expires_at),
        }
        resp.set_header("Cache-Control", "no-store")
        answer(req, resp, me)
