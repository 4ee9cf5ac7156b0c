"""Tokenizers of imported models that are no byte-level BPE of Writer's own kinds: the `tokenizers` library runs them as
their file describes them, once the file has been tried in a process of its own (`writer.models.imported.trial`)."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

from writer.engine.tokenizer import MAX_TOKENIZER_BYTES, Tokenizer, TokenizerSpec, bytes_of
from writer.engine.untrusted_file import read_capped
from writer.errors import WriterError

IMPORTED_TOKENIZER_NAME = "imported-tokenizer.json"
_MAX_TOKENS = 2**20
_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")  # SentencePiece's spelling of single bytes
_UNKNOWN_DECODER = "its tokenizer joins tokens in a way Writer does not know"

# Parts of a decoder that only tidy up a whole text; pieces of a running one are taken as they are.
_TIDYING = frozenset({"Fuse", "Strip"})


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of an installed model, of whichever kind. Raises WriterError when it is missing or damaged."""
    if (folder / IMPORTED_TOKENIZER_NAME).is_file():
        return ImportedTokenizer.load(folder)
    return Tokenizer(TokenizerSpec.load(folder))


class ImportedTokenizer(Tokenizer):
    """The same questions, answered by the library. Not made from a TokenizerSpec, so it has no `spec`."""

    def __init__(self, description: str) -> None:
        """From the text of a tokenizer.json. Raises WriterError when the library cannot use it, or when it is not
        known which bytes its tokens stand for."""
        from tokenizers import Tokenizer as LibraryTokenizer  # takes its time: with the first such model

        try:
            bpe = guarded(lambda: LibraryTokenizer.from_str(description))
            decoder = json.loads(description).get("decoder") or {}
        except WriterError:
            raise
        except Exception as error:  # the library's exceptions share no base class but Exception
            raise WriterError("The model's tokenizer is damaged.", "Get the model again.") from error
        bpe.no_padding()
        bpe.no_truncation()
        bpe.encode_special_tokens = True  # no text that looks like a special token can become one
        self._library = bpe
        self._description = description
        vocabulary: dict[str, int] = bpe.get_vocab(with_added_tokens=True)
        n_vocab = max(vocabulary.values(), default=-1) + 1
        if not 0 < n_vocab <= _MAX_TOKENS:
            raise WriterError("The model's tokenizer is damaged.", "Get the model again.")
        piece_bytes = _piece_reader(decoder)
        added = bpe.get_added_tokens_decoder()
        self.special_ids = frozenset(i for i, token in added.items() if token.special)
        pieces = [b""] * n_vocab
        for token, i in vocabulary.items():
            if i not in self.special_ids:
                pieces[i] = token.encode("utf-8", "replace") if i in added else piece_bytes(token)
        self._pieces = pieces

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises WriterError when it is missing or damaged."""
        try:
            return cls(read_capped(folder / IMPORTED_TOKENIZER_NAME, MAX_TOKENIZER_BYTES).decode("utf-8"))
        except (OSError, ValueError) as error:
            raise WriterError("The model's tokenizer is missing or damaged.", "Import the model again.") from error

    def save(self, folder: Path) -> Path:
        """Write the description into `folder`; returns its path."""
        path = folder / IMPORTED_TOKENIZER_NAME
        path.write_text(self._description, encoding="utf-8")
        return path

    @property
    def n_vocab(self) -> int:
        return len(self._pieces)

    def start_ids(self) -> list[int]:
        """The tokens that the file's own template puts before a text."""
        text = "a"
        plain, framed = self.encode(text), self._library.encode(text, add_special_tokens=True).ids
        places = [i for i in range(len(framed) - len(plain) + 1) if framed[i : i + len(plain)] == plain]
        return list(framed[: places[0]]) if plain and places else []

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`. Raises WriterError when a regular expression of the file gives up on it."""
        clean = text.encode("utf-8", "replace").decode("utf-8")
        ids: list[int] = guarded(lambda: self._library.encode(clean, add_special_tokens=False).ids)
        return ids

    def token_bytes(self, token_id: int) -> bytes:
        return self._pieces[token_id] if 0 <= token_id < len(self._pieces) else b""

    def decode(self, token_ids: Iterable[int]) -> str:
        """A space that the tokenizer puts before every text (SentencePiece) stays."""
        return b"".join(map(self.token_bytes, token_ids)).decode("utf-8", "replace")


def guarded(call: Callable[[], Any]) -> Any:
    """The result of a call into the library, whose panics are no Exception and would end a thread without a word."""
    try:
        return call()
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise WriterError("The model's tokenizer cannot cope with this text.", "Choose another model.") from error


def _piece_reader(decoder: dict[str, Any]) -> Callable[[str], bytes]:
    """How to read the bytes of a token, by the decoder that the file describes."""
    try:
        parts = decoder["decoders"] if decoder.get("type") == "Sequence" else [decoder]
        kinds = [part.get("type") for part in parts]
        if kinds == ["ByteLevel"]:
            return bytes_of
        space, has_bytes = None, False
        for part, kind in zip(parts, kinds, strict=True):
            if kind == "Metaspace":
                space = part["replacement"]
            elif kind == "Replace" and part["content"] == " ":
                space = part["pattern"]["String"]
            elif kind == "ByteFallback":
                has_bytes = True
            elif kind not in _TIDYING:
                raise ValueError(kind)
        if not isinstance(space, str) or not space:
            raise TypeError(space)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WriterError(f"Writer cannot run this model: {_UNKNOWN_DECODER}.", "Choose another model.") from error

    def read(token: str) -> bytes:
        byte = _BYTE_TOKEN.fullmatch(token) if has_bytes else None
        return bytes([int(byte[1], 16)]) if byte else token.replace(space, " ").encode("utf-8", "replace")

    return read
