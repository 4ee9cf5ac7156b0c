"""What a module may load, seen from a fresh interpreter. Layers between our own modules are import-linter's."""

import ast
import json
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import writer
from tests.tiny_checkpoint import write_tiny_checkpoint

HEAVY = ("PySide6", "onnxruntime", "onnx", "tokenizers", "torch", "transformers", "gguf", "safetensors", "numpy")
MODULES = sorted(m.name for m in pkgutil.walk_packages(writer.__path__, "writer.") if m.name != "writer.__main__")
QT_FREE = [name for name in MODULES if not name.startswith("writer.ui")]


def run(code: str) -> str:
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_asking_for_help_loads_nothing_heavy(argument: str) -> None:
    code = f"""
import sys
import tomllib
from pathlib import Path
from writer.cli.main import main
try:
    main([{argument!r}])
except SystemExit as stop:
    assert stop.code == 0
print("LOADED", sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    assert run(code).endswith("LOADED []\n")


_BLOCKER = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("PySide6", "shiboken6", "torch", "transformers", "optimum"):
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Blocker())
"""


def test_everything_below_the_window_works_without_qt_and_torch() -> None:
    code = f"""
import importlib
for name in {QT_FREE!r}:
    importlib.import_module(name)
print(len({QT_FREE!r}))
"""
    assert int(run(_BLOCKER + code)) == len(QT_FREE) > 40


def test_a_model_is_built_and_writes_without_qt_and_torch(tmp_path: Path, writer_home: Path) -> None:
    source = write_tiny_checkpoint(tmp_path / "tiny")
    commands = [
        ["models", "build", str(source), "--id", "tiny"],
        ["generate", "The lighthouse", "--model", "tiny", "--max-new-tokens", "12", "--seed", "7", "--json"],
    ]
    code = f"""
import json
from writer.cli.main import main
for command in {commands!r}:
    assert main(command) == 0
"""
    answer = json.loads(run(_BLOCKER + code).splitlines()[-1])
    assert answer["model"] == "tiny"
    assert 0 < answer["statistics"]["new_tokens"] <= 12


def test_the_window_needs_no_torch() -> None:
    code = """
import sys, importlib, pkgutil, writer.ui
for module in pkgutil.walk_packages(writer.ui.__path__, "writer.ui."):
    importlib.import_module(module.name)
print(sorted({"torch", "transformers", "optimum", "onnx"} & set(sys.modules)))
"""
    assert run(code) == "[]\n"


def test_windows_loads_onnx_runtime_before_qt() -> None:
    code = """
import sys
import numpy  # asks for the system itself
system, sys.platform = sys.platform, {system!r}
import writer.ui
sys.platform = system
print(sorted({{"onnxruntime", "PySide6"}} & set(sys.modules)))
"""
    assert run(code.format(system="win32")) == "['onnxruntime']\n"
    assert run(code.format(system="linux")) == "[]\n", "elsewhere the window need not wait for it"


# Heavy dependencies, and the modules that may import them: their doors.
DOORS = {
    "PySide6": ("ui",),
    "onnxruntime": ("engine/devices.py", "engine/session.py", "engine/imported_session.py"),
    "tokenizers": ("engine/tokenizer.py", "engine/imported_tokenizer.py"),
    "onnx": ("models/graph", "models/imported"),
    "gguf": ("models/checkpoint",),
    "safetensors": ("models/checkpoint",),
    "httpx2": ("models/download",),
    "huggingface_hub": ("models/download",),
    "socket": ("models/download",),
    "http": (),
    "torch": ("models/export.py",),
    "transformers": ("models/export.py",),
    "optimum": ("models/export.py",),
}


def imported_by(file: Path) -> set[str]:
    """Top-level names of what a file imports anywhere in it, by statement or by name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            names |= {str(a.value) for a in node.args if isinstance(a, ast.Constant)}
    return {name.partition(".")[0] for name in names}


def test_heavy_dependencies_come_in_by_their_doors_only() -> None:
    package = Path(writer.__file__).parent
    strays = [
        f"{file.relative_to(package)} imports {name}"
        for file in sorted(package.rglob("*.py"))
        for name in imported_by(file) & DOORS.keys()
        if not any(file.is_relative_to(package / door) for door in DOORS[name])
    ]
    assert strays == []
    # Each door is in use: a list that nothing matches would prove nothing.
    used = {name for file in package.rglob("*.py") for name in imported_by(file)}
    assert {name for name, doors in DOORS.items() if doors} <= used | {"torch", "transformers", "optimum"}


def test_the_wheel_carries_every_package() -> None:
    root = Path(__file__).parents[1]
    listed = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    found = {".".join(file.parent.relative_to(root).parts) for file in (root / "writer").rglob("*.py")}
    assert set(listed) == found | {"writer.resources"}
