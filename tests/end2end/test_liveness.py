"""The window at a real screen while a model of GPT-2 medium's shape streams into it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

N_SAMPLES = 5000
TIMEOUT_S = 3600  # the first run builds the model


@pytest.mark.long
@pytest.mark.alone
def test_the_window_stays_live_while_a_medium_model_streams(display: str, capsys: pytest.CaptureFixture[str]) -> None:
    """tests/benchmarks/window.py states its limits and fails beyond them."""
    benchmark = Path(__file__).parents[1] / "benchmarks" / "window.py"
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("QT_", "WAYLAND"))}
    child = subprocess.run(
        [sys.executable, str(benchmark), "--samples", str(N_SAMPLES)],
        env=environ | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    with capsys.disabled():
        print(f"\n{child.stdout}", file=sys.stderr)
    assert child.returncode == 0, child.stderr
    assert "platform xcb" in child.stdout
    assert f"{N_SAMPLES} turns of the event loop" in child.stdout
