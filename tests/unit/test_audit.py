"""What the audit finds, and what it says when it could ask nobody."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra import audit
from infra.audit import Package, bill_of_materials, faults_of_locks, main, read_dump, read_locks

ROOT = Path(__file__).parents[2]
OLD = Package(name="jinja2", version="2.4.1", hashes=("a" * 64,), shipped=True)


def test_every_pinned_package_is_in_the_bill_with_its_hashes() -> None:
    """S59."""
    packages = read_locks(ROOT)
    bill = bill_of_materials(packages, datetime(2026, 11, 25, tzinfo=UTC))
    components = {each["name"]: each for each in bill["components"]}
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert {"falcon", "argon2-cffi", "sqlalchemy", "schemathesis"} <= components.keys()
    assert components["falcon"]["scope"] == "required" and components["schemathesis"]["scope"] == "excluded"
    assert all(each["hashes"] and each["purl"].startswith("pkg:pypi/") for each in bill["components"])
    assert components["falcon"]["licenses"]


def test_the_locks_have_hashes_no_registry_and_what_is_installed() -> None:
    """S59."""
    assert list(faults_of_locks(ROOT, read_locks(ROOT))) == []


def test_a_pin_without_a_hash_another_version_and_a_registry_are_faults(tmp_path: Path) -> None:
    for lock in audit.LOCKS:
        (tmp_path / lock).write_text("--index-url https://mirror.example.edu\nfalcon==1.0.0\n")
    faults = list(faults_of_locks(tmp_path, read_locks(tmp_path)))
    assert any("without a hash" in fault for fault in faults), faults
    assert any("is installed, 1.0.0 is pinned" in fault for fault in faults)
    assert any("registry" in fault for fault in faults)


def dump(folder: Path) -> Path:
    path = folder / "all.zip"
    affected = [{"package": {"ecosystem": "PyPI", "name": "Jinja2"}, "versions": ["2.4.1"]}]
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("PYSEC-1.json", json.dumps({"id": "PYSEC-1", "affected": affected}))
        file.writestr("PYSEC-2.json", json.dumps({"id": "PYSEC-2", "affected": affected, "withdrawn": "2020"}))
    return path


def test_a_weak_version_is_found_in_the_dump_and_a_withdrawn_report_is_none(tmp_path: Path) -> None:
    assert read_dump(dump(tmp_path), [OLD]) == {"jinja2": ["PYSEC-1"]}


def test_a_weakness_fails_the_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "FOLDER", tmp_path)
    monkeypatch.setattr(audit, "read_locks", lambda _: [OLD])
    monkeypatch.setattr(audit, "faults_of_locks", lambda *_: [])
    assert main(["--dump", str(dump(tmp_path))]) == 1
    assert "WEAK jinja2: PYSEC-1" in capsys.readouterr().out


def test_what_could_not_be_asked_is_said_and_never_passes_for_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "FOLDER", tmp_path)
    monkeypatch.setattr(audit, "OSV", "http://127.0.0.1:9/nobody")
    monkeypatch.setattr(audit, "faults_of_locks", lambda *_: [])
    assert main([]) == 0 and main(["--strict"]) == 1
    assert "NOT CHECKED" in capsys.readouterr().out
    assert (tmp_path / "sbom.cdx.json").exists()
