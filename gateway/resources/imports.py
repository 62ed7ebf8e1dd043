"""Imports of articles and figures from files."""

import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import quote
from uuid import UUID

from falcon.asgi import Request, Response

from gateway.accounts.once import Once
from gateway.bodies import read_query
from gateway.cursors import Cursors
from gateway.dependencies import Dependencies
from gateway.importing import report
from gateway.importing.desk import Asked
from gateway.importing.receiving import receive
from gateway.responses import answer
from gateway.schemas.imports import ImportFile
from gateway.services import idempotency_key
from shared import codec
from shared.context import Caller
from shared.logs import log

REPORTED = 1000  # rows of a report that are read at once


class Imports:
    """The collection; POST takes a file as its body and begins to import it."""

    def __init__(self, deps: Dependencies) -> None:
        self._desk, self._cursors = deps.imports, Cursors(deps.settings.secrets)

    async def on_get(self, req: Request, resp: Response) -> None:
        """List imports."""
        await self._list(req, resp, self._desk.book.list)

    async def on_post(self, req: Request, resp: Response) -> None:
        """Take a file, say what it was taken for, and send its rows in the background.

        Raises:
            Invalid: it is too large, or did not come to its end.
            NotFound: there is no such unit or channel.
            RuleBroken: it is nothing that can be imported.
        """
        caller, asked = req.context.caller, _asked(req)
        with tempfile.TemporaryFile() as file:
            key = _once(req, await receive(req, file))
            begun = await self._desk.begin(caller, req.context.identity.key_id, asked, file, key)
        log.info("import.begun", by=str(caller.account_id), thing=begun.body["id"], dry_run=asked.dry_run)
        if begun.replayed:
            resp.set_header("Idempotent-Replayed", "true")
        resp.set_header("Location", f"{req.path}/{begun.body['id']}")
        answer(req, resp, await self._get(caller, UUID(begun.body["id"])))

    async def on_get_one(self, req: Request, resp: Response, import_id: UUID) -> None:
        """Show an import."""
        answer(req, resp, await self._get(req.context.caller, import_id))

    async def on_delete_one(self, req: Request, resp: Response, import_id: UUID) -> None:
        """Give it up."""
        await self._desk.in_thread(lambda: self._desk.book.give_up(import_id, req.context.caller))
        log.info("import.given_up", by=str(req.context.caller.account_id), thing=str(import_id))
        resp.status = 204

    async def on_get_rows(self, req: Request, resp: Response, import_id: UUID) -> None:
        """List its rows."""
        book = self._desk.book
        await self._list(req, resp, lambda *asked, **filters: book.rows(import_id, *asked, **filters))

    async def on_get_report(self, req: Request, resp: Response, import_id: UUID) -> None:
        """Send what became of every row."""
        found = await self._get(req.context.caller, import_id)
        name = quote(f"{found['filename'] or 'import'}.report.csv")
        resp.content_type = "text/csv; charset=utf-8"
        resp.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
        resp.stream = self._report(req.context.caller, import_id)

    async def _get(self, caller: Caller, import_id: UUID) -> dict[str, Any]:
        return await self._desk.in_thread(lambda: self._desk.book.get(import_id, caller))

    async def _list(self, req: Request, resp: Response, page: Any) -> None:
        given = read_query(req)
        told = {name: value for name, value in req.context.operation.query.load(given).items() if name in given}
        cursor, limit = given.pop("cursor", None), given.pop("limit", 50)
        filters = {name: told[name] for name in given}
        after = None if cursor is None else self._cursors.unwrap(cursor, req.path, filters)
        found = await self._desk.in_thread(lambda: page(req.context.caller, after, limit, **filters))
        if found["next"] is not None:
            found["next"] = self._cursors.wrap(found["next"], req.path, filters)
        answer(req, resp, found)

    async def _report(self, caller: Caller, import_id: UUID) -> AsyncIterator[bytes]:
        rows = partial(self._desk.book.rows, import_id, caller)
        after: str | None = None
        yield report.header()
        while True:
            found = await self._desk.in_thread(partial(rows, after, REPORTED))
            yield report.lines(found["items"])
            if (after := found["next"]) is None:
                return


def _asked(req: Request) -> Asked:
    """Return what the query asks for; a file of the future was exported now."""
    now = datetime.now(UTC)
    told: dict[str, Any] = ImportFile.read(read_query(req))
    return Asked(**{**told, "taken_at": min(told.get("taken_at", now), now)})


def _once(req: Request, digest: str) -> Once | None:
    key = idempotency_key(req)
    if key is None:
        return None
    fingerprint = sha256(codec.dumps([digest, read_query(req)]).encode()).hexdigest()
    return Once(key=f"{req.context.caller.account_id}/begin_import/{key}", fingerprint=fingerprint)
