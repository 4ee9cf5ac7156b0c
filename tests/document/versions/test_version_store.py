"""Kept versions: found again as they were, in order whatever the clock says, and through every failure."""

import itertools
import json
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.document.files.file_ops import FileOps
from writer.document.generation_record import GenerationRecord
from writer.document.provenance import Author, Run
from writer.document.versions.version_store import Reason, Version, VersionStore, VersionText, document_key
from writer.errors import WriterError

KEY = "draft-1"
NOW = datetime(2031, 5, 14, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)
RECORD = GenerationRecord("g1", "tiny", settings={"temperature": 0.5}, seed=7, time="2031-05-14T12:00:00+00:00")
OTHER_RECORD = GenerationRecord("g2", "tiny")


def human(text: str) -> list[Run]:
    return [Run(len(text), Author.HUMAN)] if text else []


def add(store: VersionStore, text: str, now: datetime = NOW, key: str = KEY, name: str = "") -> Version | None:
    return store.add(key, text, human(text), [], Reason.SAVE, now, name)


def texts(store: VersionStore, key: str = KEY) -> list[str]:
    """What the versions hold, newest first; every one must be readable."""
    return [store.read(version).text for version in store.list(key)]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def store(tmp_path: Path) -> VersionStore:
    return VersionStore(tmp_path / "versions", FileOps())


def test_a_version_gives_back_text_authorship_and_how_it_came_about(store: VersionStore) -> None:
    text = "Once 😀\u00a0\r\n\u2029 upon\ud800"
    runs = [Run(5, Author.HUMAN), Run(len(text) - 5, Author.MODEL, "g1")]
    version = store.add(KEY, text, runs, [OTHER_RECORD, RECORD], Reason.GENERATION, NOW, "First")
    assert version is not None
    assert store.list(KEY) == (version,)
    assert (version.reason, version.time, version.name) == (Reason.GENERATION, NOW, "First")
    assert (version.n_characters, version.n_words) == (len(text), len(text.split()))
    assert store.read(version) == VersionText(text, tuple(runs), (RECORD,))


@given(st.text(), st.data())
def test_any_text_and_authorship_come_back(tmp_path: Path, text: str, data: st.DataObject) -> None:
    store = VersionStore(tmp_path, FileOps())
    cuts = data.draw(st.sets(st.integers(1, max(1, len(text) - 1)), max_size=5)) if len(text) > 1 else set()
    places = [0, *sorted(cuts), len(text)]
    sources = itertools.cycle([(Author.HUMAN, None), (Author.MODEL, "g1"), (Author.MODEL, "g2")])
    runs = tuple(
        Run(end - start, *source) for (start, end), source in zip(itertools.pairwise(places), sources, strict=False)
    )
    runs = runs if text else ()
    version = store.add(KEY, text, runs, [RECORD, OTHER_RECORD], Reason.BY_HAND, NOW, "x")
    assert version is not None
    found = VersionStore(tmp_path, FileOps()).read(version)
    assert (found.text, found.runs) == (text, runs)
    assert {record.id for record in found.generations} == {run.generation for run in runs} - {None}


def test_two_surrogates_that_could_be_read_as_one_sign_stay_two(store: VersionStore) -> None:
    add(store, "\ud83d" + "\ude00")
    assert texts(store) == ["\ud83d" + "\ude00"]


def test_what_the_newest_holds_already_is_not_kept_again_unless_named(store: VersionStore, tmp_path: Path) -> None:
    assert add(store, "one") is not None
    assert add(store, "one", NOW + HOUR) is None
    assert store.add(KEY, "one", human("one"), [RECORD], Reason.SAVE, NOW) is None  # of a text that is gone
    named = add(store, "one", NOW + HOUR, name="Good")
    assert named is not None
    assert add(store, "two") is not None
    assert add(store, "one") is not None
    assert texts(store) == ["one", "two", "one", "one"]
    assert len(list(tmp_path.rglob("*.text"))) == 2


def test_other_authorship_of_the_same_text_is_another_version(store: VersionStore) -> None:
    add(store, "one")
    assert store.add(KEY, "one", [Run(3, Author.MODEL, "g1")], [RECORD], Reason.SAVE, NOW) is not None


def test_files_are_the_users_own(store: VersionStore, tmp_path: Path) -> None:
    add(store, "secret")
    for path in (tmp_path / "versions").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0
    assert (tmp_path / "versions").stat().st_mode & 0o077 == 0


def test_d34_versions_are_in_the_order_in_which_they_were_kept_though_the_clock_jumps(store: VersionStore) -> None:
    for text, now in (("one", NOW), ("two", NOW - YEAR), ("three", NOW + YEAR), ("four", NOW)):
        add(store, text, now)
    assert texts(store) == ["four", "three", "two", "one"]
    assert [version.sequence for version in store.list(KEY)] == [4, 3, 2, 1]
    store.thin(KEY, NOW - YEAR)
    store.thin(KEY, NOW + YEAR)
    assert texts(store) == ["four", "three", "two", "one"]


