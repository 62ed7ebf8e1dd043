"""Commands that start the platform's processes."""

import errno
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import click

from shared.config import BadSetting, Settings, load_settings
from shared.contracts import SERVICES
from shared.errors import Unavailable

EMBEDDED_APP = "infra.embedded_asgi:app"
DISTRIBUTED_APP = "gateway.asgi:app"
CONNECTIONS = 10_000
BACKLOG = 4096
KEEP_ALIVE_S = 6  # longer than clients keep an idle connection (httpx: 5 s), so that they never meet its end
MEMORY = "/dev/shm"  # noqa: S108
MEASURES = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client reads it when it is loaded
HOOKS, WORKER = "python:infra.workers", "infra.workers.GatewayWorker"


@click.command()
@click.option("--demo", is_flag=True, help="Load the golden year 2021 when it is not there yet.")
def run(demo: bool) -> None:
    """Run the whole platform in one process: SQLite files, no broker.

    DATA= names the data directory, PORT= the port. The first start prints once how the administrator gets in.
    """
    from infra.prepare import prepare
    from infra.sign_in import first_sign_in, say_sign_in

    settings = load_settings()
    if settings.mode != "embedded":
        raise BadSetting("MATRIX_MODE is distributed; `matrix run` is the embedded platform")
    _try_port(settings)
    prepare(settings)
    say_sign_in(settings, first_sign_in(settings))
    if demo:
        loader = subprocess.Popen([sys.executable, "-m", "infra.cli", "demo", "--wait"], env=_environment(settings))
        threading.Thread(target=loader.wait, daemon=True).start()
    click.echo(f"the platform runs: {settings.public_url}   data: {settings.data}   end it: Ctrl-C")
    _gunicorn(EMBEDDED_APP, settings, workers=1)


@click.command()
@click.argument("service", type=click.Choice(SERVICES))
def serve(service: str) -> None:
    """Run one service on the broker. Start more of the same to share its work."""
    # A fresh interpreter: eventlet must patch the standard library before anything else is loaded.
    os.execv(sys.executable, [sys.executable, "-m", "infra.runner", service])


@click.command()
@click.argument("services", nargs=-1, type=click.Choice(SERVICES))
def relay(services: tuple[str, ...]) -> None:
    """Publish the logs (of all services when none is named) to the broker. A second relay stands by."""
    from prometheus_client import REGISTRY

    from infra.health import relaying
    from infra.monitor import monitor
    from infra.relays import relays
    from infra.relays import run as publish
    from infra.start import tables, wait_for
    from shared import logs
    from shared.log.census import Census

    logs.configure("relay")
    settings = load_settings()
    ready = relays(settings, services or SERVICES)
    published = {relay.log.name: relay.log for relay in ready}
    REGISTRY.register(Census(published))
    monitor(settings.monitor, relaying(published))
    publish(ready, lambda one, stop: wait_for(tables(one.log.name, settings.database_url(one.log.name)), stop.wait))


@click.command()
def project() -> None:
    """Feed the matrix from its queue."""
    from prometheus_client import REGISTRY

    from gateway.matrix.census import FeedCensus
    from gateway.matrix.consumer import project as feed
    from infra.health import listening
    from infra.monitor import monitor
    from infra.start import tables, wait_for
    from shared import logs
    from shared.contracts.consumers import MATRIX
    from shared.database import open_engine

    logs.configure("projector")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = load_settings()
    wait_for(tables("gateway", settings.database_url("gateway")), stop.wait)
    REGISTRY.register(FeedCensus(open_engine(settings.database_url("gateway"))))
    monitor(settings.monitor, listening(settings.amqp_url, MATRIX.name))
    feed(settings, stop)


@click.command()
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that share the port.")
def gateway(workers: int) -> None:
    """Run the gateway on the broker."""
    from infra.start import tables, wait_for
    from shared import logs

    logs.configure("gateway")
    settings = load_settings()
    needed = tables("gateway", settings.database_url("gateway"))

    def need() -> None:
        with suppress(Unavailable):  # while its database is away it answers with 503, rather than not at all
            needed()

    wait_for(need)
    _gunicorn(DISTRIBUTED_APP, settings, workers)


@click.command()
def migrate() -> None:
    """Bring every database to its newest version; do nothing where it is there."""
    from infra.prepare import prepare

    prepare(load_settings())
    click.echo("every database is at its newest version")


def _try_port(settings: Settings) -> None:
    """Raises BadSetting: nobody could listen there; gunicorn would say so five times, in its own words."""
    host, port = settings.host, settings.port
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        said = {
            errno.EADDRINUSE: f"port {port} of {host} is taken; choose another: PORT={port + 1}",
            errno.EACCES: f"port {port} is for root alone; choose another: PORT=8000",
        }
        no_address = f"HOST is {host}, no address of this machine; 127.0.0.1 is for itself, 0.0.0.0 for every network"
        raise BadSetting(said.get(error.errno or 0, no_address)) from error


def _gunicorn(app: str, settings: Settings, workers: int) -> None:
    arguments = [
        sys.executable, "-m", "gunicorn", app, "--worker-class", WORKER, "--workers", str(workers),
        "--bind", f"{settings.host}:{settings.port}", "--worker-connections", str(CONNECTIONS),
        "--config", HOOKS, "--backlog", str(BACKLOG), "--graceful-timeout", "25", "--log-level", "warning",
        "--keep-alive", str(KEEP_ALIVE_S),
    ]  # fmt: skip
    if Path(MEMORY).is_dir():  # the workers' heartbeat files: never on a disk that may be slow
        arguments += ["--worker-tmp-dir", MEMORY]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # each viewer holds one
    os.execve(sys.executable, arguments, _environment(settings) | _shared_measures(workers))


def _shared_measures(workers: int) -> dict[str, str]:
    """Return where several workers keep their measures, so that ``/metrics`` of any shows those of all."""
    if workers == 1:
        return {}
    memory = MEMORY if Path(MEMORY).is_dir() else None
    return {MEASURES: tempfile.mkdtemp(prefix="matrix-measures-", dir=memory)}


def _environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, "MATRIX_DATA": str(settings.data)}
