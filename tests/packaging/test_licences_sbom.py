"""The bill of materials says the same as the file of licences, for programs to read."""

import json
from datetime import UTC, datetime

from tests.packaging.script_modules import script

components = script("licences/components")
sbom = script("licences/sbom")

MADE = datetime(2026, 11, 26, tzinfo=UTC)
PARTS = [
    components.Component(
        "first",
        "1.0",
        "MIT",
        "https://pypi.org/project/first/1.0/",
        ("text",),
        purl="pkg:pypi/first@1.0",
        files=(("_internal/first/core.so", "a" * 64),),
        parts=(components.Part("crate", "2", "ISC", "pkg:cargo/crate@2"),),
    ),
    components.Component("libz", "1:1", "BSD, Zlib", "https://snapshot.debian.org/", ("text",)),
]


def test_every_component_is_there_with_what_is_known_of_it() -> None:
    bill = sbom.bill(PARTS, "1.2.3", MADE)
    assert bill["metadata"]["component"]["version"] == "1.2.3"
    assert bill["metadata"]["timestamp"] == "2026-11-26T00:00:00Z"
    first, second = bill["components"]
    assert first["purl"] == "pkg:pypi/first@1.0"
    assert first["licenses"] == [{"expression": "MIT"}]
    assert [inner["name"] for inner in first["components"]] == ["crate", "_internal/first/core.so"]
    assert first["components"][1]["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    assert second["licenses"] == [{"license": {"name": "BSD, Zlib"}}]
    assert bill["dependencies"][0]["dependsOn"] == [first["bom-ref"], second["bom-ref"]]


def test_the_same_parts_give_the_same_file_and_others_another_number() -> None:
    one, two = (json.dumps(sbom.bill(PARTS, "1.2.3", MADE)) for _ in range(2))
    assert one == two
    other = sbom.bill(PARTS[:1], "1.2.3", MADE)
    assert other["serialNumber"] != json.loads(one)["serialNumber"]


def test_no_reference_stands_for_two_things() -> None:
    bill = sbom.bill(PARTS, "1.2.3", MADE)
    references = [entry["bom-ref"] for entry in bill["components"]]
    references += [inner["bom-ref"] for entry in bill["components"] for inner in entry.get("components", [])]
    assert len(set(references)) == len(references) == 4
