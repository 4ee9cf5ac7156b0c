"""Build the packages of Linux twice and compare: reproduce.py [--keep] [--same-starter]

The second time in a copy of the sources in a folder of another name, with another umask and time zone. Prints a line
for each file that differs, and the SHA-256 of what the portable archives hold. Exit status 1 when anything differs.
"""

import argparse
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import archive
import freeze

SOURCES = ("writer", "resources", "packaging", "pyproject.toml", "LICENSE", "README.md", "MANIFEST.in")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", action="store_true", help="keep both results, and say where")
    parser.add_argument("--same-starter", action="store_true", help="take the starter that is there, built once")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="writer-reproduce-"))
    places = [folder / "one", folder / "a second place"]
    environments: list[dict[str, str]] = [{"TZ": "UTC"}, {"TZ": "Asia/Kathmandu", "HOME": str(folder)}]
    try:
        for place, environ, umask in zip(places, environments, (0o022, 0o077), strict=True):
            make(place, environ, umask, is_starter_shared=options.same_starter)
        differing = compare(places[0] / "build" / "frozen" / "writer", places[1] / "build" / "frozen" / "writer")
        print("\n".join(differing) or "Every file of the two frozen programs is the same.")
        digests = [tar_digest(place / "build" / "frozen" / "writer") for place in places]
        for place, digest in zip(places, digests, strict=True):
            print(f"{digest}  the portable archive's content in {place.name}")
        return 1 if differing or digests[0] != digests[1] else 0
    finally:
        if options.keep:
            print(f"Both are in {folder}.")
        else:
            shutil.rmtree(folder)


def make(place: Path, environ: dict[str, str], umask: int, *, is_starter_shared: bool) -> None:
    """Copy the sources to `place` and build there what goes to `build` and `dist`."""
    place.mkdir()
    for name in SOURCES:
        source = freeze.ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, place / name)
    built = freeze.ROOT / "build"
    if is_starter_shared:
        shutil.copytree(built / "starter", place / "build" / "starter")
    else:  # what is fetched need not be fetched again
        kept = Path("starter-home") / "data" / "models" / ".sources"
        shutil.copytree(built / kept, place / "build" / kept)
    tools = ["freeze.py"] if is_starter_shared else ["starter.py", "freeze.py"]
    variables = os.environ | {"SOURCE_DATE_EPOCH": str(freeze.source_time_s())} | environ
    for tool in tools:
        command = [sys.executable, str(place / "packaging" / "frozen" / tool)]
        subprocess.run(command, cwd=place, env=variables, umask=umask, check=True)


class _Digest(io.RawIOBase):
    """A file that keeps nothing but the SHA-256 of what is written to it."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.sha256.update(data)
        return len(data)


def tar_digest(frozen: Path) -> str:
    """Of what `make portable` compresses; xz itself gives the same for the same."""
    digest = _Digest()
    archive.write_tar(frozen, "writer", digest, freeze.source_time_s())
    return digest.sha256.hexdigest()


def compare(one: Path, other: Path) -> list[str]:
    """A sentence for each difference between two folders, by name."""
    names = sorted({path.relative_to(folder) for folder in (one, other) for path in folder.rglob("*")})
    return [f"{name}: {difference}" for name in names if (difference := _difference(one / name, other / name))]


def _difference(one: Path, other: Path) -> str:
    for path in (one, other):
        if not path.is_symlink() and not path.exists():
            return f"only in one: {'the first' if path is other else 'the second'}"
    if one.is_symlink() or other.is_symlink():
        links = [path.readlink() if path.is_symlink() else None for path in (one, other)]
        return "" if links[0] == links[1] else "links to another file"
    if one.is_dir() or other.is_dir():
        return "" if one.is_dir() and other.is_dir() else "a folder in one, a file in the other"
    if (one.stat().st_mode ^ other.stat().st_mode) & 0o100:
        return "can be run in one of them only"
    first, second = one.read_bytes(), other.read_bytes()
    if first == second:
        return ""
    if len(first) != len(second):
        return f"{len(first)} bytes, {len(second)} bytes"
    places = [i for i, (a, b) in enumerate(zip(first, second, strict=True)) if a != b]
    return f"{len(places)} of {len(first)} bytes differ, the first at {places[0]}"


if __name__ == "__main__":
    sys.exit(main())
