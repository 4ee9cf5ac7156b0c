"""What the Debian package is made of, as far as Python alone can make it."""

import gzip
import os
from pathlib import Path

import pytest

import writer
from tests.packaging.linux_files import ICONS, build_deb, shared_libraries


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    build_deb.lay_desktop_files(tmp_path, "1.2.3")
    return tmp_path


def test_the_command_leads_into_the_program_s_folder(tree: Path) -> None:
    assert (tree / "usr/bin/writer").readlink() == Path("../lib/writer-desktop/writer")


def test_each_icon_lies_where_a_desktop_looks_for_its_size(tree: Path) -> None:
    theme = tree / "usr/share/icons/hicolor"
    for size in (16, 24, 32, 48, 64, 128, 256, 512):
        laid = theme / f"{size}x{size}" / "apps" / "writer-desktop.png"
        assert laid.read_bytes() == (ICONS / f"{size}.png").read_bytes()
    assert (theme / "scalable/apps/writer-desktop.svg").is_file()


def test_the_manual_bears_the_package_s_version(tree: Path) -> None:
    page = gzip.decompress((tree / "usr/share/man/man1/writer.1.gz").read_bytes()).decode()
    assert '"Writer 1.2.3"' in page


def test_the_description_lies_under_its_own_id(tree: Path) -> None:
    (laid,) = (tree / "usr/share/metainfo").iterdir()
    assert laid.name == f"{build_deb.component_id()}.metainfo.xml"
    assert f"<id>{build_deb.component_id()}</id>" in laid.read_text(encoding="utf-8")


def test_the_control_file_says_what_is_needed() -> None:
    needs = shared_libraries.Needs(("libc6 (>= 2.34)", "libegl1"), ("libgtk-3-0",))
    lines = build_deb.control(writer.__version__, needs, 1234).splitlines()
    assert "Package: writer-desktop" in lines
    assert f"Version: {writer.__version__}" in lines
    assert "Depends: libc6 (>= 2.34), libegl1" in lines
    assert "Suggests: libgtk-3-0" in lines
    assert "Installed-Size: 1234" in lines
    assert all(line.startswith((" ", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ")) for line in lines)
    assert max(map(len, lines)) <= 80


def test_every_file_has_the_same_time_and_rights_whoever_builds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    folder = tmp_path / "usr/lib/writer-desktop"
    folder.mkdir(parents=True)
    for name in ("writer", "library.so"):
        (folder / name).write_text("x")
        (folder / name).chmod(0o600 if name == "writer" else 0o777)
    (folder / "link").symlink_to("writer")
    build_deb._same_for_everybody(tmp_path)
    assert {path.lstat().st_mtime for path in [tmp_path, *tmp_path.rglob("*")]} == {1000000000}
    rights = {path.name: path.stat().st_mode & 0o777 for path in (folder, folder / "writer", folder / "library.so")}
    assert rights == {"writer-desktop": 0o755, "writer": 0o755, "library.so": 0o644}


def test_programs_and_libraries_are_told_from_other_files(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"\x7fELF\x02")
    (tmp_path / "text").write_text("ELF")
    (tmp_path / "empty").touch()
    os.symlink("program", tmp_path / "link")
    assert shared_libraries.elf_files(tmp_path) == [tmp_path / "program"]
