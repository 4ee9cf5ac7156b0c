"""Saves that fail: the old file stands, nothing is left, and the error says what to do."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.document.child import run_in_child
from tests.document.faulty_ops import CountingOps, FailingOps, RefusingOps, files_in
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.files.saving import FileChanged, NeedsInPlace, Saved, save_text
from writer.document.files.staged_file import is_staged_for
from writer.document.files.text_file import fingerprint
from writer.errors import WriterError

OLD, NEW = b"The old text.\n" * 300, b"The new text, another one.\n" * 300
DISKS = {"exchanging": set(), "linking": {"swap"}, "one name a file": {"swap", "link"}}


class FailingDisk(FailingOps):
    """A disk without some calls, of which another one fails."""

    def __init__(self, without: set[str], n: int, code: int = errno.EIO, *, for_ever: bool = False) -> None:
        super().__init__(n, code, for_ever=for_ever)
        self._without = without

    def at(self, n: int, name: str, call: object, *arguments: object) -> object:
        if name in self._without:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        return super().at(n, name, call, *arguments)  # type: ignore[arg-type]


def save(path: Path, ops: FileOps, data: bytes = NEW, *, in_place: bool = False) -> Saved:
    expected = fingerprint(path, FileOps()) if path.exists() else None
    rescue = path.parent.parent / "rescue"
    return save_text(path, data.decode(), TextFormat(), ops, expected=expected, rescue=rescue, in_place=in_place)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "stories").mkdir()
    path = tmp_path / "stories" / "story.txt"
    path.write_bytes(OLD)
    return path


# -- any call fails ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EACCES, errno.ESTALE])
@pytest.mark.parametrize("old", [OLD, None], ids=["replaced", "new"])
@pytest.mark.parametrize("disk", DISKS)
def test_d11_d14_d16_d56_any_call_may_fail(code: int, old: bytes | None, disk: str, path: Path) -> None:
    failed = 0
    for n in range(100):
        prepare(path, old)
        ops = FailingDisk(DISKS[disk], n, code)
        try:
            saved = save(path, ops)
        except WriterError:
            assert_stands(path, old)
            failed += 1
        else:
            assert_stands(path, NEW)
            assert saved.fingerprint == fingerprint(path, FileOps())
            if len(ops.calls) <= n:
                break
        assert "remove" in ops.calls[n:] or files_in(path.parent).keys() <= {"story.txt"}
    assert 8 < failed < n < 60


@pytest.mark.parametrize("old", [OLD, None], ids=["replaced", "new"])
@pytest.mark.parametrize("disk", DISKS)
def test_d56_a_disk_that_is_gone_from_any_call_on(old: bytes | None, disk: str, path: Path) -> None:
    for n in range(100):
        prepare(path, old)
        ops = FailingDisk(DISKS[disk], n, errno.ENODEV, for_ever=True)
        try:
            save(path, ops)
            assert_stands(path, NEW)
            if len(ops.calls) <= n:
                break
        except WriterError:
            assert "sync_folder" in ops.calls or (path.read_bytes() if path.exists() else None) == old
    assert n > 10


def prepare(path: Path, old: bytes | None) -> None:
    for name in files_in(path.parent):
        (path.parent / name).unlink()
    if old is not None:
        path.write_bytes(old)


def assert_stands(path: Path, content: bytes | None) -> None:
    assert (path.read_bytes() if path.exists() else None) == content
    assert all(name == "story.txt" or is_staged_for(name, path) for name in files_in(path.parent))


@pytest.mark.parametrize("call", ["sync", "sync_folder"])
@pytest.mark.parametrize("old", [OLD, None], ids=["replaced", "new"])
def test_d14_a_failed_sync_fails_the_save_once_and_the_next_one_works(call: str, old: bytes | None, path: Path) -> None:
    prepare(path, old)
    ops = RefusingOps({call: errno.EIO})
    with pytest.raises(WriterError, match="reports an error"):
        save(path, ops)
    assert ops.calls.count(call) == 1
    assert files_in(path.parent) == ({} if old is None else {"story.txt": old})
    save(path, FileOps())
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("disk", DISKS)
def test_d15_writes_that_stop_half_way_fail_cleanly(disk: str, path: Path) -> None:
    class Stopping(RefusingOps):
        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            return FileOps.write(self, descriptor, data[:100]) if len(data) > 1_000 else 0

    with pytest.raises(WriterError, match="reports an error"):
        save(path, Stopping(dict.fromkeys(DISKS[disk], errno.ENOTSUP)))
    assert files_in(path.parent) == {"story.txt": OLD}


# -- in words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "code", "message", "hint"),
    [
        (
            "write",
            errno.ENOSPC,
            r"the disk at /\S* is full: 8 kB are needed and [\d.,]+ .B are free\.",
            "Free some space",
        ),
        ("write", errno.EDQUOT, r"your share of the disk at /\S* is used up: 8 kB are needed\.", "Free some space"),
        ("create", errno.EDQUOT, "your share of the disk", "Free some space"),
        ("close", errno.EDQUOT, "your share of the disk", "Free some space"),
        ("write", errno.EFBIG, "a file of 8 kB is larger than may be written here", "another place"),
        ("sync", errno.EIO, r"the disk at /\S* reports an error", "another disk"),
        ("write", errno.ENODEV, "its disk is gone", "Connect it again"),
        ("resolve", errno.ELOOP, "its links lead in a circle", "another name"),
        ("stat", errno.EACCES, "you may not", "change the permissions"),
        ("stat", errno.ENOTDIR, "there is no such file or folder", "Check the name"),
        ("write", errno.ENOMEM, "Cannot allocate memory", "another place"),
    ],
)
def test_d11_d13_d14_d16_errors_say_what_to_do(call: str, code: int, message: str, hint: str, path: Path) -> None:
    with pytest.raises(WriterError, match=rf"^Cannot save story\.txt: .*{message}") as caught:
        save(path, RefusingOps({call: code}))
    assert hint in caught.value.hint
    assert not isinstance(caught.value, FileChanged | NeedsInPlace)
    assert path.read_bytes() == OLD


def test_d16_a_disk_that_is_read_only_says_so_for_a_new_file(path: Path) -> None:
    path.unlink()
    with pytest.raises(WriterError, match=r"the disk at /\S* is read-only"):
        save(path, RefusingOps({"create": errno.EROFS}))


@pytest.mark.parametrize("call", ["create", "swap", "replace_at_once"])
def test_d17_a_folder_that_refuses_offers_to_write_in_place(call: str, path: Path) -> None:
    for code in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY):
        refused = {call: code} if call == "create" else {"swap": code, "replace_at_once": code}
        with pytest.raises(NeedsInPlace, match="its folder takes no new files"):
            save(path, RefusingOps(refused))
        assert files_in(path.parent) == {"story.txt": OLD}


def test_d17_no_link_is_made_that_could_not_be_removed_again(path: Path) -> None:
    ops = RefusingOps({"swap": errno.EPERM, "replace_at_once": errno.EPERM})
    with pytest.raises(NeedsInPlace):
        save(path, ops)
    assert "link" not in ops.calls


@pytest.mark.parametrize("winerror", [5, 32, 33])
def test_d55_a_file_that_another_program_holds_open_is_not_deleted(winerror: int, path: Path) -> None:
    class Held(CountingOps):
        now = 0.0

        def monotonic(self) -> float:
            return self.now

        def pause(self, seconds: float) -> None:
            self.now += seconds

        def at(self, n: int, name: str, call: object, *arguments: object) -> object:
            if name in ("swap", "replace_at_once"):
                error = PermissionError(errno.EACCES, "held")
                error.winerror = winerror  # type: ignore[attr-defined]
                raise error
            return super().at(n, name, call, *arguments)  # type: ignore[arg-type]

    ops = Held()
    with pytest.raises(WriterError, match="another program holds it open") as caught:
        save(path, ops)
    assert not isinstance(caught.value, NeedsInPlace)
    assert 2.4 < ops.now < 2.7
    assert files_in(path.parent) == {"story.txt": OLD}


# -- real limits -------------------------------------------------------------------------------------------------------


def test_d13_a_limit_on_file_sizes_leaves_the_old_file(path: Path) -> None:
    def limited() -> str:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
        try:
            save(path, FileOps())
        except WriterError as error:
            return error.message
        return "saved"

    message = run_in_child(limited)
    assert message == "Cannot save story.txt: a file of 8 kB is larger than may be written here."
    assert files_in(path.parent) == {"story.txt": OLD}


SMALL_DISK = """
import sys
from pathlib import Path
from tests.document.faulty_ops import files_in
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.files.saving import save_text
from writer.document.files.text_file import fingerprint
from writer.errors import WriterError