def test_d52_documents_of_one_name_in_different_folders_have_versions_of_their_own(tmp_path: Path) -> None:
    store = VersionStore(tmp_path / "versions", FileOps())
    paths = [tmp_path / folder / "story.txt" for folder in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.write_text("")
        add(store, f"in {path.parent.name}", key=document_key(path))
    assert [texts(store, document_key(path)) for path in paths] == [["in a"], ["in b"]]
    link = tmp_path / "link.txt"
    link.symlink_to(paths[0])
    assert document_key(link) == document_key(paths[0])
    assert document_key(tmp_path / "b" / ".." / "a" / "story.txt") == document_key(paths[0])


def test_a_name_is_given_changed_and_taken_away(store: VersionStore) -> None:
    version = add(store, "one")
    assert version is not None
    named = store.rename(version, "Chapter one, “sad”")
    assert store.list(KEY) == (named,)
    assert named.name == "Chapter one, “sad”"
    assert store.rename(named, "") == version
    assert store.list(KEY) == (version,)


def test_a_deleted_version_is_gone_and_its_text_only_when_no_other_has_it(store: VersionStore, tmp_path: Path) -> None:
    first, second, third = add(store, "one"), add(store, "two"), add(store, "one")
    assert first is not None
    assert second is not None
    assert third is not None
    store.delete(first)
    assert texts(store) == ["one", "two"]
    store.delete(third)
    assert texts(store) == ["two"]
    assert len(files(tmp_path)) == 2
    with pytest.raises(WriterError, match="not there any more"):
        store.rename(first, "back")
    assert store.list(KEY) == (second,)
    store.delete(first)
    store.delete(second)
    assert files(tmp_path) == []


def test_a_key_that_leads_elsewhere_is_refused(store: VersionStore) -> None:
    for key in ("", "..", "a/b", "a" * 65, "a\n"):
        with pytest.raises(ValueError, match="no key"):
            store.list(key)


def test_bytes_of_another_program_are_kept_whatever_they_are(store: VersionStore) -> None:
    store.add_bytes(KEY, "naïve\r\nend".encode(), NOW)
    assert texts(store) == ["naïve\nend"]
    binary = b"\x7fELF\x00\x01\xff" + bytes(range(256))
    version = store.add_bytes(KEY, binary, NOW)
    assert version is not None
    assert version.reason == Reason.OTHER_PROGRAM
    assert texts(store)[0].encode("latin-1") == binary


# -- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damaged",
    [b"", b"{", b"[]", b"\xff", b"{}", b"[" * 100_000, b'{"time":"2031-05-14T12:00:00","reason":"save"}', None],
    ids=["empty", "cut", "array", "no UTF-8", "no field", "deep", "few fields", "no zone"],
)
def test_a_version_whose_details_are_damaged_is_still_there_in_its_place_and_stays(
    store: VersionStore, tmp_path: Path, damaged: bytes | None
) -> None:
    for text in ("one", "two", "three"):
        add(store, text, NOW - 2 * YEAR)
    path = sorted(tmp_path.rglob("*.json"))[1]
    if damaged is None:  # a time that does not say in which zone
        values = json.loads(path.read_bytes())
        damaged = json.dumps({**values, "time": "2031-05-14T12:00:00"}).encode()
    path.write_bytes(damaged)
    for n in range(40):
        add(store, f"later {n}", NOW - YEAR)
    store.thin(KEY, NOW)
    assert texts(store)[-2:] == ["three", "two"]  # of that week the newest, and the one that may have had a name
    assert [version.name for version in store.list(KEY)][-2:] == ["", "(details lost)"]


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-3], lambda data: bytes(reversed(data))])
def test_a_damaged_text_is_told_and_keeping_the_same_heals_it(
    store: VersionStore, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    version = add(store, "Once upon a time " * 20)
    assert version is not None
    path = next(tmp_path.rglob("*.text"))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(WriterError, match="damaged"):
        store.read(version)
    add(store, "other")
    assert texts_or_damage(store) == ["other", None]
    add(store, "Once upon a time " * 20)
    assert store.read(version).text == "Once upon a time " * 20


def texts_or_damage(store: VersionStore) -> list[str | None]:
    found: list[str | None] = []
    for version in store.list(KEY):
        try:
            found.append(store.read(version).text)
        except WriterError:
            found.append(None)
    return found


def test_files_of_others_in_the_folder_are_left_alone(store: VersionStore, tmp_path: Path) -> None:
    add(store, "one")
    stranger = tmp_path / "versions" / KEY / "notes.txt"
    stranger.write_text("mine")
    os.utime(stranger, (0, 0))
    store.thin(KEY, NOW)
    assert stranger.read_text() == "mine"
    assert texts(store) == ["one"]


# -- adopting --------------------------------------------------------------------------------------------------------


def test_a_draft_that_gets_a_file_takes_its_versions_along(store: VersionStore, tmp_path: Path) -> None:
    for text in ("one", "two"):
        add(store, text)
    before = store.list(KEY)
    store.adopt(KEY, "file")
    assert store.list(KEY) == ()
    assert texts(store, "file") == ["two", "one"]
    assert [version.sequence for version in store.list("file")] == [version.sequence for version in before]
    store.adopt("nothing", "file")
    store.adopt("file", "file")
    assert texts(store, "file") == ["two", "one"]


@pytest.mark.parametrize("keep_old", [False, True])
def test_versions_that_come_to_others_are_newer_than_those(store: VersionStore, keep_old: bool) -> None:
    for n, text in enumerate(("one", "two", "three")):
        add(store, text, NOW + n * HOUR, name="named" if n == 1 else "")
    for text in ("two", "far"):
        add(store, text, NOW + YEAR, key="file")
    for _ in range(2):  # a second time brings nothing again
        store.adopt(KEY, "file", keep_old=keep_old)
        assert texts(store, "file") == ["three", "two", "one", "far", "two"]
        assert [version.name for version in store.list("file")] == ["", "named", "", "", ""]
        assert texts(store) == (["three", "two", "one"] if keep_old else [])


# -- caps and leftovers ----------------------------------------------------------------------------------------------


class Counting(FileOps):
    """Counts descriptors that are open."""

    def __init__(self) -> None:
        self.n_open = 0

    def create(self, path: Path, mode: int = 0o600) -> int:
        descriptor = super().create(path, mode)
        self.n_open += 1
        return descriptor

    def close(self, descriptor: int) -> None:
        super().close(descriptor)
        self.n_open -= 1

    def sync(self, descriptor: int) -> None:
        pass

    def sync_folder(self, folder: Path) -> None:
        pass


def keep_many(folder: Path, n_versions: int, max_versions: int, max_bytes: int) -> None:
    ops = Counting()
    store = VersionStore(folder, ops, max_bytes=max_bytes, max_versions=max_versions)
    chance = random.Random(3)
    named = set()
    n_descriptors = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    for n in range(n_versions):
        text = f"{n} {chance.randbytes(200).hex()}"
        name = "keep" if n % (n_versions // 3) == 7 else ""
        named |= {text} if name else set()
        version = add(store, text, NOW + n * timedelta(seconds=20), name=name)
        assert version is not None
        assert version.sequence == n + 1
        if n % 50 == 0 or n == n_versions - 1:
            found = files(folder)
            assert len(found) <= 2 * max_versions
            assert sum(path.stat().st_size for path in found if path.suffix == ".text") <= max_bytes
            assert {path.suffix for path in found} == {".json", ".text"}
    assert ops.n_open == 0
    if n_descriptors:
        assert len(os.listdir("/proc/self/fd")) <= n_descriptors
    kept = texts(store)
    assert kept[0] == text
    assert named <= set(kept)


def test_d57_hundreds_of_versions_stay_within_the_caps_and_leave_nothing_behind(tmp_path: Path) -> None:
    keep_many(tmp_path / "by number", 300, max_versions=60, max_bytes=10**9)
    keep_many(tmp_path / "by size", 150, max_versions=10**6, max_bytes=9_000)


@pytest.mark.long
def test_d57_ten_thousand_versions_stay_within_the_caps_and_leave_nothing_behind(tmp_path: Path) -> None:
    keep_many(tmp_path / "by number", 10_000, max_versions=100, max_bytes=10**9)
    keep_many(tmp_path / "by size", 10_000, max_versions=10**6, max_bytes=30_000)


def test_leftovers_go_once_they_are_a_day_old_and_nothing_else(store: VersionStore, tmp_path: Path) -> None:
    add(store, "one")
    folder = tmp_path / "versions" / KEY
    unused = folder / f"{'a' * 64}.text"
    staged = folder / ".x.json.0123abcd.writer-tmp"
    for path in (unused, staged):
        path.write_text("")
    written = datetime.fromtimestamp(unused.stat().st_mtime, UTC)
    store.thin(KEY, written + 23 * HOUR)
    assert unused.exists()
    assert staged.exists()
    store.thin(KEY, written + 25 * HOUR)
    assert len(files(folder)) == 2
    assert texts(store) == ["one"]


def test_thinning_says_how_many_went(store: VersionStore) -> None:
    for n in range(50):
        add(store, f"text {n}", NOW - YEAR + timedelta(seconds=n))
    assert store.thin(KEY, NOW) == 20
    assert store.thin(KEY, NOW) == 0
    assert texts(store) == [f"text {n}" for n in range(49, 19, -1)]


# -- failures --------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is dead: nothing after it happens."""


class FailingOps(FileOps):
    """Refuses its n-th call, or dies there and does nothing more."""

    def __init__(self, nth: int, *, dies: bool) -> None:
        self.n_left, self.dies, self.failed = nth, dies, False
        for name in vars(FileOps):
            if not name.startswith("_") and name not in ("write_all", "closing", "kind", "replace", "monotonic"):
                setattr(self, name, self._counted(getattr(super(), name)))

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any) -> Any:
            self.n_left -= 1
            if self.n_left == 0 or (self.failed and self.dies):
                self.failed = True
                raise Killed if self.dies else OSError(5, "Input/output error")
            return call(*args)

        return counted


def prepare(folder: Path, n_versions: int) -> None:
    store = VersionStore(folder, FileOps())
    for n in range(n_versions):
        add(store, f"text {n}", NOW - YEAR + timedelta(seconds=n), name="named" if n == 2 else "")
    for n in range(3):
        add(store, f"text {n + n_versions - 2}", NOW, key="file")


def keep_one(store: VersionStore) -> None:
    add(store, "the newest", NOW)


def thin(store: VersionStore) -> None:
    store.thin(KEY, NOW)


def merge(store: VersionStore) -> None:
    store.adopt(KEY, "file")


def move(store: VersionStore) -> None:
    store.adopt(KEY, "elsewhere")


def rename(store: VersionStore) -> None:
    store.rename(store.list(KEY)[-3], "renamed")


def keep_one_too_many(store: VersionStore) -> None:
    narrow = VersionStore(store._folder, store._ops, max_versions=3)
    add(narrow, "the newest", NOW)
    narrow.thin(KEY, NOW)


def details(store: VersionStore) -> list[tuple[str, str]]:
    """(text, name) of all versions there are."""
    keys = (KEY, "file", "elsewhere")
    return [(store.read(version).text, version.name) for key in keys for version in store.list(key)]


@pytest.mark.parametrize("dies", [False, True], ids=["refused", "killed"])
@pytest.mark.parametrize(
    ("work", "n_versions"), [(keep_one, 4), (keep_one_too_many, 4), (thin, 33), (merge, 4), (move, 4), (rename, 4)]
)
def test_a_failure_at_any_call_loses_no_version_and_leaves_all_readable(
    tmp_path: Path, work: Callable[[VersionStore], None], n_versions: int, dies: bool
) -> None:
    template = tmp_path / "template"
    prepare(template, n_versions)
    before = details(VersionStore(template, FileOps()))
    copy_tree(template, tmp_path / "done")
    work(VersionStore(tmp_path / "done", FileOps()))
    after = details(VersionStore(tmp_path / "done", FileOps()))
    must_stay = {text for text, _ in before} & {text for text, _ in after}
    names = {name for _, name in before} & {name for _, name in after}
    for nth in itertools.count(1):
        folder = tmp_path / str(nth)
        copy_tree(template, folder)
        ops = FailingOps(nth, dies=dies)
        returned = False
        try:
            work(VersionStore(folder, ops))
            returned = True
        except (WriterError, Killed):
            assert ops.failed
        store = VersionStore(folder, FileOps())
        found = details(store)
        assert {text for text, _ in found} >= must_stay
        assert {name for _, name in found} >= names
        assert {text for text, _ in found} <= {text for text, _ in [*before, *after]}
        if returned and work is keep_one:
            assert texts(store)[0] == "the newest"
        work(store)  # once more, and it is as if nothing had happened
        assert {text for text, _ in details(store)} == {text for text, _ in after}
        if not ops.failed:
            assert nth > 4
            break


def copy_tree(source: Path, target: Path) -> None:
    for path in files(source):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, copy)  # files are replaced, never changed


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "versions").write_text("a file")
    store = VersionStore(tmp_path / "versions", FileOps())
    with pytest.raises(WriterError, match="Cannot keep a version of this text"):
        add(store, "one")


class Unremoving(FileOps):
    def remove(self, path: Path) -> None:
        raise PermissionError(13, "Permission denied")


def test_a_version_is_kept_although_older_ones_cannot_go(tmp_path: Path) -> None:
    store = VersionStore(tmp_path, Unremoving(), max_versions=2)
    assert all(add(store, text) is not None for text in ("one", "two", "three"))
    assert texts(store) == ["three", "two", "one"]
    with pytest.raises(WriterError, match="Cannot thin the versions of this text: Permission denied"):
        store.thin(KEY, NOW)
