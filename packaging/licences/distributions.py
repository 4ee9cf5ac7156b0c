"""The Python distributions inside a frozen folder, and their licences."""

import json
import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath
from typing import Any

from components import NOT_STATED, Component, LicenceError, Part, facts, kept_text, tidy
from frozen_folder import FrozenFolder

_LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|thirdparty)[^/]*$", re.IGNORECASE)
_NO_TEXT = (".py", ".pyc", ".json", ".so")
# PyInstaller's own modules in the program, Writer's, and one that Python makes for the system it is built on.
_KNOWN = ("_pyi_", "pyi", "writer", "_sysconfigdata_")
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_PLAIN_NAMES = {"3-Clause BSD License": "BSD-3-Clause", "Apache 2.0": "Apache-2.0", "MIT License": "MIT"}


def normal_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def frozen_distributions(frozen: FrozenFolder, installed: Iterable[Distribution]) -> dict[str, Distribution]:
    """By normal name, the installed distributions of which a module or a file is inside.

    Raises LicenceError where a module belongs to none of them, nor to Python.
    """
    by_module: dict[str, set[str]] = {}
    by_file: dict[str, str] = {}
    known = {normal_name(distribution.name): distribution for distribution in installed}
    for name, distribution in known.items():
        for file in distribution.files or ():
            if file.parts[0] not in ("..", "__pycache__"):
                by_file[file.as_posix()] = name
                by_module.setdefault(_module_of(file), set()).add(name)
    inside = {by_file[file] for file in frozen.files if file in by_file}
    for module in sorted(frozen.top_level() - sys.stdlib_module_names):
        owners = by_module.get(module, set())
        if not owners and not module.startswith(_KNOWN):
            raise LicenceError(f"The module {module} is packed, but no installed distribution has it.")
        inside |= owners
    return {name: known[name] for name in sorted(inside - {"writer-desktop"})}


def owners_of_files(frozen: FrozenFolder, inside: dict[str, Distribution]) -> dict[str, str]:
    """The distribution of each file of one: the one that installed it, or whose folder it lies in."""
    by_file: dict[str, str] = {}
    by_folder: dict[str, str] = {}
    for owner, distribution in inside.items():
        for file in distribution.files or ():
            by_file[file.as_posix()] = owner
            if len(file.parts) > 1:
                by_folder[file.parts[0]] = owner
    owners = {name: by_file.get(name) or by_folder.get(name.partition("/")[0]) for name in frozen.files}
    return {name: owner for name, owner in owners.items() if owner}


def distribution_component(distribution: Distribution, files: tuple[tuple[str, str], ...] = ()) -> Component:
    """Raises LicenceError where neither the distribution nor facts.toml has a text."""
    name, version = normal_name(distribution.name), distribution.version
    fact = _fact(name)
    texts = _own_texts(distribution)
    if fact:
        texts = [kept_text(text) for text in fact["texts"]]
    if not texts:
        raise LicenceError(
            f"{name} {version} brings no licence text. Put the text into packaging/licences/texts/ "
            "and an entry into packaging/licences/facts.toml."
        )
    return Component(
        title=fact.get("title", name),
        version=version,
        licence=fact.get("licence") or stated_licence(distribution),
        source=_source(distribution, fact),
        texts=tuple(texts),
        purl=f"pkg:pypi/{name}@{version}",
        files=files,
        parts=_parts(distribution),
    )


def stated_licence(distribution: Distribution) -> str:
    """What the metadata say, as an SPDX expression where they allow it."""
    metadata = distribution.metadata
    expression = metadata.get("License-Expression")
    if expression:
        return expression
    for classifier in metadata.get_all("Classifier") or []:
        last = classifier.rpartition(" :: ")[2]
        if classifier.startswith("License ::") and last in _CLASSIFIERS:
            return _CLASSIFIERS[last]
    stated = (metadata.get("License") or "").strip()
    return _PLAIN_NAMES.get(stated, stated.partition("\n")[0]) or NOT_STATED


def _fact(name: str) -> dict[str, Any]:
    return next((fact for fact in facts()["distribution"] if fact["name"] == name), {})


def _module_of(file: PurePosixPath) -> str:
    return file.parts[0].partition(".")[0]


def _own_texts(distribution: Distribution) -> list[str]:
    names = sorted(
        file.as_posix()
        for file in distribution.files or ()
        if _LICENCE_FILE.search(file.as_posix()) and not file.name.endswith(_NO_TEXT)
    )
    texts = [Path(str(distribution.locate_file(name))).read_text(encoding="utf-8", errors="replace") for name in names]
    return [tidy(text) for text in texts if text.strip()]


def _source(distribution: Distribution, fact: dict[str, Any]) -> str:
    if "source" in fact:
        line = ".".join(distribution.version.split(".")[:2])
        return str(fact["source"].format(version=distribution.version, line=line))
    return f"https://pypi.org/project/{normal_name(distribution.name)}/{distribution.version}/"


def _parts(distribution: Distribution) -> tuple[Part, ...]:
    """What the distribution says is built into it: bills of materials as PEP 770 puts them into wheels."""
    parts = set()
    for file in distribution.files or ():
        if "sboms" in file.parts and file.name.endswith(".json"):
            bill = json.loads(Path(str(distribution.locate_file(file))).read_text(encoding="utf-8"))
            for entry in bill.get("components", []):
                purl = str(entry.get("purl", "")).partition("?")[0]
                parts.add(Part(entry["name"], str(entry.get("version", "")), _licence_of(entry), purl))
    return tuple(sorted(parts, key=lambda part: (part.name, part.version)))


def _licence_of(entry: dict[str, Any]) -> str:
    found = []
    for item in entry.get("licenses", []):
        licence = item.get("license", {})
        found.append(item.get("expression") or licence.get("id") or licence.get("name"))
    return " AND ".join(filter(None, found))
