"""Describe the locked dependencies in a CycloneDX SBOM, which hatchling puts into the wheel."""

import json
import tomllib
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

EXTRAS = ("jq", "sandbox", "sheet")
Table = dict[str, Any]


class SbomHook(BuildHookInterface):
    """What hatchling calls before and after it builds a wheel."""

    def initialize(self, version: str, build_data: Table) -> None:
        """Write the SBOM where hatchling will read it."""
        lock = tomllib.loads((Path(self.root) / "uv.lock").read_text(encoding="utf-8"))
        self.place = TemporaryDirectory()
        path = Path(self.place.name) / "piooy.cdx.json"
        text = json.dumps(sbom(lock["package"], self.metadata.version), indent=2)
        path.write_text(text + "\n", encoding="utf-8")
        build_data["sbom_files"].append(str(path))

    def finalize(self, version: str, build_data: Table, artifact_path: str) -> None:
        """Remove it again."""
        self.place.cleanup()


def sbom(packages: list[Table], version: str) -> Table:
    """Return the SBOM of `piooy` and its extras; the same lock gives the same bytes."""
    root = {**_locked(packages, {"name": "piooy"}), "version": version}
    optional = [need for extra in EXTRAS for need in root["optional-dependencies"][extra]]
    root["dependencies"] = sorted(root["dependencies"] + optional, key=lambda need: need["name"])
    required = reached(packages, [n for n in root["dependencies"] if n not in optional], True)
    found = reached(packages, root["dependencies"])
    components = [component(found[ref], ref in required) for ref in sorted(found)]
    graph = [_edges(packages, package) for package in (root, *map(found.get, sorted(found)))]
    return _document(root, components, graph)


def reached(
    packages: list[Table], needs: list[Table], everywhere: bool = False
) -> dict[str, Table]:
    """Return what these needs lead to, by purl; with `everywhere`, only on every platform."""
    found: dict[str, Table] = {}
    waiting = list(needs)
    while waiting:
        need = waiting.pop()
        package = _locked(packages, need)
        if purl(package) not in found and not (everywhere and "marker" in need):
            found[purl(package)] = package
            waiting += package.get("dependencies", [])
    return found


def component(package: Table, required: bool) -> Table:
    """Return one dependency with those of its files that fit every platform."""
    files = [package.get("sdist"), *package.get("wheels", [])]
    return {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
        "scope": "required" if required else "optional",
        "externalReferences": [
            _file(one) for one in files if one and one["url"].endswith((".tar.gz", "-none-any.whl"))
        ],
    }


def purl(package: Table) -> str:
    """Return the package URL."""
    return f"pkg:pypi/{package['name']}@{package['version']}"


def _locked(packages: list[Table], need: Table) -> Table:
    named = [package for package in packages if package["name"] == need["name"]]
    return next(one for one in named if need.get("version") in (None, one.get("version")))


def _file(file: Table) -> Table:
    digest = file["hash"].removeprefix("sha256:")
    return {
        "type": "distribution",
        "url": file["url"],
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }


def _edges(packages: list[Table], package: Table) -> Table:
    needs = {purl(_locked(packages, need)) for need in package.get("dependencies", [])}
    return {"ref": purl(package), "dependsOn": sorted(needs)}


def _document(root: Table, components: list[Table], graph: list[Table]) -> Table:
    content = json.dumps([purl(root), components, graph])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, content).urn,
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "pre-build"}],
            "component": {
                "type": "application",
                "bom-ref": purl(root),
                "name": root["name"],
                "version": root["version"],
                "purl": purl(root),
                "licenses": [{"license": {"id": "MIT"}}],
            },
        },
        "components": components,
        "dependencies": graph,
    }
