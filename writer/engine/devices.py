"""Where a model can run on this machine, which place is chosen, and why.

Graphics cards come with another build of ONNX Runtime, which lives in an environment of its own: who starts Writer from
there wants CUDA, so there it is the default.
"""

import contextlib
import ctypes
import io
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from writer.engine.cpu import cpu_features, cpu_name, instruction_sets, slow_cpu_note
from writer.engine.threads import ThreadChoice, choose_threads, most_threads
from writer.errors import WriterError

Device = Literal["cpu", "cuda"]

_PROVIDERS: dict[str, Device] = {"CPUExecutionProvider": "cpu", "CUDAExecutionProvider": "cuda"}
CPU_PROVIDER, CUDA_PROVIDER = _PROVIDERS
LOG_NOTHING = 4  # failures arrive as exceptions; ONNX Runtime's log would go to the user's terminal

# As CUDA, cuBLAS and ONNX Runtime's allocators put it.
_OUT_OF_MEMORY = ("out of memory", "failed to allocate", "available memory of", "alloc_failed")
# The part for people of "… CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=0 ; …".
_CUDA_SAYS = re.compile(r"(?:CUDA|CUDNN|CUBLAS)\w* failure \d+: ([^;\n]{1,160}?) *(?:;|$)")
_MOST_CHARS = 160


class DeviceError(WriterError):
    """The device cannot run this model now; the processor may."""


@dataclass(frozen=True)
class OfferedDevice:
    """Something that ONNX Runtime can compute on, under ONNX Runtime's own name.

    device -- what `--device` calls it; None for what Writer has no form of a model for
    reason -- one sentence, why it is used or not
    """

    provider: str
    device: Device | None
    is_used: bool
    reason: str


@dataclass(frozen=True)
class DeviceReport:
    """What `writer devices` and the preferences show.

    instruction_sets -- those that a model's speed depends on, and whether the processor has them
    note -- what the writer should know about this processor; "" for nothing
    most_threads -- the largest number that may be asked for
    """

    runtime_version: str
    processor: str
    machine: str
    instruction_sets: dict[str, bool]
    note: str
    threads: ThreadChoice
    most_threads: int
    used: Device
    offered: tuple[OfferedDevice, ...]


def runtime() -> Any:
    """ONNX Runtime, loaded when it is first needed: a window can be written in before."""
    import onnxruntime

    return onnxruntime


def runtime_version() -> str:
    """ONNX Runtime's."""
    return str(runtime().__version__)


def describe_devices() -> DeviceReport:
    """Look at the machine; where CUDA is offered this starts it, which takes a moment."""
    features = cpu_features()
    problem = cuda_problem()
    used: Device = "cpu" if problem else "cuda"
    reasons: dict[Device | None, str] = {
        "cuda": problem or "It runs models that have a half-precision form (fp16).",
        "cpu": "It runs every model." if problem else "It runs models that have no half-precision form.",
        None: "Writer runs models on the processor and with CUDA only.",
    }
    # CUDA may not be offered here, but it is what people look for.
    others = (provider for provider in runtime().get_available_providers() if provider not in _PROVIDERS)
    offered = []
    for provider in (*_PROVIDERS, *others):
        device = _PROVIDERS.get(provider)
        offered.append(OfferedDevice(provider, device, device == used, reasons[device]))
    return DeviceReport(
        runtime_version=runtime_version(),
        processor=cpu_name(),
        machine=platform.machine(),
        instruction_sets=instruction_sets(features),
        note=slow_cpu_note(features),
        threads=choose_threads(),
        most_threads=most_threads(),
        used=used,
        offered=tuple(offered),
    )


def preferred_device() -> Device:
    """Where a model should run if nobody says otherwise; whether it can shows only when it is tried."""
    return "cuda" if CUDA_PROVIDER in runtime().get_available_providers() else "cpu"


def cuda_problem() -> str:
    """Why CUDA cannot be used, in one sentence; "" when it can."""
    if CUDA_PROVIDER not in runtime().get_available_providers():
        if not (Path(__file__).parents[2] / "Makefile").is_file():
            return "Writer's packages carry the build of ONNX Runtime without CUDA."
        return "This ONNX Runtime is the build without CUDA; `make run DEVICE=cuda` starts Writer with the other."
    if not _can_load("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"):
        return "No NVIDIA driver is installed, so CUDA cannot be used."
    try:
        _start_cuda()
    except DeviceError as error:
        return _missing_library() or error.message
    return ""


def _start_cuda() -> None:
    """Put one number there. Raises DeviceError."""
    ort = runtime()
    ort.set_default_logger_severity(LOG_NOTHING)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does not find, which is told otherwise
        ort.preload_dlls()  # libraries that pip has installed, and not the system
    try:
        ort.OrtValue.ortvalue_from_numpy(np.zeros(1, np.float32), "cuda")
    except Exception as error:  # ONNX Runtime's exceptions share no base class but Exception
        raise cuda_failure(error) from error


def cuda_failure(error: Exception) -> DeviceError:
    """What to say of an error of ONNX Runtime's where a model was loaded or run on a graphics card."""
    said = str(error)
    if any(words in said.lower() for words in _OUT_OF_MEMORY):
        return DeviceError("The graphics card's memory does not suffice.")
    if found := _CUDA_SAYS.search(said):
        return DeviceError(f"The graphics card cannot be used: {found[1]}.")
    line = next(iter(said.strip().splitlines()), type(error).__name__)
    return DeviceError(f"The graphics card failed ({line[:_MOST_CHARS]}).")


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _missing_library() -> str:
    """ONNX Runtime only logs which library its CUDA part did not find; the system's loader says it too."""
    if sys.platform == "win32":
        return ""
    try:
        ctypes.CDLL(str(Path(runtime().__file__).parent / "capi" / "libonnxruntime_providers_cuda.so"))
    except OSError as error:
        name, _, problem = str(error).partition(": ")
        if problem.startswith("cannot open shared object file"):
            return f"CUDA cannot be used without {name}: install CUDA and cuDNN of that version."
        return "The CUDA part of ONNX Runtime does not fit the NVIDIA driver that is installed."
    return ""
