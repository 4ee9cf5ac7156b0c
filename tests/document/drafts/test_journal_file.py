"""Where journals may be kept, who may see them, and which process has one."""

import errno
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from tests.document.child import NOBODY, folder_for, run_in_child
from tests.document.draft_bench import NOON, Bench, journals
from tests.document.faulty_ops import RefusingOps, files_in
from writer.document.drafts.journal import Draft
from writer.document.drafts.journal_file import JournalFile, is_in_use, lock_path, next_order
from writer.document.drafts.journal_notice import JournalStatus
from writer.document.drafts.recovery import list_drafts
from writer.document.files.file_ops import FileOps


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "writer-test", folder]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


# -- the folder --------------------------------------------------------------------------------------------------------


def test_d51_a_missing_folder_is_made_for_nobody_elses_eyes(tmp_path: Path) -> None:
    old_mask = os.umask(0)
    try:
        bench = Bench(tmp_path / "state" / "recovery")
        bench.type("Once")
        bench.wait(0.4)
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE((tmp_path / "state" / "recovery").stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state" / "recovery").iterdir()}
    assert modes == {0o600}
    bench.assert_recovered_is_document()


def test_d51_a_folder_open_to_others_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    bench = Bench(tmp_path)
    bench.type("Once")
    bench.wait(0.4)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def write_elsewhere(spoil: Callable[[Path], object], root: Path) -> list[tuple[JournalStatus, str]]:
    """Types into a draft whose first folder is spoilt, and checks that it is kept in the second; what was told."""
    folder, fallback = root / "recovery", root / "fallback"
    spoil(folder)
    bench = Bench(folder, fallback)
    for n in range(5):
        bench.type(f"{n} ")
        bench.wait(70)
    assert bench.drafts()[0].journal.parent == fallback
    bench.assert_recovered_is_document()
    for n in range(3):
        bench.journal.mark(n)
        bench.type("more")
        bench.journal.saved(n, bench.draft)
        bench.wait(10)
        bench.journal.mark(100 + n)
        bench.journal.saved(100 + n, bench.draft)
        bench.type("!")
        bench.wait(10)
    bench.assert_recovered_is_document()
    assert stat.S_IMODE(fallback.stat().st_mode) == 0o700
    assert bench.journal.close(keep=True)
    return [
        (notice.status, notice.message.replace(str(fallback), "FALLBACK").replace(str(folder), "FOLDER"))
        for notice in bench.notices
    ]


def test_d51_an_unwritable_folder_is_told_once_and_another_one_stands_in() -> None:
    def spoil(folder: Path) -> None:
        folder.mkdir()
        folder.chmod(0o500)

    with folder_for(NOBODY) as root:
        told = run_in_child(lambda: write_elsewhere(spoil, root), user=NOBODY)
    expected = "Unsaved text is kept in FALLBACK for now: Writer may not write in FOLDER."
    assert told == [(JournalStatus.KEPT_ELSEWHERE, expected)]


def test_d51_a_folder_that_cannot_be_made_is_told_once_and_another_one_stands_in() -> None:
    def spoil(folder: Path) -> None:
        folder.parent.chmod(0o500)

    with folder_for(NOBODY) as root:
        (root / "inner").mkdir()
        if os.geteuid() == 0:
            os.chown(root / "inner", NOBODY, NOBODY)

        def work() -> object:
            (root / "inner").chmod(0o500)
            bench = Bench(root / "inner" / "recovery", root / "fallback")
            bench.type("Once")
            bench.wait(10)
            bench.assert_recovered_is_document()
            return bench.statuses

        assert run_in_child(work, user=NOBODY) == [JournalStatus.KEPT_ELSEWHERE]


def test_d51_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    told = write_elsewhere(lambda folder: folder.symlink_to(elsewhere), tmp_path)
    assert told == [(JournalStatus.KEPT_ELSEWHERE, "Unsaved text is kept in FALLBACK for now: FOLDER is a link.")]
    assert files_in(elsewhere) == {}


def test_d51_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    told = write_elsewhere(lambda folder: folder.write_bytes(b"mine"), tmp_path)
    assert [status for status, _ in told] == [JournalStatus.KEPT_ELSEWHERE]
    assert (tmp_path / "recovery").read_bytes() == b"mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_d51_a_folder_of_another_user_is_neither_written_nor_read(tmp_path: Path) -> None:
    def spoil(folder: Path) -> None:
        other = Bench(folder, draft=Draft("f00d", "Trap"))
        other.type("Trap")
        assert other.journal.close(keep=True)
        os.chown(folder, NOBODY, NOBODY)

    told = write_elsewhere(spoil, tmp_path)
    assert told[0][1] == "Unsaved text is kept in FALLBACK for now: Writer may not write in FOLDER."
    assert list_drafts([tmp_path / "recovery"], FileOps()) == []
    os.chown(tmp_path / "recovery", 0, 0)
    assert len(list_drafts([tmp_path / "recovery"], FileOps())) == 1, "it was there to be read"


def test_d51_a_full_disk_is_told_once_and_another_folder_stands_in(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(50_000))
    folder, fallback = small_disk / "recovery", small_disk.parent / "fallback"
    bench = Bench(folder, fallback)
    for n in range(400):
        bench.type(f"{n} and {n} are {2 * n}; ", at=0)
        bench.wait(1)
    bench.assert_recovered_is_document()
    assert bench.drafts()[0].journal.parent == fallback
    assert journals(folder) == [], "an old one would only take up room"
    expected = f"Unsaved text is kept in {fallback} for now: there is no space left for {folder}."
    assert [notice.message for notice in bench.notices] == [expected]


def test_d12_a_full_disk_without_another_folder_takes_the_rest_when_there_is_room(small_disk: Path) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(bytes(45_000))
    bench = Bench(small_disk / "recovery")
    for n in range(400):
        bench.type(f"{n} and {n} are {2 * n}; ", at=0)
        bench.wait(1)
    assert bench.statuses == [JournalStatus.NOT_KEPT]
    assert bench.document.text.endswith(bench.recovered().text)
    assert not bench.journal.sync()
    filler.unlink()
    assert bench.journal.sync()
    assert bench.statuses == [JournalStatus.NOT_KEPT, JournalStatus.KEPT]
    bench.assert_recovered_is_document()
    assert bench.journal.close(keep=False)


def test_the_first_folder_is_used_again_after_a_save(tmp_path: Path) -> None:
    folder = tmp_path / "recovery"
    folder.write_bytes(b"")
    bench = Bench(folder, tmp_path / "fallback")
    bench.type("Once")
    bench.wait(1)
    folder.unlink()
    bench.journal.mark(1)
    bench.journal.saved(1, bench.draft)
    bench.type(" upon")
    bench.wait(1)
    assert bench.statuses == [JournalStatus.KEPT_ELSEWHERE, JournalStatus.KEPT]
    assert [draft.journal.parent for draft in bench.drafts()] == [folder]


# -- files -------------------------------------------------------------------------------------------------------------


def test_d52_documents_of_one_name_have_a_journal_each(tmp_path: Path) -> None:
    benches = [
        Bench(tmp_path, draft=Draft(draft_id, "story.txt", Path(place) / "story.txt"))
        for draft_id, place in (("aa", "/home/a"), ("bb", "/home/b"))
    ]
    for bench in benches:
        bench.type(f"of {bench.draft.id}")
        bench.wait(0.4)
    found = list_drafts([tmp_path], FileOps())
    assert {draft.path: draft.n_words for draft in found} == {
        Path("/home/a/story.txt"): 2,
        Path("/home/b/story.txt"): 2,
    }
    assert len({draft.journal for draft in found}) == 2
    assert [draft.id for draft in found] == ["bb", "aa"]


def test_a_number_is_above_those_of_all_folders(tmp_path: Path) -> None:
    names = ["00000007-a.journal", "00000012-b.journal", "99999999-c.txt", "x-d.journal", "00000099-e.journal.lock"]
    for n, name in enumerate(names):
        (tmp_path / f"f{n}").mkdir()
        (tmp_path / f"f{n}" / name).write_bytes(b"")
    folders = [tmp_path / "missing", *(tmp_path / f"f{n}" for n in range(len(names)))]
    assert next_order(folders, FileOps()) == 13
    assert next_order([], FileOps()) == 1


def test_a_journal_is_in_use_until_it_is_closed(tmp_path: Path) -> None:
    file = JournalFile(tmp_path, "ab", 1, b"one\n", FileOps())
    assert is_in_use(file.path)
    with pytest.raises(Timeout):
        JournalFile(tmp_path, "ab", 2, b"two\n", FileOps())
    file.append(b"more\n")
    file.close()
    assert not is_in_use(file.path)
    assert files_in(tmp_path) == {"00000001-ab.journal": b"one\nmore\n"}


def test_a_lock_that_a_dead_process_left_holds_nothing(tmp_path: Path) -> None:
    journal = tmp_path / "00000001-ab.journal"
    code = f"import os, filelock; filelock.FileLock({str(lock_path(journal))!r}).acquire(); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 9
    assert lock_path(journal).exists()
    assert not is_in_use(journal)


def test_d30_two_that_take_up_one_draft_become_two_drafts(tmp_path: Path) -> None:
    first = Bench(tmp_path, text="", saved=False)
    first.type("Once")
    first.wait(1)
    second = Bench(tmp_path, text="", saved=False)
    second.type("Twice")
    second.wait(1)
    assert {draft.id == first.draft.id for draft in list_drafts([tmp_path], FileOps())} == {True, False}
    assert second.notices == []
    second.assert_recovered_is_document()
    first.type(" upon")
    assert first.journal.sync()
    texts = [path.read_bytes() for path in journals(tmp_path)]
    assert [b"Once" in text for text in texts] == [True, False]


def test_a_listing_that_holds_the_lock_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    lock = FileLock(lock_path(tmp_path / "00000001-ab12.journal"), thread_local=False)
    lock.acquire()
    threading.Timer(0.08, lock.release).start()
    bench = Bench(tmp_path)
    bench.type("Once")
    bench.wait(1)
    assert bench.drafts()[0].id == bench.draft.id


@pytest.mark.parametrize("name", ["open_to_append", "replace_at_once", "sync", "create", "write", "sync_folder"])
def test_a_file_that_cannot_be_made_leaves_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError, match="Input/output error"):
        JournalFile(tmp_path, "ab", 1, b"one\n", RefusingOps({name: errno.EIO}))
    assert files_in(tmp_path) == {}


