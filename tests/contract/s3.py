"""As much of an S3-compatible store as file storage uses, in memory, for tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "matrix"
TIME = "%Y-%m-%dT%H:%M:%S.000Z"


class Store(ThreadingHTTPServer):
    """One bucket; ``down`` makes every request fail."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.parts: dict[int, bytes] = {}
        self.down = False

    @property
    def address(self) -> str:
        """The address as settings name it."""
        return f"s3://127.0.0.1:{self.server_address[1]}/{BUCKET}"


@contextmanager
def store() -> Iterator[Store]:
    """Give a running store."""
    made = Store()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Store

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if source := self.headers.get("x-amz-copy-source"):
            self._copy(unquote(source).lstrip("/").removeprefix(f"{BUCKET}/"))
            return
        if "partNumber" in self._query:
            self.server.parts[int(self._query["partNumber"])] = body
        else:
            self.server.objects[self._key] = (body, datetime.now(UTC))
        self._send(200)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "uploadId" in self._query:
            whole = b"".join(self.server.parts[number] for number in sorted(self.server.parts))
            self.server.objects[self._key] = (whole, datetime.now(UTC))
            self.server.parts = {}
            name = "CompleteMultipartUploadResult"
        else:
            name = "InitiateMultipartUploadResult"
        told = f"<Bucket>{BUCKET}</Bucket><Key>{self._key}</Key><UploadId>u1</UploadId><ETag>e</ETag>"
        self._send(200, f"<{name}>{told}</{name}>".encode())

    def do_GET(self) -> None:
        if self._key:
            self._object(with_body=True)
            return
        listed = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{at.strftime(TIME)}</LastModified>"
            f"<ETag>e</ETag><Size>{len(body)}</Size></Contents>"
            for key, (body, at) in sorted(self.server.objects.items())
            if key.startswith(self._query.get("prefix", ""))
        )
        whole = f"<ListBucketResult><Name>{BUCKET}</Name><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>"
        self._send(200, whole.encode())

    def do_HEAD(self) -> None:
        self._object(with_body=False)

    def do_DELETE(self) -> None:
        self.server.objects.pop(self._key, None)
        self._send(204)

    def _copy(self, source: str) -> None:
        if source not in self.server.objects:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        self.server.objects[self._key] = (self.server.objects[source][0], datetime.now(UTC))
        when = datetime.now(UTC).strftime(TIME)
        told = f"<ETag>e</ETag><LastModified>{when}</LastModified>"
        self._send(200, f"<CopyObjectResult>{told}</CopyObjectResult>".encode())

    @property
    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}").lstrip("/")

    @property
    def _query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    def _object(self, *, with_body: bool) -> None:
        if self._key not in self.server.objects:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>" if with_body else b"")
            return
        body, _ = self.server.objects[self._key]
        self._send(200, body if with_body else b"", len(body))

    def _send(self, status: int, body: bytes = b"", length: int | None = None) -> None:
        if self.server.down:
            status, body, length = 403, b"<Error><Code>AccessDenied</Code></Error>", None
        self.send_response(status)
        self.send_header("ETag", '"e"')
        self.send_header("Content-Type", "application/xml")
        self.send_header("Last-Modified", datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"))
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
