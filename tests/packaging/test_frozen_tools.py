"""The scripts that tell what a frozen program takes, and pack it: sizes, the oldest system, the starter, archives."""

import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.packaging.script_modules import script

archive = script("frozen/archive")
elf = script("frozen/elf")
entry = script("frozen/entry")
glibc = script("frozen/glibc")
reproduce = script("frozen/reproduce")
sizes = script("frozen/sizes")
starter = script("frozen/starter")

LISTING = """
Version definition section '.gnu.version_d' contains 1 entry:
  0x001c: Rev: 1  Flags: none  Index: 2  Cnt: 1  Name: GLIBC_2.99

Version needs section '.gnu.version_r' contains 2 entries:
 Addr: 0x0000000000000a40  Offset: 0x00000a40  Link: 5 (.dynstr)
  000000: Version: 1  File: libm.so.6  Cnt: 2
  0x0010:   Name: GLIBC_2.29  Flags: none  Version: 37
  0x0020:   Name: GLIBC_2.2.5  Flags: none  Version: 33
  0x0030: Version: 1  File: libstdc++.so.6  Cnt: 2
  0x0040:   Name: GLIBCXX_3.4.9  Flags: none  Version: 52
  0x0050:   Name: GLIBCXX_3.4.29  Flags: none  Version: 41
"""


def test_the_newest_version_asked_for_counts_by_number_not_by_letter() -> None:
    highest = elf.highest_in(LISTING)
    assert {name: str(version) for name, version in highest.items()} == {"GLIBC": "2.29", "GLIBCXX": "3.4.29"}


def test_packed_relocations_ask_for_the_first_glibc_that_knows_them() -> None:
    listing = LISTING + "  0x0060:   Name: GLIBC_ABI_DT_RELR  Flags: none  Version: 9\n"
    assert str(elf.highest_in(listing)["GLIBC"]) == "2.36"


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("readelf"), reason="reads programs of Linux")
def test_a_program_of_this_system_names_its_libraries() -> None:
    true = Path("/bin/true").resolve()
    assert elf.is_elf(true)
    assert "libc.so.6" in elf.needed(true)
    assert elf.highest_versions(true)["GLIBC"] >= elf.Version((2, 2, 5))
    assert not elf.is_elf(Path(__file__))


def test_those_that_ask_for_the_newest_are_named() -> None:
    old, new = elf.Version((2, 9)), elf.Version((2, 34))
    asked = {"a.so": {"GLIBC": old}, "b.so": {"GLIBC": new}, "c.so": {"GLIBCXX": new}, "d.so": {"GLIBC": new}}
    assert glibc.newest(asked, "GLIBC") == (new, ["b.so", "d.so"])
    with pytest.raises(SystemExit):
        glibc.newest(asked, "GCC")


def test_sizes_are_summed_by_part_and_links_are_not_counted_twice(tmp_path: Path) -> None:
    qt = tmp_path / "_internal" / "PySide6" / "Qt" / "lib"
    starter_folder = tmp_path / "_internal" / "resources" / "models" / "starter"
    for folder in (qt, starter_folder):
        folder.mkdir(parents=True)
    (qt / "libQt6Core.so.6").write_bytes(b"x" * 100)
    (tmp_path / "_internal" / "libQt6Core.so.6").symlink_to("PySide6/Qt/lib/libQt6Core.so.6")
    (starter_folder / "int8.onnx").write_bytes(b"x" * 30)
    (tmp_path / "_internal" / "resources" / "guide.md").write_bytes(b"x" * 5)
    (tmp_path / "_internal" / "what.so").write_bytes(b"x" * 2)
    expected = {"Qt and its bindings": 100, "starter model": 30, "fonts, texts, icons": 5, "others": 2}
    assert sizes.sizes_by_part(tmp_path) == expected


def test_a_folder_over_the_budget_ends_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "writer").open("wb") as file:
        file.truncate(sizes.BUDGET_MB * 1_000_000)
    monkeypatch.setattr(sys, "argv", ["sizes.py", str(tmp_path)])
    assert sizes.main() == 0
    with (tmp_path / "writer").open("ab") as file:
        file.write(b"x")
    assert sizes.main() == 1


def test_the_starter_says_nothing_of_the_machine_that_built_it() -> None:
    def manifest(build_s: float, tps: float, memory: int) -> dict[str, object]:
        record = {"perplexity": 26.1, "build_s": build_s, "decode_tps": tps, "memory_bytes": memory}
        return {"id": "starter", "precisions": {"int8": record}}

    one, other = (
        starter.without_this_machine(manifest(*f)) for f in ((55.1, 61.3, 240_041_984), (9.0, 99.9, 236_000_000))
    )
    assert one == other
    assert one["precisions"]["int8"] == {
        "perplexity": 26.1,
        "build_s": 0.0,
        "decode_tps": 0.0,
        "memory_bytes": 240_000_000,
    }


