"""Libraries of machine code in a frozen folder that no Python distribution brought."""

import re
import subprocess
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from components import NOT_STATED, Component, facts, kept_text, tidy

# The component of a system's library by its file name; None where the system has no records.
Lookup = Callable[[str], Component | None]

_SHARED_TEXT = re.compile(r"/usr/share/common-licenses/([A-Za-z]+-[0-9.]*[0-9])")
_STATED = re.compile(r"^License:[ \t]*(\S.*)$", re.MULTILINE)


def library_fact(name: str) -> dict[str, Any] | None:
    """The entry of facts.toml for a library's file name. Windows tells no case apart."""
    return next(
        (
            fact
            for fact in facts()["library"]
            if any(fnmatchcase(name.lower(), pattern.lower()) for pattern in fact["files"])
        ),
        None,
    )


def known_library(fact: dict[str, Any]) -> Component:
    return Component(
        title=fact["title"],
        version="",
        licence=fact["licence"],
        source=fact["source"],
        texts=tuple(kept_text(text) for text in fact["texts"]),
        remark=fact.get("remark", ""),
    )


def debian_library(name: str, documents: Path = Path("/usr/share/doc")) -> Component | None:
    """The Debian (or Ubuntu) package that a library came from, with its copyright file."""
    try:
        owners = _ask("dpkg-query", "--search", f"*/{name}")
    except FileNotFoundError:
        return None
    packages = sorted({line.partition(": ")[0] for line in owners if re.search(r": (/usr)?/lib/[^/]+/[^/]+$", line)})
    if len(packages) != 1:
        return None
    package = packages[0]
    [line] = _ask("dpkg-query", "--show", "--showformat=${source:Package} ${source:Version} ${Version}\n", package)
    source, source_version, version = line.split(" ")
    text = (documents / package.partition(":")[0] / "copyright").read_text(encoding="utf-8", errors="replace")
    return Component(
        title=package.partition(":")[0],
        version=version,
        licence=", ".join(sorted(set(_STATED.findall(text)))) or NOT_STATED,
        source=f"https://snapshot.debian.org/package/{source}/{source_version}/",
        texts=(tidy(text), *_shared_texts(text)),
        remark="A system library as Debian builds it. The licences named are those of its whole source.",
        purl=f"pkg:deb/debian/{package.partition(':')[0]}@{version}",
    )


def _shared_texts(text: str) -> list[str]:
    folder = Path("/usr/share/common-licenses")
    names = sorted(set(_SHARED_TEXT.findall(text)))
    return [tidy((folder / name).read_text(encoding="utf-8")) for name in names if (folder / name).is_file()]


def _ask(*command: str) -> list[str]:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.splitlines()
