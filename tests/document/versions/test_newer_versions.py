"""Versions that a newer Writer has kept: shown as far as they are known, and left as they are."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from writer.document.files.file_ops import FileOps
from writer.document.provenance import Author, Run
from writer.document.versions.packing import compress, to_bytes
from writer.document.versions.version_record import Reason, Version, content_id
from writer.document.versions.version_store import VersionStore
from writer.errors import WriterError

KEY = "draft-1"
NOW = datetime(2031, 5, 14, 12, 0, tzinfo=UTC)
YEAR = timedelta(days=365)


@pytest.fixture
def store(tmp_path: Path) -> VersionStore:
    return VersionStore(tmp_path / "versions", FileOps())


def add(store: VersionStore, text: str, now: datetime = NOW, name: str = "") -> Version:
    version = store.add(KEY, text, [Run(len(text), Author.HUMAN)], [], Reason.SAVE, now, name)
    assert version is not None
    return version


def texts(store: VersionStore) -> list[str]:
    return [store.read(version).text for version in store.list(KEY)]


def make_newer(path: Path, **fields: object) -> bytes:
    """As a newer Writer would have written the record in `path`."""
    path.write_bytes(json.dumps({**json.loads(path.read_bytes()), "format": 2, "colour": "red", **fields}).encode())
    return path.read_bytes()


def test_a_record_of_a_newer_writer_is_told_as_far_as_it_is_known(store: VersionStore, tmp_path: Path) -> None:
    version = add(store, "one", name="First")
    make_newer(next(tmp_path.rglob("*.json")))
    assert store.list(KEY) == (replace(version, is_from_newer=True),)


@pytest.mark.parametrize("fields", [{}, {"format": 1, "reason": "a-new-one"}, {"time": {"when": "then"}}], ids=str)
def test_p03_versions_of_a_newer_writer_are_left_as_they_are(
    store: VersionStore, tmp_path: Path, fields: dict[str, object]
) -> None:
    for n in range(3):
        add(store, f"newer {n}", NOW - 2 * YEAR)
    newer = {path: make_newer(path, **fields) for path in tmp_path.rglob("*.json")}
    small = VersionStore(tmp_path / "versions", FileOps(), max_versions=10)
    for n in range(60):
        add(small, f"text {n}", NOW - YEAR + timedelta(minutes=n))
    small.thin(KEY, NOW)
    kept = [version for version in small.list(KEY) if version.is_from_newer]
    assert len(kept) == 3
    assert len(small.list(KEY)) <= 13
    for version in kept:
        assert small.read(version).text.startswith("newer")
        with pytest.raises(WriterError, match="newer Writer kept this version"):
            small.rename(version, "mine")
    assert all(path.read_bytes() == data for path, data in newer.items())
    small.delete(kept[0])  # the writer's own word
    assert len([version for version in small.list(KEY) if version.is_from_newer]) == 2


def test_p03_the_schedule_does_not_thin_those_of_a_newer_writer(store: VersionStore, tmp_path: Path) -> None:
    for n in range(3):
        add(store, f"newer {n}", NOW - 2 * YEAR)
    for path in tmp_path.rglob("*.json"):
        make_newer(path)
    for n in range(40):
        add(store, f"text {n}", NOW - YEAR)
    assert store.thin(KEY, NOW) == 10
    assert [text for text in texts(store) if text.startswith("newer")] == ["newer 2", "newer 1", "newer 0"]


def test_p03_a_text_of_a_newer_format_is_refused_and_stays(store: VersionStore, tmp_path: Path) -> None:
    add(store, "one")
    data = to_bytes({"format": 2, "paragraphs": ["one"]})
    name = content_id(data)
    [record], [content] = tmp_path.rglob("*.json"), tmp_path.rglob("*.text")
    record.rename(record.with_name(f"00000001-{name}.json"))
    content.unlink()
    newer = content.with_name(f"{name}.text")
    newer.write_bytes(compress(data))
    [found] = store.list(KEY)
    with pytest.raises(WriterError, match="newer Writer kept this version, and this one cannot read it"):
        store.read(found)
    add(store, "two")
    store.thin(KEY, NOW + YEAR)
    assert newer.read_bytes() == compress(data)


def test_p03_what_a_newer_writer_keeps_in_files_of_another_kind_stays(store: VersionStore, tmp_path: Path) -> None:
    first = add(store, "one")
    add(store, "two")
    folder = tmp_path / "versions" / KEY
    # A record of another kind that needs the text of a version here, and one whose text is in a file of another kind.
    (folder / f"00000009-{first.content}.cbor").write_bytes(b"who knows")
    lost = folder / f"00000010-{'a' * 64}.json"
    lost.write_bytes(to_bytes({"format": 2, "text_in": "pack"}))
    store.delete(first)
    for path in folder.iterdir():
        os.utime(path, (0, 0))
    store.thin(KEY, NOW)
    assert (folder / f"{first.content}.text").exists()
    assert lost.exists()
    assert texts(store) == ["two"]


def test_p03_a_name_leaves_the_fields_that_are_not_known(store: VersionStore, tmp_path: Path) -> None:
    version = add(store, "one")
    [path] = tmp_path.rglob("*.json")
    make_newer(path, format=1)
    store.rename(version, "First")
    assert store.list(KEY)[0].name == "First"
    assert json.loads(path.read_bytes())["colour"] == "red"


def test_p03_versions_of_a_newer_writer_come_along_whole(store: VersionStore, tmp_path: Path) -> None:
    add(store, "one")
    [path] = tmp_path.rglob("*.json")
    newer = make_newer(path)
    store.adopt(KEY, "file", keep_old=True)
    [copy] = (tmp_path / "versions" / "file").glob("*.json")
    assert copy.read_bytes() == newer
    store.adopt(KEY, "file", keep_old=True)
    assert len(store.list("file")) == 1
