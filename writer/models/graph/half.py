"""Half precision for CUDA: the same networks of ordinary operators, with ordinary past inputs.

Weights, products, and keys and values are float16. What adds up many terms stays float32: the residual sum, norms,
softmax and the logits, whose rounding to 11 bits would blur which word is likelier. The step's inputs and outputs are
those of an exported model, so `writer.engine.imported_session` runs it, on processors too. Letters: T new tokens, P
past ones, S = P + T, H heads, KV of which keep keys and values, D head size, E width, V vocabulary.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from writer.models.checkpoint import Checkpoint
from writer.models.graph.builder import GraphBuilder
from writer.models.graph.linear import add_table_product

# exp() of it is zero, and no sum with a score leaves float32.
_HIDDEN = -1e9

Floats = NDArray[np.float32]


def add_half(builder: GraphBuilder, checkpoint: Checkpoint) -> Iterator[tuple[int, int]]:
    """Add the whole network layer by layer; yields (layers done, layers in all)."""
    add = {"gpt2": _add_gpt2, "llama": _add_llama}[checkpoint.config.architecture]
    return add(_HalfGraph(builder, checkpoint), checkpoint)


class _HalfGraph:
    """The parts that both families are made of. `x16` names a tensor of float16, `x32` one of float32."""

    def __init__(self, builder: GraphBuilder, checkpoint: Checkpoint) -> None:
        self._builder = builder
        self._checkpoint = checkpoint
        self._config = checkpoint.config
        self.node = builder.node
        builder.input("input_ids", TensorProto.INT64, [1, "T"])
        builder.input("position_ids", TensorProto.INT64, [1, "T"])
        builder.input("num_logits_to_keep", TensorProto.INT64, [])  # the last of the T rows get logits

    def ints(self, *values: int) -> str:
        return self._builder.constant(f"ints.{'.'.join(map(str, values))}", np.array(values, np.int64))

    def number(self, value: float, kind: type[np.generic] = np.float32) -> str:
        return self._builder.constant(f"{kind.__name__}.{value}", np.array(value, kind))

    def halves(self, name: str, values: Floats) -> str:
        return self._builder.constant(name, values.astype(np.float16))

    def floats(self, name: str, values: Floats) -> str:
        return self._builder.constant(name, values)

    def to_half(self, x32: str) -> str:
        return self.node("Cast", [x32], f"{x32}.half", to=TensorProto.FLOAT16)

    def to_float(self, x16: str) -> str:
        return self.node("Cast", [x16], f"{x16}.float", to=TensorProto.FLOAT)

    def linear(self, x16: str, weight: Floats, bias: Floats | None, name: str) -> str:
        """(1, T, K) times (K, N) plus (N,) -> (1, T, N), float16."""
        product = self.node("MatMul", [x16, self.halves(f"{name}.weight", weight)], f"{name}.product")
        return product if bias is None else self.node("Add", [product, self.halves(f"{name}.bias", bias)], name)

    def add_to(self, residual32: str, branch16: str) -> str:
        return self.node("Add", [residual32, self.to_float(branch16)], f"{branch16}.residual")

    def hidden_slots(self) -> str:
        """(1, T, S), added to every head's scores: 0, or so little that a later token is not seen."""
        past = self.node("Shape", ["past_key_values.0.key"], "past.length", start=2, end=3)
        new = self.node("Shape", ["input_ids"], "new.length", start=1, end=2)
        total = self.node("Squeeze", [self.node("Add", [past, new], "slots.1")], "slots")
        numbers = self.node("Range", [self._scalar(0), total, self._scalar(1)], "slot.numbers")  # (S,)
        places = self.node("Unsqueeze", ["position_ids", self.ints(2)], "places")  # (1, T, 1)
        is_later = self.node("Greater", [numbers, places], "is_later")  # (1, T, S)
        return self.node("Where", [is_later, self.number(_HIDDEN), self.number(0.0)], "hidden_slots")

    def _scalar(self, value: int) -> str:
        return self._builder.constant(f"int.{value}", np.array(value, np.int64))

    def heads(self, x16: str, n_heads: int, name: str) -> str:
        """(1, T, n D) -> (1, n, T, D)."""
        split = self.node("Reshape", [x16, self.ints(1, -1, n_heads, self._config.head_dim)], f"{name}.split")
        return self.node("Transpose", [split], name, perm=[0, 2, 1, 3])

    def attention(self, layer: int, query: str, key: str, value: str, hidden_slots: str) -> str:
        """Query (1, H, T, D), key and value (1, KV, T, D), all float16 -> (1, T, H D).

        The H / KV query heads that share keys lie one after another, so they are taken for more rows of one product."""
        config, name = self._config, f"layer{layer}"
        n_kv, size = config.n_kv_head, config.head_dim
        shape: list[str | int] = [1, n_kv, "P", size]
        presents = []
        for part, new in (("key", key), ("value", value)):
            past = self._builder.input(f"past_key_values.{layer}.{part}", TensorProto.FLOAT16, shape)
            presents.append(self.node("Concat", [past, new], f"present.{layer}.{part}", axis=2))
            self._builder.output(presents[-1], TensorProto.FLOAT16, [1, n_kv, "S", size])
        keys, values = presents
        # Scaled before the product, whose sums might not fit float16 otherwise.
        scaled = self.node("Mul", [query, self.number(size**-0.5, np.float16)], f"{name}.scaled")
        grouped = self.node("Reshape", [scaled, self.ints(1, n_kv, -1, size)], f"{name}.grouped")
        turned = self.node("Transpose", [keys], f"{name}.turned", perm=[0, 1, 3, 2])
        products = self.to_float(self.node("MatMul", [grouped, turned], f"{name}.products"))  # (1, KV, H/KV T, S)
        slots = self.node("Shape", [keys], f"{name}.slots", start=2, end=3)
        rows = self.node("Shape", [query], f"{name}.rows", start=2, end=3)
        by_head = self.node("Concat", [self.ints(1, config.n_head), rows, slots], f"{name}.by_head", axis=0)
        scores = self.node("Reshape", [products, by_head], f"{name}.scores")  # (1, H, T, S)
        masked = self.node("Add", [scores, hidden_slots], f"{name}.masked")
        shares = self.to_half(self.node("Softmax", [masked], f"{name}.shares", axis=-1))
        by_group = self.node("Concat", [self.ints(1, n_kv, -1), slots], f"{name}.by_group", axis=0)
        weights = self.node("Reshape", [shares, by_group], f"{name}.weights")
        taken = self.node("MatMul", [weights, values], f"{name}.taken")
        mixed = self.node("Reshape", [taken, self.ints(1, config.n_head, -1, size)], f"{name}.mixed")
        joined = self.node("Transpose", [mixed], f"{name}.joined", perm=[0, 2, 1, 3])
        return self.node("Reshape", [joined, self.ints(1, -1, config.n_head * size)], f"{name}.attention")

    def embedding(self, name: str) -> tuple[str, str]:
        """Rows (1, T, E) of the table `name` (V, E) for the tokens, and the table of the head (V, E), both float32.

        A tied table becomes float32 as a whole, which ONNX Runtime does once: it need not hold both kinds then."""
        table = self.halves(name, self._checkpoint.tensor(name))
        if self._config.tied_head:
            table32 = self.to_float(table)
            return self.node("Gather", [table32, "input_ids"], "words"), table32
        head = self.halves("lm_head.weight", self._checkpoint.tensor("lm_head.weight"))
        return self.to_float(self.node("Gather", [table, "input_ids"], "words")), self.to_float(head)

    def logits(self, hidden32: str, head32: str) -> None:
        """Products of the last rows with every row of `head32` (V, E)."""
        n_rows = self.node("Unsqueeze", ["num_logits_to_keep", self.ints(0)], "n_rows")
        starts = self.node("Neg", [n_rows], "first_row")
        end = self.ints(np.iinfo(np.int64).max)
        rows = self.node("Slice", [hidden32, starts, end, self.ints(1)], "last_rows")  # (1, R, E)
        logits = self.node("Identity", [add_table_product(self._builder, rows, head32, "head")], "logits")
        self._builder.output(logits, TensorProto.FLOAT, [1, "R", self._config.n_vocab])


