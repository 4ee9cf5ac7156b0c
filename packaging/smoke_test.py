"""Whether a build of Writer works, seen from outside: smoke_test.py [options] EXECUTABLE…

Every build must pass: a checkout, a wheel's entry point, the folder of the portable archive, the Debian package in a
root of its own. It runs as a user who has never started Writer, with every way to the network leading nowhere (on Linux
without a network at all, where that may be taken away). One line tells of each step; status 1: a step has failed.

    smoke_test.py build/frozen/writer/writer
    smoke_test.py --models .venv-test/starter-home/data/models --env PYTHONPATH=$PWD .venv/bin/python -m writer
    smoke_test.py --root /srv/debian --prefix "chroot /srv/debian runuser -u someone --" /usr/bin/writer
"""

import argparse
import io
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from smoke import files, screen, traces, window
from smoke.place import Ended, Place, make_place
from smoke.steps import LEAST_WORDS, StepError, last_line

SAVED = "self-test.txt"
PROMPT = "The lighthouse keeper had not spoken to anyone in three weeks when"


class SmokeTest:
    """Each step is a method that returns what to tell of it, or raises StepError."""

    def __init__(self, place: Place, options: argparse.Namespace) -> None:
        self._place = place
        self._version: str = options.version
        self._is_traced: bool = options.strace
        self._offline = _offline()
        self._own_program = tuple(options.program_folder) or _program_folders(place)
        self._n_failed = 0

    def run(self) -> bool:
        """Every step; whether all went well."""
        steps: dict[str, Callable[[], str]] = {
            "version": self._tell_version,
            "wrong usage": self._refuse,
            "devices": self._describe_devices,
            "models": self._list_models,
            "generate": self._generate,
            "self-test": self._self_test,
        }
        network = "no network" if self._offline else "a network that leads nowhere"
        watched = ", ".join(map(str, self._own_program)) or "no folder of the program's own"
        print(f"{shlex.join(self._place.command([])[-len(self._place.executable) :])}: {network}; watching {watched}")
        for name, step in steps.items():
            self._take(name, step)
        if screen.can_show():
            self._take("a true window", self._write_in_window)
        else:
            print(f"{'not run':<9}{'a true window':<16}          Xvfb and xdotool are not here")
        return not self._n_failed

    def _take(self, name: str, step: Callable[[], str]) -> None:
        place = self._place
        watched = [place.outside(folder) for folder in (place.scratch, *self._own_program)]
        before, began_s = files.snapshot(watched), time.monotonic()
        problems, told = [], ""
        try:
            told = step()
        except (StepError, TimeoutError) as error:
            problems.append(str(error))
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            problems.append(f"{type(error).__name__}: {error}")
        seconds = time.monotonic() - began_s
        problems += [f"still running: {process}" for process in place.end_left_over()]
        changes = files.differences(before, files.snapshot(watched))
        for path, change in sorted(changes.items()):
            if not self._may_change(place.inside(path), change):
                problems.append(f"{place.inside(path)} {change}")
        self._n_failed += bool(problems)
        print(f"{'FAILED' if problems else 'ok':<9}{name:<16}{seconds:6.1f} s  {told}".rstrip(), flush=True)
        for problem in problems:
            print(f"{'':9}{problem}", flush=True)

    def _may_change(self, path: Path, change: str) -> bool:
        place = self._place
        own = (*place.own_folders, place.runtime)
        if any(path.is_relative_to(folder) for folder in own):
            return True
        if path.parent == place.texts:  # a text, and what stands beside it; no lock and no half of a file
            return path.name.removesuffix(".writer.json") in (SAVED, window.FILE_NAME)
        # Folders on the way to its own; and what has been in the folder for temporary files must be gone.
        is_on_the_way = any(folder.is_relative_to(path) for folder in own) and path != place.scratch
        return (
            is_on_the_way
            or (path in (place.temporary, place.texts) and change == "has changed")
            or _is_systems(path, place)
        )

    # -- running it --------------------------------------------------------------------------------------------------

    def _run(self, *arguments: str, patience_s: float = 180.0) -> Ended:
        with self._watching() as tracing:
            slowed = 4 if tracing else 1
            return self._place.run(arguments, [*self._offline, *tracing], patience_s * slowed)

    @contextmanager
    def _watching(self) -> Iterator[list[str]]:
        """What to put before a command whose writing is to be followed; judged when it has ended."""
        if not self._is_traced:
            yield []
            return
        with tempfile.TemporaryDirectory(prefix="writer-trace-") as folder:
            log = Path(folder) / "log"
            yield traces.tracing(log)
            self._check_trace(log)

    def _check_trace(self, log: Path) -> None:
        place = self._place
        after = ("env",) if place.prefix else ()
        with log.open(encoding="utf-8", errors="replace") as lines:
            paths = [place.inside(path) for path in traces.written(lines, place.current, after)]
        strays = Counter(path for path in paths if not self._may_write(path))
        if strays:
            raise StepError("written outside its folders: " + ", ".join(f"{path} ({n})" for path, n in strays.items()))

    def _may_write(self, path: Path) -> bool:
        place = self._place
        folders = (*place.own_folders, place.temporary, place.texts, place.runtime, Path("/proc/self"))
        is_no_file = not path.is_absolute() or str(path).startswith(("/dev/null", "/dev/tty", "/dev/pts/", "/memfd:"))
        own = any(path.is_relative_to(folder) or folder.is_relative_to(path) for folder in folders)
        return is_no_file or own or _is_systems(path, place)

    def _succeed(self, *arguments: str, patience_s: float = 180.0) -> Ended:
        ended = self._run(*arguments, patience_s=patience_s)
        if ended.status:
            raise StepError(f"status {ended.status}: {last_line(ended.stdout + ended.stderr)}")
        return ended

    # -- steps -------------------------------------------------------------------------------------------------------

    def _tell_version(self) -> str:
        said = self._succeed("--version").stdout.strip()
        if not said.startswith("writer ") or (self._version and said != f"writer {self._version}"):
            raise StepError(f"it says {said!r}, and should be {self._version or 'some version'}")
        return said

    def _refuse(self) -> str:
        told = ""
        for arguments in (("--no-such-option",), ("models", "no-such-command"), ("generate",)):
            ended = self._run(*arguments)
            told = ended.stderr.strip()
            if ended.status != 2 or ended.stdout or len(told.splitlines()) != 1 or not told.startswith("writer: "):
                raise StepError(f"{shlex.join(arguments)}: status {ended.status}, and it says {told + ended.stdout!r}")
        return told

    def _describe_devices(self) -> str:
        report = json.loads(self._succeed("devices", "--json").stdout)
        used = [offered["device"] for offered in report["offered"] if offered["is_used"]]
        if "cpu" not in used and "cuda" not in used:
            raise StepError(f"it uses {used}")
        return f"ONNX Runtime {report['runtime_version']} on {', '.join(used)}"

    def _list_models(self) -> str:
        rows = json.loads(self._succeed("models", "list", "--json").stdout)
        here = {row["id"]: row for row in rows if row["installed"]}
        if here.get("starter", {}).get("state") != "ready":
            raise StepError(f"the starter is not ready; here is {', '.join(here) or 'nothing'}")
        return f"here: {', '.join(here)}"

    def _generate(self) -> str:
        ended = self._succeed("generate", PROMPT, "--model", "starter", "--seed", "7", "--max-new-tokens", "24")
        words = ended.stdout.split()
        if len(words) < LEAST_WORDS:
            raise StepError(f"it has written {ended.stdout!r}")
        return " ".join(words)

    def _self_test(self) -> str:
        place = self._place
        ended = self._run("self-test", str(place.texts), patience_s=600)
        lines = ended.stdout.splitlines()
        failed = [line for line in lines if "FAILED" in line] or lines[-1:]
        if ended.status:
            raise StepError(f"status {ended.status}: {' '.join(' '.join(failed).split())} {last_line(ended.stderr)}")
        if ended.stderr.strip():
            raise StepError(f"it says {last_line(ended.stderr)}")
        text = (place.outside(place.texts) / SAVED).read_text(encoding="utf-8")
        return f"{len(lines)} steps, {len(text)} characters saved"

    def _write_in_window(self) -> str:
        with self._watching() as tracing:
            return window.write_in_window(self._place, tracing)


