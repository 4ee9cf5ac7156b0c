"""The llama network (Touvron et al., 2023): rotary positions, RMS norms, SwiGLU, grouped key and value heads."""

from collections.abc import Iterator

import numpy as np
from onnx import TensorProto

from writer.models.calibration import CalibratedWeights
from writer.models.graph.builder import MICROSOFT, GraphBuilder
from writer.models.graph.linear import add_embedding, add_head, add_linear

# Attention wants a row of the tables for each slot in use, and branches use more slots than there are positions.
_SLOTS_PER_POSITION = 2


def add_llama(graph: GraphBuilder, weights: CalibratedWeights) -> Iterator[tuple[int, int]]:
    """Add the whole network layer by layer; yields (layers done, layers in all)."""
    config, tensor = weights.config, weights.tensor
    graph.declare_step_inputs()
    rotary = _rotary_tables(graph, _SLOTS_PER_POSITION * config.n_ctx, config.head_dim, config.rope_theta)

    def norm_weight(name: str) -> str:
        return graph.constant(f"{name}.weight", tensor(f"{name}.weight"))

    residual = add_embedding(graph, "input_ids", tensor("embed_tokens.weight"), "embed_tokens")  # (1, T, E)
    hidden = graph.node(
        "SimplifiedLayerNormalization",
        [residual, norm_weight("layers.0.input_layernorm")],
        "layer0.norm1",
        epsilon=config.norm_eps,
        axis=-1,
    )
    for i in range(config.n_layer):
        yield i, config.n_layer

        def linear(x: str, *names: str, layer: int = i) -> str:
            """One product for several weights that share their input; checkpoint weights are (out, in)."""
            joined = np.concatenate([tensor(f"layers.{layer}.{name}.weight") for name in names]).T
            path = f"layers.{layer}.{names[0]}"
            return add_linear(graph, x, joined, path, inputs=weights.inputs(path))

        def skip_norm(branch: str, trunk: str, norm: str, name: str) -> tuple[str, str]:
            """trunk + branch, normalised -> (normalised, the sum itself)."""
            total = f"{name}.residual"
            graph.node(
                "SkipSimplifiedLayerNormalization",
                [trunk, branch, norm_weight(norm)],
                name,
                "",
                "",
                total,
                domain=MICROSOFT,
                epsilon=config.norm_eps,
            )
            return name, total

        qkv = linear(hidden, "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
        attended = graph.attention(i, qkv, config, rotary=rotary)  # (1, T, H D)
        after = f"layers.{i}.post_attention_layernorm"
        hidden, residual = skip_norm(linear(attended, "self_attn.o_proj"), residual, after, f"layer{i}.norm2")
        both = linear(hidden, "mlp.gate_proj", "mlp.up_proj")  # (1, T, 2 inner)
        gate, up = f"layer{i}.gate", f"layer{i}.up"
        graph.node("Split", [both], gate, up, axis=-1, num_outputs=2)
        # QuickGelu with alpha 1 is x * sigmoid(x), llama's SiLU.
        silu = graph.node("QuickGelu", [gate], f"layer{i}.silu", domain=MICROSOFT, alpha=1.0)
        inner = graph.node("Mul", [silu, up], f"layer{i}.gated")
        following = f"layers.{i + 1}.input_layernorm" if i + 1 < config.n_layer else "norm"
        hidden, residual = skip_norm(linear(inner, "mlp.down_proj"), residual, following, f"layer{i + 1}.norm1")

    rows = graph.node("Gather", [hidden, "logits_rows"], "last_rows", axis=1)  # (1, R, E)
    logits = add_head(graph, rows, weights, "embed_tokens")
    graph.output(graph.node("Identity", [logits], "logits"), TensorProto.FLOAT, [1, "R", config.n_vocab])
    yield config.n_layer, config.n_layer


def _rotary_tables(graph: GraphBuilder, n_rows: int, head_dim: int, theta: float) -> tuple[str, str]:
    """cos and sin (n_rows, D / 2) of position times theta^(-2 j / D) (Su et al., 2021, halves rotated)."""
    frequencies = theta ** (-np.arange(0, head_dim, 2, dtype=np.float64) / head_dim)
    angles = np.outer(np.arange(n_rows), frequencies)
    cos = graph.constant("rotary.cos", np.cos(angles).astype(np.float32))
    return cos, graph.constant("rotary.sin", np.sin(angles).astype(np.float32))
