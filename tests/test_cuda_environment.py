"""The environment that `make run DEVICE=cuda` makes, with the real build of ONNX Runtime for CUDA, where there is no
graphics card: every way of starting Writer in it says so in one line and goes on with the processor."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tiny_checkpoint import write_tiny_checkpoint

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-cuda" / "bin" / "python"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        sys.platform != "linux" or platform.machine() != "x86_64", reason="the lock's builds for CUDA are for these"
    ),
    pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="this machine has a graphics card"),
]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`python …` in that environment, with one model of each form: tiny (int8) and half (fp16)."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PYTHON"))}
    make = ["make", "-s", ".venv-cuda/.ready", f"PYTHON={sys.executable}"]
    subprocess.run(make, cwd=ROOT, env=clean, check=True, timeout=1800)
    home = tmp_path_factory.mktemp("home")

    def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        environ = clean | {"WRITER_HOME": str(home)} | environment
        command = [PYTHON, "-W", "error", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300)

    source = write_tiny_checkpoint(tmp_path_factory.mktemp("source") / "tiny")
    for model_id, precision in (("tiny", "int8"), ("half", "fp16")):
        built = run("-m", "writer", "models", "build", source, "--id", model_id, "--precision", precision)
        assert built.returncode == 0, built.stderr
    return run


def cuda_reason(run: Run, **environment: str) -> str:
    result = run("-m", "writer", "devices", "--json", **environment)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    report = json.loads(result.stdout)
    assert report["used"] == "cpu"
    offered = {device["provider"]: device for device in report["offered"]}
    assert {"CPUExecutionProvider", "CUDAExecutionProvider"} <= offered.keys()
    reason: str = offered["CUDAExecutionProvider"]["reason"]
    return reason


def test_it_is_the_build_for_cuda_and_not_the_other(run: Run) -> None:
    code = "import onnxruntime as ort; print(ort.__version__, *ort.get_available_providers())"
    version, *providers = run("-c", code).stdout.split()
    assert "CUDAExecutionProvider" in providers
    assert f"onnxruntime-gpu=={version} " in (ROOT / "packaging" / "locks" / "cuda.txt").read_text(encoding="utf-8")
    assert run("-m", "pip", "show", "onnxruntime").returncode != 0


@pytest.fixture
def seeming_driver(tmp_path: Path) -> str:
    """A folder with a library of the driver's name: all that can be had of one without a card."""
    [library] = PYTHON.parents[1].glob("lib/*/site-packages/onnxruntime/capi/libonnxruntime_providers_shared.so")
    shutil.copy(library, tmp_path / "libcuda.so.1")
    return str(tmp_path)


def test_what_is_missing_is_named(run: Run, seeming_driver: str, capsys: pytest.CaptureFixture[str]) -> None:
    no_driver = cuda_reason(run)
    assert no_driver == "No NVIDIA driver is installed, so CUDA cannot be used."
    no_libraries = cuda_reason(run, LD_LIBRARY_PATH=seeming_driver)
    assert no_libraries.startswith("CUDA cannot be used without libcu")
    with capsys.disabled():
        print(f"\n{no_driver}\n{no_libraries}")


@pytest.mark.parametrize("options", [(), ("--device", "cuda"), ("--precision", "fp16", "--model", "half")])
def test_the_text_comes_from_the_processor_after_one_line(run: Run, options: tuple[str, ...]) -> None:
    writing = ("-m", "writer", "generate", "The lighthouse", "--seed", "7", "--max-new-tokens", "12", "--json")
    result = run(*writing, "--model", "tiny", *options)
    assert result.returncode == 0, result.stderr
    assert result.stderr == (
        "writer: No NVIDIA driver is installed, so CUDA cannot be used. The model runs on the processor.\n"
    )
    assert 0 < json.loads(result.stdout)["statistics"]["new_tokens"] <= 12


def test_who_names_the_processor_is_told_nothing(run: Run) -> None:
    options = ("--model", "tiny", "--device", "cpu", "--max-new-tokens", "4", "--json")
    result = run("-m", "writer", "generate", "The lighthouse", *options)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_provider_that_does_not_start_is_an_error_and_no_print(run: Run, seeming_driver: str) -> None:
    """As it would be between the look at the device and the loading: ONNX Runtime itself would go on without a word, or
    print into the text."""
    code = """
import os
from pathlib import Path
from writer.engine.devices import DeviceError
from writer.engine.session import open_graph
[graph] = Path(os.environ["WRITER_HOME"]).rglob("fp16.onnx")
try:
    open_graph(graph, 1, "cuda")
except DeviceError as error:
    print(error)
"""
    result = run("-c", code, LD_LIBRARY_PATH=seeming_driver)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "CUDA could not be started.\n"
