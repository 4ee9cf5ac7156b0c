"""Drafts put away by the writer's word stay for thirty days."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.document.draft_bench import NOON, Bench, left_behind
from tests.document.faulty_ops import RefusingOps, files_in
from writer.document.drafts.journal import Draft
from writer.document.drafts.recovery import discard, empty_trash, list_drafts
from writer.document.files.file_ops import FileOps
from writer.errors import WriterError

OPS = FileOps()


def test_a_discarded_draft_stays_thirty_days(tmp_path: Path) -> None:
    content = left_behind(tmp_path).read_bytes()
    (found,) = list_drafts([tmp_path], OPS)
    discard(found, OPS, NOON)
    assert list_drafts([tmp_path], OPS) == []
    assert list(files_in(tmp_path).values()) == [content]
    discard(found, OPS, NOON)  # gone already
    empty_trash(tmp_path, OPS, NOON + timedelta(days=30))
    assert list(files_in(tmp_path).values()) == [content]
    empty_trash(tmp_path, OPS, NOON - timedelta(days=365))
    assert list(files_in(tmp_path).values()) == [content]
    empty_trash(tmp_path, OPS, NOON + timedelta(days=30, seconds=1))
    assert files_in(tmp_path) == {}


def test_closing_without_keeping_is_discarding(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.type("Once")
    bench.wait(0.4)
    bench.type(" upon")
    assert bench.journal.close(keep=False)
    assert list_drafts([tmp_path], OPS) == []
    assert len(list((tmp_path / "trash").iterdir())) == 1
    assert len(files_in(tmp_path)) == 1


def test_a_draft_that_cannot_be_put_away_is_told(tmp_path: Path) -> None:
    left_behind(tmp_path)
    (found,) = list_drafts([tmp_path], OPS)
    with pytest.raises(WriterError) as refused:
        discard(found, RefusingOps({"replace_at_once": 5}), NOON)
    assert refused.value.message == "The draft “Night” cannot be put away: Input/output error."
    assert found.journal.exists()


def test_emptying_the_trash_touches_nothing_else(tmp_path: Path) -> None:
    left_behind(tmp_path)
    (tmp_path / "trash").mkdir()
    (tmp_path / "trash" / "mine.txt").write_bytes(b"put there by hand")
    (tmp_path / "trash" / "99999999T999999Z-00000001-ab.journal").write_bytes(b"of no day")
    (tmp_path / "story.txt").write_bytes(b"a copy made before a save")
    before = files_in(tmp_path)
    empty_trash(tmp_path, OPS, NOON + timedelta(days=9999))
    assert files_in(tmp_path) == before
    empty_trash(tmp_path / "missing", OPS, NOON)
    empty_trash(tmp_path, RefusingOps({"names": 13}), NOON)


def test_half_made_files_go_unless_their_process_lives(tmp_path: Path) -> None:
    bench = Bench(tmp_path, draft=Draft("aa"))
    bench.type("x")
    bench.wait(0.4)
    alive, dead = (tmp_path / f".00000001-{name}.journal.0123abcd.writer-tmp" for name in ("aa", "bb"))
    alive.write_bytes(b"half")
    dead.write_bytes(b"half")
    empty_trash(tmp_path, OPS, NOON)
    assert (alive.exists(), dead.exists()) == (True, False)
