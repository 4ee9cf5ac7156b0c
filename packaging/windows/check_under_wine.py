"""Run check_installer.py under Wine with a stand-in for the frozen program, in a Windows that is thrown away.

Needs makensis, wine and Xvfb (`make check-windows-installer` installs them under Debian).
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import make_installer
from icon_containers import ico
from project_version import project_version

HERE = Path(__file__).resolve().parent
_OLDER = "0.0.1"
_FILES = {
    _OLDER: ("_internal/resources/guide.md", "_internal/only-old.dll", "_internal/old folder/x.txt"),
    project_version(): ("_internal/resources/guide.md", "_internal/only-new.dll", "_internal/odd $name/f$1 ü.txt"),
}


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        icon = folder / "writer.ico"
        icon.write_bytes(ico(HERE.parents[1] / "resources" / "icons" / "app"))
        setups = {}
        for version, files in _FILES.items():
            setups[version] = folder / f"writer-{version}-setup.exe"
            make_installer.compile_installer(_stand_in(folder / version, files), icon, setups[version], version)
        environment = os.environ | {"WINEPREFIX": str(folder / "wine"), "WINEDEBUG": "-all"}
        command = ["xvfb-run", "--auto-servernum", sys.executable, str(HERE / "check_installer.py")]
        _prepare(environment)
        try:
            arguments = [str(setups[project_version()]), str(setups[_OLDER])]
            return subprocess.run([*command, *arguments], env=environment, check=False).returncode
        finally:
            subprocess.run(["wineserver", "--kill"], env=environment, check=False)


def _stand_in(folder: Path, files: tuple[str, ...]) -> Path:
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(folder.name, encoding="utf-8")
    program = ["makensis", "-V2", "-WX", f"-DOUTPUT={folder / 'writer.exe'}", str(HERE / "stand_in.nsi")]
    subprocess.run(program, check=True)
    return folder


def _prepare(environment: Mapping[str, str]) -> None:
    """A Windows 10: Wine's own idea of what it plays may be older."""
    key = ["wine", "reg", "add", r"HKCU\Software\Wine", "/v", "Version", "/d", "win10", "/f"]
    for command in (["wineboot", "--init"], key):
        subprocess.run(["xvfb-run", "--auto-servernum", *command], env=environment, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
