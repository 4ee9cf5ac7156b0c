"""Where the files for Linux lie, and the scripts beside them as modules."""

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINUX = ROOT / "packaging" / "linux"
ICONS = ROOT / "resources" / "icons" / "app"

sys.path.insert(0, str(LINUX))
build_deb = importlib.import_module("build_deb")
release_notes = importlib.import_module("release_notes")
render_icons = importlib.import_module("render_icons")
shared_libraries = importlib.import_module("shared_libraries")
sys.path.remove(str(LINUX))
