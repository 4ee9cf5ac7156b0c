"""What the processor can do, as far as it changes how a model must be run."""

import importlib
import platform
from pathlib import Path

_X86 = frozenset({"x86_64", "amd64"})
_VNNI = frozenset({"avx512_vnni", "avx_vnni"})

# Extensions that a step's speed depends on, by the name a reader knows, and what systems call them.
_ON_X86 = {
    "AVX2": frozenset({"avx2"}),
    "AVX-512": frozenset({"avx512f"}),
    "VNNI": _VNNI,
    "AMX": frozenset({"amx_int8"}),
}
_ON_ARM = {"dot products": frozenset({"asimddp"}), "I8MM": frozenset({"i8mm"})}


def cpu_features(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Names of instruction set extensions as Linux spells them; elsewhere the few that numpy knows of."""
    if flags := _field(cpuinfo, "flags", "Features"):
        return frozenset(flags.split())
    # What numpy found for its own kernels; the Ice Lake group is the oldest one that contains VNNI.
    known: dict[str, bool] = importlib.import_module("numpy._core._multiarray_umath").__cpu_features__
    found = {name.lower() for name, present in known.items() if present}
    return frozenset(found | ({"avx512_vnni"} if "avx512_icl" in found else set()))


def cpu_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """What the processor calls itself, or at least its kind."""
    return _field(cpuinfo, "model name") or platform.processor() or platform.machine()


def _field(cpuinfo: Path, *names: str) -> str:
    """The first processor's value under one of `names`; "" where the system does not tell."""
    try:
        with cpuinfo.open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if name.strip() in names:
                    return value.strip()
    except OSError:
        pass
    return ""


def instruction_sets(features: frozenset[str], machine: str = platform.machine()) -> dict[str, bool]:
    """Which of the extensions that matter on this kind of processor it has."""
    known = _ON_X86 if machine.lower() in _X86 else _ON_ARM
    return {name: bool(features & spellings) for name, spellings in known.items()}


def saturates_in_int8(features: frozenset[str], machine: str = platform.machine()) -> bool:
    """Whether unsigned-by-signed byte products lose their top bit: x86 before VNNI adds pairs in 16 bits."""
    return machine.lower() in _X86 and not features & _VNNI


def slow_cpu_note(features: frozenset[str], machine: str = platform.machine()) -> str:
    """One sentence for x86 without AVX2, where all is right but takes several times as long; else ""."""
    if machine.lower() not in _X86 or "avx2" in features:
        return ""
    return "This processor has no AVX2, so models read and write several times more slowly than on a newer one."
