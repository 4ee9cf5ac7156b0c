"""The network in full precision, one layer at a time: what every built graph is measured against.

Plain numpy, so that a model of any size needs memory for one layer's weights only, and so that the graphs are
measured against something that shares no code with them. Letters: W windows, T tokens each, E width, V vocabulary.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from writer.models.checkpoint import Checkpoint
from writer.models.checkpoint.checkpoint import Weights
from writer.models.side_by_side import side_by_side

_PRODUCT_ROWS = 512
_SCORES = 1 << 20  # are made at a time, for some heads of a window
_HEAD_ROWS = 128  # logits (128, V) are made at a time
_HEAD_WORDS = 4096


@dataclass(frozen=True)
class ProductInput:
    """`x` (W T, K) is what the matrix product `name` multiplies; `name` is the first of those that share it."""

    name: str
    x: Weights


@dataclass(frozen=True)
class LayerDone:
    done: int
    total: int


def run_layers(
    checkpoint: Checkpoint, token_ids: NDArray[np.int64]
) -> Generator[ProductInput | LayerDone, None, Weights]:
    """Run `token_ids` (W, T) through every layer; returns the normalised hidden rows (W, T, E)."""
    run = _run_gpt2 if checkpoint.config.architecture == "gpt2" else _run_llama
    return (yield from run(checkpoint, token_ids))


def token_logprobs(
    checkpoint: Checkpoint, hidden: Weights, token_ids: NDArray[np.int64]
) -> Iterator[NDArray[np.float64]]:
    """Of each window, the natural log-probability of every token but the first, given those before: (T - 1,)."""
    head = _head(checkpoint)  # (V, E)
    for rows, ids in zip(hidden, token_ids, strict=True):
        scores = []
        for begin in range(0, len(ids) - 1, _HEAD_ROWS):
            targets = ids[begin + 1 : begin + 1 + _HEAD_ROWS]
            logits = _logits(rows[begin : begin + len(targets)], head)
            logits -= logits.max(axis=1, keepdims=True)
            of_targets = logits[np.arange(len(targets)), targets]
            np.exp(logits, out=logits)
            scores.append(of_targets - np.log(logits.sum(axis=1, dtype=np.float64)))
        yield np.concatenate(scores)


def _logits(rows: Weights, head: Weights) -> Weights:
    logits = np.empty((len(rows), len(head)), np.float32)

    def multiply(words: slice) -> None:
        np.matmul(rows, head[words].T, out=logits[:, words])

    side_by_side(multiply, len(head), _HEAD_WORDS)
    return logits


def _head(checkpoint: Checkpoint) -> Weights:
    embedding = "wte.weight" if checkpoint.config.architecture == "gpt2" else "embed_tokens.weight"
    return checkpoint.tensor(embedding if checkpoint.config.tied_head else "lm_head.weight")


def _run_gpt2(
    checkpoint: Checkpoint, token_ids: NDArray[np.int64]
) -> Generator[ProductInput | LayerDone, None, Weights]:
    config, tensor = checkpoint.config, checkpoint.tensor

    def norm(x: Weights, name: str) -> Weights:
        result: Weights = x - x.mean(axis=-1, keepdims=True)
        result /= np.sqrt(_mean_square(result) + config.norm_eps)
        result *= tensor(f"{name}.weight")
        result += tensor(f"{name}.bias")
        return result

    def linear(x: Weights, name: str) -> Generator[ProductInput, None, Weights]:
        rows = x.reshape(-1, x.shape[-1])
        yield ProductInput(name, rows)
        return _product(rows, tensor(f"{name}.weight"), tensor(f"{name}.bias")).reshape(*x.shape[:-1], -1)

    residual = tensor("wte.weight")[token_ids] + tensor("wpe.weight")[: token_ids.shape[1]]  # (W, T, E)
    for i in range(config.n_layer):
        qkv = yield from linear(norm(residual, f"h.{i}.ln_1"), f"h.{i}.attn.c_attn")
        queries, keys, values = np.split(qkv, 3, axis=-1)
        heads = [_split_heads(part, config.head_dim) for part in (queries, keys, values)]
        residual += yield from linear(_attend(*heads), f"h.{i}.attn.c_proj")
        inner = yield from linear(norm(residual, f"h.{i}.ln_2"), f"h.{i}.mlp.c_fc")
        residual += yield from linear(_gelu(inner), f"h.{i}.mlp.c_proj")
        yield LayerDone(i + 1, config.n_layer)
    hidden = norm(residual, "ln_f")
    yield ProductInput("head", hidden.reshape(-1, config.n_embd))
    return hidden


def _run_llama(
    checkpoint: Checkpoint, token_ids: NDArray[np.int64]
) -> Generator[ProductInput | LayerDone, None, Weights]:
    config, tensor = checkpoint.config, checkpoint.tensor
    frequencies = config.rope_theta ** (-np.arange(0, config.head_dim, 2, dtype=np.float64) / config.head_dim)
    angles = np.outer(np.arange(token_ids.shape[1]), frequencies)
    cos, sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)  # (T, D / 2)

    def norm(x: Weights, name: str) -> Weights:
        result: Weights = x / np.sqrt(_mean_square(x) + config.norm_eps)
        result *= tensor(f"{name}.weight")
        return result

    def linear(x: Weights, layer: int, *names: str) -> Generator[ProductInput, None, list[Weights]]:
        rows = x.reshape(-1, x.shape[-1])
        yield ProductInput(f"layers.{layer}.{names[0]}", rows)
        products = [_product(rows, tensor(f"layers.{layer}.{name}.weight").T) for name in names]
        return [product.reshape(*x.shape[:-1], -1) for product in products]

    def rotate(x: Weights) -> Weights:
        """Positions as rotations of the two halves of each head (Su et al., 2021): (W, H, T, D)."""
        low, high = np.split(x, 2, axis=-1)
        return np.concatenate([low * cos - high * sin, high * cos + low * sin], axis=-1)

    residual = tensor("embed_tokens.weight")[token_ids]  # (W, T, E)
    for i in range(config.n_layer):
        hidden = norm(residual, f"layers.{i}.input_layernorm")
        products = yield from linear(hidden, i, "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
        queries, keys, values = (_split_heads(part, config.head_dim) for part in products)
        attended = _attend(rotate(queries), rotate(keys), values)
        residual += (yield from linear(attended, i, "self_attn.o_proj"))[0]
        hidden = norm(residual, f"layers.{i}.post_attention_layernorm")
        gate, up = yield from linear(hidden, i, "mlp.gate_proj", "mlp.up_proj")
        gate = _silu(gate)
        gate *= up
        residual += (yield from linear(gate, i, "mlp.down_proj"))[0]
        yield LayerDone(i + 1, config.n_layer)
    hidden = norm(residual, "norm")
    yield ProductInput("head", hidden.reshape(-1, config.n_embd))
    return hidden


def _split_heads(x: Weights, head_dim: int) -> Weights:
    """(W, T, H D) -> (W, H, T, D)."""
    return x.reshape(*x.shape[:2], -1, head_dim).swapaxes(1, 2)


def _attend(queries: Weights, keys: Weights, values: Weights) -> Weights:
    """Causal attention, (W, H, T, D) with (W, KV, T, D) twice -> (W, T, H D)."""
    n_windows, n_heads, n_tokens, head_dim = queries.shape
    shared_by = n_heads // keys.shape[1]
    n_at_once = max(1, _SCORES // n_tokens**2)
    hidden = np.triu(np.full((n_tokens, n_tokens), -np.inf, np.float32), 1)
    result = np.empty((n_windows, n_tokens, n_heads, head_dim), np.float32)

    def attend(windows: slice) -> None:
        window = windows.start
        key, value = (np.repeat(part[window], shared_by, axis=0) for part in (keys, values))  # (H, T, D)
        for begin in range(0, n_heads, n_at_once):
            heads = slice(begin, begin + n_at_once)
            scores = queries[window, heads] @ key[heads].swapaxes(1, 2)
            scores *= np.float32(head_dim**-0.5)
            scores += hidden
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=-1, keepdims=True)
            result[window, :, heads] = (scores @ value[heads]).swapaxes(0, 1)

    side_by_side(attend, n_windows, 1)
    return result.reshape(n_windows, n_tokens, -1)


def _product(x: Weights, weight: Weights, bias: Weights | None = None) -> Weights:
    """(n, K) times (K, N) plus (N,) -> (n, N)."""
    result = np.empty((len(x), weight.shape[1]), np.float32)

    def multiply(rows: slice) -> None:
        np.matmul(x[rows], weight, out=result[rows])
        if bias is not None:
            result[rows] += bias

    side_by_side(multiply, len(x), _PRODUCT_ROWS)
    return result


def _gelu(x: Weights) -> Weights:
    """The tanh form (Hendrycks and Gimpel, 2016), GPT-2's own; (W, T, K), in place."""

    def bend(windows: slice) -> None:
        window = x[windows]
        inner = window * window
        inner *= np.float32(0.044715)
        inner += 1
        inner *= window
        inner *= np.float32(np.sqrt(2 / np.pi))
        window *= _half_tanh(inner)

    side_by_side(bend, len(x), 1)
    return x


def _silu(x: Weights) -> Weights:
    """x sigmoid(x), through tanh because exp(-x) overflows; (W, T, K), in place."""

    def bend(windows: slice) -> None:
        x[windows] *= _half_tanh(x[windows] * np.float32(0.5))

    side_by_side(bend, len(x), 1)
    return x


def _half_tanh(x: Weights) -> Weights:
    """(1 + tanh(x)) / 2, in place."""
    np.tanh(x, out=x)
    x += 1
    x *= np.float32(0.5)
    return x


def _mean_square(x: Weights) -> Weights:
    """(..., E) -> (..., 1)."""
    squares: Weights = np.einsum("...e,...e->...", x, x)[..., None]
    return squares / np.float32(x.shape[-1])
