"""Review: cases with their findings and decisions, schemes, and term lists."""

from uuid import UUID

from falcon.asgi import Request, Response

from gateway.bodies import read_body
from gateway.dependencies import Dependencies
from gateway.responses import answer
from gateway.services import Service


class Reviews:
    """Cases; they are opened by submissions, never by a request."""

    def __init__(self, deps: Dependencies) -> None:
        self._review = Service(deps, "review")

    async def on_get(self, req: Request, resp: Response) -> None:
        """List cases."""
        await self._review.list(req, resp, "list_cases")

    async def on_get_one(self, req: Request, resp: Response, case_id: UUID) -> None:
        """Show a case."""
        await self._review.get(req, resp, "get_case", case_id=case_id)

    async def on_post_claim(self, req: Request, resp: Response, case_id: UUID) -> None:
        """Claim it."""
        await self._review.do(req, resp, "claim_case", case_id=case_id)

    async def on_delete_claim(self, req: Request, resp: Response, case_id: UUID) -> None:
        """Release it."""
        await self._review.do(req, resp, "release_case", case_id=case_id)

    async def on_post_decision(self, req: Request, resp: Response, case_id: UUID) -> None:
        """Decide it."""
        await self._review.do(req, resp, "decide_case", case_id=case_id)


class ReviewSchemes:
    """Who must approve what; POST adopts a scheme, or the next version of one."""

    def __init__(self, deps: Dependencies) -> None:
        self._review = Service(deps, "review")

    async def on_get(self, req: Request, resp: Response) -> None:
        """List schemes."""
        await self._review.list(req, resp, "list_schemes")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Adopt a scheme."""
        await self._review.make(req, resp, "adopt_scheme")

    async def on_delete_one(self, req: Request, resp: Response, scheme_id: UUID) -> None:
        """Retire it."""
        await self._review.do(req, resp, "retire_scheme", scheme_id=scheme_id)


class TermLists:
    """What the automatic check looks for; POST publishes a list, PUT its next version."""

    def __init__(self, deps: Dependencies) -> None:
        self._review = Service(deps, "review")

    async def on_get(self, req: Request, resp: Response) -> None:
        """List term lists."""
        await self._review.list(req, resp, "list_term_lists")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Publish a new list."""
        await self._review.make(req, resp, "publish_term_list")

    async def on_post_trial(self, req: Request, resp: Response) -> None:
        """Check a text; nothing is kept."""
        answer(req, resp, await self._review.call(req, "try_terms", await read_body(req)))

    async def on_get_one(self, req: Request, resp: Response, list_id: UUID) -> None:
        """Show a list with its terms."""
        await self._review.get(req, resp, "get_term_list", list_id=list_id)

    async def on_put_one(self, req: Request, resp: Response, list_id: UUID) -> None:
        """Publish its next version."""
        await self._review.do(req, resp, "publish_term_list", list_id=list_id)
