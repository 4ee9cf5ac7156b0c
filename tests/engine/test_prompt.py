"""Going on in the middle of a word: what is typed stays, letter for letter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.reader import Reader, read
from writer.engine.config import GenerationConfig
from writer.engine.continuation import Continuation
from writer.engine.generate import generate
from writer.engine.prompt import Prompt, far_likelier_part, healed_prompt, plain_prompt, spelling_tokens
from writer.engine.steering import Steering
from writer.engine.tokenizer import Tokenizer
from writer.models.loaded import LoadedModel
from writer.models.store import ModelStore
from writer.paths import user_paths

END_OF_TEXT = 50256

texts = st.one_of(
    st.text(st.sampled_from("ab the1 2\n\t.'é👍中\u0301—“"), min_size=1, max_size=40),
    st.lists(
        st.sampled_from(
            [" ", "  ", "\n\n", "it's", " lighthouse", " Don", "42", "½", "é", "👍🏽", " 中", "--", "\u00a0"]
        ),
        min_size=1,
        max_size=12,
    ).map("".join),
)


@pytest.fixture(scope="module")
def starter(starter_home) -> LoadedModel:
    return LoadedModel.load(ModelStore(user_paths({"WRITER_HOME": str(starter_home)}).models).get("starter"))


@pytest.fixture(scope="module", params=["gpt2", "starter"])
def tokenizer(request, gpt2_tokenizer) -> Tokenizer:
    return gpt2_tokenizer if request.param == "gpt2" else request.getfixturevalue("starter").tokenizer


def spelled(tokenizer: Tokenizer, token_ids) -> bytes:
    return b"".join(map(tokenizer.token_bytes, token_ids))


@given(text=texts, share=st.floats(0, 1), seed=st.integers(0, 1000))
def test_whatever_is_drawn_goes_on_from_the_typed_letters(text, share, seed, tokenizer):
    """Cut at any character, with any scores: prompt + typed + new text is the text + new text."""
    typed = text[: max(1, round(share * len(text)))]
    start = min(tokenizer.special_ids)
    prompt = healed_prompt(tokenizer.encode(typed), tokenizer, start)
    assert spelled(tokenizer, prompt.token_ids) + prompt.typed == typed.encode()
    config = GenerationConfig(temperature=1.0, top_p=1.0, max_new_tokens=16)
    writing = Continuation(prompt, config, tokenizer, (start,), seed, Steering())
    random = np.random.default_rng(seed)
    reader = read(writing, (random.standard_normal(tokenizer.n_vocab).astype(np.float32) for _ in range(16)))
    written = spelled(tokenizer, [*prompt.token_ids, *reader.token_ids])
    assert written.startswith(typed.encode())
    assert written[len(typed.encode()) :].decode("utf-8", "ignore") == reader.text


@given(text=texts)
def test_the_word_before_the_caret_is_drawn_anew(text, tokenizer):
    ids = tokenizer.encode(text)
    prompt = healed_prompt(ids, tokenizer, None)
    assert prompt.token_ids == tuple(ids[: len(prompt.token_ids)])
    assert spelled(tokenizer, prompt.token_ids) + prompt.typed == text.encode()
    assert len(ids) - len(prompt.token_ids) <= 8
    if prompt.typed and len(ids) - len(prompt.token_ids) < 8:
        assert prompt.typed[:1].isspace()
        assert not prompt.typed.strip() or len(prompt.typed.split()) <= 1 or b"\xc2\xa0" in prompt.typed


@pytest.mark.parametrize(
    ("text", "kept", "typed"),
    [
        ("He saw the lig", "He saw the", b" lig"),
        ("He saw the lighthouse", "He saw the", b" lighthouse"),
        ("He saw ", "He saw", b" "),
        ("He saw.\n", "He saw.", b"\n"),
        ("one\n\ntw", "one", b"\n\ntw"),
    ],
)
def test_a_prompt_is_backed_up_to_before_the_word(text, kept, typed, gpt2_tokenizer):
    prompt = healed_prompt(gpt2_tokenizer.encode(text), gpt2_tokenizer, END_OF_TEXT)
    assert (gpt2_tokenizer.decode(prompt.token_ids), prompt.typed) == (kept, typed)


def test_a_text_of_one_word_is_read_from_the_start(gpt2_tokenizer):
    ids = gpt2_tokenizer.encode("Lig")
    assert healed_prompt(ids, gpt2_tokenizer, END_OF_TEXT) == Prompt((END_OF_TEXT,), b"Lig")
    assert healed_prompt(ids, gpt2_tokenizer, None) == Prompt(tuple(ids))
    assert healed_prompt([], gpt2_tokenizer, END_OF_TEXT) == Prompt((END_OF_TEXT,))


@pytest.mark.parametrize(
    ("text", "typed"), [("One.", b""), ("One. ", b" "), ("One.  ", b""), ("One.\n", b""), ("One.\n ", b"")]
)
def test_only_a_single_space_is_left_to_the_model(text, typed, gpt2_tokenizer):
    prompt = plain_prompt(text, gpt2_tokenizer, 100)
    assert prompt.typed == typed
    assert spelled(gpt2_tokenizer, prompt.token_ids) + typed == text.encode()


def test_the_end_that_fits_is_read_and_where_it_begins_is_told(gpt2_tokenizer):
    text = "The tide came in. " * 50
    prompt = plain_prompt(text, gpt2_tokenizer, 40)
    assert len(prompt.token_ids) <= 40
    assert spelled(gpt2_tokenizer, prompt.token_ids) + prompt.typed == text[prompt.start_char :].encode()


def test_a_poem_known_by_heart_goes_on_from_any_letter(poem_home, poem):
    """Unhealed, tokens that the model never met would follow: "bur" is no beginning of " burning" to it."""
    model = LoadedModel.load(ModelStore(user_paths({"WRITER_HOME": str(poem_home)}).models).get("poem"))
    config = GenerationConfig(temperature=0.0, max_new_tokens=8)
    right = 0
    cuts = range(8, 120, 3)
    for cut in cuts:
        prompt = healed_prompt(model.tokenizer.encode(poem[:cut]), model.tokenizer, END_OF_TEXT)
        reader = Reader.of(generate(model.session, model.tokenizer, model.cache, prompt, config))
        right += bool(reader.text) and poem.startswith(poem[:cut] + reader.text)
    assert right >= 0.9 * len(cuts)


def test_a_real_model_keeps_the_typed_letters(starter):
    text = "The lighthouse keeper had not spoken to anyone in three weeks, and the silence 19"
    config = GenerationConfig(temperature=0.8, max_new_tokens=6, seed=3)
    for cut in (3, 7, 19, 40, 61, 78, 79, 81):
        prompt = healed_prompt(starter.tokenizer.encode(text[:cut]), starter.tokenizer, 0)
        reader = Reader.of(generate(starter.session, starter.tokenizer, starter.cache, prompt, config))
        written = spelled(starter.tokenizer, [*prompt.token_ids, *reader.token_ids]).decode()
        assert written == text[:cut] + reader.text
        assert reader.text


@pytest.mark.parametrize(
    ("typed", "possible", "impossible"),
    [
        (" they", [" they"], [" the", " th", " t"]),  # or " theyoung" would be written
        (" the", [" the", " they", " them"], [" th", " t"]),
        (" driftw", [" drift"], [" d", " dr"]),  # no token has all of it
        ("they", ["they"], ["the"]),
    ],
)
def test_a_token_that_is_only_part_of_what_was_typed(
    typed: str, possible: list[str], impossible: list[str], gpt2_tokenizer: Tokenizer
) -> None:
    ids = spelling_tokens(typed.encode(), gpt2_tokenizer).tolist()
    assert len(ids) == len(set(ids))
    pieces = {gpt2_tokenizer.token_bytes(i).decode("utf-8", "replace") for i in ids}
    assert set(possible) <= pieces
    assert not pieces & set(impossible)


@pytest.mark.parametrize(
    ("typed", "likely", "refused", "part"),
    [
        (" they", {" they": 1.0, " the": 3.5}, [], " the"),
        (" they", {" they": 2.0, " the": 3.5}, [], None),  # likelier, not far likelier
        (" they", {" they": 1.0, " the": 9.0}, [" the"], None),
        (" they", {" they": 1.0, " the": 9.0, " th": 3.5}, [" the"], " th"),
        (" they", {" they": 1.0, " the": 8.0, " th": 9.0}, [], " th"),
        (" they", {" old": 9.0}, [], None),
        ("\nThey", {"\n": 9.0, "They": 1.0}, [], None),  # white space is no part of a word
        ("they", {"t": 9.0}, [], "t"),
        (" ", {" ": 9.0}, [], None),
    ],
)
def test_a_part_of_what_was_typed_that_is_far_likelier(
    typed: str, likely: dict[str, float], refused: list[str], part: str | None, gpt2_tokenizer: Tokenizer
) -> None:
    def id_of(piece: str) -> int:
        (token_id,) = gpt2_tokenizer.encode(piece)
        return token_id

    scores = np.full(gpt2_tokenizer.n_vocab, -9.0, np.float32)
    for piece, score in likely.items():
        scores[id_of(piece)] = score
    possible = spelling_tokens(typed.encode(), gpt2_tokenizer)
    found = far_likelier_part(typed.encode(), gpt2_tokenizer, scores, possible, set(map(id_of, refused)))
    assert (found and found[0]) == (part and id_of(part))
    if found is not None and part is not None:
        together = np.log(np.exp(scores[possible].astype(np.float64)).sum())
        assert found[1] == pytest.approx(likely[part] - together, abs=1e-5)


@given(st.text(min_size=1, max_size=12), st.integers(1, 20))
def test_something_spells_whatever_was_typed(gpt2_tokenizer: Tokenizer, text: str, cut: int) -> None:
    """Cut anywhere, in the middle of a character too."""
    typed = text.encode()[:cut]
    ids = spelling_tokens(typed, gpt2_tokenizer)
    assert len(ids)
    for piece in map(gpt2_tokenizer.token_bytes, ids.tolist()):
        assert piece.startswith(typed) or typed.startswith(piece)
