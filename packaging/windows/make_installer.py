"""Compile the Windows installer from a frozen folder: make_installer.py FROZEN_FOLDER ICON OUTPUT

Needs Debian's `nsis` (makensis). Runs on Linux: the folder was frozen on Windows.
"""

import argparse
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from project_version import numeric_version, project_version

HERE = Path(__file__).resolve().parent
# The panel beside the last page: its size in pixels, and the colours of the icon's ground from top to bottom.
_PANEL = (164, 314)
_TOP, _BOTTOM = (0x3F, 0x7D, 0x92), (0x24, 0x4C, 0x5A)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("frozen", type=Path)
    parser.add_argument("icon", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    compile_installer(options.frozen, options.icon, options.output, project_version())


def compile_installer(frozen: Path, icon: Path, output: Path, version: str) -> None:
    """Raises subprocess.CalledProcessError where makensis finds anything to warn of."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        macros = Path(folder) / "files.nsh"
        macros.write_text(file_macros(frozen), encoding="utf-8")
        panel = Path(folder) / "panel.bmp"
        panel.write_bytes(panel_bitmap())
        given = {
            "VERSION": version,
            "NUMERIC_VERSION": numeric_version(version),
            "SIZE_KB": str(size_kb(frozen)),
            "ICON": str(icon.resolve()),
            "OUTPUT": str(output.resolve()),
            "FILES": str(macros),
            "PANEL": str(panel),
        }
        command = ["makensis", "-V2", "-WX", "-INPUTCHARSET", "UTF8"]
        command += [f"-D{name}={value}" for name, value in given.items()]
        subprocess.run([*command, str(HERE / "writer.nsi")], check=True)


def file_macros(frozen: Path) -> str:
    """The macros INSTALL_FILES and UNINSTALL_FILES, which name every file and folder: what anybody else has put into
    the program's folder is never removed."""
    frozen = frozen.resolve()
    files = sorted(path for path in frozen.rglob("*") if path.is_file())
    folders = sorted(path for path in frozen.rglob("*") if path.is_dir())
    install, uninstall = [], []
    for folder in [frozen, *folders]:
        inside = [path for path in files if path.parent == folder]
        install.append(f'SetOutPath "{_target(folder, frozen)}"')
        install += [f'File "{path}"' for path in inside]  # read while this is compiled: $ means itself
        uninstall += [f'Delete "{_target(path, frozen)}"' for path in inside]
    uninstall += [f'RMDir "{_target(folder, frozen)}"' for folder in reversed(folders)]
    # The folder that stands as the current one cannot be removed, and shortcuts begin there.
    install.append('SetOutPath "$INSTDIR"')
    return _macro("INSTALL_FILES", install) + _macro("UNINSTALL_FILES", uninstall)


def panel_bitmap() -> bytes:
    """A BMP picture of the panel, 24 bits a pixel, rows from the bottom up."""
    width, height = _PANEL
    rows = bytearray()
    for y in range(height):
        share = y / (height - 1)
        red, green, blue = (round(low + share * (high - low)) for low, high in zip(_BOTTOM, _TOP, strict=True))
        rows += bytes((blue, green, red)) * width
        rows += bytes(-len(rows) % 4)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(rows), 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(rows), 0, 0, 54) + header + rows


def size_kb(frozen: Path) -> int:
    """What Windows shows as the program's size, in KiB."""
    return sum(path.stat().st_size for path in frozen.rglob("*") if path.is_file()) // 1024


def _target(path: Path, frozen: Path) -> str:
    names = path.relative_to(frozen).parts
    return "\\".join(["$INSTDIR", *(_quoted(name) for name in names)])


def _quoted(name: str) -> str:
    return name.replace("$", "$$").replace('"', '$\\"')


def _macro(name: str, lines: list[str]) -> str:
    return "\n".join([f"!macro {name}", *(f"  {line}" for line in lines), "!macroend", ""])


if __name__ == "__main__":
    main()
