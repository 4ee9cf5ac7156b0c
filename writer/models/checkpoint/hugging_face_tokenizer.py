"""Vocabulary and merges out of a Hugging Face folder. tokenizer.json is read as plain data and never handed to the
library: it may carry regular expressions, normalisers and templates of a stranger's making."""

from pathlib import Path
from typing import Any

from writer.engine.tokenizer import MAX_TOKENIZER_BYTES, PreTokenizer, TokenizerSpec
from writer.errors import WriterError
from writer.models.checkpoint.checkpoint import damaged, unsupported
from writer.models.checkpoint.fields import read_json

# Settings of the BPE model that would change its ids, with the values that leave them alone.
_PLAIN_BPE: dict[str, tuple[object, ...]] = {
    "continuing_subword_prefix": (None, ""),
    "end_of_word_suffix": (None, ""),
    "byte_fallback": (None, False),
    "ignore_merges": (None, False),
}


def read_tokenizer(folder: Path) -> TokenizerSpec | None:
    """None when the folder holds no tokenizer. Raises WriterError for every kind but byte-level BPE."""
    if (folder / "tokenizer.json").is_file():
        return _from_tokenizer_json(read_json(folder / "tokenizer.json", MAX_TOKENIZER_BYTES))
    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    if vocabulary.is_file() and merges.is_file():
        added = folder / "added_tokens.json"
        special = list(read_json(added)) if added.is_file() else []
        return TokenizerSpec.from_gpt2_files(vocabulary, merges, ["<|endoftext|>", *special])
    if any(folder.glob("*.model")):
        raise unsupported("its tokenizer is SentencePiece, not byte-level BPE")
    return None


def _from_tokenizer_json(values: dict[str, Any]) -> TokenizerSpec:
    try:
        model = values["model"]
        kind = model.get("type", "BPE")
        if kind != "BPE":
            raise unsupported(f"its tokenizer is {kind}, not byte-level BPE")
        for setting, plain in _PLAIN_BPE.items():
            if model.get(setting) not in plain:
                raise unsupported(f"its tokenizer uses {setting}, as SentencePiece models do")
        if values.get("normalizer"):
            raise unsupported(f"its tokenizer changes the text first ({values['normalizer'].get('type')})")
        splitter = _pre_tokenizer(values.get("pre_tokenizer") or {})
        added = {token["content"]: token["id"] for token in values.get("added_tokens") or []}
        special = [token["content"] for token in values.get("added_tokens") or [] if token.get("special")]
        return TokenizerSpec.from_vocabulary({**model["vocab"], **added}, model["merges"], splitter, special)
    except WriterError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise damaged("tokenizer.json") from error


def _pre_tokenizer(splitter: dict[str, Any]) -> PreTokenizer:
    """Which of the known rules this is; the rules themselves are Writer's own."""
    parts = splitter["pretokenizers"] if splitter.get("type") == "Sequence" else [splitter]
    kinds = [part.get("type") for part in parts]
    words = parts[-1] if parts else {}
    if kinds not in (["ByteLevel"], ["Digits", "ByteLevel"]) or words.get("use_regex", True) is not True:
        raise unsupported(f"its tokenizer splits text in a way Writer does not know ({', '.join(map(str, kinds)):.80})")
    if words.get("add_prefix_space"):
        raise unsupported("its tokenizer puts a space before every text")
    if len(parts) == 1:
        return "gpt2"
    if not parts[0].get("individual_digits"):
        raise unsupported("its tokenizer splits numbers from words, but not digit by digit")
    return "smollm"
