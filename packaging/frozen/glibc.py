"""The oldest GNU C library that a frozen program runs with: glibc.py [FOLDER]

Prints the newest version that any of its files asks for, and which files do; the same for the C++ library, which comes
from the system too.
"""

import sys
from pathlib import Path

import elf

DEFAULT = Path(__file__).resolve().parents[2] / "build" / "frozen" / "writer"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    asked = {path.relative_to(folder).as_posix(): elf.highest_versions(path) for path in elf.elf_files(folder)}
    for interface, library in (("GLIBC", "glibc"), ("GLIBCXX", "libstdc++'s GLIBCXX")):
        version, names = newest(asked, interface)
        print(f"{library} {version}, asked for by {len(names)} of {len(asked)} files:")
        for name in names:
            print(f"    {name}")


def newest(asked: dict[str, dict[str, elf.Version]], interface: str) -> tuple[elf.Version, list[str]]:
    """The newest version of an interface that any file asks for, and the files that do, by what each file asks for."""
    versions = {name: needs[interface] for name, needs in asked.items() if interface in needs}
    if not versions:
        raise SystemExit(f"No file asks for {interface}: is this a folder of programs?")
    highest = max(versions.values())
    return highest, sorted(name for name, version in versions.items() if version == highest)


if __name__ == "__main__":
    main()