disk = Path(sys.argv[1])
path = disk / "story.txt"
path.write_bytes(b"old" * 1000)
expected = fingerprint(path, FileOps())
free = FileOps().free_bytes(disk)
for text in ("x" * 200_000, "x" * 30_000):
    try:
        save_text(path, text, TextFormat(), FileOps(), expected=expected, rescue=disk)
        print("saved")
    except WriterError as error:
        print(error)
    print(path.read_bytes() in (b"old" * 1000, b"x" * 30_000), *files_in(disk))
assert FileOps().free_bytes(disk) > free - 40_000
"""


def run_with_mount(options: str, disk: Path, code: str) -> list[str]:
    """What a program prints that has a file system of its own at `disk`."""
    command = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "sh", "-c"]
    if subprocess.run([*command, f'mount -t tmpfs -o {options} none "$0"', str(disk)], capture_output=True).returncode:
        pytest.skip("no file system may be mounted here; test_d11_d14_d16_d56_any_call_may_fail covers a full disk")
    mount = f'mount -t tmpfs -o {options} none "$0"'
    result = subprocess.run(
        [*command, f'{mount} && exec "$1" -c "$2" "$0"', str(disk), sys.executable, code],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_d11_a_full_disk_leaves_the_old_file_and_says_how_much_is_needed(tmp_path: Path) -> None:
    disk = tmp_path / "stick"
    disk.mkdir()
    failed, held, worked, held_then = run_with_mount("size=64k", disk, SMALL_DISK)
    assert failed.startswith(f"Cannot save story.txt: the disk at {disk} is full: 200 kB are needed and ")
    assert failed.endswith(" kB are free. Free some space there, or choose another place.")
    assert worked == "saved"
    assert held == held_then == "True story.txt"


READ_ONLY_DISK = """
import subprocess, sys
from pathlib import Path
from writer.document.files.encoding import TextFormat
from writer.document.files.file_ops import FileOps
from writer.document.files.saving import save_text
from writer.document.files.text_file import fingerprint, open_text
from writer.errors import WriterError

disk = Path(sys.argv[1])
path = disk / "story.txt"
path.write_bytes(b"old")
subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
print(open_text(path, FileOps()).notice)
for name, expected in (("story.txt", fingerprint(path, FileOps())), ("new.txt", None)):
    try:
        save_text(disk / name, "new", TextFormat(), FileOps(), expected=expected, rescue=disk)
    except WriterError as error:
        print(error.message)
print(path.read_bytes())
"""


def test_d16_d18_a_read_only_disk_is_noticed_when_opening_and_when_saving(tmp_path: Path) -> None:
    disk = tmp_path / "cd"
    disk.mkdir()
    assert run_with_mount("size=64k", disk, READ_ONLY_DISK) == [
        "story.txt is write-protected: changes can be saved under another name.",
        "story.txt is write-protected, or its disk is.",
        f"Cannot save new.txt: the disk at {disk} is read-only.",
        "b'old'",
    ]
