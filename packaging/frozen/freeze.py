"""Freeze Writer into build/frozen/writer, the same from the same sources every time: freeze.py [--into FOLDER]"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import elf

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--into", type=Path, default=ROOT / "build" / "frozen", metavar="FOLDER")
    options = parser.parse_args()
    freeze(options.into)


def freeze(target: Path) -> None:
    """Leave the program in the folder `writer` in `target`; what was there before is replaced when all is done."""
    work, finished = target / "work", target / "work" / "finished"
    if sys.platform in ("win32", "darwin"):
        make_icons()
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level=ERROR"]
    command += [f"--distpath={finished}", f"--workpath={work}", str(HERE / "writer.spec")]
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | fixed_environment())
    if sys.platform == "linux":
        strip(finished / "writer" / "_internal")
    collect_licences(finished / "writer")
    for made in finished.iterdir():
        shutil.rmtree(target / made.name, ignore_errors=True)
        made.replace(target / made.name)
    shutil.rmtree(work)


def make_icons() -> None:
    """What the spec gives to programs of Windows and macOS."""
    icons = ROOT / "build" / "icons"
    pictures = ROOT / "resources" / "icons" / "app"
    tools = [("icon_containers.py", pictures, icons / "writer.ico", icons / "writer.icns")]
    tools += [("windows/version_file.py", icons / "version.txt")]
    for tool, *arguments in tools:
        subprocess.run([sys.executable, str(HERE.parent / tool), *map(str, arguments)], check=True)


def strip(folder: Path) -> None:
    """Take out of libraries the names that only debuggers read. Those that a wheel keeps in a folder of its own have
    been rewritten by a tool whose results `strip` destroys."""
    for path in elf.elf_files(folder):
        if path.parent.suffix != ".libs" and elf.has_symbols(path):
            subprocess.run(["strip", "--strip-unneeded", "--preserve-dates", str(path)], check=True)


def collect_licences(frozen: Path) -> None:
    """Put the licences of all that is in the folder where About finds them."""
    output = frozen / "_internal" / "resources" / "THIRD-PARTY-LICENCES.txt"
    command = [sys.executable, str(HERE.parent / "licences" / "collect.py"), str(frozen), str(output)]
    subprocess.run(command, check=True)


def fixed_environment() -> dict[str, str]:
    """What makes two builds of the same sources alike: the time in files that bear one, and the order of sets."""
    return {"SOURCE_DATE_EPOCH": str(source_time_s()), "PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def source_time_s() -> int:
    """When the sources were last changed, in seconds since 1970: the last commit's time, or that of a file where there
    is no repository. SOURCE_DATE_EPOCH overrules."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    command = ["git", "log", "-1", "--format=%ct"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return int(result.stdout)
    return int((ROOT / "writer" / "__init__.py").stat().st_mtime)


if __name__ == "__main__":
    main()
