"""Where the files for Linux lie, and the scripts beside them as modules."""

from tests.packaging.script_modules import ROOT, script

LINUX = ROOT / "packaging" / "linux"
ICONS = ROOT / "resources" / "icons" / "app"

build_deb = script("linux/build_deb")
release_notes = script("linux/release_notes")
render_icons = script("linux/render_icons")
shared_libraries = script("linux/shared_libraries")
