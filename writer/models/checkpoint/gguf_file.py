"""GGUF: one file with metadata, tokenizer and (mostly quantised) weights."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from writer.engine.config import ModelConfig
from writer.engine.tokenizer import PreTokenizer, TokenizerSpec
from writer.errors import WriterError
from writer.models.checkpoint.checkpoint import LLAMA_MAX_CTX, Checkpoint, StoredTensor, Weights, unsupported

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
_PRE_TOKENIZERS: dict[str, PreTokenizer] = {"gpt-2": "gpt2", "gpt2": "gpt2", "default": "gpt2", "smollm": "smollm"}
_CONTROL, _USER_DEFINED = 3, 4  # token types of the GGUF specification

# What the reader raises for files that break off or lie about themselves.
_DAMAGE = (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError, struct.error, OSError)


def open_gguf(path: Path) -> Checkpoint:
    """Raises WriterError when the file is damaged or of a kind Writer cannot run."""
    damaged = WriterError(f"{path.name} is damaged or cut short.", "Get the file again.")
    try:
        with np.errstate(over="ignore"):  # offsets of a damaged header may overflow before they are refused
            reader = gguf.GGUFReader(path)
            metadata = {name: field.contents() for name, field in reader.fields.items()}
            config = _config(metadata, {tensor.name for tensor in reader.tensors})
            tokenizer = _tokenizer(metadata)
            tensors = _tensors(reader, config)
    except _DAMAGE as error:
        raise damaged from error
    return Checkpoint(config, tokenizer, tensors, (path,), "gguf", str(metadata.get("general.license", "")))


def _config(metadata: dict[str, Any], names: set[str]) -> ModelConfig:
    architecture = metadata.get("general.architecture")
    if architecture not in ("gpt2", "llama"):
        raise unsupported(f"it is of the kind {architecture!r}")

    def value(name: str, default: Any = None) -> Any:
        found = metadata.get(f"{architecture}.{name}", default)
        if found is None:
            raise KeyError(name)
        return found

    scaling = metadata.get(f"{architecture}.rope.scaling.type", "none")
    if scaling != "none" or "rope_freqs.weight" in names:
        raise unsupported("its rotary positions are scaled")
    if value("expert_count", 0):
        raise unsupported("it is a mixture of experts")
    embd, head = int(value("embedding_length")), int(value("attention.head_count"))
    n_ctx = int(value("context_length"))
    is_llama = architecture == "llama"
    epsilon = value("attention.layer_norm_rms_epsilon" if is_llama else "attention.layer_norm_epsilon")
    return ModelConfig(
        architecture="llama" if is_llama else "gpt2",
        n_vocab=len(metadata["tokenizer.ggml.tokens"]),
        n_ctx=min(n_ctx, LLAMA_MAX_CTX) if is_llama else n_ctx,
        n_embd=embd,
        n_layer=int(value("block_count")),
        n_head=head,
        n_kv_head=int(value("attention.head_count_kv", head)),
        head_dim=int(value("attention.key_length", embd // head)),
        n_inner=int(value("feed_forward_length")),
        norm_eps=float(epsilon),
        eos_token_ids=_end_tokens(metadata),
        tied_head="output.weight" not in names,
        rope_theta=float(value("rope.freq_base", 10000.0)) if is_llama else 0.0,
    )


def _end_tokens(metadata: dict[str, Any]) -> tuple[int, ...]:
    """The named end token, and `<|endoftext|>`, which ends documents in the training text of both families."""
    ends = {int(metadata["tokenizer.ggml.eos_token_id"])} if "tokenizer.ggml.eos_token_id" in metadata else set()
    tokens = metadata["tokenizer.ggml.tokens"]
    if "<|endoftext|>" in tokens:
        ends.add(tokens.index("<|endoftext|>"))
    return tuple(sorted(ends))


def _tokenizer(metadata: dict[str, Any]) -> TokenizerSpec:
    if metadata.get("tokenizer.ggml.model") != "gpt2":
        raise unsupported(f"its tokenizer is {metadata.get('tokenizer.ggml.model')!r}, not byte-level BPE")
    splitter = str(metadata.get("tokenizer.ggml.pre", "gpt-2"))
    if splitter not in _PRE_TOKENIZERS:
        raise unsupported(f"its tokenizer splits text as {splitter!r} does")
    tokens, merges = metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.merges"]
    types = metadata.get("tokenizer.ggml.token_type", [1] * len(tokens))
    special = [token for token, kind in zip(tokens, types, strict=True) if kind in (_CONTROL, _USER_DEFINED)]
    special += [token for token in ("<|endoftext|>",) if token in tokens]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    return TokenizerSpec.from_vocabulary(vocabulary, merges, _PRE_TOKENIZERS[splitter], special)


def _tensors(reader: gguf.GGUFReader, config: ModelConfig) -> dict[str, StoredTensor]:
    names = _GPT2_NAMES if config.architecture == "gpt2" else _LLAMA_NAMES
    found: dict[str, StoredTensor] = {}
    for tensor in reader.tensors:
        name = _short_name(tensor.name, names, "h" if config.architecture == "gpt2" else "layers")
        if not name:
            continue
        shape = tuple(int(n) for n in reversed(tensor.shape))  # GGUF counts dimensions from the fastest
        change = _layout_change(name, config)
        if change is _transpose:
            shape = shape[::-1]
        found[name] = StoredTensor(shape, _reader(tensor, change))
    return found


def _short_name(name: str, names: dict[str, str], block: str) -> str:
    """`blk.3.attn_q.weight` -> `layers.3.self_attn.q_proj.weight`; "" for tensors the graph has no use for."""
    stem, _, part = name.rpartition(".")
    if stem.startswith("blk."):
        _, layer, stem = stem.split(".", 2)
        return f"{block}.{layer}.{names[stem]}.{part}" if stem in names else ""
    return f"{names[stem]}.{part}" if stem in names else ""


def _layout_change(name: str, config: ModelConfig) -> Callable[[Weights], Weights]:
    if config.architecture == "gpt2" and name.endswith(_GPT2_PRODUCTS):
        return _transpose
    if name.endswith("q_proj.weight") and config.architecture == "llama":
        return lambda weight: _rotary_halves(weight, config.n_head)
    if name.endswith("k_proj.weight") and config.architecture == "llama":
        return lambda weight: _rotary_halves(weight, config.n_kv_head)
    return lambda weight: weight


def _transpose(weight: Weights) -> Weights:
    return np.ascontiguousarray(weight.T)


def _rotary_halves(weight: Weights, n_heads: int) -> Weights:
    """Undo the interleaving that llama's query and key rows get in GGUF: pairs (0, 1), (2, 3) … back to halves."""
    rows, columns = weight.shape
    pairs = weight.reshape(n_heads, rows // n_heads // 2, 2, columns)
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(rows, columns)


def _reader(tensor: gguf.ReaderTensor, change: Callable[[Weights], Weights]) -> Callable[[], Weights]:
    def read() -> Weights:
        try:
            values = gguf.dequantize(tensor.data, tensor.tensor_type)
        except NotImplementedError as error:
            raise unsupported(f"its weights are stored as {tensor.tensor_type.name}") from error
        shape = tuple(int(n) for n in reversed(tensor.shape))
        return change(np.asarray(values, np.float32).reshape(shape))

    return read
