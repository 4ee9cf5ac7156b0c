"""Drawing and going back, with scores made up for each step."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from tests.engine.reader import Reader, read
from writer.engine.config import GenerationConfig
from writer.engine.continuation import Continuation
from writer.engine.events import FinishReason
from writer.engine.prompt import Prompt
from writer.engine.session import Logits
from writer.engine.steering import Steering
from writer.engine.text_rules import Verdict
from writer.engine.tokenizer import Tokenizer

END_OF_TEXT = 50256


class Page:
    """Scores that would rather write `wanted`, and the next best of `others` wherever that must not stand."""

    def __init__(
        self, tokenizer: Tokenizer, wanted: Sequence[str | int], others: Sequence[str | int] = (" x",)
    ) -> None:
        self._tokenizer = tokenizer
        self._wanted = [self._id(piece) for piece in wanted]
        self._others = [self._id(piece) for piece in others]

    def _id(self, piece: str | int) -> int:
        if isinstance(piece, int):
            return piece
        (token_id,) = self._tokenizer.encode(piece)
        return token_id

    def continuation(self, prompt: str = "So", typed: str = "", steering: Steering = Steering(), **settings: object):  # noqa: B008
        values = {"temperature": 0.0, "max_new_tokens": max(1, len(self._wanted)), **settings}
        config = GenerationConfig(**values)  # type: ignore[arg-type]
        ids = tuple(self._tokenizer.encode(prompt))
        self.writing = Continuation(Prompt(ids, typed.encode()), config, self._tokenizer, (END_OF_TEXT,), 1, steering)
        return self.writing

    def scores(self, most: int = 500) -> Iterator[Logits]:
        for _ in range(most):
            scores = np.zeros(50257, np.float32)
            for rank, token_id in enumerate(reversed(self._others)):
                scores[token_id] = 1 + rank
            if len(self.writing.drawn) < len(self._wanted):
                scores[self._wanted[len(self.writing.drawn)]] = 99
            yield scores

    def read(self, **settings: object) -> Reader:
        writing = self.continuation(**settings)  # type: ignore[arg-type]
        return read(writing, self.scores())


@pytest.fixture
def page(gpt2_tokenizer):
    return lambda *arguments: Page(gpt2_tokenizer, *arguments)


def never_seen(reader: Reader, phrase: str) -> bool:
    return not any(phrase.lower() in seen.lower() for seen in reader.seen)


def test_what_is_wanted_is_written(page):
    reader = page([" the", " dark", " end", "."]).read()
    assert (reader.text, reader.reason, reader.taken_back) == (" the dark end.", FinishReason.LENGTH, [])


@pytest.mark.parametrize(
    ("wanted", "banned", "text"),
    [
        ([" the", " end", " of"], "end", " the x of"),
        ([" the", " End", " of"], "end", " the x of"),
        ([" the", " END", "."], "end", " the x."),
        ([" the", " l", "igh", "th", "ouse", "."], "lighthouse", " the xighthouse."),  # across four tokens
        ([" a", " dark", " night", "."], "dark night", " a x night."),
        ([" a", " end", "less", " sea"], "end", " a endless sea"),
        ([" a", " def", "end", "er"], "end", " a defender"),
        ([" the", " end"], "end", " the x"),  # nothing follows it
    ],
)
def test_a_banned_phrase_is_never_shown_and_the_text_goes_on(wanted, banned, text, page):
    reader = page(wanted).read(banned_words=(banned,))
    assert reader.text == text
    words = f" {banned.lower()} "
    assert all(words not in f" {seen.lower().rstrip('.')} " for seen in reader.seen)


def test_a_banned_word_is_not_stuck_to_the_word_before_instead(page):
    reader = page([" the", " old", " end", "."], ("end", "End", " x")).read(banned_words=("end",))
    assert reader.text == " the old x."


def test_nothing_of_a_banned_phrase_flashes(page):
    reader = page([" a", " dark", " and", " cold", " night", "."]).read(banned_words=("dark and cold night",))
    assert reader.text == " a x and cold night."
    assert never_seen(reader, "dark")
    assert all(event.text == "" for event in reader.taken_back), "nothing that was taken back had been shown"
    assert [event.n_tokens for event in reader.taken_back] == [4]


def test_what_began_like_a_banned_phrase_is_shown_once_it_is_none(page):
    reader = page([" a", " dark", " and", " cold", " sea", "."]).read(banned_words=("dark and cold night",))
    assert reader.text == " a dark and cold sea."
    assert reader.seen == ["", " a", " a", " a", " a", " a dark and cold sea", " a dark and cold sea."]


@pytest.mark.parametrize(
    ("prompt", "typed", "wanted", "banned", "text"),
    [
        ("In the", "", [" end", "."], "the end", " x."),
        ("In the", " e", [" end", "."], "end", "."),  # " e" alone does, where nothing else spells it
        ("In the end", "", [" of", " it"], "end", " of it"),  # the writer's own word
        ("Le mot", " é", [" é", "t", "."], "ét", " x."),
    ],
)
def test_a_banned_phrase_may_begin_in_the_prompt(prompt, typed, wanted, banned, text, page):
    reader = page(wanted, [" x", " e"]).read(prompt=prompt, typed=typed, banned_words=(banned,))
    assert reader.text == text
    assert not any(f"{prompt}{typed}{seen} ".replace(".", " ").endswith(f" {banned} ") for seen in reader.seen[1:])


def test_what_was_refused_may_stand_once_the_text_before_it_is_another(page, gpt2_tokenizer):
    """ " cat" would have led to "cat sat" after " a", and leads to "cat ran" after " x"."""
    made = page([], [" x"])
    writing = made.continuation(banned_words=("cat sat", "a x sat"), max_new_tokens=4)
    follows = {"": " a", " a": " cat", " x": " cat", " a cat": " sat", " a x": " sat", " x cat": " ran"}

    def scores() -> Iterator[Logits]:
        for row in made.scores():
            row[made._id(follows.get(gpt2_tokenizer.decode(writing.drawn), "."))] = 99
            yield row

    assert read(writing, scores()).text == " x cat ran."


@pytest.mark.parametrize(
    ("typed", "follows", "text", "n_back"),
    [
        # " Dor" is a token of its own, " Dormouse" is cut otherwise.
        (" Dor", {"": " D", " D": "orm", " Dorm": "ouse"}, "mouse", 0),
        (" Dormou", {"": " D", " D": "orm", " Dorm": "ouse"}, "se", 0),
        # The model had no thought of " they", and has none of going on so.
        (" they", {"": " the", " the": " old", " they": " came"}, " came.", 1),
    ],
)
def test_a_token_that_is_only_part_of_the_letters_typed_stands_where_the_word_is_meant(
    typed, follows, text, n_back, page, gpt2_tokenizer
):
    made = page([], [" they", " Dor"])
    writing = made.continuation(typed=typed, max_new_tokens=3)

    def scores() -> Iterator[Logits]:
        for row in made.scores():
            piece = follows.get(gpt2_tokenizer.decode(writing.drawn), ".")
            row[made._id(piece)] = 99 if writing.drawn else 12
            yield row

    reader = read(writing, scores())
    assert reader.text == text
    assert [(event.text, event.n_tokens) for event in reader.taken_back] == [("", 1)] * n_back


@pytest.mark.parametrize(
    ("typed", "whole_word", "text"),
    [
        (" again", 0.0, "st x"),
        (" again", 3.0, " x"),
        (" again", 1.0, "st x"),
        (" against", 3.0, " x"),
        (".", 3.0, ". x"),
    ],
)
def test_letters_that_are_a_word_are_more_often_one_than_the_model_thinks(
    typed, whole_word, text, page, gpt2_tokenizer
):
    made = page([])
    writing = made.continuation(typed=typed, max_new_tokens=2, steering=Steering(whole_word=whole_word))

    def scores() -> Iterator[Logits]:
        for row in made.scores():
            for piece, score in {" again": 20, " against": 22, ".": 20, "..": 22}.items():
                row[made._id(piece)] = score if not writing.drawn else 0
            yield row

    assert read(writing, scores()).text == text


class NotMouse:
    """Refuses what the likeliest token leads to, once it is known."""

    def look(self, text: str, n_safe: int, *, is_over: bool) -> Verdict:
        return Verdict(0, unwanted_from=0) if text.startswith("mouse") else Verdict(len(text))


@pytest.mark.parametrize("asked", [{"banned_words": ("Dormouse",)}, {"steering": Steering(rules=(NotMouse(),))}])
def test_a_part_is_given_up_when_what_it_was_meant_for_is_refused(asked, page, gpt2_tokenizer):
    made = page([])
    writing = made.continuation(typed=" Dor", max_new_tokens=3, **asked)
    likely = {
        "": {" D": 22, " Dorothy": 18, " Dor": 2},
        " D": {"orm": 99, "or": 50},
        " Dorm": {"ouse": 99},
        " Dorothy": {" came": 99},
    }

    def scores() -> Iterator[Logits]:
        for row in made.scores():
            for piece, score in likely.get(gpt2_tokenizer.decode(writing.drawn), {".": 99}).items():
                row[made._id(piece)] = score
            yield row

    assert read(writing, scores()).text == "othy came."


def test_what_nothing_can_follow_is_no_part(page):
    made = page([" D"], [" Dorothy"])
    writing = made.continuation(typed=" Dor", max_new_tokens=1)
    assert read(writing, made.scores()).text == "othy"


@pytest.mark.parametrize("stop", [" END", "nd so on", "d"])
def test_a_stop_string_never_flashes(stop, page):
    reader = page([" the", " E", "ND", " and", " so", " on", "."]).read(stop_strings=(stop,))
    whole = " the END and so on."
    assert reader.text == whole[: whole.index(stop)]
    assert reader.reason is FinishReason.STOP_STRING
    assert all(reader.text.startswith(seen) for seen in reader.seen)
    assert reader.taken_back == []


def test_a_stop_string_is_none_of_the_banned_phrases_business(page):
    reader = page([" in", " the", " end", " of", "."]).read(stop_strings=(" of",), banned_words=("end of",))
    assert (reader.text, reader.reason) == (" in the end", FinishReason.STOP_STRING)
    reader = page([" in", " the", " end", "ing", "."]).read(stop_strings=("ing",), banned_words=("end",))
    assert (reader.text, reader.reason) == (" in the x", FinishReason.STOP_STRING), "cut there it is the banned word"


def test_the_end_of_the_text_is_refused_after_a_banned_word(page):
    reader = page([" the", " end", END_OF_TEXT], [" x", END_OF_TEXT]).read(banned_words=("end",), max_new_tokens=9)
    assert (reader.text, reader.reason) == (" the x", FinishReason.END_OF_TEXT)


def test_where_nothing_is_allowed_the_text_ends(page):
    words = [" dog", " cat", *(f" {chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(260))]
    words = [word for word in words if len(page([])._tokenizer.encode(word)) == 1][:70]
    made = page([" so", words[0]], words)
    reader = made.read(banned_words=tuple(word.strip() for word in words), max_new_tokens=20)
    assert (reader.text, reader.reason) == (" so", FinishReason.NOTHING_ALLOWED)
    assert {*reader.seen} == {"", " so"}


class Repeats:
    """A loop is the same token four times in a row."""

    def look(self, token_ids, entropies):
        assert len(token_ids) == len(entropies)
        assert all(0 <= entropy < 11 for entropy in entropies)
        return len(token_ids) - 3 if len(token_ids) > 3 and len({*token_ids[-4:]}) == 1 else None


def test_a_loop_is_taken_back_to_its_beginning_and_the_text_goes_on(page):
    reader = page([" no", " no", " no", " no", " no", "."], [" yes"]).read(steering=Steering(watch=Repeats()))
    (taken,) = reader.taken_back
    assert (taken.text, taken.n_tokens, taken.is_loop) == (" no no", 2, True)
    assert reader.text == " no yes no no no."


def test_more_than_three_loops_end_the_text(page):
    reader = page([" no"] * 40, [" yes", " so", " but"]).read(steering=Steering(watch=Repeats()))
    assert reader.reason is FinishReason.LOOP
    assert [event.is_loop for event in reader.taken_back] == [True] * 4
    assert "no no no no" not in reader.text
    assert reader.text.endswith(" no")


class EndsAtLastFullStop:
    """When nothing follows, what comes after the last full stop does not stand."""

    def look(self, text, n_safe, *, is_over):
        return Verdict(len(text), end=text.rindex(".") + 1 if is_over and "." in text else None)


@pytest.mark.parametrize("reason", [FinishReason.LENGTH, FinishReason.LOOP, FinishReason.NOTHING_ALLOWED])
def test_a_text_is_trimmed_however_it_ends(reason, page):
    steering = Steering((EndsAtLastFullStop(),), watch=Repeats())
    if reason is FinishReason.LOOP:
        reader = page([" So", ".", *[" no"] * 40], [" a", " b", " c"]).read(steering=steering)
        assert reader.reason is FinishReason.LOOP
    elif reason is FinishReason.LENGTH:
        reader = page([" So", ".", " it"]).read(steering=steering)
        assert (reader.reason, reader.seen[-2:]) == (FinishReason.ENDING, [" So.", " So."])
        assert len(reader.token_ids) == 3, "every token stands, though not all of its text"
    else:
        made = page([" So", ".", " it"])
        writing = made.continuation(steering=steering, max_new_tokens=9)
        reader = Reader()
        for scores in made.scores(3):
            reader.add_step(writing.draw(scores))
        reader.add_step(writing.give_up(reason))
        assert reader.reason is reason
    assert reader.text == " So."


def test_what_is_held_back_when_given_up_does_not_stand(page):
    made = page([" in", " the", " en"])
    writing = made.continuation(banned_words=("the end",), max_new_tokens=9)
    reader = read(writing, made.scores(3))
    reader.add_step(writing.give_up(FinishReason.LENGTH))
    assert reader.text == " in"
    assert reader.token_ids == writing.drawn == made._wanted[:1]


def test_an_incomplete_character_is_not_shown(page, gpt2_tokenizer):
    first, *_ = gpt2_tokenizer.encode("👍")
    reader = page([" so", first]).read()
    assert reader.text == " so"
    assert len(reader.token_ids) == 2


def test_the_models_own_figures_are_reported(page):
    made = page([" the", "."])
    step = made.continuation(n_alternatives=2, typed="").draw(next(made.scores()))
    assert step.token is not None
    assert step.token.logprob == pytest.approx(0, abs=1e-6)
    assert [alternative.text for alternative in step.token.alternatives] == [" the", " x"]


class Turned:
    """A blend that turns every score into its opposite."""

    name = "turned"

    def __call__(self, token_ids, scores):
        return -scores


def test_another_models_opinion_is_mixed_in_and_the_log_probability_stays_the_models(page):
    made = page([" the", "."])
    step = made.continuation(steering=Steering(blend=Turned())).draw(next(made.scores()))
    assert step.token is not None
    assert step.token.text not in (" the", " x")
    assert step.token.logprob < -90


def test_the_scores_given_stay_as_they_are(page):
    made = page([" the", "."])
    scores = next(iter([*_first(made)]))
    before = scores.copy()
    made.writing.draw(scores)
    assert np.array_equal(scores, before)


def _first(made):
    made.continuation(temperature=0.7, top_k=3, typed=" t")
    return [next(made.scores())]
