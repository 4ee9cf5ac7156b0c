"""`writer models`, and what every command says of the models folder: damage, doubts, and no way in."""

import errno
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run_writer import writer
from writer.cli import start
from writer.cli.main import main
from writer.models.build import BuildFinished
from writer.models.install import install
from writer.models.store import ModelStore

NOTE = "In fast 8-bit form this model loses 9.0% of its quality, so it uses 8-bit blocks."


@pytest.fixture
def models(poem_home: Path, writer_home: Path) -> Path:
    """The models folder of a user of this test's own, who has the poem's model."""
    shutil.copytree(poem_home / "data", writer_home / "data")
    return writer_home / "data" / "models"


def damage(folder: Path, part: str) -> None:
    if part == "no manifest":
        (folder / "manifest.json").unlink()
    elif part == "manifest":
        (folder / "manifest.json").write_text("{")
    else:
        (folder / "int8.onnx.data").write_bytes(b"cut")


@pytest.mark.parametrize("part", ["no manifest", "manifest", "weights"])
@pytest.mark.parametrize("model_id", ["poem", "starter"])  # one of the catalogue is listed once, not to get as well
def test_damaged_models_are_listed_with_what_to_do(part: str, model_id: str, models: Path, writer_home: Path) -> None:
    rename(models / "poem", model_id)
    damage(models / model_id, part)
    rows = [row for row in json.loads(writer("models", "list", "--json", home=writer_home).stdout) if row["installed"]]
    assert [(row["id"], row["state"]) for row in rows] == [(model_id, "damaged")]
    assert f"writer models remove {model_id}" in rows[0]["problem"]
    lines = [line for line in writer("models", "list", home=writer_home).stdout.splitlines() if model_id in line]
    assert len(lines) == 1
    assert "damaged" in lines[0]
    assert f"writer models remove {model_id}" in lines[0]
    assert writer("models", "remove", model_id, home=writer_home).returncode == 0
    assert "damaged" not in writer("models", "list", home=writer_home).stdout


def test_a_sound_model_is_ready(models: Path, writer_home: Path) -> None:
    row = json.loads(writer("models", "list", "--json", home=writer_home).stdout)[0]
    assert (row["id"], row["state"], row["problem"]) == ("poem", "ready", None)


def rename(folder: Path, model_id: str, **values: Any) -> None:
    """Make the model in `folder` another one; `values` replace what its manifest says."""
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "id": model_id, **values}))
    folder.rename(folder.with_name(model_id))


@pytest.mark.parametrize("command", [["generate", "Tyger"], ["generate", "x", "--model", "starter"], []])
@pytest.mark.parametrize("note", [NOTE, ""])
def test_what_a_build_found_is_told_by_the_command_that_caused_it(
    command: list[str], note: str, poem_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("writer.models.library.install_in_child", installing(poem_home, note))
    monkeypatch.setattr(start, "has_display", lambda: False)
    assert main(command) == 0
    err = capsys.readouterr().err
    assert err.count(NOTE) == bool(note)
    assert err.count("writer: ") == bool(note)


def test_the_report_on_a_model_asked_for_says_it_once(
    poem_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("writer.models.library.install_in_child", installing(poem_home, NOTE))
    assert main(["models", "get", "starter"]) == 0
    out, err = capsys.readouterr()
    assert (out + err).count(NOTE) == 1


def installing(poem_home: Path, note: str) -> Any:
    """An `install` that ends with the poem's model under the starter's id, and a note in its manifest."""

    def install(_: Any, store: ModelStore, __: Any) -> Iterator[BuildFinished]:
        shutil.copytree(poem_home / "data" / "models" / "poem", store.models_dir / "poem")
        rename(store.models_dir / "poem", "starter", note=note)
        yield BuildFinished(store.get("starter"))

    return install


class Locked:
    """Folders below `folder` that may not be changed, or not even be read: root, who may do all, tests it too."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch

    def refuse(self, what: str) -> None:
        for name in {"change": ["mkdir"], "read": ["listdir", "scandir"]}[what]:
            self._refuse(name)

    def _refuse(self, name: str) -> None:
        real = getattr(os, name)

        def refused(path: Any = ".", *arguments: Any, **options: Any) -> Any:
            if isinstance(path, (str, Path)) and Path(path).is_relative_to(self.folder):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return real(path, *arguments, **options)

        self.monkeypatch.setattr(os, name, refused)


@pytest.mark.parametrize(
    ("refused", "command"),
    [
        ("change", ["models", "remove", "poem"]),
        ("change", ["models", "get", "starter"]),
        ("change", ["generate", "x", "--model", "starter"]),
        ("read", ["models", "list"]),
        ("read", ["models", "get", "starter"]),
        ("read", ["generate", "x"]),
        ("read", ["bench"]),
        ("read", []),
    ],
)
def test_a_models_folder_that_is_locked_is_told_in_one_line(
    refused: str,
    command: list[str],
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Locked(models, monkeypatch).refuse(refused)
    monkeypatch.setattr("writer.models.library.install_in_child", install)  # it is this process that is refused
    monkeypatch.setattr(start, "has_display", lambda: False)
    assert main(command) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("writer: ")
    assert "unexpected" not in line
    assert str(models) in line
    assert "Permission denied" in line
    assert "WRITER_HOME" in line


def test_a_file_in_the_place_of_the_folder_is_told_in_one_line(
    poem_home: Path, writer_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (writer_home / "data").write_text("")
    assert main(["models", "build", str(poem_home / "checkpoint"), "--id", "new"]) == 1
    assert "Not a directory" in capsys.readouterr().err.splitlines()[-1]


def test_a_build_where_no_folder_can_be_is_told_in_one_line(
    poem_home: Path, writer_home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is a process of its own that meets the obstacle, which any user's permissions would be for it as well."""
    (writer_home / "data").write_text("a file in the place of a folder")
    monkeypatch.setenv("WRITER_HOME", str(writer_home))
    assert main(["models", "build", str(poem_home / "checkpoint"), "--id", "new"]) == 1
    told = capfd.readouterr().err.splitlines()
    assert told[-1].startswith(f"writer: The models folder {writer_home / 'data' / 'models'} cannot be used")
    assert not any("Traceback" in line for line in told)
