"""``matrix key``: who holds a key may hand over all of it, or what is shown of it."""

import pytest
from click.testing import CliRunner, Result

from conftest import MakeDatabase
from infra.cli.keys import key as command


@pytest.fixture(autouse=True)
def settings(sqlite_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commands find a gateway's database with nobody in it."""
    for name, value in sqlite_database("gateway").env.items():
        monkeypatch.setenv(name, value)


def ran(*arguments: str) -> Result:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    return result


def test_a_key_is_revoked_by_the_whole_of_it_or_by_its_prefix():
    whole, other = (ran("create", "--name", "portal").stdout.strip() for _ in range(2))
    ran("revoke", whole)
    ran("revoke", other.split("_")[1])
    states = [line.split()[-2] for line in ran("list").stdout.splitlines()]
    assert states == ["revoked", "revoked"]
