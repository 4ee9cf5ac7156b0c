"""The one shape every checkpoint is given, and the checks that hold for all of them."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from writer.engine.config import ModelConfig
from writer.engine.tokenizer import TokenizerSpec
from writer.engine.untrusted_file import shown
from writer.errors import WriterError

# The cache of a llama's full context (8,192 and more) would take gigabytes on a writer's machine.
LLAMA_MAX_CTX = 2048

# Bounds that no model of these families comes near. They keep a lying header from costing time and memory.
MAX_LAYERS = 1000
MAX_DIMENSION = 2**22
MAX_TENSORS = 20_000  # the layers' own, and constants beside them

# Below these there is nothing to measure a model on: it would be shown a word, or could not tell all bytes apart.
MIN_CTX = 32
MIN_VOCAB = 256

# Causal masks and rotary frequencies that older versions of transformers stored: constants, not weights.
_CONSTANTS = re.compile(r"h\.\d+\.attn\.(masked_)?bias|layers\.\d+\.self_attn\.rotary_emb\.inv_freq")

Weights = NDArray[np.float32]


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor lies: its shape as the graph wants it, and how to read it as float32."""

    shape: tuple[int, ...]
    read: Callable[[], Weights]


class Checkpoint:
    """Named weights of a model.

    Names and layouts are Hugging Face's without their prefix: `h.0.attn.c_attn.weight` (in, out) for gpt2,
    `layers.0.self_attn.q_proj.weight` (out, in; rotary in halves) for llama; `lm_head.weight` only when the head is
    not tied to the embedding. No weights are read before `tensor()`, and none are kept.
    """

    def __init__(
        self,
        config: ModelConfig,
        tokenizer: TokenizerSpec | None,
        tensors: Mapping[str, StoredTensor],
        files: tuple[Path, ...],
        kind: Literal["safetensors", "gguf"],
        licence: str = "",
    ) -> None:
        """Raises WriterError unless `tensors` are exactly what a network of this shape needs."""
        _check_config(config)
        self.tokenizer = tokenizer and _fit_tokenizer(tokenizer, config.n_vocab)  # None: the checkpoint carries none
        self.config = replace(config, eos_token_ids=_end_tokens(config, self.tokenizer))
        self.files = files
        self.kind = kind
        self.licence = shown(licence, 100)  # "" when the checkpoint names none
        needed = expected_shapes(config)
        _check_tensors(needed, tensors)
        self._tensors = {name: tensors[name] for name in needed}

    @property
    def n_parameters(self) -> int:
        return sum(math.prod(tensor.shape) for tensor in self._tensors.values())

    def has(self, name: str) -> bool:
        return name in self._tensors

    def tensor(self, name: str) -> Weights:
        """Read one tensor as float32. Raises WriterError when the file breaks off or holds no numbers."""
        values = self._tensors[name].read()
        if not np.isfinite(values).all():
            raise WriterError(f"The model's tensor {name} holds values that are not numbers.", "Get the model again.")
        return values


