"""``make audit``: what is installed and where from (CycloneDX 1.6), and whether anything of it is known to be weak.

The bill of materials and the checks of the locks need no network. Known weaknesses come from OSV (https://osv.dev), or
from a folder with its dump for PyPI where a machine reaches no network; what could not be asked is said, and counts as
a failure with ``--strict``.
"""

import argparse
import json
import re
import sys
import urllib.request
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any
from uuid import uuid4

OSV = "https://api.osv.dev/v1/querybatch"
DUMP = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"
LOCKS = ("requirements.lock", "requirements-dev.lock")
FOLDER = Path("var/audit")
PATIENCE_S = 20
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*])?==([^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A pinned package. ``shipped`` when the platform runs on it, not only its tests."""

    name: str
    version: str
    hashes: tuple[str, ...]
    shipped: bool

    @property
    def purl(self) -> str:
        """The package's URL, as bills of materials name it."""
        return f"pkg:pypi/{self.name}@{self.version}"


def read_locks(root: Path) -> list[Package]:
    """Return every pinned package of both locks, by name."""
    found: dict[str, Package] = {}
    for lock in reversed(LOCKS):
        text = (root / lock).read_text()
        pins = list(_PIN.finditer(text))
        for pin, following in zip(pins, [*pins[1:], None], strict=True):
            part = text[pin.end() : following.start() if following else None]
            name = _plain(pin[1])
            found[name] = Package(
                name=name, version=pin[2], hashes=tuple(_HASH.findall(part)), shipped=lock == LOCKS[0]
            )  # fmt: skip
    return sorted(found.values(), key=lambda package: package.name)


def faults_of_locks(root: Path, packages: Iterable[Package]) -> Iterator[str]:
    """Give what is wrong with the locks: no hash, an address of a registry, another version installed."""
    for package in packages:
        if not package.hashes:
            yield f"{package.name}: pinned without a hash"
        try:
            installed = metadata.version(package.name)
        except metadata.PackageNotFoundError:
            continue
        if installed != package.version:
            yield f"{package.name}: {installed} is installed, {package.version} is pinned"
    for lock in LOCKS:
        if re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host", (root / lock).read_text()):
            yield f"{lock}: names a registry's address"


def bill_of_materials(packages: Iterable[Package], now: datetime) -> dict[str, Any]:
    """Return the bill as CycloneDX 1.6."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid4()}",
        "version": 1,
        "metadata": {
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "application", "name": "media-matrix", "version": metadata.version("media-matrix")},
        },
        "components": [
            {
                "type": "library",
                "bom-ref": package.purl,
                "name": package.name,
                "version": package.version,
                "purl": package.purl,
                "scope": "required" if package.shipped else "excluded",
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in package.hashes],
                "licenses": [{"license": {"name": name}} for name in _licences(package.name)],
            }
            for package in packages
        ],
    }


def ask_osv(packages: list[Package]) -> dict[str, list[str]]:
    """Return the ids of known weaknesses by package, as OSV answers. Raises: OSError: it cannot be reached."""
    queries = [{"package": {"purl": package.purl}} for package in packages]
    request = urllib.request.Request(OSV, json.dumps({"queries": queries}).encode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
        results = json.load(answer)["results"]
    told = zip(packages, results, strict=True)
    return {package.name: [each["id"] for each in result["vulns"]] for package, result in told if result.get("vulns")}


def read_dump(path: Path, packages: list[Package]) -> dict[str, list[str]]:
    """Return the same from OSV's dump, ``all.zip``: by the versions each report lists."""
    wanted = {package.name: package.version for package in packages}
    found: dict[str, list[str]] = {}
    with zipfile.ZipFile(path) as dump:
        for name in dump.namelist():
            report = json.loads(dump.read(name))
            for affected in report.get("affected", ()):
                package = _plain(affected.get("package", {}).get("name", ""))
                if package in wanted and wanted[package] in affected.get("versions", ()) and "withdrawn" not in report:
                    found.setdefault(package, []).append(report["id"])
    return found


def main(arguments: list[str]) -> int:
    """Audit; return the exit code: 1 for a fault or a weakness, with ``--strict`` also when nobody could be asked."""
    parser = argparse.ArgumentParser(prog="make audit", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when known weaknesses could not be asked for")
    parser.add_argument("--dump", type=Path, help=f"OSV's dump instead of the network: {DUMP}")
    asked = parser.parse_args(arguments)
    packages = read_locks(Path())
    FOLDER.mkdir(parents=True, exist_ok=True)
    bill = FOLDER / "sbom.cdx.json"
    bill.write_text(json.dumps(bill_of_materials(packages, datetime.now(UTC)), indent=1))
    shipped = sum(package.shipped for package in packages)
    print(f"{len(packages)} packages are pinned, {shipped} of them shipped; bill of materials: {bill}")
    faults = list(faults_of_locks(Path(), packages))
    for fault in faults:
        print(f"FAULT {fault}")
    try:
        weak = read_dump(asked.dump, packages) if asked.dump else ask_osv(packages)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        print(f"NOT CHECKED for known weaknesses: {asked.dump or OSV} could not be asked ({error})")
        print(f"  on a machine that reaches no network: fetch {DUMP} elsewhere, then: make audit dump=all.zip")
        return 1 if faults or asked.strict else 0
    for name, ids in weak.items():
        print(f"WEAK {name}: {', '.join(sorted(ids))}")
    print(f"known weaknesses: {sum(map(len, weak.values()))} in {len(weak)} packages")
    (FOLDER / "weaknesses.json").write_text(json.dumps(weak, indent=1))
    return 1 if faults or weak else 0


def _licences(name: str) -> list[str]:
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return []
    told = str(about["License-Expression"] or about["License"] or "")
    classes = about.get_all("Classifier") or []
    classified = [each.rpartition(" :: ")[2] for each in classes if each.startswith("License")]
    return [told] if told and "\n" not in told else classified


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
