"""`writer self-test`: it says what works, and leaves the user's own things as they were."""

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.run_writer import assert_one_line, writer
from writer.cli.self_test import FILE_NAME
from writer.ui.self_test import SENTENCE


@pytest.fixture
def home(poem_home: Path, tmp_path: Path) -> Path:
    """A user's with settings, an unsaved journal and a model."""
    home = tmp_path / "home"
    shutil.copytree(poem_home / "data", home / "data")
    for name in ("config/settings.toml", "state/session.json", "state/recovery/a-journal"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("")
    return home


def stamps(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in (folder, *folder.rglob("*"))}


def test_each_step_is_told_and_nothing_of_the_users_is_touched(home: Path, tmp_path: Path) -> None:
    folder, temporary = tmp_path / "folder", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    before = stamps(home)
    result = writer("self-test", folder, home=home, TMPDIR=str(temporary))
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert len(lines) == 11
    assert all(line.split()[-3] == "ok" and line.endswith(" s") for line in lines), lines
    assert stamps(home) == before
    assert list(temporary.iterdir()) == []
    text = (folder / FILE_NAME).read_text(encoding="utf-8")
    assert len(text.partition(SENTENCE)[2]) > 20
    assert sorted(os.listdir(folder)) == [FILE_NAME, f"{FILE_NAME}.writer.json"]


def test_a_damaged_model_fails_at_its_step(home: Path, tmp_path: Path) -> None:
    weights = next((home / "data" / "models" / "poem").glob("*.data"))
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    result = writer("self-test", home=home, TMPDIR=str(tmp_path))
    assert result.returncode == 1
    *passed, last = result.stdout.splitlines()
    assert len(passed) == 3
    assert last.startswith("the model is ready")
    assert "FAILED" in last
    assert "damaged" in last
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_without_a_model_it_says_how_to_get_one(tmp_path: Path) -> None:
    told = assert_one_line(writer("self-test", home=tmp_path / "home"), 1)
    assert "No model is installed. Get one with `writer models get starter`." in told


def test_a_screen_that_cannot_be_reached_is_told_and_leaves_nothing(home: Path, tmp_path: Path) -> None:
    nowhere = {"DISPLAY": ":7654", "QT_QPA_PLATFORM": "xcb", "TMPDIR": str(tmp_path)}
    assert "display :7654 cannot be reached" in assert_one_line(writer("self-test", home=home, **nowhere), 1)
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_file_that_is_there_is_not_written_over(home: Path, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("mine")
    assert "is there already" in assert_one_line(writer("self-test", tmp_path, home=home), 1)
    assert (tmp_path / FILE_NAME).read_text() == "mine"
    assert "There is no folder" in assert_one_line(writer("self-test", tmp_path / "none", home=home), 1)
