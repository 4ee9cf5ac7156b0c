"""The record of suggestions outlives the window, and nothing that happens to its file reaches the writer."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from tests.document.faulty_ops import CountingOps, RefusingOps
from writer.assist.calibration import Acceptance
from writer.document.files.file_ops import FileOps
from writer.ui.acceptance_keeper import AcceptanceKeeper
from writer.ui.errands import Errands


@pytest.fixture
def errands(qapp: object) -> Iterator[Errands]:
    errands = Errands()
    crashes: list[object] = []
    errands.crashed.connect(crashes.append)
    yield errands
    errands.close()
    assert not crashes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "acceptance.json"


def record_three(keeper: AcceptanceKeeper) -> None:
    for accepted in (True, False, True):
        keeper.acceptance.record(-0.5, accepted)
        keeper.note_change()


def save(keeper: AcceptanceKeeper, errands: Errands, qtbot: QtBot) -> None:
    keeper.save()
    qtbot.waitUntil(lambda: not errands.is_busy)


def test_what_was_recorded_is_there_at_the_next_start(path: Path, errands: Errands, qtbot: QtBot) -> None:
    keeper = AcceptanceKeeper(path, FileOps(), errands)
    assert keeper.acceptance.n_recorded == 0
    record_three(keeper)
    save(keeper, errands, qtbot)
    later = AcceptanceKeeper(path, FileOps(), errands)
    assert later.acceptance.curve() == keeper.acceptance.curve()
    assert later.acceptance.n_recorded == 3
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert set(json.loads(path.read_bytes())) == {"format_version", "shown", "accepted"}


def test_it_saves_itself_some_time_after_a_change(path: Path, errands: Errands, qtbot: QtBot) -> None:
    keeper = AcceptanceKeeper(path, FileOps(), errands)
    record_three(keeper)
    [timer] = keeper.findChildren(QTimer)
    assert 4_000 < timer.remainingTime() < 5_300  # Qt's timers are a twentieth off at most
    timer.start(1)
    qtbot.waitUntil(path.exists)
    qtbot.waitUntil(lambda: not errands.is_busy)
    assert AcceptanceKeeper(path, FileOps(), errands).acceptance.n_recorded == 3
    assert not timer.isActive()


def test_without_a_change_nothing_is_written(path: Path, errands: Errands, qtbot: QtBot) -> None:
    keeper = AcceptanceKeeper(path, FileOps(), errands)
    save(keeper, errands, qtbot)
    assert not path.parent.exists()
    record_three(keeper)
    save(keeper, errands, qtbot)
    path.unlink()
    save(keeper, errands, qtbot)
    assert not path.exists()


FULL = json.dumps(Acceptance().to_json() | {"shown": [1.0] * 16}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[1, 2]",
        FULL[:-2],
        FULL.replace(b"1.0, 1.0]", b"1.0, NaN]"),
        b'{"a":' * 100_000,
    ],
    ids=["empty", "cut", "no text", "no object", "torn", "no number", "too deep"],
)
def test_a_damaged_file_is_an_empty_record_and_is_written_over(
    data: bytes, path: Path, errands: Errands, qtbot: QtBot
) -> None:
    path.parent.mkdir()
    path.write_bytes(data)
    keeper = AcceptanceKeeper(path, FileOps(), errands)
    assert keeper.acceptance.n_recorded == 0
    record_three(keeper)
    save(keeper, errands, qtbot)
    assert AcceptanceKeeper(path, FileOps(), errands).acceptance.n_recorded == 3


def test_p03_the_record_of_a_newer_writer_is_left_to_it(path: Path, errands: Errands, qtbot: QtBot) -> None:
    path.parent.mkdir()
    newer = FULL.replace(b'"format_version": 1', b'"format_version": 2')
    path.write_bytes(newer)
    keeper = AcceptanceKeeper(path, FileOps(), errands)
    record_three(keeper)
    assert keeper.acceptance.n_recorded == 3, "this one counts anew meanwhile"
    save(keeper, errands, qtbot)
    assert path.read_bytes() == newer


def test_p03_what_a_newer_writer_counts_besides_stays(path: Path, errands: Errands, qtbot: QtBot) -> None:
    path.parent.mkdir()
    path.write_bytes(FULL.replace(b"{", b'{"by_hour": [1, 2], ', 1))
    keeper = AcceptanceKeeper(path, FileOps(), errands)
    record_three(keeper)
    save(keeper, errands, qtbot)
    kept = json.loads(path.read_bytes())
    assert kept["by_hour"] == [1, 2]
    assert Acceptance.from_json(kept).n_recorded == 19


def test_a_file_too_large_to_be_the_record_is_not_read(path: Path, errands: Errands) -> None:
    path.parent.mkdir()
    path.write_bytes(FULL)
    assert AcceptanceKeeper(path, FileOps(), errands).acceptance.n_recorded == 16
    ops = CountingOps()
    path.write_bytes(FULL + b" " * 2**20)
    assert AcceptanceKeeper(path, ops, errands).acceptance.n_recorded == 0
    assert "read" not in ops.calls


def test_a_folder_in_its_place_changes_nothing_for_the_writer(path: Path, errands: Errands, qtbot: QtBot) -> None:
    path.mkdir(parents=True)
    keeper = AcceptanceKeeper(path, FileOps(), errands)
    record_three(keeper)
    save(keeper, errands, qtbot)
    assert keeper.acceptance.n_recorded == 3
    assert path.is_dir()


@pytest.mark.parametrize("call", ["stat", "read"])
def test_a_disk_that_refuses_to_read_gives_an_empty_record(call: str, path: Path, errands: Errands) -> None:
    path.parent.mkdir()
    path.write_bytes(FULL)
    assert AcceptanceKeeper(path, RefusingOps({call: 5}), errands).acceptance.n_recorded == 0


@pytest.mark.parametrize("call", ["make_folder", "create", "write", "sync", "replace_at_once"])
def test_a_disk_that_refuses_to_write_leaves_the_record_in_memory_and_the_file_as_it_was(
    call: str, path: Path, errands: Errands, qtbot: QtBot
) -> None:
    path.parent.mkdir()
    path.write_bytes(FULL)
    refused = {call: 28}
    keeper = AcceptanceKeeper(path, RefusingOps(refused), errands)
    record_three(keeper)
    save(keeper, errands, qtbot)
    assert path.read_bytes() == FULL
    assert keeper.acceptance.n_recorded == 19
    record_three(keeper)
    refused.clear()  # there is room again
    save(keeper, errands, qtbot)
    assert AcceptanceKeeper(path, FileOps(), errands).acceptance.n_recorded == 22
