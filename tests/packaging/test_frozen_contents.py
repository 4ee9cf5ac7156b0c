"""What is left out of the frozen program, and that nothing is left out which it needs."""

import subprocess
import sys

import pytest

from tests.packaging.script_modules import script

contents = script("frozen/contents")


@pytest.mark.parametrize(
    "name",
    [
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6/Qt/plugins/platforms/libqwayland.so",
        "PySide6/Qt/plugins/platforms/libqoffscreen.so",
        "PySide6/Qt/plugins/platforminputcontexts/libibusplatforminputcontextplugin.so",
        "PySide6\\plugins\\platforms\\qwindows.dll",
        "PySide6/Qt/lib/libQt6Gui.so.6",
        "libxcb-cursor.so.0",  # many systems lack it
        "onnxruntime/capi/libonnxruntime_providers_shared.so",
        "libssl.so.3",
    ],
)
def test_what_the_program_uses_stays(name: str) -> None:
    assert contents.is_used(name)


@pytest.mark.parametrize(
    "name",
    [
        "PySide6/Qt/plugins/platforms/libqvnc.so",
        "PySide6/Qt/plugins/sqldrivers/libqsqlite.so",
        "PySide6\\plugins\\tls\\qopensslbackend.dll",
        "PySide6/Qt/translations/qtbase_de.qm",
        "onnxruntime/capi/libonnxruntime.so.1.32.0",
        "libstdc++.so.6",
        "libglib-2.0.so.0",
        "libfontconfig.so.1",
    ],
)
def test_what_it_does_not_use_or_the_system_has_goes(name: str) -> None:
    assert not contents.is_used(name)


def test_only_libraries_that_something_asks_for_are_kept() -> None:
    needs = {
        "PySide6/QtGui.abi3.so": ["libQt6Gui.so.6", "libc.so.6"],
        "PySide6/Qt/lib/libQt6Gui.so.6": ["libQt6Core.so.6"],
        "PySide6/Qt/lib/libQt6Core.so.6": ["libQt6Core.so.6"],
        "PySide6/Qt/lib/libQt6Network.so.6": ["libQt6Core.so.6", "libkrb5.so.3"],
        "libkrb5.so.3": [],
        "PySide6/Qt/plugins/platforms/libqxcb.so": ["libxcb-cursor.so.0"],
        "libxcb-cursor.so.0": [],
        "onnxruntime/capi/libonnxruntime_providers_shared.so": [],  # loaded by its name while the program runs
        "numpy/_core/_multiarray_umath.so": ["libopenblas-1.so"],
        "numpy.libs/libopenblas-1.so": [],
        "libpython3.11.so.1.0": [],
    }
    gone = {"PySide6/Qt/lib/libQt6Network.so.6", "libkrb5.so.3"}
    assert contents.reached(needs, lambda name: needs[name]) == needs.keys() - gone


def test_writer_runs_without_the_modules_that_are_left_out() -> None:
    """Every module of Writer can be imported, and so can those that it loads later."""
    code = f"""
import importlib, pkgutil, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name in {set(contents.UNUSED_MODULES)}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Refuse())
import writer
names = [module.name for module in pkgutil.walk_packages(writer.__path__, "writer.")]
names = [name for name in names if name not in ("writer.__main__", "writer.resources")]
for name in [*names, "onnxruntime", "tokenizers", "httpcore2", "anyio", "h11"]:
    importlib.import_module(name)
from gguf import quants
print(len(names))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-2000:]
    assert int(result.stdout) > 200


def test_pictures_of_the_readme_are_no_part_of_the_program() -> None:
    assert not contents.is_resource("screenshots/writer.png")
    assert contents.is_resource("fonts/inter/LICENSE.txt")
