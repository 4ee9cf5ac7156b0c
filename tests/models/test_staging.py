"""What is built takes its place all at once, reaches the disk before that, and is found again after a kill."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.models.killed_at_each_step import KILLED, write_model
from writer.errors import WriterError
from writer.models import staging
from writer.models.store import ModelStore

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def replace_model(store: ModelStore, title: str) -> None:
    with store.staging("tiny") as folder:
        write_model(folder, "tiny", title)


@pytest.mark.parametrize("way", ["exchange", "renames"])
@pytest.mark.parametrize("kind", ["new", "update"])
def test_a_kill_before_any_step_leaves_the_old_model_or_the_new_one(kind: str, way: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.models.killed_at_each_step", tmp_path, kind, way]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    steps = [json.loads(line) for line in result.stdout.splitlines()]
    assert [step["code"] for step in steps] == [KILLED] * (len(steps) - 1) + [0]
    assert len(steps) > 12  # files, folders, renames, deletions
    titles = [step["title"] for step in steps]
    assert titles == sorted(titles, reverse=True), "old ones first, new ones from some step on"
    assert set(titles) == ({"old", "new"} if kind == "update" else {"new"})
    for step in steps:
        assert step["left"] == []
        assert step["later"] == [step["title"]]


@pytest.mark.skipif(sys.platform != "linux", reason="the call is Linux's")
def test_two_folders_change_places_in_one_step(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    assert staging.exchange(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "one" / "file").read_text() == "other"
    assert not staging.exchange(tmp_path / "one", tmp_path / "absent")


@pytest.mark.parametrize("way", ["exchange", "renames"])
def test_everything_is_on_the_disk_before_it_takes_its_place_and_the_place_before_the_old_goes(
    way: str, store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_model(store, "old")
    done: list[str] = []

    def recorded(module: Any, name: str, describe: Any) -> None:
        real = getattr(module, name)

        def call(*arguments: Any, **options: Any) -> Any:
            done.append(f"{name} {describe(*arguments)}")
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, call)

    recorded(os, "fsync", lambda fd: Path(f"/proc/self/fd/{fd}").readlink().name)
    recorded(os, "replace", lambda source, target: f"{Path(source).parent.name}/{Path(source).name}")
    recorded(staging.shutil, "rmtree", lambda path, **_: "")
    if way == "exchange":
        recorded(staging, "exchange", lambda *_: "")
    else:
        monkeypatch.setattr(staging, "exchange", lambda *_: False)
    replace_model(store, "new")
    files = ["int8.onnx", "int8.onnx.data", "manifest.json", "tokenizer.json"]
    first_rename = next(i for i, call in enumerate(done) if not call.startswith("fsync"))
    synced = [call.removeprefix("fsync ") for call in done[:first_rename]]
    assert synced[:5] == [*files, "tiny"]
    assert {"new", "old"} < set(synced)
    renames = ["exchange "] if way == "exchange" else ["replace models/tiny", "replace new/tiny"]
    assert done[first_rename:] == [*renames, "fsync models", "rmtree "]


def test_a_second_rename_that_fails_is_undone(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_model(store, "old")
    monkeypatch.setattr(staging, "exchange", lambda *_: False)
    real = os.replace

    def replace(source: Any, target: Any) -> None:
        if Path(source).parent.name == "new":
            raise PermissionError(13, "Permission denied", str(source))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(PermissionError):
        replace_model(store, "new")
    assert store.get("tiny").title == "old"
    assert [path.name for path in store.models_dir.iterdir() if path.name != ".locks"] == ["tiny"]


def test_an_unfinished_model_is_not_restored_a_removed_one_neither(store: ModelStore) -> None:
    left = store.models_dir / ".building-1234"
    write_model(left / "new" / "tiny", "tiny", "new")
    (left / "new" / "tiny" / "int8.onnx.data").write_text("cut")
    write_model(left / "removed", "tiny", "removed")
    assert store.list() == []
    with pytest.raises(WriterError, match="No model tiny"):
        store.get("tiny")
    with store.scratch():
        assert not left.exists()


def test_what_somebody_works_in_is_left_alone(store: ModelStore) -> None:
    """Whatever its process number is, and in whichever thread or process."""
    replace_model(store, "old")
    with store.scratch() as mine:
        (mine / "file").write_text("")
        with store.scratch():
            assert (mine / "file").exists()
        code = "import sys; from pathlib import Path; from writer.models.store import ModelStore as S\n"
        code += "with S(Path(sys.argv[1])).scratch(): pass"
        subprocess.run([sys.executable, "-c", code, store.models_dir], cwd=ROOT, check=True)
        assert (mine / "file").exists()
    assert not mine.exists()
    assert list(store.models_dir.glob(".building-*")) == []


# -- one Writer at a time ------------------------------------------------------------------------------------------

HOLDING = """
import sys, time
from pathlib import Path
from writer.models.store import ModelStore
with ModelStore(Path(sys.argv[1])).lock("tiny"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def other_writer(store: ModelStore) -> Any:
    """Another process that has the lock of the model `tiny`."""
    process = subprocess.Popen([sys.executable, "-c", HOLDING, store.models_dir], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_model_that_another_writer_is_at_is_neither_removed_nor_replaced(
    store: ModelStore, other_writer: "subprocess.Popen[bytes]"
) -> None:
    write_model(store.models_dir / "tiny", "tiny", "old")
    with pytest.raises(WriterError, match="Another Writer is getting or changing tiny"):
        store.remove("tiny")
    with pytest.raises(WriterError, match="Another Writer"):
        replace_model(store, "new")
    assert store.get("tiny").title == "old"
    other_writer.kill()  # with -9: the lock is free at once
    store.remove("tiny")
    assert store.list() == []


def test_who_waits_has_the_lock_as_soon_as_it_is_free(store: ModelStore) -> None:
    first, second = store.lock("tiny"), store.lock("tiny")
    with first:
        for n_waits, _ in enumerate(second.waiting()):
            assert n_waits <= 3
            if n_waits == 3:
                first.release()
        assert n_waits == 3
    assert not store.lock("tiny").take()
    assert store.lock("other").take()
    second.release()
    assert store.holding("tiny").lock("tiny").take()


def test_a_folder_without_a_way_in_is_told(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("")
    with pytest.raises(WriterError, match="models cannot be used"):
        ModelStore(tmp_path / "models").lock("tiny").take()
