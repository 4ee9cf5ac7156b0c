"""Drafts taken up again, with crashes on the way."""

import shutil
from datetime import timedelta
from pathlib import Path

from tests.document.child import is_killed_in_child
from tests.document.draft_bench import NOON, Bench, left_behind
from tests.document.faulty_ops import CountingOps, DeadlyOps, RefusingOps, files_in
from writer.document.drafts.journal import BaseText, Draft, JournalLines
from writer.document.drafts.recovery import empty_trash, list_drafts, recover
from writer.document.files.file_ops import FileOps
from writer.document.provenance import Author, Run

OPS = FileOps()


def take_up(folder: Path, ops: FileOps | None = None) -> Bench:
    """What a window does with the newest draft."""
    found = list_drafts([folder], OPS)[0]
    recovered = recover(found, OPS)
    return Bench(
        folder,
        ops=ops,
        draft=recovered.draft,
        text=recovered.base_text,
        saved=recovered.base_saved,
        changes=recovered.changes,
        replaces=found.journal,
    )


def test_a_draft_taken_up_is_kept_from_the_first_moment(tmp_path: Path) -> None:
    old = left_behind(tmp_path, "Once upon a time")
    before = old.read_bytes()
    bench = take_up(tmp_path)
    assert bench.recovered().text == bench.document.text == "Once upon a time"
    (found,) = list_drafts([tmp_path], OPS)
    assert (found.id, found.in_use) == ("ab12", True)
    assert found.order > 1, "it is the newest now"
    assert [path.read_bytes() for path in (tmp_path / "trash").iterdir()] == [before]
    bench.type("!")
    bench.wait(0.4)
    bench.assert_recovered_is_document()
    assert bench.recovered().base_text == "", "undo leads back to what was saved"
    bench.journal.mark(1)
    bench.journal.saved(1, bench.draft)
    assert list_drafts([tmp_path], OPS) == []


def test_a_draft_without_a_change_is_kept_too_when_it_is_taken_up(tmp_path: Path) -> None:
    lines = JournalLines()
    text = lines.draft(Draft("ab")) + lines.text(BaseText("Once", (Run(4, Author.HUMAN),)))
    (tmp_path / "00000001-ab.journal").write_bytes(text)
    assert take_up(tmp_path).recovered().text == "Once"
    (found,) = list_drafts([tmp_path], OPS)
    assert found.in_use


def test_a_draft_from_the_other_folder_goes_to_its_trash(tmp_path: Path) -> None:
    old = left_behind(tmp_path / "fallback")
    recovered = recover(list_drafts([tmp_path / "fallback"], OPS)[0], OPS)
    bench = Bench(
        tmp_path / "recovery",
        tmp_path / "fallback",
        draft=recovered.draft,
        text=recovered.base_text,
        changes=recovered.changes,
        replaces=old,
    )
    (found,) = bench.drafts()
    assert found.journal.parent == tmp_path / "recovery"
    assert len(list((tmp_path / "fallback" / "trash").iterdir())) == 1


def test_a_draft_that_cannot_be_taken_up_on_the_disk_stays(tmp_path: Path) -> None:
    old = left_behind(tmp_path)
    before = files_in(tmp_path)
    bench = take_up(tmp_path, RefusingOps({"create": 28}))
    assert files_in(tmp_path) == before
    assert bench.notices
    assert old.exists()


def test_d49_a_crash_while_a_draft_is_taken_up_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """Killed on the way into each file call, three times in a row there, and then once more to the end."""
    pristine = tmp_path / "pristine"
    left_behind(pristine, "Once upon a time")
    counting = CountingOps()
    shutil.copytree(pristine, tmp_path / "counted")
    assert take_up(tmp_path / "counted", counting).journal.close(keep=True)
    assert len(counting.calls) > 20
    for n in range(len(counting.calls)):
        folder = tmp_path / f"killed-{n}"
        shutil.copytree(pristine, folder)
        for _ in range(3):
            killed = is_killed_in_child(lambda: take_up(folder, DeadlyOps(n)).journal.close(keep=True))  # noqa: B023
            (found,) = list_drafts([folder], OPS)
            assert found.recoverable, "no lock of a dead process is in the way"
            assert recover(found, OPS).text == "Once upon a time"
            assert killed or n > len(counting.calls) - 6, "where there is nothing to copy there are fewer calls"
        bench = take_up(folder)
        bench.journal.mark(1)
        bench.journal.saved(1, bench.draft)
        empty_trash(folder, OPS, NOON)
        assert {name.partition("/")[0] for name in files_in(folder)} <= {"trash"}
        empty_trash(folder, OPS, NOON + timedelta(days=31))
        assert files_in(folder) == {}
