"""docker-compose.yml: what every container must be. S51."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.credentials import OWNERS, make_credentials
from shared.config import load_settings
from shared.contracts import SERVICES

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {*SERVICES, "relay", "projector", "gateway"}
ENDING = {"migrate", "operator"}  # do one thing and end
SECRETIVE = re.compile("PASSWORD|SECRET|KEY|AMQP_URL")
every_container = pytest.mark.parametrize("name", sorted(CONTAINERS))


def wrong_with(container: dict[str, Any]) -> list[str]:
    """Return the rules of S51 that a container breaks."""
    user = str(container.get("user", "")).partition(":")[0]
    rules = {
        "non-root": user not in ("", "0", "root"),
        "read-only": container.get("read_only") is True,
        "no-new-privileges": "no-new-privileges:true" in container.get("security_opt", []),
        "no capabilities": container.get("cap_drop") == ["ALL"] and not container.get("cap_add"),
        "not privileged": not container.get("privileged"),
        "limits": {"mem_limit", "cpus", "pids_limit"} <= container.keys(),
        "own namespaces": not {"network_mode", "pid", "ipc", "userns_mode"} & container.keys(),
        "no engine socket": "docker.sock" not in str(container.get("volumes", [])),
    }
    return [rule for rule, kept in rules.items() if not kept]


@every_container
def test_a_container_can_do_no_more_than_its_work(name: str) -> None:
    """S51."""
    assert wrong_with(CONTAINERS[name]) == []


def test_the_naive_container_breaks_the_rules() -> None:
    """S51: the mutant is what one writes first."""
    naive = {"image": "media-matrix", "command": ["serve", "content"], "ports": ["8000:8000"]}
    assert wrong_with(naive) == ["non-root", "read-only", "no-new-privileges", "no capabilities", "limits"]


@every_container
def test_only_loopback_ports_are_published(name: str) -> None:
    assert all(str(port).startswith("127.0.0.1:") for port in CONTAINERS[name].get("ports", []))


@every_container
def test_files_of_the_host_are_mounted_to_be_read_only(name: str) -> None:
    mounted = [volume for volume in CONTAINERS[name].get("volumes", []) if volume.startswith((".", "/"))]
    assert all(volume.endswith(":ro") and (ROOT / volume.split(":")[0]).exists() for volume in mounted)


@pytest.mark.parametrize("name", sorted(CONTAINERS.keys() - ENDING))
def test_a_container_that_stays_has_a_health_check_and_comes_back(name: str) -> None:
    assert CONTAINERS[name]["healthcheck"]["test"]
    assert CONTAINERS[name]["restart"] == "unless-stopped"


@every_container
def test_images_are_pinned_or_built_here(name: str) -> None:
    image = CONTAINERS[name]["image"]
    assert "build" in CONTAINERS[name] or not re.search(r"(:latest|^[^:]+)$", image)


def test_every_process_of_the_platform_has_its_container() -> None:
    expected = OURS | ENDING | {"postgres", "rabbitmq", "storage", "prometheus"}
    assert CONTAINERS.keys() == expected


def test_the_gateway_has_the_port_and_is_scaled_by_the_workers_in_its_one_container(tmp_path: Path) -> None:
    said, engine = tmp_path / "said", tmp_path / "docker"
    engine.write_text(f'#!/bin/sh\necho "$WORKERS: $*" >> {said}\n')
    engine.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = ["make", "up", "scale=review=3 gateway=2", "PYTHON=true"]
    subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)
    up = "2: compose up --build --detach --scale review=3"
    assert up in said.read_text().splitlines()
    assert CONTAINERS["gateway"]["command"] == ["gateway", "--workers", "${WORKERS:-1}"]


@pytest.mark.parametrize("name", sorted(OURS - {"gateway"}))
def test_what_may_be_scaled_has_neither_a_name_nor_a_port_of_its_own(name: str) -> None:
    assert not {"container_name", "hostname", "ports"} & CONTAINERS[name].keys()


def test_secrets_come_from_files_that_are_drawn_and_never_committed(tmp_path: Path) -> None:
    drawn = {path.name for path in make_credentials(tmp_path / "secrets").iterdir()}
    files = {Path(secret["file"]) for secret in COMPOSE["secrets"].values()}
    assert {file.parent for file in files} == {Path("var/secrets")}
    assert {file.name for file in files} <= drawn
    assert "var/" in (ROOT / ".gitignore").read_text().splitlines()
    assert ("var" not in (ROOT / ".dockerignore").read_text()) and (ROOT / ".dockerignore").read_text().startswith("*")


@every_container
def test_a_container_gets_only_secrets_that_exist_and_no_password_in_its_environment(name: str) -> None:
    assert set(CONTAINERS[name].get("secrets", [])) <= COMPOSE["secrets"].keys()
    for variable, value in CONTAINERS[name].get("environment", {}).items():
        if SECRETIVE.search(variable):
            assert variable.endswith("_FILE"), variable
            assert str(value).startswith("/run/secrets/"), variable


def secrets_in(dockerfile: str) -> list[str]:
    """Return what a Dockerfile would leave in the image for anybody who has it."""
    set_in_it = re.findall(r"^(?:ENV|ARG)\s+(.+)$", dockerfile, re.MULTILINE)
    return [name for line in set_in_it for name in re.findall(r"(\w+)(?==|$)", line) if SECRETIVE.search(name)]


def test_an_image_is_made_of_named_folders_and_holds_no_secret() -> None:
    """S49: what is not named does not even reach the builder; what is built in is read by whoever has the image."""
    sent = (ROOT / ".dockerignore").read_text().split()
    assert sent[0] == "*" and {line for line in sent if line.startswith("!")} == {
        f"!{name}" for name in ("pyproject.toml", "requirements.lock", "shared", "services", "gateway", "infra")
    }
    assert secrets_in((ROOT / "Dockerfile").read_text()) == []


def test_the_naive_image_holds_one() -> None:
    """S49: the mutant."""
    assert secrets_in("FROM x\nARG BUILT_AT\nENV A=1 MATRIX_SECRET=abc\nARG DB_PASSWORD\n") == [
        "MATRIX_SECRET", "DB_PASSWORD",
    ]  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_holds_the_password_of_its_own_database_only(service: str) -> None:
    held = {secret for secret in CONTAINERS[service]["secrets"] if secret.startswith("postgres_")}
    assert held == {f"postgres_{service}"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_process_comes_to_the_broker_as_its_own_user(name: str) -> None:
    """S46."""
    assert {secret for secret in CONTAINERS[name]["secrets"] if secret.startswith("amqp_")} == {f"amqp_{name}"}
    assert CONTAINERS[name]["environment"]["MATRIX_AMQP_URL_FILE"] == f"/run/secrets/amqp_{name}"


@pytest.mark.parametrize("name", sorted(OURS))
def test_the_settings_lead_to_the_database_with_the_password_from_the_file(name: str, tmp_path: Path) -> None:
    folder = make_credentials(tmp_path / "secrets")
    environment = {
        variable: str(value).replace("/run/secrets", str(folder))
        for variable, value in CONTAINERS[name]["environment"].items()
    }
    settings = load_settings(environment)
    for owner in OWNERS:
        password = (folder / f"postgres_{owner}").read_text()
        assert settings.database_url(owner) == f"postgresql+psycopg2://matrix_{owner}:{password}@postgres:5432/matrix"
    assert settings.amqp_url.endswith("@rabbitmq:5672/")


def test_the_operator_runs_only_when_asked_and_may_do_everything() -> None:
    operator = CONTAINERS["operator"]
    assert operator["profiles"] == ["operator"]
    needed = {"signing_key", "amqp_url", "s3_access_key", "s3_secret_key", "postgres_owner"}
    assert set(operator["secrets"]) == needed | {f"postgres_{owner}" for owner in OWNERS}


def test_drawing_the_secrets_again_changes_none(tmp_path: Path) -> None:
    folder = make_credentials(tmp_path / "secrets")
    before = {path.name: path.read_text() for path in folder.iterdir()}
    make_credentials(folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    assert folder.stat().st_mode & 0o077 == 0