def _add_gpt2(graph: _HalfGraph, checkpoint: Checkpoint) -> Iterator[tuple[int, int]]:
    config, tensor = checkpoint.config, checkpoint.tensor

    def norm(x32: str, name: str) -> str:
        parts = [graph.floats(f"{name}.{part}", tensor(f"{name}.{part}")) for part in ("weight", "bias")]
        return graph.node("LayerNormalization", [x32, *parts], name, epsilon=config.norm_eps, axis=-1)

    def linear(x16: str, name: str) -> str:
        return graph.linear(x16, tensor(f"{name}.weight"), tensor(f"{name}.bias"), name)

    def gelu(x16: str, name: str) -> str:
        """The tanh form (Hendrycks and Gimpel, 2016), in float32: a cube soon leaves float16."""
        x = graph.to_float(x16)
        cube = graph.node("Mul", [graph.node("Mul", [x, x], f"{name}.square"), x], f"{name}.cube")
        bent = graph.node("Mul", [cube, graph.number(0.044715)], f"{name}.bent")
        inner = graph.node("Add", [x, bent], f"{name}.inner")
        scaled = graph.node("Mul", [inner, graph.number(float(np.sqrt(2 / np.pi)))], f"{name}.scaled")
        bounded = graph.node("Tanh", [scaled], f"{name}.tanh")
        shifted = graph.node("Add", [bounded, graph.number(1.0)], f"{name}.shifted")
        half = graph.node("Mul", [x, graph.number(0.5)], f"{name}.halved")
        return graph.to_half(graph.node("Mul", [half, shifted], name))

    words, head = graph.embedding("wte.weight")
    wpe = graph.floats("wpe.weight", tensor("wpe.weight"))
    residual = graph.node("Add", [words, graph.node("Gather", [wpe, "position_ids"], "wpe.rows")], "embedding")
    hidden_slots = graph.hidden_slots()
    for i in range(config.n_layer):
        yield i, config.n_layer
        qkv = linear(graph.to_half(norm(residual, f"h.{i}.ln_1")), f"h.{i}.attn.c_attn")
        names = [f"layer{i}.{part}" for part in ("q", "k", "v")]
        graph.node("Split", [qkv], *names, axis=-1, num_outputs=3)
        query, key, value = (graph.heads(name, config.n_head, f"{name}.heads") for name in names)
        attended = graph.attention(i, query, key, value, hidden_slots)
        residual = graph.add_to(residual, linear(attended, f"h.{i}.attn.c_proj"))
        inner = linear(graph.to_half(norm(residual, f"h.{i}.ln_2")), f"h.{i}.mlp.c_fc")
        residual = graph.add_to(residual, linear(gelu(inner, f"layer{i}.gelu"), f"h.{i}.mlp.c_proj"))
    graph.logits(norm(residual, "ln_f"), head)
    yield config.n_layer, config.n_layer


