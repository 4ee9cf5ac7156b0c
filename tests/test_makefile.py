"""The starter model of the tests is built anew when what shapes a build has changed, and fetched no second time; each
device has its own environment."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.benchmarks.medium import ROOT, build_sources, built_folder

# In place of the environment's Python: notes what it is asked for and makes what `models get` would make.
_STAND_IN = """#!/bin/sh
echo "$@" >>"$WRITER_HOME/asked"
mkdir "$WRITER_HOME/data/models/starter" && touch "$WRITER_HOME/data/models/starter/new"
"""


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A test environment as `make test` leaves it: set up, with a starter model that is newer than every source."""
    for folder in ("bin", "starter-home/data/models/starter", "starter-home/data/models/.sources/starter"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "bin" / "python").write_text(_STAND_IN)
    (tmp_path / "bin" / "python").chmod(0o755)
    (tmp_path / "starter-home/data/models/starter/old").touch()
    (tmp_path / "starter-home/data/models/.sources/starter/weights").touch()
    for stamp, ahead_s in (("", 1000), ("starter-home", 2000)):  # even if somebody saves a source meanwhile
        (tmp_path / stamp / ".ready").touch()
        os.utime(tmp_path / stamp / ".ready", (time.time() + ahead_s,) * 2)
    return tmp_path


def make(environment: Path, *options: str) -> int:
    command = ["make", "-s", *options, f"TEST={environment}", f"{environment}/starter-home/.ready"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, timeout=120).returncode


def test_every_file_that_shapes_a_build_makes_the_model_old(environment: Path) -> None:
    assert make(environment, "-q") == 0
    names = [str(path.relative_to(ROOT)) for path in build_sources()]
    assert {"writer/models/graph/linear.py", "writer/engine/tokenizer.py", "resources/gate/alice.txt"} < set(names)
    unnoticed = [name for name in names if make(environment, "-q", "-W", name) != 1]
    assert unnoticed == []
    assert make(environment, "-q", "-W", "README.md") == 0


def test_an_old_model_is_replaced_and_its_files_are_kept(environment: Path) -> None:
    home = environment / "starter-home"
    began = time.time()
    assert make(environment, "-W", "writer/models/gate.py") == 0
    assert [path.name for path in (home / "data/models/starter").iterdir()] == ["new"]
    assert (home / "data/models/.sources/starter/weights").exists()
    assert (home / "asked").read_text() == "-m writer models get starter --keep-source\n"
    assert began - 2 < (home / ".ready").stat().st_mtime <= (home / "data/models/starter/new").stat().st_mtime


def test_a_build_that_fails_leaves_no_model_that_looks_ready(environment: Path) -> None:
    (environment / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")
    assert make(environment, "-W", "writer/models/gate.py") != 0
    assert not (environment / "starter-home" / ".ready").exists()


def test_benchmarks_build_anew_when_the_sources_have_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = built_folder(tmp_path)
    (first / "int8.onnx").touch()
    assert built_folder(tmp_path) == first
    assert (first / "int8.onnx").exists()
    source = tmp_path / "gpt2.py"
    source.write_text("other code")
    monkeypatch.setattr("tests.benchmarks.medium.build_sources", lambda: [source])
    second = built_folder(tmp_path)
    source.write_text("still other code")
    third = built_folder(tmp_path)
    assert len({first, second, third}) == 3
    assert list(tmp_path.glob("built-*")) == [third]


@pytest.mark.parametrize(
    ("options", "python", "lock"),
    [((), ".venv/bin/python", "runtime.txt"), (("DEVICE=cuda",), ".venv-cuda/bin/python", "cuda.txt")],
)
def test_each_device_runs_in_its_own_environment(options: tuple[str, ...], python: str, lock: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "-n", "-W", f"packaging/locks/{lock}", "run", "ARGS=a.md", *options]
    shown = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, timeout=60, check=True).stdout
    environment = python.partition("/")[0]
    assert f"python_environment.sh {environment} packaging/locks/{lock}\n" in shown
    assert shown.endswith(f"{python} -m writer a.md\n")


def test_a_device_that_does_not_exist_is_refused() -> None:
    made = subprocess.run(["make", "-n", "run", "DEVICE=npu"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert made.returncode != 0
    assert "DEVICE is cpu or cuda, not npu" in made.stderr
