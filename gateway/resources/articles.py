"""Articles: drafts, revisions, submission, publication, withdrawal, and how often they are read."""

from uuid import UUID

from falcon.asgi import Request, Response

from gateway.bodies import read_body, read_query
from gateway.dependencies import Dependencies
from gateway.responses import answer
from gateway.services import Service, answer_command


class Articles:
    """The collection; POST drafts one."""

    def __init__(self, deps: Dependencies) -> None:
        self._content, self._metrics = Service(deps, "content"), Service(deps, "metrics")

    async def on_get(self, req: Request, resp: Response) -> None:
        """List articles."""
        await self._content.list(req, resp, "list_articles")

    async def on_post(self, req: Request, resp: Response) -> None:
        """Draft an article."""
        await self._content.make(req, resp, "draft_article")

    async def on_get_one(self, req: Request, resp: Response, article_id: UUID) -> None:
        """Show an article."""
        await self._content.get(req, resp, "get_article", article_id=article_id)

    async def on_patch_one(self, req: Request, resp: Response, article_id: UUID) -> None:
        """Revise it."""
        await self._content.do(req, resp, "revise_article", article_id=article_id)

    async def on_post_submission(self, req: Request, resp: Response, article_id: UUID) -> None:
        """Submit it for review."""
        await self._content.do(req, resp, "submit_article", article_id=article_id)

    async def on_post_withdrawal(self, req: Request, resp: Response, article_id: UUID) -> None:
        """Take back the submission, or withdraw what is published."""
        await self._content.do(req, resp, "withdraw_article", article_id=article_id)

    async def on_get_revisions(self, req: Request, resp: Response, article_id: UUID) -> None:
        """List revisions, or compare two of them."""
        compared = read_query(req)
        if compared:
            numbers = {"from_revision": compared["from"], "to_revision": compared["to"]}
            found = await self._content.call(req, "diff_revisions", {"article_id": article_id, **numbers})
        else:
            found = await self._content.call(req, "list_revisions", {"article_id": article_id})
        answer(req, resp, found)

    async def on_post_publications(self, req: Request, resp: Response, article_id: UUID) -> None:
        """Note where it appeared, or plan where it is to appear."""
        body = await read_body(req)
        if "due_at" in body:
            body.pop("url", None)
            await self._content.make(req, resp, "schedule_publication", article_id=article_id)
        else:
            await self._content.make(req, resp, "publish_article", article_id=article_id)

    async def on_delete_publication(self, req: Request, resp: Response, article_id: UUID, publication_id: UUID) -> None:
        """Cancel a planned publication."""
        path = {"article_id": article_id, "publication_id": publication_id}
        await self._content.do(req, resp, "cancel_publication", **path)

    async def on_put_receipt(self, req: Request, resp: Response, article_id: UUID, publication_id: UUID) -> None:
        """File the link under which it appeared."""
        path = {"article_id": article_id, "publication_id": publication_id}
        await self._content.do(req, resp, "file_receipt", **path)

    async def on_post_reads(self, req: Request, resp: Response, article_id: UUID) -> None:
        """Note its reads or readers at one moment, for the unit that owns the article."""
        body = await read_body(req)
        article = await self._content.call(req, "get_article", {"article_id": article_id})
        counted = {**body, "article_id": article_id, "unit_id": article["unit_id"]}
        answer_command(req, resp, await self._metrics.call(req, "count_reads", counted))
