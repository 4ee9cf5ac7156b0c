from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from writer.assist.next_words import NextWords, WordsFound, closes_up, insertion_of, needs_space, typed_word
from writer.assist.own_words import OwnWords
from writer.engine.prompt import Prompt, healed_prompt, plain_prompt
from writer.models.loaded import LoadedModel
from writer.models.store import ModelStore
from writer.paths import user_paths

TEXT = "The old woman lived in a house by the sea with her daughter, and every morning they went down to the beach. "
SAIL = "It said: “I shall never sail with you”"
START = 0  # the token that the starter reads in place of an empty text


@pytest.fixture(scope="module")
def model(starter_home: Path) -> LoadedModel:
    store = ModelStore(user_paths({"WRITER_HOME": str(starter_home)}).models)
    return LoadedModel.load(store.get("starter"), n_threads=1)


@pytest.fixture
def steps(model: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of each step of the model from here on, how many tokens it reads."""
    steps: list[int] = []
    run = model.session._run
    monkeypatch.setattr(
        model.session, "_run", lambda cache, ids, *rest: steps.append(len(ids)) or run(cache, ids, *rest)
    )
    return steps


def prompt_at(model: LoadedModel, text: str) -> Prompt:
    """As for any caret: healed within a word, with the space left to the model behind one."""
    if typed_word(text):
        return healed_prompt(model.tokenizer.encode(text), model.tokenizer, START)
    return plain_prompt(text, model.tokenizer, 500)


def found(events: Iterator[object]) -> list[tuple[str, ...]]:
    return [event.words for event in events if isinstance(event, WordsFound)]


def words_at(model: LoadedModel, text: str, **options: object) -> tuple[str, ...]:
    events = NextWords(model.session, model.tokenizer, model.cache).find(
        prompt_at(model, text),
        typed_word(text),
        **options,  # type: ignore[arg-type]
    )
    return found(events)[-1]


def test_five_distinct_words_before_the_first_letter(model: LoadedModel) -> None:
    words = words_at(model, TEXT + "They sat down on the ")
    assert len(set(words)) == 5
    assert "beach" in words or "sand" in words
    assert all(word.isalpha() for word in words)


@pytest.mark.parametrize("cut", [1, 2, 3, 5])
def test_every_word_goes_on_exactly_from_the_letters_typed(model: LoadedModel, cut: int) -> None:
    text = TEXT + "They sat down on the " + "beach"[:cut]
    words = words_at(model, text)
    assert all(word.startswith("beach"[:cut]) and len(word) > cut for word in words)
    if cut < 5:
        assert words[0] == "beach"


@pytest.mark.parametrize(
    ("text", "words"),
    [("They opened", set()), ("He had a dog", {"dogs"}), ("It was his house", {"household", "houses"})],
)
def test_after_a_whole_word_only_what_is_one_too_is_shown(model: LoadedModel, text: str, words: set[str]) -> None:
    assert set(words_at(model, TEXT + text)) <= words


@given(n_words=st.integers(1, 8), letters=st.integers(0, 3))
@settings(max_examples=12, deadline=None)
def test_words_for_after_a_word_fill_what_is_left(model: LoadedModel, n_words: int, letters: int) -> None:
    words = NextWords(model.session, model.tokenizer, model.cache)
    typed = "his"[:letters]
    text = f"{TEXT}It was {typed}"
    *_, last = words.find(prompt_at(model, text), typed, n_words=n_words, never=frozenset({"Own"}))
    assert isinstance(last, WordsFound)
    assert len((*last.words, *last.following)) <= n_words
    assert not last.following or typed
    assert not any(word.startswith(typed) or word == "own" for word in last.following)


def test_the_writers_own_words_come_after_a_word_too(model: LoadedModel) -> None:
    own = OwnWords(model.tokenizer)
    own.learn("They met the beach Marrowby there. They greeted the beach Marrowby.")
    words = NextWords(model.session, model.tokenizer, model.cache)
    for typed in ("beac", "beach"):
        text = f"{TEXT}They sat down on the {typed}"
        *_, last = words.find(prompt_at(model, text), typed, own=own, strength=0.5)
    assert isinstance(last, WordsFound)
    assert "Marrowby" in last.following


def test_an_initial_is_no_word_for_after_another(model: LoadedModel) -> None:
    text = (
        "The widow Harcourt was there. “Good day,” said the widow Harcourt. He smiled at the widow Harcourt, and the "
    )
    words = NextWords(model.session, model.tokenizer, model.cache)
    for typed in ("wido", "widow"):
        *_, last = words.find(prompt_at(model, text + typed), typed)
    assert isinstance(last, WordsFound)
    assert last.following
    assert not any(len(word) == 1 and word.isupper() for word in last.following)


def test_words_of_several_tokens_are_whole(model: LoadedModel) -> None:
    for word, text in (("seashells", "On the sand they collected seas"), ("driftwood", "They made a fire of drif")):
        assert len(model.tokenizer.encode(" " + word)) > 1
        assert word in words_at(model, TEXT + text)


def test_capitals_typed_are_kept(model: LoadedModel) -> None:
    assert all(word.startswith("Th") for word in words_at(model, TEXT + "Th"))


def test_a_word_begins_a_paragraph_and_a_quotation(model: LoadedModel) -> None:
    assert "Well" in words_at(model, TEXT + "\n\n'We")
    assert "Well" in words_at(model, TEXT + "\n\n“We")
    words = words_at(model, TEXT + "\n\n")
    assert all(word[0].isalnum() for word in words)


def test_apostrophes_stand_within_words(model: LoadedModel) -> None:
    assert "don't" in words_at(model, TEXT + '"I do')
    assert "don't" in words_at(model, TEXT + "\"I don't")[:0] or typed_word("I don't") == "don't"


def test_words_never_wanted_are_left_out_in_any_case(model: LoadedModel) -> None:
    text = TEXT + "They sat down on the "
    words = words_at(model, text)
    never = frozenset({words[0].upper(), words[2]})
    others = words_at(model, text, never=never)
    assert len(others) == 5
    assert not {words[0], words[2]} & set(others)


def test_words_shown_before_and_not_taken_make_room(model: LoadedModel) -> None:
    text = TEXT + "They sat down on the "
    words = words_at(model, text)
    others = words_at(model, text, shown=frozenset(words))
    assert len(others) == 5
    assert not set(words) & set(others)


def test_words_shown_before_still_come_when_there_are_no_others(model: LoadedModel) -> None:
    text = TEXT + "They asked the keeper of the lightho"
    words = words_at(model, text, n_words=50)
    assert set(words_at(model, text, n_words=50, shown=frozenset(words[:1]))) == set(words)
    assert words_at(model, text, n_words=50, shown=frozenset(words[:1]))[-1] == words[0]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (TEXT + "They came back on Tuesd", "Tuesday"),
        (f"The wind picked up.\n\n{SAIL}\n\nAnd she said: “No, no, no!” They came back on Tuesd", "Tuesday"),
        (TEXT + "She went to fetch her daughte", "daughter"),
    ],
)
def test_pieces_that_only_fit_one_another_are_not_shown_as_words(model: LoadedModel, text: str, word: str) -> None:
    words = words_at(model, text)
    assert words[0] == word
    assert set(words) <= {word, f"{word}s", f"{word}'s", f"{word}’s"}


def test_a_word_of_the_manuscript_is_shown_however_unlikely_the_model_finds_it(model: LoadedModel) -> None:
    own = OwnWords(model.tokenizer)
    own.learn("The Tuesdenners came on a Monday. " * 2)
    text = TEXT + "They came back on Tuesd"
    assert "Tuesdenners" not in words_at(model, text)
    assert "Tuesdenners" in words_at(model, text, own=own, strength=0.1)


def test_the_manuscripts_own_words_are_among_them(model: LoadedModel) -> None:
    own = OwnWords(model.tokenizer)
    own.learn("She saw Quillon Marrowby there. They greeted Quillon Marrowby.")
    text = TEXT + "Then they met Quillon "
    assert "Marrowby" not in words_at(model, text)
    assert "Marrowby" in words_at(model, text, own=own, strength=0.5)
    assert "Marrowby" in words_at(model, text + "Marr", own=own, strength=0.5)
    assert "Marrowby" not in words_at(model, text, own=own, strength=0.0)


def test_a_first_answer_comes_before_any_branch(model: LoadedModel) -> None:
    text = TEXT + "They asked the keeper of the lighth"
    events = NextWords(model.session, model.tokenizer, model.cache).find(prompt_at(model, text), "lighth")
    for event in events:
        if isinstance(event, WordsFound):
            assert not model.cache.branches
            break
    events.close()  # type: ignore[attr-defined]


def test_the_cache_is_left_without_branches_also_when_cancelled(model: LoadedModel) -> None:
    text = TEXT + "They sat down on the b"
    prompt = prompt_at(model, text)
    n_events = sum(1 for _ in NextWords(model.session, model.tokenizer, model.cache).find(prompt, "b"))
    assert n_events == 4  # two of reading, and the words before and after the branches
    for n in range(n_events + 1):
        events = NextWords(model.session, model.tokenizer, model.cache).find(prompt, "b")
        for _ in range(n):
            next(events)
        events.close()  # type: ignore[attr-defined]
        assert model.cache.branches == []
        assert model.cache.n_used == len(model.cache.token_ids)
    assert tuple(model.cache.token_ids) == prompt.token_ids


def test_each_letter_costs_less_as_long_as_the_word_is_the_same(model: LoadedModel, steps: list[int]) -> None:
    words = NextWords(model.session, model.tokenizer, model.cache)
    text = TEXT + "They sat down on the "
    n_steps = []
    for typed in ("", "b", "be"):
        steps.clear()
        answers = found(words.find(prompt_at(model, text + typed), typed))
        n_steps.append(len(steps))
        assert all(word.startswith(typed) for word in answers[-1])
    assert n_steps == [2, 1, 1]


def test_what_follows_a_word_is_known_when_its_last_letter_was_looked_at(model: LoadedModel, steps: list[int]) -> None:
    words = NextWords(model.session, model.tokenizer, model.cache)
    text = TEXT + "They sat down on the "
    events: Iterator[object]
    for typed in ("", "b", "be", "bea", "beac", "beach"):
        steps.clear()
        *_, whole = words.find(prompt_at(model, text + typed), typed)
        assert len(steps) == (1 if typed else 2)
        assert isinstance(whole, WordsFound)
        assert bool(whole.following) == (typed == "beach"), "words for after it come with its last letter"
    steps.clear()
    events = words.find(prompt_at(model, text + "beach "), "")
    first = next(event for event in events if isinstance(event, WordsFound))
    assert steps == [], "its words come before the model has read anything"
    assert (*whole.words, *whole.following) == first.words
    last = found(events)[-1]
    assert steps == [7], "the word itself is read with the six branches"
    assert tuple(model.cache.token_ids) == prompt_at(model, text + "beach ").token_ids
    alone = NextWords(model.session, model.tokenizer, model.cache)
    model.cache.truncate(0)
    answers = found(alone.find(prompt_at(model, text + "beach "), ""))
    assert (first.words, last) == (answers[0], answers[-1])


def test_a_draft_in_between_does_no_harm(model: LoadedModel) -> None:
    """Others write into the same cache between two letters."""
    words = NextWords(model.session, model.tokenizer, model.cache)
    text = TEXT + "They sat down on the "
    list(words.find(prompt_at(model, text), ""))
    list(model.session.prefill(model.cache, model.tokenizer.encode("Something else entirely")))
    after = found(words.find(prompt_at(model, text + "s"), "s"))[-1]
    model.cache.truncate(0)
    undisturbed = NextWords(model.session, model.tokenizer, model.cache)
    list(undisturbed.find(prompt_at(model, text), ""))
    assert after == found(undisturbed.find(prompt_at(model, text + "s"), "s"))[-1]


def test_another_place_gets_its_own_answer(model: LoadedModel) -> None:
    words = NextWords(model.session, model.tokenizer, model.cache)
    first = found(words.find(prompt_at(model, TEXT + "They sat down on the "), ""))[-1]
    second = found(words.find(prompt_at(model, TEXT + "She was very "), ""))[-1]
    assert first != second
    assert second == words_at(model, TEXT + "She was very ")


def test_a_prompt_for_other_letters_is_refused(model: LoadedModel) -> None:
    words = NextWords(model.session, model.tokenizer, model.cache).find(prompt_at(model, TEXT + "They sa"), "xy")
    with pytest.raises(ValueError, match="letters"):
        next(words)


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("", ""),
        ("She was ", ""),
        ("She wa", "wa"),
        ("I don't", "don't"),
        ("I don’t", "don’t"),
        ("He said 'Wel", "Wel"),
        ("the rabbit-ho", "ho"),
        ("Alice'", ""),
        ("naïv", "naïv"),
        ("chapter 4", "4"),
        ("snake_cas", "cas"),
        ("end.\n\nBegi", "Begi"),
    ],
)
def test_the_word_before_the_caret(text: str, typed: str) -> None:
    assert typed_word(text) == typed


@pytest.mark.parametrize(
    ("text", "is_needed"),
    [
        ("", False),
        ("said ", False),
        ("said,", True),
        ("end.", True),
        ("'Well!'", True),
        ("he said '", False),
        ('("', False),
        ('end."', True),
        ("“Come”", True),
        ("“", False),
        ("rabbit-", False),
        ("(", False),
        ("line\n", False),
        ('line\n"', False),
        ('"', False),
    ],
)
def test_where_a_word_would_stick_to_a_mark(text: str, is_needed: bool) -> None:
    assert needs_space(text) is is_needed


@pytest.mark.parametrize(
    ("word", "typed", "before", "inserted"),
    [
        ("beach", "", "on the ", "beach "),
        ("beach", "bea", "on the bea", "ch "),
        ("and", "", "he said,", " and "),
        ("Well", "", "he said, '", "Well "),
        ("don't", "don", "I don", "'t "),
    ],
)
def test_what_is_inserted(word: str, typed: str, before: str, inserted: str) -> None:
    assert insertion_of(word, typed, before) == inserted


@pytest.mark.parametrize(
    ("mark", "before", "is_closed"),
    [
        (",", "He said", True),
        (" ", "He said", True),
        ("\n", "He said", True),
        ("-", "the door", True),
        ("—", "the door", True),
        ("'", "Harcourt", True),
        ("”", "“He said", True),
        ('"', '"He said', True),
        ('"', "He said", False),
        ('"', '"No," he said', False),
        ("–", "the door", False),
        ("(", "the door", False),
        ("a", "the door", False),
    ],
)
def test_what_takes_the_place_of_the_space_that_came_with_a_word(mark: str, before: str, is_closed: bool) -> None:
    assert closes_up(mark, before) is is_closed


def test_a_word_that_does_not_go_on_from_the_letters_is_not_inserted() -> None:
    with pytest.raises(ValueError, match="begin"):
        insertion_of("beach", "pe", "on the pe")


@given(st.integers(1, len(TEXT)))
@settings(max_examples=12)
def test_a_word_taken_anywhere_goes_on_from_what_was_typed(model: LoadedModel, cut: int) -> None:
    text = TEXT[:cut]
    typed = typed_word(text)
    for word in words_at(model, text):
        after = text + insertion_of(word, typed, text)
        assert after.startswith(text)
        assert after.endswith(" ")
        assert "  " not in after
        assert typed_word(after[:-1]) == word


def test_within_an_endless_word_nothing_is_found(model: LoadedModel) -> None:
    typed = "Aa" + "rgh" * 30
    assert found(NextWords(model.session, model.tokenizer, model.cache).find(prompt_at(model, typed), typed)) == []
