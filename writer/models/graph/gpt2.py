"""The GPT-2 network (Radford et al., 2019), tensor names as in its checkpoint."""

from collections.abc import Iterator

from onnx import TensorProto

from writer.models.calibration import CalibratedWeights
from writer.models.graph.builder import MICROSOFT, GraphBuilder
from writer.models.graph.linear import add_embedding, add_head, add_product

_LEAST_GELU = -0.1701  # the minimum of the tanh form is -0.17004, at -0.7525


def add_gpt2(graph: GraphBuilder, weights: CalibratedWeights) -> Iterator[tuple[int, int]]:
    """Add the whole network layer by layer; yields (layers done, layers in all)."""
    config, tensor = weights.config, weights.tensor
    graph.declare_step_inputs()

    def norm(name: str) -> list[str]:
        return [graph.constant(f"{name}.{part}", tensor(f"{name}.{part}")) for part in ("weight", "bias")]

    token_rows = add_embedding(graph, "input_ids", tensor("wte.weight"), "wte")  # (1, T, E)
    place_rows = graph.node("Gather", [graph.constant("wpe.weight", tensor("wpe.weight")), "position_ids"], "wpe.rows")
    residual = graph.node("Add", [token_rows, place_rows], "embedding")
    hidden = graph.node(
        "LayerNormalization", [residual, *norm("h.0.ln_1")], "layer0.norm1", epsilon=config.norm_eps, axis=-1
    )
    for i in range(config.n_layer):
        yield i, config.n_layer

        def product(x: str, name: str, layer: int = i, at_least: float | None = None) -> tuple[str, str]:
            path = f"h.{layer}.{name}"
            weight, bias = tensor(f"{path}.weight"), tensor(f"{path}.bias")
            return add_product(graph, x, weight, bias, path, inputs=weights.inputs(path), at_least=at_least)

        def skip_norm(branch: tuple[str, str], trunk: str, following: str, name: str) -> tuple[str, str]:
            """trunk + branch with its bias, normalised -> (normalised, the sum itself)."""
            total = f"{name}.residual"
            values, bias = branch
            inputs = [trunk, values, *norm(following), bias]
            graph.node("SkipLayerNormalization", inputs, name, "", "", total, domain=MICROSOFT, epsilon=config.norm_eps)
            return name, total

        values, bias = product(hidden, "attn.c_attn")
        qkv = graph.node("Add", [values, bias], f"layer{i}.qkv.floats")  # (1, T, 3 E)
        attended = graph.attention(i, qkv, config, rotary=None)  # (1, T, E)
        hidden, residual = skip_norm(product(attended, "attn.c_proj"), residual, f"h.{i}.ln_2", f"layer{i}.norm2")
        # FastGelu is the tanh form, which is GPT-2's own gelu.
        inner = graph.node(
            "FastGelu", list(product(hidden, "mlp.c_fc")), f"layer{i}.gelu", domain=MICROSOFT
        )  # (1, T, 4 E)
        following = f"h.{i + 1}.ln_1" if i + 1 < config.n_layer else "ln_f"
        hidden, residual = skip_norm(
            product(inner, "mlp.c_proj", at_least=_LEAST_GELU), residual, following, f"layer{i + 1}.norm1"
        )

    rows = graph.node("Gather", [hidden, "logits_rows"], "last_rows", axis=1)  # (1, R, E)
    logits = add_head(graph, rows, weights, "wte")
    graph.output(graph.node("Identity", [logits], "logits"), TensorProto.FLOAT, [1, "R", config.n_vocab])
    yield config.n_layer, config.n_layer
