"""``python -m infra.cli`` is ``matrix``."""

from infra.cli import main

main()
