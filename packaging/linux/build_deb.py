"""Pack the frozen folder as a Debian package: build_deb.py [--frozen FOLDER] [--into FOLDER]

The same folder gives the same package, to the last byte.
"""

import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import release_notes
import shared_libraries

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))
from project_version import project_version  # noqa: E402 - in the folder above

PACKAGE = "writer-desktop"
# Nobody answers mail for this program; the field wants an address all the same, and this top level can be nobody's.
MAINTAINER = "The Writer developers <maintainers@writer-desktop.invalid>"
DESCRIPTION = """writing assistant whose language model runs on this computer
 A page for stories, articles and anything else that is told in words. Press
 Ctrl+Return, and a language model goes on from the caret; what it wrote is
 tinted, and one undo takes all of it back. Nothing that is typed leaves the
 computer.
 .
 Every change is on the disk within a second and offered again after a crash;
 earlier versions are kept. Opens and saves plain text and Markdown.
 .
 A small model comes with the package, so that no network is needed; larger
 ones can be fetched from within the program."""
_PROGRAM = Path("usr/lib") / PACKAGE
_DOCUMENTS = Path("usr/share/doc") / PACKAGE


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--frozen", type=Path, default=ROOT / "build" / "frozen" / "writer", metavar="FOLDER")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", metavar="FOLDER")
    parser.add_argument(
        "--version", default=project_version(), help="another than the program's own, to try upgrades with"
    )
    parser.add_argument("--uncompressed", action="store_true", help="quick to make, for trying")
    options = parser.parse_args()
    if not (options.frozen / "writer").is_file():
        sys.exit(f"There is no frozen program in {options.frozen}: `make frozen` makes it.")
    print(build(options.frozen, options.into, options.version, "none" if options.uncompressed else "xz"))


def releases() -> tuple[release_notes.Release, ...]:
    return release_notes.read((ROOT / "resources" / "CHANGELOG.md").read_text(encoding="utf-8"))


def source_time_s() -> int:
    """The time that every file in the package bears: SOURCE_DATE_EPOCH, or the newest release's day."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or releases()[0].date.timestamp())


def build(frozen: Path, into: Path, package_version: str, compression: str) -> Path:
    """Returns the package's path. `compression` is what dpkg-deb knows: xz or none."""
    into.mkdir(parents=True, exist_ok=True)
    target = into / f"{PACKAGE}_{package_version}_amd64.deb"
    with tempfile.TemporaryDirectory(prefix=".writer-deb-", dir=into) as scratch:
        tree = Path(scratch) / "tree"
        shutil.copytree(frozen, tree / _PROGRAM, symlinks=True)
        for library in shared_libraries.from_debian(tree / _PROGRAM):
            library.unlink()
        lay_documents(tree, package_version)
        lay_desktop_files(tree, package_version)
        (tree / "DEBIAN").mkdir()
        needs = shared_libraries.needs(tree / _PROGRAM)
        _write(tree / "DEBIAN" / "control", control(package_version, needs, _installed_kib(tree)))
        _write(tree / "DEBIAN" / "md5sums", _md5sums(tree))
        _same_for_everybody(tree)
        subprocess.run(
            ["/usr/bin/dpkg-deb", "--root-owner-group", f"-Z{compression}", "--build", str(tree), str(target)],
            check=True,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"SOURCE_DATE_EPOCH": str(source_time_s())},
        )
    return target


def control(package_version: str, needs: shared_libraries.Needs, installed_kib: int) -> str:
    """The text of the file `control`."""
    fields = {
        "Package": PACKAGE,
        "Version": package_version,
        "Architecture": "amd64",
        "Maintainer": MAINTAINER,
        "Installed-Size": str(installed_kib),
        "Depends": ", ".join(needs.depends),
        "Suggests": ", ".join(needs.suggests),
        "Section": "editors",
        "Priority": "optional",
        "Description": DESCRIPTION,
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def lay_desktop_files(tree: Path, package_version: str) -> None:
    """What the desktop knows the program by: command, menu entry, file types, icons, manual."""
    (tree / "usr/bin").mkdir(parents=True)
    (tree / "usr/bin/writer").symlink_to(f"../lib/{PACKAGE}/writer")
    _write(tree / f"usr/share/applications/{PACKAGE}.desktop", _read(f"{PACKAGE}.desktop"))
    _write(tree / f"usr/share/metainfo/{component_id()}.metainfo.xml", metainfo())
    icons, hicolor = ROOT / "resources" / "icons" / "app", tree / "usr/share/icons/hicolor"
    for drawing in sorted(icons.glob("*.png")):
        _copy(drawing, hicolor / f"{drawing.stem}x{drawing.stem}/apps/{PACKAGE}.png")
    _copy(icons / f"{PACKAGE}.svg", hicolor / f"scalable/apps/{PACKAGE}.svg")
    _zip(tree / "usr/share/man/man1/writer.1.gz", manual(package_version))


def lay_documents(tree: Path, package_version: str) -> None:
    """Licences and news."""
    _write(tree / _DOCUMENTS / "copyright", _read("copyright"))
    third_party = tree / _PROGRAM / "_internal" / "resources" / "THIRD-PARTY-LICENCES.txt"
    _zip(tree / _DOCUMENTS / "THIRD-PARTY-LICENCES.txt.gz", third_party.read_text(encoding="utf-8"))
    newest, *others = releases()
    entries = [release_notes.Release(package_version, newest.date, newest.items), *others]
    _zip(tree / _DOCUMENTS / "changelog.gz", release_notes.debian_changelog(entries, PACKAGE, MAINTAINER))
    _write(tree / f"usr/share/lintian/overrides/{PACKAGE}", _read("lintian-overrides"))


def metainfo() -> str:
    """The AppStream description with the releases of the changelog."""
    return _read(f"{PACKAGE}.metainfo.xml").replace("@RELEASES@", release_notes.appstream_releases(releases()))


def component_id() -> str:
    """What AppStream calls the program."""
    found = re.search("<id>(.+)</id>", _read(f"{PACKAGE}.metainfo.xml"))
    assert found is not None
    return found[1]


def manual(package_version: str) -> str:
    """The manual page's source."""
    date = f"{releases()[0].date:%Y-%m-%d}"
    return _read("writer.1").replace("@VERSION@", package_version).replace("@DATE@", date)


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _zip(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _installed_kib(tree: Path) -> int:
    """As dpkg counts it: each file in whole KiB, anything else as one."""
    sizes = (path.stat().st_size if path.is_file() and not path.is_symlink() else 1 for path in tree.rglob("*"))
    return sum(-(-size // 1024) for size in sizes)


def _md5sums(tree: Path) -> str:
    files = sorted(path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    names = [(path, path.relative_to(tree).as_posix()) for path in files]
    return "".join(f"{_md5(path)}  {name}\n" for path, name in names if not name.startswith("DEBIAN/"))


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _same_for_everybody(tree: Path) -> None:
    """Rights and times that do not tell who built this, and when."""
    programs = {tree / _PROGRAM / "writer"}
    seconds = source_time_s()
    for path in [*tree.rglob("*"), tree]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path in programs else 0o644)
        os.utime(path, (seconds, seconds), follow_symlinks=False)


if __name__ == "__main__":
    main()