def expected_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Every tensor a network of this shape needs."""
    e, inner, vocabulary = config.n_embd, config.n_inner, config.n_vocab
    shapes: dict[str, tuple[int, ...]] = {}
    if config.architecture == "gpt2":
        shapes |= {"wte.weight": (vocabulary, e), "wpe.weight": (config.n_ctx, e)}
        shapes |= {"ln_f.weight": (e,), "ln_f.bias": (e,)}
        products = {"attn.c_attn": (e, 3 * e), "attn.c_proj": (e, e), "mlp.c_fc": (e, inner), "mlp.c_proj": (inner, e)}
        for i in range(config.n_layer):
            for name, (k, n) in products.items():
                shapes |= {f"h.{i}.{name}.weight": (k, n), f"h.{i}.{name}.bias": (n,)}
            shapes |= {f"h.{i}.{norm}.{part}": (e,) for norm in ("ln_1", "ln_2") for part in ("weight", "bias")}
    else:
        heads, kv = config.n_head * config.head_dim, config.n_kv_head * config.head_dim
        shapes |= {"embed_tokens.weight": (vocabulary, e), "norm.weight": (e,)}
        products = {"self_attn.q_proj": (heads, e), "self_attn.k_proj": (kv, e), "self_attn.v_proj": (kv, e)}
        products |= {"self_attn.o_proj": (e, heads), "mlp.gate_proj": (inner, e), "mlp.up_proj": (inner, e)}
        products |= {"mlp.down_proj": (e, inner)}
        for i in range(config.n_layer):
            shapes |= {f"layers.{i}.{name}.weight": shape for name, shape in products.items()}
            shapes |= {f"layers.{i}.{norm}.weight": (e,) for norm in ("input_layernorm", "post_attention_layernorm")}
    if not config.tied_head:
        shapes["lm_head.weight"] = (vocabulary, e)
    return shapes


def unsupported(what: str) -> WriterError:
    return WriterError(f"Writer cannot run this model: {shown(what, 200)}.", "Choose another model.")


def unsupported_architecture(name: object) -> WriterError:
    return WriterError(f"Writer reads gpt2 and llama models; this one is {shown(name, 60)}.", "Choose another model.")


def damaged(file_name: str, detail: str = "") -> WriterError:
    """For a file that breaks off or lies about itself; `detail` says how, for whoever reports it."""
    return WriterError(
        f"{file_name} is damaged or cut short{detail and f': {shown(detail, 200)}'}.", "Get the model again."
    )


def _check_config(config: ModelConfig) -> None:
    dimensions = (config.n_vocab, config.n_ctx, config.n_embd, config.n_head, config.n_kv_head, config.head_dim)
    is_llama = config.architecture == "llama"
    if (
        not all(0 < n <= MAX_DIMENSION for n in (*dimensions, config.n_inner))
        or not 0 < config.n_layer <= MAX_LAYERS
        or config.n_head % config.n_kv_head
        or (not is_llama and config.n_head * config.head_dim != config.n_embd)
        or (is_llama and config.head_dim % 2)
        or not 0 < config.norm_eps < 1
        or (is_llama and not 1 <= config.rope_theta < math.inf)
    ):
        raise WriterError("The model's configuration makes no network.", "Get the model again.")
    if config.n_ctx < MIN_CTX:
        raise unsupported(f"it reads {config.n_ctx} tokens at a time, and writing takes {MIN_CTX}")
    if config.n_vocab < MIN_VOCAB:
        raise unsupported(f"it knows {config.n_vocab} tokens, and text takes {MIN_VOCAB}")


def _check_tensors(needed: Mapping[str, tuple[int, ...]], found: Mapping[str, StoredTensor]) -> None:
    for name, shape in needed.items():
        if name not in found:
            raise WriterError(f"The model lacks the tensor {name}.", "The file is incomplete: get it again.")
        stored = found[name].shape
        if stored != shape:
            raise WriterError(
                f"The model's tensor {name} has the shape {stored!s:.80}, but its configuration needs {shape}.",
                "The files do not belong together: get the model again.",
            )
    # A weight that the graph leaves out would make another model of it, silently.
    for name in found:
        if name not in needed and name != "lm_head.weight" and not _CONSTANTS.fullmatch(name):
            raise unsupported(f"it has a tensor {name!r:.80}, which gpt2 and llama do not have")


def _fit_tokenizer(spec: TokenizerSpec, n_vocab: int) -> TokenizerSpec:
    """Without special tokens beyond the embedding, which the model never learned. Ordinary ones there are an error."""
    if not set(spec.tokens[n_vocab:]) <= set(spec.special_tokens):
        raise WriterError(
            f"The tokenizer has {len(spec.tokens)} tokens, but the model knows only {n_vocab}.",
            "The files do not belong together: get the model again.",
        )
    tokens = spec.tokens[:n_vocab]
    special = set(tokens)
    return replace(spec, tokens=tokens, special_tokens=tuple(t for t in spec.special_tokens if t in special))


def _end_tokens(config: ModelConfig, tokenizer: TokenizerSpec | None) -> tuple[int, ...]:
    """The end tokens the checkpoint names, and `<|endoftext|>`, which parts documents in the training text."""
    ends = {i for i in config.eos_token_ids if 0 <= i < config.n_vocab}
    if tokenizer and "<|endoftext|>" in tokenizer.special_tokens:
        ends.add(tokenizer.tokens.index("<|endoftext|>"))
    return tuple(sorted(ends))
