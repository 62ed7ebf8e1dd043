"""Viewers of the matrix: each reads it now and then and keeps a stream of news open.

``MATRIX_KEY=mm_… .venv/bin/locust -f loadtests/locustfile.py -H http://127.0.0.1:8000 --headless -u 50 -r 10 -t 60s``
A key may hold a few streams at once; give several, separated by commas, for more viewers.
"""

import os
import time
from itertools import cycle

from locust import HttpUser, between, task

KEYS = cycle(os.environ.get("MATRIX_KEY", "").split(","))
STREAM_S = 20.0


class Viewer(HttpUser):
    """Looks at the year's matrix, asks again with the tag of what they have, and listens for a while."""

    wait_time = between(1, 5)

    def on_start(self) -> None:
        """Sign in with a key."""
        self.client.headers["Authorization"] = f"Bearer {next(KEYS)}"
        self._tag = ""

    @task(10)
    def look(self) -> None:
        """Read the matrix; most answers say that it has not changed."""
        headers = {"If-None-Match": self._tag} if self._tag else {}
        with self.client.get("/v1/matrix", params={"period": "2021"}, headers=headers, catch_response=True) as answer:
            if answer.status_code in (200, 304):
                answer.success()
                self._tag = answer.headers.get("ETag", self._tag)
            else:
                answer.failure(f"status {answer.status_code}")

    @task(1)
    def listen(self) -> None:
        """Hold a stream open for a while; a stream too many is refused with 429, and that is well."""
        end = time.monotonic() + STREAM_S
        with self.client.get("/v1/stream", stream=True, catch_response=True, timeout=STREAM_S) as answer:
            if answer.status_code == 429:
                answer.success()
                return
            if answer.status_code != 200:
                answer.failure(f"status {answer.status_code}")
                return
            answer.success()
            try:
                for _ in answer.iter_lines():
                    if time.monotonic() > end:
                        break
            except OSError:  # nothing was said for a while
                return
