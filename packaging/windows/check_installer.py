"""Install, upgrade and remove with real installers, and look at what is left: check_installer.py SETUP [OLDER_SETUP]

On Windows, or elsewhere under Wine (WINEPREFIX names where). It uses the profile of whoever runs it, so it is for a
machine that is thrown away afterwards; it refuses to begin where Writer is installed already. Prints one line for each
step; ends with 1 at the first that fails.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

_UNINSTALL = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Writer"
_PROGRAM = r"HKCU\Software\Classes\Applications\writer.exe"
_KEYS = (_UNINSTALL, _PROGRAM, r"HKCU\Software\Classes\Writer.Document", r"HKCU\Software\Writer\Capabilities")
_EXTENSIONS = (".txt", ".md", ".markdown")
_STILL_OPEN = 2


class CheckError(Exception):
    """A step did not leave what it should have."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("setup", type=Path)
    parser.add_argument("older", type=Path, nargs="?", help="a version before, to upgrade from")
    options = parser.parse_args()
    try:
        check(options.setup.resolve(), (options.older or options.setup).resolve())
    except CheckError as error:
        print(f"failed: {error}")
        return 1
    return 0


def check(setup: Path, older: Path) -> None:
    local, home = windows_folder("LOCALAPPDATA"), windows_folder("USERPROFILE")
    program = local / "Programs" / "Writer"
    menu = windows_folder("APPDATA") / "Microsoft" / "Windows" / "Start Menu" / "Programs" / "Writer.lnk"
    expect(not program.exists() and not has_key(_UNINSTALL), "Writer is installed here already")
    own = [
        local / "writer" / "models" / "starter" / "int8.onnx",
        local / "writer" / "recovery" / "1.journal",
        home / "Documents" / "novel.md",
    ]
    for path in own:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a writer's own", encoding="utf-8")
    defaults = [read_value(rf"HKCU\Software\Classes\{extension}", None) for extension in _EXTENSIONS]

    expect(run(older, "/S") == 0, "the older version does not install")
    old_files = files_below(program)
    notes = program / "notes.txt"
    notes.write_text("put here by somebody", encoding="utf-8")
    say(f"installed {read_value(_UNINSTALL, 'DisplayVersion')}: {len(old_files)} files")

    with started(program / "writer.exe") as process:
        expect(run(setup, "/S") == 0, "the upgrade of an open Writer does not succeed")
        expect(process.wait(30) is not None, "Writer was not closed for the upgrade")
    for key in _KEYS:
        expect(has_key(key), f"{key} is not there after the upgrade")
    for extension in _EXTENSIONS:
        offered = read_value(rf"HKCU\Software\Classes\{extension}\OpenWithProgids", "Writer.Document")
        expect(offered is not None, f"Writer is not offered for {extension}")
    now = [read_value(rf"HKCU\Software\Classes\{extension}", None) for extension in _EXTENSIONS]
    expect(now == defaults, "a default program was changed")
    expect(menu.exists(), "there is no entry in the Start menu")
    expect(not (windows_folder("USERPROFILE") / "Desktop" / "Writer.lnk").exists(), "a desktop icon nobody asked for")
    new_files = files_below(program)
    say(f"upgraded to {read_value(_UNINSTALL, 'DisplayVersion')}: {len(new_files)} files, Writer was closed first")
    stale = old_files - new_files
    say(f"files of the older version that are gone: {', '.join(sorted(stale)) or 'none'}")

    check_kept(own, notes)
    expect(run(program / "uninstall.exe", "/S") == 0, "removing does not succeed")
    wait_until_gone(program / "uninstall.exe")
    expect(files_below(program) == {"notes.txt"}, f"left behind: {sorted(files_below(program))}")
    for key in _KEYS:
        expect(not has_key(key), f"{key} is still there")
    for extension in _EXTENSIONS:
        offered = read_value(rf"HKCU\Software\Classes\{extension}\OpenWithProgids", "Writer.Document")
        expect(offered is None, f"Writer is still offered for {extension}")
    expect(not menu.exists(), "the entry in the Start menu is still there")
    check_kept(own, notes)
    say("removed: documents, models, journals and a file somebody put beside the program are still there")


def expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise CheckError(otherwise)


def say(line: str) -> None:
    print(line, flush=True)


def check_kept(own: list[Path], notes: Path) -> None:
    for path in own:
        expect(path.read_text(encoding="utf-8") == "a writer's own", f"{path} was touched")
    expect(notes.exists(), f"{notes} was removed")


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def wait_until_gone(path: Path, patience_s: float = 60) -> None:
    """An uninstaller goes on as a copy of itself after it has returned."""
    end = time.monotonic() + patience_s
    while path.exists():
        expect(time.monotonic() < end, f"{path} does not go")
        time.sleep(0.2)
    time.sleep(1)  # its folder and the registry come last


def run(program: Path, *arguments: str) -> int:
    return subprocess.run([*_wine(), str(program), *arguments], check=False, timeout=600).returncode


class started:  # noqa: N801 - used as a word in `with`
    """A program while it runs; ended when the block is left, if it still runs then."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([*_wine(), str(program)])
        time.sleep(5)

    def __enter__(self) -> subprocess.Popen[bytes]:
        return self._process

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()


def has_key(key: str) -> bool:
    return _reg("query", key) is not None


def read_value(key: str, name: str | None) -> str | None:
    """A value of the registry as text; None where there is no such one. No name is the key's own value."""
    output = _reg("query", key, *(["/ve"] if name is None else ["/v", name]))
    values = [line.split("REG_SZ", 1)[1].strip() for line in (output or "").splitlines() if "REG_SZ" in line]
    return values[0] if values and values[0] != "(value not set)" else None


def _reg(*arguments: str) -> str | None:
    result = subprocess.run([*_wine(), "reg", *arguments], capture_output=True, text=True, check=False, timeout=120)
    return result.stdout if result.returncode == 0 else None


def windows_folder(name: str) -> Path:
    if sys.platform == "win32":
        return Path(os.environ[name])
    shown = subprocess.run([*_wine(), "cmd", "/c", f"echo %{name}%"], capture_output=True, text=True, check=True)
    inside = shown.stdout.strip().replace("\\", "/").partition(":/")[2]
    return Path(os.environ["WINEPREFIX"]) / "drive_c" / inside


def _wine() -> list[str]:
    return [] if sys.platform == "win32" else ["wine"]


if __name__ == "__main__":
    sys.exit(main())
