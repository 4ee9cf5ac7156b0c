"""The one shape every checkpoint is given, and the checks that hold for all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from writer.engine.config import ModelConfig
from writer.engine.tokenizer import TokenizerSpec
from writer.errors import WriterError

# The cache of a llama's full context (8,192 and more) would take gigabytes on a writer's machine.
LLAMA_MAX_CTX = 2048

Weights = NDArray[np.float32]


@dataclass(frozen=True)
class StoredTensor:
    """Where a tensor lies: its shape as the graph wants it, and how to read it as float32."""

    shape: tuple[int, ...]
    read: Callable[[], Weights]


class Checkpoint:
    """Named weights of a model.

    Names and layouts are Hugging Face's without their prefix: `h.0.attn.c_attn.weight` (in, out) for gpt2,
    `layers.0.self_attn.q_proj.weight` (out, in; rotary in halves) for llama. Nothing is read before `tensor()`.
    """

    def __init__(
        self,
        config: ModelConfig,
        tokenizer: TokenizerSpec | None,
        tensors: Mapping[str, StoredTensor],
        files: tuple[Path, ...],
        kind: str,
        licence: str = "",
    ) -> None:
        self.config = config
        self.tokenizer = tokenizer  # None: the checkpoint carries none
        self.files = files
        self.kind = kind
        self.licence = licence
        self._tensors = tensors
        self._check_shapes()

    def has(self, name: str) -> bool:
        return name in self._tensors

    def tensor(self, name: str) -> Weights:
        """Read one tensor as float32. Raises WriterError when the file breaks off or holds no numbers."""
        values = self._tensors[name].read()
        if not np.isfinite(values).all():
            raise WriterError(f"The model's tensor {name} holds values that are not numbers.", "Get the model again.")
        return values

    def _check_shapes(self) -> None:
        for name, shape in expected_shapes(self.config).items():
            if name not in self._tensors:
                raise WriterError(f"The model lacks the tensor {name}.", "The file is incomplete: get it again.")
            if self._tensors[name].shape != shape:
                found = self._tensors[name].shape
                raise WriterError(
                    f"The model's tensor {name} has the shape {found}, but its configuration needs {shape}.",
                    "The files do not belong together: get the model again.",
                )


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
    return WriterError(f"Writer cannot run this model: {what}.", "It reads gpt2 and llama models.")
