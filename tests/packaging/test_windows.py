"""The installer for Windows: what it puts down it takes away, and it knows nothing of what people write."""

import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

import writer
from tests.packaging.script_modules import ROOT, script

make_installer = script("windows/make_installer")
version_file = script("windows/version_file")
check_installer = script("windows/check_installer")
icon_containers = script("icon_containers")

SCRIPT = (ROOT / "packaging" / "windows" / "writer.nsi").read_text(encoding="utf-8")
CODE = "\n".join(line for line in SCRIPT.splitlines() if not line.strip().startswith(";"))
INSTALL, UNINSTALL = CODE.split('Section "Uninstall"')
ICONS = ROOT / "resources" / "icons" / "app"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("writer.exe", "_internal/a.dll", "_internal/odd $name/ü $1.txt", "_internal/deep/er/b.txt"):
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(name)
    return tmp_path / "tree"


def test_every_file_is_installed_and_removed_by_its_name(tree: Path) -> None:
    install, uninstall = make_installer.file_macros(tree).split("!macro UNINSTALL_FILES")
    files = [path for path in tree.rglob("*") if path.is_file()]
    assert sorted(re.findall(r'File "(.*)"', install)) == sorted(map(str, files))
    inside = ["\\".join(path.relative_to(tree).parts).replace("$", "$$") for path in files]
    assert sorted(re.findall(r'Delete "\$INSTDIR\\(.*)"', uninstall)) == sorted(inside)
    folders = re.findall(r'RMDir "\$INSTDIR\\(.*)"', uninstall)
    assert folders.index("_internal\\deep\\er") < folders.index("_internal\\deep") < folders.index("_internal")
    assert len(folders) == 4


def test_no_folder_is_removed_with_whatever_is_in_it(tree: Path) -> None:
    assert not re.search(r"RMDir\s+/r", CODE + make_installer.file_macros(tree), re.IGNORECASE)
    assert not re.search(r"Delete .*\*", CODE + make_installer.file_macros(tree))


def test_the_program_does_not_lie_where_people_s_own_files_do() -> None:
    """Models, settings and journals lie in %LOCALAPPDATA%\\writer (writer/paths.py, by platformdirs)."""
    folders = set(re.findall(r"\$(?:LOCAL)?APPDATA[^\"\s]*", CODE))
    assert folders == {"$LOCALAPPDATA\\Programs\\Writer"}
    assert "$DOCUMENTS" not in CODE


def test_no_administrator_is_asked_for_and_nothing_is_written_for_others() -> None:
    assert "RequestExecutionLevel user" in CODE
    assert "HKLM" not in CODE
    assert "HKCR" not in CODE


def keys(text: str) -> set[str]:
    """Keys of the registry in a text, constants put in."""
    constants = dict(re.findall(r'^!define (\w+) "(.+)"$', CODE, re.MULTILINE))
    for _ in range(2):
        text = re.sub(r"\$\{(\w+)\}", lambda found: constants.get(found[1], found[0]), text)
    return set(re.findall(r'HKCU "([^"]+)"', text))


def test_what_is_written_to_the_registry_is_taken_out_again() -> None:
    left = {
        key for key in keys(INSTALL) if not any(key == gone or key.startswith(f"{gone}\\") for gone in keys(UNINSTALL))
    }
    assert keys(INSTALL)
    assert left == set()


def test_shortcuts_are_taken_away_and_the_one_on_the_desktop_is_asked_for() -> None:
    made = re.findall(r'CreateShortcut "([^"]+)"', INSTALL)
    assert sorted(made) == ["$DESKTOP\\Writer.lnk", "$SMPROGRAMS\\Writer.lnk"]
    assert all(f'Delete "{link}"' in UNINSTALL for link in made)
    section = INSTALL.rpartition('CreateShortcut "$DESKTOP')[0].rpartition("\nSection ")[2]
    assert section.startswith("/o ")


