"""A place of its own for a build of Writer to run in: a home, a folder for temporary files, and one for texts."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from smoke import processes

_NOWHERE = "http://127.0.0.1:9"  # the port where nobody answers
_MARK = "WRITER_SMOKE_TEST"  # by which a process is known to be ours
_NOT_TAKEN_OVER = ("DISPLAY", "WAYLAND_", "WRITER_", "QT_", "XDG_", "PYTHON", "PIP_", "HF_", "ORT_", "VIRTUAL_ENV")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Ended:
    """A process that has ended. `seconds` is how long it ran."""

    status: int
    stdout: str
    stderr: str
    seconds: float


@dataclass(frozen=True)
class Place:
    """Paths are as the program sees them; `outside` gives the same from here.

    executable -- the command that starts Writer
    prefix -- what stands before it, such as `chroot ROOT runuser -u NAME --`
    root -- where the program's file system begins, seen from here
    extra -- further variables of its environment
    """

    executable: tuple[str, ...]
    prefix: tuple[str, ...]
    root: Path
    scratch: Path
    extra: Mapping[str, str]
    mark: str

    @property
    def home(self) -> Path:
        return self.scratch / "home"

    @property
    def temporary(self) -> Path:
        return self.scratch / "tmp"

    @property
    def texts(self) -> Path:
        return self.scratch / "texts"

    @property
    def current(self) -> Path:
        """The folder that the program is started in."""
        return self.scratch / "current"

    @property
    def runtime(self) -> Path:
        """What a desktop gives its user for sockets and the like."""
        return self.scratch / "runtime"

    @property
    def own_folders(self) -> tuple[Path, ...]:
        """Where Writer may write."""
        if sys.platform == "win32":
            return (self.home / "writer",)
        if sys.platform == "darwin":
            library = self.home / "Library"
            return tuple(library / name / "writer" for name in ("Application Support", "Caches", "Logs", "Preferences"))
        names = (".config", ".local/share", ".local/state", ".cache")
        return tuple(self.home / name / "writer" for name in names)

    @property
    def models(self) -> Path:
        if sys.platform == "win32":
            return self.own_folders[0] / "data" / "models"
        if sys.platform == "darwin":
            return self.own_folders[0] / "models"
        return self.home / ".local" / "share" / "writer" / "models"

    def outside(self, path: Path) -> Path:
        return self.root / path.relative_to("/") if self.prefix else path

    def inside(self, path: Path) -> Path:
        """What `outside` was given."""
        return Path("/") / path.relative_to(self.root) if self.prefix and path.is_relative_to(self.root) else path

    def own(self, path: Path) -> None:
        """Give a file or folder of this place, named from here, to the user who runs the program."""
        owner = self.outside(self.scratch).stat()
        if sys.platform != "win32" and path.stat().st_uid != owner.st_uid:
            os.chown(path, owner.st_uid, owner.st_gid)

    def environment(self, display: str = "") -> dict[str, str]:
        """A user's who has just logged in, with every way to the network leading nowhere."""
        if self.prefix:
            environ = {"PATH": _SYSTEM_PATH}
        else:
            environ = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_TAKEN_OVER)}
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            environ |= {name: _NOWHERE, name.upper(): _NOWHERE}
        environ |= {"HF_ENDPOINT": _NOWHERE, "PIP_INDEX_URL": f"{_NOWHERE}/simple", "PIP_CONFIG_FILE": os.devnull}
        environ |= {"HOME": str(self.home), "USERPROFILE": str(self.home), "XDG_RUNTIME_DIR": str(self.runtime)}
        environ |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self.temporary))
        environ |= {"LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", _MARK: self.mark}
        if sys.platform == "win32":
            environ["WRITER_HOME"] = str(self.own_folders[0])
        if display:
            environ["DISPLAY"] = display
        return environ | dict(self.extra)

    def command(self, arguments: Sequence[str], display: str = "") -> list[str]:
        """What to run from here."""
        if not self.prefix:
            return [*self.executable, *arguments]
        variables = [f"{name}={value}" for name, value in self.environment(display).items()]
        return [*self.prefix, "env", "-i", "-C", str(self.current), *variables, *self.executable, *arguments]

    def start(self, arguments: Sequence[str], before: Sequence[str] = (), display: str = "") -> "subprocess.Popen[str]":
        """before -- what stands before all, such as `unshare -n`"""
        return subprocess.Popen(
            [*before, *self.command(arguments, display)],
            cwd=None if self.prefix else self.current,
            env=None if self.prefix else self.environment(display),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=sys.platform != "win32",
        )

    def run(self, arguments: Sequence[str], before: Sequence[str] = (), patience_s: float = 180.0) -> Ended:
        """Raises TimeoutError."""
        return wait_for(self.start(arguments, before), patience_s)

    def end_left_over(self) -> tuple[str, ...]:
        """Processes that should have ended, and have not within two seconds; they are ended now."""
        until = time.monotonic() + 2
        while (found := processes.with_variable(_MARK, self.mark, self.executable)) and time.monotonic() < until:
            time.sleep(0.1)
        processes.end_left_over(found)
        return found


def wait_for(process: "subprocess.Popen[str]", patience_s: float) -> Ended:
    """Until it has ended. Raises TimeoutError, and ends it, when it takes too long."""
    began_s = time.monotonic()
    try:
        stdout, stderr = process.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired:
        processes.end(process)
        stdout, stderr = process.communicate()
        said = (stdout + stderr).strip().splitlines()[-1:] or ["nothing"]
        raise TimeoutError(f"it has not ended within {patience_s:.0f} s; it said last: {said[0]}") from None
    return Ended(process.returncode, stdout, stderr, time.monotonic() - began_s)


@contextmanager
def make_place(
    executable: Sequence[str], prefix: Sequence[str], root: Path, extra: Mapping[str, str], models: Path | None
) -> Iterator[Place]:
    """models -- a folder with models that the user has already; a build that brings its own needs none"""
    if prefix:
        # Made by the user who is to write there.
        made = subprocess.run(
            [*prefix, "mktemp", "-d", "/tmp/writer-smoke-XXXXXXXX"],  # noqa: S108 - in another root
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        scratch = Path(made.stdout.strip())
    else:
        scratch = Path(tempfile.mkdtemp(prefix="writer-smoke-")).resolve()
    place = Place(tuple(executable), tuple(prefix), root, scratch, dict(extra), secrets.token_hex(8))
    try:
        for folder in (place.home, place.temporary, place.texts, place.current, place.runtime):
            place.outside(folder).mkdir(mode=0o700)
            place.own(place.outside(folder))
        if models is not None:
            _copy_models(models, place)
        yield place
    finally:
        shutil.rmtree(place.outside(scratch), ignore_errors=True)


def _copy_models(models: Path, place: Place) -> None:
    target = place.outside(place.models)
    shutil.copytree(models, target, ignore=shutil.ignore_patterns(".*"))
    home = place.outside(place.home)
    for path in (*home.rglob("*"),):
        place.own(path)
