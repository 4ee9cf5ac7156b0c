"""The tokenizer against transformers' own, and the promises its docstrings make."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GPT2TokenizerFast

from writer.engine.tokenizer import StreamingDetokenizer, Tokenizer, TokenizerSpec
from writer.errors import WriterError
from writer.paths import resources_dir

FILES = resources_dir() / "gpt2-tokenizer"
END_OF_TEXT = 50256

AWKWARD = [
    "",
    " ",
    "\n\n\n   \t\tword",
    "It's we'll I'M they'Ve",
    "12 345 6789 ½ ٣ 一二 Ⅷ",
    "café naïve Åsa 中文 日本語 한국어 العربية",
    "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301\u0302 \u200d\ufeff\x00",
    "trailing spaces   ",
    "a\r\nb\u2028c\u00a0d\u3000e",
]

texts = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="ab1 2\n\t.'é👍中\u0301", max_size=60),
    st.lists(st.sampled_from([" ", "  ", "\n", "it's", "Don", "42", "7", "½", "é", "👍🏽", "中", "--", "\u00a0"])).map(
        "".join
    ),
).filter(lambda text: "<|endoftext|>" not in text)


@pytest.fixture(scope="module")
def spec() -> TokenizerSpec:
    return TokenizerSpec.from_gpt2_files(FILES / "vocab.json", FILES / "merges.txt")


@pytest.fixture(scope="module")
def gpt2(spec: TokenizerSpec) -> Tokenizer:
    return Tokenizer(spec)


@pytest.fixture(scope="module")
def smollm(spec: TokenizerSpec) -> Tokenizer:
    return Tokenizer(TokenizerSpec(spec.tokens, spec.merges, "smollm", spec.special_tokens))


@pytest.fixture(scope="module")
def reference() -> GPT2TokenizerFast:
    return GPT2TokenizerFast(str(FILES / "vocab.json"), str(FILES / "merges.txt"))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("text", AWKWARD)
def test_ids_of_awkward_text_equal_transformers(text: str, gpt2: Tokenizer, reference: GPT2TokenizerFast) -> None:
    assert gpt2.encode(text) == reference.encode(text)


@settings(max_examples=300, deadline=None)
@given(text=texts)
def test_ids_equal_transformers_and_decode_to_the_text(
    text: str, gpt2: Tokenizer, reference: GPT2TokenizerFast
) -> None:
    ids = gpt2.encode(text)
    assert ids == reference.encode(text)
    assert gpt2.decode(ids) == text


@settings(max_examples=200, deadline=None)
@given(text=texts)
def test_digits_stand_alone_with_the_smollm_rule(text: str, smollm: Tokenizer) -> None:
    ids = smollm.encode(text)
    assert smollm.decode(ids) == text
    for token_id in ids:
        piece = smollm.token_bytes(token_id).decode("utf-8", "replace")
        assert len(piece) == 1 or not any(char.isnumeric() for char in piece)


def test_a_space_before_a_digit_is_its_own_token_with_the_smollm_rule(smollm: Tokenizer, gpt2: Tokenizer) -> None:
    assert [smollm.decode([i]) for i in smollm.encode("in 1984, yes")] == ["in", " ", "1", "9", "8", "4", ",", " yes"]
    assert [gpt2.decode([i]) for i in gpt2.encode("in 1984, yes")] == ["in", " 1984", ",", " yes"]


def test_typed_special_text_stays_text(gpt2: Tokenizer, smollm: Tokenizer) -> None:
    text = "before <|endoftext|> after<|endoftext|>"
    for tokenizer in (gpt2, smollm):
        ids = tokenizer.encode(text)
        assert not tokenizer.special_ids & set(ids)
        assert tokenizer.decode(ids) == text


def test_special_and_padding_ids_decode_to_nothing(gpt2: Tokenizer) -> None:
    assert gpt2.special_ids == {END_OF_TEXT}
    assert gpt2.n_vocab == 50257
    assert gpt2.token_bytes(END_OF_TEXT) == b""
    assert gpt2.token_bytes(60_000) == b""
    assert gpt2.token_bytes(-1) == b""
    assert gpt2.decode([*gpt2.encode("Once"), END_OF_TEXT, *gpt2.encode(" upon")]) == "Once upon"


def test_half_surrogates_become_question_marks(gpt2: Tokenizer) -> None:
    assert gpt2.decode(gpt2.encode("a\ud83db\udc00")) == "a?b?"


def test_the_vocabulary_is_that_of_the_tokens_without_special_ones(gpt2: Tokenizer, smollm: Tokenizer) -> None:
    for tokenizer in (gpt2, smollm):
        words = {*tokenizer.vocabulary.beginning_with(b" ")}
        assert {*tokenizer.encode(" house")} <= words
        assert not words & {*tokenizer.encode("house"), END_OF_TEXT}
        assert all(tokenizer.token_bytes(i).startswith(b" ") for i in words)
    assert gpt2.vocabulary is gpt2.vocabulary, "made once"


def test_bytes_are_decoded_as_they_come(gpt2: Tokenizer) -> None:
    streaming = StreamingDetokenizer(gpt2)
    assert [streaming.add_bytes(data) for data in (b"na\xc3", b"\xaf", b"\xff", b"ve")] == ["na", "ï", "", "ve"]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_streamed_pieces_join_to_the_whole_decoding(data: st.DataObject, gpt2: Tokenizer) -> None:
    ids = data.draw(
        st.lists(
            st.one_of(st.integers(0, 50256), st.sampled_from([*gpt2.encode("👍🏽中é€\u0301"), END_OF_TEXT])),
            max_size=30,
        )
    )
    streaming = StreamingDetokenizer(gpt2)
    pieces: list[str] = []
    seen = b""
    for token_id in ids:
        pieces.append(streaming.add(token_id))
        seen += gpt2.token_bytes(token_id)
        held = _incomplete_tail(seen)
        assert "".join(pieces) == seen[: len(seen) - held].decode("utf-8", "ignore")


def _incomplete_tail(data: bytes) -> int:
    """How many bytes at the end could still become one character: 0 to 3."""
    for n in range(min(3, len(data)), 0, -1):
        tail = data[-n:]
        for filler in (b"\x80", b"\x90", b"\xbf"):  # some lead bytes allow only part of 80..BF next
            for missing in range(1, 4 - n + 1):
                try:
                    if len((tail + filler + b"\x80" * (missing - 1)).decode("utf-8")) == 1:
                        return n
                except UnicodeDecodeError:
                    continue
    return 0


def test_a_character_appears_with_its_last_byte(gpt2: Tokenizer) -> None:
    ids = gpt2.encode("👩‍🚀")
    streaming = StreamingDetokenizer(gpt2)
    pieces = [streaming.add(i) for i in ids]
    assert "".join(pieces) == "👩‍🚀"
    assert all("\ufffd" not in piece for piece in pieces)
    assert "" in pieces


def test_saved_and_loaded_is_the_same(spec: TokenizerSpec, tmp_path: Path) -> None:
    spec.save(tmp_path)
    assert TokenizerSpec.load(tmp_path) == spec


def test_half_a_megabyte_of_one_character_is_quick(gpt2: Tokenizer) -> None:
    start = time.perf_counter()
    assert gpt2.decode(gpt2.encode("^" * 500_000)) == "^" * 500_000
    assert time.perf_counter() - start < 5


# Every byte in GPT-2's printable alphabet, "~" last.
PRINTABLE = [*range(0x21, 0x7E), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
BYTES = {chr(c): i for i, c in enumerate([*PRINTABLE, *range(0x100, 0x144), ord("~")])}


def small(extra: dict[str, object], merges: object, special: tuple[str, ...] = ()) -> Tokenizer:
    return Tokenizer(TokenizerSpec.from_vocabulary({**BYTES, **extra}, merges, "gpt2", special))


def test_merges_may_be_pairs_or_strings() -> None:
    n = len(BYTES)
    pairs, strings = (
        small({"th": n, "the": n + 1}, [["t", "h"], ["th", "e"]]),
        small({"th": n, "the": n + 1}, ["t h", "th e"]),
    )
    assert pairs.spec == strings.spec
    assert pairs.encode("the") == [n + 1]


def test_ids_left_out_are_special() -> None:
    n = len(BYTES)
    tokenizer = small({"<end>": n + 3}, [], ("<end>",))
    assert tokenizer.n_vocab == n + 4
    assert tokenizer.special_ids == {n, n + 1, n + 2, n + 3}
    assert tokenizer.decode(range(n - 1, n + 4)) == "~"


def test_a_special_token_that_text_can_reach_stays_ordinary() -> None:
    n = len(BYTES)
    tokenizer = small({"ab": n, "<end>": n + 1}, ["a b"], ("!", "ab", "<end>"))
    assert tokenizer.special_ids == {n + 1}
    assert tokenizer.decode(tokenizer.encode("!ab")) == "!ab"


def test_a_token_added_as_text_decodes_to_that_text() -> None:
    n = len(BYTES)
    assert small({"two words": n}, []).decode([n]) == "two words"


@pytest.mark.parametrize(
    ("vocabulary", "merges"),
    [
        ([], []),
        ({}, []),
        ({"a": 0}, {}),
        ({"a": 0, "b": 0}, []),
        ({"a": -1}, []),
        ({"a": 0.0}, []),
        ({"a": True}, []),
        ({"a": "0"}, []),
        ({"": 0}, []),
        ({"a\ud800": 0}, []),
        ({"a": 10**12}, []),
        ({"a": 0, "b": 1}, ["a b"]),
        ({"a": 0, "b": 1, "ab": 2}, ["a b c"]),
        ({"a": 0, "b": 1, "ab": 2}, ["ab"]),
        ({"a": 0, "b": 1, "ab": 2}, [""]),
        ({"a": 0, "b": 1, "ab": 2}, [5]),
        ({"a": 0, "b": 1, "ab": 2}, [["a", ["b"]]]),
        ({"a": 0, "b": 1, "ab": 2}, [["a", 1]]),
        ({"a": 0, "b": 1, "ab": 2}, [["a"]]),
        ({"a": 0}, ["a "]),
    ],
)
def test_a_damaged_vocabulary_is_refused(vocabulary: object, merges: object) -> None:
    with pytest.raises(WriterError, match="damaged"):
        TokenizerSpec.from_vocabulary(vocabulary, merges, "gpt2", ())


@settings(max_examples=200, deadline=None)
@given(
    tokens=st.lists(st.text(alphabet="ab!Ġ", min_size=1, max_size=3), unique=True, max_size=12),
    merges=st.lists(st.text(alphabet="ab!Ġ ", max_size=5), max_size=8),
    text=st.text(max_size=12),
)
def test_any_vocabulary_is_refused_or_works(tokens: list[str], merges: list[str], text: str) -> None:
    try:
        vocabulary = {token: i for i, token in enumerate(dict.fromkeys([*tokens, *BYTES]))}
        spec = TokenizerSpec.from_vocabulary(vocabulary, merges, "gpt2", ("ab",))
    except WriterError:
        return
    tokenizer = Tokenizer(spec)
    ids = tokenizer.encode(text)
    assert not tokenizer.special_ids & set(ids)
    tokenizer.decode(ids)


@pytest.mark.parametrize("content", ["", "[]", "null", '{"tokens": 3}', "[" * 100_000, '{"tokens": ["a", "a"]}'])
def test_a_damaged_saved_tokenizer_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(WriterError, match="missing or damaged"):
        TokenizerSpec.load(tmp_path)


def test_an_unknown_rule_in_a_saved_tokenizer_is_refused(spec: TokenizerSpec, tmp_path: Path) -> None:
    spec.save(tmp_path)
    values = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    values["pre_tokenizer"] = "(a+)+$"
    (tmp_path / "tokenizer.json").write_text(json.dumps(values))
    with pytest.raises(WriterError, match="damaged"):
        TokenizerSpec.load(tmp_path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(WriterError, match=tmp_path.name):
        TokenizerSpec.from_gpt2_files(tmp_path / "vocab.json", tmp_path / "merges.txt")
