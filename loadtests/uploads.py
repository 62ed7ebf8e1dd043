"""A video through the gateway into the library, resumable and hashed, beside a plain file that is hashed."""

import json
import os
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from uuid import uuid4

import httpx

from loadtests.cpu import cpu_s, family
from loadtests.embedded import Served, embedded
from loadtests.memory import forget_high_water, high_water_mib
from loadtests.peers import ROUNDS, Comparison, Sample, in_turns

MEGABYTES, PART = 100, 25_000_000
UNIT = {"name": "体育学院", "kind": "college", "since": "2018-09-01"}
HEAD = b"\x00\x00\x00\x18ftypisom" + bytes(12)  # an MP4, as far as anybody looks
TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
Measured = tuple[Sample, Sample]
Many = Sequence[Measured]


def uploading() -> list[Comparison]:
    """Return megabytes per second, and mebibytes at the gateway's peak beside those for a tenth of the bytes."""
    with tempfile.TemporaryDirectory(prefix="matrix-bench-") as name:
        folder = Path(name)
        with embedded(folder) as (gateway, key), _client(gateway, key) as client:
            unit = client.post("/v1/units", json=UNIT, headers={"Idempotency-Key": "unit"}).json()["id"]
            content = HEAD + os.urandom(MEGABYTES * 1_000_000 - len(HEAD))
            whole, tenth = (
                in_turns(partial(_ours, client, gateway, unit, each), partial(_bare, folder, each), ROUNDS)[:2]
                for each in (content, content[: len(content) // 10])
            )
    (ours, theirs), (small, theirs_small) = whole, tenth

    def speed(name: str, what: str, mine: Many, others: Many, ten: Many = ()) -> Comparison:
        rates, bare, grown = (tuple(rate for rate, _ in each) for each in (mine, others, ten))
        return Comparison(
            name=name, what=what, peer="write and SHA-256", unit="MB/s", ours=rates, theirs=bare, ten=grown
        )

    return [
        speed("upload", f"upload {MEGABYTES} MB in parts of {PART // 1_000_000}", ours, theirs),
        speed("upload-tenth", f"upload {MEGABYTES // 10} MB", small, theirs_small, ten=ours),
        Comparison(
            name="upload-memory", what=f"upload {MEGABYTES} MB, memory", peer="the same for a tenth of the bytes",
            unit="MiB at the peak", cost=True, ours=tuple(peak for _, peak in ours),
            theirs=tuple(peak for _, peak in small),
        ),
    ]  # fmt: skip


def _client(gateway: Served, key: str) -> httpx.Client:
    return httpx.Client(
        base_url=f"http://127.0.0.1:{gateway.port}", headers={"Authorization": f"Bearer {key}"}, timeout=120
    )


def _ours(client: httpx.Client, gateway: Served, unit: str, content: bytes) -> Measured:
    """Upload the content (its last bytes new, so that it is no duplicate) as the console does: create, then parts."""
    content = content[:-16] + os.urandom(16)
    pids = family(gateway.pids[0])  # the port was open before the worker was there
    forget_high_water(worker := max(pids))
    used, started = cpu_s(pids), time.perf_counter()
    about = {"unit_id": unit, "filename": "ceremony.mp4", "title": "开学典礼"}
    metadata = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in about.items())
    told = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(content)), "Upload-Metadata": metadata}
    begun = client.post("/v1/assets/uploads", headers={**told, "Idempotency-Key": str(uuid4())}).raise_for_status()
    headers = {**TUS, "Authorization": client.headers["Authorization"]}
    with closing(HTTPConnection("127.0.0.1", gateway.port)) as connection:  # sends a part for a fifth of httpx's time
        for at in range(0, len(content), PART):
            part = content[at : at + PART]
            connection.request("PATCH", begun.headers["Location"], part, {**headers, "Upload-Offset": str(at)})
            (answer := connection.getresponse()).read()
            assert answer.status == 204, answer.status
    assert answer.headers["Upload-Asset"]
    seconds, used = time.perf_counter() - started, cpu_s(pids) - used
    return _rate(content, seconds, used), Sample(high_water_mib(worker))


def _bare(folder: Path, content: bytes) -> Measured:
    file = folder / "content"
    file.write_bytes(content)
    said = subprocess.run([sys.executable, "-m", "loadtests.bare", "copy", str(file)], check=True, capture_output=True)
    told = json.loads(said.stdout)
    return _rate(content, told["seconds"], told["cpu_s"]), Sample(told["peak_mib"])


def _rate(content: bytes, seconds: float, cpu: float) -> Sample:
    megabytes = len(content) / 1e6
    return Sample(megabytes / seconds, cpu * 1e6 / megabytes)
