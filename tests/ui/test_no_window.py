"""Where no window can be opened, one line says so; the process does not abort."""

import os
import subprocess
import sys

import pytest

from writer.cli.start import missing_library
from writer.errors import WriterError


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"DISPLAY": ":9977"}, "The display :9977 cannot be reached"),
        ({"WAYLAND_DISPLAY": "wayland-99", "XDG_SESSION_TYPE": "wayland"}, "The display wayland-99 cannot be reached"),
        ({"QT_QPA_PLATFORM": "nonsense"}, "Qt cannot open windows here"),
    ],
)
def test_p04_a_display_that_is_not_there_is_told_in_one_line(environ: dict[str, str], said: str) -> None:
    ours = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_SESSION_TYPE"}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    result = subprocess.run(
        [sys.executable, "-m", "writer"], env=clean | environ, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 1
    lines = [line for line in result.stderr.splitlines() if line.startswith("writer: ")]
    assert len(lines) == 1
    assert said in lines[0]
    assert "writer generate" in lines[0]
    assert not any(line.startswith("qt.") for line in result.stderr.splitlines())


def test_p04_a_library_of_the_system_that_is_missing_is_named() -> None:
    error = ImportError("libEGL.so.1: cannot open shared object file: No such file or directory")
    told = missing_library(error)
    assert isinstance(told, WriterError)
    assert "libEGL.so.1" in told.message


def test_a_fault_of_our_own_is_not_blamed_on_the_system() -> None:
    error = ImportError("cannot import name 'editor'")
    assert missing_library(error) is error
