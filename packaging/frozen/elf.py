"""What programs and libraries of Linux need from others, by `readelf`."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_MAGIC = b"\x7fELF"
_VERSION_NEEDED = re.compile(r"Name: (\w+)_(\d+(?:\.\d+)+)\b")
# Packed relocations: older ones do not know the name, and refuse the file.
_PACKED, _PACKED_SINCE = "GLIBC_ABI_DT_RELR", "2.36"


@dataclass(frozen=True, order=True)
class Version:
    """numbers -- (2, 34) for GLIBC_2.34"""

    numbers: tuple[int, ...]

    def __str__(self) -> str:
        return ".".join(map(str, self.numbers))


def is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == _MAGIC


def elf_files(folder: Path) -> list[Path]:
    """All below `folder`, each once however many links lead to it."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink() and is_elf(path)]


def has_symbols(path: Path) -> bool:
    """Whether it carries names that only debuggers read."""
    return any(section in _readelf("--section-headers", path) for section in (" .symtab ", " .debug_info "))


def needed(path: Path) -> list[str]:
    """The file names of the libraries it is linked to."""
    return re.findall(r"\(NEEDED\).*\[(.+)\]", _readelf("--dynamic", path))


def highest_versions(path: Path) -> dict[str, Version]:
    """The newest version it asks for of each interface, such as GLIBC, GLIBCXX or GCC."""
    return highest_in(_readelf("--version-info", path))


def highest_in(listing: str) -> dict[str, Version]:
    """The same from what `readelf --version-info` says."""
    highest: dict[str, Version] = {}
    needs = listing.partition("Version needs section")[2].replace(_PACKED, f"GLIBC_{_PACKED_SINCE}")
    for interface, text in _VERSION_NEEDED.findall(needs):
        version = Version(tuple(map(int, text.split("."))))
        highest[interface] = max(version, highest.get(interface, version))
    return highest


def _readelf(what: str, path: Path) -> str:
    command = ["readelf", "--wide", what, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"LC_ALL": "C"}).stdout
