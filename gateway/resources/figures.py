"""What figures mean, and the facts that a figure's number is made of."""

from datetime import UTC, datetime
from typing import Any

from falcon.asgi import Request, Response

from gateway.bodies import read_query
from gateway.cursors import Cursors
from gateway.dependencies import Dependencies
from gateway.matrix.behind import facts_behind
from gateway.matrix.frame import Definition, definitions
from gateway.matrix.query import query_of
from gateway.matrix.read import snapshot
from gateway.responses import answer
from gateway.services import Service

DEFAULT_LIMIT = 50


class Figures:
    """The figures that are defined, each in its newest version; POST defines the next."""

    def __init__(self, deps: Dependencies) -> None:
        self._matrix, self._metrics = deps.matrix, Service(deps, "metrics")

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer with the definitions.

        Raises:
            Unavailable: the read model does not answer.
        """
        read_query(req)
        found = await self._matrix.board.in_thread(self._defined)
        answer(req, resp, {"items": [_definition(each) for each in found], "next": None})

    async def on_post(self, req: Request, resp: Response) -> None:
        """Define a figure, or its next version."""
        await self._metrics.make(req, resp, "define_figure", where=req.path)

    def _defined(self) -> list[Definition]:
        with snapshot(self._matrix.engine) as db:
            return list(definitions(db).values())


class FiguresEvents:
    """The facts behind one figure: the links in the matrix lead here."""

    def __init__(self, deps: Dependencies) -> None:
        self._matrix, self._cursors = deps.matrix, Cursors(deps.settings.secrets)

    async def on_get(self, req: Request, resp: Response, name: str) -> None:
        """Answer with a page of facts, newest first.

        Raises:
            Invalid: a parameter does not fit, or the cursor is not one of this list.
            NotFound: there is no such figure, or the unit is none of the caller's.
            Unavailable: the read model does not answer.
        """
        given = read_query(req)
        cursor, limit = given.pop("cursor", None), int(given.pop("limit", None) or DEFAULT_LIMIT)
        query = query_of(given, req.context.caller, datetime.now(UTC))
        filters = query.parameters()
        after = None if cursor is None else self._cursors.unwrap(cursor, req.path, filters)
        found = await self._matrix.board.in_thread(lambda: facts_behind(self._matrix.engine, name, query, limit, after))
        if found["next"] is not None:
            found["next"] = self._cursors.wrap(found["next"], req.path, filters)
        answer(req, resp, found)


def _definition(each: Definition) -> dict[str, Any]:
    return {
        "name": each.name,
        "version": each.version,
        "unit": each.unit,
        "kind": each.kind,
        "meaning_zh": each.meaning_zh,
        "meaning_en": each.meaning_en,
        "covered_from": each.covered_from and each.covered_from.isoformat(),
        "href": f"/v1/figures/{each.name}/events",
    }
