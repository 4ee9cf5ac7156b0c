"""When a ghost text may come, and what taking it, typing along and cycling make of it."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from writer.assist.ghost import (
    Action,
    Foreseen,
    Ghost,
    Situation,
    may_suggest,
    pause_ms,
    reason_against,
    refusals_after,
    text_to_foresee,
)

# -- when ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("situation", "is_welcome"),
    [
        (Situation("The keeper climbed the"), True),
        (Situation("The keeper climbed the sta"), True),
        (Situation("The keeper climbed. "), True),
        (Situation("The keeper climbed.\n\n"), True),
        (Situation("The keeper", "  "), True),
        (Situation("The keeper", last_action=Action.ACCEPTED), True),
        (Situation("The keeper", last_action=Action.MOVED), True),
        (Situation("The keeper", has_selection=True), False),
        (Situation("The keeper", is_composing=True), False),
        (Situation("The keeper", last_action=Action.UNDONE), False),
        (Situation("The keeper", last_action=Action.DELETED), False),
        (Situation("The keeper", last_action=Action.OTHER), False),
        (Situation("The keeper", " climbed the stairs"), False),
        (Situation("The keeper", "”"), False),
        (Situation("# The keeper"), False),
        (Situation("It ended.\n## The keep"), False),
        (Situation("It ended.\n#"), False),
        (Situation("# The keeper\nHe climbed"), True),
        (Situation("Number #"), True),
        (Situation(""), False),
        (Situation(" \n\n"), False),
    ],
)
def test_a_suggestion_comes_only_where_it_is_welcome(situation: Situation, is_welcome: bool) -> None:
    assert may_suggest(situation) is is_welcome


@pytest.mark.parametrize(
    ("situation", "reason"),
    [
        (Situation("The keeper", has_selection=True), "a passage is selected"),
        (Situation("The keeper", " climbed the stairs"), "at the end of a paragraph"),
        (Situation("The keeper", "  ", last_action=Action.UNDONE), ""),
        (Situation("# The keeper"), ""),
    ],
)
def test_whoever_asks_for_one_is_told_why_none_can_stand_there(situation: Situation, reason: str) -> None:
    """Where it would not be welcome unasked, it may be asked for."""
    told = reason_against(situation)
    assert (reason in told[0]) if reason and told else (told is None and not reason)


@pytest.mark.parametrize(
    ("latency_ms", "n_refusals", "pause"),
    [
        (0, 0, 200),
        (50, 0, 200),
        (100, 0, 250),
        (150, 0, 300),
        (5000, 0, 300),
        (0, 4, 200),
        (0, 5, 250),
        (100, 7, 488),
        (0, 1000, 3000),
    ],
)
def test_the_pause_follows_the_latency_and_the_refusals(latency_ms: float, n_refusals: int, pause: int) -> None:
    assert pause_ms(latency_ms, n_refusals) == pause


@given(st.lists(st.booleans(), max_size=40), st.floats(0, 1000))
def test_refusals_lengthen_the_pause_and_an_acceptance_shortens_it(outcomes: list[bool], latency_ms: float) -> None:
    n_refusals = 0
    for is_accepted in outcomes:
        pause = pause_ms(latency_ms, n_refusals)
        n_refusals = refusals_after(n_refusals, is_accepted)
        after = pause_ms(latency_ms, n_refusals)
        assert after <= pause if is_accepted else after >= pause
        if is_accepted and 300 < pause < 3000:
            assert after < pause


def test_a_writer_who_wants_one_in_four_waits_no_longer_for_it() -> None:
    n_refusals = 0
    for i in range(40):
        assert pause_ms(0, n_refusals) <= 200
        n_refusals = refusals_after(n_refusals, is_accepted=i % 4 == 3)


# -- taking it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (" lighthouse keeper", " lighthouse"),
        ("thouse keeper", "thouse"),
        ("thouse", "thouse"),
        (", which he", ","),
        (" well-known, but", " well-known,"),
        ("灯台守は", "灯"),
        ("", ""),
    ],
)
def test_a_word_comes_with_the_space_before_it(text: str, word: str) -> None:
    assert Ghost(text).next_word() == word


@pytest.mark.parametrize(
    ("before", "text", "sentence"),
    [
        ("", " He went home.", " He went home."),
        ("", " He went home. She stayed.", " He went home."),
        ("", " and went", " and went"),
        ("He saw Mr", ". Smith there. He", ". Smith there."),
        ("He went.", " She stayed. He", " She stayed."),
        ("“Go", "!” she said. He", "!” she said."),
    ],
)
def test_a_sentence_ends_where_it_does_for_the_whole_text(before: str, text: str, sentence: str) -> None:
    assert Ghost(text, before=before).next_sentence() == sentence


TEXTS = st.text(st.sampled_from("abé .,!’“”灯🙂-\u00a0M"), min_size=1, max_size=40)
WAYS = st.lists(st.sampled_from(["all", "word", "sentence", "letter", "letters"]), max_size=60)


@given(TEXTS, WAYS, st.data())
def test_whatever_way_it_is_taken_the_pieces_are_the_ghost(text: str, ways: list[str], data: st.DataObject) -> None:
    ghost, taken = Ghost(text, before="He said "), ""
    for way in [*ways, "all"]:
        if way == "all":
            piece = ghost.text
        elif way == "word":
            piece = ghost.next_word()
        elif way == "sentence":
            piece = ghost.next_sentence()
        else:
            piece = ghost.text[: 1 if way == "letter" else data.draw(st.integers(0, len(ghost.text)))]
        if ghost.text and way != "letters":
            assert piece  # every key does something
        rest = ghost.rest_after(piece)
        after = ghost.type_through(piece)
        assert after is not None
        assert after.text == rest
        ghost, taken = after, taken + piece
        assert taken + ghost.text == text
        assert ghost.before == "He said " + taken
        assert ghost.taken == taken
    assert taken == text


@given(TEXTS, st.integers(0, 39), st.characters())
def test_another_letter_dismisses_it(text: str, at: int, letter: str) -> None:
    at %= len(text)
    assume(letter != text[at])
    ghost = Ghost(text).type_through(text[:at])
    assert ghost is not None
    assert ghost.type_through(letter) is None
    with pytest.raises(ValueError, match="does not begin"):
        ghost.rest_after(letter)


def test_more_letters_than_it_has_dismiss_it() -> None:
    assert Ghost("use").type_through("used") is None


def test_what_was_typed_meanwhile_is_no_part_of_what_it_grows_to() -> None:
    ghost = Ghost("thouse", -0.5).type_through("tho")
    assert ghost is not None
    grown = ghost.grown("thouse keeper", -0.7)
    assert grown is not None
    assert (grown.text, grown.confidence) == ("use keeper", -0.7)
    assert ghost.grown("tning", -0.7) is None


# -- variants ------------------------------------------------------------------------------------------------------


def three_variants() -> Ghost:
    return Ghost(" one", -1.0).with_variant(" two", -2.0).with_variant(" onto", -3.0)


def test_cycling_goes_through_all_variants_and_round() -> None:
    ghost = three_variants()
    assert (ghost.text, ghost.confidence, ghost.n_variants) == (" onto", -3.0, 3)
    assert ghost.next_variant() is None
    first = ghost.first_variant()
    assert (first.text, first.confidence) == (" one", -1.0)
    second = first.next_variant()
    assert second is not None
    assert second.text == " two"
    assert second.next_variant() == ghost
    assert ghost.previous_variant() == second
    assert second.previous_variant() == first
    assert first.previous_variant() == ghost


def test_a_single_suggestion_is_its_own_previous_one() -> None:
    assert Ghost(" one").previous_variant() == Ghost(" one")
    assert Ghost(" one").next_variant() is None


def test_variants_that_say_something_else_than_was_typed_go() -> None:
    ghost = three_variants().type_through(" on")
    assert ghost is not None
    assert ghost.text == "to"
    assert ghost.n_variants == 2
    assert ghost.first_variant().text == "e"


# -- ahead of time -------------------------------------------------------------------------------------------------


def test_the_next_suggestion_waits_where_an_accepted_one_ends() -> None:
    ghost = Ghost(" climbed")
    foreseen = Foreseen(text_to_foresee("The keeper", ghost), Ghost(" the stairs"))
    assert foreseen.at("The keeper climbed") == foreseen.ghost
    assert foreseen.at("The keeper") is None
    assert foreseen.at("The keeper climbs") is None
    on_the_way = foreseen.at("The keeper climbed the")
    assert on_the_way is not None
    assert on_the_way.text == " stairs"
    assert foreseen.at("The keeper climbed up") is None
    assert foreseen.at("The keeper climbed the stairs") is None
