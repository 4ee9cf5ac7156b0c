"""Byte-level BPE, and text that appears as tokens arrive. The only door to `tokenizers`.

Only a vocabulary and its merges are taken from a model, never a ready-made tokenizer file: such files can carry
regular expressions and settings of their own, which a downloaded model must not bring in.
"""

import codecs
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Literal, Self

from writer.engine.untrusted_file import parse_json, read_capped
from writer.engine.vocabulary import Vocabulary
from writer.errors import WriterError

PreTokenizer = Literal["gpt2", "smollm"]

TOKENIZER_NAME = "tokenizer.json"
MAX_TOKENIZER_BYTES = 2**26  # the largest in use have about half of this
_MAX_VOCABULARY = 2**20  # the largest in use have a quarter of this; a damaged file may claim anything


@dataclass(frozen=True)
class TokenizerSpec:
    """What a tokenizer is made of. `tokens[id]` is written in the byte-level alphabet (GPT-2's printable stand-ins
    for the 256 bytes); `special_tokens` are never made from typed text and decode to nothing."""

    tokens: tuple[str, ...]
    merges: tuple[tuple[str, str], ...]
    pre_tokenizer: PreTokenizer
    special_tokens: tuple[str, ...]

    @classmethod
    def from_gpt2_files(cls, vocab_json: Path, merges_txt: Path, special: Iterable[str] = ("<|endoftext|>",)) -> Self:
        """From GPT-2's own two files. Raises WriterError when they do not fit together."""
        try:
            vocabulary = parse_json(read_capped(vocab_json, MAX_TOKENIZER_BYTES))
            merges = read_capped(merges_txt, MAX_TOKENIZER_BYTES)
            if merges.count(b"\n") > _MAX_VOCABULARY:  # nearly every merge makes a token
                raise ValueError("more merges than any vocabulary has")
            lines = merges.decode("utf-8").split("\n")
        except (OSError, ValueError) as error:
            message = f"The tokenizer in {vocab_json.parent} cannot be read."
            raise WriterError(message, "Get the model again.") from error
        pairs = [line for line in map(str.rstrip, lines) if line and not line.startswith("#version")]
        return cls.from_vocabulary(vocabulary, pairs, "gpt2", special)

    @classmethod
    def from_vocabulary(
        cls, vocabulary: object, merges: object, pre_tokenizer: PreTokenizer, special: Iterable[str]
    ) -> Self:
        """From a mapping token -> id and merges written "a b" or as pairs. Raises WriterError when they do not fit, or
        when some text could not be written in these tokens.

        A token named in `special` that typed text can reach (one character, or made by a merge) stays ordinary:
        otherwise that text could no longer be encoded. Ids that the mapping leaves out become special."""
        try:
            if not isinstance(vocabulary, dict) or not isinstance(merges, list):
                raise TypeError("not a vocabulary and a list of merges")
            tokens, unused = _by_id(vocabulary)
            pairs = _merge_pairs(merges, vocabulary)
            made = {first + second for first, second in pairs}
            wanted = {token: None for token in special if token in vocabulary and len(token) > 1 and token not in made}
            # The library never sees special tokens (below) and panics on a merge of tokens that it does not know.
            if any(first in wanted or second in wanted for first, second in pairs):
                raise ValueError("a merge of a special token")
        except (TypeError, ValueError) as error:
            raise WriterError("The model's tokenizer is damaged.", "Get the model again.") from error
        missing = _text_alphabet() - vocabulary.keys()
        if missing:  # the library would leave such bytes out of what the model is shown, without a word
            raise WriterError(
                f"The model's tokenizer cannot write every text: it lacks {len(missing)} of the bytes that text is of.",
                "Choose another model.",
            )
        return cls(tuple(tokens), tuple(pairs), pre_tokenizer, (*wanted, *unused))

    def save(self, folder: Path) -> Path:
        """Write `tokenizer.json`, in Writer's own small format, into `folder`; returns its path."""
        values = {
            "format_version": 1,
            "pre_tokenizer": self.pre_tokenizer,
            "special_tokens": self.special_tokens,
            "tokens": self.tokens,
            "merges": [" ".join(pair) for pair in self.merges],
        }
        path = folder / TOKENIZER_NAME
        path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
        return path

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises WriterError when it is missing or damaged."""
        try:
            values = parse_json(read_capped(folder / TOKENIZER_NAME, MAX_TOKENIZER_BYTES))
            vocabulary = {token: i for i, token in enumerate(values["tokens"])}
            if len(vocabulary) != len(values["tokens"]):
                raise ValueError("a token stands twice")
            if values["pre_tokenizer"] not in ("gpt2", "smollm"):
                raise ValueError(values["pre_tokenizer"])
            return cls.from_vocabulary(vocabulary, values["merges"], values["pre_tokenizer"], values["special_tokens"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WriterError("The model's tokenizer is missing or damaged.", "Get the model again.") from error


class Tokenizer:
    """Text <-> token ids."""

    def __init__(self, spec: TokenizerSpec) -> None:
        # With the first model, not with the window: loading the library takes its time.
        from tokenizers import Tokenizer as BpeTokenizer
        from tokenizers import models, pre_tokenizers

        self.spec = spec
        special = frozenset(spec.special_tokens)
        vocabulary = {token: i for i, token in enumerate(spec.tokens)}
        self.special_ids = frozenset(vocabulary[token] for token in special)
        # The library never sees the special tokens, so no text that looks like one can become one.
        typed = {token: i for token, i in vocabulary.items() if token not in special}
        bpe = BpeTokenizer(models.BPE(vocab=typed, merges=list(spec.merges)))
        words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
        if spec.pre_tokenizer == "smollm":
            digits = pre_tokenizers.Digits(individual_digits=True)
            bpe.pre_tokenizer = pre_tokenizers.Sequence([digits, words])
        else:
            bpe.pre_tokenizer = words
        self._bpe = bpe
        self._bytes = [b"" if token in special else bytes_of(token) for token in spec.tokens]

    @property
    def n_vocab(self) -> int:
        return len(self._bytes)

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`; half surrogates, which no file can hold, become question marks."""
        ids: list[int] = self._bpe.encode(text.encode("utf-8", "replace").decode("utf-8"), add_special_tokens=False).ids
        return ids

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes a token stands for, which need not be whole characters; none for special tokens and for ids
        beyond the vocabulary (models pad their embedding to a round size)."""
        return self._bytes[token_id] if 0 <= token_id < len(self._bytes) else b""

    def decode(self, token_ids: Iterable[int]) -> str:
        return b"".join(map(self.token_bytes, token_ids)).decode("utf-8", "replace")

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Which tokens could spell a given text."""
        return Vocabulary([self.token_bytes(i) for i in range(self.n_vocab)])


