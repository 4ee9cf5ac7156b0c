"""Kept takes: found again as they were, through restarts, new names of their text, and every failure of the disk."""

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from tests.document.faulty_ops import CountingOps
from tests.document.takes.kept import GENERATION, KEY, A, B, C, file_of, loaded, take
from writer.document.files.file_ops import FileOps
from writer.document.takes import take_store
from writer.document.takes.take_lines import change_line, take_lines
from writer.document.takes.take_record import Fate
from writer.document.takes.take_store import TakeStore
from writer.errors import WriterError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "takes"


@pytest.fixture
def store(folder: Path) -> TakeStore:
    return TakeStore(folder, FileOps())


# -- there and back ----------------------------------------------------------------------------------------------------


def test_takes_survive_a_restart_in_the_order_in_which_they_were_kept(store: TakeStore, folder: Path) -> None:
    store.add(KEY, [A, B])
    store.add("other", [take("x")])
    store.add(KEY, [])
    store.add(KEY, [C])
    assert loaded(folder) == store.load(KEY) == [A, B, C]
    assert loaded(folder, "other") == [take("x")]


def test_what_became_of_a_take_survives_too(store: TakeStore, folder: Path) -> None:
    store.add(KEY, [A, B, C])
    store.set_fates(KEY, {"a": Fate.ACCEPTED})
    store.set_pinned(KEY, "b", True)
    store.set_fates(KEY, {"a": Fate.PARTLY, "c": Fate.OPEN})
    store.set_fates(KEY, {})
    store.set_pinned(KEY, "c", True)
    store.set_pinned(KEY, "c", False)
    assert loaded(folder) == [
        replace(A, fate=Fate.PARTLY),
        replace(B, is_pinned=True),
        replace(C, fate=Fate.OPEN),
    ]


@given(text=st.text(st.characters(codec=None)) | st.sampled_from(["\ud83d\ude00", "\n\n", "\u2028", "\x00"]))
def test_any_text_comes_back(text: str, folder: Path) -> None:
    record = replace(A, text=text, before=text)
    file_of(folder).unlink(missing_ok=True)
    TakeStore(folder, FileOps()).add(KEY, [record, B])
    assert loaded(folder) == [record, B]


def test_a_take_kept_again_takes_its_own_place(store: TakeStore, folder: Path) -> None:
    store.add(KEY, [A, B])
    store.add(KEY, [replace(A, text="longer now"), B])
    assert loaded(folder) == [replace(A, text="longer now"), B]


def test_a_setting_that_json_has_no_form_for_does_not_keep_a_take_off_the_disk(store: TakeStore, folder: Path) -> None:
    store.add(KEY, [replace(A, generation=replace(GENERATION, settings={"odd": {1}}))])
    assert loaded(folder)[0].text == A.text


def test_nothing_is_made_where_nothing_is_kept(store: TakeStore, folder: Path) -> None:
    assert store.load(KEY) == []
    store.add(KEY, [])
    store.set_fates(KEY, {"a": Fate.ACCEPTED})
    store.set_pinned(KEY, "a", True)
    store.move(KEY, "other")
    store.erase(KEY, "a")
    store.erase_all(KEY)
    assert not folder.parent.exists()
    store.add(KEY, [A])
    store.set_fates(KEY, {"never kept": Fate.ACCEPTED})
    assert loaded(folder) == [A]


def test_takes_are_the_users_own(store: TakeStore, folder: Path) -> None:
    old = os.umask(0)
    try:
        store.add(KEY, [A])
        store.add(KEY, [B])
    finally:
        os.umask(old)
    assert folder.stat().st_mode & 0o777 == folder.parent.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("key", ["", "../up", "a/b", ".hidden", "x" * 65])
def test_what_is_no_key_leads_nowhere(key: str, store: TakeStore) -> None:
    for act in (lambda: store.load(key), lambda: store.add(key, [A]), lambda: store.move(KEY, key)):
        with pytest.raises(ValueError, match="no key"):
            act()


# -- erasing -----------------------------------------------------------------------------------------------------------


def secret_in(folder: Path) -> bool:
    return any(b"secret" in path.read_bytes() for path in folder.iterdir())


def test_a_take_that_is_erased_is_gone_from_the_disk_and_the_others_stay(store: TakeStore, folder: Path) -> None:
    store.add(KEY, [A, take("s", "a secret"), B, take("grown", parent="s")])
    store.set_pinned(KEY, "s", True)
    store.add(KEY, [take("s", "a longer secret")])
    store.set_pinned(KEY, "b", True)
    assert secret_in(folder)
    store.erase(KEY, "s")
    assert not secret_in(folder)
    expected = [A, replace(B, is_pinned=True), take("grown", parent="s")]
    assert loaded(folder) == expected
    store.erase(KEY, "s")
    store.erase(KEY, "never kept")
    store.add(KEY, [C])
    assert loaded(folder) == [*expected, C]


def test_what_another_version_wrote_stays_when_one_take_is_erased(store: TakeStore, folder: Path) -> None:
    store.add(KEY, [A, B])
    with file_of(folder).open("ab") as file:
        file.write(b"what is this?\n")
    store.erase(KEY, "a")
    assert loaded(folder) == [B]
    assert b"what is this?" in file_of(folder).read_bytes()


