"""Sends the console's scripts, styles and pictures."""

import falcon
from falcon.asgi import Request, Response

from gateway.console.files import Files
from gateway.responses import knows

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


class StaticFile:
    """Files under the version of all of them: a browser keeps them for ever, and never mixes two versions."""

    public_page = True

    def __init__(self, files: Files) -> None:
        self._files = files

    async def on_get(self, req: Request, resp: Response, version: str, path: str) -> None:
        """Send the file, compressed where the browser takes that.

        Raises:
            HTTPNotFound: there is no such file.
        """
        file = self._files.files.get(path)
        if file is None:
            raise falcon.HTTPNotFound(description="no such file")
        # A page of the former version may still ask for its files: it gets today's, and does not keep them.
        resp.set_header("Cache-Control", FOR_EVER if version == self._files.version else ASK_AGAIN)
        resp.set_header("ETag", f'"{self._files.version}"')
        resp.append_header("Vary", "Accept-Encoding")
        if knows(req, f'"{self._files.version}"'):
            resp.status = 304
            return
        resp.content_type = file.content_type
        if "gzip" in (req.get_header("Accept-Encoding") or ""):
            resp.set_header("Content-Encoding", "gzip")
            resp.data = file.zipped
        else:
            resp.data = file.data
