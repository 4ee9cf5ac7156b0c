"""Takes: found by their words and by their place, and which grew from which."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.document.generation_record import GenerationRecord
from writer.document.takes.take_record import (
    BEFORE_LENGTH,
    Fate,
    TakeNode,
    TakeRecord,
    at_place,
    fate_in_text,
    search,
    tree,
)

NOON = "2031-05-04T12:00:00+00:00"
GENERATION = GenerationRecord("g1", "starter", settings={"top_k": 40}, seed=7)
STORY = "It was late when the boat came. Nobody had asked for it, and nobody went down to the landing to look. "


def take(id_: str, text: str = "", parent: str | None = None, **values: Any) -> TakeRecord:
    return TakeRecord(id_, text or f"take {id_}", 7, "before", NOON, GENERATION, parent, **values)


def ids(records: list[TakeRecord]) -> str:
    return " ".join(record.id for record in records)


# -- there and back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parent", [None, "a"])
@pytest.mark.parametrize("fate", Fate)
def test_a_take_comes_back_as_it_was(fate: Fate, parent: str | None) -> None:
    record = take("b", "naïve 😀\n", parent, fate=fate, is_pinned=fate is Fate.PARTLY)
    assert TakeRecord.from_json(record.to_json()) == record


def test_what_a_newer_writer_knows_of_a_take_is_left_out() -> None:
    values = take("a").to_json() | {"mood": "wistful", "fate": "woven-in"}
    assert TakeRecord.from_json(values) == take("a")


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"id": 3},
        {"text": None},
        {"place": -1},
        {"place": True},
        {"place": 1.5},
        {"before": []},
        {"time": 5},
        {"generation": None},
        {"generation": {"id": 3}},
        {"parent": 3},
        {"is_pinned": 1},
    ],
)
def test_what_is_no_take_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        TakeRecord.from_json(take("a").to_json() | wrong)


# -- what has become of it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "n_standing", "after"),
    [
        (Fate.OPEN, 0, Fate.OPEN),
        (Fate.REFUSED, 0, Fate.REFUSED),
        (Fate.PARTLY, 0, Fate.REFUSED),
        (Fate.ACCEPTED, 0, Fate.REFUSED),
        (Fate.OPEN, 12, Fate.PARTLY),
        (Fate.ACCEPTED, 12, Fate.PARTLY),
        (Fate.REFUSED, 23, Fate.ACCEPTED),
        (Fate.PARTLY, 24, Fate.ACCEPTED),
        (Fate.ACCEPTED, 22, Fate.ACCEPTED),  # the writer changed a letter or two
    ],
)
def test_what_became_of_a_take_is_what_the_text_holds_of_it(before: Fate, n_standing: int, after: Fate) -> None:
    assert fate_in_text(take("a", " She counted the steps.\n\n", fate=before), n_standing) is after


# -- search ------------------------------------------------------------------------------------------------------------


def test_all_words_must_stand_in_a_take_in_any_order_and_as_parts_of_words() -> None:
    records = [take("a", "The keeper lit the lamp."), take("b", "The lamp was lit."), take("c", "No lamplight.")]
    assert ids(search(records, "lamp")) == "c b a"
    assert ids(search(records, "  LIT lamp ")) == "b a"
    assert ids(search(records, "lit keeper")) == "a"
    assert ids(search(records, "keeper boat")) == ""


@pytest.mark.parametrize("query", ["cafe", "CAFÉ", "cafe\u0301", "café"])
@pytest.mark.parametrize("text", ["a café", "A CAFE\u0301", "cafe"])
def test_case_and_accents_do_not_matter(query: str, text: str) -> None:
    assert ids(search([take("a", text)], query)) == "a"


@pytest.mark.parametrize(("query", "text"), [("strasse", "Straße"), ("ΣΊΣΥΦΟΣ", "Σίσυφος"), ("istanbul", "İstanbul")])
def test_letters_with_two_forms_are_found_by_either(query: str, text: str) -> None:
    assert ids(search([take("a", text)], query)) == "a"


def test_pinned_ones_come_first_and_then_the_newest_whatever_the_clock_said() -> None:
    records = [take("a"), take("b", is_pinned=True), take("c"), take("d", is_pinned=True), take("e")]
    records = [replace(record, time=NOON.replace("2031", str(2031 - n))) for n, record in enumerate(records)]
    assert ids(search(records, "")) == "d b e c a"


# -- the tree ----------------------------------------------------------------------------------------------------------


def shape(nodes: list[TakeNode] | tuple[TakeNode, ...]) -> str:
    return " ".join(f"{node.record.id}({shape(node.children)})" if node.children else node.record.id for node in nodes)


def test_the_tree_shows_what_grew_from_what_in_order() -> None:
    records = [take("a"), take("b"), take("c", parent="a"), take("d", parent="c"), take("e", parent="a"), take("f")]
    assert shape(tree(records)) == "a(c(d) e) b f"
    assert tree([]) == []


@pytest.mark.parametrize(
    ("parents", "expected"),
    [
        ({"a": "gone"}, "a"),
        ({"a": "a"}, "a"),
        ({"a": "b", "b": "a"}, "a(b)"),
        ({"a": "c", "b": "a", "c": "b"}, "a(b(c))"),
        ({"a": None, "b": "gone", "c": "b"}, "a b(c)"),
    ],
)
def test_parents_that_are_gone_or_go_round_in_circles_hide_no_take(parents: dict[str, str], expected: str) -> None:
    assert shape(tree([take(id_, parent=parent) for id_, parent in parents.items()])) == expected


@given(st.lists(st.none() | st.integers(0, 30), max_size=30))
def test_every_take_is_in_the_tree_once(parents: list[int | None]) -> None:
    records = [take(str(n), parent=None if parent is None else str(parent)) for n, parent in enumerate(parents)]
    found, waiting = [], tree(records)
    while waiting:
        node = waiting.pop()
        found.append(node.record.id)
        waiting += node.children
    assert sorted(found) == sorted(record.id for record in records)


def test_a_chain_of_thousands_is_no_difficulty() -> None:
    (node,) = tree([take(str(n), parent=str(n - 1)) for n in range(5_000)])
    n_deep = 1
    while node.children:
        (node,), n_deep = node.children, n_deep + 1
    assert n_deep == 5_000


# -- places ------------------------------------------------------------------------------------------------------------


def made_at(text: str, place: int) -> TakeRecord:
    return replace(take("a"), place=place, before=text[max(0, place - BEFORE_LENGTH) : place])


def is_at(record: TakeRecord, text: str, place: int) -> bool:
    return at_place([record], place, text[max(0, place - BEFORE_LENGTH) : place]) == [record]


def test_a_take_is_found_where_it_was_made_and_nowhere_else() -> None:
    record = made_at(STORY, 60)
    assert [place for place in range(len(STORY) + 1) if is_at(record, STORY, place)] == [60]


def test_a_place_is_the_same_after_edits_before_it() -> None:
    record = made_at(STORY, 60)
    assert is_at(record, f"Chapter 1\n\n{STORY}", 71)
    assert is_at(record, STORY[4:], 56)
    assert is_at(record, STORY.replace("It was", "It had become"), 67)


def test_a_word_changed_right_before_leaves_it_the_same_place_only_where_nothing_moved() -> None:
    record = made_at(STORY, 60)
    nearby = STORY[:45] + STORY[45:50].upper() + STORY[50:]
    assert is_at(record, nearby, 60)
    assert not is_at(record, f"New. {nearby}", 65)
    assert not is_at(record, STORY[:55] + "XXXXX" + STORY[60:], 60)


@pytest.mark.parametrize("place", [0, 1, 7, 8, 20])
def test_near_the_beginning_all_that_stands_before_must_agree(place: int) -> None:
    record = made_at(STORY, place)
    assert [other for other in range(len(STORY) + 1) if is_at(record, STORY, other)] == [place]
    assert not is_at(record, f"X{STORY}", place + 1)


def test_those_at_a_place_stay_in_their_order() -> None:
    here, there = made_at(STORY, 60), made_at(STORY, 90)
    records = [replace(record, id=str(n)) for n, record in enumerate([here, there, here, here])]
    assert ids(at_place(records, 60, STORY[:60])) == "0 2 3"
