"""The platform's secret is changed in steps, and none of them can lose a name."""

from pathlib import Path
from uuid import UUID

import pytest

from infra import credentials, secret
from infra.doctor import check_machine
from shared.config import BadSetting, Settings, load_settings
from shared.contracts import SERVICES
from shared.database import open_engine
from shared.errors import Conflict
from shared.keys import SqlKeyRing
from shared.migrations import migrate
from shared.sealed import Sealed, seal, unseal
from shared.testing import SECRET

ANNA = UUID(int=1)


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the databases of an embedded platform; each test names another person in them."""
    folder = tmp_path_factory.mktemp("platform")
    settings = load_settings({"MATRIX_DATA": str(folder)})
    for name in SERVICES:
        migrate(name, settings.owner_url(name))
    return folder


@pytest.fixture
def env(databases: Path, tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "signing_key"
    file.write_text(SECRET)
    file.chmod(0o440)
    return {"MATRIX_DATA": str(databases), "MATRIX_SECRET_FILE": str(file)}


def now(env: dict[str, str]) -> Settings:
    """Return the settings of a process that starts now."""
    return load_settings(env)


def ring(settings: Settings) -> SqlKeyRing:
    return SqlKeyRing(open_engine(settings.database_url("training")), settings.secrets)


@pytest.fixture
def token(env: dict[str, str]) -> Sealed:
    """Give the name of a person whom training knows."""
    with ring(now(env))._engine.begin() as db:
        db.exec_driver_sql("delete from person_key")
    return seal(ring(now(env)), ANNA, "name", "安娜")


def name_read(env: dict[str, str], token: Sealed) -> str | None:
    return unseal(ring(now(env)), token, "name")


def test_a_change_of_the_secret_from_its_beginning_to_its_end(env: dict[str, str], token: Sealed) -> None:
    """F60."""
    assert "make roll" in secret.draw(now(env)) and now(env).secrets[0] == SECRET
    secret.use(now(env))
    newest, oldest = now(env).secrets
    assert oldest == SECRET and name_read(env, token) == "安娜"
    said = list(secret.wrap(now(env)))
    assert "training: 1 keys of persons wrapped anew" in said and said[-1].endswith("matrix secret drop")
    secret.drop(now(env))
    assert now(env).secrets == (newest,) and name_read(env, token) == "安娜"
    assert Path(env["MATRIX_SECRET_FILE"]).stat().st_mode & 0o777 == 0o440


def test_a_secret_that_still_wraps_keys_is_not_dropped(env: dict[str, str], token: Sealed) -> None:
    secret.draw(now(env))
    secret.use(now(env))
    with pytest.raises(Conflict, match="1 keys of persons") as refusal:
        secret.drop(now(env))
    assert refusal.value.code == "secret.in_use" and SECRET in now(env).secrets
    older = [one for one in check_machine(env) if "under an older secret" in one.what]
    assert [(one.ok, one.what[0]) for one in older] == [(False, "1")]


def test_the_doctor_counts_the_keys_of_a_secret_that_was_dropped_by_hand(env: dict[str, str], token: Sealed) -> None:
    file = Path(env["MATRIX_SECRET_FILE"])
    file.chmod(0o600)
    file.write_text("n" * 40)
    found = [one.what for one in check_machine(env) if not one.ok and not one.optional and "persons" in one.what]
    assert found == ["1 keys of persons that no listed secret opens"]
    assert any("NO listed secret opens 1 keys" in line for line in secret.wrap(now(env)))
    file.write_text(f"{'n' * 40}\n{SECRET}\n")
    assert name_read(env, token) == "安娜"


def test_steps_out_of_their_order_are_refused(env: dict[str, str]) -> None:
    with pytest.raises(Conflict, match="one secret"):
        secret.use(now(env))
    secret.draw(now(env))
    with pytest.raises(Conflict, match="2 are listed"):
        secret.draw(now(env))


def test_secrets_in_a_variable_are_left_to_who_set_it(env: dict[str, str]) -> None:
    settings = load_settings({"MATRIX_DATA": env["MATRIX_DATA"], "MATRIX_SECRET": SECRET})
    with pytest.raises(BadSetting, match="MATRIX_SECRET_FILE"):
        secret.draw(settings)


def test_a_change_of_the_secret_lasts_before_it_is_told(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant syncs the file and not its folder, which after a loss of power names the former one."""
    synced: list[Path] = []
    monkeypatch.setattr(secret, "sync_path", synced.append)
    secret.draw(now(env))
    assert synced[-1] == Path(env["MATRIX_SECRET_FILE"]).parent


def test_drawn_credentials_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(credentials, "sync_path", synced.append)
    folder = credentials.make_credentials(tmp_path / "secrets")
    assert synced == [*(folder / name for name in credentials.DRAWN), folder]