def frozen_folder(folder: Path) -> Path:
    (folder / "_internal").mkdir(parents=True)
    (folder / "writer").write_bytes(b"\x7fELF")
    (folder / "writer").chmod(0o700)
    (folder / "_internal" / "b.txt").write_text("b")
    (folder / "_internal" / "a.so").symlink_to("b.txt")
    return folder


def test_an_archive_is_the_same_whoever_packs_it_and_when(tmp_path: Path) -> None:
    one, other = io.BytesIO(), io.BytesIO()
    first, second = frozen_folder(tmp_path / "one"), frozen_folder(tmp_path / "ünd zwei")
    (second / "_internal" / "b.txt").chmod(0o664)
    archive.write_tar(first, "writer-1", one, 1_700_000_000)
    archive.write_tar(second, "writer-1", other, 1_700_000_000)
    assert one.getvalue() == other.getvalue()
    with tarfile.open(fileobj=io.BytesIO(one.getvalue())) as tar:
        entries = {entry.name: entry for entry in tar}
    assert list(entries) == [
        "writer-1/README.txt",
        "writer-1/_internal",
        "writer-1/_internal/a.so",
        "writer-1/_internal/b.txt",
        "writer-1/writer",
    ]
    assert entries["writer-1/writer"].mode == 0o755
    assert entries["writer-1/_internal/b.txt"].mode == 0o644
    assert entries["writer-1/_internal/a.so"].linkname == "b.txt"
    assert {(entry.uid, entry.uname, entry.mtime) for entry in entries.values()} == {(0, "", 1_700_000_000)}


def test_what_needs_a_frozen_program_says_how_to_get_one(tmp_path: Path) -> None:
    command = [sys.executable, archive.__file__, "--frozen", str(tmp_path), "--into", str(tmp_path / "dist")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert "make frozen" in result.stderr
    assert not (tmp_path / "dist").exists()


def test_programs_that_writer_starts_get_the_environment_it_was_started_in() -> None:
    inside = "/opt/writer/_internal"
    environ = {
        "LD_LIBRARY_PATH": f"{inside}:/mine",
        "LD_LIBRARY_PATH_ORIG": "/mine",
        "QT_PLUGIN_PATH": f"{inside}/PySide6/Qt/plugins",
        "QML2_IMPORT_PATH": f"{inside}/PySide6/Qt/qml",
        "_PYI_ARCHIVE_FILE": "/opt/writer/writer",
        "_PYI_PARENT_PROCESS_LEVEL": "1",
        "HOME": "/home/someone",
    }
    entry.restore_environment(environ, inside)
    assert environ == {"LD_LIBRARY_PATH": "/mine", "HOME": "/home/someone"}


def test_what_the_start_has_not_set_is_left_alone() -> None:
    environ = {"LD_LIBRARY_PATH": "/mine", "QT_PLUGIN_PATH": "/usr/lib/qt6/plugins"}
    entry.restore_environment(environ, "/opt/writer/_internal")
    assert environ == {"LD_LIBRARY_PATH": "/mine", "QT_PLUGIN_PATH": "/usr/lib/qt6/plugins"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can lack a language")
def test_letters_are_utf_8_only_where_nobody_has_chosen() -> None:
    nothing: dict[str, str] = {}
    entry.choose_utf8(nothing)
    assert nothing == {"LC_CTYPE": "C.UTF-8"}
    chosen = {"LANG": "de_DE.ISO-8859-1"}
    entry.choose_utf8(chosen)
    assert chosen == {"LANG": "de_DE.ISO-8859-1"}


def test_a_comparison_finds_every_kind_of_difference(tmp_path: Path) -> None:
    one, other = frozen_folder(tmp_path / "one"), frozen_folder(tmp_path / "other")
    assert reproduce.compare(one, other) == []
    (other / "_internal" / "b.txt").write_text("c")
    (other / "_internal" / "a.so").unlink()
    (other / "_internal" / "a.so").symlink_to("c.txt")
    (other / "writer").chmod(0o600)
    (other / "more").touch()
    assert reproduce.compare(one, other) == [
        "_internal/a.so: links to another file",
        "_internal/b.txt: 1 of 1 bytes differ, the first at 0",
        "more: only in one: the second",
        "writer: can be run in one of them only",
    ]
