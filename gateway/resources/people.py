"""Names of colleagues: who sees a record with somebody's id may know whose it is. Ids cannot be guessed or listed."""

from uuid import UUID

from falcon.asgi import Request, Response

from gateway.bodies import read_query
from gateway.dependencies import Dependencies
from gateway.responses import answer


class Colleagues:
    """Accounts by id, with their names and nothing else."""

    def __init__(self, deps: Dependencies) -> None:
        self._access, self._people = deps.access, deps.access.accounts.people

    async def on_get(self, req: Request, resp: Response) -> None:
        """Name those of the ids that are accounts."""
        wanted = [UUID(each) for each in read_query(req).get("ids", "").split(",") if each]
        names = await self._access.in_thread(lambda: self._people.names(wanted))
        items = [{"id": str(known), "name": name} for known, name in names.items()]
        answer(req, resp, {"items": items, "next": None})
