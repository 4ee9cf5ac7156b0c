"""The lines of a file of takes: when some are torn or damaged, and when a newer Writer has written them."""

import json
import random
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.document.takes.kept import KEY, A, B, C, file_of, loaded
from writer.document.files.file_ops import FileOps
from writer.document.takes.take_lines import TakesRead, change_line, take_lines
from writer.document.takes.take_store import TakeStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "takes"


def test_d10_a_torn_last_line_costs_itself_and_nothing_that_comes_after(folder: Path) -> None:
    whole = take_lines([A, B])
    for length in range(len(take_lines([A])), len(whole) + 1, 3):
        folder.mkdir(parents=True, exist_ok=True)
        file_of(folder).write_bytes(whole[:length])
        expected = [A, B] if length >= len(whole) - 1 else [A]
        assert loaded(folder) == expected
        if length % 8 == 0:
            TakeStore(folder, FileOps()).add(KEY, [C])
            assert loaded(folder) == [*expected, C]


@given(data=st.binary(), seed=st.integers(0, 10**6))
def test_no_content_makes_reading_fail(data: bytes, seed: int, folder: Path) -> None:
    whole = take_lines([A, B]) + change_line("a", {"fate": "refused"}) + take_lines([C])
    cut = random.Random(seed).randrange(len(whole))
    folder.mkdir(parents=True, exist_ok=True)
    file_of(folder).write_bytes(whole[:cut] + data + whole[cut:])
    assert {record.id for record in loaded(folder)} <= {"a", "b", "c"}
    assert len(loaded(folder)) >= 2


@pytest.mark.parametrize("at", range(1, 400, 31))
def test_a_flipped_bit_costs_one_take(at: int, folder: Path) -> None:
    folder.mkdir(parents=True)
    content = bytearray(take_lines([A, B, C]))
    content[at] ^= 1
    file_of(folder).write_bytes(content)
    assert len(loaded(folder)) == 2


def newer_lines() -> bytes:
    """As a Writer that knows more would write them."""
    values = A.to_json() | {"mood": "wistful", "fate": "woven-in"}
    return (
        take_lines([B])
        + _proven({"kind": "take", "take": values, "by": "newer"})
        + _proven({"kind": "bouquet", "ids": ["a", "b"]})
        + change_line("b", {"rating": 5})
    )


def _proven(record: dict[str, Any]) -> bytes:
    body = json.dumps(record).encode()
    return b"\n%08x %b\n" % (zlib.crc32(body), body)


def test_lines_and_fields_of_a_newer_writer_are_passed_over_and_stay(folder: Path) -> None:
    folder.mkdir(parents=True)
    file_of(folder).write_bytes(newer_lines() + b"\nnobody knows")
    store = TakeStore(folder, FileOps())
    assert store.load(KEY) == [B, A]
    store.set_pinned(KEY, "a", True)
    written_anew = TakesRead.of(file_of(folder).read_bytes()).to_bytes()
    read = TakesRead.of(written_anew)
    assert read.records() == [B, replace(A, is_pinned=True)]
    assert read.takes["a"]["mood"] == "wistful"
    assert read.takes["a"]["fate"] == "woven-in"
    assert read.takes["b"]["rating"] == 5
    assert b"bouquet" in written_anew
    assert b"\nnobody knows" in written_anew


def test_p03_changes_of_what_this_version_does_not_know_stay(folder: Path) -> None:
    later = change_line("z", {"fate": "accepted"})
    content = take_lines([A]) + _proven({"kind": "take-2", "id": "z"}) + later
    read = TakesRead.of(content)
    assert read.records() == [A]
    again = TakesRead.of(read.to_bytes())
    assert again.others == read.others
    assert later.strip() in again.to_bytes()


def test_a_change_that_makes_no_sense_hides_only_its_take() -> None:
    read = TakesRead.of(take_lines([A, B]) + change_line("a", {"place": "there", "id": "b"}))
    assert read.records() == [B]
    assert [values["id"] for values in read.takes.values()] == list(read.takes) == ["a", "b"]
