import numpy as np
import pytest

from writer.assist.own_words import OwnWords, paragraphs_around
from writer.engine.logits_processors import softmax
from writer.engine.tokenizer import Tokenizer, TokenizerSpec
from writer.paths import resources_dir

STORY = """The Zorblat slept. Its keeper, Quillon Marrowby, did not sleep.

"Wake up," said Quillon Marrowby. "The Zorblat is hungry."

Nobody heard Quillon Marrowby. The Zorblat ate the lantern."""


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    files = resources_dir() / "gpt2-tokenizer"
    return Tokenizer(TokenizerSpec.from_gpt2_files(files / "vocab.json", files / "merges.txt"))


@pytest.fixture
def own(tokenizer: Tokenizer) -> OwnWords:
    own = OwnWords(tokenizer)
    own.learn(STORY)
    return own


def words(own: OwnWords, before: str, typed: str = "") -> list[str]:
    return [word for word, _ in own.likely_words(before, typed)]


def test_a_turn_used_before_is_the_likeliest(own: OwnWords) -> None:
    assert words(own, "Then came Quillon ")[0] == "Marrowby"


def test_typed_letters_leave_exactly_the_words_that_begin_with_them(own: OwnWords) -> None:
    assert words(own, "He saw the ", "Z") == ["Zorblat"]
    assert words(own, "He saw the ", "z") == []
    assert set(words(own, "He saw the ", "l")) == {"lantern"}


def test_a_word_typed_whole_is_not_offered(own: OwnWords) -> None:
    assert "Zorblat" not in words(own, "The ", "Zorblat")


def test_the_likeliest_come_first_and_make_no_more_than_one(own: OwnWords) -> None:
    found = own.likely_words("The ", "")
    probabilities = [p for _, p in found]
    assert probabilities == sorted(probabilities, reverse=True)
    assert 0.99 < sum(probabilities) < 1.0001
    assert len({word for word, _ in found}) == len(found)


def test_capitals_stand_where_a_sentence_begins_and_nowhere_else(own: OwnWords) -> None:
    assert "Lantern" in words(own, "It was dark. ", "L")
    assert "lantern" not in words(own, "It was dark. ")
    own.learn("The door was open. Nobody knew. But nobody cared.")
    assert "nobody" in words(own, "There was ", "n")  # known at the beginning of sentences, and within one
    assert "Nobody" not in words(own, "There was ", "N")
    assert "Its" in words(own, "It was ", "I")  # nothing shows that it could be written otherwise


def test_a_sentence_begins_behind_its_opening_quote(own: OwnWords) -> None:
    assert "Lantern" in words(own, 'He left. "', "L")
    assert "Lantern" not in words(own, 'He left the "', "L")


def test_nothing_learnt_says_nothing(tokenizer: Tokenizer) -> None:
    own = OwnWords(tokenizer)
    assert own.likely_words("The ", "") == []
    assert own.trust("The ", 1.0) == 0
    scores = np.zeros(tokenizer.n_vocab, np.float32)
    assert (own.blend(1.0)([5, 6], scores.copy()) == scores).all()


def test_forgetting_leaves_nothing(own: OwnWords) -> None:
    own.forget()
    assert own.likely_words("The ", "Z") == []
    assert own.n_words == 0
    assert own.trust("Quillon ", 1.0) == 0


def test_a_context_known_well_is_trusted_more(own: OwnWords) -> None:
    assert own.trust("said Quillon ", 1.0) > own.trust("said nothing ", 1.0) > 0
    assert own.trust("said Quillon ", 0.5) == pytest.approx(own.trust("said Quillon ", 1.0) / 2)


def test_unlearning_a_paragraph_is_as_if_it_had_never_been(own: OwnWords, tokenizer: Tokenizer) -> None:
    paragraphs = STORY.split("\n\n")
    own.unlearn(paragraphs[1])
    other = OwnWords(tokenizer)
    other.learn("\n".join([paragraphs[0], paragraphs[2]]))
    for before, typed in (("The ", ""), ("said ", ""), ("Marrowby. ", ""), ("the ", "Z"), ("is ", "h")):
        assert own.likely_words(before, typed) == other.likely_words(before, typed)


def test_unlearning_what_is_not_known_changes_nothing(own: OwnWords) -> None:
    before = own.likely_words("The ", "")
    own.unlearn("Never written.")
    assert own.likely_words("The ", "") == before


def test_following_an_edited_manuscript_equals_learning_it(own: OwnWords, tokenizer: Tokenizer) -> None:
    list(own.follow(STORY.split("\n")))
    edited = STORY.replace("Zorblat ate", "Zorblat drank").split("\n")
    list(own.follow(edited))
    other = OwnWords(tokenizer)
    other.learn("\n".join(edited))
    assert dict(own.likely_words("Zorblat ", "")) == pytest.approx(dict(other.likely_words("Zorblat ", "")), abs=0.02)
    assert "ate" not in words(own, "Zorblat ")
    assert "drank" in words(own, "Zorblat ")
    assert own.n_words == other.n_words


