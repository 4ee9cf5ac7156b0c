"""A checkpoint's weights, fitted to a number format by what a text makes of the network.

8 bits: channels that are large in every row of a product's input take the resolution of all others. Dividing them, and
multiplying the weights they meet, changes nothing in full precision (SmoothQuant: Xiao et al., 2022) and costs nothing
where something linear makes the input: a norm, the value projection behind attention, the up projection of a gated
layer. GPT-2's inner activations come out of its gelu, so they stay as they are. How far to go is measured for each
product: the exponent is the one that leaves the least error in its own output.

4 bits: the weights stay as they are, and each product is given what it multiplies, for its rounding.

The reference network runs beside the graph that is written, so that no more than two layers' inputs are held.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from writer.engine.config import ModelConfig
from writer.engine.tokenizer import Tokenizer
from writer.models import reference
from writer.models.checkpoint import Checkpoint
from writer.models.precision import Precision
from writer.models.rounding import SMALLEST_MAGNITUDE, Weights, quantise_columns

CALIBRATION_TOKENS = 4096
# A text's first token is often one that all later ones look back at, with activations of its own size. Short windows
# have many such: at 4 bits the starter loses 7.8 %, with windows of 512 tokens 10.8 %.
CALIBRATION_WINDOW_TOKENS = 128

# Smoothing only wants to know how large each channel gets; rounding how all of them go together.
_SMOOTHING_TOKENS = 2048
_EXPONENTS = (0.4, 0.5, 0.6, 0.7)
_SEARCH_ROWS = 256
_SEARCH_COLUMNS = 1024
_SMALLEST_ACTIVITY = 1e-5  # a channel that is never used must not become infinite

CalibrationWindows = NDArray[np.int64]


def calibration_windows(tokenizer: Tokenizer, text: str, n_ctx: int) -> CalibrationWindows | None:
    """The first CALIBRATION_TOKENS tokens of `text`, cut into whole windows (W, T); None when it does not fill one."""
    width = min(CALIBRATION_WINDOW_TOKENS, n_ctx)
    token_ids = tokenizer.encode(text)[:CALIBRATION_TOKENS]
    usable = len(token_ids) // width * width
    return np.array(token_ids[:usable], np.int64).reshape(-1, width) if usable else None


@dataclass(frozen=True)
class _Product:
    """Weights that share an input of K channels, and the tensors whose last outputs are these channels.

    shared_by -- so many query heads in a row read the values of one key-value head: so often each output counts"""

    weights: tuple[str, ...]
    made_by: tuple[str, ...]
    shared_by: int = 1


class CalibratedWeights:
    """What a graph is written from. Without `windows` it is the checkpoint as it stands.

    Tensors are asked for in the order in which the network has them; products further back than the ones asked for
    are an error.
    """

    def __init__(self, checkpoint: Checkpoint, precision: Precision, windows: CalibrationWindows | None = None) -> None:
        self.config = checkpoint.config
        self._checkpoint = checkpoint
        self._smooths = windows is not None and precision in (Precision.INT8, Precision.INT8_BLOCKS)
        self._keeps_inputs = windows is not None and precision is Precision.INT4
        if windows is not None and self._smooths:
            windows = windows[: max(1, _SMOOTHING_TOKENS // windows.shape[1])]
        self._run = None if windows is None else reference.run_layers(checkpoint, windows)
        self._products = _products(checkpoint.config)
        self._head = self._products["head"].weights[0]
        self._reads = {  # the head is asked for by `head`, since its weight may be the embedding too
            weight: name for name, product in self._products.items() if name != "head" for weight in product.weights
        }
        self._feeds = {maker: name for name, product in self._products.items() for maker in product.made_by}
        self._factors: dict[str, Weights] = {}
        self._inputs: dict[str, Weights] = {}

    def tensor(self, name: str) -> Weights:
        """A tensor of the checkpoint under its own name; the embedding comes as it is, also when the head shares it."""
        values = self._checkpoint.tensor(name)
        if not self._smooths:
            return values
        outputs_first = values.ndim == 1 or self.config.architecture == "llama"
        if name in self._reads:
            factors = self._factor(self._reads[name])
            values = values * (factors if outputs_first else factors[:, None])
        if name in self._feeds:
            factors = self._fed_factor(self._feeds[name])
            values = values.copy()
            made = values[-len(factors) :] if outputs_first else values[:, -len(factors) :]
            made /= factors[:, None] if outputs_first and values.ndim == 2 else factors
        return values

    def head(self) -> Weights:
        """The head's weight (V, E)."""
        values = self._checkpoint.tensor(self._head)
        return values * self._factor("head") if self._smooths else values

    def inputs(self, product: str) -> Weights | None:
        """Rows (n, K) that `product` multiplies, once only; None where its rounding makes no use of them."""
        if not self._keeps_inputs:
            return None
        while product not in self._inputs:
            event = self._next_input()
            self._inputs[event.name] = event.x
        return self._inputs.pop(product)

    def _next_input(self) -> reference.ProductInput:
        assert self._run is not None
        return next(event for event in self._run if isinstance(event, reference.ProductInput))

    def _factor(self, product: str) -> Weights:
        """By what the inputs (K,) of a product are divided."""
        while product not in self._factors:
            event = self._next_input()
            self._factors[event.name] = self._chosen(event)
        return self._factors[product]

    def _fed_factor(self, product: str) -> Weights:
        """The same for the outputs that make the inputs."""
        return self._by_head(self._factor(product), product)[:, 0].reshape(-1)

    def _chosen(self, product: reference.ProductInput) -> Weights:
        """Out of the factors (K,) for each exponent those that leave the product the least error."""
        x = product.x
        unchanged = np.ones(x.shape[1], np.float32)
        if not self._products[product.name].made_by:
            return unchanged
        weight = self._joined(product.name)  # (K, N)
        sizes = np.sqrt(np.mean(x**2, axis=1, keepdims=True))  # of each row: all count alike
        activity = np.sqrt(np.mean((x / np.maximum(sizes, _SMALLEST_ACTIVITY)) ** 2, axis=0))
        largest = np.abs(weight).max(axis=1)
        activity, largest = (self._over_sharing_heads(channels, product.name) for channels in (activity, largest))
        x = x[:: -(-len(x) // _SEARCH_ROWS)]
        weight = weight[:, :: -(-weight.shape[1] // _SEARCH_COLUMNS)]
        candidates = [unchanged, *(_smoothing(activity, largest, exponent) for exponent in _EXPONENTS)]
        errors = [_byte_product_error(x / factors, weight * factors[:, None]) for factors in candidates]
        return candidates[int(np.argmin(errors))]

    def _joined(self, product: str) -> Weights:
        """All weights of a product side by side (K, N), as they stand in the checkpoint."""
        tensors = [self._checkpoint.tensor(name) for name in self._products[product].weights]
        if self.config.architecture == "gpt2" and product != "head":
            return np.concatenate(tensors, axis=1)
        return (tensors[0] if len(tensors) == 1 else np.concatenate(tensors)).T

    def _over_sharing_heads(self, channels: Weights, product: str) -> Weights:
        """(K,) -> (K,), the largest among those that one output makes."""
        heads = self._by_head(channels, product)
        return np.broadcast_to(heads.max(axis=1, keepdims=True), heads.shape).reshape(-1)

    def _by_head(self, channels: Weights, product: str) -> Weights:
        """(K,) -> (groups, heads that share, channels of a head)"""
        shared_by = self._products[product].shared_by
        return channels.reshape(-1, shared_by, self.config.head_dim if shared_by > 1 else len(channels))


def _products(config: ModelConfig) -> dict[str, _Product]:
    """Every product of the network, by the name that the reference gives it."""
    is_gpt2 = config.architecture == "gpt2"
    products = {}
    for i in range(config.n_layer):
        layer = f"h.{i}." if is_gpt2 else f"layers.{i}."
        for name, product in (_GPT2_LAYER if is_gpt2 else _LLAMA_LAYER).items():
            weights, makers = (tuple(layer + tensor for tensor in t) for t in (product.weights, product.made_by))
            shared_by = config.n_head // config.n_kv_head if name == "self_attn.o_proj" else 1
            products[layer + name] = _Product(weights, makers, shared_by)
    head = ("wte.weight" if is_gpt2 else "embed_tokens.weight") if config.tied_head else "lm_head.weight"
    products["head"] = _Product((head,), ("ln_f.weight", "ln_f.bias") if is_gpt2 else ("norm.weight",))
    return products


_GPT2_LAYER = {
    "attn.c_attn": _Product(("attn.c_attn.weight",), ("ln_1.weight", "ln_1.bias")),
    "attn.c_proj": _Product(("attn.c_proj.weight",), ("attn.c_attn.weight", "attn.c_attn.bias")),
    "mlp.c_fc": _Product(("mlp.c_fc.weight",), ("ln_2.weight", "ln_2.bias")),
    "mlp.c_proj": _Product(("mlp.c_proj.weight",), ()),
}
_LLAMA_LAYER = {
    "self_attn.q_proj": _Product(
        ("self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight"), ("input_layernorm.weight",)
    ),
    "self_attn.o_proj": _Product(("self_attn.o_proj.weight",), ("self_attn.v_proj.weight",)),
    "mlp.gate_proj": _Product(("mlp.gate_proj.weight", "mlp.up_proj.weight"), ("post_attention_layernorm.weight",)),
    "mlp.down_proj": _Product(("mlp.down_proj.weight",), ("mlp.up_proj.weight",)),
}


def _smoothing(activity: Weights, largest: Weights, exponent: float) -> Weights:
    """Factors (K,) whose geometric mean is 1 (Xiao et al., 2022, equation 4).

    activity -- the inputs' size by channel; largest -- the weights' magnitude by channel"""
    logs = exponent * np.log(np.maximum(activity, _SMALLEST_ACTIVITY))
    logs -= (1 - exponent) * np.log(np.maximum(largest, _SMALLEST_ACTIVITY))
    factors: Weights = np.exp(logs - logs.mean()).astype(np.float32)
    return factors


def _byte_product_error(x: Weights, weight: Weights) -> float:
    """Mean over the rows of x (n, K) of the squared error of x @ weight in bytes, over the row's own square."""
    quantised, scales = quantise_columns(weight)
    largest = np.maximum(np.abs(x).max(axis=1, keepdims=True), SMALLEST_MAGNITUDE)
    in_bytes = np.rint(x / largest * np.float32(127)) * (largest / np.float32(127))
    expected = x @ weight
    error = in_bytes @ (quantised * scales) - expected
    return float(np.mean((error**2).sum(axis=1) / np.maximum((expected**2).sum(axis=1), SMALLEST_MAGNITUDE)))
