"""What a run says of what it ran on: read from the machine and the libraries, and nothing of the machine's name."""

import platform
from importlib.metadata import version

from loadtests.machine import machine, sentence


def test_versions_are_those_of_what_is_installed() -> None:
    facts = machine()
    assert facts["pika"] == version("pika")
    assert facts["Python"] == platform.python_version()


def test_sqlite_is_described_as_the_platform_opens_it_not_as_it_comes() -> None:
    facts = machine()
    assert (facts["journal_mode"], facts["synchronous"]) == ("wal", "normal")


def test_the_system_is_named_by_its_release_and_no_more() -> None:
    facts = machine()
    assert facts["system"].startswith(f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}, ")
    assert "glibc" not in sentence(facts)


def test_everything_known_is_in_the_sentence() -> None:
    said = sentence({"system": "Linux 6.1, x86_64, 2 cores", "load": 0.5, "PostgreSQL": "15.8", "fsync": "on"})
    assert said == "Linux 6.1, x86_64, 2 cores, load 0.5, PostgreSQL 15.8, fsync on."
