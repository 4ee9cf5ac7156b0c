"""What lies in a folder that PyInstaller made."""

from dataclasses import dataclass
from pathlib import Path

_NATIVE = (".so", ".dll", ".dylib", ".pyd")


@dataclass(frozen=True)
class FrozenFolder:
    """`modules` are the names of all Python modules inside the program, `files` names below `contents` with slashes."""

    root: Path
    contents: Path
    modules: frozenset[str]
    files: tuple[str, ...]

    def top_level(self) -> frozenset[str]:
        return frozenset(name.partition(".")[0] for name in self.modules)


def read_frozen_folder(root: Path) -> FrozenFolder:
    """Raises FileNotFoundError where `root` holds no frozen Writer."""
    contents = root / "_internal"
    programs = [path for path in (root / "writer", root / "writer.exe") if path.is_file()]
    if not programs or not contents.is_dir():
        raise FileNotFoundError(f"{root} holds no frozen Writer: run `make frozen` first")
    return FrozenFolder(root, contents, _modules(programs[0]), _files(contents))


def is_native(name: str) -> bool:
    """Whether the file `name` is a library of machine code, by its name alone."""
    file = name.rpartition("/")[2]
    return file.lower().endswith(_NATIVE) or ".so." in file or ("." not in file and ".framework/" in name)


def _files(contents: Path) -> tuple[str, ...]:
    """Every file, also a link that leads to one, but not twice what a link inside leads to."""
    found = [path for path in contents.rglob("*") if path.is_file() and not path.is_symlink()]
    return tuple(sorted(path.relative_to(contents).as_posix() for path in found))


def _modules(program: Path) -> frozenset[str]:
    from PyInstaller.archive.readers import CArchiveReader

    archive = CArchiveReader(str(program))
    names = [name for name, entry in archive.toc.items() if entry[4] == "z"]
    return frozenset(module for name in names for module in archive.open_embedded_archive(name).toc)
