"""GGUF: one file with metadata, tokenizer and (mostly quantised) weights."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from gguf import quants
from gguf.constants import GGMLQuantizationType

from writer.engine.config import ModelConfig
from writer.engine.tokenizer import PreTokenizer, TokenizerSpec
from writer.engine.untrusted_file import open_regular
from writer.models.checkpoint.checkpoint import (
    LLAMA_MAX_CTX,
    Checkpoint,
    StoredTensor,
    Weights,
    damaged,
    unsupported,
    unsupported_architecture,
)
from writer.models.checkpoint.fields import Fields
from writer.models.checkpoint.foreign_files import refuse_foreign
from writer.models.checkpoint.gguf_header import GGUF_MAGIC, TensorPlace, read_gguf_header

# Names in the file -> Hugging Face's.
_GPT2_NAMES = {
    "token_embd": "wte",
    "position_embd": "wpe",
    "output_norm": "ln_f",
    "output": "lm_head",
    "attn_norm": "ln_1",
    "attn_qkv": "attn.c_attn",
    "attn_output": "attn.c_proj",
    "ffn_norm": "ln_2",
    "ffn_up": "mlp.c_fc",
    "ffn_down": "mlp.c_proj",
}
_LLAMA_NAMES = {
    "token_embd": "embed_tokens",
    "output_norm": "norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_GPT2_PRODUCTS = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")
_PRE_TOKENIZERS: dict[str, PreTokenizer] = {"gpt-2": "gpt2", "smollm": "smollm"}
_NORMAL, _UNKNOWN, _CONTROL, _UNUSED = 1, 2, 3, 5  # token types
_STORED_AS = frozenset(
    GGMLQuantizationType[name]
    for name in [
        "F32",
        "F16",
        "BF16",
        "Q8_0",
        "Q4_0",
        "Q4_1",
        "Q5_0",
        "Q5_1",
        "Q2_K",
        "Q3_K",
        "Q4_K",
        "Q5_K",
        "Q6_K",
        "IQ4_NL",
        "IQ4_XS",
    ]
)
_CHUNK_VALUES = 2**22  # unpacking needs several times the memory of its result, so it goes by parts of this size


def open_gguf(path: Path) -> Checkpoint:
    """Raises WriterError when the file is damaged or of a kind Writer cannot run."""
    with open_regular(path) as stream:
        magic = stream.read(len(GGUF_MAGIC))
    if magic != GGUF_MAGIC:
        refuse_foreign(path)  # in its own words; for everything else the header's reader has some
    header = read_gguf_header(path)
    tied = _head_is_embedding(path, header.tensors)
    config = _config(Fields(header.metadata, path.name), header.tensors, tied)
    tensors = {
        _full_name(name, config): _stored_tensor(path, place, _layout_change(name, config))
        for name, place in header.tensors.items()
    }
    if len(tensors) != len(header.tensors):
        raise damaged(path.name, "a tensor stands twice")
    licence = header.metadata.get("general.license")
    return Checkpoint(
        config,
        _tokenizer(Fields(header.metadata, path.name), path),
        tensors,
        (path,),
        "gguf",
        licence if isinstance(licence, str) else "",
    )


def _config(fields: Fields, tensors: Mapping[str, TensorPlace], tied_head: bool) -> ModelConfig:
    architecture = fields.get("general.architecture", "of no kind it names")
    if architecture not in ("gpt2", "llama"):
        raise unsupported_architecture(architecture)
    is_llama = architecture == "llama"
    key = f"{architecture}.{{}}".format
    if fields.get(key("rope.scaling.type"), "none") != "none" or "rope_freqs.weight" in tensors:
        raise unsupported("its rotary positions are scaled")
    for feature in ("expert_count", "attention.sliding_window", "rope.scale_linear"):
        if fields.get(key(feature)):
            raise unsupported(f"it uses {feature}")
    if "token_embd.weight" not in tensors:
        raise damaged("The model", "it lacks the tensor token_embd.weight")
    embd, head = fields.whole(key("embedding_length")), fields.whole(key("attention.head_count"))
    head_dim = fields.whole(key("attention.key_length"), embd // max(head, 1))
    if is_llama and fields.whole(key("rope.dimension_count"), head_dim) != head_dim:
        raise unsupported("its rotary positions cover a part of each head only")
    n_ctx = fields.whole(key("context_length"))
    epsilon = "attention.layer_norm_rms_epsilon" if is_llama else "attention.layer_norm_epsilon"
    end = fields.get("tokenizer.ggml.eos_token_id")
    return ModelConfig(
        architecture="llama" if is_llama else "gpt2",
        n_vocab=tensors["token_embd.weight"].shape[0],
        n_ctx=min(n_ctx, LLAMA_MAX_CTX) if is_llama else n_ctx,
        n_embd=embd,
        n_layer=fields.whole(key("block_count")),
        n_head=head,
        n_kv_head=fields.whole(key("attention.head_count_kv"), head),
        head_dim=head_dim,
        n_inner=fields.whole(key("feed_forward_length")),
        norm_eps=fields.real(key(epsilon)),
        eos_token_ids=(end,) if type(end) is int else (),
        tied_head=tied_head,
        rope_theta=fields.real(key("rope.freq_base"), 10000.0) if is_llama else 0.0,
    )


def _head_is_embedding(path: Path, tensors: Mapping[str, TensorPlace]) -> bool:
    """Tied when there is no head, or a byte-for-byte copy of the embedding, as older converters wrote for gpt2."""
    head, embedding = tensors.get("output.weight"), tensors.get("token_embd.weight")
    if head is None or embedding is None:
        return True
    if (head.type, head.shape) != (embedding.type, embedding.shape):
        return False
    left_bytes = head.n_bytes
    with open_regular(path) as one, open_regular(path) as other:
        one.seek(head.offset_bytes)
        other.seek(embedding.offset_bytes)
        while left_bytes > 0:
            n_bytes = min(left_bytes, _CHUNK_VALUES)
            if one.read(n_bytes) != other.read(n_bytes):
                return False
            left_bytes -= n_bytes
    return True


def _tokenizer(fields: Fields, path: Path) -> TokenizerSpec | None:
    """None when the file carries none. Raises WriterError for every kind but byte-level BPE."""
    kind = fields.get("tokenizer.ggml.model", "no_vocab")
    if kind == "no_vocab":
        return None
    if kind != "gpt2":
        name = "SentencePiece" if kind == "llama" else kind
        raise unsupported(f"its tokenizer is {name}, not byte-level BPE")
    splitter = fields.get("tokenizer.ggml.pre", "gpt-2")
    if splitter not in ("gpt-2", "smollm"):
        raise unsupported(f"its tokenizer splits text in a way Writer does not know ({splitter!r:.40})")
    tokens, merges = fields.get("tokenizer.ggml.tokens", []), fields.get("tokenizer.ggml.merges", [])
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise damaged(path.name, "the vocabulary is no list of tokens")
    vocabulary = {token: i for i, token in enumerate(tokens)}
    types = fields.get("tokenizer.ggml.token_type", [_NORMAL] * len(tokens))
    if not isinstance(types, list) or len(types) != len(tokens) or len(vocabulary) != len(tokens):
        raise damaged(path.name, "the vocabulary does not fit its token types")
    special = [token for token, kind in zip(tokens, types, strict=True) if kind in (_UNKNOWN, _CONTROL, _UNUSED)]
    return TokenizerSpec.from_vocabulary(vocabulary, merges, _PRE_TOKENIZERS[splitter], ["<|endoftext|>", *special])


def _full_name(name: str, config: ModelConfig) -> str:
    """`blk.3.attn_q.weight` -> `layers.3.self_attn.q_proj.weight`; a name that is not known stays as it is."""
    gpt2 = config.architecture == "gpt2"
    names = _GPT2_NAMES if gpt2 else _LLAMA_NAMES
    *block, stem, part = name.rsplit(".", 2) if name.startswith("blk.") else ("", *name.rpartition(".")[::2])
    if stem not in names:
        return name
    prefix = block[0].replace("blk.", "h." if gpt2 else "layers.") + "." if block[0] else ""
    return f"{prefix}{names[stem]}.{part}"


def _layout_change(name: str, config: ModelConfig) -> Callable[[Weights], Weights] | None:
    """What was done to this tensor when the file was written, to be undone; None for nothing."""
    full_name = _full_name(name, config)
    if config.architecture == "gpt2":
        # Hugging Face keeps gpt2's products as (in, out), GGUF as (out, in).
        return np.transpose if full_name.endswith(_GPT2_PRODUCTS) else None
    if full_name.endswith("q_proj.weight"):
        return lambda weight: rotary_halves(weight, config.n_head)
    if full_name.endswith("k_proj.weight"):
        return lambda weight: rotary_halves(weight, config.n_kv_head)
    return None


def rotary_halves(weight: Weights, n_heads: int) -> Weights:
    """Undo the interleaving that llama's query and key rows (H D, E) get in GGUF: rows 2 j and 2 j + 1 of a head
    are the pair that turns together, where Hugging Face has rows j and j + D / 2."""
    rows, columns = weight.shape
    pairs = weight.reshape(n_heads, rows // n_heads // 2, 2, columns)
    return pairs.swapaxes(1, 2).reshape(rows, columns)


def _stored_tensor(path: Path, place: TensorPlace, change: Callable[[Weights], Weights] | None) -> StoredTensor:
    if place.type not in _STORED_AS:
        raise unsupported(f"its weights are stored as {place.type.name}")

    def read() -> Weights:
        values = _read_rows(path, place)
        return values if change is None else np.ascontiguousarray(change(values))

    return StoredTensor(place.shape[::-1] if change is np.transpose else place.shape, read)


def _read_rows(path: Path, place: TensorPlace) -> Weights:
    """The tensor as float32, unpacked by parts. Raises WriterError when the file breaks off."""
    n_rows = math.prod(place.shape[:-1])
    values = np.empty((n_rows, place.shape[-1]), np.float32)
    step = max(1, _CHUNK_VALUES // place.shape[-1])
    try:
        with open_regular(path) as stream:
            stream.seek(place.offset_bytes)
            for row in range(0, n_rows, step):
                part = values[row : row + step]
                stored = np.frombuffer(stream.read(len(part) * place.row_bytes), np.uint8)
                with np.errstate(all="ignore"):  # scales of a damaged file; values are checked once they are read
                    part[:] = quants.dequantize(stored.reshape(len(part), place.row_bytes), place.type)
    except (OSError, ValueError) as error:
        raise damaged(path.name) from error
    return values.reshape(place.shape)