def test_erasing_all_leaves_nothing_of_this_text_and_all_of_others(store: TakeStore, folder: Path) -> None:
    store.add(KEY, [A, take("s", "a secret")])
    store.add("other", [C])
    with file_of(folder).open("ab") as file:
        file.write(b"a secret on a line that is damaged")
    (folder / f".{KEY}.takes.0123abcd.writer-tmp").write_bytes(b"a secret left by a process that was killed")
    store.erase_all(KEY)
    assert not secret_in(folder)
    assert {path.name for path in folder.iterdir()} == {".lock", "other.takes"}
    assert loaded(folder) == []
    assert loaded(folder, "other") == [C]
    store.add(KEY, [B])
    assert loaded(folder) == [B]


# -- a file that grows -------------------------------------------------------------------------------------------------


def test_what_later_lines_have_replaced_goes_when_it_is_much(
    store: TakeStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("writer.document.takes.take_lines._MUCH", 600)
    store.add(KEY, [A, B])
    for number in range(9):
        store.set_pinned(KEY, "a", number % 2 == 0)
    before = file_of(folder).read_bytes()
    assert store.load(KEY) == [replace(A, is_pinned=True), B]
    assert file_of(folder).read_bytes() == before, "not worth it yet"
    for number in range(9):
        store.set_pinned(KEY, "b", number % 2 == 0)
    expected = [replace(A, is_pinned=True), replace(B, is_pinned=True)]
    assert store.load(KEY) == expected
    assert file_of(folder).read_bytes() == take_lines(expected)
    store.add(KEY, [C])
    assert loaded(folder) == [*expected, C]


def test_a_large_file_with_little_to_gain_stays_as_it_is(folder: Path) -> None:
    many = [take(str(number), "x" * 500) for number in range(1_000)]
    changes = b"".join(change_line(str(number), {"fate": "refused"}) for number in range(1_000)) * 2
    folder.mkdir(parents=True)
    file_of(folder).write_bytes(take_lines(many) + changes)
    assert len(changes) > 2 * 64 * 2**10
    ops = CountingOps()
    assert len(TakeStore(folder, ops).load(KEY)) == 1_000
    assert ops.calls == ["read"]


# -- another name ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep_old", [False, True])
def test_takes_go_with_their_text_to_its_new_name(keep_old: bool, store: TakeStore, folder: Path) -> None:
    store.add(KEY, [A, B])
    store.set_fates(KEY, {"b": Fate.ACCEPTED})
    store.move(KEY, "story", keep_old=keep_old)
    expected = [A, replace(B, fate=Fate.ACCEPTED)]
    assert loaded(folder, "story") == expected
    assert loaded(folder) == (expected if keep_old else [])
    store.move("story", "story")
    assert loaded(folder, "story") == expected


def test_takes_of_a_text_that_takes_anothers_place_follow_those_that_are_there(store: TakeStore, folder: Path) -> None:
    store.add("story", [take("x"), A])
    store.add(KEY, [replace(A, fate=Fate.ACCEPTED), B])
    store.move(KEY, "story")
    assert loaded(folder, "story") == [take("x"), A, B]
    assert loaded(folder) == []
    assert not file_of(folder).exists()


# -- several at once ---------------------------------------------------------------------------------------------------


def test_threads_may_share_a_store(store: TakeStore, folder: Path) -> None:
    def work(name: str) -> None:
        for number in range(20):
            store.add(KEY, [take(f"{name}{number}")])
            store.set_pinned(KEY, f"{name}{number}", True)

    threads = [threading.Thread(target=work, args=(name,)) for name in "xyz"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = loaded(folder)
    assert {record.id for record in found} == {f"{name}{number}" for name in "xyz" for number in range(20)}
    assert all(record.is_pinned for record in found)


class OneAtATime(FileOps):
    """`n_at_most`: how many threads were at a file at once."""

    n_now = n_at_most = 0

    def open_to_append(self, path: Path) -> int:
        self.n_now += 1
        self.n_at_most = max(self.n_at_most, self.n_now)
        time.sleep(0.02)
        self.n_now -= 1
        return super().open_to_append(path)


def test_threads_wait_for_each_other_also_where_files_have_no_locks(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(FileLock, "acquire", refuse)
    ops = OneAtATime()
    store = TakeStore(folder, ops)
    threads = [threading.Thread(target=store.add, args=(KEY, [record])) for record in (A, B, C)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ops.n_at_most == 1
    assert {record.id for record in loaded(folder)} == {"a", "b", "c"}


def test_d30_while_another_writer_is_at_the_takes_nothing_is_written(
    store: TakeStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_store, "_PATIENCE_S", 0.1)
    store.add(KEY, [A])
    with FileLock(folder / ".lock"):
        assert store.load(KEY) == [A]
        with pytest.raises(WriterError, match="another Writer"):
            store.add(KEY, [B])
    assert loaded(folder) == [A]
    store.add(KEY, [B])
    assert loaded(folder) == [A, B]
