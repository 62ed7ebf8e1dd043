"""A private PostgreSQL and RabbitMQ on free ports of 127.0.0.1, beside whatever else the machine runs."""

import json
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

from infra.credentials import make_credentials
from infra.servers.ports import free_port, is_free
from infra.servers.postgres import DATABASE, Postgres
from infra.servers.rabbitmq import Rabbit

PORTS = ("postgres", "amqp", "management", "cluster", "epmd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Both servers of one folder."""

    folder: Path
    postgres: Postgres
    rabbit: Rabbit

    @property
    def amqp_url(self) -> str:
        """The broker's URL."""
        return self.rabbit.url

    @property
    def postgres_url(self) -> str:
        """The superuser's URL of database ``matrix``."""
        return self.postgres.url()

    def environment(self, database: str = DATABASE) -> dict[str, str]:
        """Return the settings (``MATRIX_*``) with which the platform's processes use these servers."""
        secrets = self.folder / "secrets"
        return {
            "MATRIX_MODE": "distributed",
            "MATRIX_DATABASE": f"postgresql+psycopg2://matrix_{{owner}}@127.0.0.1:{self.postgres.port}/{database}",
            "MATRIX_DATABASE_PASSWORD_FILE": str(secrets / "postgres_{owner}"),
            "MATRIX_AMQP_URL_FILE": str(secrets / "amqp_url"),
            "MATRIX_SECRET_FILE": str(secrets / "signing_key"),
        }

    def start(self) -> None:
        """Start both, at the same time.

        Raises:
            ServerFailed: one did not come up; the other was stopped again.
            CannotInstall: a program is missing and cannot be installed.
        """
        failures: list[Exception] = []

        def start_rabbit() -> None:
            try:
                self.rabbit.start()
            except Exception as error:
                failures.append(error)

        broker = threading.Thread(target=start_rabbit)
        broker.start()
        try:
            self.postgres.start()
        except Exception as error:
            failures.append(error)
        broker.join()
        if failures:
            self.stop()
            raise failures[0]

    def stop(self) -> None:
        """Stop both; their data stay in the folder."""
        self.rabbit.stop()
        self.postgres.stop()

    def forget(self) -> None:
        """Stop both and remove all they wrote."""
        self.rabbit.stop(at_once=True)
        self.postgres.stop()
        self.postgres.forget()
        shutil.rmtree(self.folder, ignore_errors=True)


def servers_in(directory: Path, *, durable: bool = True) -> Servers:
    """Return the servers of a folder, running or not; a new folder gets ports and passwords."""
    folder = directory.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    ports = _ports(folder / "ports.json")
    secrets = make_credentials(folder / "secrets", f"127.0.0.1:{ports['amqp']}")
    rabbit = Rabbit(
        folder=folder,
        port=ports["amqp"],
        management_port=ports["management"],
        cluster_port=ports["cluster"],
        epmd_port=ports["epmd"],
        secrets=secrets,
    )
    postgres = Postgres(folder=folder, port=ports["postgres"], secrets=secrets, durable=durable)
    return Servers(folder=folder, postgres=postgres, rabbit=rabbit)


def start_servers(directory: Path, *, durable: bool = True) -> Servers:
    """Start both servers in a folder, with the data that are in it; wait until they are up.

    Raises:
        ServerFailed: one did not come up.
        CannotInstall: a program is missing and cannot be installed.
    """
    servers = servers_in(directory, durable=durable)
    if not all(is_free(port) for port in (servers.postgres.port, servers.rabbit.port, servers.rabbit.management_port)):
        servers.stop()  # what an earlier start left; or else strangers took the ports
        if not all(is_free(port) for port in (servers.postgres.port, servers.rabbit.port)):
            (servers.folder / "ports.json").unlink()
            servers = servers_in(directory, durable=durable)
    servers.start()
    return servers


def _ports(path: Path) -> dict[str, int]:
    if path.exists():
        known: dict[str, int] = json.loads(path.read_text())
        return known
    chosen: set[int] = set()
    while len(chosen) < len(PORTS):
        chosen.add(free_port())
    ports = dict(zip(PORTS, chosen, strict=True))
    path.write_text(json.dumps(ports))
    return ports
