"""Which Debian packages a frozen folder needs: those that hold the libraries which it links to and does not bring."""

import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

# Loaded by name while the program runs, so that no file says it needs them.
LOADED_LATER = ("libegl1", "libgl1")
# Parts that do without: a plugin whose library is not there is passed over. As patterns of paths below the folder.
OPTIONAL = ("*/platformthemes/libqgtk3.so",)


@dataclass(frozen=True)
class Needs:
    """Packages as `dpkg-deb` takes them, such as "libc6 (>= 2.34)", sorted.

    depends -- without these the program does not run
    suggests -- these make it fit a desktop better
    """

    depends: tuple[str, ...]
    suggests: tuple[str, ...]


def needs(folder: Path) -> Needs:
    """What the files below `folder` ask for. The libraries must be installed here, so that dpkg knows whose they are.

    Raises subprocess.CalledProcessError where one is not.
    """
    files = elf_files(folder)
    optional = [file for file in files if any(fnmatch(str(file.relative_to(folder)), pattern) for pattern in OPTIONAL)]
    required = [file for file in files if file not in optional]
    found = _ask_dpkg(folder, required, optional)
    depends = {*found.get("Depends", ()), *_not_named(LOADED_LATER, found.get("Depends", ()))}
    named = {_name(package) for package in depends}
    return Needs(
        tuple(sorted(depends)),
        tuple(sorted(package for package in found.get("Suggests", ()) if _name(package) not in named)),
    )


def elf_files(folder: Path) -> list[Path]:
    """Programs and libraries, sorted."""
    return [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink() and _is_elf(file)]


def _is_elf(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


def _ask_dpkg(folder: Path, required: Iterable[Path], optional: Iterable[Path]) -> dict[str, list[str]]:
    own = sorted({file.parent for file in elf_files(folder)})
    command = ["/usr/bin/dpkg-shlibdeps", "-O", "--warnings=0", "--ignore-missing-info", "-xwriter-desktop"]
    command += [f"-l{place}" for place in own]
    command += ["-dDepends", *(f"-e{file}" for file in required)]
    command += ["-dSuggests", *(f"-e{file}" for file in optional)]
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "debian").mkdir()
        stanzas = "Source: writer-desktop\n\nPackage: writer-desktop\nArchitecture: any\n"
        (Path(scratch) / "debian" / "control").write_text(stanzas, encoding="utf-8")
        result = subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.PIPE, text=True)
    fields = (line.partition("=") for line in result.stdout.splitlines())
    return {name.removeprefix("shlibs:"): packages.split(", ") for name, _, packages in fields}


def _name(package: str) -> str:
    return package.split()[0]


def _not_named(packages: Iterable[str], named: Iterable[str]) -> set[str]:
    return set(packages) - {_name(package) for package in named}
