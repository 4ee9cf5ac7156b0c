"""A folder that holds an exported language model: which of its files is the graph, and what its descriptions say."""

from pathlib import Path
from typing import TYPE_CHECKING

from writer.engine.config import ModelConfig
from writer.errors import WriterError
from writer.models.checkpoint.checkpoint import (
    LLAMA_MAX_CTX,
    MAX_DIMENSION,
    MAX_LAYERS,
    MIN_CTX,
    MIN_VOCAB,
    unsupported,
)
from writer.models.checkpoint.fields import Fields, read_json
from writer.models.checkpoint.hugging_face import end_token_ids

if TYPE_CHECKING:
    from writer.models.imported.interface import Interface

# In order of preference: a merged decoder holds a second network for the first step.
GRAPH_NAMES = ("model.onnx", "decoder_model_merged.onnx")
_GRAPH_FOLDERS = (".", "onnx")  # of the hub's repositories
DESCRIPTIONS = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
)

# Names that configurations have for the same thing.
_CTX_NAMES = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length", "max_sequence_length")
_WIDTH_NAMES = ("hidden_size", "n_embd", "d_model", "n_embed")
_HEAD_NAMES = ("num_attention_heads", "n_head", "num_heads", "n_heads")


def find_graph(source: Path) -> Path | None:
    """The graph in a folder, or the file itself; None where there is none."""
    if source.suffix == ".onnx" and not source.is_dir():
        return source
    paths = (source / folder / name for name in GRAPH_NAMES for folder in _GRAPH_FOLDERS)
    return next((path for path in paths if path.exists()), None)


def description_folder(graph: Path) -> Path:
    """Where config.json and the tokenizer lie: beside the graph, or above it (`onnx/model.onnx`)."""
    is_below = not (graph.parent / "config.json").is_file() and graph.parent.name == "onnx"
    return graph.parent.parent if is_below else graph.parent


def read_shape(folder: Path, interface: "Interface", n_vocab: int, n_start: int) -> ModelConfig:
    """What the folder's config.json says, as far as the graph does not say it itself.

    n_vocab -- as the graph answers; n_start -- tokens read before every text, which leave less room for it.
    Raises WriterError when the two do not fit together."""
    fields = Fields(read_json(folder / "config.json"), "config.json")
    stated = fields.whole("vocab_size", n_vocab)
    if stated != n_vocab:
        raise WriterError(
            f"The model's graph knows {n_vocab} tokens, and its configuration {stated}.",
            "The files do not belong together: get the model again.",
        )
    n_ctx = min(_first(fields, _CTX_NAMES, LLAMA_MAX_CTX), LLAMA_MAX_CTX) - n_start
    n_head = _first(fields, _HEAD_NAMES, interface.n_kv_head)
    n_embd = _first(fields, _WIDTH_NAMES, n_head * interface.head_dim)
    dimensions = (n_vocab, n_embd, n_head, interface.n_kv_head, interface.head_dim)
    if not all(0 < n <= MAX_DIMENSION for n in dimensions) or interface.n_layer > MAX_LAYERS:
        raise WriterError("The model's configuration makes no network.", "Get the model again.")
    if n_ctx < MIN_CTX:
        raise unsupported(f"it reads {n_ctx} tokens at a time, and writing takes {MIN_CTX}")
    if n_vocab < MIN_VOCAB:
        raise unsupported(f"it knows {n_vocab} tokens, and text takes {MIN_VOCAB}")
    return ModelConfig(
        architecture="imported",
        n_vocab=n_vocab,
        n_ctx=n_ctx,
        n_embd=n_embd,
        n_layer=interface.n_layer,
        n_head=n_head,
        n_kv_head=interface.n_kv_head,
        head_dim=interface.head_dim,
        n_inner=0,  # this and the rest stand in the graph alone
        norm_eps=0.0,
        eos_token_ids=tuple(sorted({i for i in end_token_ids(folder, fields) if 0 <= i < n_vocab})),
    )


def _first(fields: Fields, names: tuple[str, ...], default: int) -> int:
    return next((fields.whole(name) for name in names if fields.get(name) is not None), default)
