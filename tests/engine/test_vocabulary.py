"""The index over a vocabulary answers as looking at each token would."""

from hypothesis import given
from hypothesis import strategies as st

from writer.engine.tokenizer import Tokenizer
from writer.engine.vocabulary import Vocabulary

PIECE = st.binary(max_size=4).map(lambda piece: bytes(b"a \xff\xfe\n"[byte % 5] for byte in piece))


@given(pieces=st.lists(PIECE, max_size=30), start=PIECE)
def test_tokens_that_begin_with_a_text(pieces: list[bytes], start: bytes) -> None:
    found = Vocabulary(pieces).beginning_with(start).tolist()
    assert sorted(found) == [i for i, piece in enumerate(pieces) if piece and piece.startswith(start)]


@given(pieces=st.lists(PIECE, max_size=30), typed=PIECE.filter(bool))
def test_tokens_that_agree_with_what_was_typed(pieces: list[bytes], typed: bytes) -> None:
    found = Vocabulary(pieces).leading_to(typed).tolist()
    expected = []
    for i, piece in enumerate(pieces):
        goes_beyond = piece.startswith(typed) and (typed[-1:] != b" " or piece[len(typed) :].strip())
        if piece and (goes_beyond or (typed.startswith(piece) and piece != typed)):
            expected.append(i)
    assert sorted(found) == expected


def test_the_words_of_a_real_vocabulary(gpt2_tokenizer: Tokenizer) -> None:
    vocabulary = gpt2_tokenizer.vocabulary
    assert gpt2_tokenizer.encode(" lighthouse")[0] in vocabulary.leading_to(b" lightho")
    assert gpt2_tokenizer.encode(" house")[0] in vocabulary.leading_to(b" ")
    assert not {*gpt2_tokenizer.encode(" "), *gpt2_tokenizer.encode("\n"), 50256} & {*vocabulary.leading_to(b" ")}
    assert len(vocabulary.beginning_with(b"")) == 50256, "all but the end of text"


def test_an_empty_vocabulary_has_no_answers() -> None:
    assert not len(Vocabulary([b""]).leading_to(b"a"))


def test_the_same_letters_otherwise_written() -> None:
    pieces = [b"lady", b" lady", b" Lady", b"LADY", b" ladies", b" ", b"lad", "Äpfel".encode(), " äpfel".encode()]
    vocabulary = Vocabulary(pieces)
    for i in range(4):
        assert sorted(vocabulary.alike(pieces[i])) == [0, 1, 2, 3]
    assert sorted(vocabulary.alike(pieces[8])) == [7, 8]
    assert vocabulary.alike(b" ") == []
    assert vocabulary.alike(b"\xc3") == []
