"""The console's pages: one shell, filled in the browser by the script of the page."""

from hashlib import sha256
from pathlib import Path
from string import Template

from falcon.asgi import Request, Response

from gateway.console.files import Files
from gateway.responses import knows

PAGES = {
    "/": "board",
    "/articles": "articles",
    "/reviews": "reviews",
    "/assets": "assets",
    "/shoots": "shoots",
    "/live": "live",
    "/training": "training",
    "/imports": "imports",
    "/admin": "admin",
    "/sign-in": "sign-in",
}
SHELL = Path(__file__).with_name("shell.html")
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
# A stream's picture comes from wherever the stream is sent to; scripts and requests still go nowhere else.
MORE = {"live": "; media-src 'self' https: http:"}


class Page:
    """A page without any data in it."""

    public_page = True

    def __init__(self, name: str, files: Files) -> None:
        template = Template(SHELL.read_text(encoding="utf-8"))
        self._html = template.substitute(page=name, version=files.version).encode()
        self._policy = POLICY + MORE.get(name, "")
        self._tag = f'"{sha256(self._html).hexdigest()[:16]}"'

    async def on_get(self, req: Request, resp: Response) -> None:
        """Send the page, or 304 where the browser has it already."""
        resp.set_header("Content-Security-Policy", self._policy)
        resp.set_header("Cache-Control", "no-cache")
        resp.set_header("ETag", self._tag)
        if knows(req, self._tag):
            resp.status = 304
            return
        resp.content_type = "text/html; charset=utf-8"
        resp.data = self._html