def test_following_learns_only_what_changed(
    own: OwnWords, monkeypatch: pytest.MonkeyPatch, tokenizer: Tokenizer
) -> None:
    list(own.follow(STORY.split("\n")))
    encoded: list[str] = []
    encode = tokenizer.encode
    monkeypatch.setattr(tokenizer, "encode", lambda text: encoded.append(text) or encode(text))
    list(own.follow([*STORY.split("\n"), "One line more."]))
    assert encoded == ["One line more."]


def test_following_nothing_forgets_everything(own: OwnWords, tokenizer: Tokenizer) -> None:
    list(own.follow(()))
    assert own.n_words == 0
    assert own.n_bytes == OwnWords(tokenizer).n_bytes
    assert "Zorblat" not in repr(vars(own))


def test_following_can_be_cancelled_and_is_made_up_for(tokenizer: Tokenizer) -> None:
    paragraphs = [f"Paragraph {i} tells of day {i}." for i in range(300)]
    own = OwnWords(tokenizer)
    following = own.follow(paragraphs)
    left = [next(following), next(following)]
    following.close()
    assert left[0] == 300 > left[1] > 0
    assert own.n_words > 0
    list(own.follow(paragraphs))
    whole = OwnWords(tokenizer)
    whole.learn("\n".join(paragraphs))
    assert own.n_words == whole.n_words


def test_much_editing_does_not_pile_up(tokenizer: Tokenizer) -> None:
    own = OwnWords(tokenizer)
    text = "A sentence that is written over and over again, with a number at its end to tell it by: "
    for i in range(1_500):
        list(own.follow([text + str(i)]))
    assert own.n_bytes < 150_000
    assert words(own, "over and over ")[0] == "again"


def test_the_blend_makes_probabilities_and_favours_what_was_written(own: OwnWords, tokenizer: Tokenizer) -> None:
    random = np.random.default_rng(1)
    scores = random.normal(size=tokenizer.n_vocab).astype(np.float32)
    context = tokenizer.encode("said Quillon")
    wanted = tokenizer.encode(" Marrowby")[0]
    before = softmax(scores.copy())
    blended = own.blend(1.0)(context, scores.copy())
    assert np.exp(blended.astype(np.float64) - np.log(np.exp(scores.astype(np.float64)).sum())).sum() == pytest.approx(
        1
    )
    after = softmax(blended)
    assert after[wanted] > 0.05 > 100 * before[wanted]
    weak = softmax(own.blend(0.2)(context, scores.copy()))
    assert before[wanted] < weak[wanted] < after[wanted]


def test_the_blend_never_brings_back_what_must_not_stand(own: OwnWords, tokenizer: Tokenizer) -> None:
    scores = np.full(tokenizer.n_vocab, -np.inf, np.float32)
    wanted = tokenizer.encode(" Marrowby")[0]
    scores[[10, 11]] = 1.0
    blended = own.blend(1.0)(tokenizer.encode("said Quillon"), scores)
    assert blended[wanted] == -np.inf
    assert np.isfinite(blended[[10, 11]]).all()


def test_half_a_million_words_are_learnt_in_batches_and_fit(tokenizer: Tokenizer) -> None:
    """A tenth of them here, so that the test is quick: room grows with the text."""
    random = np.random.default_rng(2)
    names = [f"w{i}" for i in range(5_000)]
    paragraphs = [" ".join(names[i] for i in random.zipf(1.3, 100) % 5_000) for _ in range(500)]
    own = OwnWords(tokenizer)
    n_yields = sum(1 for _ in own.follow(paragraphs))
    assert n_yields >= 5
    assert own.n_bytes * 10 < 200e6


@pytest.mark.parametrize(
    ("before", "after", "paragraphs"),
    [
        ("One.\nThe Zor", "", ["One.", "The ", ""]),
        ("The ", "Zorblat.\nTwo.", ["The ", "Zorblat.", "Two."]),
        ("The Zor", "blat.", ["The ", "blat."]),
        ("", "", ["", ""]),
        ("I don't", " know", ["I ", " know"]),
    ],
)
def test_what_is_being_typed_is_not_learnt(before: str, after: str, paragraphs: list[str]) -> None:
    assert paragraphs_around(before + after, len(before)) == paragraphs


def test_letters_typed_do_not_become_what_usually_follows(tokenizer: Tokenizer) -> None:
    text = "Nobody in all the wide world had ever seen a zor"
    own = OwnWords(tokenizer)
    list(own.follow(paragraphs_around(text, len(text))))
    scores = np.zeros(tokenizer.n_vocab, np.float32)
    assert (own.blend(1.0)(tokenizer.encode(text[:-4]), scores.copy()) == scores).all()
    assert own.likely_words(text[:-3], "z") == []
