"""What a start does where everything is there already: nothing."""

import subprocess
import sys
from pathlib import Path

STARTED = """
import sys
from infra.prepare import prepare
from shared.config import load_settings
prepare(load_settings({{"MATRIX_MODE": "embedded", "DATA": {folder!r}}}))
print("alembic" in sys.modules)
"""


def loads_alembic(folder: Path) -> bool:
    """Prepare a folder as a process that starts does; return whether that loaded what makes tables."""
    code = STARTED.format(folder=str(folder))
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return told.stdout.strip() == "True"


def test_only_a_start_that_makes_tables_loads_what_makes_them(tmp_path: Path) -> None:
    assert [loads_alembic(tmp_path) for _ in range(2)] == [True, False]
