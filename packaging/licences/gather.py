"""Everything that is packed, from a frozen folder and the environment that it was frozen from."""

import platform
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from typing import Any

from components import Component, LicenceError, facts, kept_text, sha256, tidy
from distributions import distribution_component, frozen_distributions, owners_of_files
from frozen_folder import FrozenFolder, is_native, read_frozen_folder
from libraries import Lookup, debian_library, known_library, library_fact

_PYTHON = "python"


def gather_here(folder: Path) -> list[Component]:
    """`gather`, of a folder that this Python has frozen on this system. Raises LicenceError and FileNotFoundError."""
    return gather(read_frozen_folder(folder), distributions(), debian_library, interpreter_and_bootloader())


def gather(
    frozen: FrozenFolder, installed: Iterable[Distribution], lookup: Lookup, programs: Iterable[Component]
) -> list[Component]:
    """All that is packed, in the order of its titles. `programs` are the interpreter and what starts it: they are
    always there, and the first of them is the interpreter, to which its libraries are counted.

    Raises LicenceError where the origin, or a text, of something is not known: nothing is left out silently.
    """
    inside = frozen_distributions(frozen, installed)
    interpreter, *others = programs
    found: dict[str, Component] = {_PYTHON: interpreter} | {other.title: other for other in others}
    files: dict[str, list[tuple[str, str]]] = {}
    resources: dict[str, dict[str, Any]] = {}
    owners = owners_of_files(frozen, inside)
    for name in frozen.files:
        key = _resource_key(name, resources) if name.startswith("resources/") else owners.get(name)
        fact = library_fact(name.rpartition("/")[2])
        if fact:
            key = _PYTHON if fact.get("is_python") else fact["title"]
            if key != _PYTHON:
                found.setdefault(fact["title"], known_library(fact))
        elif key is None and _is_pythons(name):
            key = _PYTHON
        elif key is None and is_native(name) and "/" not in name:
            component = lookup(name)
            if component:
                key = component.title
                found.setdefault(key, component)
        if key is None:
            raise LicenceError(
                f"Nobody knows where {name} comes from. Leave it out of the frozen folder, "
                "or put an entry into packaging/licences/facts.toml."
            )
        if is_native(name) or key in resources:
            files.setdefault(key, []).append((f"_internal/{name}", sha256(frozen.contents / name)))
    found |= {name: distribution_component(inside[name]) for name in inside}
    found |= {key: _resource_component(fact, frozen.contents) for key, fact in resources.items()}
    complete = [replace(component, files=tuple(files.get(key, ()))) for key, component in found.items()]
    return sorted(complete, key=lambda component: (component.title.lower(), component.version))


def interpreter_and_bootloader() -> list[Component]:
    """Python, and the small program of PyInstaller's that starts it."""
    bootloader = distribution_component(distribution("pyinstaller"))
    exception = (
        "The program that starts Writer is PyInstaller's bootloader. It is under the GNU General Public License, "
        "version 2 or later, with an exception that allows to pass it on inside programs under any licence; "
        "PyInstaller's run-time hooks are under the Apache License 2.0."
    )
    licence = "GPL-2.0-or-later WITH Bootloader-exception"
    return [_python(), replace(bootloader, title="PyInstaller's bootloader", licence=licence, remark=exception)]


def _python() -> Component:
    version = platform.python_version()
    folders = (Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix))
    names = [folder / "LICENSE.txt" for folder in folders]
    names.append(Path(f"/usr/share/doc/python{version.rpartition('.')[0]}/copyright"))
    text = next((path for path in names if path.is_file()), None)
    if text is None:
        raise LicenceError(f"No licence text of Python {version}: none of {', '.join(map(str, names))} exists.")
    return Component(
        title="Python",
        version=version,
        licence="PSF-2.0",
        source=f"https://www.python.org/downloads/release/python-{version.replace('.', '')}/",
        texts=(tidy(text.read_text(encoding="utf-8")), kept_text("python-incorporated.txt")),
        kind="framework",
        purl=f"pkg:generic/python@{version}",
    )


def _is_pythons(name: str) -> bool:
    """Whether a file is of Python itself: the archive of its library, an extension module, its framework on macOS."""
    if name == "base_library.zip" or "lib-dynload/" in name or name.startswith("Python.framework/"):
        return True
    return "/" not in name and is_native(name) and name.partition(".")[0] in sys.stdlib_module_names


def _resource_key(name: str, resources: dict[str, dict[str, Any]]) -> str | None:
    """The title of the entry for a file in resources/, noted in `resources`; Writer's own files count as Writer."""
    inner = name.removeprefix("resources/")
    for fact in facts()["resource"]:
        if any(fnmatchcase(inner, pattern) for pattern in fact["files"]):
            resources[fact["title"]] = fact
            return str(fact["title"])
    own = facts()["writer"]["files"]
    if any(fnmatchcase(inner, pattern) and ("/" in pattern or "/" not in inner) for pattern in own):
        return "writer"
    return None


def _resource_component(fact: dict[str, Any], contents: Path) -> Component:
    texts = [
        tidy((contents / text).read_text(encoding="utf-8")) if text.startswith("resources/") else kept_text(text)
        for text in fact["texts"]
    ]
    version = fact.get("version", "")
    return Component(
        title=fact["title"],
        version=version,
        licence=fact["licence"],
        source=fact["source"].format(version=version),
        texts=tuple(texts),
        kind=fact["kind"],
        remark=fact.get("remark", ""),
    )