def test_it_is_offered_for_the_files_the_program_opens_and_is_no_default() -> None:
    offered = re.findall(r'insertmacro OFFER "(.+)"', INSTALL)
    [filters] = re.findall(r'^_FILTER = "[^(]*\(([^)]+)\)', (ROOT / "writer/ui/files.py").read_text(), re.MULTILINE)
    assert sorted(offered) == sorted(pattern.removeprefix("*") for pattern in filters.split())
    assert sorted(offered) == sorted(re.findall(r'insertmacro WITHDRAW "(.+)"', UNINSTALL))
    assert sorted(offered) == sorted(check_installer._EXTENSIONS)
    assert not re.search(r'Classes\\\$\{extension\}" ""', CODE)


def test_an_open_writer_is_closed_before_files_are_touched() -> None:
    for text, prefix, first in ((INSTALL, "", "uninstall.exe"), (UNINSTALL, "un.", "UNINSTALL_FILES")):
        section = text.rpartition('Section "Writer"')[2] if not prefix else text
        assert section.index(f"Call {prefix}CloseWriter") < section.index(first)
    assert f"STILL_OPEN {check_installer._STILL_OPEN}" in CODE


def test_without_a_person_nothing_asks() -> None:
    boxes = re.findall(r"MessageBox(?:[^\n]*\\\n)*[^\n]*", CODE)
    assert len(boxes) == 4 - 1
    assert all("/SD " in box for box in boxes)


def test_the_version_stands_nowhere_but_in_the_program() -> None:
    assert make_installer.project_version() == writer.__version__
    assert writer.__version__ not in SCRIPT
    assert make_installer.numeric_version("1.2.3rc1") == "1.2.3.0"
    assert make_installer.numeric_version("2026.11") == "2026.11.0.0"


def test_pyinstaller_can_read_the_version_file() -> None:
    given: dict[str, Any] = {}

    def take(*arguments: Any, **named: Any) -> Any:
        given.update(named)
        return arguments

    def string(name: str, value: str) -> None:
        given[name] = value

    names = ("VSVersionInfo", "FixedFileInfo", "StringFileInfo", "StringTable", "VarFileInfo", "VarStruct")
    eval(version_file.version_file("1.2.3"), {**dict.fromkeys(names, take), "StringStruct": string})
    assert given["filevers"] == (1, 2, 3, 0)
    assert given["ProductVersion"] == "1.2.3"
    assert given["OriginalFilename"] == "writer.exe"


def test_the_icon_holds_every_size() -> None:
    content = icon_containers.ico(ICONS)
    _, kind, count = struct.unpack_from("<HHH", content)
    entries = [struct.unpack_from("<BBBBHHII", content, 6 + 16 * i) for i in range(count)]
    assert kind == 1
    assert [entry[0] or 256 for entry in entries] == [16, 24, 32, 48, 64, 128, 256]
    for width, _, _, _, _, _, size, offset in entries:
        assert content[offset : offset + size] == (ICONS / f"{width or 256}.png").read_bytes()


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ICONS, tmp_path, dirs_exist_ok=True)
    shutil.copyfile(ICONS / "32.png", tmp_path / "16.png")
    with pytest.raises(ValueError, match="16 by 16"):
        icon_containers.ico(tmp_path)


@pytest.mark.skipif(not shutil.which("makensis"), reason="needs Debian's nsis")
def test_it_compiles_without_a_warning_and_the_same_twice(tree: Path, tmp_path: Path) -> None:
    icon = tmp_path / "writer.ico"
    icon.write_bytes(icon_containers.ico(ICONS))
    outputs = [tmp_path / "writer-one.exe", tmp_path / "writer-two.exe"]
    for output in outputs:
        make_installer.compile_installer(tree, icon, output, "1.2.3")
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    assert outputs[0].read_bytes()[:2] == b"MZ"
    (tree / "gone.txt").symlink_to(tmp_path / "nowhere")
    assert str(tree / "gone.txt") not in make_installer.file_macros(tree)
    with pytest.raises(subprocess.CalledProcessError):
        make_installer.compile_installer(tree, tmp_path / "no.ico", tmp_path / "writer-three.exe", "1.2.3")
