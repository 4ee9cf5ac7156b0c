"""The smoke test lets a sound build pass, and finds each way in which a build can be unsound."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMOKE_TEST = ROOT / "packaging" / "smoke_test.py"
STAND_IN = Path(__file__).with_name("stand_in.py")
Run = Callable[..., "subprocess.CompletedProcess[str]"]
STEPS = ["version", "wrong usage", "devices", "models", "generate", "self-test"]


@pytest.fixture
def smoke_test(tmp_path: Path) -> Run:
    """Runs it on the stand-in, on a machine without a screen."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("strace", "unshare", "true", "sleep", "env", "mktemp", "readlink"):
        (tools / name).symlink_to(shutil.which(name) or name)
    program = tmp_path / "program"
    program.mkdir()
    shutil.copy(STAND_IN, program)

    def run(faults: Sequence[str] = (), *options: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, SMOKE_TEST, "--program-folder", program, *options]
        command += ["--env", f"FAULTS={','.join(faults)}", "--env", f"ELSEWHERE={tmp_path / 'elsewhere'}"]
        # A path from here must do, although the program is started elsewhere; what a prefix leads to is its own affair.
        python = sys.executable if "--prefix" in options else os.path.relpath(sys.executable)
        command += [python, program / "stand_in.py"]
        environ = {"PATH": str(tools), "TMPDIR": str(tmp_path)}
        result = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)
        assert result.stderr == ""
        assert not list(tmp_path.glob("writer-*")), "it has left something behind itself"
        return result

    return run


def lines_of(result: "subprocess.CompletedProcess[str]") -> tuple[list[str], list[str]]:
    """The steps that went well, and what is told of the others."""
    lines = result.stdout.splitlines()[1:]
    passed = [line[9:25].strip() for line in lines if line.startswith("ok ")]
    return passed, [line for line in lines if line.startswith(("FAILED", " "))]


def test_a_sound_build_passes_and_what_was_not_run_is_said(smoke_test: Run) -> None:
    result = smoke_test((), "--version", "9.9.9", "--strace")
    assert lines_of(result) == (STEPS, []), result.stdout
    assert result.returncode == 0
    assert result.stdout.splitlines()[-1].startswith("not run  a true window")


# What each is told as, at which step; so many in one run as do not hide one another.
_FAULTS = [
    {
        "two lines": ("wrong usage", "status 2"),
        "no starter": ("models", "the starter is not ready; here is other"),
        "in the home": ("generate", "home/.other is new"),
        "in the cache": ("generate", "home/.cache/deviceid is new"),
        "left in tmp": ("generate", "tmp/left is new"),
        "in the current folder": ("generate", "current/core is new"),
        "in its own folder": ("generate", "program/compiled is new"),
        "left running": ("generate", "still running: "),
        "failed step": ("self-test", "the text is saved FAILED 0.1 s No room is left."),
    },
    {
        "wrong status": ("wrong usage", "status 1"),
        "few words": ("generate", "it has written 'one two"),
        "a passing file of its own folder": ("generate", "program has changed"),
        "a lock": ("self-test", "texts/.self-test.txt.writer-lock is new"),
    },
]


@pytest.mark.parametrize("faults", _FAULTS)
def test_an_unsound_build_fails_at_the_step(faults: dict[str, tuple[str, str]], smoke_test: Run) -> None:
    result = smoke_test(tuple(faults))
    assert result.returncode == 1
    assert lines_of(result)[0] == [name for name in STEPS if name not in {step for step, _ in faults.values()}]
    for fault, (step, words) in faults.items():
        told = result.stdout.partition(f"FAILED   {step}")[2].partition("\nFAILED")[0].partition("\nok ")[0]
        assert words in told, fault


def test_another_version_is_found(smoke_test: Run) -> None:
    result = smoke_test((), "--version", "9.9.8")
    assert lines_of(result)[0] == STEPS[1:]
    assert "'writer 9.9.9', and should be 9.9.8" in result.stdout


def test_only_the_trace_sees_what_is_written_elsewhere(smoke_test: Run, tmp_path: Path) -> None:
    assert smoke_test(["elsewhere"]).returncode == 0
    result = smoke_test(["elsewhere"], "--strace")
    passed, told = lines_of(result)
    assert passed == [name for name in STEPS if name != "generate"]
    assert told[1].strip() == f"written outside its folders: {tmp_path / 'elsewhere'} (1)"


def test_there_is_no_network_where_it_can_be_taken_away(smoke_test: Run) -> None:
    result = smoke_test(["the network"])
    if ": no network;" in result.stdout:
        assert "Network is unreachable" in result.stdout
    else:
        assert ": a network that leads nowhere;" in result.stdout


def test_a_prefix_leads_into_another_root(smoke_test: Run, tmp_path: Path) -> None:
    """Here the same one: what a prefix is given must come through it."""
    result = smoke_test((), "--prefix", "env TMPDIR=" + str(tmp_path))
    assert lines_of(result) == (STEPS, []), result.stdout


def test_what_does_not_end_is_ended_with_all_that_it_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(SMOKE_TEST.parent))
    from smoke.place import make_place

    endless = ("sh", "-c", "echo reading; sleep 300; true")
    with make_place(endless, (), Path("/"), {}, None) as place:
        with pytest.raises(TimeoutError, match="not ended within 1 s; it said last: reading"):
            place.run((), patience_s=1)
        assert place.end_left_over() == ()


_TRACE = """\
7 execve("/usr/bin/env", ["env", "-i", "x"], 0x7ffe /* 3 vars */) = 0
7 openat(AT_FDCWD</here>, "read", O_RDONLY|O_CLOEXEC) = 3</here/read>
7 openat(AT_FDCWD</here>, "a", O_WRONLY|O_CREAT, 0666 <unfinished ...>
8 mkdir("/exists", 0777) = -1 EEXIST (File exists)
8 mkdir("/made", 0777) = 0
7 <... openat resumed>) = 4</here/a>
7 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=8, si_uid=0, si_status=0, si_utime=0, si_stime=0} ---
7 chdir("/there") = 0
7 rename("b", "/c d") = 0
7 symlink("/target", "/link") = 0
7 unlinkat(5</folder>, "gr\\303\\274n", 0) = 0
7 openat(AT_FDCWD</there>, "gone", O_RDWR) = 4</there/gone>(deleted)
8 openat(AT_FDCWD</here>, "e\\"f", O_RDWR|O_TRUNC) = 5
7 utimensat(6</there/g>, NULL, NULL, 0) = 0
"""


def test_a_trace_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SMOKE_TEST.parent))
    from smoke.traces import written

    expected = ["/here/a", "/made", "/there/b", "/c d", "/link", "/folder/grün", "/there/gone", '/here/e"f', "/there/g"]
    assert sorted(map(str, written(_TRACE.splitlines(), Path("/here")))) == sorted(expected)
    before = ['9 openat(AT_FDCWD</x>, "log", O_WRONLY) = 3</x/log>', '9 execve("/sbin/runuser", [], 0x7) = 0']
    assert len(list(written([*before, *_TRACE.splitlines()], Path("/here"), ("env",)))) == len(expected)


@pytest.mark.long
def test_the_checkout_passes(starter_home: Path) -> None:
    """The stand-in's siblings above always run, as do the self test's own."""
    command = [sys.executable, SMOKE_TEST, "--strace", "--models", starter_home / "data" / "models"]
    command += ["--env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "writer"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert lines_of(result) == ([*STEPS, "a true window"], []), result.stdout + result.stderr
    assert result.returncode == 0