@pytest.mark.parametrize("name", ["open_to_append", "replace_at_once", "sync", "create", "write", "sync_folder"])
def test_a_place_that_cannot_be_taken_over_keeps_what_it_held_or_has_the_new(tmp_path: Path, name: str) -> None:
    old = tmp_path / "00000001-ab.journal"
    old.write_bytes(b"one\n")
    with pytest.raises(OSError, match="Input/output error"):
        JournalFile(tmp_path, "ab", 2, b"one\ntwo\n", RefusingOps({name: errno.EIO}), over=old)
    (content,) = files_in(tmp_path).values()
    assert content in (b"one\n", b"one\ntwo\n")


def test_a_place_taken_over_whose_name_cannot_be_changed_keeps_it(tmp_path: Path) -> None:
    class NamesOnce(FileOps):
        n = 0

        def replace_at_once(self, source: Path, target: Path) -> None:
            self.n += 1
            if self.n > 1:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            super().replace_at_once(source, target)

    old = tmp_path / "00000001-ab.journal"
    old.write_bytes(b"one\n")
    file = JournalFile(tmp_path, "ab", 2, b"two\n", NamesOnce(), over=old)
    file.append(b"more\n")
    file.close()
    assert files_in(tmp_path) == {"00000001-ab.journal": b"two\nmore\n"}


def test_the_trash_keeps_what_a_journal_held(tmp_path: Path) -> None:
    file = JournalFile(tmp_path, "ab", 1, b"one\n", FileOps())
    file.move_to_trash(NOON)
    assert files_in(tmp_path) == {"trash/20310504T120000Z-00000001-ab.journal": b"one\n"}
    assert stat.S_IMODE((tmp_path / "trash").stat().st_mode) == 0o700