class StreamingDetokenizer:
    """Text of a growing list of tokens, in which no broken character is ever shown: the bytes of an incomplete one
    are held back until it is whole, and those that cannot become one are left out."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")

    def add(self, token_id: int) -> str:
        """The text that this token completes."""
        return self.add_bytes(self._tokenizer.token_bytes(token_id))

    def add_bytes(self, data: bytes) -> str:
        """The text that these bytes complete."""
        return self._decoder.decode(data)


def _by_id(vocabulary: dict[object, object]) -> tuple[list[str], list[str]]:
    """(tokens in order of id, the stand-ins among them for ids that no token has)."""
    if len(vocabulary) > _MAX_VOCABULARY:
        raise ValueError("more tokens than any model has")
    ids = list(vocabulary.values())
    if any(type(i) is not int or i < 0 for i in ids) or len(set(ids)) != len(ids):
        raise ValueError("ids are not distinct whole numbers")
    if not all(isinstance(token, str) and token for token in vocabulary):
        raise ValueError("a token is no text")
    "".join(map(str, vocabulary)).encode("utf-8")  # a half surrogate, which the library cannot take, is a ValueError
    token_of = {i: str(token) for token, i in vocabulary.items() if isinstance(i, int)}
    n_vocab = max(token_of) + 1
    if n_vocab > _MAX_VOCABULARY:  # before a stand-in is made for each id that is missing
        raise ValueError("an id is out of all bounds")
    unused = [f"<unused {i}>" for i in range(n_vocab) if i not in token_of]
    stand_ins = iter(unused)
    tokens = [token_of[i] if i in token_of else next(stand_ins) for i in range(n_vocab)]
    if len(set(tokens)) != n_vocab:
        raise ValueError("a token stands twice")
    return tokens, unused


def _merge_pairs(merges: list[object], vocabulary: dict[object, object]) -> list[tuple[str, str]]:
    """The merges as pairs. The library panics on a merge whose parts or product have no id: refuse those here."""
    pairs = []
    for merge in merges:
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise TypeError("a merge is no pair")
        first, second = pair
        if not (first in vocabulary and second in vocabulary and first + second in vocabulary):
            raise ValueError("a merge of unknown tokens")
        pairs.append((first, second))
    return pairs


def bytes_of(token: str) -> bytes:
    """What a token stands for. One with a character outside the byte alphabet was added to the vocabulary as text."""
    byte_of = _byte_alphabet()
    try:
        return bytes([byte_of[char] for char in token])
    except KeyError:
        return token.encode("utf-8", "replace")


@cache
def _text_alphabet() -> frozenset[str]:
    """The stand-ins of every byte that UTF-8 text needs. Control characters and the planes of Unicode that hold no
    characters are left out, because trained vocabularies lack some of them: SmolLM2's has no byte 4 and no 241."""
    control = {*range(0x20), 0x7F} - set(b"\t\n\r")
    needed = {*range(0xC0), *range(0xC2, 0xF1)} - control
    return frozenset(char for char, byte in _byte_alphabet().items() if byte in needed)


@cache
def _byte_alphabet() -> dict[str, int]:
    """GPT-2's printable character for each byte (Radford et al., 2019, `bytes_to_unicode`): printable Latin-1
    stands for itself, the other bytes follow in order from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    alphabet = {chr(byte): byte for byte in printable}
    others = [byte for byte in range(256) if byte not in set(printable)]
    alphabet.update({chr(256 + i): byte for i, byte in enumerate(others)})
    return alphabet
