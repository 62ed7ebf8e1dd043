"""Settings say what is wrong with them."""

from pathlib import Path

import pytest

from shared.config import BadSetting, load_settings


def test_embedded_needs_nothing_and_keeps_its_key_beside_the_data(tmp_path: Path) -> None:
    first, second = (load_settings({"MATRIX_DATA": str(tmp_path)}) for _ in range(2))
    assert first.secret == second.secret
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("env", "what"),
    [
        ({"MATRIX_MODE": "both"}, "MATRIX_MODE"),
        ({"PORT": "eighty"}, "PORT"),
        ({"MATRIX_SECRET": "secret"}, "too easy"),
        ({"MATRIX_MODE": "distributed"}, "MATRIX_SECRET_FILE"),
        ({"MATRIX_SECRET_FILE": "/nowhere"}, "MATRIX_SECRET_FILE"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, env: dict[str, str], what: str) -> None:
    with pytest.raises(BadSetting, match=what):
        load_settings({"MATRIX_DATA": str(tmp_path), **env})
