"""The notes for the model in a journal: kept like the text, and never a reason to lose any of it."""

import errno
import json
import zlib
from pathlib import Path

import pytest

from tests.document.draft_bench import Bench, FailingAfterwards, journals
from tests.document.faulty_ops import files_in
from writer.document.change import Change
from writer.document.drafts import draft_journal
from writer.document.drafts.journal import BaseText, Draft, JournalLines
from writer.document.drafts.journal_notice import JournalStatus
from writer.document.drafts.journal_replay import LAST_EDIT_INCOMPLETE, replay
from writer.document.drafts.unwritten import WRITE_AFTER_S
from writer.document.provenance import Author, Run

HUMAN = Author.HUMAN
NOTES = {"memory": "The keeper is deaf. \ud800", "lore": [{"title": "Boat", "keys": ["boat"]}]}
LONG = {"memory": "He hears the boat. " * 2_000}


def typed(start: int, text: str) -> Change:
    return Change(start, "", text, HUMAN, None, (), (Run(len(text), HUMAN),))


def proven(record: dict[str, object], seq: int) -> bytes:
    body = f"{seq} {json.dumps(record)}".encode()
    return b"%08x %b\n" % (zlib.crc32(body), body)


# -- lines -------------------------------------------------------------------------------------------------------------


def test_notes_replay_with_the_text_and_after_it() -> None:
    lines = JournalLines()
    data = lines.draft(Draft("ab")) + lines.text(BaseText("Once", (Run(4, HUMAN),), notes=NOTES))
    state = replay(data, "ab")
    assert state.base is not None
    assert state.base.notes == state.notes == NOTES
    data += lines.notes(LONG) + lines.items([typed(4, "!")])
    state = replay(data, "ab")
    assert state.base is not None
    assert (state.base.notes, state.notes, state.buffer.text, state.problem) == (NOTES, LONG, "Once!", "")
    data += lines.notes({})
    assert replay(data, "ab").notes == {}
    assert data.isascii()
    assert len(lines.notes(LONG)) < 1_000


def test_a_journal_of_a_writer_without_notes_tells_none() -> None:
    lines = JournalLines()
    data = lines.draft(Draft("ab")) + lines.text(BaseText("Once", (Run(4, HUMAN),)))
    assert b"notes" not in data
    state = replay(data, "ab")
    assert state.base is not None
    assert (state.base.notes, state.notes, state.problem) == (None, None, "")


def test_a_later_text_tells_its_own_notes() -> None:
    lines = JournalLines()
    data = lines.draft(Draft("ab")) + lines.text(BaseText("", (), notes=NOTES))
    data += lines.notes(LONG) + lines.text(BaseText("", (), notes={"memory": "third"}))
    assert replay(data, "ab").notes == {"memory": "third"}


@pytest.mark.parametrize(
    "notes", [None, 3, {}, {"text": 3}, {"text": "["}, {"text": "[]"}, {"text": "[" * 9_000}, {"zlib": "?"}]
)
def test_notes_that_make_no_sense_cost_no_text(notes: object) -> None:
    lines = JournalLines()
    data = lines.draft(Draft("ab"))
    text = {"text": "Once", "length": 4, "runs": [[4, "human"]], "generations": [], "saved": True}
    data += proven({"kind": "text", **text, "notes": notes}, 1)
    assert replay(data, "ab").buffer.text == "Once"
    data += proven({"kind": "notes", "notes": {"text": '{"memory": "right"}'}}, 2)
    data += proven({"kind": "notes", "notes": notes}, 3)
    data += proven({"kind": "change", "start": 4, "removed": 0, "before": 4, "text": "!"}, 4)
    state = replay(data, "ab")
    assert (state.buffer.text, state.notes, state.problem) == ("Once!", {"memory": "right"}, "")


def test_d10_a_torn_line_of_notes_leaves_the_earlier_ones() -> None:
    lines = JournalLines()
    data = lines.draft(Draft("ab")) + lines.text(BaseText("Once", (Run(4, HUMAN),), notes=NOTES))
    last = lines.notes(LONG)
    for length in range(1, len(last) - 1, 7):
        state = replay(data + last[:length], "ab")
        assert (state.notes, state.buffer.text, state.problem) == (NOTES, "Once", LAST_EDIT_INCOMPLETE)


# -- when they are written ---------------------------------------------------------------------------------------------


