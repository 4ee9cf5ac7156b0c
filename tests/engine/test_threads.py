"""Threads follow physical cores, affinity and the quotas of control groups, whichever way a system tells of them."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from tests.engine.conftest import Pair
from writer.engine import threads
from writer.engine.threads import ThreadChoice, choose_threads, count_cores, cpu_quota, most_threads
from writer.models.precision import Precision


def topology(folder: Path, siblings: list[str]) -> Path:
    for cpu, text in enumerate(siblings):
        (folder / f"cpu{cpu}" / "topology").mkdir(parents=True)
        (folder / f"cpu{cpu}" / "topology" / "thread_siblings_list").write_text(f"{text}\n")
    return folder


@pytest.mark.parametrize(
    ("siblings", "allowed", "n_cores"),
    [
        (["0", "1"], {0, 1}, 2),
        (["0-1", "0-1"], {0, 1}, 1),  # two logical processors of one core, as a small virtual machine has them
        (["0,4", "1,5", "2,6", "3,7"] * 2, set(range(8)), 4),
        (["0,4", "1,5", "2,6", "3,7"] * 2, {0, 4}, 1),
        (["0,4", "1,5", "2,6", "3,7"] * 2, {0, 1, 4}, 2),
        (["0-1", "0-1", "2-3", "2-3", "4", "5", "6", "7"], set(range(8)), 6),  # large cores and small ones
        ([], set(range(4)), 4),  # nothing is told
        ([], set(range(12)), 6),
    ],
)
def test_a_core_counts_once(siblings: list[str], allowed: set[int], n_cores: int, tmp_path: Path) -> None:
    assert count_cores(frozenset(allowed), topology(tmp_path, siblings)) == n_cores


def control_groups(folder: Path, kind: str, mounted: str, name: str, limits: dict[str, str]) -> Path:
    """`limits`: by group as it is seen below the mount point, what its file says."""
    mount, proc = folder / "cgroup", folder / "proc"
    proc.mkdir()
    for group, text in limits.items():
        place = mount / group
        place.mkdir(parents=True, exist_ok=True)
        if kind == "cgroup2":
            (place / "cpu.max").write_text(f"{text}\n")
        else:
            for file, number in zip(("cpu.cfs_quota_us", "cpu.cfs_period_us"), text.split(), strict=True):
                (place / file).write_text(f"{number}\n")
    options = "rw" if kind == "cgroup2" else "rw,cpu,cpuacct"
    mounts = [
        "21 20 0:20 / /proc rw,nosuid - proc proc rw",
        "nonsense",
        f"33 32 0:30 {mounted} {folder / 'memory'} rw - cgroup cgroup rw,memory",
        f"32 31 0:29 {mounted} {mount} rw,relatime shared:9 - {kind} cgroup {options}",
    ]
    (proc / "mountinfo").write_text("\n".join(mounts))
    line = f"0::{name}" if kind == "cgroup2" else f"1:cpu,cpuacct:{name}"
    (proc / "cgroup").write_text(f"9:name=systemd:/\n4:memory:/\nnonsense\n{line}\n")
    return proc


@pytest.mark.parametrize(
    ("kind", "mounted", "name", "limits", "quota"),
    [
        ("cgroup2", "/", "/", {".": "max 100000"}, None),
        ("cgroup2", "/", "/", {}, None),  # the topmost group has no such file
        ("cgroup2", "/", "/user/app", {"user/app": "150000 100000"}, 1.5),
        ("cgroup2", "/", "/user/app", {"user": "50000 100000", "user/app": "max 100000"}, 0.5),  # bound from above
        ("cgroup2", "/", "/user/app", {"user": "400000 100000", "user/app": "200000 100000"}, 2),
        ("cgroup2", "/", "/user/app", {"user/other": "10000 100000"}, None),  # somebody else's
        ("cgroup2", "/docker/1", "/docker/1", {".": "200000 100000"}, 2),  # a container's own group alone is mounted
        ("cgroup2", "/", "/../../elsewhere", {".": "300000 100000"}, 3),  # a name from outside the namespace
        ("cgroup2", "/", "/", {".": "what is this"}, None),
        ("cgroup2", "/", "/", {".": "0 0"}, None),
        ("cgroup2", "/", "/", {".": ""}, None),
        ("cgroup", "/", "/", {".": "-1 100000"}, None),
        ("cgroup", "/", "/docker/1", {".": "-1 100000", "docker/1": "250000 100000"}, 2.5),
        ("cgroup", "/docker/1", "/docker/1", {".": "250000 100000"}, 2.5),
    ],
)
def test_quotas_of_both_kinds_of_control_groups(
    kind: str, mounted: str, name: str, limits: dict[str, str], quota: float | None, tmp_path: Path
) -> None:
    assert cpu_quota(control_groups(tmp_path, kind, mounted, name, limits)) == quota


def test_without_control_groups_nothing_limits(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("n_logical", "allowed", "limit", "choice"),
    [
        (8, range(8), "max", ThreadChoice(4, "one for each of 4 physical cores (8 logical processors)")),
        (8, range(8), "250000", ThreadChoice(2, "a control group allows 2.5 processors at once")),
        (8, range(8), "50000", ThreadChoice(1, "a control group allows 0.5 processors at once")),
        (8, range(8), "400000", ThreadChoice(4, "one for each of 4 physical cores (8 logical processors)")),
        (
            8,
            (0, 4),
            "max",
            ThreadChoice(1, "there is one physical core, on the 2 of 8 logical processors allowed to Writer"),
        ),
    ],
)
def test_the_choice_says_where_it_comes_from(
    n_logical: int, allowed: range, limit: str, choice: ThreadChoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "allowed_cpus", lambda: frozenset(allowed))
    monkeypatch.setattr(threads, "most_threads", lambda: n_logical)
    proc = control_groups(tmp_path, "cgroup2", "/", "/", {".": f"{limit} 100000"})
    cpus = topology(tmp_path / "cpu", ["0,4", "1,5", "2,6", "3,7"] * 2)
    assert choose_threads(cpus, proc) == choice


def test_this_machine_gets_at_least_one_and_no_more_than_there_are() -> None:
    assert 1 <= choose_threads().n_threads <= most_threads()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to processors")
def test_affinity_is_respected() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert choose_threads().n_threads == 1
    finally:
        os.sched_setaffinity(0, before)


def test_threads_sleep_between_two_streams(small_gpt2: Pair) -> None:
    """They spin while a text streams, for a few milliseconds after each step; an idle model takes no processor."""
    session = small_gpt2.load(Precision.INT8)
    cache = session.new_cache()
    for token_id in range(1, 20):
        session.decode_step(cache, token_id)
    began = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - began < 0.1  # one that spins takes five times as much
    assert np.isfinite(session.decode_step(cache, 3)).all()
