"""What the file calls add to the system's own."""

import errno
import os
from pathlib import Path

import pytest

from tests.document.faulty_ops import CALLS
from writer.document.files.file_ops import FileOps


class HeldOpenOps(FileOps):
    """Windows says `n` times that another program holds the file open. Time passes only in pauses."""

    def __init__(self, n: float, winerror: int) -> None:
        self.n_left, self._winerror, self.now = n, winerror, 100.0
        self.touched: list[str] = []

    def monotonic(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def replace_at_once(self, source: Path, target: Path) -> None:
        self.touched.append("replace")
        if self.n_left > 0:
            self.n_left -= 1
            error = PermissionError(errno.EACCES, "held open")
            error.winerror = self._winerror  # type: ignore[attr-defined]
            raise error
        super().replace_at_once(source, target)

    def remove(self, path: Path) -> None:
        self.touched.append("remove")
        super().remove(path)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_text("new")
    old.write_text("old")
    return new, old


@pytest.mark.parametrize("winerror", [5, 32, 33])
def test_d55_a_file_that_is_held_open_for_a_moment_is_replaced_after_it(winerror: int, pair: tuple[Path, Path]) -> None:
    ops = HeldOpenOps(7, winerror)
    ops.replace(*pair)
    assert pair[1].read_text() == "new"
    assert ops.touched == ["replace"] * 8
    assert ops.now < 101


@pytest.mark.parametrize("winerror", [5, 32, 33])
def test_d55_a_file_that_stays_held_open_is_given_up_and_left(winerror: int, pair: tuple[Path, Path]) -> None:
    ops = HeldOpenOps(float("inf"), winerror)
    with pytest.raises(PermissionError):
        ops.replace(*pair)
    assert 2.4 < ops.now - 100 < 2.7
    assert pair[1].read_text() == "old"
    assert set(ops.touched) == {"replace"}


def test_d55_any_other_refusal_is_final_at_once(pair: tuple[Path, Path]) -> None:
    ops = HeldOpenOps(3, 19)  # ERROR_WRITE_PROTECT
    with pytest.raises(PermissionError):
        ops.replace(*pair)
    assert ops.touched == ["replace"]
    assert ops.now == 100


def test_d15_a_write_that_takes_nothing_is_an_error_and_no_endless_loop(tmp_path: Path) -> None:
    class Deaf(FileOps):
        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            return 0

    ops = Deaf()
    with ops.closing(ops.create(tmp_path / "a")) as descriptor, pytest.raises(OSError, match="rror"):
        ops.write_all(descriptor, b"abc")


def test_two_files_exchange_their_names(pair: tuple[Path, Path]) -> None:
    try:
        FileOps().swap(*pair)
    except OSError as error:
        pytest.skip(f"the disk of {pair[0].parent} cannot: {error}; saving is tested without this, too")
    assert [path.read_text() for path in pair] == ["old", "new"]


def test_exchanging_names_needs_both_files(pair: tuple[Path, Path]) -> None:
    pair[1].unlink()
    with pytest.raises(OSError, match="new"):
        FileOps().swap(*pair)
    assert pair[0].read_text() == "new"


def test_links_in_a_circle_are_left_to_the_next_call(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.symlink_to(two)
    two.symlink_to(one)
    ops = FileOps()
    with pytest.raises(OSError, match="levels of symbolic links") as caught:
        ops.kind(ops.resolve(one))
    assert caught.value.errno == errno.ELOOP


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP])
def test_a_disk_that_syncs_no_folders_is_taken_as_it_is(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fsync)
    FileOps().sync_folder(tmp_path)


def test_d14_a_folder_that_cannot_be_synced_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="rror"):
        FileOps().sync_folder(tmp_path)


def test_the_doubles_know_every_call() -> None:
    made_of_others = {"replace", "write_all", "closing", "new_file_mode", "kind", "monotonic", "pause"}
    assert {name for name in vars(FileOps) if not name.startswith("_")} == {*CALLS, *made_of_others}
