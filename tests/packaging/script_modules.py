"""The scripts below packaging/ as modules. The folder is no package: that name belongs to another one."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def script(path: str) -> ModuleType:
    """The module at `path` below packaging/, without `.py`, as it is when that script runs."""
    file = ROOT / "packaging" / path
    folders = [str(file.parent), str(ROOT / "packaging")]
    sys.path[:0] = folders
    try:
        return importlib.import_module(file.name)
    finally:
        del sys.path[: len(folders)]
