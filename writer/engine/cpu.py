"""What the processor can do, as far as it changes how a model must be run."""

import importlib
import os
import platform
from pathlib import Path

_X86 = frozenset({"x86_64", "amd64"})
_VNNI = frozenset({"avx512_vnni", "avx_vnni"})


def cpu_features(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Names of instruction set extensions as Linux spells them; elsewhere the few that numpy knows of."""
    try:
        with cpuinfo.open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                if line.startswith("flags"):
                    return frozenset(line.partition(":")[2].split())
    except OSError:
        pass
    # What numpy found for its own kernels; the Ice Lake group is the oldest one that contains VNNI.
    known: dict[str, bool] = importlib.import_module("numpy._core._multiarray_umath").__cpu_features__
    found = {name.lower() for name, present in known.items() if present}
    return frozenset(found | ({"avx512_vnni"} if "avx512_icl" in found else set()))


def saturates_in_int8(features: frozenset[str], machine: str = platform.machine()) -> bool:
    """Whether unsigned-by-signed byte products lose their top bit: x86 before VNNI adds pairs in 16 bits."""
    return machine.lower() in _X86 and not features & _VNNI


def available_threads() -> int:
    """Threads that speed up a step: one for each core, taking two logical processors for a core beyond four."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return usable if usable <= 4 else usable // 2