def _add_llama(graph: _HalfGraph, checkpoint: Checkpoint) -> Iterator[tuple[int, int]]:
    config, tensor = checkpoint.config, checkpoint.tensor

    def norm(x32: str, name: str) -> str:
        square = graph.node("Mul", [x32, x32], f"{name}.square")
        mean = graph.node("ReduceMean", [square, graph.ints(-1)], f"{name}.mean", keepdims=1)
        safe = graph.node("Add", [mean, graph.number(config.norm_eps)], f"{name}.safe")
        size = graph.node("Sqrt", [safe], f"{name}.size")
        scaled = graph.node("Div", [x32, size], f"{name}.scaled")
        return graph.node("Mul", [scaled, graph.floats(f"{name}.weight", tensor(f"{name}.weight"))], name)

    def linear(x16: str, name: str) -> str:
        """Checkpoint weights are (out, in)."""
        return graph.linear(x16, np.ascontiguousarray(tensor(f"{name}.weight").T), None, name)

    # Rotary positions: position times theta^(-2 j / D), halves rotated (Su et al., 2021).
    frequencies = config.rope_theta ** (-np.arange(0, config.head_dim, 2, dtype=np.float64) / config.head_dim)
    angles = np.outer(np.arange(config.n_ctx), frequencies)
    turns = []
    for name, table in (("cos", np.cos(angles)), ("sin", np.sin(angles))):
        rows = graph.node("Gather", [graph.halves(f"rotary.{name}", table), "position_ids"], f"{name}.rows")
        turns.append(graph.node("Unsqueeze", [rows, graph.ints(1)], name))  # (1, 1, T, D / 2)
    cos, sin = turns

    def rotated(x16: str) -> str:
        """(1, n, T, D)."""
        low, high = f"{x16}.low", f"{x16}.high"
        graph.node("Split", [x16], low, high, axis=-1, num_outputs=2)

        def product(part: str, turn: str) -> str:
            return graph.node("Mul", [part, turn], f"{part}.{turn}")

        new_low = graph.node("Sub", [product(low, cos), product(high, sin)], f"{low}.new")
        new_high = graph.node("Add", [product(high, cos), product(low, sin)], f"{high}.new")
        return graph.node("Concat", [new_low, new_high], f"{x16}.rotated", axis=-1)

    residual, head = graph.embedding("embed_tokens.weight")
    hidden_slots = graph.hidden_slots()
    for i in range(config.n_layer):
        yield i, config.n_layer
        path = f"layers.{i}"
        x = graph.to_half(norm(residual, f"{path}.input_layernorm"))
        query = rotated(graph.heads(linear(x, f"{path}.self_attn.q_proj"), config.n_head, f"layer{i}.q"))
        key = rotated(graph.heads(linear(x, f"{path}.self_attn.k_proj"), config.n_kv_head, f"layer{i}.k"))
        value = graph.heads(linear(x, f"{path}.self_attn.v_proj"), config.n_kv_head, f"layer{i}.v")
        attended = graph.attention(i, query, key, value, hidden_slots)
        residual = graph.add_to(residual, linear(attended, f"{path}.self_attn.o_proj"))
        x = graph.to_half(norm(residual, f"{path}.post_attention_layernorm"))
        gate = linear(x, f"{path}.mlp.gate_proj")
        silu = graph.node("Mul", [gate, graph.node("Sigmoid", [gate], f"layer{i}.sigmoid")], f"layer{i}.silu")
        inner = graph.node("Mul", [silu, linear(x, f"{path}.mlp.up_proj")], f"layer{i}.gated")
        residual = graph.add_to(residual, linear(inner, f"{path}.mlp.down_proj"))
    graph.logits(norm(residual, "norm"), head)
    yield config.n_layer, config.n_layer
