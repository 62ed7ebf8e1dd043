"""The table of routes: every path, what answers there, who may, and what crosses. What is not in it is refused."""

from gateway.operations import Route
from gateway.routes import accounts, batches, content, imports, media, metrics, operations, review, training

ROUTES: tuple[Route, ...] = (
    *metrics.ROUTES, *content.ROUTES, *review.ROUTES, *media.ROUTES, *training.ROUTES, *imports.ROUTES, *batches.ROUTES,
    *accounts.ROUTES, *operations.ROUTES,
)  # fmt: skip
