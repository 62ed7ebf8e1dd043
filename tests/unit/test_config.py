"""Settings say what is wrong with them."""

from pathlib import Path

import pytest

from shared.config import BadSetting, load_settings


def test_embedded_needs_nothing_and_keeps_its_key_beside_the_data(tmp_path: Path) -> None:
    first, second = (load_settings({"MATRIX_DATA": str(tmp_path)}) for _ in range(2))
    assert first.secrets == second.secrets and len(first.secrets) == 1
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("env", "what"),
    [
        ({"MATRIX_MODE": "both"}, "MATRIX_MODE"),
        ({"PORT": "eighty"}, "PORT"),
        ({"MATRIX_SECRET": "secret"}, "too easy"),
        ({"MATRIX_SECRET": "x" * 32 + "\nshort"}, "too easy"),
        ({"MATRIX_MODE": "distributed"}, "MATRIX_SECRET_FILE"),
        ({"MATRIX_SECRET_FILE": "/nowhere"}, "MATRIX_SECRET_FILE"),
        ({"MATRIX_AMQP_URL": "127.0.0.1:5672"}, "amqp://USER:PASS@HOST"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, env: dict[str, str], what: str) -> None:
    with pytest.raises(BadSetting, match=what):
        load_settings({"MATRIX_DATA": str(tmp_path), **env})


@pytest.mark.parametrize("url", ["127.0.0.1", "postgresql://x@127.0.0.1/x", "mysql://x@127.0.0.1/x"])
def test_an_address_of_no_database_of_ours_is_named(tmp_path: Path, url: str) -> None:
    settings = load_settings({"MATRIX_DATA": str(tmp_path), "MATRIX_MODE": "distributed", "MATRIX_SECRET": "x" * 40,
                              "MATRIX_DATABASE": url, "MATRIX_OWNER_DATABASE": url})  # fmt: skip
    with pytest.raises(BadSetting, match=r"MATRIX_DATABASE .* postgresql\+psycopg2://"):
        settings.database_url("content")
    with pytest.raises(BadSetting, match="MATRIX_OWNER_DATABASE"):
        settings.owner_url("content")


def test_secrets_are_the_lines_of_their_file_each_once(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text(f"{'n' * 40}\n\n  {'o' * 40}\n{'n' * 40}\n")
    settings = load_settings({"MATRIX_DATA": str(tmp_path), "MATRIX_SECRET_FILE": str(file)})
    assert settings.secrets == ("n" * 40, "o" * 40) and settings.secrets_file == file


def test_a_first_start_that_was_cut_before_its_secret_was_written_draws_one(tmp_path: Path) -> None:
    (tmp_path / "secret.key").touch(mode=0o600)
    assert len(load_settings({"MATRIX_DATA": str(tmp_path)}).secrets[0]) > 40


def test_a_drawn_secret_lasts_before_anything_is_sealed_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant leaves it to the system: power that fails in the first half minute takes every sealed name along."""
    synced: list[Path] = []
    monkeypatch.setattr("shared.config.sync_path", synced.append)
    folder = (tmp_path / "data").resolve()
    assert load_settings({"MATRIX_DATA": str(folder)}).secrets
    assert synced == [folder / "secret.key", folder]
