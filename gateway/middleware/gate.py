"""The gate: what no route names is refused, and who may not is turned away before any resource is asked."""

from collections.abc import Iterable, Mapping
from typing import Any

import falcon
from falcon.asgi import Request, Response

from gateway.auth import Access, Refused, proof_of
from gateway.limits import Limits, write_limit
from gateway.operations import JSON, PUBLIC, SAFE, SIGNED_IN, Operation, Route
from gateway.schemas import Done
from gateway.services import CALLS
from shared.errors import RuleBroken

OWN_PAGES = (None, "same-origin", "none")
INTENT = "X-Matrix-Request"


class Gate:
    """Knows each route's operations. A resource outside the table is let through only where it is a ``public_page``."""

    def __init__(self, access: Access, routes: Iterable[Route], limits: Limits) -> None:
        self._access, self._limits = access, limits
        self._operations: dict[str, Mapping[str, Operation]] = {route.path: route.operations for route in routes}

    async def process_resource(self, req: Request, resp: Response, resource: Any, params: dict[str, Any]) -> None:
        """Let the request pass with ``req.context.caller`` (None on public routes) and ``.operation`` set.

        Raises:
            Unknown: nobody we know is asking.
            Refused: another site's page is asking in the caller's name.
            RuleBroken: ``caller.denied``, the caller's role does not hold the action; ``batch.no_command``, in a batch
                are commands only.
            TooMany: the account changed too much in a short while.
        """
        if req.method == "OPTIONS" or getattr(resource, "public_page", False):
            return
        operations = self._operations.get(str(req.uri_template), {})
        operation = operations.get(req.method)
        if operation is None:
            raise falcon.HTTPMethodNotAllowed(list(operations))
        if CALLS in req.scope and not isinstance(operation.answer, Done):
            raise RuleBroken("batch.no_command", "a batch holds commands only: nothing that reads, uploads or signs in")
        req.context.operation = operation
        if operation.action == PUBLIC:
            _refuse_other_sites(req)
            return
        proof = proof_of(req)
        identity = await self._access.identify(proof)
        if proof.kind == "session":
            _refuse_other_sites(req)
            _refuse_without_intent(req)
        req.context.proof, req.context.identity = proof, identity
        req.context.caller = identity.account.caller()
        if operation.action != SIGNED_IN:
            req.context.caller.require(operation.action)
        if req.method not in SAFE:
            upload = req.method == "POST" and operation.takes != JSON
            account = str(identity.account.id)
            await self._limits.take(write_limit(account, upload=upload, by_key=proof.kind == "key"))


def _refuse_other_sites(req: Request) -> None:
    if req.method not in SAFE and req.get_header("Sec-Fetch-Site") not in OWN_PAGES:
        raise Refused("csrf.other_site", "a page of another site may not do this in your name")


def _refuse_without_intent(req: Request) -> None:
    """A form or an image of another site cannot send this header."""
    if req.method not in SAFE and req.get_header(INTENT) != "1":
        raise Refused("csrf.no_intent", f"a request that is signed in by a cookie sends {INTENT}: 1")