def test_d44_d45_notes_are_written_as_soon_as_text_would_be(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.document.set_notes(NOTES)
    bench.wait(WRITE_AFTER_S - 0.01)
    assert journals(tmp_path) == []
    bench.wait(0.01)
    bench.assert_recovered_is_document()
    assert bench.recovered().base_notes == {}
    bench.type("Once")
    bench.wait(1)
    bench.document.set_notes(LONG)
    bench.wait(1)
    bench.type(" upon")
    bench.wait(1)
    bench.assert_recovered_is_document()
    assert journals(tmp_path)[0].read_bytes().count(b'"kind":"notes"') == 2, "not with each change of the text"


def test_notes_that_change_all_the_time_are_written_as_often_as_text_would_be(tmp_path: Path) -> None:
    bench = Bench(tmp_path, notes=NOTES)
    for number in range(1_000):
        bench.document.set_notes({"memory": str(number)})
        bench.wait(0.01)
    bench.wait(1)
    assert 20 <= journals(tmp_path)[0].read_bytes().count(b'"kind":"notes"') <= 26
    bench.assert_recovered_is_document()


def test_the_notes_a_document_began_with_are_in_its_journal(tmp_path: Path) -> None:
    bench = Bench(tmp_path, text="Once", notes=NOTES)
    bench.type(" upon")
    bench.wait(1)
    bench.assert_recovered_is_document()
    assert bench.recovered().base_notes == NOTES
    assert b'"kind":"notes"' not in journals(tmp_path)[0].read_bytes()


def test_notes_survive_a_power_cut_as_soon_as_text_does(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.type("Once")
    assert bench.journal.sync()
    bench.document.set_notes(NOTES)
    assert bench.journal.due_at() == bench.clock + WRITE_AFTER_S
    assert bench.journal.sync()
    bench.assert_recovered_is_document()
    assert bench.journal.due_at() is None


def test_a_journal_written_anew_has_the_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draft_journal, "CHECKPOINT_BYTES", 2_000)
    bench = Bench(tmp_path)
    for number in range(60):
        bench.document.set_notes({"memory": f"{number} " * 20})
        bench.wait(1)
        bench.assert_recovered_is_document()
    assert journals(tmp_path)[0].stat().st_size < 3_000


def test_d12_notes_that_a_full_disk_refused_are_written_when_there_is_room(tmp_path: Path) -> None:
    ops = FailingAfterwards()
    bench = Bench(tmp_path, ops=ops)
    bench.type("Once")
    bench.wait(1)
    ops.refused = {"write": errno.ENOSPC}
    bench.document.set_notes(NOTES)
    bench.wait(10)
    assert bench.statuses == [JournalStatus.NOT_KEPT]
    assert (bench.recovered().text, bench.recovered().notes) == ("Once", {})
    ops.refused = {}
    bench.wait(60)
    assert bench.statuses == [JournalStatus.NOT_KEPT, JournalStatus.KEPT]
    bench.assert_recovered_is_document()


# -- saves -------------------------------------------------------------------------------------------------------------


def test_saved_notes_leave_no_journal_and_stand_in_the_next(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.document.set_notes(NOTES)
    bench.wait(1)
    bench.journal.mark(1)
    bench.journal.saved(1, bench.draft)
    assert files_in(tmp_path) == {}
    bench.wait(10)
    assert files_in(tmp_path) == {}
    bench.type("Once")
    bench.wait(1)
    assert bench.recovered().base_notes == NOTES
    bench.assert_recovered_is_document()


@pytest.mark.parametrize("with_text", [False, True])
def test_a_save_leaves_the_notes_that_were_set_meanwhile(with_text: bool, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.document.set_notes(NOTES)
    bench.type("Once")
    bench.wait(1)
    bench.journal.mark(1)
    bench.document.set_notes(LONG)
    if with_text:
        bench.type(" upon")
    bench.journal.saved(1, bench.draft)
    recovered = bench.recovered()
    assert (recovered.base_text, recovered.base_notes, recovered.base_saved) == ("Once", NOTES, True)
    bench.assert_recovered_is_document()


def test_notes_set_and_taken_back_during_a_save_leave_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, notes=NOTES)
    bench.type("Once")
    bench.journal.mark(1)
    bench.document.set_notes(LONG)
    bench.document.set_notes(NOTES)
    bench.journal.saved(1, bench.draft)
    assert files_in(tmp_path) == {}


# -- taken up again ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [(), (typed(4, "!"),)])
def test_a_draft_taken_up_is_kept_with_both_its_notes_at_once(changes: tuple[Change, ...], tmp_path: Path) -> None:
    bench = Bench(tmp_path, text="Once", notes=NOTES, notes_now=LONG, changes=changes)
    recovered = bench.recovered()
    assert (recovered.base_notes, recovered.notes) == (NOTES, LONG)
    bench.assert_recovered_is_document()
    bench.document.set_notes(NOTES)
    bench.wait(1)
    bench.assert_recovered_is_document()


def test_d49_one_draft_taken_up_over_and_over_keeps_its_notes(tmp_path: Path) -> None:
    bench = Bench(tmp_path, text="Once")
    bench.document.set_notes(NOTES)
    assert bench.journal.close(keep=True)
    for _ in range(3):
        found = bench.drafts()[0]
        recovered = bench.recovered()
        bench = Bench(
            tmp_path,
            draft=recovered.draft,
            text=recovered.base_text,
            changes=recovered.changes,
            notes=recovered.base_notes,
            notes_now=recovered.notes,
            replaces=found.journal,
        )
        assert (bench.recovered().base_notes, bench.recovered().notes) == ({}, NOTES)
        assert bench.journal.close(keep=True)
