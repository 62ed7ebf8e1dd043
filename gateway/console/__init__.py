"""The console: the platform's pages in a browser, static files that talk to the API like any other client."""

from typing import TYPE_CHECKING, Any

from gateway.console.files import read_files
from gateway.console.pages import PAGES, Page
from gateway.console.static_files import StaticFile

if TYPE_CHECKING:
    from gateway.dependencies import Dependencies

__all__ = ["add_console"]


def add_console(app: Any, deps: "Dependencies | None" = None) -> None:
    """Add the console's pages and files to the gateway. They hold no data, so nobody needs to sign in to get them."""
    files = read_files()
    app.add_route("/static/{version}/{path:path}", StaticFile(files))
    for path, name in PAGES.items():
        app.add_route(path, Page(name, files))
