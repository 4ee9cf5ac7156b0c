"""Build the starter model for the packages into build/starter: starter.py

The files it is built from are kept in build/starter-home, so that a second build fetches nothing.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "starter-home"
TARGET = ROOT / "build" / "starter"
_MEMORY_STEP = 20_000_000


def main() -> None:
    built = HOME / "data" / "models" / "starter"
    shutil.rmtree(built, ignore_errors=True)
    command = [sys.executable, "-m", "writer", "models", "get", "starter", "--precision", "int8", "--keep-source"]
    subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"WRITER_HOME": str(HOME)})
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    for path in sorted(built.iterdir()):
        if path.name != "manifest.json":
            shutil.copyfile(path, TARGET / path.name)
    manifest = json.loads((built / "manifest.json").read_text(encoding="utf-8"))
    text = json.dumps(without_this_machine(manifest), indent=2, ensure_ascii=False)
    (TARGET / "manifest.json").write_text(text + "\n", encoding="utf-8")
    (TARGET / ".ready").touch()


def without_this_machine(manifest: dict) -> dict:  # type: ignore[type-arg]
    """The manifest without what the building machine took: the times say nothing of another one, and the memory is
    the same everywhere only roughly."""
    for record in manifest["precisions"].values():
        record["build_s"] = record["decode_tps"] = 0.0
        record["memory_bytes"] = round(record["memory_bytes"] / _MEMORY_STEP) * _MEMORY_STEP
    return manifest


if __name__ == "__main__":
    main()
