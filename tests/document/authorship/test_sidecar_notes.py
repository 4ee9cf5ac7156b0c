"""The notes for the model in the record beside a manuscript."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.document.faulty_ops import FailingOps
from writer.document.authorship.authorship_record import AuthorshipRecord
from writer.document.authorship.sidecar import read_sidecar, sidecar_path, write_sidecar
from writer.document.files.file_ops import FileOps
from writer.document.notes import Notes
from writer.document.provenance import Author, Run
from writer.errors import WriterError

OPS = FileOps()
TEXT = "It was late when the boat came."
HUMAN = [Run(len(TEXT), Author.HUMAN)]
BOTH = [Run(15, Author.HUMAN), Run(len(TEXT) - 15, Author.MODEL, "g1")]
NOTES = {"memory": "The keeper is deaf.", "note_depth": 3, "lore": [{"title": "Boat", "keys": ["boat", "naïve\ud800"]}]}


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def write(story: Path, notes: Notes = NOTES, runs: list[Run] = HUMAN) -> None:
    write_sidecar(story, TEXT, runs, [], OPS, notes)


def change(story: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    path = sidecar_path(story, OPS)
    values = json.loads(path.read_bytes())
    edit(values)
    path.write_text(json.dumps(values), encoding="utf-8")


@pytest.mark.parametrize("runs", [HUMAN, BOTH])
def test_notes_come_back_also_of_a_text_by_the_human_alone(runs: list[Run], story: Path) -> None:
    write(story, runs=runs)
    result = read_sidecar(story, TEXT, OPS)
    assert (result.runs, result.notes, result.notice) == (runs, NOTES, "")
    assert json.loads(sidecar_path(story, OPS).read_bytes())["context"] == NOTES
    assert json.loads(sidecar_path(story, OPS).read_bytes())["version"] == 1


def test_without_notes_the_record_is_what_it_was_before_there_were_any(story: Path) -> None:
    write(story, {})
    assert not sidecar_path(story, OPS).exists()
    write(story, {}, BOTH)
    assert b"context" not in sidecar_path(story, OPS).read_bytes()
    assert read_sidecar(story, TEXT, OPS).notes == {}


def test_other_notes_take_the_place_of_the_old_and_none_do_too(story: Path) -> None:
    write(story)
    write(story, {"memory": "He hears."})
    assert read_sidecar(story, TEXT, OPS).notes == {"memory": "He hears."}
    before = sidecar_path(story, OPS).stat().st_mtime_ns
    write(story, {"memory": "He hears."})
    assert sidecar_path(story, OPS).stat().st_mtime_ns == before, "nothing has changed"
    write(story, {})
    assert read_sidecar(story, TEXT, OPS).notes == {}


def test_notes_come_back_whatever_has_become_of_the_text(story: Path) -> None:
    write(story, runs=BOTH)
    assert read_sidecar(story, "Something else altogether.", OPS).notes == NOTES


def test_keys_that_are_not_known_stay_beside_them(story: Path) -> None:
    write(story)
    change(story, lambda values: values.update(future={"x": [1]}))
    write(story, {"memory": "new"})
    values = json.loads(sidecar_path(story, OPS).read_bytes())
    assert (values["future"], values["context"]) == ({"x": [1]}, {"memory": "new"})


@given(notes=st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.booleans()), max_size=4))
def test_any_notes_come_back(notes: dict[str, Any], story: Path) -> None:
    write(story, notes, BOTH)
    assert read_sidecar(story, TEXT, OPS).notes == notes


def nested(n: int) -> Any:
    return [nested(n - 1)] if n else "deep"


@pytest.mark.parametrize("damaged", [None, [], "text", 3, {"lore": nested(60)}])
def test_damaged_notes_are_told_and_set_aside_and_cost_nothing_else(damaged: Any, story: Path) -> None:
    write(story, runs=BOTH)
    change(story, lambda values: values.update(context=damaged))
    broken = sidecar_path(story, OPS).read_bytes()
    result = read_sidecar(story, TEXT, OPS)
    assert (result.runs, result.notes, result.must_stay) == (BOTH, {}, False)
    assert result.notice == "Your notes for the model beside story.txt are damaged. The next save sets them aside."
    write(story, {}, BOTH)
    assert story.with_name("story.txt.writer.json.damaged").read_bytes() == broken
    assert read_sidecar(story, TEXT, OPS).notice == ""


def test_damaged_spans_cost_no_notes(story: Path) -> None:
    write(story, runs=BOTH)
    change(story, lambda values: values["spans"][0].update(text="other"))
    result = read_sidecar(story, TEXT, OPS)
    assert result.notes == NOTES
    assert "damaged" in result.notice


def test_a_record_that_cannot_be_read_tells_no_notes(story: Path) -> None:
    write(story)
    result = read_sidecar(story, TEXT, FailingOps(1))
    assert (result.notes, result.must_stay) == ({}, True)


def test_d11_any_failing_call_leaves_the_old_notes_or_the_new(story: Path) -> None:
    for n in range(100):
        write(story)
        ops = FailingOps(n)
        try:
            write_sidecar(story, TEXT, HUMAN, [], ops, {"memory": "new"})
        except WriterError:
            assert read_sidecar(story, TEXT, OPS).notes in (NOTES, {"memory": "new"})
        if len(ops.calls) <= n:
            break
    assert n > 6
    assert read_sidecar(story, TEXT, OPS).notes == {"memory": "new"}


def test_a_record_with_notes_stays_one_line_for_each_part(story: Path) -> None:
    record = AuthorshipRecord.of(TEXT, BOTH, [], NOTES, {"future": 1})
    assert AuthorshipRecord.from_bytes(record.to_bytes()) == record
    assert [line.partition(b":")[0] for line in record.to_bytes().splitlines()[-2:]] == [b'"context"', b'"future"']
