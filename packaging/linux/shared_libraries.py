"""Which libraries of a frozen folder Debian has itself, and which of Debian's packages the others ask for."""

import filecmp
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

# Plugins that are passed over where their library is not there, and the package that has it.
OPTIONAL = {"libqgtk3.so": "libgtk-3-0"}
# Copies that stay: Debian's package of this library brings a whole Python, and only one release has it.
KEPT = ("libpython3.*",)


@dataclass(frozen=True)
class Needs:
    """Packages as `dpkg-deb` takes them, such as "libc6 (>= 2.34)", sorted.

    depends -- without these the program does not run
    suggests -- these make it fit a desktop better
    """

    depends: tuple[str, ...]
    suggests: tuple[str, ...]


def from_debian(folder: Path) -> list[Path]:
    """The libraries in `folder` that were copied from a Debian package of this machine, sorted.

    A package leaves them out and depends on theirs: these get security updates, and fit the drivers and the desktop
    that are loaded beside them.
    """
    listing = subprocess.run(["/sbin/ldconfig", "-p"], check=True, stdout=subprocess.PIPE, text=True).stdout
    places = dict(re.findall(r"^\s+(\S+) \(libc6,x86-64.*\) => (\S+)$", listing, re.MULTILINE))
    known = _names_in_packages()
    return [
        file
        for file in elf_files(folder)
        if (original := Path(places.get(file.name, "/"))).is_file()
        and original.resolve().name in known
        and not any(fnmatch(file.name, pattern) for pattern in KEPT)
        and filecmp.cmp(file, original, shallow=False)
    ]


def _names_in_packages() -> set[str]:
    """Of every file, without its folder: /lib and /usr/lib may be one folder, of which dpkg knows only one name."""
    lists = Path("/var/lib/dpkg/info").glob("*.list")
    return {line.rpartition("/")[2] for file in lists for line in file.read_text(encoding="utf-8").splitlines()}


def needs(folder: Path) -> Needs:
    """What the files in `folder` ask for. It lies in a package's tree with a folder DEBIAN, by which dpkg knows it; the
    libraries must be installed here, so that dpkg knows whose they are.

    Raises subprocess.CalledProcessError where one is not, after dpkg's own words.
    """
    files = elf_files(folder)
    suggests = {OPTIONAL[file.name] for file in files if file.name in OPTIONAL}
    command = ["/usr/bin/dpkg-shlibdeps", "-O", "--ignore-missing-info"]
    command += [f"-l{place}" for place in sorted({file.parent for file in files if file.name.startswith("lib")})]
    command += [f"-e{file}" for file in files if file.name not in OPTIONAL]
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "debian").mkdir()
        stanzas = "Source: program\n\nPackage: program\nArchitecture: any\n"
        (Path(scratch) / "debian" / "control").write_text(stanzas, encoding="utf-8")
        result = subprocess.run(command, cwd=scratch, capture_output=True, text=True)
    if result.returncode:
        print(*(line for line in result.stderr.splitlines() if "error:" in line), sep="\n", file=sys.stderr)
        result.check_returncode()
    depends = set(result.stdout.strip().partition("=")[2].split(", "))
    named = {package.split()[0] for package in depends}
    return Needs(tuple(sorted(depends)), tuple(sorted(suggests - named)))


def elf_files(folder: Path) -> list[Path]:
    """Programs and libraries, sorted."""
    return [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.is_symlink() and _is_elf(file)]


def _is_elf(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"
