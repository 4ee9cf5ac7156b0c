"""The notes of a document: told, unsaved until they are saved, and none of undo's business."""

from typing import Any

import pytest

from writer.document.document import Document
from writer.document.notes import Notes

MEMORY = {"memory": "The keeper is deaf.", "lore": [{"title": "The boat"}]}


def test_a_document_has_no_notes_until_they_are_set() -> None:
    document = Document("text")
    assert (document.notes, document.modified) == ({}, False)
    assert Document("text", notes=MEMORY).notes == MEMORY
    assert not Document("text", notes=MEMORY).modified


def test_notes_are_a_copy_of_what_was_given() -> None:
    document, values = Document(), {"lore": ["a"]}
    document.set_notes(values)
    values["lore"].append("b")
    assert document.notes == {"lore": ["a"]}
    for wrong in ([], {"a": {1}}, {"a": float("nan")}):
        with pytest.raises(ValueError, match=r"\w"):
            document.set_notes(wrong)  # type: ignore[arg-type]
    assert document.notes == {"lore": ["a"]}


def test_new_notes_are_unsaved_until_they_are_saved_or_the_old_ones_are_back() -> None:
    document = Document("text")
    document.set_notes(MEMORY)
    assert document.modified
    assert document.has_unsaved_notes
    document.mark_saved()
    assert not document.modified
    document.set_notes({})
    assert document.modified
    document.set_notes(MEMORY)
    assert not document.modified


def test_what_was_set_while_a_save_went_on_is_not_saved() -> None:
    document = Document("text")
    document.set_notes({"memory": "one"})
    state = document.state
    document.set_notes({"memory": "two"})
    document.mark_saved(state)
    assert document.has_unsaved_notes
    document.set_notes({"memory": "one"})
    assert not document.modified
    document.replace(0, 0, "new ")
    state = document.state
    document.replace(0, 0, "very ")
    document.mark_saved(state)
    assert (document.modified, document.has_unsaved_notes) == (True, False)


def test_undo_knows_nothing_of_notes() -> None:
    document = Document("text")
    document.replace(4, 4, "!")
    document.set_notes(MEMORY)
    revision = document.revision
    document.undo()
    assert (document.text, document.notes, document.can_undo) == ("text", MEMORY, False)
    document.redo()
    assert (document.text, document.notes) == ("text!", MEMORY)
    assert document.revision == revision + 2
    document.set_notes({})
    assert document.can_undo
    assert not document.can_redo


def test_notes_do_not_end_the_word_being_typed() -> None:
    document = Document()
    document.replace(0, 0, "a")
    document.set_notes(MEMORY)
    document.replace(1, 1, "b")
    document.undo()
    assert document.text == ""


def test_steps_taken_over_from_an_earlier_session_leave_notes_saved() -> None:
    earlier = Document("a")
    earlier.replace(1, 1, "b")
    document = Document("ab", notes=MEMORY)
    document.restore_history(earlier.history.undo_steps, earlier.history.redo_steps)
    assert not document.modified


def test_listeners_hear_of_other_notes_only_and_until_they_leave() -> None:
    document, heard = Document(), list[Notes]()
    changes: list[Any] = []
    document.subscribe(changes.append)
    leave = document.subscribe_notes(heard.append)
    document.set_notes(MEMORY)
    document.set_notes(dict(MEMORY))
    document.replace(0, 0, "text")
    document.set_notes({})
    leave()
    leave()
    document.set_notes(MEMORY)
    assert heard == [MEMORY, {}]
    assert len(changes) == 1


def test_a_listener_may_not_set_notes_and_its_failure_keeps_no_other_from_hearing() -> None:
    document, heard = Document(), list[Notes]()
    document.subscribe_notes(lambda _: document.set_notes({"again": True}))
    document.subscribe_notes(heard.append)
    with pytest.raises(RuntimeError, match="listener"):
        document.set_notes(MEMORY)
    assert document.notes == MEMORY
    assert heard == [MEMORY]
    with pytest.raises(RuntimeError, match="listener"):
        document.set_notes({})
    assert heard == [MEMORY, {}]
