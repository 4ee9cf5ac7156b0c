"""The tokens of a growing text, encoded piece by piece."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writer.assist.context import ContextBuilder
from writer.assist.context_notes import ContextNotes
from writer.assist.text_tokens import TextTokens
from writer.engine.imported_tokenizer import load_tokenizer
from writer.engine.tokenizer import Tokenizer, TokenizerSpec
from writer.models.store import ModelStore
from writer.paths import resources_dir, user_paths

ALICE = (resources_dir() / "gate" / "alice.txt").read_text(encoding="utf-8")


def gpt2() -> Tokenizer:
    files = resources_dir() / "gpt2-tokenizer"
    return Tokenizer(TokenizerSpec.from_gpt2_files(files / "vocab.json", files / "merges.txt"))


TOKENIZER = gpt2()


@pytest.fixture(scope="module")
def starter_tokenizer(starter_home: Path) -> Tokenizer:
    """It has digits one by one, other than GPT-2's."""
    return load_tokenizer(ModelStore(user_paths({"WRITER_HOME": str(starter_home)}).models).get("starter").folder)


@given(st.integers(0, len(ALICE)), st.integers(0, 3000))
def test_pieces_have_the_tokens_of_the_whole(begin: int, length: int) -> None:
    text = ALICE[begin : begin + length].rstrip()
    assert list(TextTokens(TOKENIZER).encode(text)) == TOKENIZER.encode(text)


@given(st.text(st.sampled_from("ab  \n.1é"), max_size=700), st.integers(1, 3))
def test_pieces_have_the_tokens_of_the_whole_whatever_the_white_space(text: str, n: int) -> None:
    text = (text * n).strip()
    words = text.split()
    if max(map(len, words), default=0) < 100:  # longer ones are cut up
        assert list(TextTokens(TOKENIZER).encode(text)) == TOKENIZER.encode(text)


def test_pieces_have_the_tokens_of_the_whole_for_the_starter(starter_tokenizer: Tokenizer) -> None:
    text = "On 12 May 1984, 300 men   came.\n\n\n  “Why?”\tasked\n\nBo's 5 sons.\n" * 50
    for end in range(len(text) - 300, len(text), 7):
        part = text[:end].rstrip()
        assert list(TextTokens(starter_tokenizer).encode(part)) == starter_tokenizer.encode(part)


class JoinsLines(Tokenizer):
    """Has a token for a full stop with the line break after it, as some imported models do."""

    def encode(self, text: str) -> list[int]:
        ids: list[int] = []
        for i, line in enumerate(text.split(".\n")):
            ids += [self.n_vocab] * (i > 0) + super().encode(line)
        return ids

    def token_bytes(self, token_id: int) -> bytes:
        return b".\n" if token_id == self.n_vocab else super().token_bytes(token_id)


class TakesMoreForMuch(JoinsLines):
    def encode(self, text: str) -> list[int]:
        return super().encode(text) * (2 if len(text) > 300 else 1)


def test_the_end_of_a_text_has_no_more_tokens_than_asked_for() -> None:
    for tokenizer in (TOKENIZER, JoinsLines(TOKENIZER.spec), TakesMoreForMuch(TOKENIZER.spec)):
        tokens = TextTokens(tokenizer)
        for text in ("One two three.\nFour five six.\n" * 60, "日本" * 700, "One two."):
            for most in (0, 1, 20, 300):
                start = tokens.start_of_last(text, most)
                assert tokens.count(text[start:]) <= most
                assert start == 0 or tokens.count(text[start:]) >= most * 0.4 - 8


@pytest.mark.parametrize("white", [" " * 8, "\n" * 8, "\n\n   \n  "])
def test_white_space_is_not_divided(white: str) -> None:
    for n in range(180, 199):
        text = f"w {'a' * n}{white}b {'c ' * 99}d"
        assert list(TextTokens(TOKENIZER).encode(text)) == TOKENIZER.encode(text)


def test_a_tokenizer_that_joins_across_white_space_is_given_the_whole() -> None:
    tokenizer = JoinsLines(TOKENIZER.spec)
    text = "One two three.\nFour five six.\n" * 100
    assert list(TextTokens(tokenizer).encode(text)) == tokenizer.encode(text)
    context = ContextBuilder(tokenizer, 512, None).build(text, 0, ContextNotes(), 100)
    assert text.endswith(context.text)
    assert 100 < context.n_tokens <= 412
