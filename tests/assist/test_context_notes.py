"""The writer's notes as they are kept beside a document."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.assist.context_notes import ContextNotes, LoreEntry, Pin

ENTRY = LoreEntry("1", "Anna", ("Anna", "An+"), "Anna is a diver.", 2, is_regex=True, enabled=False)
NOTES = ContextNotes("A tale.", "grim", 5, (ENTRY,), (Pin("An oath.", "They swore"),))


def test_notes_come_back_from_json() -> None:
    assert ContextNotes.from_json(json.loads(json.dumps(NOTES.to_json()))) == NOTES


def test_no_notes_are_an_empty_object() -> None:
    assert ContextNotes().to_json() == {}
    assert ContextNotes.from_json({}) == ContextNotes()


@pytest.mark.parametrize(
    ("notes", "is_empty"),
    [
        (ContextNotes(), True),
        (ContextNotes(" \n", " ", 7), True),
        (ContextNotes(memory="x"), False),
        (ContextNotes(authors_note="x"), False),
        (ContextNotes(lore=(ENTRY,)), False),
        (ContextNotes(pins=(Pin("x"),)), False),
    ],
)
def test_empty_is_what_holds_nothing_of_the_writers(notes: ContextNotes, is_empty: bool) -> None:
    assert notes.is_empty is is_empty


@pytest.mark.parametrize("name", ["memory", "authors_note", "note_depth", "lore", "pins"])
@pytest.mark.parametrize("damage", [None, 1.5, True, "x", [], {}, [1, None, "x", {}, [], {"id": 3, "text": 4}]])
def test_one_damaged_part_leaves_the_others(name: str, damage: object) -> None:
    found = ContextNotes.from_json(NOTES.to_json() | {name: damage})
    if not isinstance(damage, str) or name not in ("memory", "authors_note"):
        assert getattr(found, name) == getattr(ContextNotes(), name)
    assert replace(found, **{name: getattr(NOTES, name)}) == NOTES


def test_of_a_damaged_list_the_sound_entries_stay() -> None:
    values = NOTES.to_json()
    values["lore"] = [None, {"keys": "no list"}, *values["lore"], {"title": "Bo", "keys": ["Bo", 3], "unknown": 1}]
    values["pins"] = [7, {"before": "x"}, *values["pins"]]
    found = ContextNotes.from_json(values)
    assert found.lore == (ENTRY, LoreEntry("lore-1", "Bo", ("Bo",), ""))
    assert found.pins == NOTES.pins


def test_no_two_entries_have_one_id() -> None:
    values = {"lore": [{"id": "a", "text": "x"}, {"id": "a", "text": "y"}, {"id": "a", "text": "z"}]}
    found = ContextNotes.from_json(values)
    assert len({entry.id for entry in found.lore}) == 3
    assert ContextNotes.from_json(found.to_json()) == found


def test_a_depth_out_of_all_bounds_is_brought_back() -> None:
    assert ContextNotes.from_json({"note_depth": -4}).note_depth == 1
    assert ContextNotes.from_json({"note_depth": 10**30}).note_depth == 100


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["memory", "authors_note", "note_depth", "lore", "pins", "id", "keys", "text", "title", "before"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_nothing_that_json_can_hold_raises(values: object) -> None:
    notes = ContextNotes.from_json(values)
    assert ContextNotes.from_json(notes.to_json()) == notes


def test_p03_what_a_newer_writer_has_noted_stays_beside_what_is_changed() -> None:
    lore = [{"id": "a", "title": "Maren", "keys": ["Maren"], "text": "The keeper.", "mood": "wary"}]
    raw = {"memory": ["a list"], "authors_note": "slow", "lore": lore, "voices": {"narrator": "soft"}}
    notes = ContextNotes.from_json(raw)
    assert notes.kept(raw) == raw
    changed = replace(notes, authors_note="fast")
    assert changed.kept(raw) == {**raw, "authors_note": "fast"}
    assert replace(notes, memory="mine").kept(raw)["memory"] == "mine"
    assert "lore" not in replace(notes, lore=()).kept(raw)
