"""Pack a frozen program as an archive that runs from any folder: archive.py [--frozen FOLDER] [--into FOLDER]

The same files give the same archive, whoever packs them and when.
"""

import argparse
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import freeze

sys.path.insert(0, str(freeze.HERE.parent))
from project_version import project_version

README = """Writer {version}

Unpack this folder wherever you like and start the program in it:

    ./writer              opens the window
    ./writer --help       says what it can do in a terminal

It needs a 64-bit Linux with an Intel or AMD processor, glibc 2.35 or newer (Debian 12, Ubuntu 22.04, Fedora 36, and all
that came after), and a desktop. Your texts and settings stay outside of this folder: delete it, and they are still
there.
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--frozen", type=Path, default=freeze.ROOT / "build" / "frozen" / "writer", metavar="FOLDER")
    parser.add_argument("--into", type=Path, default=freeze.ROOT / "dist", metavar="FOLDER")
    options = parser.parse_args()
    if not (options.frozen / "writer").is_file():
        sys.exit(f"There is no frozen program in {options.frozen}: `make frozen` makes it.")
    options.into.mkdir(parents=True, exist_ok=True)
    version = project_version()
    target = options.into / f"writer-{version}-linux-x86_64.tar.xz"
    with target.open("wb") as file:
        # With two threads the blocks, and so the result, are the same on any number of processors. A higher level saves
        # a few per cent, and takes several times as long.
        xz = subprocess.Popen(["xz", "--compress", "--threads=2", "-3"], stdin=subprocess.PIPE, stdout=file)
        assert xz.stdin is not None
        with xz.stdin:
            write_tar(options.frozen, f"writer-{version}", xz.stdin, freeze.source_time_s())
    if xz.wait() != 0:
        target.unlink()
        sys.exit("The archive could not be packed.")
    print(target)


def write_tar(folder: Path, name: str, target: io.RawIOBase | io.BufferedIOBase, time_s: int) -> None:
    """Write `folder` to `target` as a tar whose one folder is called `name`: in the order of names, of nobody, every
    file from the time `time_s` (seconds since 1970)."""
    with tarfile.open(fileobj=target, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        text = README.format(version=project_version()).encode()
        entry = _plain(tarfile.TarInfo(f"{name}/README.txt"), time_s)
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
        for path in sorted(folder.rglob("*")):
            entry = _plain(tar.gettarinfo(path, f"{name}/{path.relative_to(folder).as_posix()}"), time_s)
            if entry.isreg():
                with path.open("rb") as file:
                    tar.addfile(entry, file)
            else:
                tar.addfile(entry)


def _plain(entry: tarfile.TarInfo, time_s: int) -> tarfile.TarInfo:
    entry.mtime = time_s
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    if entry.islnk():  # a file that has another name elsewhere is packed as itself
        raise ValueError(f"{entry.name} is a hard link")
    return entry


if __name__ == "__main__":
    main()
