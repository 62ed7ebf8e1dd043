"""The unified matrix: every unit's and channel's figures for a period, as known now or at a past moment."""

from datetime import UTC, datetime

from falcon.asgi import Request, Response

from gateway.bodies import read_query
from gateway.dependencies import Dependencies
from gateway.lane import lay_aside
from gateway.matrix.asked import Asked
from gateway.matrix.query import query_of
from gateway.responses import knows

JSON = "application/json"


class MatrixAnswers:
    """Answers from the worker's built answers; a part that is down is named, and the rest is answered all the same."""

    def __init__(self, deps: Dependencies) -> None:
        self._board = deps.matrix.board

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer with the matrix, or 304 where the client has it already.

        Raises:
            Invalid: a parameter does not fit.
            NotFound: the unit is none of the caller's.
            Unavailable: the read model does not answer, and this was never asked before.
        """
        now = datetime.now(UTC)
        asked = Asked(query_of(read_query(req), req.context.caller, now), now)
        lay_aside(req, asked)
        body, tag = await self._board.answer(asked)
        resp.set_header("ETag", tag)
        resp.content_type = JSON
        if knows(req, tag):
            resp.status = 304
            return
        resp.data = body
