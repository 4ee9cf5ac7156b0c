"""ONNX Runtime reports to nobody: what it would note down for that, in the user's home, is not there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("module", ["writer.engine.devices", "writer.engine.session", "writer.engine.imported_session"])
def test_loading_onnx_runtime_leaves_no_number_of_the_machine(module: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    environ = clean | {"HOME": str(home), "TMPDIR": str(home)}
    code = f"import sys, {module} as module; module.runtime(); assert 'onnxruntime' in sys.modules"
    subprocess.run([sys.executable, "-c", code], env=environ, check=True, timeout=60)
    assert list(home.rglob("*")) == []
