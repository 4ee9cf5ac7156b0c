"""Write the bill of materials of a frozen folder, in CycloneDX's JSON: sbom.py FROZEN_FOLDER [OUTPUT]

Run by the Python of the environment that was frozen. The same folder gives the same file: its time is that of
SOURCE_DATE_EPOCH or of the last commit, and its number is made from what it says.
"""

import argparse
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components import NOT_STATED, ROOT, Component, LicenceError, Part
from gather import gather_here

sys.path.insert(0, str(ROOT / "packaging"))

from project_version import project_version

_SPEC_VERSION = "1.6"
# A name space of our own for numbers made from names.
_NAMES = uuid.uuid5(uuid.NAMESPACE_DNS, "writer-desktop.invalid")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("frozen", type=Path)
    default = ROOT / "dist" / f"writer-{project_version()}.cdx.json"
    parser.add_argument("output", type=Path, nargs="?", default=default)
    options = parser.parse_args()
    try:
        components = gather_here(options.frozen)
    except (LicenceError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    text = json.dumps(bill(components, project_version(), source_time()), indent=2, ensure_ascii=False) + "\n"
    fault = schema_fault(text)
    if fault:
        print(f"This is no valid CycloneDX: {fault}", file=sys.stderr)
        return 1
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(text, encoding="utf-8", newline="\n")
    print(f"{options.output}: {len(components)} components, valid by the schema of CycloneDX {_SPEC_VERSION}")
    return 0


def bill(components: Iterable[Component], version: str, made: datetime) -> dict[str, Any]:
    """The whole document. Components stand in the order given."""
    writer = {
        "type": "application",
        "bom-ref": "writer",
        "name": "writer-desktop",
        "version": version,
        "licenses": [{"license": {"id": "MIT"}}],
    }
    entries = [component_entry(component) for component in components]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": _SPEC_VERSION,
        "version": 1,
        "metadata": {"timestamp": made.isoformat().replace("+00:00", "Z"), "component": writer},
        "components": entries,
        "dependencies": [{"ref": "writer", "dependsOn": [entry["bom-ref"] for entry in entries]}],
    }
    number = uuid.uuid5(_NAMES, json.dumps(document, sort_keys=True))
    return {**document, "serialNumber": f"urn:uuid:{number}"}


def component_entry(component: Component) -> dict[str, Any]:
    reference = component.purl or f"part:{component.title}"
    entry: dict[str, Any] = {
        "type": component.kind,
        "bom-ref": reference,
        "name": component.title,
        "licenses": _licences(component.licence),
        "externalReferences": [{"type": "distribution", "url": component.source.partition(" ")[0]}],
    }
    if component.version:
        entry["version"] = component.version
    if component.purl:
        entry["purl"] = component.purl
    if component.remark:
        entry["description"] = component.remark
    inside = [_part_entry(part, reference) for part in component.parts]
    inside += [_file_entry(name, digest) for name, digest in component.files]
    if inside:
        entry["components"] = inside
    return entry


def source_time() -> datetime:
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if not given:
        command = ["git", "log", "-1", "--format=%ct"]
        given = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return datetime.fromtimestamp(int(given), UTC)


def schema_fault(text: str) -> str | None:
    """What CycloneDX's own library finds wrong with a document; None where it is valid."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    fault = JsonStrictValidator(SchemaVersion.from_version(_SPEC_VERSION)).validate_str(text)
    return None if fault is None else str(fault)


def _licences(stated: str) -> list[dict[str, Any]]:
    """Debian's lists of names are no SPDX expression."""
    if ", " in stated or stated == NOT_STATED:
        return [{"license": {"name": stated}}]
    return [{"expression": stated}]


def _part_entry(part: Part, within: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"{within} > {part.name}@{part.version}",
        "name": part.name,
        "version": part.version,
    }
    if part.licence:
        entry["licenses"] = _licences(part.licence)
    if part.purl:
        entry["purl"] = part.purl
    return entry


def _file_entry(name: str, digest: str) -> dict[str, Any]:
    return {"type": "file", "bom-ref": name, "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}


if __name__ == "__main__":
    sys.exit(main())