def _offline() -> list[str]:
    """A command that runs another one without any network; empty where that is not to be had."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        return []
    for command in (["unshare", "-n"], ["unshare", "-rn"]):
        if subprocess.run([*command, "true"], capture_output=True, timeout=60).returncode == 0:
            return command
    return []


def _program_folders(place: Place) -> tuple[Path, ...]:
    """Where the program lies, as far as that is a folder of its own: a frozen build's or a virtual environment."""
    executable = place.executable[0]
    if place.prefix:
        answer = subprocess.run(
            [*place.prefix, "readlink", "-f", executable], capture_output=True, text=True, timeout=60
        )
        real = Path(answer.stdout.strip() or executable)
    else:
        executable = shutil.which(executable) or executable
        real = Path(executable).resolve()
    if place.outside(real.parent / "_internal").is_dir():
        return (real.parent,)
    # The interpreter of a virtual environment is a link out of it, pipx's commands are links into one.
    environments = (real.parent.parent, Path(executable).absolute().parent.parent)
    return tuple(folder for folder in environments if place.outside(folder / "pyvenv.cfg").is_file())[:1]


def _is_systems(path: Path, place: Place) -> bool:
    """Caches that the system's own libraries keep for every program."""
    caches = place.home / ".cache"
    return any(path.is_relative_to(caches / name) for name in ("fontconfig",)) or path in (caches, place.home)


def _variable(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", default="", metavar="V", help="the version that it must be")
    parser.add_argument("--prefix", type=shlex.split, default=[], metavar="CMD", help="what to put before the command")
    parser.add_argument("--root", type=Path, default=Path("/"), help="where the file system begins that CMD leads to")
    parser.add_argument("--models", type=Path, metavar="FOLDER", help="models that the user has already")
    parser.add_argument("--env", type=_variable, action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument(
        "--program-folder", type=Path, action="append", default=[], help="where nothing may change (else found out)"
    )
    parser.add_argument("--strace", action="store_true", help="also follow every file that is written, anywhere")
    parser.add_argument("executable", nargs=argparse.REMAINDER, metavar="EXECUTABLE…")
    options = parser.parse_args(None if arguments is None else list(arguments))
    if not options.executable:
        parser.error("name the executable")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # the model writes letters that a terminal may not have
    if not options.prefix and len(Path(options.executable[0]).parts) > 1:  # it is started in another folder
        options.executable[0] = str(Path(options.executable[0]).absolute())
    with make_place(options.executable, options.prefix, options.root, dict(options.env), options.models) as place:
        return 0 if SmokeTest(place, options).run() else 1


if __name__ == "__main__":
    sys.exit(main())
