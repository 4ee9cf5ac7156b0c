"""How many threads a step is worth: one for each physical core that this process may keep busy.

A second thread on the same core shares its multipliers and gains nothing, and every step waits for its slowest thread:
more of them than may run at once make it slower, not faster.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class ThreadChoice:
    """`reason` is half a sentence that says where the number comes from."""

    n_threads: int
    reason: str


def most_threads() -> int:
    """The largest number of threads that may be asked for: every logical processor of the machine."""
    return os.cpu_count() or 1


def choose_threads(sys_cpu: Path = Path("/sys/devices/system/cpu"), proc: Path = Path("/proc/self")) -> ThreadChoice:
    """One for each physical core, as far as affinity and control groups allow."""
    allowed = allowed_cpus()
    n_cores = count_cores(allowed, sys_cpu)
    quota = cpu_quota(proc)
    if quota is not None and quota < n_cores:
        # Rounded down: what is left of a processor keeps the window answering.
        return ThreadChoice(max(1, int(quota)), f"a control group allows {quota:g} processors at once")
    reason = f"one for each of {n_cores} physical cores" if n_cores > 1 else "there is one physical core"
    if len(allowed) < most_threads():
        reason += f", on the {len(allowed)} of {most_threads()} logical processors allowed to Writer"
    elif len(allowed) > n_cores:
        reason += f" ({len(allowed)} logical processors)"
    return ThreadChoice(n_cores, reason)


def allowed_cpus() -> frozenset[int]:
    """Numbers of the logical processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(most_threads()))


def count_cores(cpus: frozenset[int], sys_cpu: Path) -> int:
    """Physical cores among `cpus`; logical processors of one core name the same siblings."""
    siblings = set()
    for cpu in cpus:
        try:
            siblings.add((sys_cpu / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text(encoding="ascii"))
        except OSError:
            # Not Linux, or a sandbox. Small machines seldom have two logical processors to a core, larger ones mostly.
            return len(cpus) if len(cpus) <= 4 else len(cpus) // 2
    return len(siblings)


def cpu_quota(proc: Path) -> float | None:
    """How many processors the control groups of this process let it keep busy on average; None for no limit.

    cgroups(7): version 2 says "quota period" in cpu.max, version 1 in two files; a group is bound by those above it."""
    limits = [limit for folder in _control_groups(proc) if (limit := _limit(folder)) is not None]
    return min(limits, default=None)


def _control_groups(proc: Path) -> Iterator[Path]:
    """Every folder whose limit binds this process, as far as it is mounted here."""
    groups = [line.split(":", 2) for line in _lines(proc / "cgroup") if line.count(":") >= 2]
    for line in _lines(proc / "mountinfo"):
        mount, _, kind = line.partition(" - ")
        mount_fields, kind_fields = mount.split(), kind.split()
        if len(mount_fields) < 5 or len(kind_fields) < 3:
            continue
        for _, controllers, name in groups:
            is_unified = kind_fields[0] == "cgroup2" and controllers == ""
            has_cpu = "cpu" in kind_fields[2].split(",") and "cpu" in controllers.split(",")
            if is_unified or (kind_fields[0] == "cgroup" and has_cpu):
                yield from _and_those_above(Path(mount_fields[4]), mount_fields[3], name)


def _and_those_above(mount_point: Path, mounted: str, name: str) -> Iterator[Path]:
    """The group `name` and its parents, where `mounted` is the group that is seen at the mount point.

    In a container only its own group may be mounted, under a name that is seen from outside."""
    group = PurePosixPath(name)
    inside = group.relative_to(mounted).parts if group.is_relative_to(mounted) and ".." not in group.parts else ()
    for depth in range(len(inside) + 1):
        yield mount_point.joinpath(*inside[:depth])


def _limit(group: Path) -> float | None:
    """Quota divided by period."""
    words = (_lines(group / "cpu.max") or [""])[0].split()
    if not words:
        words = _lines(group / "cpu.cfs_quota_us")[:1] + _lines(group / "cpu.cfs_period_us")[:1]
    try:
        quota, period = map(int, words)
    except ValueError:  # "max" for none, or nothing that can be understood
        return None
    return quota / period if quota > 0 and period > 0 else None


def _lines(file: Path) -> list[str]:
    """Empty where the file cannot be read."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
