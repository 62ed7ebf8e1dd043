"""The doctor names what is wrong with a machine, and how to mend it."""

import socket
from pathlib import Path

import pytest

from infra import doctor
from infra.credentials import OWNERS
from infra.doctor import Finding, check_machine
from shared.testing import SECRET


def sick(findings: list[Finding]) -> list[Finding]:
    """Return what has to be mended."""
    return [finding for finding in findings if not finding.ok and not finding.optional]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {"MATRIX_DATA": str(tmp_path / "data"), "MATRIX_SECRET": SECRET, "MATRIX_PORT": str(port)}


def test_a_machine_on_which_the_platform_can_run_is_well(env: dict[str, str]) -> None:
    assert sick(check_machine(env)) == []


def test_a_setting_that_cannot_be_used_is_named(env: dict[str, str]) -> None:
    assert "PORT" in sick(check_machine(env | {"MATRIX_PORT": "eighty"}))[0].what


def test_a_taken_port_is_named(env: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(env["MATRIX_PORT"]))) as taken:
        taken.settimeout(1)
        found = sick(check_machine(env))
    assert [finding.how_to_mend for finding in found] == ["end it, or choose another with PORT="]


def test_a_secret_that_others_may_read_is_named(env: dict[str, str]) -> None:
    secret = Path(env["MATRIX_DATA"]) / "secret.key"
    secret.parent.mkdir()
    secret.touch(mode=0o644)
    secret.chmod(0o644)
    assert [finding.how_to_mend for finding in sick(check_machine(env))] == [f"chmod 600 {secret}"]


def test_a_data_directory_that_is_a_file_is_named(env: dict[str, str]) -> None:
    Path(env["MATRIX_DATA"]).touch()
    assert any("DATA=" in finding.how_to_mend for finding in sick(check_machine(env)))


def test_a_full_disk_is_named(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_DISK", 1 << 60)
    assert len(sick(check_machine(env))) == 1


def test_servers_that_do_not_answer_are_named(env: dict[str, str]) -> None:
    nowhere = {
        "MATRIX_MODE": "distributed",
        "MATRIX_DATABASE": "postgresql+psycopg2://matrix_{owner}@127.0.0.1:1/matrix",
        "MATRIX_AMQP_URL": "amqp://matrix:matrix@127.0.0.1:1/",
    }
    found = sick(check_machine(env | nowhere))
    assert len(found) == len(OWNERS) + 1
    assert all("refused" in finding.how_to_mend for finding in found)
